"""Where each kind of visitor can go: the tables behind the top bar and the side bar."""

from __future__ import annotations

from typing import Final, NamedTuple

from flask import current_app, request, url_for


class Place(NamedTuple):
    """A page in the navigation: its name, its endpoint and a Heroicons name. A place not built is not shown."""

    words: str
    endpoint: str
    icon: str = "minus"


class Link(NamedTuple):
    """A place as the layout draws it."""

    words: str
    href: str
    icon: str
    is_current: bool


BROWSE: Final = Place("Browse", "public.browse", "magnifying-glass")

TOP: Final[dict[str | None, tuple[Place, ...]]] = {
    None: (BROWSE, Place("How scores work", "public.scores"), Place("Fees", "public.fees")),
    "member": (BROWSE, Place("Bookings", "platform.bookings", "calendar-days")),
    "actor": (BROWSE, Place("Requests and sessions", "actor.home", "inbox")),
    "admin": (BROWSE, Place("Payout review", "admin.payouts", "banknotes")),
}

SIDE: Final[dict[str | None, tuple[tuple[str, tuple[Place, ...]], ...]]] = {
    "actor": (
        ("", (Place("Requests", "actor.home", "inbox"), Place("Earnings", "actor.earnings", "banknotes"))),
        (
            "Your page",
            (
                Place("Profile", "actor.profile", "user"),
                Place("Clips", "actor.clips", "film"),
                Place("Rate", "actor.rate", "currency-dollar"),
                Place("Weekly hours", "actor.hours", "clock"),
            ),
        ),
    ),
    "admin": (("", (Place("Payout review", "admin.payouts", "banknotes"),)),),
}

FOOT: Final = (
    Place("How scores work", "public.scores"),
    Place("Fees", "public.fees"),
    Place("Cancellation policy", "public.cancellation"),
    Place("Privacy", "public.privacy"),
)


def top_links(role: str | None) -> list[Link]:
    """The top bar of a visitor with that role; None is a visitor who has not signed in."""
    return _links(TOP.get(role, TOP[None]))


def side_links(role: str | None) -> list[tuple[str, list[Link]]]:
    """The side bar's groups, each with its heading ("" for none)."""
    return [(heading, _links(places)) for heading, places in SIDE.get(role, ())]


def foot_links() -> list[Link]:
    """The foot of every page."""
    return _links(FOOT)


def link_to(endpoint: str) -> str:
    """The address of an endpoint, "" while it is not built, so that a layout leaves its link out."""
    return url_for(endpoint) if endpoint in current_app.view_functions else ""


def _links(places: tuple[Place, ...]) -> list[Link]:
    shown = [(place, link_to(place.endpoint)) for place in places]
    return [Link(place.words, href, place.icon, _is_here(href)) for place, href in shown if href]


def _is_here(href: str) -> bool:
    return request.path == href or request.path.startswith(href.rstrip("/") + "/")


GLOBALS = {"top_links": top_links, "side_links": side_links, "foot_links": foot_links, "link_to": link_to}
