"""Where each cent of a booking's money is, worked out from its postings. Debit is plus, credit is minus."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from marketplace.domain.ledger import AccountKind as Kind

CHARGING: Final = frozenset({"charge", "double"})
REFUNDING: Final = frozenset({"refund", "refund_fail", "refund_repaid", "double_refund", "double_refund_fail"})
SENDING: Final = frozenset({"transfer", "reversal"})
LOSING: Final = frozenset({"dispute_lost"})
NETTING: Final = frozenset({"net"})


class Part(StrEnum):
    """One place where money of a booking can be."""

    HELD = "held"
    TO_SEND = "to_send"
    SENT = "sent"
    NETTED = "netted"
    FEE = "fee"
    REFUNDED = "refunded"
    OWED_BACK = "owed_back"
    AT_BANK = "at_bank"
    LOST = "lost"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Moved:
    """One line of a posting: the kind of the posting, the kind of the account, and the amount in minor units."""

    posting: str
    account: str
    minor: int


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What was charged, and where it is: sums in minor units of one currency.

    `parts` sum to `charged_minor + beyond_minor`: what went out beyond the charge is claimed from the actor, is our
    loss, or is advanced by us while the payer's bank holds what has long been sent on. `taken_back_minor` is what came
    back of transfers, already off `parts`. `cost_minor` is what Stripe kept for itself, which is ours to bear and no
    part of the charge.
    """

    charged_minor: int
    parts: Mapping[Part, int]
    claimed_minor: int
    loss_minor: int
    advanced_minor: int
    taken_back_minor: int
    cost_minor: int

    @property
    def beyond_minor(self) -> int:
        """What went out beyond the charge."""
        return self.claimed_minor + self.loss_minor + self.advanced_minor

    @property
    def shown(self) -> list[tuple[Part, int]]:
        """The parts that hold something, in the order money takes them."""
        return [(part, self.parts[part]) for part in Part if self.parts[part]]


def find_whereabouts(lines: Iterable[Moved]) -> Whereabouts:
    """Follow the money of one booking through all of its postings, whatever their order."""
    rows = list(lines)

    def total(*accounts: Kind, of: Collection[str] | None = None, but: Collection[str] = ()) -> int:
        return sum(
            row.minor
            for row in rows
            if row.account in accounts and (of is None or row.posting in of) and row.posting not in but
        )

    charged = total(Kind.STRIPE_BALANCE, of=CHARGING)
    claimed = total(Kind.ACTOR_RECEIVABLE, but=NETTING)
    loss = total(Kind.LOSSES)
    parts = {
        Part.HELD: -total(Kind.BOOKING_FUNDS),
        Part.TO_SEND: -total(Kind.ACTOR_PAYABLE),
        Part.SENT: -total(Kind.STRIPE_BALANCE, of=SENDING),
        Part.NETTED: -total(Kind.ACTOR_RECEIVABLE, of=NETTING),
        Part.FEE: -total(Kind.FEE_INCOME),
        Part.REFUNDED: -total(Kind.STRIPE_BALANCE, Kind.BANK, of=REFUNDING),
        Part.OWED_BACK: -total(Kind.REFUND_DUE),
        Part.AT_BANK: 0,
        Part.LOST: -total(Kind.DISPUTE_HOLD, of=LOSING),
    }
    # nothing is lost from sight: what these words do not cover still shows
    parts[Part.ELSEWHERE] = charged + claimed + loss - sum(parts.values())
    return Whereabouts(
        charged_minor=charged,
        claimed_minor=claimed,
        loss_minor=loss,
        advanced_minor=_take_to_bank(parts, total(Kind.DISPUTE_HOLD)),
        parts=parts,
        taken_back_minor=total(Kind.STRIPE_BALANCE, of={"reversal"}),
        cost_minor=total(Kind.STRIPE_FEES, Kind.DISPUTE_FEES),
    )


def _take_to_bank(parts: dict[Part, int], minor: int) -> int:
    """While a dispute is open the bank has the money, whoever it belongs to here; returns what we had to advance."""
    parts[Part.AT_BANK], left = minor, minor
    for part in (Part.HELD, Part.TO_SEND, Part.FEE):
        taken = min(max(parts[part], 0), left)
        parts[part] -= taken
        left -= taken
    return left
