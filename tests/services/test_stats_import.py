"""Importing figures: accounts are created or matched, posts are kept once, and everything is scored."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.domain.score import Post, score_account
from marketplace.gateways.network.csv import BadRow, PostRow, read_post_rows
from marketplace.jobs import Job, take_jobs
from marketplace.models import PostSeen, Score, SocialAccount, StatsSnapshot
from marketplace.services.social_proof import disconnect
from marketplace.services.stats_import import (
    ImportedAccount,
    ImportedFile,
    batches_of,
    collect_file,
    import_accounts,
    moved_to,
)
from tests.services.social_stage import NOW, add_account, add_actor, days, posts_of, snapshots_of

HEADING = "account,post_no,posted_at,fetched_at,followers,views,likes,comments,shares,saves,duration_s"


def file_of(*lines: str) -> ImportedFile:
    return collect_file(read_post_rows(StringIO("\n".join([HEADING, *lines])), now=NOW))


def line(
    handle: str, number: int, *, age: float = 20, views: str = "20000", read: str = "", followers: int = 50_000
) -> str:
    posted_at = (NOW - days(age)).replace(tzinfo=None)
    return f"{handle},{number},{posted_at},{read or NOW.replace(tzinfo=None)},{followers},{views},800,60,40,5,12"


def three_accounts() -> ImportedFile:
    return file_of(
        *[line(handle, number, age=5 + number) for handle in ("maya", "noor", "ravi") for number in range(6)]
    )


def count_of(db: Session, table: type[SocialAccount] | type[PostSeen] | type[Score] | type[StatsSnapshot]) -> int:
    return db.scalar(select(func.count()).select_from(table)) or 0


def test_accounts_are_created_with_posts_a_snapshot_and_a_score(db: Session) -> None:
    count = import_accounts(db, three_accounts().accounts, network="tiktok", now=NOW)
    assert (count.created, count.matched, count.posts_added, count.scored) == (3, 0, 18, 3)
    account = db.scalars(select(SocialAccount).where(SocialAccount.handle == "maya")).one()
    assert (account.network, account.source, account.actor_id, account.followers) == ("tiktok", "csv", None, 50_000)
    assert account.fetched_at == NOW
    assert (account.proved_at, account.opted_in_at, account.next_fetch_at) == (None, None, None)
    assert len(posts_of(db, account)) == 6
    [snapshot] = snapshots_of(db, account)
    row = db.scalars(select(Score).where(Score.social_account_id == account.id)).one()
    expected = score_account("tiktok", 50_000, [Post(5 + number, 20_000, 900) for number in range(6)])
    assert not isinstance(expected, str)
    assert row.points == pytest.approx(expected.points)
    assert (row.actor_id, row.at, row.snapshot_ids) == (None, NOW, [snapshot.id])


def test_the_same_file_again_changes_nothing(db: Session) -> None:
    import_accounts(db, three_accounts().accounts, network="tiktok", now=NOW)
    count = import_accounts(db, three_accounts().accounts, network="tiktok", now=NOW + days(1))
    assert (count.created, count.matched, count.posts_added, count.posts_changed) == (0, 3, 0, 0)
    assert [count_of(db, table) for table in (SocialAccount, PostSeen, StatsSnapshot, Score)] == [3, 18, 3, 3]


def test_a_later_file_updates_and_an_earlier_one_does_not(db: Session) -> None:
    read = {name: str((NOW + shift).replace(tzinfo=None)) for name, shift in (("old", -days(3)), ("new", days(3)))}
    for name, views, followers in (("", "20000", 50_000), ("new", "30000", 60_000), ("old", "10000", 40_000)):
        found = file_of(line("maya", 1, views=views, followers=followers, read=read.get(name, "")))
        import_accounts(db, found.accounts, network="tiktok", now=NOW)
    account = db.scalars(select(SocialAccount)).one()
    assert account.followers == 60_000
    assert account.fetched_at == NOW + days(3)
    assert [post.views for post in posts_of(db, account).values()] == [30_000]
    assert [snapshot.followers for snapshot in snapshots_of(db, account)] == [50_000, 60_000]


def test_old_figures_are_scored_as_of_the_day_they_were_read(db: Session) -> None:
    found = file_of(line("maya", 1, age=420, read=str((NOW - days(400)).replace(tzinfo=None))))
    count = import_accounts(db, found.accounts, network="tiktok", now=NOW)
    assert count.scored == 1
    assert db.scalars(select(Score.at)).one() == NOW - days(400)


def test_the_same_handle_on_another_network_is_another_account(db: Session) -> None:
    import_accounts(db, three_accounts().accounts, network="tiktok", now=NOW)
    count = import_accounts(db, three_accounts().accounts, network="youtube", now=NOW)
    assert count.created == 3


def test_an_account_that_a_live_network_reads_is_left_alone(db: Session) -> None:
    account = add_account(db, add_actor(db), handle="noor")
    count = import_accounts(db, three_accounts().accounts, network="tiktok", now=NOW)
    assert (count.created, count.skipped) == (2, ("noor",))
    assert account.followers is None
    assert posts_of(db, account) == {}


def test_an_account_that_nobody_owns_any_more_comes_from_a_file_again(db: Session) -> None:
    actor = add_actor(db)
    account = add_account(db, actor, handle="noor")
    disconnect(db, actor_id=actor.id, social_account_id=account.id)
    count = import_accounts(db, three_accounts().accounts, network="tiktok", now=NOW)
    assert (count.created, count.matched, count.skipped, count.scored) == (2, 1, (), 3)
    assert (account.source, account.state, account.actor_id) == ("csv", "active", None)


def test_an_actors_imported_account_is_scored_by_a_job_for_the_actor(db: Session) -> None:
    actor = add_actor(db)
    add_account(db, actor, handle="noor", source="csv")
    count = import_accounts(db, three_accounts().accounts, network="tiktok", now=NOW)
    assert (count.created, count.matched, count.scored) == (2, 1, 2)
    assert take_jobs(db) == [(Job.COMPUTE_SCORE, (actor.id,))]


def test_an_account_that_cannot_be_rated_is_kept_without_a_score(db: Session) -> None:
    heading = "account,posted_at,fetched_at"
    rows = read_post_rows(StringIO(f"{heading}\nmaya,2020-01-01,2026-05-01"), now=NOW)
    count = import_accounts(db, collect_file(rows).accounts, network="tiktok", now=NOW)
    assert (count.created, count.scored) == (1, 0)


def test_a_post_that_stands_twice_in_a_file_is_a_bad_row_the_second_time() -> None:
    found = file_of(line("maya", 1), line("maya", 2), line("maya", 1, views="7"))
    assert found.bad_rows == (BadRow(4, "post 1 of maya was on line 2 already"),)
    assert [post.figures.views for post in found.accounts[0].posts] == [20_000, 20_000]


def test_posts_of_the_same_second_are_told_apart_by_their_number(db: Session) -> None:
    found = file_of(line("maya", 1), line("maya", 2), line("maya", 3))
    ids = [post.figures.external_id for post in found.accounts[0].posts]
    assert ids == [f"2026-05-12T12:00:00+00:00{suffix}" for suffix in ("", "#2", "#3")]
    import_accounts(db, found.accounts, network="tiktok", now=NOW)
    assert import_accounts(db, found.accounts, network="tiktok", now=NOW).posts_added == 0


def test_a_later_file_that_numbers_posts_anew_finds_the_same_posts(db: Session) -> None:
    import_accounts(db, file_of(line("maya", 7, age=20)).accounts, network="tiktok", now=NOW)
    later = str((NOW + days(1)).replace(tzinfo=None))
    found = file_of(line("maya", 1, age=20, read=later), line("maya", 2, age=19, read=later))
    count = import_accounts(db, found.accounts, network="tiktok", now=NOW)
    assert (count.posts_added, count.posts_changed) == (1, 1)


def test_bad_rows_are_kept_with_their_lines_and_good_ones_are_gathered_by_account() -> None:
    found = file_of(line("maya", 2, age=3), "broken", line("noor", 1), line("maya", 1, age=9))
    assert [row.line for row in found.bad_rows] == [3]
    assert [account.handle for account in found.accounts] == ["maya", "noor"]
    assert [post.figures.posted_at for post in found.accounts[0].posts] == [NOW - days(9), NOW - days(3)]


def test_progress_is_told_for_every_row() -> None:
    seen: list[int] = []
    rows: list[PostRow | BadRow] = [BadRow(number, "bad") for number in range(3)]
    collect_file(rows, progress=seen.append)
    assert seen == [1, 2, 3]


def test_an_old_file_can_be_shown_as_if_it_were_fresh(db: Session) -> None:
    old = [
        replace(account, fetched_at=account.fetched_at - days(400 + number))
        for number, account in enumerate(three_accounts().accounts)
    ]
    fresh = moved_to(old, NOW)
    assert [account.fetched_at for account in fresh] == [NOW, NOW - days(1), NOW - days(2)]
    ages = [[account.fetched_at - post.figures.posted_at for post in account.posts] for account in fresh]
    assert ages == [[account.fetched_at - post.figures.posted_at for post in account.posts] for account in old]
    assert moved_to([], NOW) == []


def test_batches_hold_a_hundred_accounts() -> None:
    accounts = [ImportedAccount(f"maya{number}", 1, NOW, ()) for number in range(250)]
    assert [len(batch) for batch in batches_of(accounts)] == [100, 100, 50]
