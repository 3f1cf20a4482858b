"""Where each kind of visitor can go: the tables behind the top bar and the side bar."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from flask import current_app, request, url_for


class Place(NamedTuple):
    """A page in the navigation: its name, its endpoint and a Heroicons name. A place not built is not shown.

    `holds` are endpoints of pages that belong below it though their addresses do not.
    """

    words: str
    endpoint: str
    icon: str = "minus"
    holds: tuple[str, ...] = ()


class Link(NamedTuple):
    """A place as the layout draws it."""

    words: str
    href: str
    icon: str
    is_current: bool


BROWSE: Final = Place("Browse", "public.browse", "magnifying-glass")

TOP: Final[dict[str | None, tuple[Place, ...]]] = {
    None: (BROWSE, Place("How scores work", "public.scores"), Place("Fees", "public.fees")),
    "member": (
        BROWSE,
        Place("Bookings", "platform.bookings", "calendar-days"),
        Place("Shortlist", "platform.shortlist", "bookmark"),
        Place("Calendar", "platform.calendar", "calendar"),
        Place("Statement", "platform.statement", "document-text", holds=("platform.documents", "platform.document")),
    ),
    "actor": (BROWSE, Place("Requests and sessions", "actor.home", "inbox")),
    "admin": (BROWSE, Place("Payout review", "admin.payouts", "banknotes")),
}

SIDE: Final[dict[str | None, tuple[tuple[str, tuple[Place, ...]], ...]]] = {
    "actor": (
        (
            "",
            (
                Place("Requests", "actor.home", "inbox"),
                Place("Bookings", "actor.bookings", "calendar-days", holds=("actor.capture", "actor.add_take")),
                Place("Earnings", "actor.earnings", "banknotes", holds=("actor.payout", "actor.reply_to_payout")),
                Place("Statement", "actor.statement", "document-text", holds=("actor.documents", "actor.document")),
            ),
        ),
        (
            "Your page",
            (
                Place("Profile", "actor.profile", "user"),
                Place("Clips", "actor.clips", "film"),
                Place("Rate", "actor.rate", "currency-dollar"),
                Place("Weekly hours", "actor.hours", "clock"),
                Place("Calendars", "actor.calendar", "calendar"),
                Place("Networks and score", "actor.networks", "chart-bar"),
            ),
        ),
    ),
    "admin": (
        (
            "",
            (
                Place("Payout review", "admin.payouts", "banknotes"),
                Place("Disputes", "admin.disputes", "scale"),
                Place("Refunds", "admin.refunds", "arrow-uturn-left"),
                Place("Debts", "admin.write_offs", "minus-circle"),
                Place("Statement", "admin.statement", "document-text", holds=("admin.document",)),
                Place("Flags", "admin.flags", "flag"),
            ),
        ),
        (
            "People",
            (Place("Actors", "admin.actors", "users"), Place("Platforms", "admin.platforms", "building-office")),
        ),
        (
            "System",
            (
                Place("Trace", "admin.trace", "magnifying-glass"),
                Place("Operations", "admin.health", "heart"),
                Place("Reconciliation", "admin.reconciliation", "arrows-right-left"),
                Place("Calls to Stripe", "admin.outbox", "arrow-up-right"),
                Place("Events from Stripe", "admin.events", "inbox"),
                Place("Audit trail", "admin.audit", "clipboard-document-list"),
            ),
        ),
    ),
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
    groups = SIDE.get(role, ())
    links = {link.words: link for link in _links(tuple(place for _, places in groups for place in places))}
    return [(heading, [links[one.words] for one in places if one.words in links]) for heading, places in groups]


def foot_links() -> list[Link]:
    """The foot of every page."""
    return _links(FOOT)


def link_to(endpoint: str, **values: Any) -> str:
    """The address of an endpoint, "" while it is not built, so that a layout leaves its link out."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else ""


def _links(places: tuple[Place, ...]) -> list[Link]:
    shown = [(place, href) for place in places if (href := link_to(place.endpoint))]
    # the nearest of the places above this page: the start page of a room stands above all of it
    held = next((href for place, href in shown if request.endpoint in place.holds), None)
    here = held or max((href for place, href in shown if _is_above(place, href)), key=len, default=None)
    return [Link(place.words, href, place.icon, href == here) for place, href in shown]


def _is_above(place: Place, href: str) -> bool:
    room = place.endpoint.partition(".")[0]
    return room == request.blueprint and (request.path == href or request.path.startswith(href.rstrip("/") + "/"))


GLOBALS = {"top_links": top_links, "side_links": side_links, "foot_links": foot_links, "link_to": link_to}
