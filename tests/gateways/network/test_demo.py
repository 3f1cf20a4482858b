"""The demo networks against the running stand-in."""

from datetime import UTC, datetime

import pytest

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
from marketplace.gateways.network.demo import DEMO_NETWORKS, DemoNetwork
from tests.gateways.network.conftest import Standin

SINCE = datetime(2026, 3, 1, tzinfo=UTC)


def network_of(standin: Standin, name: str = "tiktok") -> Network:
    return DemoNetwork(name, base=standin.base, read_timeout=0.5)


def the_account(network: Network, handle: str) -> AccountFigures:
    found = network.find_accounts([handle])[handle]
    assert isinstance(found, AccountFigures)
    return found


@pytest.mark.parametrize("name", DEMO_NETWORKS)
def test_any_handle_has_an_account_with_posts(standin: Standin, name: str) -> None:
    network = network_of(standin, name)
    account = the_account(network, "Maya.Actor-1")
    posts = network.read_posts(account.external_id, since=SINCE)
    assert (account.followers or 0) > 0
    assert len(posts) >= 5
    assert all(SINCE < post.posted_at <= standin.clock() for post in posts)
    assert all((post.views is None) == (name == "instagram") for post in posts)
    assert all(post.likes is not None for post in posts)


def test_the_same_seed_makes_the_same_account_and_another_seed_another(standin: Standin) -> None:
    again, other = Standin(), Standin(seed=2)
    try:
        accounts = [the_account(network_of(one), "maya") for one in (standin, again, other)]
        posts = [network_of(one).read_posts(accounts[0].external_id, since=SINCE) for one in (standin, again)]
    finally:
        again.close()
        other.close()
    assert accounts[0] == accounts[1] != accounts[2]
    assert posts[0] == posts[1]


def test_networks_of_one_handle_differ(standin: Standin) -> None:
    assert len({the_account(network_of(standin, name), "maya").followers for name in DEMO_NETWORKS}) == 3


def test_many_handles_are_asked_in_batches(standin: Standin) -> None:
    handles = [f"actor.{number}" for number in range(120)]
    assert list(network_of(standin).find_accounts(handles)) == handles


def test_missing_accounts_do_not_hide_the_others(standin: Standin) -> None:
    found = network_of(standin).find_accounts(["gone_actor", "maya", "no such, handle", "suspended_actor"])
    assert [type(one) for one in found.values()] == [AccountGone, AccountFigures, AccountGone, AccountGone]


def test_the_newest_posts_come_first_and_no_more_than_asked(standin: Standin) -> None:
    network = network_of(standin)
    posts = network.read_posts(the_account(network, "maya").external_id, since=SINCE, limit=5)
    assert len(posts) == 5
    assert posts[0].posted_at > posts[-1].posted_at


def test_protected_silent_and_unknown_accounts(standin: Standin) -> None:
    network = network_of(standin)
    protected = the_account(network, "protected_actor")
    assert protected.is_protected
    with pytest.raises(AccountProtected):
        network.read_posts(protected.external_id, since=SINCE)
    assert network.read_posts(the_account(network, "silent_actor").external_id, since=SINCE) == []
    with pytest.raises(AccountGone):
        network.read_posts("7", since=SINCE)
    assert the_account(network, "bare_actor").followers is None


@pytest.mark.parametrize(
    ("handle", "refusal"),
    [
        ("broken_actor", NetworkUnavailable),
        ("garbled_actor", NetworkUnavailable),
        ("slow_actor", NetworkUnavailable),
        ("broke_actor", BudgetSpent),
        ("limited_actor", RateLimited),
    ],
)
def test_bad_weather_has_its_own_name(standin: Standin, handle: str, refusal: type[NetworkError]) -> None:
    with pytest.raises(refusal):
        network_of(standin).find_accounts([handle])


def test_a_stand_in_that_is_down_is_unavailable() -> None:
    with pytest.raises(NetworkUnavailable):
        DemoNetwork("tiktok", base="http://127.0.0.1:9", read_timeout=0.5).find_accounts(["maya"])
