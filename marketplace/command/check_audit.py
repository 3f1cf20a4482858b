"""`python -m marketplace check-audit`: prove the audit trail and the bookings' events, or name the rows that break."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sqlalchemy import func, select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.models import Audit
from marketplace.services.audit import find_breaks
from marketplace.services.booking_audit import find_differences

HELP = "prove the audit trail's hash chains and the bookings' events; exit 1 and name the rows where they break"


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments."""


def main(settings: Settings, args: Namespace) -> int:
    """Print every break and a closing line; 0 when all chains hold and agree with the bookings."""
    with Database(settings.database) as database, database.reading() as db:
        if not database.is_sqlite:  # where every reader sees one moment anyway
            db.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        rows = db.scalar(select(func.count()).select_from(Audit)) or 0
        breaks = [
            *(f"audit row {one.audit_id} ({one.about} {one.about_id}): {one.words}" for one in find_breaks(db)),
            *(f"booking {one.booking_id}: {one.words}" for one in find_differences(db)),
        ]
    for found in breaks:
        print(found)
    print(f"{rows} rows checked, {len(breaks)} breaks found")
    return 1 if breaks else 0
