"""The run command's own decisions: ports, the folder's lock, what it says."""

from __future__ import annotations

import socket
from argparse import Namespace
from pathlib import Path

import pytest

from marketplace.__main__ import main
from marketplace.command import reset
from marketplace.command.migrate import migrate
from marketplace.command.run import advice, children, is_empty, lock_folder, taken_port, welcome
from marketplace.config import load_settings
from marketplace.db import Database


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        taken = taken_port(load_settings(port=port))
        assert taken == ("PORT", port)
        assert f"make run PORT={port + 10}" in advice(taken)


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    with lock_folder(tmp_path) as first, lock_folder(tmp_path) as second:
        assert (first, second) == (True, False)
    with lock_folder(tmp_path) as again:
        assert again


def test_with_real_keys_no_stand_in_is_started() -> None:
    demo = [child.name for child in children(load_settings())]
    real = load_settings(
        environment="production", secret_key="s", password_salt="p", base_url="https://m.example",
        database_url="postgresql://h/d", stripe_secret_key="sk_live_x", stripe_webhook_secret="whsec_x",
        smtp_url="smtp://h",
    )  # fmt: skip
    assert demo == ["stand-in", "web", "worker", "clock"]
    assert [child.name for child in children(real)] == ["web", "worker", "clock"]
    assert "/demo" in welcome(load_settings(), 3)
    assert "/demo" not in welcome(real, 3)


def test_reset_deletes_only_what_looks_like_ours_and_never_in_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = tmp_path / "photos"
    strange.mkdir()
    (strange / "holiday.jpg").touch()
    assert _reset(strange) == 2
    assert (strange / "holiday.jpg").exists()
    ours = tmp_path / "data"
    ours.mkdir()
    with lock_folder(ours):
        assert _reset(ours) == 1
    assert _reset(ours) == 0
    assert not ours.exists()
    assert "Emptied" in capsys.readouterr().out


def _reset(folder: Path) -> int:
    return reset.main(load_settings(data_dir=folder), Namespace())


def test_migrating_twice_is_quick_and_a_fresh_database_is_empty(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    before, after = migrate(database.engine)
    assert before is None
    assert migrate(database.engine) == (after, after)
    assert is_empty(database.engine)
    database.dispose()


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"STRIPE_SECRET_KEY": "sk_test_x"}, "STRIPE_WEBHOOK_SECRET"),
        ({"PORT": "ninety"}, "PORT"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"ENVIRONMENT": "production"}, "SECRET_KEY"),
        ({"S3_ACCESS_KEY": "x", "S3_BUCKET": "b"}, "S3_SECRET_KEY"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(
    variables: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["check-config"]) == 2
    told = capsys.readouterr().err
    assert named in told
    assert told.count("\n") == 1


def test_the_data_folder_is_the_same_wherever_a_library_looks_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings().data_dir == tmp_path / "data"
    monkeypatch.setenv("DATA_DIR", "elsewhere")
    assert load_settings().data_dir == tmp_path / "elsewhere"
