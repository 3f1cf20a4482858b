"""The books: the chart of accounts, and what each event does to them. Debit is plus, credit is minus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from marketplace.domain.money import CurrencyMismatch, Money


class Nature(StrEnum):
    """What an account is, which says on which side its balance normally stands."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


class AccountKind(StrEnum):
    """The chart of accounts. Those in OWNED exist once for each booking, actor or platform."""

    STRIPE_BALANCE = "stripe_balance"
    BANK = "bank"
    DISPUTE_HOLD = "dispute_hold"
    ACTOR_RECEIVABLE = "actor_receivable"
    BOOKING_FUNDS = "booking_funds"
    ACTOR_PAYABLE = "actor_payable"
    REFUND_DUE = "refund_due"
    FEE_INCOME = "fee_income"
    STRIPE_FEES = "stripe_fees"
    DISPUTE_FEES = "dispute_fees"
    LOSSES = "losses"


NATURE: Final[Mapping[AccountKind, Nature]] = MappingProxyType(
    {
        AccountKind.STRIPE_BALANCE: Nature.ASSET,
        AccountKind.BANK: Nature.ASSET,
        AccountKind.DISPUTE_HOLD: Nature.ASSET,
        AccountKind.ACTOR_RECEIVABLE: Nature.ASSET,
        AccountKind.BOOKING_FUNDS: Nature.LIABILITY,
        AccountKind.ACTOR_PAYABLE: Nature.LIABILITY,
        AccountKind.REFUND_DUE: Nature.LIABILITY,
        AccountKind.FEE_INCOME: Nature.INCOME,
        AccountKind.STRIPE_FEES: Nature.EXPENSE,
        AccountKind.DISPUTE_FEES: Nature.EXPENSE,
        AccountKind.LOSSES: Nature.EXPENSE,
    }
)
OWNED: Final = frozenset(
    {
        AccountKind.ACTOR_RECEIVABLE,
        AccountKind.BOOKING_FUNDS,
        AccountKind.ACTOR_PAYABLE,
        AccountKind.REFUND_DUE,
    }
)


class Unbalanced(ValueError):
    """Lines that do not sum to zero, or fewer than two of them: nothing may be written."""


@dataclass(frozen=True, slots=True)
class Place:
    """One account of the chart; `owner_id` for those that exist once for each booking, actor or platform."""

    kind: AccountKind
    owner_id: int | None = None

    def __post_init__(self) -> None:
        """Refuse an owner where there is none, and none where there must be one."""
        if (self.owner_id is not None) != (self.kind in OWNED):
            raise ValueError(f"{self.kind} has {'an' if self.kind in OWNED else 'no'} owner")

    @property
    def key(self) -> str:
        """`kind` or `kind:owner id`."""
        return str(self.kind) if self.owner_id is None else f"{self.kind}:{self.owner_id}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a posting, never zero."""

    place: Place
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PostingDraft:
    """A balanced posting, ready to be written. `event_key` names what happened, so that it is booked once."""

    event_key: str
    kind: str
    currency: str
    lines: tuple[Line, ...]
    booking_id: int | None = None
    stripe_id: str | None = None
    memo: str = ""

    def __post_init__(self) -> None:
        """Refuse what the database would refuse at commit."""
        if len(self.lines) < 2 or any(line.amount_minor == 0 for line in self.lines):
            raise Unbalanced(f"{self.event_key} needs two lines or more, none of them zero")
        if sum(line.amount_minor for line in self.lines) != 0:
            raise Unbalanced(f"{self.event_key} does not sum to zero")


def draft(
    event_key: str,
    kind: str,
    debits: Iterable[tuple[Place, Money]],
    credits: Iterable[tuple[Place, Money]],
    *,
    booking_id: int | None = None,
    stripe_id: str | None = None,
    memo: str = "",
) -> PostingDraft:
    """A posting of debits and credits, zero amounts left out.

    Refuses mixed currencies (CurrencyMismatch), negative amounts (ValueError) and sides that differ (Unbalanced).
    """
    sides = [*((place, money, 1) for place, money in debits), *((place, money, -1) for place, money in credits)]
    currencies = {money.currency for _, money, _ in sides}
    if len(currencies) > 1:
        raise CurrencyMismatch("One posting has one currency. Nothing was booked.")
    if any(money.minor < 0 for _, money, _ in sides):
        raise ValueError(f"{event_key}: amounts are not negative; swap the sides instead")
    lines = tuple(Line(place, money.minor * sign) for place, money, sign in sides if money)
    return PostingDraft(event_key, kind, currencies.pop() if currencies else "", lines, booking_id, stripe_id, memo)


STRIPE: Final = Place(AccountKind.STRIPE_BALANCE)
BANK: Final = Place(AccountKind.BANK)
HOLD: Final = Place(AccountKind.DISPUTE_HOLD)
FEES: Final = Place(AccountKind.FEE_INCOME)
LOSSES: Final = Place(AccountKind.LOSSES)
STRIPE_FEES: Final = Place(AccountKind.STRIPE_FEES)
DISPUTE_FEES: Final = Place(AccountKind.DISPUTE_FEES)


def funds_of(booking_id: int) -> Place:
    """What a booking's platform has paid and nobody has earned yet."""
    return Place(AccountKind.BOOKING_FUNDS, booking_id)


def payable_to(actor_id: int) -> Place:
    """What an actor has earned and not been sent."""
    return Place(AccountKind.ACTOR_PAYABLE, actor_id)


def receivable_from(actor_id: int) -> Place:
    """What an actor owes after a refund or a lost dispute."""
    return Place(AccountKind.ACTOR_RECEIVABLE, actor_id)


def refund_due_to(platform_id: int) -> Place:
    """What a platform is owed because a refund came back."""
    return Place(AccountKind.REFUND_DUE, platform_id)


def charge_captured(*, charge_id: str, booking_id: int, amount: Money) -> PostingDraft:
    """The platform has paid: the money is on our balance and belongs to the booking."""
    return draft(
        f"charge:{charge_id}",
        "charge",
        [(STRIPE, amount)],
        [(funds_of(booking_id), amount)],
        booking_id=booking_id,
        stripe_id=charge_id,
    )


def double_charged(*, charge_id: str, booking_id: int, platform_id: int, amount: Money) -> PostingDraft:
    """The platform has been charged a second time for one booking: the money is theirs, and goes back."""
    return draft(
        f"charge:{charge_id}",
        "double",
        [(STRIPE, amount)],
        [(refund_due_to(platform_id), amount)],
        booking_id=booking_id,
        stripe_id=charge_id,
    )


def double_returned(*, refund_id: str, booking_id: int, platform_id: int, amount: Money) -> PostingDraft:
    """A second charge has gone back."""
    return draft(
        f"refund:{refund_id}",
        "double_refund",
        [(refund_due_to(platform_id), amount)],
        [(STRIPE, amount)],
        booking_id=booking_id,
        stripe_id=refund_id,
    )


def double_came_back(*, refund_id: str, booking_id: int, platform_id: int, amount: Money) -> PostingDraft:
    """The refund of a second charge has come back: the platform is still owed it."""
    return draft(
        f"refund_fail:{refund_id}",
        "double_refund_fail",
        [(STRIPE, amount)],
        [(refund_due_to(platform_id), amount)],
        booking_id=booking_id,
        stripe_id=refund_id,
    )


def stripe_fee(*, transaction_id: str, booking_id: int, amount: Money) -> PostingDraft:
    """Stripe has kept its fee of a charge. Our cost, whatever becomes of the booking."""
    return draft(
        f"fee:{transaction_id}",
        "fee",
        [(STRIPE_FEES, amount)],
        [(STRIPE, amount)],
        booking_id=booking_id,
        stripe_id=transaction_id,
    )


def earn_key(booking_id: int) -> str:
    """The name of the one event in which a booking's money is earned."""
    return f"earn:bk_{booking_id}"


def payout_earned(*, booking_id: int, actor_id: int, actor_part: Money, fee_part: Money) -> PostingDraft:
    """The booking's money is earned: the actor's part is owed to them, our part is our fee. What is left stays."""
    return draft(
        earn_key(booking_id),
        "earn",
        [(funds_of(booking_id), actor_part + fee_part)],
        [(payable_to(actor_id), actor_part), (FEES, fee_part)],
        booking_id=booking_id,
    )


def transfer_made(*, transfer_id: str, booking_id: int, actor_id: int, amount: Money) -> PostingDraft:
    """The actor's money has left our balance for theirs."""
    return draft(
        f"transfer:{transfer_id}",
        "transfer",
        [(payable_to(actor_id), amount)],
        [(STRIPE, amount)],
        booking_id=booking_id,
        stripe_id=transfer_id,
    )


def refund_before_earning(*, refund_id: str, booking_id: int, amount: Money) -> PostingDraft:
    """Money goes back to the platform before anybody has earned it."""
    return draft(
        f"refund:{refund_id}",
        "refund",
        [(funds_of(booking_id), amount)],
        [(STRIPE, amount)],
        booking_id=booking_id,
        stripe_id=refund_id,
    )


def refund_after_earning(
    *,
    refund_id: str,
    booking_id: int,
    actor_id: int,
    funds_part: Money,
    fee_part: Money,
    payable_part: Money,
    receivable_part: Money,
) -> PostingDraft:
    """Money goes back after the booking was earned: what nobody had earned, our fee, the actor's part sent or not."""
    return draft(
        f"refund:{refund_id}",
        "refund",
        [
            (funds_of(booking_id), funds_part),
            (FEES, fee_part),
            (payable_to(actor_id), payable_part),
            (receivable_from(actor_id), receivable_part),
        ],
        [(STRIPE, funds_part + fee_part + payable_part + receivable_part)],
        booking_id=booking_id,
        stripe_id=refund_id,
    )


def transfer_reversed(
    *, reversal_id: str, booking_id: int, actor_id: int, receivable_part: Money, payable_part: Money
) -> PostingDraft:
    """Part of a transfer has come back: it settles what the actor owes of the booking, and is theirs again beyond that.

    What is theirs again is refunded, lost to the bank or sent once more: it never stands as a debt of ours in
    disguise.
    """
    return draft(
        f"reversal:{reversal_id}",
        "reversal",
        [(STRIPE, receivable_part + payable_part)],
        [(receivable_from(actor_id), receivable_part), (payable_to(actor_id), payable_part)],
        booking_id=booking_id,
        stripe_id=reversal_id,
    )


def refund_failed(*, refund_id: str, booking_id: int, platform_id: int, amount: Money) -> PostingDraft:
    """A refund has come back to us: the platform is still owed it."""
    return draft(
        f"refund_fail:{refund_id}",
        "refund_fail",
        [(STRIPE, amount)],
        [(refund_due_to(platform_id), amount)],
        booking_id=booking_id,
        stripe_id=refund_id,
    )


def refund_made_again(*, refund_id: str, booking_id: int, platform_id: int, amount: Money) -> PostingDraft:
    """A refund that had come back is made once more: what the platform was owed has gone, the booking pays nothing."""
    return draft(
        f"refund:{refund_id}",
        "refund",
        [(refund_due_to(platform_id), amount)],
        [(STRIPE, amount)],
        booking_id=booking_id,
        stripe_id=refund_id,
    )


def refund_repaid(*, row_id: int, booking_id: int, platform_id: int, amount: Money) -> PostingDraft:
    """A refund that had come back was repaid from our own bank account by hand."""
    return draft(
        f"refund_repaid:{row_id}",
        "refund_repaid",
        [(refund_due_to(platform_id), amount)],
        [(BANK, amount)],
        booking_id=booking_id,
    )


def dispute_opened(*, dispute_id: str, booking_id: int, amount: Money, fee: Money) -> PostingDraft:
    """The payer's bank has taken the amount, and Stripe its fee for it."""
    return draft(
        f"dispute_open:{dispute_id}",
        "dispute_open",
        [(HOLD, amount), (DISPUTE_FEES, fee)],
        [(STRIPE, amount + fee)],
        booking_id=booking_id,
        stripe_id=dispute_id,
    )


def dispute_won(*, dispute_id: str, booking_id: int, amount: Money) -> PostingDraft:
    """The amount is back; the fee is not."""
    return draft(
        f"dispute_won:{dispute_id}",
        "dispute_won",
        [(STRIPE, amount)],
        [(HOLD, amount)],
        booking_id=booking_id,
        stripe_id=dispute_id,
    )


def dispute_lost(
    *,
    dispute_id: str,
    booking_id: int,
    actor_id: int,
    funds_part: Money,
    fee_part: Money,
    payable_part: Money,
    receivable_part: Money,
    loss_part: Money,
    due: tuple[Place, Money] | None = None,
) -> PostingDraft:
    """The amount is gone: out of what nobody had earned, else out of our fee, the actor's part, or our own pocket.

    `due` is what the platform was owed because a refund had come back: its bank has given it that.
    """
    parts = [
        *([due] if due else []),
        (funds_of(booking_id), funds_part),
        (FEES, fee_part),
        (payable_to(actor_id), payable_part),
        (receivable_from(actor_id), receivable_part),
        (LOSSES, loss_part),
    ]
    whole = sum((money for _, money in parts), start=Money(0, funds_part.currency))
    return draft(
        f"dispute_lost:{dispute_id}",
        "dispute_lost",
        parts,
        [(HOLD, whole)],
        booking_id=booking_id,
        stripe_id=dispute_id,
    )


def receivable_netted(*, command_key: str, booking_id: int, actor_id: int, amount: Money) -> PostingDraft:
    """What the actor owes is taken off what they are sent."""
    return draft(
        f"net:{command_key}",
        "net",
        [(payable_to(actor_id), amount)],
        [(receivable_from(actor_id), amount)],
        booking_id=booking_id,
    )


def receivable_written_off(*, case_key: str, actor_id: int, amount: Money) -> PostingDraft:
    """What the actor owes will not come: two admins have said so."""
    return draft(f"write_off:{case_key}", "write_off", [(LOSSES, amount)], [(receivable_from(actor_id), amount)])


def bank_payout_sent(*, bank_payout_id: str, amount: Money) -> PostingDraft:
    """Our own money has gone to our bank."""
    return draft(
        f"bank_payout:{bank_payout_id}", "bank_payout", [(BANK, amount)], [(STRIPE, amount)], stripe_id=bank_payout_id
    )


def bank_payout_failed(*, bank_payout_id: str, amount: Money) -> PostingDraft:
    """Our bank has sent it back."""
    return draft(
        f"bank_payout_fail:{bank_payout_id}",
        "bank_payout_fail",
        [(STRIPE, amount)],
        [(BANK, amount)],
        stripe_id=bank_payout_id,
    )
