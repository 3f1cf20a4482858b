"""The part of X's API v2 that is used: users by id and name, and a user's posts, with X's ways of failing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from marketplace.sandbox.network.figures import MadeUpAccount, make_account
from marketplace.sandbox.network.name import handle_of, is_handle
from marketplace.sandbox.network.window import Window
from marketplace.sandbox.network.x_shape import (
    PROBLEM,
    invalid,
    missing,
    not_authorized,
    post,
    problem,
    suspended,
    user,
)

LOOKUP_LIMIT: Final = 300
TIMELINE_LIMIT: Final = 10_000
GONE: Final = frozenset({"gone_actor", "suspended_actor"})
QUOTA: Final = "marquee.quota"


class _Answer(Exception):
    """An answer that ends the request early."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


@dataclass(frozen=True)
class _XApi:
    """The views, with the clock and the quota they share."""

    seed: int
    now: Callable[[], datetime]
    window: Window
    slow: Callable[[], None]

    def users_by_id(self) -> Response:
        ids = _asked("ids")
        handles = [handle_of(one) or "" for one in ids]
        self._admit("users", LOOKUP_LIMIT, handles)
        return self._users("ids", list(zip(ids, handles, strict=True)))

    def users_by_name(self) -> Response:
        names = _asked("usernames")
        wrong = [name for name in names if not is_handle(name) or len(name) > 15]
        if wrong:
            raise _Answer(invalid("usernames", f"{wrong[0]!r} does not match ^[A-Za-z0-9_]{{1,15}}$"))
        handles = [name.lower() for name in names]
        self._admit("users/by", LOOKUP_LIMIT, handles)
        return self._users("usernames", list(zip(names, handles, strict=True)))

    def timeline(self, account_id: str) -> Response:
        handle = handle_of(account_id)
        self._admit("timeline", TIMELINE_LIMIT, [handle or ""])
        if handle is None or handle in GONE:
            return jsonify(errors=[missing("id", account_id)])
        if handle == "protected_actor":
            return jsonify(errors=[not_authorized(account_id)])
        return _timeline(make_account(self.seed, "x", handle), self.now())

    def _admit(self, route: str, limit: int, handles: list[str]) -> None:
        """Ask for the token, count the call, and misbehave where a reserved handle asks for it."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not token.strip():
            raise _Answer(problem(401, "about:blank", "Unauthorized", "Unauthorized"))
        within, headers = self.window.take(route, limit)
        request.environ[QUOTA] = headers
        if not within or "limited_actor" in handles:
            headers["x-rate-limit-remaining"] = "0"
            raise _Answer(problem(429, "about:blank", "Too Many Requests", "Too Many Requests"))
        if "slow_actor" in handles:
            self.slow()
        _misbehave(handles)

    def _users(self, parameter: str, asked: list[tuple[str, str]]) -> Response:
        """200 for every mixture; what is missing stands in `errors`, and with nothing found there is no `data`."""
        body: dict[str, Any] = {}
        found = [handle for _, handle in asked if handle and handle not in GONE]
        errors = [
            suspended(parameter, value) if handle == "suspended_actor" else missing(parameter, value)
            for value, handle in asked
            if not handle or handle in GONE
        ]
        if found:
            at, fields = self.now(), _fields("user.fields")
            body["data"] = [user(make_account(self.seed, "x", handle), at, fields) for handle in dict.fromkeys(found)]
        if errors:
            body["errors"] = errors
        return jsonify(body)


def x_routes(seed: int, *, now: Callable[[], datetime], window: Window, slow: Callable[[], None]) -> Blueprint:
    """Routes under /2."""
    api = _XApi(seed, now, window, slow)
    routes = Blueprint("x", __name__, url_prefix="/2")
    routes.add_url_rule("/users", view_func=api.users_by_id)
    routes.add_url_rule("/users/by", view_func=api.users_by_name)
    routes.add_url_rule("/users/<account_id>/tweets", view_func=api.timeline)
    routes.register_error_handler(_Answer, lambda answer: answer.response)
    routes.after_request(_say_what_is_left)
    return routes


def _say_what_is_left(response: Response) -> Response:
    response.headers.extend(request.environ.get(QUOTA, {}))
    return response


def _asked(name: str) -> list[str]:
    values = [value for value in request.args.get(name, "").split(",") if value]
    if not 1 <= len(values) <= 100:
        raise _Answer(invalid(name, f"size must be between 1 and 100, is {len(values)}"))
    return values


def _misbehave(handles: list[str]) -> None:
    if "broken_actor" in handles:
        raise _Answer(problem(503, "about:blank", "Service Unavailable", "Service Unavailable"))
    if "broke_actor" in handles:
        raise _Answer(problem(402, f"{PROBLEM}credits", "CreditsDepleted", "Your account has no credits left."))
    if "garbled_actor" in handles:
        raise _Answer(Response("<!doctype html><title>Something went wrong</title>", mimetype="text/html"))


def _timeline(account: MadeUpAccount, at: datetime) -> Response:
    since = datetime.fromisoformat(request.args.get("start_time", "2010-11-06T00:00:01Z"))
    limit = request.args.get("max_results", 10, type=int)
    if not 5 <= limit <= 100:
        raise _Answer(invalid("max_results", f"The `max_results` query parameter value [{limit}] is not in 5..100"))
    since = max(since, at - timedelta(days=400))
    posts = [] if account.key == "silent_actor" else account.posts(since, at)[:limit]
    fields = _fields("tweet.fields") | _fields("post.fields")
    items = [post(account, one, fields) for one in posts]
    meta: dict[str, Any] = {"result_count": len(items)}
    if not items:
        return jsonify(meta=meta)
    return jsonify(data=items, meta=meta | {"newest_id": items[0]["id"], "oldest_id": items[-1]["id"]})


def _fields(name: str) -> set[str]:
    return set(request.args.get(name, "").split(","))
