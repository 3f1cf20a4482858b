"""`python -m marketplace attach-account`: give an imported social account to the actor it belongs to."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.errors import Refused
from marketplace.domain.score_method import CONSTANTS
from marketplace.services.score import compute_score
from marketplace.services.social import attach_account
from marketplace.wiring import make_sender

HELP = "give an imported social account to an actor who proved that it is theirs and opted in, and score them"


def add_arguments(parser: ArgumentParser) -> None:
    """Which account, and whose it is."""
    parser.add_argument("handle", help="the account, as in the imported file")
    parser.add_argument("--network", required=True, choices=sorted(CONSTANTS), help="where the account is")
    parser.add_argument("--actor", required=True, metavar="SLUG", help="the last part of the actor's address")


def main(settings: Settings, args: Namespace) -> int:
    """Attach and score; 1 and no change where that is refused."""
    now = datetime.now(UTC)
    try:
        with Database(settings.database) as database, database.unit_of_work(make_sender(settings)) as db:
            account = attach_account(db, network=args.network, handle=args.handle, actor_slug=args.actor, now=now)
            db.flush()
            score = compute_score(db, actor_id=account.actor_id or 0, now=now)
    except Refused as refusal:
        print(refusal.sentence, file=sys.stderr)
        return 1
    print(score.explanation if score else "Attached. Not rated: the figures are older than 45 days.")
    return 0
