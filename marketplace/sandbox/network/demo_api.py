"""The demo networks: plain JSON, with what TikTok, YouTube and Instagram show and hide."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from marketplace.sandbox.network.bio import bio_of
from marketplace.sandbox.network.figures import HIDES_VIEWS, TASTES, MadeUpPost, make_account
from marketplace.sandbox.network.name import handle_of, id_of, is_handle

NETWORKS: Final = frozenset(TASTES) - {"x"}
GONE: Final = frozenset({"gone_actor", "suspended_actor"})
STATUS: Final = {"limited_actor": 429, "broken_actor": 503, "broke_actor": 402}


def demo_routes(seed: int, *, now: Callable[[], datetime], slow: Callable[[], None]) -> Blueprint:
    """Routes under /tiktok, /youtube and /instagram."""
    routes = Blueprint("demo", __name__, url_prefix=f"/<any({','.join(sorted(NETWORKS))}):network>")

    @routes.get("/accounts")
    def accounts(network: str) -> Response:
        handles = [handle for handle in request.args.get("handles", "").split(",") if handle]
        refusal = _misbehave(handles, slow, now())
        if refusal is not None:
            return refusal
        known = [handle for handle in handles if is_handle(handle) and handle.lower() not in GONE]
        return jsonify(accounts=[_account(seed, network, handle, now()) for handle in known])

    @routes.get("/accounts/<account_id>/posts")
    def posts(network: str, account_id: str) -> Response:
        handle = handle_of(account_id)
        if handle is None or handle in GONE:
            return _refusal(404)
        if handle == "protected_actor":
            return _refusal(403)
        refusal = _misbehave([handle], slow, now())
        if refusal is not None:
            return refusal
        since = max(datetime.fromisoformat(request.args["since"]), now() - timedelta(days=400))
        made = [] if handle == "silent_actor" else make_account(seed, network, handle).posts(since, now())
        limit = request.args.get("limit", 30, type=int)
        return jsonify(posts=[_post(network, handle, post) for post in made[:limit]])

    return routes


def _misbehave(handles: list[str], slow: Callable[[], None], at: datetime) -> Response | None:
    if "slow_actor" in handles:
        slow()
    if "garbled_actor" in handles:
        return Response("<!doctype html><title>Something went wrong</title>", mimetype="text/html")
    for handle in handles:
        if handle in STATUS:
            refusal = _refusal(STATUS[handle])
            refusal.headers["x-rate-limit-reset"] = str(int(at.timestamp()) + 300)
            return refusal
    return None


def _refusal(status: int) -> Response:
    refusal = jsonify(status=status)
    refusal.status_code = status
    return refusal


def _account(seed: int, network: str, handle: str, at: datetime) -> dict[str, Any]:
    account = make_account(seed, network, handle.lower())
    bare = handle == "bare_actor"
    return {
        "handle": handle,
        "external_id": id_of(handle),
        "followers": None if bare else account.followers(at),
        "following": None if bare else account.following,
        "posts": None if bare else account.post_count(at),
        "is_protected": handle == "protected_actor",
        "bio": bio_of(network, handle),
    }


def _post(network: str, handle: str, post: MadeUpPost) -> dict[str, Any]:
    bare = handle == "bare_actor"
    return {
        "external_id": f"{network}-{post.number}",
        "posted_at": post.posted_at.isoformat(),
        "views": None if bare or network in HIDES_VIEWS else post.views,
        "likes": None if bare else post.likes,
        "comments": None if bare else post.comments,
        "shares": None if bare else post.shares,
        "is_paid": post.is_paid,
    }
