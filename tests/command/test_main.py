"""What every command does when its database is away, empty or full of secrets."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from marketplace.__main__ import database_trouble, main
from marketplace.models import Account
from tests.journey.site import free_ports

PASSWORD_LINE = "a long enough password\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PORT", "24998")
    return tmp_path


@pytest.mark.parametrize(
    "command", [["check-ledger"], ["check-audit"], ["seed"], ["attach-account", "a", "--network", "x", "--actor", "b"]]
)
def test_a_database_without_tables_is_told_in_a_sentence(
    command: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 2
    told = capsys.readouterr().err
    assert "run `python -m marketplace migrate` first" in told
    assert told.count("\n") == 1


def test_the_first_admin_needs_tables_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.readline", lambda: PASSWORD_LINE, raising=False)
    assert main(["create-admin", "ada@example.com", "--name", "Ada"]) == 2
    assert "migrate` first" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://nobody:geheim@127.0.0.1:{port}/none", "Connection refused"),
        ("postgresql://127.0.0.1:{port}/none?banana=1", "banana"),
        ("sqlite:///{folder}/no/such/folder/m.db", "unable to open database file"),
    ],
)
def test_a_database_that_does_not_answer_is_told_in_a_sentence(
    url: str, reason: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url.format(port=free_ports(), folder=folder))
    assert main(["migrate"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("The database cannot be used: ")
    assert reason in told
    assert "DATABASE_URL" in told
    assert "geheim" not in told
    assert told.count("\n") == 1


def test_a_fault_of_our_own_is_not_put_on_the_database() -> None:
    broken = ProgrammingError("SELECT oops(", {}, Exception('syntax error at or near "("'))
    assert database_trouble(broken) is None


def test_an_error_of_the_database_carries_no_password(db: Session) -> None:
    account = {"email": "a@b.example", "name": "A", "fs_uniquifier": "u", "password": "$argon2id$geheim"}
    db.add(Account(**account, create_datetime=datetime.now(UTC)))
    db.flush()
    db.add(Account(**account, create_datetime=datetime.now(UTC)))
    with pytest.raises(IntegrityError) as refused:
        db.flush()
    assert "geheim" not in str(refused.value)
