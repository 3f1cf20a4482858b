"""What a visitor's browser remembers: the theme, and the zone that times are shown in."""

from __future__ import annotations

from zoneinfo import available_timezones

from flask import Flask, request

from marketplace.web.guard import find_principal

ZONE_COOKIE = "zone"
DEFAULT_ZONE = "UTC"
ZONES = frozenset(available_timezones())


def viewer_zone() -> str:
    """The IANA zone to show times in: the account's own, else what the browser says, else UTC.

    UTC is what an account has before anyone chose, so it gives way; who does choose it has it in the browser as well.
    """
    principal = find_principal()
    if principal is not None and principal.zone != DEFAULT_ZONE:
        return principal.zone
    told = request.cookies.get(ZONE_COOKIE, "")
    return told if told in ZONES else DEFAULT_ZONE


def install(app: Flask) -> None:
    """Let every template say `viewer_zone`."""
    app.context_processor(lambda: {"viewer_zone": viewer_zone()})
