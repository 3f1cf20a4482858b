"""Reading social accounts: what is due, what is stored, and what a bad answer leaves untouched."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.gateways.network.base import (
    AccountFigures,
    AccountGone,
    AccountProtected,
    BudgetSpent,
    NetworkError,
    NetworkUnavailable,
    RateLimited,
)
from marketplace.jobs import Job, take_jobs
from marketplace.services.stats import claim_due_accounts, fetch_accounts, load_orders, store_fetched
from tests.networks import MemoryNetwork, made_posts
from tests.services.social_stage import NOW, add_account, add_actor, days, posts_of, refresh, snapshots_of


def test_due_accounts_are_claimed_once_in_batches_of_one_network(db: Session) -> None:
    due = [add_account(db, handle=f"maya{number}").id for number in range(60)]
    on_x = add_account(db, network="x", source="x").id
    add_account(db, handle="later", due_at=NOW + days(1))
    add_account(db, handle="never", due_at=None)
    add_account(db, handle="imported", source="csv")
    add_account(db, handle="left").state = "disconnected"
    assert claim_due_accounts(db, now=NOW) == 61
    sent = take_jobs(db)
    assert {job for job, _ in sent} == {Job.REFRESH_SOCIAL_ACCOUNT}
    assert sorted(ids for _, ids in sent) == sorted([tuple(due[:50]), tuple(due[50:]), (on_x,)])
    assert claim_due_accounts(db, now=NOW) == 0
    assert take_jobs(db) == []


def test_an_account_whose_job_was_lost_is_due_again_after_its_claim(db: Session) -> None:
    add_account(db)
    claim_due_accounts(db, now=NOW)
    assert claim_due_accounts(db, now=NOW + timedelta(minutes=14)) == 0
    assert claim_due_accounts(db, now=NOW + timedelta(minutes=16)) == 1


def test_a_spent_budget_puts_its_accounts_off_to_the_next_day_and_no_others(db: Session) -> None:
    first = add_account(db, handle="first", network="x", source="x")
    network = MemoryNetwork(name="x", source="x")
    network.add("first", 1_000, made_posts(4, now=NOW))
    refresh(db, network, first, NOW)
    waiting = add_account(db, handle="waiting", network="x", source="x")
    add_account(db, handle="demo")
    take_jobs(db)
    assert claim_due_accounts(db, now=NOW, budget_minor={"x": 3}) == 1
    db.refresh(waiting)
    assert (waiting.next_fetch_at, waiting.last_error) == ((NOW + days(1)).replace(hour=0), "budget_spent")
    assert waiting.failures == 0
    tomorrow = NOW + days(1)
    assert claim_due_accounts(db, now=tomorrow, budget_minor={"x": 3}) == 2


def test_a_budget_that_is_not_spent_holds_nobody_up(db: Session) -> None:
    add_account(db, network="x", source="x")
    assert claim_due_accounts(db, now=NOW, budget_minor={"x": 1}) == 1


def test_a_reading_appends_a_snapshot_and_keeps_the_posts(db: Session) -> None:
    actor = add_actor(db)
    account, network = add_account(db, actor), MemoryNetwork()
    network.add("maya", 19_700, made_posts(3, now=NOW))
    refresh(db, network, account, NOW)
    [snapshot] = snapshots_of(db, account)
    assert (snapshot.at, snapshot.source, snapshot.followers, snapshot.following) == (NOW, "demo", 19_700, 10)
    assert snapshot.detail == {"posts_read": 3}
    assert (account.followers, account.fetched_at, account.external_id) == (19_700, NOW, "id-maya")
    assert (account.state, account.failures, account.last_error, account.claimed_until) == ("active", 0, None, None)
    posts = posts_of(db, account)
    assert set(posts) == {"p0", "p1", "p2"}
    assert (posts["p0"].views, posts["p0"].likes, posts["p0"].fetched_at) == (20_000, 800, NOW)
    assert take_jobs(db) == [(Job.COMPUTE_SCORE, (actor.id,))]


def test_a_second_reading_updates_posts_and_appends_a_second_snapshot(db: Session) -> None:
    account, network = add_account(db), MemoryNetwork()
    network.add("maya", 19_700, made_posts(2, now=NOW))
    refresh(db, network, account, NOW)
    network.add("maya", 20_000, [*made_posts(2, now=NOW, views=30_000), *made_posts(1, now=NOW + days(8))[:0]])
    refresh(db, network, account, NOW + days(1))
    assert [one.followers for one in snapshots_of(db, account)] == [19_700, 20_000]
    posts = posts_of(db, account)
    assert {post.views for post in posts.values()} == {30_000}
    assert {post.fetched_at for post in posts.values()} == {NOW + days(1)}


def test_a_post_that_vanished_stays_as_it_was_last_seen(db: Session) -> None:
    account, network = add_account(db), MemoryNetwork()
    network.add("maya", 19_700, made_posts(2, now=NOW))
    refresh(db, network, account, NOW)
    network.add("maya", 19_700, made_posts(1, now=NOW))
    refresh(db, network, account, NOW + days(1))
    assert posts_of(db, account)["p1"].fetched_at == NOW


def test_the_first_reading_goes_half_a_year_back_and_later_ones_two_weeks(db: Session) -> None:
    account, network = add_account(db), MemoryNetwork()
    network.add("maya", 19_700)
    refresh(db, network, account, NOW)
    refresh(db, network, account, NOW + days(1))
    assert [since for _, since in network.timelines] == [NOW - days(180), NOW + days(1) - days(14)]


def test_a_job_that_comes_twice_reads_once(db: Session) -> None:
    account, network = add_account(db), MemoryNetwork()
    network.add("maya", 19_700)
    refresh(db, network, account, NOW)
    assert load_orders(db, social_account_ids=[account.id], now=NOW) == []


# case 36
@pytest.mark.parametrize(
    ("error", "code", "next_at"),
    [
        (NetworkUnavailable("down"), "unavailable", NOW + days(1) + timedelta(minutes=15)),
        (RateLimited(NOW + days(1) + timedelta(hours=2)), "rate_limited", NOW + days(1) + timedelta(hours=2)),
        (RateLimited(None), "rate_limited", NOW + days(1) + timedelta(minutes=15)),
        (BudgetSpent("no credits"), "budget_spent", (NOW + days(2)).replace(hour=0)),
        (AccountGone("nobody"), "gone", NOW + days(2)),
    ],
)
def test_a_failed_reading_keeps_the_last_good_figures_with_their_age_and_a_reason(
    db: Session, error: NetworkError, code: str, next_at: datetime
) -> None:
    account, network = add_account(db), MemoryNetwork()
    network.add("maya", 19_700, made_posts(3, now=NOW))
    refresh(db, network, account, NOW)
    before = {key: post.views for key, post in posts_of(db, account).items()}
    network.weather = error
    later = NOW + days(1)
    refresh(db, network, account, later)
    assert (account.followers, account.fetched_at, account.state) == (19_700, NOW, "active")
    assert (account.last_error, account.last_error_at, account.failures) == (code, later, 1)
    assert account.next_fetch_at == next_at
    assert len(snapshots_of(db, account)) == 1
    assert {key: post.views for key, post in posts_of(db, account).items()} == before


def test_what_stays_gone_is_called_gone_and_can_come_back(db: Session) -> None:
    account, network = add_account(db), MemoryNetwork()
    for day in range(3):
        refresh(db, network, account, NOW + days(day))
    assert account.state == "gone"
    network.add("maya", 5_000)
    refresh(db, network, account, NOW + days(9))
    assert (account.state, account.failures, account.last_error) == ("active", 0, None)


def test_a_timeline_that_fails_leaves_the_whole_reading_out(db: Session) -> None:
    account, network = add_account(db), MemoryNetwork()
    network.add("maya", 19_700)
    network.post_weather = NetworkUnavailable("down")
    refresh(db, network, account, NOW)
    assert snapshots_of(db, account) == []
    assert account.last_error == "unavailable"


def test_a_protected_account_keeps_its_followers_and_says_why_there_are_no_posts(db: Session) -> None:
    account, network = add_account(db), MemoryNetwork()
    network.add("maya", 19_700, made_posts(3, now=NOW))
    network.protect("maya")
    refresh(db, network, account, NOW)
    assert (account.followers, account.state, account.last_error) == (19_700, "protected", "protected")
    assert network.timelines == []
    network.add("maya", 19_700, made_posts(3, now=NOW))
    network.post_weather = AccountProtected("since a minute")
    refresh(db, network, account, NOW + days(1))
    assert account.state == "protected"
    network.post_weather = None
    refresh(db, network, account, NOW + days(2))
    assert (account.state, account.last_error) == ("active", None)


def test_a_figure_that_is_left_out_keeps_the_last_one(db: Session) -> None:
    account, network = add_account(db), MemoryNetwork()
    network.add("maya", 19_700)
    refresh(db, network, account, NOW)
    network.add("maya", None)
    refresh(db, network, account, NOW + days(1))
    assert account.followers == 19_700
    assert [one.followers for one in snapshots_of(db, account)] == [19_700, None]


# case 36
def test_a_fall_of_followers_by_nine_tenths_is_believed_when_it_is_said_twice(db: Session) -> None:
    account, network = add_account(db), MemoryNetwork()
    network.add("maya", 50_000)
    refresh(db, network, account, NOW)
    network.add("maya", 500)
    refresh(db, network, account, NOW + days(1))
    assert (account.followers, account.last_error) == (50_000, "followers_fell")
    assert snapshots_of(db, account)[-1].detail["doubted"] == "followers_fell"
    refresh(db, network, account, NOW + days(2))
    assert (account.followers, account.last_error) == (500, None)


def test_one_spoiled_account_does_not_keep_the_others_from_being_read(db: Session) -> None:
    network = MemoryNetwork(spoilers={"spoiler": NetworkUnavailable("garbled")})
    ids = []
    for handle in ("maya", "spoiler", "noor"):
        network.add(handle, 1_000)
        ids.append(add_account(db, handle=handle).id)
    fetched = fetch_accounts({"tiktok": network}, load_orders(db, social_account_ids=ids, now=NOW))
    assert {one.order.handle: isinstance(one.figures, AccountFigures) for one in fetched} == {
        "maya": True,
        "spoiler": False,
        "noor": True,
    }


def test_a_network_that_is_down_is_not_asked_for_every_account(db: Session) -> None:
    network = MemoryNetwork(weather=NetworkUnavailable("down"))
    ids = [add_account(db, handle=f"maya{number}").id for number in range(20)]
    fetched = fetch_accounts({"tiktok": network}, load_orders(db, social_account_ids=ids, now=NOW))
    assert len(fetched) == 20
    assert len(network.lookups) == 4


def test_a_limit_in_the_middle_of_a_round_ends_it_and_keeps_what_was_read(db: Session) -> None:
    class Limited(MemoryNetwork):
        def read_posts(self, external_id: str, *, since: datetime, limit: int = 30):  # type: ignore[no-untyped-def]
            if len(self.timelines) == 1:
                raise RateLimited(NOW + days(0.5))
            return super().read_posts(external_id, since=since, limit=limit)

    network = Limited()
    accounts = [add_account(db, handle=handle) for handle in ("maya", "noor", "ravi")]
    for account in accounts:
        network.add(account.handle, 1_000)
    orders = load_orders(db, social_account_ids=[account.id for account in accounts], now=NOW)
    store_fetched(db, fetch_accounts({"tiktok": network}, orders), now=NOW)
    assert [account.last_error for account in accounts] == [None, "rate_limited", "rate_limited"]
    assert [account.next_fetch_at for account in accounts[1:]] == [NOW + days(0.5)] * 2


def test_a_network_without_a_gateway_is_unavailable(db: Session) -> None:
    account = add_account(db, network="myspace")
    refresh(db, MemoryNetwork(), account, NOW)
    assert account.last_error == "unavailable"


def test_an_account_that_left_while_it_was_read_is_not_written_to(db: Session) -> None:
    account, network = add_account(db), MemoryNetwork()
    network.add("maya", 19_700)
    fetched = fetch_accounts({"tiktok": network}, load_orders(db, social_account_ids=[account.id], now=NOW))
    account.state = "disconnected"
    db.flush()
    store_fetched(db, fetched, now=NOW)
    assert account.followers is None
    assert snapshots_of(db, account) == []
