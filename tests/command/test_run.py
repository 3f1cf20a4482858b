"""The run command's own decisions: ports, the folder's lock, what it says."""

from __future__ import annotations

import socket
from argparse import Namespace
from pathlib import Path

import pytest

from marketplace.command import beat, reset
from marketplace.command.migrate import migrate
from marketplace.command.run import children, find_port_trouble, lock_folder, welcome
from marketplace.command.seeding.mark import look
from marketplace.config import load_settings
from marketplace.db import Database
from tests.command.production import PRODUCTION
from tests.journey.site import free_ports


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        told = find_port_trouble(load_settings(port=port))
    assert told is not None
    assert told.startswith(f"Port {port} is taken by another program.")
    assert told.endswith(f"make run PORT={port + 10}")


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no.such.host.invalid"])
def test_a_host_that_is_not_this_machine_is_not_called_a_taken_port(host: str) -> None:
    told = find_port_trouble(load_settings(host=host, port=free_ports()))
    assert told is not None
    assert told.startswith(f"HOST={host} cannot be listened on at this machine")


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    with lock_folder(tmp_path) as first, lock_folder(tmp_path) as second:
        assert (first, second) == (True, False)
    with lock_folder(tmp_path) as again:
        assert again


def test_with_real_keys_no_stand_in_is_started() -> None:
    demo = [child.name for child in children(load_settings())]
    real = load_settings(**PRODUCTION)
    assert demo == ["stand-ins", "web", "worker", "clock"]
    assert [child.name for child in children(real)] == ["web", "worker", "clock"]
    assert "/demo" in welcome(load_settings(), 3)
    assert "/demo" not in welcome(real, 3)
    assert "reset" not in welcome(real, 3)


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
    assert look(database.engine) == "empty"
    database.dispose()


def test_the_data_folder_is_the_same_wherever_a_library_looks_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings().data_dir == tmp_path / "data"
    monkeypatch.setenv("DATA_DIR", "elsewhere")
    assert load_settings().data_dir == tmp_path / "elsewhere"


def test_the_clock_makes_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticked: list[Path] = []
    monkeypatch.setattr("celery.apps.beat.Beat.run", lambda beat: ticked.append(Path(beat.schedule).parent))
    settings = load_settings(data_dir=tmp_path / "not" / "yet", broker_url="redis://127.0.0.1/0", port=24997)
    assert beat.main(settings, Namespace()) == 0
    assert [folder.is_dir() for folder in ticked] == [True]
