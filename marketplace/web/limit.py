"""How often something may be tried: from one address, and for one account from however many addresses."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from flask import Flask, Response, request, session
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_security import current_user

from marketplace.config import Settings

# what one address may do; reading is free
BY_ADDRESS: Final = {
    "security.login": "10 per minute; 60 per hour",
    "security.register": "5 per minute; 20 per hour",
    "security.forgot_password": "5 per minute; 20 per hour",
    "security.send_confirmation": "5 per minute; 20 per hour",
    "security.reset_password": "10 per minute; 30 per hour",
    "security.two_factor_token_validation": "5 per minute; 30 per hour",
    "security.two_factor_setup": "10 per minute; 60 per hour",
    "security.two_factor_setup_validate": "5 per minute; 30 per hour",
    "security.mf_recovery": "5 per minute; 20 per hour",
    "security.verify": "10 per minute",
    "security.change_password": "10 per minute",
}
# what may fail for one account. Above what a single address may try, so that no one stranger locks somebody out
BY_ACCOUNT: Final = {
    "security.login": "100 per hour",
    "security.two_factor_token_validation": "50 per hour",
    "security.two_factor_setup_validate": "50 per hour",
    "security.mf_recovery": "50 per hour",
    "security.verify": "50 per hour",
    "security.change_password": "50 per hour",
}
# what one person's letter box may get
BY_LETTER_BOX: Final = {
    "security.forgot_password": "6 per hour",
    "security.send_confirmation": "6 per hour",
}
# calendars are asked for by programs: many from one address (a calendar company's), few for one secret
FEED: Final = "public.calendar_feed"
FEED_BY_ADDRESS: Final = "300 per minute"
FEED_BY_SECRET: Final = "20 per minute; 120 per hour"
# what makes us ask a stranger's server
BY_PERSON: Final = {"actor.add_calendar": "20 per hour", "actor.read_calendar_again": "30 per hour"}
REDIS_WAITS: Final[dict[str, str | int]] = {"socket_connect_timeout": 2, "socket_timeout": 2}


def install(app: Flask, settings: Settings) -> None:
    """Slow down whoever tries many passwords, codes or addresses; call it when all routes are there.

    Should the shared store be away, each process counts by itself: a slower guard is better than no door.
    """
    limiter = Limiter(
        get_remote_address,
        app=app,
        headers_enabled=True,
        storage_uri=settings.limiter_url,
        storage_options=REDIS_WAITS if settings.limiter_url.startswith("redis") else {},
        in_memory_fallback_enabled=True,
    )
    for endpoint, limit in BY_ADDRESS.items():
        _wrap(app, endpoint, limiter.limit(limit, methods=["POST"]))
    for endpoint, limit in BY_ACCOUNT.items():
        _wrap(app, endpoint, limiter.limit(limit, key_func=the_account, methods=["POST"], deduct_when=has_failed))
    for endpoint, limit in BY_LETTER_BOX.items():
        _wrap(app, endpoint, limiter.limit(limit, key_func=the_account, methods=["POST"]))
    for endpoint, limit in BY_PERSON.items():
        _wrap(app, endpoint, limiter.limit(limit, key_func=the_account, methods=["POST"]))
    _wrap(app, FEED, limiter.limit(FEED_BY_ADDRESS))
    _wrap(app, FEED, limiter.limit(FEED_BY_SECRET, key_func=the_secret))


def _wrap(app: Flask, endpoint: str, limited: Callable[[Any], Any]) -> None:
    app.view_functions[endpoint] = limited(app.view_functions[endpoint])


def the_account() -> str:
    """Whose account is tried: by the address typed, by the half-done sign-in, or who is signed in.

    Hashed, because the store of limits is no place for people's addresses.
    """
    if current_user.is_authenticated:
        tried = str(current_user.fs_uniquifier)
    else:
        tried = str(session.get("tf_user_id") or request.form.get("email", "").strip().casefold())
    return f"account:{sha256(tried.encode()).hexdigest()}"


def the_secret() -> str:
    """Which secret address is asked for; hashed, as it is wherever it is kept."""
    return f"secret:{sha256(request.path.encode()).hexdigest()}"


def has_failed(response: Response) -> bool:
    """Whether a password or code was wrong: the form is shown again instead of leading on."""
    return response.status_code not in (302, 303)
