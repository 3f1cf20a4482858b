"""What is said about a booking: where it is, what each step does, who must act and what happens if they do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from marketplace.domain.booking_state import ANSWERED_BY_OTHER, Party, State, Step

_P, _A, _D, _C = Party.PLATFORM, Party.ACTOR, Party.ADMIN, Party.CLOCK
_S, _T = State, Step

DOING: Final[Mapping[Step, str]] = MappingProxyType(
    {
        _T.SEND: "send this draft",
        _T.DISCARD: "discard this draft",
        _T.ACCEPT: "accept these terms",
        _T.COUNTER: "make a counter-offer",
        _T.EXTEND: "take more time to answer",
        _T.DECLINE: "decline this request",
        _T.WITHDRAW: "withdraw this request",
        _T.EXPIRE: "let this request expire",
        _T.PENCIL: "give a pencil",
        _T.FIRM_UP: "confirm this pencil",
        _T.CHALLENGE: "challenge the first pencil",
        _T.FACE_CHALLENGE: "put this pencil under challenge",
        _T.MOVE_UP: "move this pencil up",
        _T.CONFIRM: "confirm this booking",
        _T.SAVE_CARD: "confirm this booking with a saved card",
        _T.CHARGE: "note that the saved card was charged",
        _T.ASK_PAYMENT: "ask for a payment by hand",
        _T.STOP_UNPAID: "cancel this booking for want of payment",
        _T.LAPSE: "let this booking lapse",
        _T.PROPOSE_TIME: "propose another time",
        _T.AGREE_TIME: "agree to the new time",
        _T.KEEP_TIME: "keep the time as it was",
        _T.START: "start the session",
        _T.STOP_UNSIGNED: "stop the session for want of consent",
        _T.CLAIM_NO_SHOW: "report that the other side did not come",
        _T.TAKE_BACK: "take the report back",
        _T.CONTEST: "contest the report",
        _T.CONCEDE: "agree to the report",
        _T.STOP_ABSENT: "close the session without the actor",
        _T.CLOSE_ABSENT: "close the session without the platform",
        _T.DELIVER: "deliver takes",
        _T.STOP_UNDELIVERED: "stop the session for want of takes",
        _T.REQUEST_CHANGES: "ask for pick-ups",
        _T.APPROVE: "accept the takes",
        _T.DISPUTE: "open a dispute",
        _T.ESCALATE: "remind the admins",
        _T.RELEASE: "release the money",
        _T.SPLIT: "split the money",
        _T.REFUND: "refund the booking",
        _T.CANCEL: "cancel this booking",
        _T.CLOSE_EXTRA: "close this change order",
        _T.SPLIT_EXTRA: "split this change order",
        _T.DROP_EXTRA: "drop this change order",
    }
)

WHERE: Final[Mapping[State, str]] = MappingProxyType(
    {
        _S.DRAFT: "it is a draft that has not been sent",
        _S.REQUESTED: "it is waiting for the actor's answer",
        _S.COUNTERED: "it is waiting for the platform's answer to a counter-offer",
        _S.PENCILLED: "it is a pencil",
        _S.ACCEPTED: "it is accepted and waiting to be paid",
        _S.CONFIRMED: "it is confirmed",
        _S.RESCHEDULING: "another time has been proposed",
        _S.IN_SESSION: "the session is under way",
        _S.NO_SHOW_CLAIMED: "one side reported that the other did not come",
        _S.DELIVERED: "the takes are delivered and waiting for the platform",
        _S.CHANGES_REQUESTED: "pick-ups were asked for",
        _S.DISPUTED: "it is in dispute and an admin decides",
        _S.COMPLETED: "it is completed",
        _S.DECLINED: "the actor declined it",
        _S.WITHDRAWN: "the platform withdrew it",
        _S.EXPIRED: "it expired unanswered",
        _S.LAPSED: "it was not paid in time",
        _S.CANCELLED: "it was cancelled",
    }
)

WHO: Final[Mapping[Party, str]] = MappingProxyType(
    {_P: "the platform", _A: "the actor", _D: "an admin", _C: "the marketplace itself"}
)


class Ahead(StrEnum):
    """What comes before a wish for a time: nothing, an earlier pencil on it, or a booking that holds it."""

    NOTHING = "nothing"
    PENCIL = "pencil"
    BOOKING = "booking"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What both sides read on the booking page: who must act, what they must do, and what happens if they do not."""

    waiting_for: Party | None
    must: str
    otherwise: str


_NOBODY: Final = Outlook(None, "", "")

OUTLOOK: Final[Mapping[State, Outlook]] = MappingProxyType(
    {
        _S.DRAFT: Outlook(_P, "send or discard the draft", "the draft ends when its time begins. Nothing is charged."),
        _S.REQUESTED: Outlook(_A, "accept, decline or counter", "the request expires. Nothing is charged."),
        _S.COUNTERED: Outlook(
            _P, "accept, counter or withdraw", "the counter-offer and the request expire. Nothing is charged."
        ),
        _S.PENCILLED: Outlook(
            _P, "confirm the pencil and pay, or drop it", "the pencil is released to the next in rank."
        ),
        _S.ACCEPTED: Outlook(_P, "pay", "the booking lapses and the time is free again. Nothing is charged."),
        _S.CONFIRMED: Outlook(
            _A, "sign the consent", "the booking is cancelled at its start and the platform is refunded in full."
        ),
        _S.RESCHEDULING: Outlook(_P, "agree to the new time or keep the old one", "the booking keeps its time."),
        _S.IN_SESSION: Outlook(
            _A, "deliver the takes", "the booking is cancelled and the platform is refunded in full."
        ),
        _S.NO_SHOW_CLAIMED: Outlook(
            _P, "contest the report or agree to it", "the report counts as true and the booking is settled by it."
        ),
        _S.DELIVERED: Outlook(
            _P,
            "accept the takes, ask for pick-ups or dispute them",
            "the takes count as accepted and the payout starts.",
        ),
        _S.CHANGES_REQUESTED: Outlook(_A, "deliver the pick-ups", "an admin is asked to decide."),
        _S.DISPUTED: Outlook(_D, "decide how the money is shared", "the admins are reminded. The money stays held."),
        _S.COMPLETED: _NOBODY,
        _S.DECLINED: _NOBODY,
        _S.WITHDRAWN: _NOBODY,
        _S.EXPIRED: _NOBODY,
        _S.LAPSED: _NOBODY,
        _S.CANCELLED: _NOBODY,
    }
)


ASKED_FOR_PENCIL: Final = "give the pencil or decline"

BEHIND: Final[Mapping[tuple[State, Ahead], str]] = MappingProxyType(
    {
        (_S.REQUESTED, Ahead.PENCIL): "give a pencil, counter or decline",
        (_S.REQUESTED, Ahead.BOOKING): "give a pencil, counter or decline",
        (_S.COUNTERED, Ahead.PENCIL): "counter or withdraw",
        (_S.COUNTERED, Ahead.BOOKING): "counter or withdraw",
        (_S.PENCILLED, Ahead.PENCIL): "challenge the first pencil, wait, or drop this one",
        (_S.PENCILLED, Ahead.BOOKING): "wait for the time to come free, or drop the pencil",
    }
)
"""What a wish can still do while something comes before it; accepting and confirming have to wait."""


PAYS_BY_HAND: Final = Outlook(
    _P, "pay, for the saved card could not be charged", "the booking is cancelled. Nothing is charged."
)
"""A booking that was confirmed with a saved card which the bank has refused."""


def outlook_of(
    state: State,
    claimed_by: Party | None = None,
    *,
    is_signed: bool = False,
    is_pencil: bool = False,
    ahead: Ahead = Ahead.NOTHING,
    must_pay: bool = False,
) -> Outlook:
    """Who must act in this state; an answer is always due from the side that did not propose or claim.

    A paid booking whose consent `is_signed` waits for nobody: it starts by itself. `is_pencil`: a pencil was asked for.
    What is `ahead` of a wish keeps it from being accepted or confirmed, and the words name what is left. `must_pay`:
    the saved card could not be charged.
    """
    if state == _S.CONFIRMED and must_pay:
        return PAYS_BY_HAND
    if state == _S.CONFIRMED and is_signed:
        return _NOBODY
    outlook = _as_it_stands(state, is_pencil, ahead)
    if state not in ANSWERED_BY_OTHER or claimed_by is None:
        return outlook
    return replace(outlook, waiting_for=_P if claimed_by == _A else _A)


def _as_it_stands(state: State, is_pencil: bool, ahead: Ahead) -> Outlook:
    if state == _S.REQUESTED and is_pencil:
        return replace(OUTLOOK[state], must=ASKED_FOR_PENCIL)
    return replace(OUTLOOK[state], must=BEHIND.get((state, ahead), OUTLOOK[state].must))
