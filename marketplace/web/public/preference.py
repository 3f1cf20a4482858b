"""What a visitor chooses for this browser: the theme and the zone of times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zoneinfo import available_timezones

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from marketplace.domain.errors import Invalid
from marketplace.services.account import set_zone as keep_zone
from marketplace.services.actor import get_actor
from marketplace.web.address import own_path
from marketplace.web.guard import find_principal, public
from marketplace.web.public import blueprint
from marketplace.web.show import zone_city
from marketplace.web.transaction import reading, unit_of_work
from marketplace.web.viewer import DEFAULT_ZONE, ZONE_COOKIE, ZONES

YEAR_S: Final = 365 * 24 * 60 * 60
THEMES: Final = ("light", "dark", "system")
OFFERED_ZONES: Final = tuple(
    sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
)


@blueprint.post("/theme")
@public
def set_theme() -> ResponseReturnValue:
    """Light, dark, or as the system says."""
    theme = request.form.get("theme", "")
    if theme not in THEMES:
        raise Invalid("Choose light, dark or the system's theme. Nothing was changed.", field="theme")
    return _remember("theme", theme)


@blueprint.get("/zone")
@public
def zone() -> ResponseReturnValue:
    """Choose the zone that times are shown in."""
    who = find_principal()
    works_in = get_actor(reading(), who.actor_id).zone if who and who.actor_id else None
    zones = (DEFAULT_ZONE, *OFFERED_ZONES)
    return render_template("public/zone.html", zones=zones, works_in=works_in, back=_back(request.args))


@blueprint.post("/zone")
@public
def set_zone() -> ResponseReturnValue:
    """Keep it with the account of whoever is signed in, for pages and mails alike, and in this browser."""
    name = request.form.get("zone", "")
    if name not in ZONES:
        raise Invalid("Choose a time zone from the list. Nothing was changed.", field="zone")
    who = find_principal()
    if who is not None:
        with unit_of_work() as db:
            keep_zone(db, account_id=who.account_id, zone=name)
        flash(f"Times are shown in {zone_city(name)} time now, on every page and in your mails.", "ok")
    return _remember(ZONE_COOKIE, name)


def _remember(name: str, value: str) -> Response:
    answer = redirect(_back(request.form), 303)
    answer.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", secure=request.is_secure, path="/")
    return answer


def _back(given: Mapping[str, str]) -> str:
    """Where the visitor came from, if that is one of our own pages."""
    return own_path(given.get("next", "")) or url_for("public.landing")
