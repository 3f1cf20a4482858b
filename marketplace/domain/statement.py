"""Statements: whose money they tell of, over which days, and what each kind of posting means to them in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from marketplace.domain.errors import Invalid
from marketplace.domain.ledger import AccountKind

LONGEST_DAYS: Final = 3_700
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2200


class Side(StrEnum):
    """Whose statement it is."""

    ACTOR = "actor"
    PLATFORM = "platform"
    MARKETPLACE = "marketplace"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose statement it is; `id` is the actor's or the platform's, None for the marketplace."""

    side: Side
    id: int | None = None

    def __post_init__(self) -> None:
        """Refuse somebody without an id, and an id of nobody."""
        if (self.id is None) != (self.side == Side.MARKETPLACE):
            raise ValueError("an actor and a platform have an id, the marketplace has none")


@dataclass(frozen=True, slots=True)
class Period:
    """The days of a statement, both ends included. Days end at midnight UTC, the same for everyone who reads it."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse an end before the beginning, and more than ten years."""
        if self.last < self.first:
            raise Invalid("The last day is before the first. Nothing was changed.", field="to")
        if (self.last - self.first).days > LONGEST_DAYS:
            raise Invalid("A statement covers ten years at most. Nothing was changed.", field="from")

    @property
    def since(self) -> datetime:
        """The first instant that belongs to it."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def until(self) -> datetime:
        """The first instant after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), UTC)

    @property
    def month(self) -> str:
        """ "2026-11" for a whole month, "" for other days."""
        return f"{self.first:%Y-%m}" if self == month_of(self.first) else ""

    @property
    def name(self) -> str:
        """For the name of a file: "2026-11", or "2026-11-03-to-2026-11-09"."""
        return self.month or f"{self.first}-to-{self.last}"


def month_of(on: date) -> Period:
    """The whole month that a day lies in."""
    first = on.replace(day=1)
    return Period(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def month_named(name: str) -> Period | None:
    """The month of a name such as "2026-11"; None for what is none, or lies where no books are kept."""
    try:
        first = date.fromisoformat(f"{name}-01") if len(name) == 7 else date.min
    except ValueError:
        return None
    return month_of(first) if FIRST_YEAR <= first.year <= LAST_YEAR else None


def months_back(from_on: date, to_on: date, most: int = 36) -> list[Period]:
    """The months between two days, newest first."""
    months = [month_of(to_on)]
    while months[-1].first > from_on and len(months) < most:
        months.append(month_of(months[-1].first - timedelta(days=1)))
    return months


OWNED: Final[Mapping[Side, tuple[AccountKind, ...]]] = MappingProxyType(
    {
        Side.ACTOR: (AccountKind.ACTOR_PAYABLE, AccountKind.ACTOR_RECEIVABLE),
        Side.PLATFORM: (AccountKind.BOOKING_FUNDS, AccountKind.REFUND_DUE),
        Side.MARKETPLACE: (AccountKind.STRIPE_BALANCE,),
    }
)
"""The accounts whose sum is the balance of a statement: what we owe an actor, less what they owe us; what we hold for a
platform; what the marketplace has at Stripe."""

SIGN: Final[Mapping[Side, int]] = MappingProxyType({Side.ACTOR: -1, Side.PLATFORM: -1, Side.MARKETPLACE: 1})
"""What we owe is a credit in the books and a plus for whoever it is owed to."""

RESULT: Final = (AccountKind.FEE_INCOME, AccountKind.STRIPE_FEES, AccountKind.DISPUTE_FEES, AccountKind.LOSSES)
"""The accounts of the marketplace's income and costs."""

OURS_ALONE: Final = frozenset({"fee", "earn", "transfer", "reversal", "net", "write_off"})
"""Postings that move money of a platform's booking, but not to the platform or from it."""

AT_THE_BANK: Final = frozenset({"dispute_open", "dispute_won"})
"""Postings in which the payer's bank takes the platform's payment back, or gives it again."""

_WORDS: Final[Mapping[Side, Mapping[str, str]]] = MappingProxyType(
    {
        Side.ACTOR: {
            "earn": "Earned",
            "transfer": "Sent to the actor’s account at Stripe",
            "reversal": "Returned from the actor’s account at Stripe",
            "net": "Earlier debt taken off this payout",
            "refund": "The actor’s part of a refund",
            "dispute_lost": "The actor’s part of a payment that the platform’s bank took back",
            "write_off": "Debt forgiven",
        },
        Side.PLATFORM: {
            "charge": "Paid, held until accepted",
            "earn": "Accepted: the actor’s part and the fee",
            "refund": "Refunded",
            "refund_fail": "Refund sent back by the bank: still owed",
            "refund_repaid": "Refund repaid by bank transfer",
            "double": "Charged a second time by mistake: owed back",
            "double_refund": "Second charge refunded",
            "double_refund_fail": "Refund of the second charge sent back by the bank: still owed",
            "dispute_open": "Taken back by the bank: payment disputed",
            "dispute_won": "Paid again: dispute decided for the marketplace",
            "dispute_lost": "Dispute decided for the platform",
        },
        Side.MARKETPLACE: {
            "charge": "Charge captured",
            "fee": "Stripe’s fee",
            "earn": "Earned by actor and marketplace",
            "transfer": "Transfer to actor",
            "reversal": "Transfer reversed",
            "net": "Actor’s debt taken off a payout",
            "refund": "Refund to platform",
            "refund_fail": "Refund came back",
            "refund_repaid": "Refund repaid from our bank",
            "double": "Second charge of a booking",
            "double_refund": "Second charge refunded",
            "double_refund_fail": "Refund of a second charge came back",
            "dispute_open": "Dispute opened",
            "dispute_won": "Dispute won, payment back",
            "dispute_lost": "Dispute lost, payment gone",
            "write_off": "Actor’s debt written off",
            "bank_payout": "Sent to our bank",
            "bank_payout_fail": "Came back from our bank",
        },
    }
)


def words_of(side: Side, kind: str) -> str:
    """What a kind of posting means on a statement; one without words of its own is called by its kind."""
    return _WORDS[side].get(kind) or _WORDS[Side.MARKETPLACE].get(kind) or kind.replace("_", " ").capitalize()


ACCOUNT_WORDS: Final[Mapping[AccountKind, str]] = MappingProxyType(
    {
        AccountKind.STRIPE_BALANCE: "Balance at Stripe",
        AccountKind.BANK: "Our bank",
        AccountKind.DISPUTE_HOLD: "Taken by banks in open disputes",
        AccountKind.ACTOR_RECEIVABLE: "Owed by actors",
        AccountKind.BOOKING_FUNDS: "Held until accepted",
        AccountKind.ACTOR_PAYABLE: "Owed to actors",
        AccountKind.REFUND_DUE: "Owed to platforms: refunds that came back",
        AccountKind.FEE_INCOME: "Marketplace fees",
        AccountKind.STRIPE_FEES: "Stripe’s fees",
        AccountKind.DISPUTE_FEES: "Dispute fees",
        AccountKind.LOSSES: "Losses",
    }
)
"""The chart of accounts in words."""
