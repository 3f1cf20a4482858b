"""The secret calendar address on its owner's page: shown once when it is made, renewed and ended from there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import current_app, flash, make_response, redirect, url_for
from flask.typing import ResponseReturnValue

from marketplace.models import CalendarFeed
from marketplace.services.calendar_feed import find_feed, issue_feed, revoke_feed
from marketplace.web.address import public_url
from marketplace.web.guard import the_principal
from marketplace.web.transaction import now, reading, unit_of_work


@dataclass(frozen=True, slots=True)
class FeedPanel:
    """What the page says of the feed. `address` is there only in the answer that made it."""

    feed: CalendarFeed | None
    address: str | None = None

    @property
    def subscribe(self) -> str | None:
        """The address as calendar programs open it at a click."""
        return re.sub(r"^https?:", "webcal:", self.address) if self.address else None


def feed_panel(token: str | None = None) -> FeedPanel:
    """The feed of whoever is signed in, with its address when it has just been made."""
    address = None
    if token is not None:
        address = public_url(current_app) + url_for("public.calendar_feed", token=token)
    return FeedPanel(find_feed(reading(), the_principal().account_id), address)


def make_feed() -> str:
    """A new secret for whoever is signed in."""
    with unit_of_work() as db:
        return issue_feed(db, account_id=the_principal().account_id, now=now())


def end_feed(back: str) -> ResponseReturnValue:
    """No address any more; then back to the page."""
    with unit_of_work() as db:
        ended = revoke_feed(db, account_id=the_principal().account_id, now=now())
    flash("The address shows nothing any more." if ended else "There was no address. Nothing was changed.", "ok")
    return redirect(url_for(back), 303)


def never_kept(page: str) -> ResponseReturnValue:
    """The page with the secret, which no cache may keep."""
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response
