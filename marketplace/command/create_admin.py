"""`python -m marketplace create-admin`: the first admin of a real installation."""

from __future__ import annotations

import getpass
import secrets
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from flask import Flask
from flask_security import hash_password
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.errors import Invalid
from marketplace.models import Account
from marketplace.services.account import give_role
from marketplace.services.audit import record_audit
from marketplace.web.auth.security import PASSWORD_LENGTH
from marketplace.wiring import make_web

HELP = "create an account that may review payouts and accounts"
LONGEST_NAME = 120


def add_arguments(parser: ArgumentParser) -> None:
    """Who it is for; the password is asked for, or read from standard input."""
    parser.add_argument("email", help="the address to sign in with")
    parser.add_argument("--name", required=True, help="the name that the audit trail shows")


def main(settings: Settings, args: Namespace) -> int:
    """Create the account, or refuse when the address is taken or what was typed cannot be used."""
    app = make_web(settings)
    try:
        with app.app_context():
            email, name = read_email(app, args.email), read_name(args.name)
            hashed = hash_password(read_password())
    except Invalid as refusal:
        print(refusal.sentence, file=sys.stderr)
        return 2
    with Database(settings.database) as database:
        return create_admin(database, email, name, hashed)


def read_email(app: Flask, typed: str) -> str:
    """The address as it is stored; checked as at signing up."""
    try:
        normalised: str = app.extensions["security"].mail_util.validate(typed.strip())
    except ValueError:
        raise Invalid(f"{typed} is no mail address. Nothing was created.") from None
    return normalised.lower()


def read_name(typed: str) -> str:
    """The name without needless spaces."""
    name = " ".join(typed.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(f"The name needs 1 to {LONGEST_NAME} characters. Nothing was created.")
    return name


def read_password() -> str:
    """From a terminal twice, since it is not shown there; else a line of standard input."""
    is_asked = sys.stdin.isatty()
    password = getpass.getpass("Password: ") if is_asked else sys.stdin.readline().rstrip("\n")
    if len(password) < PASSWORD_LENGTH:
        raise Invalid(f"The password needs at least {PASSWORD_LENGTH} characters. Nothing was created.")
    if is_asked and getpass.getpass("The same again: ") != password:
        raise Invalid("The two passwords differ. Nothing was created.")
    return password


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
