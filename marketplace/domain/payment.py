"""The life of a payment: which state follows from what was read at Stripe, and which moves there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    """Where a payment is. `opening` waits for Stripe to make the checkout."""

    OPENING = "opening"
    CHECKOUT_OPEN = "checkout_open"
    PROCESSING = "processing"
    CARD_SAVED = "card_saved"
    CHARGE_DUE = "charge_due"
    ACTION_REQUIRED = "action_required"
    CAPTURED = "captured"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    LOST = "lost"
    EXPIRED = "expired"
    FAILED = "failed"


_S = State
_PAID = frozenset({_S.CAPTURED, _S.PARTLY_REFUNDED, _S.REFUNDED, _S.DISPUTED, _S.LOST})

MOVES: Final[Mapping[State, frozenset[State]]] = MappingProxyType(
    {
        _S.OPENING: frozenset({_S.CHECKOUT_OPEN, _S.PROCESSING, _S.CARD_SAVED, _S.EXPIRED, _S.FAILED}) | _PAID,
        _S.CHECKOUT_OPEN: frozenset({_S.PROCESSING, _S.CARD_SAVED, _S.EXPIRED, _S.FAILED}) | _PAID,
        _S.PROCESSING: frozenset({_S.FAILED, _S.EXPIRED}) | _PAID,
        _S.CARD_SAVED: frozenset({_S.CHARGE_DUE, _S.ACTION_REQUIRED, _S.FAILED}) | _PAID,
        _S.CHARGE_DUE: frozenset({_S.ACTION_REQUIRED, _S.FAILED}) | _PAID,
        _S.ACTION_REQUIRED: frozenset({_S.CHARGE_DUE, _S.FAILED}) | _PAID,
        _S.CAPTURED: _PAID - {_S.CAPTURED},
        # a refund can come back, a dispute can be won: between the paid states everything may move
        _S.PARTLY_REFUNDED: _PAID - {_S.PARTLY_REFUNDED},
        _S.REFUNDED: _PAID - {_S.REFUNDED},
        _S.DISPUTED: _PAID - {_S.DISPUTED},
        _S.LOST: _PAID - {_S.LOST},
        # money that comes in after the time is up is money all the same: it is booked, then given back
        _S.EXPIRED: _PAID,
        # a checkout that Stripe refused, or that nobody ever saw, may be asked for once more
        _S.FAILED: _PAID | {_S.OPENING},
    }
)
"""Every move there is. Stripe's objects are read again at any time and in any order, so a stale reading that would
lead back (a paid checkout to an open one) is not here and changes nothing."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What Stripe says of a payment now. Amounts in minor units; `checkout` is open, complete or expired."""

    checkout: str
    is_paid: bool
    has_saved_card: bool = False
    captured_minor: int = 0
    refunded_minor: int = 0
    has_open_dispute: bool = False
    has_lost_dispute: bool = False


def state_of(reading: Reading) -> State:
    """The state that a reading says, whatever ours was."""
    if reading.is_paid:
        return _paid_state(reading)
    if reading.checkout == "open":
        return State.CHECKOUT_OPEN
    if reading.checkout == "expired":
        return State.EXPIRED
    return State.CARD_SAVED if reading.has_saved_card else State.PROCESSING


def _paid_state(reading: Reading) -> State:
    if reading.has_open_dispute:
        return State.DISPUTED
    if reading.has_lost_dispute:
        return State.LOST
    if reading.refunded_minor >= reading.captured_minor:
        return State.REFUNDED
    return State.PARTLY_REFUNDED if reading.refunded_minor else State.CAPTURED


def can_move(before: State, after: State) -> bool:
    """Whether the table has this move."""
    return after in MOVES[before]


def is_paid(state: State) -> bool:
    """Whether money has come in, whatever became of it later."""
    return state in _PAID


WORDS: Final[Mapping[State, str]] = MappingProxyType(
    {
        _S.OPENING: "The checkout is being prepared.",
        _S.CHECKOUT_OPEN: "Waiting for payment.",
        _S.PROCESSING: "The payment is being confirmed by the bank.",
        _S.CARD_SAVED: "The card is saved and will be charged near the session. Nothing is paid yet.",
        _S.CHARGE_DUE: "The saved card is being charged.",
        _S.ACTION_REQUIRED: "The saved card could not be charged. The platform has to pay by hand.",
        _S.CAPTURED: "Paid. The money is held until the takes are accepted.",
        _S.PARTLY_REFUNDED: "Paid, and partly refunded.",
        _S.REFUNDED: "Refunded in full.",
        _S.DISPUTED: "The payment is disputed at the bank. The money is frozen until it decides.",
        _S.LOST: "The bank has taken the payment back.",
        _S.EXPIRED: "The time to pay is over. Nothing was charged.",
        _S.FAILED: "The payment did not go through. Nothing was charged.",
    }
)
"""What people read."""
