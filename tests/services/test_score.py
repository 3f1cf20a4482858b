"""Scores of actors: from which accounts, how written down, and what happens when readings stay away."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.score import Post, score_account
from marketplace.domain.score_method import CONSTANTS_HASH
from marketplace.gateways.network.base import NetworkUnavailable
from marketplace.jobs import Job, take_jobs
from marketplace.models import Actor, Flag, Score
from marketplace.services.score import compute_score, enqueue_due_scores, network_table, score_history
from tests.networks import MemoryNetwork, made_posts
from tests.services.social_stage import NOW, add_account, add_actor, days, refresh, scores_of, snapshots_of


def read_actor(db: Session, followers: int = 50_000, *, proved: bool = True, opted_in: bool = True) -> Actor:
    """An actor whose account was read just now: nine steady posts."""
    actor = add_actor(db)
    network = MemoryNetwork()
    network.add(actor.slug, followers, made_posts(9, now=NOW))
    refresh(db, network, add_account(db, actor, handle=actor.slug, proved=proved, opted_in=opted_in), NOW)
    take_jobs(db)
    return actor


def test_the_stored_score_is_that_of_the_method_with_all_it_was_made_from(db: Session) -> None:
    actor = read_actor(db)
    row = compute_score(db, actor_id=actor.id, now=NOW)
    expected = score_account("tiktok", 50_000, [Post(4 + 3 * number, 20_000, 900) for number in range(9)])
    assert row is not None
    assert not isinstance(expected, str)
    assert row.points == pytest.approx(expected.points)
    assert (row.reach_low, row.reach_high) == pytest.approx((expected.typical_low, expected.typical_high))
    assert row.low < row.points < row.high
    assert (row.method, row.constants_sha256, row.at) == ("SCS-1", CONSTANTS_HASH, NOW)
    [network] = row.networks
    assert (network["network"], network["followers"], network["posts"], network["share"]) == ("tiktok", 50_000, 9, 1.0)
    assert network["explanation"] == row.explanation
    assert "Based on 9 posts" in row.explanation
    [component] = row.components["accounts"]
    assert component["evidence"] == pytest.approx(expected.evidence)
    db.refresh(actor)
    assert (actor.score_points, actor.score_low, actor.score_high) == (row.points, row.low, row.high)
    assert (actor.score_confidence, actor.scored_at) == (row.confidence, NOW)


def test_a_score_names_the_snapshots_it_was_made_from(db: Session) -> None:
    actor = add_actor(db)
    network, account = MemoryNetwork(), add_account(db, actor)
    network.add("maya", 50_000, made_posts(5, now=NOW))
    refresh(db, network, account, NOW)
    refresh(db, network, account, NOW + days(1))
    row = compute_score(db, actor_id=actor.id, now=NOW + days(1))
    assert row is not None
    assert row.snapshot_ids == [snapshots_of(db, account)[-1].id]


@pytest.mark.parametrize(("proved", "opted_in"), [(False, True), (True, False)])
def test_an_account_counts_only_by_proof_and_opt_in(db: Session, proved: bool, opted_in: bool) -> None:
    actor = read_actor(db, proved=proved, opted_in=opted_in)
    assert compute_score(db, actor_id=actor.id, now=NOW) is None
    assert scores_of(db, actor) == []
    assert network_table(db, actor_id=actor.id, now=NOW) == []
    assert enqueue_due_scores(db, now=NOW) == 0


def test_an_actor_without_accounts_has_no_score(db: Session) -> None:
    assert compute_score(db, actor_id=add_actor(db).id, now=NOW) is None


def test_the_same_input_leaves_one_row_however_often_it_is_computed(db: Session) -> None:
    actor = read_actor(db)
    first = compute_score(db, actor_id=actor.id, now=NOW)
    again = compute_score(db, actor_id=actor.id, now=NOW + days(2))
    assert again is first
    assert len(scores_of(db, actor)) == 1


def test_two_networks_are_combined_and_each_has_its_share(db: Session) -> None:
    actor = read_actor(db)
    alone = compute_score(db, actor_id=actor.id, now=NOW)
    network = MemoryNetwork(name="x", source="x")
    network.add("maya", 4_000, made_posts(4, now=NOW, views=2_000))
    refresh(db, network, add_account(db, actor, network="x", source="x"), NOW)
    together = compute_score(db, actor_id=actor.id, now=NOW)
    assert alone is not None
    assert together is not None
    assert together.points > alone.points
    assert [one["network"] for one in together.networks] == ["tiktok", "x"]
    assert sum(one["share"] for one in together.networks) == pytest.approx(1.0)
    assert "From 2 accounts: TikTok" in together.explanation
    assert [one["network"] for one in network_table(db, actor_id=actor.id, now=NOW)] == ["tiktok", "x"]


def test_a_network_that_stops_answering_widens_the_interval_and_then_takes_the_score_away(db: Session) -> None:
    actor = read_actor(db)
    fresh = compute_score(db, actor_id=actor.id, now=NOW)
    stale = compute_score(db, actor_id=actor.id, now=NOW + days(20))
    assert fresh is not None
    assert stale is not None
    assert stale.points == fresh.points
    assert stale.high - stale.low > fresh.high - fresh.low
    assert compute_score(db, actor_id=actor.id, now=NOW + days(46)) is None
    db.refresh(actor)
    assert (actor.score_points, actor.score_confidence) == (None, None)
    assert len(scores_of(db, actor)) == 2
    [network] = network_table(db, actor_id=actor.id, now=NOW + days(46))
    assert (network["points"], network["reason"]) == (None, "stale")
    assert network["explanation"].startswith("Not rated")


def test_a_failed_reading_does_not_move_the_score_and_shows_its_reason(db: Session) -> None:
    actor = add_actor(db)
    network, account = MemoryNetwork(), add_account(db, actor)
    network.add("maya", 50_000, made_posts(9, now=NOW))
    refresh(db, network, account, NOW)
    before = compute_score(db, actor_id=actor.id, now=NOW)
    network.weather = NetworkUnavailable("down")
    refresh(db, network, account, NOW + days(1))
    assert compute_score(db, actor_id=actor.id, now=NOW + days(1)) is before
    [row] = network_table(db, actor_id=actor.id, now=NOW + days(1))
    assert (row["error"], row["days_old"]) == ("unavailable", 1.0)


def test_a_disconnected_account_takes_its_contribution_with_it(db: Session) -> None:
    actor = add_actor(db)
    network, account = MemoryNetwork(), add_account(db, actor)
    network.add("maya", 50_000, made_posts(9, now=NOW))
    refresh(db, network, account, NOW)
    compute_score(db, actor_id=actor.id, now=NOW)
    account.state = "disconnected"
    db.flush()
    assert compute_score(db, actor_id=actor.id, now=NOW) is None


def test_posts_that_were_read_earlier_count_by_their_age_at_the_last_reading(db: Session) -> None:
    actor = add_actor(db)
    network, account = MemoryNetwork(), add_account(db, actor)
    network.add("maya", 50_000, made_posts(1, now=NOW, first_age=4))
    refresh(db, network, account, NOW)
    network.add("maya", 50_000)
    refresh(db, network, account, NOW + days(70))
    row = compute_score(db, actor_id=actor.id, now=NOW + days(70))
    grown = score_account("tiktok", 50_000, [Post(74, 20_000 * 1.38, 900 * 1.38)])
    assert row is not None
    assert not isinstance(grown, str)
    assert row.points == pytest.approx(grown.points)


def test_the_history_is_told_from_the_oldest_on(db: Session) -> None:
    actor = add_actor(db)
    network, account = MemoryNetwork(), add_account(db, actor)
    for day in range(3):
        network.add("maya", 10_000 * (day + 1), made_posts(2, now=NOW))
        refresh(db, network, account, NOW + days(day))
        compute_score(db, actor_id=actor.id, now=NOW + days(day))
    points = score_history(db, actor_id=actor.id, since=NOW + days(0.5))
    assert [point.at for point in points] == [NOW + days(1), NOW + days(2)]
    assert points[0].points < points[1].points
    assert {point.method for point in points} == {"SCS-1"}


def test_resonance_is_a_percentile_among_peers_of_the_network(db: Session) -> None:
    actors = [read_actor(db, followers=1_000 * (number + 1)) for number in range(4)]
    row = compute_score(db, actor_id=actors[0].id, now=NOW)
    assert row is not None
    assert row.networks[0]["resonance"] == 50.0


def test_a_flag_is_raised_once_and_never_lowers_the_score(db: Session) -> None:
    actor = read_actor(db, followers=50_000_000)
    row = compute_score(db, actor_id=actor.id, now=NOW)
    assert row is not None
    assert row.networks[0]["flags"] == ["hollow_followers"]
    [flag] = db.scalars(select(Flag).where(Flag.actor_id == actor.id))
    assert (flag.kind, flag.state) == ("hollow_followers", "open")
    flag.state = "cleared"
    network = MemoryNetwork()
    network.add(actor.slug, 50_000_001, made_posts(9, now=NOW))
    account = flag.social_account_id
    assert account is not None
    compute_score(db, actor_id=actor.id, now=NOW + days(16))
    assert len(list(db.scalars(select(Flag).where(Flag.actor_id == actor.id)))) == 1


def test_a_score_that_jumps_without_new_figures_calls_for_a_look(db: Session) -> None:
    actor = read_actor(db)
    first = compute_score(db, actor_id=actor.id, now=NOW)
    assert first is not None
    columns = {column.key: getattr(first, column.key) for column in Score.__table__.columns if column.key != "id"}
    other = Score(**columns | {"points": first.points - 6, "constants_sha256": "of another method"})
    db.add(other)
    db.flush()
    second = compute_score(db, actor_id=actor.id, now=NOW)
    assert second is not None
    [flag] = db.scalars(select(Flag).where(Flag.kind == "score_jump"))
    assert flag.evidence["before"]["score_id"] == other.id
    assert flag.evidence["after"]["points"] == second.points


def test_new_figures_may_move_a_score_as_they_will(db: Session) -> None:
    actor = add_actor(db)
    network, account = MemoryNetwork(), add_account(db, actor)
    for day, views in enumerate((1_000, 900_000)):
        network.add("maya", 50_000, made_posts(9, now=NOW, views=views))
        refresh(db, network, account, NOW + days(day))
        compute_score(db, actor_id=actor.id, now=NOW + days(day))
    assert list(db.scalars(select(Flag).where(Flag.kind == "score_jump"))) == []


def test_actors_are_scored_anew_once_a_day(db: Session) -> None:
    actor = read_actor(db)
    assert enqueue_due_scores(db, now=NOW) == 1
    assert take_jobs(db) == [(Job.COMPUTE_SCORE, (actor.id,))]
    compute_score(db, actor_id=actor.id, now=NOW)
    assert enqueue_due_scores(db, now=NOW + days(0.5)) == 0
    assert enqueue_due_scores(db, now=NOW + days(1)) == 1
    compute_score(db, actor_id=actor.id, now=NOW + days(1))
    assert enqueue_due_scores(db, now=NOW + days(1.5)) == 0
