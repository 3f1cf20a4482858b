"""Whose page about a booking it is, and what such pages draw; the pages are the same for both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party, State, Step
from marketplace.domain.document import Kind
from marketplace.domain.errors import Invalid
from marketplace.domain.flavour import VOCABULARY
from marketplace.models import Booking
from marketplace.services.booking_page import BookingDetail, read_booking
from marketplace.services.booking_step import By
from marketplace.services.document import documents_of_bookings, full_number
from marketplace.web import booking_path, thread
from marketplace.web.transaction import now, reading
from marketplace.web.viewer import viewer_zone

ASKED_HERE: Final = frozenset({"reason", "says_yes"})
"""What the page of a booking itself asks for."""


@dataclass(frozen=True)
class Side:
    """Which bookings somebody may open, in whose name they act, and what only their own page of a booking draws."""

    party: Party
    find: Callable[[Session, int], Booking]
    by: Callable[[], By]
    more: Callable[[BookingDetail], dict[str, object]]

    def address(self, page: str, booking_id: int, **values: Any) -> str:
        """The address of one of this side's pages about a booking."""
        return url_for(f"{self.party}.{page}", booking_id=booking_id, **values)

    def detail(self, booking_id: int) -> BookingDetail:
        """The booking as this side reads it."""
        db = reading()
        return read_booking(db, self.find(db, booking_id), self.party, now())

    def go(self, booking_id: int) -> ResponseReturnValue:
        """To the booking's page."""
        return redirect(self.address("booking", booking_id), 303)

    def back(self, booking_id: int, words: str, tone: str = "ok") -> ResponseReturnValue:
        """To the booking's page, with what has just happened on top."""
        flash(words, tone)
        return self.go(booking_id)

    def context(self, detail: BookingDetail) -> dict[str, object]:
        """What every page of this side about a booking draws; nothing more is read for it."""
        booking = detail.booking
        first = booking_path.first_name(booking.actor.name)
        return {
            "detail": detail,
            "booking": booking,
            "can": detail.can,
            "first": first,
            "other": booking.platform.name if self.party == Party.ACTOR else first,
            "back_href": self.address("booking", booking.id),
            "side": self.party,
            "State": State,
            "Step": Step,
        }

    def ask_again(self, booking_id: int, refusal: Invalid) -> ResponseReturnValue:
        """The booking's page again with what is missing beside its box; what no box of the page can mend is raised."""
        if refusal.field not in ASKED_HERE:
            raise refusal
        return self.show(self.detail(booking_id), {refusal.field: refusal.sentence}), 422

    def _papers(self, detail: BookingDetail) -> list[tuple[str, str, int]]:
        """The documents of the booking and of its change orders that are made out to this side."""
        ids = [detail.booking.id, *(one.id for one in detail.change_orders)]
        found = documents_of_bookings(reading(), ids, for_platform=self.party == Party.PLATFORM)
        return [(full_number(one), Kind(one.kind).heading, one.id) for one in found]

    def show(self, detail: BookingDetail, errors: dict[str, str] | None = None) -> str:
        """The booking's own page: the path, the thread and the history with everything that can be done."""
        zone, booking_id = viewer_zone(), detail.booking.id
        return render_template(
            f"{self.party}/booking/show.html",
            path=booking_path.path_of(detail, zone),
            history=booking_path.history_of(detail, zone),
            thread=thread.view_of(detail.booking, self.party),
            waiting=booking_path.waiting_words(detail, self.party),
            otherwise=booking_path.otherwise_words(detail, self.party),
            papers=self._papers(detail),
            extra_href=lambda extra_id: self.address("answer_change_order", booking_id, extra_id=extra_id),
            flavour_of=VOCABULARY.get,
            errors=errors or {},
            **self.more(detail),
            **self.context(detail),
        )
