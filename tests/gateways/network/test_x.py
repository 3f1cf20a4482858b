"""X through tweepy against the running stand-in, in good and bad weather."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses

from marketplace.gateways.network.base import (
    AccountFigures,
    AccountGone,
    AccountProtected,
    BudgetSpent,
    Network,
    NetworkError,
    NetworkUnavailable,
    RateLimited,
)
from marketplace.gateways.network.x import XNetwork
from tests.gateways.network.conftest import Standin

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
API = "https://api.twitter.com/2"


@pytest.fixture
def x(standin: Standin) -> Network:
    return XNetwork("a token", base=standin.base, read_timeout=0.5)


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def the_account(network: Network, handle: str) -> AccountFigures:
    found = network.find_accounts([handle])[handle]
    assert isinstance(found, AccountFigures)
    return found


def test_a_profile_comes_with_its_figures(x: Network) -> None:
    account = the_account(x, "maya_actor")
    assert account.handle == "maya_actor"
    assert (account.followers or 0) > 0
    assert (account.following or 0) > 0
    assert (account.posts or 0) > 0
    assert not account.is_protected


def test_handles_are_matched_in_any_case_and_with_an_at_sign(x: Network) -> None:
    found = x.find_accounts(["Maya_Actor", "@maya_actor"])
    assert found["Maya_Actor"] == found["@maya_actor"] == the_account(x, "maya_actor")


def test_two_hundred_and_fifty_handles_are_asked_in_three_calls(x: XNetwork) -> None:
    handles = [f"actor_{number}" for number in range(250)]
    found = x.find_accounts(handles)
    assert list(found) == handles
    assert all(isinstance(account, AccountFigures) for account in found.values())
    assert x.remaining["/2/users/by"] == 300 - 3


# case 36
def test_a_missing_and_a_suspended_account_do_not_hide_the_others(x: Network) -> None:
    found = x.find_accounts(["gone_actor", "maya_actor", "suspended_actor", "not a handle", "a" * 16])
    assert isinstance(found["maya_actor"], AccountFigures)
    gone = [handle for handle, one in found.items() if isinstance(one, AccountGone)]
    assert gone == ["gone_actor", "suspended_actor", "not a handle", "a" * 16]


def test_a_lone_missing_account_is_an_answer_without_data(x: Network) -> None:
    assert isinstance(x.find_accounts(["gone_actor"])["gone_actor"], AccountGone)
    assert x.find_accounts([]) == {}


def test_posts_come_newest_first_with_all_figures(x: Network, standin: Standin) -> None:
    posts = x.read_posts(the_account(x, "maya_actor").external_id, since=SINCE)
    assert posts
    assert [post.posted_at for post in posts] == sorted((post.posted_at for post in posts), reverse=True)
    assert all(SINCE < post.posted_at <= standin.clock() for post in posts)
    assert all(None not in (post.views, post.likes, post.comments, post.shares, post.quotes) for post in posts)
    assert len({post.external_id for post in posts}) == len(posts)


def test_a_later_reading_has_new_posts_and_old_ones_have_grown(x: Network, standin: Standin) -> None:
    account = the_account(x, "maya_actor")
    before = {post.external_id: post for post in x.read_posts(account.external_id, since=SINCE)}
    standin.clock.pass_days(20)
    after = {post.external_id: post for post in x.read_posts(account.external_id, since=SINCE, limit=100)}
    assert before.keys() < after.keys()
    assert all((after[key].views or 0) >= (post.views or 0) for key, post in before.items())
    assert (the_account(x, "maya_actor").followers or 0) >= (account.followers or 0)


def test_a_protected_account_shows_its_profile_and_no_posts(x: Network) -> None:
    account = the_account(x, "protected_actor")
    assert account.is_protected
    with pytest.raises(AccountProtected):
        x.read_posts(account.external_id, since=SINCE)


def test_an_account_without_posts_is_no_error(x: Network) -> None:
    assert x.read_posts(the_account(x, "silent_actor").external_id, since=SINCE) == []


def test_an_account_that_vanished_between_two_calls_is_gone(x: Network) -> None:
    with pytest.raises(AccountGone):
        x.read_posts("9", since=SINCE)


def test_figures_that_are_left_out_are_unknown_and_not_zero(x: Network) -> None:
    account = the_account(x, "bare_actor")
    assert (account.followers, account.following, account.posts) == (None, None, None)
    assert {post.views for post in x.read_posts(account.external_id, since=SINCE)} == {None}


# case 36
def test_the_new_spelling_of_counts_is_read_too(x: Network) -> None:
    account = the_account(x, "renewed_actor")
    assert (account.posts or 0) > 0
    assert all(post.shares is not None for post in x.read_posts(account.external_id, since=SINCE))


# case 36
def test_too_many_calls_say_when_to_come_back(x: Network) -> None:
    with pytest.raises(RateLimited) as refusal:
        x.find_accounts(["limited_actor"])
    assert refusal.value.retry_at is not None
    assert datetime.now(UTC) - timedelta(minutes=1) < refusal.value.retry_at < datetime.now(UTC) + timedelta(days=1)


def test_the_quota_of_a_quarter_of_an_hour_runs_out_and_comes_back(x: Network, standin: Standin) -> None:
    account = the_account(x, "maya_actor")
    for _ in range(299):
        x.find_accounts(["maya_actor"])
    with pytest.raises(RateLimited):
        x.find_accounts(["maya_actor"])
    standin.clock.pass_days(0.02)
    assert the_account(x, "maya_actor").external_id == account.external_id


@pytest.mark.parametrize(
    ("handle", "refusal"),
    [
        ("broken_actor", NetworkUnavailable),
        ("garbled_actor", NetworkUnavailable),
        ("slow_actor", NetworkUnavailable),
        ("broke_actor", BudgetSpent),
    ],
)
def test_bad_weather_has_its_own_name(x: Network, handle: str, refusal: type[NetworkError]) -> None:
    with pytest.raises(refusal):
        x.find_accounts([handle])


def test_a_network_that_cannot_be_reached_is_unavailable() -> None:
    with pytest.raises(NetworkUnavailable, match="could not be reached"):
        XNetwork("a token", base="http://127.0.0.1:9", read_timeout=0.5).find_accounts(["maya_actor"])


def test_an_empty_token_is_refused_by_the_network(standin: Standin) -> None:
    with pytest.raises(NetworkUnavailable, match="401"):
        XNetwork("", base=standin.base).find_accounts(["maya_actor"])


def test_without_another_address_calls_go_to_x_with_the_token(web: responses.RequestsMock) -> None:
    web.get(f"{API}/users/by", json={"data": [{"id": "1", "username": "maya"}]})
    account = the_account(XNetwork("a token"), "maya")
    assert account.external_id == "1"
    assert web.calls[0].request.headers["Authorization"] == "Bearer a token"


@pytest.mark.parametrize(
    "answer",
    [
        {"json": []},
        {"json": {"data": [{"name": "no id"}]}},
        {"json": {"data": [7]}},
        {"status": 500, "json": ["broken"]},
        {"status": 401, "json": {"title": "Unauthorized"}},
        {"status": 403, "json": {"title": "Client Forbidden"}},
        {"body": b""},
    ],
)
def test_no_answer_however_strange_gets_past_the_gateway(web: responses.RequestsMock, answer: dict[str, Any]) -> None:
    web.get(f"{API}/users/by", **answer)
    with pytest.raises(NetworkUnavailable):
        XNetwork("a token").find_accounts(["maya"])


def test_a_limit_without_a_reset_time_is_a_limit_all_the_same(web: responses.RequestsMock) -> None:
    web.get(f"{API}/users/by", status=429, json={})
    with pytest.raises(RateLimited) as refusal:
        XNetwork("a token").find_accounts(["maya"])
    assert refusal.value.retry_at is None
    assert len(web.calls) == 1
