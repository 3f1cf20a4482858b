"""The commands that import figures and hold the score against them."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
from sqlalchemy import func, select

from marketplace.command import attach_account, evaluate_score, import_stats
from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.network.csv import COLUMNS
from marketplace.models import Actor, Base, PostSeen, Score, SocialAccount, StatsSnapshot

pytestmark = pytest.mark.both_engines

HEADING = "account,post_no,posted_at,fetched_at,followers,views,likes,comments,shares,saves,duration_s"
READ_AT = datetime(2025, 6, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def database_is_made(database: Database) -> None:
    """Each test has a migrated database."""


def run(command: ModuleType, settings: Settings, *arguments: str) -> int:
    parser = ArgumentParser()
    command.add_arguments(parser)
    status: int = command.main(settings, parser.parse_args(arguments))
    return status


def write_file(folder: Path, lines: Sequence[str]) -> str:
    path = folder / "posts.csv"
    path.write_text("\n".join([HEADING, *lines, ""]), encoding="utf-8")
    return str(path)


def made_lines(accounts: int, posts: int = 12) -> list[str]:
    """Accounts whose views follow a hidden level, to which followers are a loose hint."""
    draw = Random(3)
    lines = []
    for number in range(accounts):
        level = draw.gauss(4.2, 0.8)
        followers = int(10 ** (level + draw.gauss(0, 0.8)))
        for post in range(posts):
            posted_at = READ_AT - timedelta(days=4.0 * (posts - post) + 4)
            views = int(10 ** (level + draw.gauss(0, 0.4)))
            shown = "" if draw.random() < 0.1 else views
            lines.append(
                f"a{number},{post + 1},{posted_at:%Y-%m-%d %H:%M:%S},{READ_AT:%Y-%m-%d %H:%M:%S},{followers},"
                f"{shown},{views // 30},{views // 400},{views // 300},3,12"
            )
    return lines


def count_of(database: Database, table: type[Base]) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def test_a_file_becomes_accounts_with_scores_and_a_second_time_nothing(
    settings: Settings, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_file(tmp_path, made_lines(120, posts=3))
    assert run(import_stats, settings, path, "--network", "tiktok") == 0
    shown = capsys.readouterr()
    assert "120 accounts created, 0 matched, 120 scored" in shown.out
    assert "[##############################] 120 of 120" in shown.err
    assert run(import_stats, settings, path, "--network", "tiktok") == 0
    assert "0 accounts created, 120 matched" in capsys.readouterr().out
    tables = (SocialAccount, StatsSnapshot, PostSeen, Score)
    assert [count_of(database, table) for table in tables] == [120, 120, 360, 120]


def test_a_bad_row_is_named_by_its_line_and_the_rest_is_imported(
    settings: Settings, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = made_lines(2, posts=3)
    lines[1] = lines[1].replace("a0,2,", "a0,2,not a time ")
    lines.insert(4, "too,short")
    assert run(import_stats, settings, write_file(tmp_path, lines), "--network", "tiktok") == 1
    shown = capsys.readouterr()
    assert "line 3 was skipped: posted_at is no time" in shown.err
    assert "line 6 was skipped: 2 fields where the heading has 11" in shown.err
    assert "2 rows skipped" in shown.out
    assert (count_of(database, SocialAccount), count_of(database, PostSeen)) == (2, 5)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no column account"),
        (b"name,views\nmaya,5\n", "no column account and no column posted_at"),
        (b"account,posted_at\nmaya,never\n", "no row that can be read: line 2: posted_at is no time"),
        (b"account,posted_at\n", "no row that can be read"),
        (b"account,posted_at\nmaya,2025-01-01\n\xff\xfe\x00", "UTF-8"),
        (b'account,posted_at\nmaya,2025-01-01\n"no end', "line 3"),
        (b"account,posted_at\nmaya,2025-01-01\n\0\0", "zero bytes"),
    ],
)
def test_a_bad_file_changes_nothing(
    settings: Settings,
    database: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    reason: str,
) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(content)
    assert run(import_stats, settings, str(path), "--network", "tiktok") == 2
    shown = capsys.readouterr().err
    assert reason in shown
    assert "Nothing was changed." in shown
    assert count_of(database, SocialAccount) == 0


def test_a_missing_file_is_told_in_a_sentence(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (import_stats, evaluate_score):
        assert run(command, settings, str(tmp_path / "none.csv"), "--network", "tiktok") == 2
        assert "none.csv cannot be" in capsys.readouterr().err


def test_an_unknown_network_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run(import_stats, settings, write_file(tmp_path, made_lines(1)), "--network", "myspace")


def test_the_help_names_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    parser = ArgumentParser()
    import_stats.add_arguments(parser)
    shown = parser.format_help()
    assert all(f"\n  {name} " in shown for name in COLUMNS)


def test_an_imported_account_is_attached_to_its_actor_and_scores_them(
    settings: Settings, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    with database.unit_of_work(lambda _job, _ids: None) as db:
        db.add(Actor(slug="maya", name="Maya", created_at=now, updated_at=now))
    path = write_file(tmp_path, made_lines(1))
    run(import_stats, settings, path, "--network", "tiktok", "--shift-to-now")
    capsys.readouterr()
    assert run(attach_account, settings, "a0", "--network", "tiktok", "--actor", "maya") == 0
    assert capsys.readouterr().out.startswith("Typical post: about ")
    with database.reading() as db:
        assert db.scalars(select(Actor.score_points)).one() is not None
    assert run(attach_account, settings, "a0", "--network", "tiktok", "--actor", "nobody") == 1
    assert "There is no actor called nobody" in capsys.readouterr().err


def test_an_actor_whose_imported_figures_are_old_is_not_rated(
    settings: Settings, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    with database.unit_of_work(lambda _job, _ids: None) as db:
        db.add(Actor(slug="maya", name="Maya", created_at=now, updated_at=now))
    run(import_stats, settings, write_file(tmp_path, made_lines(1)), "--network", "tiktok")
    assert run(attach_account, settings, "a0", "--network", "tiktok", "--actor", "maya") == 0
    assert "Not rated" in capsys.readouterr().out


def test_the_evaluation_prints_our_score_beside_followers_alone_and_stores_nothing(
    settings: Settings, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(evaluate_score, settings, write_file(tmp_path, made_lines(80, posts=14))) == 0
    shown = capsys.readouterr().out
    figures = {
        line[:15].strip(): line[15:].split() for line in shown.splitlines() if line[:9] in ("our score", "followers")
    }
    ours, followers = figures["our score"], figures["followers alone"]
    assert float(ours[0]) > float(followers[0])
    assert float(ours[1]) < float(followers[1])
    assert count_of(database, SocialAccount) == 0


def test_too_few_accounts_to_evaluate_on_are_refused(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(evaluate_score, settings, write_file(tmp_path, made_lines(3))) == 2
    assert "too few to evaluate on" in capsys.readouterr().err
