"""The words of a booking's life: its states, the steps between them, who takes them and what follows."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a booking is."""

    DRAFT = "draft"
    REQUESTED = "requested"
    COUNTERED = "countered"
    PENCILLED = "pencilled"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    RESCHEDULING = "rescheduling"
    IN_SESSION = "in_session"
    NO_SHOW_CLAIMED = "no_show_claimed"
    DELIVERED = "delivered"
    CHANGES_REQUESTED = "changes_requested"
    DISPUTED = "disputed"
    COMPLETED = "completed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What can be asked of a booking."""

    SEND = "send"
    DISCARD = "discard"
    ACCEPT = "accept"
    COUNTER = "counter"
    EXTEND = "extend"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    PENCIL = "pencil"
    FIRM_UP = "firm_up"
    CHALLENGE = "challenge"
    FACE_CHALLENGE = "face_challenge"
    MOVE_UP = "move_up"
    CONFIRM = "confirm"
    SAVE_CARD = "save_card"
    CHARGE = "charge"
    ASK_PAYMENT = "ask_payment"
    STOP_UNPAID = "stop_unpaid"
    LAPSE = "lapse"
    PROPOSE_TIME = "propose_time"
    AGREE_TIME = "agree_time"
    KEEP_TIME = "keep_time"
    START = "start"
    STOP_UNSIGNED = "stop_unsigned"
    CLAIM_NO_SHOW = "claim_no_show"
    TAKE_BACK = "take_back"
    CONTEST = "contest"
    CONCEDE = "concede"
    STOP_ABSENT = "stop_absent"
    CLOSE_ABSENT = "close_absent"
    DELIVER = "deliver"
    STOP_UNDELIVERED = "stop_undelivered"
    REQUEST_CHANGES = "request_changes"
    APPROVE = "approve"
    DISPUTE = "dispute"
    ESCALATE = "escalate"
    RELEASE = "release"
    SPLIT = "split"
    REFUND = "refund"
    CANCEL = "cancel"
    CLOSE_EXTRA = "close_extra"
    SPLIT_EXTRA = "split_extra"
    DROP_EXTRA = "drop_extra"


class Party(StrEnum):
    """On whose side a step is taken. The clock is time passing and facts verified from outside, never a person."""

    PLATFORM = "platform"
    ACTOR = "actor"
    ADMIN = "admin"
    CLOCK = "clock"


class Effect(StrEnum):
    """What must follow a step, done by the service in the same transaction (or enqueued in it)."""

    OPEN_CHECKOUT = "open_checkout"
    CLOSE_CHECKOUT = "close_checkout"
    REFUND_BY_POLICY = "refund_by_policy"
    REFUND_ALL = "refund_all"
    REFUND_PART = "refund_part"
    CREATE_PAYOUT = "create_payout"
    STRIKE_ACTOR = "strike_actor"
    NOTIFY_PLATFORM = "notify_platform"
    NOTIFY_ACTOR = "notify_actor"
    NOTIFY_ADMIN = "notify_admin"


WISHES: Final = frozenset({State.REQUESTED, State.COUNTERED, State.PENCILLED})
"""States in which a platform wants a time that it does not hold."""

OCCUPYING: Final = frozenset(
    {
        State.ACCEPTED,
        State.CONFIRMED,
        State.RESCHEDULING,
        State.IN_SESSION,
        State.NO_SHOW_CLAIMED,
        State.DELIVERED,
        State.CHANGES_REQUESTED,
        State.DISPUTED,
        State.COMPLETED,
    }
)
"""States that hold the slot: the database lets no two of one actor overlap. Pencils hold nothing; change orders never
do."""

MONEY_HELD: Final = OCCUPYING - {State.ACCEPTED, State.COMPLETED}
"""States in which what was paid is held until the work is accepted."""

ENDED: Final = frozenset(
    {State.COMPLETED, State.DECLINED, State.WITHDRAWN, State.EXPIRED, State.LAPSED, State.CANCELLED}
)
"""States nothing leaves."""

CALLED_OFF: Final = ENDED - {State.COMPLETED}
"""States in which a booking ended without the work being accepted."""

ANSWERED_BY_OTHER: Final = frozenset({State.RESCHEDULING, State.NO_SHOW_CLAIMED})
"""States in which the side that did not propose or claim has to answer."""
