"""`python -m marketplace check-audit`: prove the chains of the audit trail, or name the rows where they break."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sqlalchemy import func, select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.models import Audit
from marketplace.services.audit import find_breaks

HELP = "prove the audit trail's hash chains; exit 1 and name the rows where they break"


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments."""


def main(settings: Settings, args: Namespace) -> int:
    """Print every break and a closing line; 0 when all chains hold."""
    with Database(settings.database) as database, database.reading() as db:
        rows = db.scalar(select(func.count()).select_from(Audit)) or 0
        breaks = list(find_breaks(db))
    for found in breaks:
        print(f"audit row {found.audit_id} ({found.about} {found.about_id}): {found.words}")
    print(f"{rows} rows checked, {len(breaks)} breaks found")
    return 1 if breaks else 0
