"""Events: snapshots for v1 objects, thin ones for v2 accounts, each with a delivery to every kind of endpoint."""

import copy
import time
from datetime import UTC, datetime
from typing import Literal

from marketplace.sandbox.stripe.state import Json, State, new_id

Target = Literal["own", "connected", "thin"]


def announce(
    state: State, kind: str, body: Json, *, account: str, version: str, request_id: str, key: str | None
) -> Json:
    """A snapshot event: the object as it is now, rendered in the version of the caller."""
    event: Json = {
        "id": new_id("evt_"),
        "object": "event",
        "api_version": version,
        "created": state.now,
        "data": {"object": copy.deepcopy(body)},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": request_id or None, "idempotency_key": key},
        "type": kind,
    }
    if account:
        event["account"] = account
    state.add("event", event)
    queue(state, event["id"], "connected" if account else "own")
    return event


def announce_thin(state: State, kind: str, account: str) -> Json:
    """A thin event: it only says which account to read again."""
    event: Json = {
        "id": new_id("evt_test_65"),
        "object": "v2.core.event",
        "type": kind,
        "livemode": False,
        "created": rfc3339(state.now),
        "reason": None,
        "related_object": {"id": account, "type": "v2.core.account", "url": f"/v2/core/accounts/{account}"},
    }
    state.add("v2.core.event", event)
    queue(state, event["id"], "thin")
    return event


def queue(state: State, event: str, target: Target) -> None:
    """Ask for one delivery. Dropped at once when the stand-in serves no endpoint of that kind."""
    if target in state.setting("targets").split(","):
        state.run("INSERT INTO delivery (event, target, due) VALUES (?, ?, ?)", event, target, time.time())


def pending(state: State, event: str) -> int:
    """How many deliveries of an event have not been answered with a 2xx."""
    return int(state.run("SELECT count(*) FROM delivery WHERE event = ? AND done = 0", event)[0][0])


def rfc3339(seconds: int) -> str:
    """The v2 form of an instant."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
