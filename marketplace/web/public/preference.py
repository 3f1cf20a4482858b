"""What a visitor chooses for this browser: the theme and the zone of times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zoneinfo import available_timezones

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from marketplace.domain.errors import Invalid
from marketplace.web.guard import find_principal, public
from marketplace.web.public import blueprint
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
    principal = find_principal()
    fixed = principal.zone if principal and principal.zone != DEFAULT_ZONE else None
    return render_template("public/zone.html", zones=("UTC", *OFFERED_ZONES), fixed=fixed, back=_back(request.args))


@blueprint.post("/zone")
@public
def set_zone() -> ResponseReturnValue:
    """Keep it in this browser; an account's own zone goes before it."""
    name = request.form.get("zone", "")
    if name not in ZONES:
        raise Invalid("Choose a time zone from the list. Nothing was changed.", field="zone")
    return _remember(ZONE_COOKIE, name)


def _remember(name: str, value: str) -> Response:
    answer = redirect(_back(request.form), 303)
    answer.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", secure=request.is_secure, path="/")
    return answer


def _back(given: Mapping[str, str]) -> str:
    """Where the visitor came from, if that is one of our own pages."""
    asked = given.get("next", "")
    own = asked.startswith("/") and not asked.startswith(("//", "/\\")) and "\n" not in asked
    return asked if own else url_for("public.landing")
