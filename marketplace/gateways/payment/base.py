"""What the product asks of a payment company, in our words: records, refusals and the Protocol of the gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol


class PaymentError(Exception):
    """A call to the payment company did not give what was asked. `code` is the company's own word, or empty."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class PaymentRefused(PaymentError):
    """A definite no with its own meaning: nothing happened, and the same request will be refused again."""


class CardRefused(PaymentRefused):
    """The customer's bank said no. `decline_code` is the bank's reason."""

    def __init__(self, message: str, *, code: str = "", decline_code: str = "") -> None:
        super().__init__(message, code=code)
        self.decline_code = decline_code

    @property
    def needs_customer(self) -> bool:
        """Whether the bank wants the customer to confirm by hand."""
        return "authentication_required" in (self.code, self.decline_code)


class AccountGone(PaymentRefused):
    """The company does not know the connected account any more, or no longer lets us act for it."""


class KeyMisused(PaymentRefused):
    """The idempotency key was used before with other parameters: a fault of ours that a person must look at."""


class PaymentBusy(PaymentError):
    """Nothing happened, for a reason that passes: too many calls, a lock, a key that is not accepted right now."""


class PaymentUnknown(PaymentError):
    """No answer that can be trusted: it may have happened. Only the same key may be tried again."""


class SignatureInvalid(Exception):
    """The event does not come from the payment company, is too old, or was changed on its way."""


class WrongEventForm(Exception):
    """A verified event that belongs to another address: a thin one at a snapshot's, an account's at our own."""


CheckoutState = Literal["open", "complete", "expired"]


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """What a hosted checkout is about. In setup mode the card is saved and `amount_minor` is not charged.

    `currency` is an ISO code in capitals; `expires_at_s` is in seconds since 1970, 30 minutes to 24 hours ahead.
    `success_url` may hold `{CHECKOUT_SESSION_ID}`.
    """

    mode: Literal["payment", "setup"]
    amount_minor: int
    currency: str
    description: str
    reference: str
    transfer_group: str
    success_url: str
    cancel_url: str
    expires_at_s: int
    customer_email: str | None = None
    customer_id: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SavedCardOrder:
    """A charge of a saved card while its holder is away."""

    amount_minor: int
    currency: str
    description: str
    transfer_group: str
    customer_id: str
    payment_method_id: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """Money of one charge for one connected account. `charge_id` ties it to that charge's funds."""

    amount_minor: int
    currency: str
    account_id: str
    charge_id: str
    transfer_group: str
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money of one charge back to the customer."""

    charge_id: str
    amount_minor: int
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReversalOrder:
    """Money of one transfer back to us."""

    transfer_id: str
    amount_minor: int
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file that speaks against a dispute: PDF, JPEG or PNG."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class EvidenceOrder:
    """An answer to a dispute, submitted to the bank at once and once only.

    `texts` and `files` are by Stripe's name of the field; a file is named by the id that its upload gave.
    """

    dispute_id: str
    texts: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountOrder:
    """A connected account that may receive transfers. `country` is an ISO code of two letters."""

    email: str
    display_name: str
    country: str
    currency: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """One movement on our balance with the payment company; `net_minor` = `amount_minor` - `fee_minor`, signed.

    The last three say what is behind its source, where the company has told it with the movement.
    """

    id: str
    kind: str
    category: str
    source_id: str | None
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    created_at: datetime
    available_at: datetime
    charge_id: str | None = None
    transfer_id: str | None = None
    transfer_group: str | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """A card charge. `settled` is its movement on our balance, absent when the charge failed."""

    id: str
    amount_minor: int
    refunded_minor: int
    currency: str
    is_paid: bool
    is_disputed: bool
    payment_intent_id: str | None
    transfer_group: str | None
    created_at: datetime
    settled: BalanceTransaction | None = None


@dataclass(frozen=True, slots=True)
class Checkout:
    """A hosted checkout. `url` is where the customer goes while it is open; `charge` is there once it is paid."""

    id: str
    state: CheckoutState
    mode: str
    is_paid: bool
    amount_minor: int | None
    currency: str | None
    url: str | None
    payment_intent_id: str | None
    setup_intent_id: str | None
    customer_id: str | None
    charge: Charge | None
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SavedCard:
    """A card saved by a checkout in setup mode."""

    customer_id: str
    payment_method_id: str


@dataclass(frozen=True, slots=True)
class CustomerCharge:
    """One try to charge a customer, with what we wrote on it; `charge` is there once it succeeded."""

    payment_intent_id: str
    state: str
    charge: Charge | None
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer as it stands now."""

    id: str
    amount_minor: int
    reversed_minor: int
    currency: str
    account_id: str
    charge_id: str | None
    transfer_group: str | None
    balance_transaction_id: str | None
    metadata: Mapping[str, str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reversal:
    """A part or all of a transfer taken back."""

    id: str
    transfer_id: str
    amount_minor: int
    currency: str
    metadata: Mapping[str, str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as it stands now; `state` is pending, requires_action, succeeded, failed or canceled."""

    id: str
    charge_id: str | None
    amount_minor: int
    currency: str
    state: str
    metadata: Mapping[str, str]
    created_at: datetime

    @property
    def is_unmade(self) -> bool:
        """Called off, or waiting for somebody: no money moves, unless it had begun to before."""
        return self.state in ("canceled", "requires_action")


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute as it stands now. What has left our balance for it, with Stripe's fee, and what has come back.

    An inquiry takes nothing. `submissions` counts how often evidence went to the bank.
    """

    id: str
    charge_id: str
    amount_minor: int
    currency: str
    state: str
    reason: str
    answer_by: datetime | None
    withdrawn_minor: int
    returned_minor: int
    fee_minor: int
    created_at: datetime
    submissions: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the bank has not decided yet."""
        return self.state not in ("won", "lost", "warning_closed", "prevented")


@dataclass(frozen=True, slots=True)
class RecipientAccount:
    """A connected account: whether it may receive transfers, and what the company still wants to know."""

    id: str
    can_receive: bool
    can_pay_out: bool
    is_closed: bool
    open_requirements: tuple[str, ...]
    is_past_due: bool


@dataclass(frozen=True, slots=True)
class BankPayout:
    """A payout of a connected account to its bank; `state` is pending, in_transit, paid, failed or canceled.

    A paid one can still fail, days later.
    """

    id: str
    state: str
    amount_minor: int
    currency: str
    arrives_on: date
    failure_code: str
    failure_words: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OnboardingLink:
    """An address that opens the company's onboarding once, within minutes."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """A verified event. `object_id` is what to read again; `payload` is kept as it came."""

    id: str
    kind: str
    account_id: str | None
    object_id: str | None
    object_kind: str | None
    api_version: str | None
    created_at: datetime
    is_thin: bool
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Balance:
    """Our balance in one currency."""

    available_minor: int
    pending_minor: int
    currency: str


class PaymentGateway(Protocol):
    """Every call may raise PaymentRefused, PaymentBusy or PaymentUnknown.

    A call that moves or promises money takes a mandatory `idempotency_key`, which the caller has stored before.
    """

    def create_checkout(self, order: CheckoutOrder, *, idempotency_key: str) -> Checkout:
        """Open a hosted checkout."""

    def get_checkout(self, checkout_id: str) -> Checkout:
        """Read a checkout with its charge."""

    def expire_checkout(self, checkout_id: str, *, idempotency_key: str) -> Checkout:
        """Close an open checkout so that it can no longer be paid; refused when it is over."""

    def get_saved_card(self, setup_intent_id: str) -> SavedCard:
        """Read the card that a checkout in setup mode has saved."""

    def charge_saved_card(self, order: SavedCardOrder, *, idempotency_key: str) -> Charge:
        """Charge a saved card now; CardRefused when the bank says no or asks for the customer."""

    def list_charges(self, customer_id: str) -> list[CustomerCharge]:
        """Every charge of a customer that was tried, newest first."""

    def get_charge(self, charge_id: str) -> Charge:
        """Read a charge with its movement on our balance."""

    def create_transfer(self, order: TransferOrder, *, idempotency_key: str) -> Transfer:
        """Move money of a charge to a connected account."""

    def get_transfer(self, transfer_id: str) -> Transfer:
        """Read a transfer."""

    def list_transfers(self, transfer_group: str) -> list[Transfer]:
        """All transfers of a group, newest first."""

    def reverse_transfer(self, order: ReversalOrder, *, idempotency_key: str) -> Reversal:
        """Take money of a transfer back; refused when the account no longer has it."""

    def list_reversals(self, transfer_id: str) -> list[Reversal]:
        """All reversals of a transfer, newest first."""

    def create_refund(self, order: RefundOrder, *, idempotency_key: str) -> Refund:
        """Give money of a charge back to the customer."""

    def get_refund(self, refund_id: str) -> Refund:
        """Read a refund."""

    def list_refunds(self, charge_id: str) -> list[Refund]:
        """All refunds of a charge, newest first."""

    def get_dispute(self, dispute_id: str) -> Dispute:
        """Read a dispute."""

    def list_disputes(self, charge_id: str) -> list[Dispute]:
        """All disputes of a charge, newest first."""

    def upload_evidence(self, file: EvidenceFile, *, idempotency_key: str) -> str:
        """Hand a file over for use as evidence; its id. Refused when it is of no kind that banks take."""

    def submit_evidence(self, order: EvidenceOrder, *, idempotency_key: str) -> Dispute:
        """Send evidence to the bank; refused once the dispute is decided."""

    def create_account(self, order: AccountOrder, *, idempotency_key: str) -> RecipientAccount:
        """Open a connected account that can receive once it has been onboarded."""

    def get_account(self, account_id: str) -> RecipientAccount:
        """Read a connected account; AccountGone where there is none of ours any more."""

    def create_onboarding_link(self, account_id: str, *, return_url: str, refresh_url: str) -> OnboardingLink:
        """A fresh link to the company's onboarding."""

    def create_dashboard_link(self, account_id: str) -> str:
        """A fresh address of the company's own pages of a connected account; refused before it has been onboarded."""

    def get_bank_payout(self, account_id: str, payout_id: str) -> BankPayout:
        """Read a payout of a connected account to its bank."""

    def list_bank_payouts(self, account_id: str, *, since: datetime) -> list[BankPayout]:
        """The last payouts of a connected account to its bank, a hundred at most, newest first."""

    def get_balance(self, currency: str) -> Balance:
        """Our balance in one currency."""

    def list_balances(self) -> list[Balance]:
        """Our balance in every currency that the company has an entry for."""

    def list_balance_transactions(
        self, *, since: datetime, until: datetime | None = None
    ) -> Iterator[BalanceTransaction]:
        """Every movement on our balance since an instant and, if given, before another; newest first."""

    def list_undelivered_events(self, *, since: datetime) -> Iterator[IncomingEvent]:
        """Snapshot events of our own account that no webhook has answered, newest first."""

    def read_snapshot_event(self, payload: bytes, signature: str | None) -> IncomingEvent:
        """Verify the raw body of a webhook for our own account; SignatureInvalid or WrongEventForm otherwise."""

    def read_connected_event(self, payload: bytes, signature: str | None) -> IncomingEvent:
        """The same for connected accounts, whose events name theirs."""

    def read_thin_event(self, payload: bytes, signature: str | None) -> IncomingEvent:
        """The same for a thin event about a connected account."""
