"""The first admin: what is typed is checked, and nothing is created from a slip."""

from __future__ import annotations

import getpass
import io
from argparse import Namespace

import pytest
from sqlalchemy import select

from marketplace.command import create_admin
from marketplace.config import Settings
from marketplace.db import Database
from marketplace.models import Account

PASSWORD = "correct horse battery"


class Terminal(io.StringIO):
    """Standard input that a person sits at."""

    def isatty(self) -> bool:
        return True


def create(settings: Settings, email: str = "ada@example.com", name: str = "Ada Example") -> int:
    return create_admin.main(settings, Namespace(email=email, name=name))


def accounts(database: Database) -> list[tuple[str, str]]:
    with database.reading() as db:
        return [(row.email, row.name) for row in db.scalars(select(Account))]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))


@pytest.mark.usefixtures("typed")
@pytest.mark.parametrize(
    ("email", "name", "told"),
    [
        ("notanemail", "Ada", "notanemail is no mail address"),
        ("ada@", "Ada", "no mail address"),
        ("ada@example.com", "  ", "The name needs"),
        ("ada@example.com", "A" * 121, "The name needs"),
    ],
)
def test_what_is_no_address_or_no_name_is_refused(
    settings: Settings, database: Database, capsys: pytest.CaptureFixture[str], email: str, name: str, told: str
) -> None:
    assert create(settings, email, name) == 2
    shown = capsys.readouterr().err
    assert told in shown
    assert "Nothing was created." in shown
    assert accounts(database) == []


@pytest.mark.usefixtures("typed")
def test_the_address_is_stored_as_at_signing_up(settings: Settings, database: Database) -> None:
    assert create(settings, " Ada@Example.COM ", " Ada   Example ") == 0
    assert accounts(database) == [("ada@example.com", "Ada Example")]


@pytest.mark.parametrize(
    ("first", "again", "status", "told"),
    [(PASSWORD, PASSWORD, 0, ""), (PASSWORD, "other", 2, "passwords differ"), ("short", "short", 2, "at least 10")],
)
def test_a_terminal_is_asked_twice(
    settings: Settings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    first: str,
    again: str,
    status: int,
    told: str,
) -> None:
    answers = iter([first, again])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(answers))
    assert create(settings) == status
    assert told in capsys.readouterr().err
    assert len(accounts(database)) == (status == 0)
