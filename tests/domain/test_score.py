"""SCS-1 against its reference vectors and its axioms."""

import json
from dataclasses import replace
from math import log10
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.score import (
    AccountScore,
    Confidence,
    Post,
    Unrated,
    combine,
    credit_of,
    maturity_of,
    score_account,
)
from marketplace.domain.score_method import (
    CONSTANTS,
    CONSTANTS_HASH,
    CREDIT_FLOOR,
    MATURITY,
    MAX_AGE_DAYS,
    METHOD_ID,
    MIN_AGE_DAYS,
    OVERLAP_POWER,
    POST_LIMIT,
    PRIOR_TAPER,
    TIKTOK,
    constants_of,
)

REFERENCE: dict[str, Any] = json.loads((Path(__file__).parent / "score_vectors.json").read_text())
FIELDS = {
    "points": "points",
    "log_reach": "log_reach",
    "reach": "reach",
    "post_lo": "post_low",
    "post_hi": "post_high",
    "typ_lo": "typical_low",
    "typ_hi": "typical_high",
    "audience": "audience",
    "auth": "authenticity",
    "sigma1": "sigma_post",
    "sigma5": "sigma_typical",
    "n": "evidence",
    "k": "post_count",
    "n0": "prior_weight",
    "mu": "level",
    "er": "engagement_rate",
}

ages = st.floats(0, 200, allow_nan=False)
counts = st.integers(0, 50_000_000)
post = st.builds(Post, age_days=ages, views=st.none() | counts, engagements=counts)
posts = st.lists(post, max_size=40)
followers = st.integers(0, 100_000_000)
networks = st.sampled_from(sorted(CONSTANTS))


def scored(network: str, following: float | None, seen: list[Post], **more: float) -> AccountScore:
    score = score_account(network, following, seen, **more)
    assert isinstance(score, AccountScore)
    return score


def of_vector(vector: dict[str, Any]) -> AccountScore:
    seen = [Post(one["age"], one["views"], one["eng"]) for one in vector["posts"]]
    return scored(vector["network"], vector["followers"], seen)


@pytest.mark.parametrize("vector", REFERENCE["vectors"], ids=lambda vector: vector["name"])
def test_every_component_of_a_reference_account_is_met_to_the_last_digit(vector: dict[str, Any]) -> None:
    score = of_vector(vector)
    found = {name: getattr(score, field) for name, field in FIELDS.items()}
    rounded = {name: value if value is None else round(value, 6) for name, value in found.items()}
    assert rounded == vector["expected"]


def test_two_networks_combine_to_the_reference() -> None:
    named = {vector["name"]: vector for vector in REFERENCE["vectors"]}
    together = combine([of_vector(named[name]) for name in REFERENCE["combine"]["inputs"]])
    assert together is not None
    expected = REFERENCE["combine"]["expected"]
    assert together.points == pytest.approx(expected["points"], rel=1e-12)
    assert together.reach == pytest.approx(expected["reach"], rel=1e-12)
    assert together.sigma == pytest.approx(expected["sigma"], rel=1e-12)


def test_the_constants_are_those_of_the_reference() -> None:
    stated = REFERENCE["params"]
    assert TIKTOK.prior_level == stated["a"]
    assert TIKTOK.prior_slope == stated["b"]
    assert TIKTOK.post_variance == stated["s2"]
    assert TIKTOK.prior_variance == stated["tau2"]
    assert TIKTOK.engagement_floor == stated["rho01"]
    assert TIKTOK.is_provisional is stated["prov"]
    method = REFERENCE["constants"]
    assert [list(step) for step in MATURITY] == method["MAT"]
    assert (method["MAXP"], method["MINA"], method["MAXA"]) == (POST_LIMIT, MIN_AGE_DAYS, MAX_AGE_DAYS)
    assert (method["TAPER"], method["FLOOR"], method["POV"]) == (PRIOR_TAPER, CREDIT_FLOOR, OVERLAP_POWER)


def test_every_network_but_tiktok_is_marked_provisional() -> None:
    assert {name for name, constants in CONSTANTS.items() if not constants.is_provisional} == {"tiktok"}
    assert constants_of("a network of tomorrow").is_provisional


def test_the_method_and_its_constants_have_a_name_and_a_fingerprint() -> None:
    assert METHOD_ID == "SCS-1"
    assert CONSTANTS_HASH[:16] == "a3a067a2b030e2f0", (
        "a changed constant is a new method: give it a new id and recompute"
    )


def test_credited_views_never_fall_when_views_rise() -> None:
    backed = [views * credit_of(views, 500, TIKTOK.engagement_floor) for views in range(1_000, 5_000_000, 1_000)]
    assert backed == sorted(backed)
    assert credit_of(1_000_000, 0, TIKTOK.engagement_floor) == CREDIT_FLOOR
    assert credit_of(0, 0, TIKTOK.engagement_floor) == 1.0


def test_old_posts_have_stopped_growing() -> None:
    assert [maturity_of(age) for age in (0, 3, 5, 59.9, 60, 170)] == [2.15, 1.38, 1.31, 1.09, 1.0, 1.0]


def test_an_account_without_followers_or_posts_is_unrated() -> None:
    assert score_account("tiktok", None, []) is Unrated.NO_FIGURES
    assert score_account("tiktok", None, [Post(1, 5, 1), Post(181, 5, 1)]) is Unrated.NO_FIGURES


def test_posts_alone_make_a_score_where_followers_are_hidden() -> None:
    score = scored("tiktok", None, [Post(10, 20_000, 900)])
    assert score.prior_weight == 0.0
    assert score.follower_share == 0.0


def test_from_fourteen_days_without_a_fetch_the_interval_widens_and_after_forty_five_there_is_no_score() -> None:
    seen = [Post(10, 20_000, 900), Post(20, 25_000, 900)]
    fresh, aging, old = (scored("tiktok", 9_000, seen, days_since_fetch=days) for days in (14, 15, 45))
    assert fresh == scored("tiktok", 9_000, seen)
    assert aging.sigma_typical**2 == pytest.approx(fresh.sigma_typical**2 + (0.02 * 15) ** 2)
    assert old.sigma_post**2 == pytest.approx(fresh.sigma_post**2 + (0.02 * 45) ** 2)
    assert fresh.points == aging.points == old.points
    assert score_account("tiktok", 9_000, seen, days_since_fetch=45.1) is Unrated.STALE


def test_hollow_followers_lower_the_forecast_and_never_below_a_twentieth() -> None:
    seen = [Post(10, 20_000, 900)]
    whole, half = scored("tiktok", 9_000, seen), scored("tiktok", 9_000, seen, audience=0.5)
    assert half.log_reach == pytest.approx(whole.log_reach + log10(0.5))
    assert scored("tiktok", 9_000, seen, audience=0.0).audience == 0.05


def test_confidence_follows_the_width_of_the_interval() -> None:
    steady = [Post(5 + 7 * week, 20_000, 900) for week in range(10)]
    wild = [Post(170, 10 ** (1 + week % 5), 900) for week in range(3)]
    assert scored("tiktok", 50_000, steady).confidence is Confidence.HIGH
    assert scored("tiktok", 50_000, steady[:1]).confidence is Confidence.MEDIUM
    assert scored("tiktok", 50_000, wild).confidence is Confidence.LOW
    assert scored("tiktok", 50_000, []).confidence is Confidence.PROVISIONAL


def test_a_steady_account_is_more_consistent_than_a_wild_one() -> None:
    steady = [Post(5 + 7 * week, 20_000, 900) for week in range(10)]
    wild = [Post(5 + 7 * week, 10 ** (2 + week % 5), 900) for week in range(10)]
    assert scored("tiktok", None, steady).consistency > 0.8 > 0.5 > scored("tiktok", None, wild).consistency


def test_no_network_is_no_score() -> None:
    assert combine([]) is None


@given(networks, followers, st.lists(post, min_size=1, max_size=40), st.data())
def test_more_views_or_engagement_on_any_post_never_lower_a_score(
    network: str, following: int, seen: list[Post], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(seen) - 1))
    old = seen[index]
    views = None if old.views is None else old.views + data.draw(counts)
    better = [*seen]
    better[index] = replace(old, views=views, engagements=old.engagements + data.draw(counts))
    assert scored(network, following, better).points >= scored(network, following, seen).points - 1e-9


@given(networks, followers, posts)
def test_ten_times_the_followers_move_a_score_by_their_share_at_most(
    network: str, following: int, seen: list[Post]
) -> None:
    small, large = scored(network, following, seen), scored(network, 10 * following, seen)
    limit = 14.8 * small.prior_weight / (small.evidence + small.prior_weight) if small.prior_weight else 0.0
    assert -1e-9 <= large.points - small.points <= limit + 1e-9
    if small.post_count >= 10:
        assert large == small


@given(networks, followers, posts, st.randoms(use_true_random=False))
def test_the_order_of_posts_does_not_matter(network: str, following: int, seen: list[Post], draw: Random) -> None:
    mixed = [*seen]
    draw.shuffle(mixed)
    one, other = scored(network, following, seen), scored(network, following, mixed)
    assert other.points == pytest.approx(one.points, abs=1e-9)
    assert other.sigma_post == pytest.approx(one.sigma_post, abs=1e-9)


@given(networks, followers, posts, st.floats(0, 1), st.floats(0, 45))
def test_points_lie_in_bounds_intervals_around_the_forecast_and_a_second_run_is_identical(
    network: str, following: int, seen: list[Post], audience: float, days: float
) -> None:
    score = scored(network, following, seen, audience=audience, days_since_fetch=days)
    assert 0.0 <= score.points <= 100.0
    assert score.post_low < score.reach < score.post_high
    assert score.typical_low < score.reach < score.typical_high
    assert score == scored(network, following, seen, audience=audience, days_since_fetch=days)


@given(st.lists(st.tuples(networks, followers, posts), min_size=2, max_size=5))
def test_adding_a_network_never_lowers_a_score(accounts: list[tuple[str, int, list[Post]]]) -> None:
    scores = [scored(*account) for account in accounts]
    fewer, more = combine(scores[:-1]), combine(scores)
    assert fewer is not None
    assert more is not None
    assert more.points >= fewer.points - 1e-9
    assert combine(scores) == more


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_credit_stays_between_its_floor_and_one(views: int, engagements: int, more: int) -> None:
    credit = credit_of(views, engagements, TIKTOK.engagement_floor)
    assert CREDIT_FLOOR <= credit <= 1.0
    assert credit_of(views, engagements + more, TIKTOK.engagement_floor) >= credit
