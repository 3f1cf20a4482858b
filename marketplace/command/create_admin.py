"""`python -m marketplace create-admin`: the first admin of a real installation."""

from __future__ import annotations

import getpass
import secrets
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from flask_security import hash_password
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.models import Account
from marketplace.services.account import give_role
from marketplace.services.audit import record_audit
from marketplace.web.auth.security import PASSWORD_LENGTH
from marketplace.wiring import make_web

HELP = "create an account that may review payouts and accounts"


def add_arguments(parser: ArgumentParser) -> None:
    """Who it is for; the password is asked for, or read from standard input."""
    parser.add_argument("email", help="the address to sign in with")
    parser.add_argument("--name", required=True, help="the name that the audit trail shows")


def main(settings: Settings, args: Namespace) -> int:
    """Create the account, or refuse when the address is taken or the password too short."""
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if len(password) < PASSWORD_LENGTH:
        print(f"The password needs at least {PASSWORD_LENGTH} characters. Nothing was created.", file=sys.stderr)
        return 2
    with make_web(settings).app_context():
        hashed = hash_password(password)
    with Database(settings.database) as database:
        return create_admin(database, args.email.strip().lower(), args.name, hashed)


def create_admin(database: Database, email: str, name: str, hashed: str) -> int:
    """Write the account and its first line in the audit trail."""
    now = datetime.now(UTC)
    with database.unit_of_work(lambda _job, _ids: None) as db:
        if db.scalar(select(Account.id).where(Account.email == email)):
            print(f"{email} has an account already. Nothing was created.", file=sys.stderr)
            return 1
        account = Account(
            email=email,
            name=name,
            password=hashed,
            fs_uniquifier=secrets.token_hex(32),
            confirmed_at=now,
            create_datetime=now,
        )
        db.add(account)
        give_role(db, account, "admin")
        db.flush()
        record_audit(
            db,
            about="account",
            about_id=account.id,
            step="create_admin",
            party="admin",
            principal_id=None,
            before={},
            after={"role": "admin"},
            now=now,
            reason="command line",
        )
    print(f"{email} can sign in as an admin. Set up one-time codes at the first sign-in.")
    return 0
