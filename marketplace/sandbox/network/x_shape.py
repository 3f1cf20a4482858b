"""The JSON of X: users, posts and problems, as its API v2 gives them."""

from datetime import datetime
from typing import Any, Final

from flask import Response, jsonify

from marketplace.sandbox.network.bio import bio_of
from marketplace.sandbox.network.figures import MadeUpAccount, MadeUpPost
from marketplace.sandbox.network.name import id_of

PROBLEM: Final = "https://api.twitter.com/2/problems/"
SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657


def user(account: MadeUpAccount, at: datetime, fields: set[str]) -> dict[str, Any]:
    """A profile with the fields asked for; empty ones are left out."""
    item: dict[str, Any] = {"id": id_of(account.key), "name": account.key.title(), "username": account.key}
    if "protected" in fields:
        item["protected"] = account.key == "protected_actor"
    if "description" in fields:
        item["description"] = bio_of("x", account.key)
    if "created_at" in fields:
        item["created_at"] = "2016-05-04T08:30:00.000Z"
    if "public_metrics" in fields and account.key != "bare_actor":
        count = "post_count" if account.key == "renewed_actor" else "tweet_count"
        item["public_metrics"] = {
            "followers_count": account.followers(at),
            "following_count": account.following,
            count: account.post_count(at),
            "listed_count": account.following // 40,
        }
    return item


def post(account: MadeUpAccount, made: MadeUpPost, fields: set[str]) -> dict[str, Any]:
    """A post with the fields asked for."""
    text = f"Post {made.number}"
    item: dict[str, Any] = {"id": _snowflake(account, made), "text": text, "edit_history_tweet_ids": []}
    if "created_at" in fields:
        item["created_at"] = made.posted_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if "paid_partnership" in fields and made.is_paid:
        item["paid_partnership"] = True
    if "public_metrics" in fields and account.key != "bare_actor":
        shared = "repost_count" if account.key == "renewed_actor" else "retweet_count"
        item["public_metrics"] = {
            shared: made.shares,
            "reply_count": made.comments,
            "like_count": made.likes,
            "quote_count": made.quotes,
            "bookmark_count": made.saves,
            "impression_count": made.views,
        }
    return item


def _snowflake(account: MadeUpAccount, made: MadeUpPost) -> str:
    """Milliseconds, then bits that tell accounts apart: newer posts have larger ids."""
    moment = int(made.posted_at.timestamp() * 1000) - SNOWFLAKE_EPOCH_MS
    return str((moment << 22) + int(id_of(account.key)) % (1 << 22))


def problem(status: int, kind: str, title: str, detail: str) -> Response:
    """An answer of the kind application/problem+json."""
    response = jsonify(type=kind, title=title, detail=detail, status=status)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def invalid(parameter: str, message: str) -> Response:
    """400 for one parameter."""
    response = problem(400, f"{PROBLEM}invalid-request", "Invalid Request", "One or more parameters were invalid.")
    body = {**(response.get_json() or {}), "errors": [{"parameters": {parameter: []}, "message": message}]}
    response.set_data(jsonify(body).get_data())
    return response


def missing(parameter: str, value: str) -> dict[str, str]:
    """One entry of `errors` in an answer that is 200 all the same."""
    return {
        "value": value,
        "detail": f"Could not find user with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": "user",
        "parameter": parameter,
        "resource_id": value,
        "type": f"{PROBLEM}resource-not-found",
    }


def suspended(parameter: str, value: str) -> dict[str, str]:
    """As `missing`, where X says why."""
    return missing(parameter, value) | {
        "title": "Forbidden",
        "detail": f"User has been suspended: [{value}].",
    }


def not_authorized(account_id: str) -> dict[str, str]:
    """As `missing`, for the posts of a protected account."""
    return missing("id", account_id) | {
        "title": "Authorization Error",
        "detail": f"Sorry, you are not authorized to see the user with id: [{account_id}].",
        "type": f"{PROBLEM}not-authorized-for-resource",
    }
