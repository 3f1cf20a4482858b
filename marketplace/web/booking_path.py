"""The path of a booking as its page draws it: what is done, where it is, who must act and what if nobody does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from marketplace.domain.booking import Party, State
from marketplace.domain.booking_state import CALLED_OFF
from marketplace.domain.payment import State as PaymentState
from marketplace.models import Payment
from marketplace.services.booking_page import BookingDetail
from marketplace.web import show
from marketplace.web.status import status

NAMED: Final = {Party.PLATFORM: "platform", Party.ACTOR: "actor", Party.ADMIN: "an admin", Party.CLOCK: "Marquee"}

PATH: Final = (
    (State.REQUESTED, "Requested", "Asked for"),
    (State.ACCEPTED, "Accepted by {actor}", "{actor} accepts"),
    (State.CONFIRMED, "Paid, held until the takes are accepted", "{platform} pays"),
    (State.IN_SESSION, "Session started", "Session"),
    (State.DELIVERED, "Takes delivered", "{actor} delivers the takes"),
    (State.COMPLETED, "Takes accepted", "{platform} accepts the takes"),
)

PENCIL_PATH: Final = (
    PATH[0],
    (State.PENCILLED, "Pencil given by {actor}", "{actor} gives a pencil"),
    (State.ACCEPTED, "Pencil confirmed by {platform}", "{platform} confirms the pencil"),
    *PATH[2:],
)
"""A pencil is confirmed by its platform; only what was asked for outright is accepted by the actor."""

CARD_SAVED: Final = (State.CONFIRMED, "Card of {platform} saved", "{platform} saves a card")
"""What stands for the payment where a session is far ahead: the card is charged near it."""

STEP_WORDS: Final = {
    "draft": "Draft written",
    "propose_change_order": "Change order proposed",
    "send": "Requested",
    "discard": "Draft discarded",
    "request": "Requested",
    "counter": "Counter-offer",
    "extend": "A day more to answer",
    "pencil": "Pencil given",
    "firm_up": "Pencil confirmed",
    "challenge": "First pencil challenged",
    "face_challenge": "Pencil challenged",
    "move_up": "Pencil is the first now",
    "propose_time": "Another time proposed",
    "agree_time": "New time agreed",
    "keep_time": "Time kept",
    "claim_no_show": "No-show reported",
    "take_back": "Report taken back",
    "contest": "Report contested",
    "concede": "Report agreed to",
    "stop_absent": "Cancelled: the actor was not there",
    "close_absent": "Closed: the platform was not there",
    "close_extra": "Change order completed",
    "split_extra": "Change order settled",
    "drop_extra": "Change order ended",
    "accept": "Accepted",
    "decline": "Declined",
    "withdraw": "Withdrawn",
    "expire": "Expired unanswered",
    "confirm": "Payment received",
    "save_card": "Card saved",
    "charge": "Payment received",
    "ask_payment": "Payment by hand asked for",
    "stop_unpaid": "Cancelled: not paid in time",
    "lapse": "Not paid in time",
    "start": "Session started",
    "stop_unsigned": "Cancelled: consent not signed",
    "deliver": "Takes delivered",
    "stop_undelivered": "Cancelled: nothing delivered",
    "request_changes": "Pick-ups asked for",
    "approve": "Takes accepted",
    "dispute": "Dispute opened",
    "escalate": "Admins reminded",
    "release": "Dispute settled: paid in full",
    "split": "Dispute settled: shared",
    "refund": "Dispute settled: refunded",
    "cancel": "Cancelled",
}


@dataclass(frozen=True, slots=True)
class Station:
    """One line of the path or of the history, as `ui.trail` draws it."""

    words: str
    small: str = ""
    tone: str = ""


def path_of(detail: BookingDetail, zone: str) -> list[Station]:
    """The stations of the booking's life: what is done in the order it was done, then what comes, its next one marked.

    An ended booking stops where it ended.
    """
    names = {"actor": first_name(detail.booking.actor.name), "platform": detail.booking.platform.name}
    done = [Station(words.format(**names), show.when(at, zone), "ok") for at, words in _done(detail)]
    if detail.state in CALLED_OFF:
        look = status(detail.state, "booking")
        tone = "bad" if look.tone == "bad" else "now"
        return [*done, Station(look.words, show.when(detail.events[-1].at, zone), tone)]
    ahead = [Station(words.format(**names), small) for words, small in _ahead(detail, zone)]
    if ahead:
        ahead[0] = replace(ahead[0], tone="now")
    return [*done, *ahead, *_payout(detail, names["actor"], zone)]


def _done(detail: BookingDetail) -> list[tuple[datetime, str]]:
    stations = [(at, words) for state, words, _ in _path(detail) if (at := detail.reached_at(state)) is not None]
    if detail.grant is not None:
        stations.append((detail.grant.signed_at, "Consent signed"))
    if detail.saves_card and detail.payment is not None and detail.payment.captured_at is not None:
        stations.append((detail.payment.captured_at, PATH[2][1]))
    return sorted(stations, key=lambda station: station[0])


def _path(detail: BookingDetail) -> tuple[tuple[State, str, str], ...]:
    path = PENCIL_PATH if detail.is_pencil else PATH
    return tuple(CARD_SAVED if one[0] == State.CONFIRMED and detail.saves_card else one for one in path)


def _ahead(detail: BookingDetail, zone: str) -> Iterator[tuple[str, str]]:
    starts = show.when(detail.booking.starts_at, zone)
    for state, _, words in _path(detail):
        if state == State.IN_SESSION and detail.saves_card and detail.payment and not detail.payment.captured_at:
            yield "{platform} pays", _charge_words(detail.payment, zone)
        if state == State.IN_SESSION and detail.grant is None and not detail.booking.is_extra:
            yield "{actor} signs the consent", f"by {starts}"
        if detail.reached_at(state) is None:
            yield words, starts if state == State.IN_SESSION else ""


def _charge_words(payment: Payment, zone: str) -> str:
    if payment.state == PaymentState.ACTION_REQUIRED and payment.pay_by is not None:
        return f"by hand, by {show.when(payment.pay_by, zone)}"
    return f"the card is charged on {show.when(payment.charge_at, zone)}" if payment.charge_at else ""


def _payout(detail: BookingDetail, actor: str, zone: str) -> Iterator[Station]:
    payout = detail.payout
    if payout is None:
        yield Station(f"{actor} is paid", "after review by an admin", "now" if detail.state == State.COMPLETED else "")
    elif payout.transferred_at is not None:
        yield Station(f"{actor} has been paid", show.when(payout.transferred_at, zone), "ok")
    else:
        yield Station(f"{actor} is paid", status(payout.state, "payout").words.lower(), "now")


def history_of(detail: BookingDetail, zone: str) -> list[Station]:
    """Everything that happened, newest first, with who and why."""
    return [
        Station(
            STEP_WORDS.get(event.step, event.step),
            " · ".join(
                part for part in (show.when(event.at, zone), f"by {_who(detail, event.party)}", event.reason) if part
            ),
        )
        for event in reversed(detail.events)
    ]


def waiting_words(detail: BookingDetail, reader: Party) -> str:
    """Who must act, as the reader is told: "You can pay", "Imani can accept or decline"."""
    outlook = detail.outlook
    if outlook.waiting_for is None:
        is_ready = detail.state == State.CONFIRMED
        if is_ready and detail.is_uncharged:
            return "Nothing to do. Once the saved card is charged, the session starts by itself at the booked time"
        return "Everything is ready. The session starts by itself at the booked time" if is_ready else ""
    who = "You" if outlook.waiting_for == reader else _name(detail, outlook.waiting_for)
    return f"{who} can now {outlook.must}"


def otherwise_words(detail: BookingDetail, reader: Party) -> str:
    """What happens if nobody does; who reads it is "you"."""
    words = detail.outlook.otherwise
    if reader == Party.PLATFORM:
        words = words.replace("the platform is refunded", "you are refunded")
    return f"If nothing happens by then, {words}" if words else ""


def first_name(name: str) -> str:
    """What a page calls somebody."""
    return name.split()[0]


def _who(detail: BookingDetail, party: str) -> str:
    return _name(detail, Party(party))


def _name(detail: BookingDetail, party: Party) -> str:
    if party == Party.PLATFORM:
        return detail.booking.platform.name
    return first_name(detail.booking.actor.name) if party == Party.ACTOR else NAMED[party][0].upper() + NAMED[party][1:]
