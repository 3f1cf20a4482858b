"""Idempotency keys as at Stripe: the first executed answer is kept for a day, whatever its status."""

import hashlib
import json

from marketplace.sandbox.stripe.error import StripeRefusal
from marketplace.sandbox.stripe.state import Json, State

KEPT_S = 24 * 3600
LONGEST = 255


def claim(state: State, account: str, key: str, verb: str, path: str, params: Json) -> tuple[int, Json] | None:
    """Take the key for this request. Gives the kept answer when there is one.

    Refuses a key that was used for another request (400) and one whose first request is under way (409).
    """
    if len(key) > LONGEST:
        raise StripeRefusal(400, "idempotency_error", f"Idempotency keys may have at most {LONGEST} characters.")
    asked = hashlib.sha256(json.dumps([verb, path, params], sort_keys=True).encode()).hexdigest()
    with state.transaction():
        state.run("DELETE FROM answer WHERE created < ?", state.now - KEPT_S)
        rows = state.run("SELECT request, status, body FROM answer WHERE account = ? AND key = ?", account, key)
        if not rows:
            values = (account, key, asked, state.now)
            state.run("INSERT INTO answer (account, key, request, created) VALUES (?, ?, ?, ?)", *values)
            return None
    request, status, body = rows[0]
    if request != asked:
        raise StripeRefusal(
            400,
            "idempotency_error",
            "Keys for idempotent requests can only be used with the same parameters they were first used with."
            f" Try using a key other than '{key}' if you meant to execute a different request.",
        )
    if status is None:
        raise StripeRefusal(
            409,
            "idempotency_error",
            "There is currently another in-progress request using this Idempotency Key.",
            code="idempotency_key_in_use",
        )
    return int(status), json.loads(body)


def keep(state: State, account: str, key: str, status: int, body: Json) -> None:
    """Keep the answer of the request that took the key."""
    state.run(
        "UPDATE answer SET status = ?, body = ? WHERE account = ? AND key = ?", status, json.dumps(body), account, key
    )


def let_go(state: State, account: str, key: str) -> None:
    """Forget a claim whose request never ran to an answer."""
    state.run("DELETE FROM answer WHERE account = ? AND key = ? AND status IS NULL", account, key)
