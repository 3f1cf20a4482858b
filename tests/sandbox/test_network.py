"""The made-up networks: ids that outlive a restart, and figures that only grow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from marketplace.sandbox.network import create_app
from marketplace.sandbox.network.figures import TASTES, make_account
from marketplace.sandbox.network.name import RESERVED, handle_of, id_of, is_handle

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BEARER = {"Authorization": "Bearer a token"}


@pytest.fixture
def client() -> FlaskClient:
    return create_app(1, now=lambda: NOW, slow=lambda: None).test_client()


def test_an_id_carries_its_handle() -> None:
    for handle in ("maya", "Maya.Actor-1", "a", "0_0", "z" * 30, *RESERVED):
        assert is_handle(handle)
        assert handle_of(id_of(handle)) == handle.lower()
        assert id_of(handle).isdecimal()


@pytest.mark.parametrize("wrong", ["", "1", "12", "199", "2023", "x", "1٣٤"])
def test_what_is_no_id_has_no_handle(wrong: str) -> None:
    assert handle_of(wrong) is None


@pytest.mark.parametrize("wrong", ["", "a b", "a,b", "é", "z" * 31])
def test_what_is_no_handle_is_refused(wrong: str) -> None:
    assert not is_handle(wrong)


@pytest.mark.parametrize("network", sorted(TASTES))
def test_followers_views_and_posts_only_grow(network: str) -> None:
    account = make_account(1, network, "maya")
    moments = [NOW + timedelta(days=day) for day in range(0, 400, 7)]
    followers = [account.followers(at) for at in moments]
    assert followers == sorted(followers)
    early = {post.number: post for post in account.posts(NOW - timedelta(days=60), NOW)}
    later = {post.number: post for post in account.posts(NOW - timedelta(days=60), NOW + timedelta(days=30))}
    assert early.keys() < later.keys()
    for number, post in early.items():
        assert later[number].posted_at == post.posted_at
        assert later[number].views >= post.views
        assert later[number].likes >= post.likes


def test_posts_asked_for_in_two_parts_are_those_asked_for_at_once() -> None:
    account = make_account(1, "tiktok", "maya")
    start, middle = NOW - timedelta(days=90), NOW - timedelta(days=41.3)
    whole = [post.number for post in account.posts(start, NOW)]
    assert whole == [post.number for post in account.posts(middle, NOW)] + [
        post.number for post in account.posts(start, middle)
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/2/users/by", 400),
        ("/2/users/by?usernames=not%20one", 400),
        ("/2/users/by?usernames=" + ",".join(f"a{number}" for number in range(101)), 400),
        ("/2/users/by?usernames=maya", 200),
        (f"/2/users?ids={id_of('maya')}", 200),
        (f"/2/users/{id_of('maya')}/tweets?max_results=4", 400),
        ("/2/users/by?usernames=limited_actor", 429),
        ("/2/users/by?usernames=broke_actor", 402),
        ("/2/users/by?usernames=broken_actor", 503),
    ],
)
def test_x_answers_as_x_does(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(path, headers=BEARER)
    assert answer.status_code == status
    assert client.get(path).status_code in {400, 401}
    if status >= 400:
        assert answer.mimetype == "application/problem+json"
        assert answer.get_json()["status"] == status


def test_x_says_what_quota_is_left(client: FlaskClient) -> None:
    answer = client.get("/2/users/by?usernames=maya", headers=BEARER)
    assert answer.headers["x-rate-limit-limit"] == "300"
    assert answer.headers["x-rate-limit-remaining"] == "299"
    assert int(answer.headers["x-rate-limit-reset"]) > NOW.timestamp()


def test_x_gives_what_it_has_and_names_what_it_has_not(client: FlaskClient) -> None:
    body = client.get("/2/users/by?usernames=maya,gone_actor,suspended_actor", headers=BEARER).get_json()
    assert [item["username"] for item in body["data"]] == ["maya"]
    assert [error["value"] for error in body["errors"]] == ["gone_actor", "suspended_actor"]
    assert "suspended" in body["errors"][1]["detail"]
    lone = client.get("/2/users/by?usernames=gone_actor", headers=BEARER).get_json()
    assert "data" not in lone


def test_x_shows_only_the_fields_that_were_asked_for(client: FlaskClient) -> None:
    [plain] = client.get("/2/users/by?usernames=maya", headers=BEARER).get_json()["data"]
    assert set(plain) == {"id", "name", "username"}
    [post, *_] = client.get(f"/2/users/{id_of('maya')}/tweets?post.fields=public_metrics", headers=BEARER).get_json()[
        "data"
    ]
    assert "impression_count" in post["public_metrics"]
    assert "created_at" not in post
