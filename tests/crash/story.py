"""What a worker was doing when it died, for every kind of command and task that moves money, and how it must end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import select

from marketplace.models import Booking, ConnectAccount, Dispute, Payment, Payout, Refund
from tests.crash import scene
from tests.crash.scene import Scene
from tests.services.money_stage import MoneyStage


@dataclass(frozen=True)
class Story:
    """`prepare` makes a scene, `state` reads how its row stands.

    `ends` is that state when the next worker comes soon, `late` those allowed when it comes after Stripe has
    forgotten the key.
    """

    prepare: Callable[[MoneyStage], Scene]
    state: Callable[[MoneyStage, int], str]
    ends: str
    late: frozenset[str]


def _reads(state_column: Any, column: Any) -> Callable[[MoneyStage, int], str]:
    def state(stage: MoneyStage, row_id: int) -> str:
        with stage.tools.reading() as db:
            return str(db.scalars(select(state_column).where(column == row_id)).one())

    return state


_payment = _reads(Payment.state, Payment.booking_id)
_payout = _reads(Payout.state, Payout.id)
_refund = _reads(Refund.state, Refund.id)
_account = _reads(ConnectAccount.state, ConnectAccount.actor_id)
_evidence = _reads(Dispute.evidence_state, Dispute.id)
_booking = _reads(Booking.state, Booking.id)

COMMANDS: Final[Mapping[str, Story]] = MappingProxyType(
    {
        # a checkout that nobody has the address of does no harm, and a day later the slot is not held any more
        "checkout.create": Story(scene.checkout_asked, _payment, "checkout_open", frozenset({"failed", "expired"})),
        "checkout.expire": Story(scene.checkout_ended, _payment, "expired", frozenset({"expired"})),
        # what never arrived is held for a person after a day: nothing is sent with a key that Stripe has forgotten
        "transfer.create": Story(scene.transfer_asked, _payout, "transferred", frozenset({"transferred", "held"})),
        "transfer.reverse": Story(scene.reversal_asked, _refund, "succeeded", frozenset({"succeeded", "refused"})),
        "refund.create": Story(scene.refund_asked, _refund, "succeeded", frozenset({"succeeded", "refused"})),
        "card.charge": Story(scene.charge_asked, _payment, "captured", frozenset({"captured"})),
        "charge.return": Story(scene.second_charge_found, _payment, "captured", frozenset({"captured"})),
        "dispute.submit": Story(scene.evidence_ready, _evidence, "submitted", frozenset({"submitted", "refused"})),
        "account.create": Story(scene.account_asked, _account, "onboarding", frozenset({"onboarding", "asked"})),
    }
)
"""One for each kind of command there is."""

TASKS: Final[Mapping[str, Story]] = MappingProxyType(
    {
        "paid by event": Story(scene.paid_by_event, _booking, "confirmed", frozenset({"confirmed"})),
        "paid by page": Story(scene.paid_by_page, _booking, "confirmed", frozenset({"confirmed"})),
        "paid too late": Story(scene.paid_too_late, _payment, "refunded", frozenset({"refunded"})),
        "disputed": Story(scene.disputed_by_event, _payout, "held", frozenset({"held"})),
        "refund failed": Story(scene.refund_failed_by_event, _refund, "failed", frozenset({"failed"})),
        "reversed by hand": Story(scene.reversed_by_hand, _payout, "partly_reversed", frozenset({"partly_reversed"})),
        "payout sent": Story(scene.payout_due, _payout, "transferred", frozenset({"transferred"})),
        "unpaid in time": Story(scene.unpaid_in_time, _booking, "lapsed", frozenset({"lapsed"})),
    }
)
"""Work that begins with an event, a page or the clock."""
