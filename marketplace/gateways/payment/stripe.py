"""Stripe through its own SDK: the only place where money is really moved."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Literal, cast

import stripe
from stripe.params import (
    BalanceTransactionListParamsCreated,
    DisputeUpdateParams,
    DisputeUpdateParamsEvidence,
    FileCreateParams,
    RefundCreateParams,
)
from stripe.params.checkout import SessionCreateParams
from stripe.v2 import core

from marketplace.gateways.payment.base import (
    AccountGone,
    AccountOrder,
    Balance,
    BalanceTransaction,
    BankPayout,
    CardRefused,
    Charge,
    Checkout,
    CheckoutOrder,
    CheckoutState,
    CustomerCharge,
    Dispute,
    EvidenceFile,
    EvidenceOrder,
    IncomingEvent,
    KeyMisused,
    OnboardingLink,
    PaymentBusy,
    PaymentError,
    PaymentRefused,
    PaymentUnknown,
    RecipientAccount,
    Refund,
    RefundOrder,
    Reversal,
    ReversalOrder,
    SavedCard,
    SavedCardOrder,
    SignatureInvalid,
    Transfer,
    TransferOrder,
    WrongEventForm,
)
from marketplace.gateways.payment.paced import Pace, PacedClient, at_once

# Without this the SDK reports the latency of each call to Stripe with the next one.
stripe.enable_telemetry = False

TOLERANCE_S = 300
PAGE = 100
CHECKOUT_PARTS = ["payment_intent.latest_charge.balance_transaction"]
# only in as many words: a server that lacks an address answers 404 as well, and no account is closed for that
GONE = ("resource_missing", "not_found", "account_invalid")
ACCOUNT_PARTS: list[Literal["configuration.recipient", "requirements"]] = ["configuration.recipient", "requirements"]


class StripeGateway:
    """A PaymentGateway on the `stripe` SDK, with the API version that SDK pins.

    `api_base` points it at any Stripe-compatible server. `webhook_secrets`, those of the endpoint of our own account,
    are tried in turn, so that a new secret can be added before the old one goes; so are `connected_secrets` and
    `thin_secrets`, which are the same where left out: one endpoint may then send everything. `timeout_s` is the
    longest wait for one answer; `pace` is asked before every request.
    """

    def __init__(
        self,
        secret_key: str,
        *,
        api_base: str | None = None,
        webhook_secrets: Sequence[str] = (),
        connected_secrets: Sequence[str] | None = None,
        thin_secrets: Sequence[str] | None = None,
        timeout_s: float = 15,
        retries: int = 2,
        pace: Pace = at_once,
    ) -> None:
        self._own = tuple(webhook_secrets)
        self._connected = self._own if connected_secrets is None else tuple(connected_secrets)
        self._thin = self._own if thin_secrets is None else tuple(thin_secrets)
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base, "files": api_base} if api_base else {},
            # a StripeClient retries nothing unless told; the global default does not reach it
            max_network_retries=retries,
            http_client=PacedClient(pace, timeout_s=timeout_s),
        )

    # checkout ------------------------------------------------------------------------------------

    def create_checkout(self, order: CheckoutOrder, *, idempotency_key: str) -> Checkout:
        """Open a hosted checkout, to pay or to save a card."""
        params = _setup_params(order) if order.mode == "setup" else _payment_params(order)
        with _calling():
            session = self._client.v1.checkout.sessions.create(params, {"idempotency_key": idempotency_key})
        return _checkout(session)

    def get_checkout(self, checkout_id: str) -> Checkout:
        """Read a checkout; its charge comes with it, in one call where the server expands so deep."""
        with _calling():
            checkout = _checkout(self._client.v1.checkout.sessions.retrieve(checkout_id, {"expand": CHECKOUT_PARTS}))
            if checkout.payment_intent_id is None or (checkout.charge is not None and checkout.charge.settled):
                return checkout
            return replace(checkout, charge=self._charge_of(checkout.payment_intent_id))

    def _charge_of(self, payment_intent_id: str) -> Charge | None:
        """The charge of an intent with its movement, read piece by piece."""
        intent = self._client.v1.payment_intents.retrieve(payment_intent_id)
        charge_id = _id(_opt(intent, "latest_charge"))
        return self.get_charge(charge_id) if charge_id else None

    def expire_checkout(self, checkout_id: str, *, idempotency_key: str) -> Checkout:
        """Close an open checkout."""
        with _calling():
            options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
            return _checkout(self._client.v1.checkout.sessions.expire(checkout_id, {}, options))

    def get_saved_card(self, setup_intent_id: str) -> SavedCard:
        """The card of a finished setup."""
        with _calling():
            intent = self._client.v1.setup_intents.retrieve(setup_intent_id)
        customer, method = _id(_opt(intent, "customer")), _id(_opt(intent, "payment_method"))
        if customer is None or method is None:
            raise PaymentRefused("The card has not been saved.", code="setup_incomplete")
        return SavedCard(customer, method)

    def charge_saved_card(self, order: SavedCardOrder, *, idempotency_key: str) -> Charge:
        """Charge off session, and read the charge with its fee."""
        with _calling():
            intent = self._client.v1.payment_intents.create(
                {
                    "amount": order.amount_minor,
                    "currency": order.currency.lower(),
                    "customer": order.customer_id,
                    "payment_method": order.payment_method_id,
                    # nobody is there to be led to a bank's page and back
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                    "off_session": True,
                    "confirm": True,
                    "description": order.description,
                    "transfer_group": order.transfer_group,
                    "metadata": dict(order.metadata),
                },
                {"idempotency_key": idempotency_key},
            )
        charge_id = _id(_opt(intent, "latest_charge"))
        if intent.status == "processing":
            raise PaymentUnknown("The bank has not answered yet.", code=intent.status)
        if intent.status != "succeeded" or charge_id is None:
            asks = "authentication_required" if intent.status == "requires_action" else intent.status
            raise CardRefused("The bank wants the customer to confirm the payment.", code=asks)
        return self.get_charge(charge_id)

    def list_charges(self, customer_id: str) -> list[CustomerCharge]:
        """A customer's payment intents; the charge of each that succeeded is read whole."""
        with _calling():
            page = self._client.v1.payment_intents.list({"customer": customer_id, "limit": PAGE})
            intents = list(page.auto_paging_iter())
        return [self._customer_charge(intent) for intent in intents]

    def _customer_charge(self, intent: stripe.PaymentIntent) -> CustomerCharge:
        charge_id = _id(_opt(intent, "latest_charge")) if intent.status == "succeeded" else None
        charge = self.get_charge(charge_id) if charge_id else None
        return CustomerCharge(intent.id, intent.status, charge, _metadata(_opt(intent, "metadata")))

    def get_charge(self, charge_id: str) -> Charge:
        """Read a charge with its movement on our balance."""
        with _calling():
            charge = self._client.v1.charges.retrieve(charge_id, {"expand": ["balance_transaction"]})
            settled = _opt(charge, "balance_transaction")
            if isinstance(settled, str):
                moved = _balance_transaction(self._client.v1.balance_transactions.retrieve(settled))
                return replace(_charge(charge), settled=moved)
            return _charge(charge)

    # transfers -----------------------------------------------------------------------------------

    def create_transfer(self, order: TransferOrder, *, idempotency_key: str) -> Transfer:
        """Move money; it becomes available to the account when the charge's funds do."""
        with _calling():
            transfer = self._client.v1.transfers.create(
                {
                    "amount": order.amount_minor,
                    "currency": order.currency.lower(),
                    "destination": order.account_id,
                    "source_transaction": order.charge_id,
                    "transfer_group": order.transfer_group,
                    "description": order.description,
                    "metadata": dict(order.metadata),
                },
                {"idempotency_key": idempotency_key},
            )
        return _transfer(transfer)

    def get_transfer(self, transfer_id: str) -> Transfer:
        """Read a transfer."""
        with _calling():
            return _transfer(self._client.v1.transfers.retrieve(transfer_id))

    def list_transfers(self, transfer_group: str) -> list[Transfer]:
        """All transfers of a group."""
        with _calling():
            page = self._client.v1.transfers.list({"transfer_group": transfer_group, "limit": PAGE})
            return [_transfer(each) for each in page.auto_paging_iter()]

    def reverse_transfer(self, order: ReversalOrder, *, idempotency_key: str) -> Reversal:
        """Take money of a transfer back."""
        with _calling():
            reversal = self._client.v1.transfers.reversals.create(
                order.transfer_id,
                {"amount": order.amount_minor, "metadata": dict(order.metadata)},
                {"idempotency_key": idempotency_key},
            )
        return _reversal(reversal)

    def list_reversals(self, transfer_id: str) -> list[Reversal]:
        """All reversals of a transfer."""
        with _calling():
            page = self._client.v1.transfers.reversals.list(transfer_id, {"limit": PAGE})
            return [_reversal(each) for each in page.auto_paging_iter()]

    # refunds and disputes ------------------------------------------------------------------------

    def create_refund(self, order: RefundOrder, *, idempotency_key: str) -> Refund:
        """Give money back to the customer."""
        params: RefundCreateParams = {
            "charge": order.charge_id,
            "amount": order.amount_minor,
            "metadata": dict(order.metadata),
        }
        with _calling():
            return _refund(self._client.v1.refunds.create(params, {"idempotency_key": idempotency_key}))

    def get_refund(self, refund_id: str) -> Refund:
        """Read a refund."""
        with _calling():
            return _refund(self._client.v1.refunds.retrieve(refund_id))

    def list_refunds(self, charge_id: str) -> list[Refund]:
        """All refunds of a charge."""
        with _calling():
            page = self._client.v1.refunds.list({"charge": charge_id, "limit": PAGE})
            return [_refund(each) for each in page.auto_paging_iter()]

    def get_dispute(self, dispute_id: str) -> Dispute:
        """Read a dispute."""
        with _calling():
            return _dispute(self._client.v1.disputes.retrieve(dispute_id))

    def list_disputes(self, charge_id: str) -> list[Dispute]:
        """All disputes of a charge."""
        with _calling():
            page = self._client.v1.disputes.list({"charge": charge_id, "limit": PAGE})
            return [_dispute(each) for each in page.auto_paging_iter()]

    def upload_evidence(self, file: EvidenceFile, *, idempotency_key: str) -> str:
        """Hand a file over, at the address that Stripe has for files."""
        params: FileCreateParams = {"purpose": "dispute_evidence", "file": _Named(file)}
        with _calling():
            return self._client.v1.files.create(params, {"idempotency_key": idempotency_key}).id

    def submit_evidence(self, order: EvidenceOrder, *, idempotency_key: str) -> Dispute:
        """Send evidence to the bank at once."""
        evidence = cast(DisputeUpdateParamsEvidence, {**order.texts, **order.files})
        params: DisputeUpdateParams = {"evidence": evidence, "submit": True, "metadata": dict(order.metadata)}
        with _calling():
            options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
            return _dispute(self._client.v1.disputes.update(order.dispute_id, params, options))

    # connected accounts --------------------------------------------------------------------------

    def create_account(self, order: AccountOrder, *, idempotency_key: str) -> RecipientAccount:
        """An Accounts v2 recipient with the Express dashboard; fees and losses are ours."""
        with _calling():
            account = self._client.v2.core.accounts.create(
                {
                    "contact_email": order.email,
                    "display_name": order.display_name,
                    "dashboard": "express",
                    "identity": {"country": order.country.lower(), "entity_type": "individual"},
                    "configuration": {
                        "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}
                    },
                    "defaults": {
                        "currency": order.currency.lower(),
                        "responsibilities": {"fees_collector": "application", "losses_collector": "application"},
                    },
                    "include": [*ACCOUNT_PARTS],
                    "metadata": dict(order.metadata),
                },
                {"idempotency_key": idempotency_key},
            )
        return _account(account)

    def get_account(self, account_id: str) -> RecipientAccount:
        """Read a connected account."""
        with _calling_for(account_id):
            return _account(self._client.v2.core.accounts.retrieve(account_id, {"include": [*ACCOUNT_PARTS]}))

    def create_onboarding_link(self, account_id: str, *, return_url: str, refresh_url: str) -> OnboardingLink:
        """A fresh link, good for one opening. No key: two links do no harm, and a kept one would be used up."""
        with _calling():
            link = self._client.v2.core.account_links.create(
                {
                    "account": account_id,
                    "use_case": {
                        "type": "account_onboarding",
                        "account_onboarding": {"return_url": return_url, "refresh_url": refresh_url},
                    },
                }
            )
        return OnboardingLink(link.url, datetime.fromisoformat(link.expires_at))

    def create_dashboard_link(self, account_id: str) -> str:
        """The Express dashboard, signed in. No key: like the other, it may be opened once."""
        with _calling():
            return self._client.v1.accounts.login_links.create(account_id).url

    def get_bank_payout(self, account_id: str, payout_id: str) -> BankPayout:
        """Read a payout on the account's own balance."""
        with _calling():
            return _bank_payout(self._client.v1.payouts.retrieve(payout_id, {}, {"stripe_account": account_id}))

    def list_bank_payouts(self, account_id: str, *, since: datetime) -> list[BankPayout]:
        """One page: more than it holds have not left in the days that matter."""
        with _calling_for(account_id):
            page = self._client.v1.payouts.list(
                {"created": {"gte": _seconds(since)}, "limit": PAGE}, {"stripe_account": account_id}
            )
        return [_bank_payout(each) for each in page.data]

    # balance -------------------------------------------------------------------------------------

    def get_balance(self, currency: str) -> Balance:
        """What is available and pending; nought where the company has no entry."""
        with _calling():
            balance = self._client.v1.balance.retrieve()
        code = currency.lower()
        available = sum(each.amount for each in balance.available if each.currency == code)
        pending = sum(each.amount for each in balance.pending if each.currency == code)
        return Balance(available, pending, currency)

    def list_balances(self) -> list[Balance]:
        """Every currency there is an entry for, available and pending."""
        with _calling():
            balance = self._client.v1.balance.retrieve()
        available, pending = Counter[str](), Counter[str]()
        for entry in balance.available:
            available[entry.currency.upper()] += entry.amount
        for waiting in balance.pending:
            pending[waiting.currency.upper()] += waiting.amount
        return [Balance(available[code], pending[code], code) for code in sorted({*available, *pending})]

    def list_balance_transactions(
        self, *, since: datetime, until: datetime | None = None
    ) -> Iterator[BalanceTransaction]:
        """Every movement since an instant and before another, each with what is behind it."""
        created: BalanceTransactionListParamsCreated = {"gte": _seconds(since)}
        if until is not None:
            created["lt"] = _seconds(until)
        with _calling():
            page = self._client.v1.balance_transactions.list(
                {"created": created, "limit": PAGE, "expand": ["data.source"]}
            )
            for each in page.auto_paging_iter():
                yield _balance_transaction(each)

    # events --------------------------------------------------------------------------------------

    def list_undelivered_events(self, *, since: datetime) -> Iterator[IncomingEvent]:
        """Events nobody has answered yet."""
        with _calling():
            page = self._client.v1.events.list(
                {"delivery_success": False, "created": {"gte": _seconds(since)}, "limit": PAGE}
            )
            for each in page.auto_paging_iter():
                yield _snapshot(each.to_dict())

    def read_snapshot_event(self, payload: bytes, signature: str | None) -> IncomingEvent:
        """Verify and read a v1 event of our own account."""
        event = _read(_snapshot, self._verified(payload, signature, self._own, self._client.construct_event))
        if event.account_id and not self._is_one_endpoint:
            raise WrongEventForm("An event of a connected account at the address of our own.")
        return event

    def read_connected_event(self, payload: bytes, signature: str | None) -> IncomingEvent:
        """Verify and read a v1 event of a connected account."""
        event = _read(_snapshot, self._verified(payload, signature, self._connected, self._client.construct_event))
        if not event.account_id and not self._is_one_endpoint:
            raise WrongEventForm("An event of our own account at the address of connected ones.")
        return event

    def read_thin_event(self, payload: bytes, signature: str | None) -> IncomingEvent:
        """Verify and read a v2 notice."""
        return _read(_notice, self._verified(payload, signature, self._thin, self._client.parse_event_notification))

    @property
    def _is_one_endpoint(self) -> bool:
        """Whether one secret signs everything: Stripe's command line sends all of it to one address, for instance."""
        return self._own == self._connected

    def _verified(
        self, payload: bytes, signature: str | None, secrets: tuple[str, ...], parse: Callable[..., object]
    ) -> dict[str, Any]:
        for secret in secrets:
            try:
                parse(payload, signature, secret, TOLERANCE_S)
            except stripe.SignatureVerificationError:
                continue
            except (ValueError, KeyError, TypeError) as error:
                raise WrongEventForm(str(error)) from error
            return cast(dict[str, Any], json.loads(payload))
        raise SignatureInvalid("No secret of ours has signed this body, or it is older than five minutes.")


class _Named(BytesIO):
    """A file as the SDK sends it: it asks for the name."""

    def __init__(self, file: EvidenceFile) -> None:
        super().__init__(file.content)
        self.name = file.name


@contextmanager
def _calling() -> Iterator[None]:
    """Turn what the SDK raises into the three outcomes the product tells apart."""
    try:
        yield
    except stripe.StripeError as error:
        raise _outcome(error) from error


@contextmanager
def _calling_for(account_id: str) -> Iterator[None]:
    """The same for what can only be missing when the account itself is."""
    try:
        with _calling():
            yield
    except PaymentRefused as error:
        if error.code in GONE:
            raise AccountGone(f"Stripe knows no account {account_id} of ours.", code=error.code) from error
        raise


def _outcome(error: stripe.StripeError) -> PaymentError:
    message = error.user_message or str(error)
    # on 409 and 429 `error.code` is empty although the body names one
    code = error.code or getattr(error.error, "code", None) or ""
    if isinstance(error, stripe.CardError):
        return CardRefused(message, code=code, decline_code=getattr(error.error, "decline_code", None) or "")
    if error.http_status == 429 or code == "lock_timeout":
        return PaymentBusy(message, code=code or "rate_limit")
    if isinstance(error, stripe.PermissionError) and code == "account_invalid":
        return AccountGone(message, code=code)  # our key is fine, but not for this account
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return PaymentBusy("Stripe does not accept our key.", code="key_not_accepted")
    if isinstance(error, stripe.IdempotencyError) and error.http_status == 400:
        return KeyMisused(message, code="idempotency_error")
    if error.http_status is not None and 400 <= error.http_status < 500 and error.http_status != 409:
        return PaymentRefused(message, code=code)
    return PaymentUnknown(message, code=code)


def _payment_params(order: CheckoutOrder) -> SessionCreateParams:
    params = _common_params(order)
    params["line_items"] = [
        {
            "quantity": 1,
            "price_data": {
                "currency": order.currency.lower(),
                "unit_amount": order.amount_minor,
                "product_data": {"name": order.description},
            },
        }
    ]
    params["payment_intent_data"] = {
        "description": order.description,
        "metadata": dict(order.metadata),
        "transfer_group": order.transfer_group,
    }
    return params


def _setup_params(order: CheckoutOrder) -> SessionCreateParams:
    params = _common_params(order)
    params["currency"] = order.currency.lower()
    params["customer_creation"] = "always"
    params["setup_intent_data"] = {"description": order.description, "metadata": dict(order.metadata)}
    return params


def _common_params(order: CheckoutOrder) -> SessionCreateParams:
    params: SessionCreateParams = {
        "mode": order.mode,
        # a debit is known to be good days later: by then the slot is free again, and the session may be over
        "allowed_payment_method_types": ["card"],
        "client_reference_id": order.reference,
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
        "expires_at": order.expires_at_s,
        "metadata": dict(order.metadata),
    }
    if order.customer_id:
        params["customer"] = order.customer_id
    elif order.customer_email:
        params["customer_email"] = order.customer_email
    return params


def _checkout(session: stripe.checkout.Session) -> Checkout:
    intent, currency = _opt(session, "payment_intent"), _opt(session, "currency")
    charge = _opt(intent, "latest_charge") if isinstance(intent, stripe.PaymentIntent) else None
    return Checkout(
        id=session.id,
        state=cast(CheckoutState, session.status),
        mode=session.mode,
        is_paid=session.payment_status == "paid",
        amount_minor=_opt(session, "amount_total"),
        currency=currency.upper() if currency else None,
        url=_opt(session, "url"),
        payment_intent_id=_id(intent),
        setup_intent_id=_id(_opt(session, "setup_intent")),
        customer_id=_id(_opt(session, "customer")),
        charge=_charge(charge) if isinstance(charge, stripe.Charge) else None,
        metadata=_metadata(_opt(session, "metadata")),
    )


def _charge(charge: stripe.Charge) -> Charge:
    settled = _opt(charge, "balance_transaction")
    return Charge(
        id=charge.id,
        amount_minor=charge.amount,
        refunded_minor=charge.amount_refunded,
        currency=charge.currency.upper(),
        is_paid=charge.paid and charge.captured,
        is_disputed=charge.disputed,
        payment_intent_id=_id(_opt(charge, "payment_intent")),
        transfer_group=_opt(charge, "transfer_group"),
        created_at=_instant(charge.created),
        settled=_balance_transaction(settled) if isinstance(settled, stripe.BalanceTransaction) else None,
    )


def _transfer(transfer: stripe.Transfer) -> Transfer:
    return Transfer(
        id=transfer.id,
        amount_minor=transfer.amount,
        reversed_minor=transfer.amount_reversed,
        currency=transfer.currency.upper(),
        account_id=_id(_opt(transfer, "destination")) or "",
        charge_id=_id(_opt(transfer, "source_transaction")),
        transfer_group=_opt(transfer, "transfer_group"),
        balance_transaction_id=_id(_opt(transfer, "balance_transaction")),
        metadata=_metadata(_opt(transfer, "metadata")),
        created_at=_instant(transfer.created),
    )


def _reversal(reversal: stripe.TransferReversal) -> Reversal:
    return Reversal(
        id=reversal.id,
        transfer_id=_id(reversal.transfer) or "",
        amount_minor=reversal.amount,
        currency=reversal.currency.upper(),
        metadata=_metadata(_opt(reversal, "metadata")),
        created_at=_instant(reversal.created),
    )


def _refund(refund: stripe.Refund) -> Refund:
    return Refund(
        id=refund.id,
        charge_id=_id(_opt(refund, "charge")),
        amount_minor=refund.amount,
        currency=refund.currency.upper(),
        state=_opt(refund, "status") or "pending",
        metadata=_metadata(_opt(refund, "metadata")),
        created_at=_instant(refund.created),
    )


def _dispute(dispute: stripe.Dispute) -> Dispute:
    moves = dispute.balance_transactions
    answer_by = _opt(dispute.evidence_details, "due_by")
    return Dispute(
        id=dispute.id,
        charge_id=_id(dispute.charge) or "",
        amount_minor=dispute.amount,
        currency=dispute.currency.upper(),
        state=dispute.status,
        reason=dispute.reason,
        answer_by=_instant(answer_by) if answer_by else None,
        withdrawn_minor=-sum(move.amount for move in moves if move.amount < 0),
        returned_minor=sum(move.amount for move in moves if move.amount > 0),
        fee_minor=sum(move.fee for move in moves if move.amount < 0),
        created_at=_instant(dispute.created),
        submissions=dispute.evidence_details.submission_count,
    )


def _account(account: core.Account) -> RecipientAccount:
    recipient = _opt(_opt(account, "configuration"), "recipient")
    balance = _opt(_opt(recipient, "capabilities"), "stripe_balance")
    entries = _opt(_opt(account, "requirements"), "entries") or []
    is_closed = bool(_opt(account, "closed"))
    return RecipientAccount(
        id=account.id,
        can_receive=_is_active(balance, "stripe_transfers") and not is_closed,
        can_pay_out=_is_active(balance, "payouts") and not is_closed,
        is_closed=is_closed,
        open_requirements=tuple(e.description for e in entries if e.awaiting_action_from == "user"),
        is_past_due=any(_opt(_opt(e, "minimum_deadline"), "status") == "past_due" for e in entries),
    )


def _bank_payout(payout: stripe.Payout) -> BankPayout:
    return BankPayout(
        id=payout.id,
        state=payout.status,
        amount_minor=payout.amount,
        currency=payout.currency.upper(),
        arrives_on=_instant(payout.arrival_date).date(),
        failure_code=_opt(payout, "failure_code") or "",
        failure_words=_opt(payout, "failure_message") or "",
        created_at=_instant(payout.created),
    )


def _is_active(balance: object, name: str) -> bool:
    return bool(_opt(_opt(balance, name), "status") == "active")


def _balance_transaction(move: stripe.BalanceTransaction) -> BalanceTransaction:
    source = _opt(move, "source")
    return BalanceTransaction(
        id=move.id,
        kind=move.type,
        category=move.reporting_category,
        source_id=_id(source),
        amount_minor=move.amount,
        fee_minor=move.fee,
        net_minor=move.net,
        currency=move.currency.upper(),
        created_at=_instant(move.created),
        available_at=_instant(move.available_on),
        **_behind(source),
    )


def _behind(source: object) -> dict[str, str | None]:
    """What a movement's source belongs to; nothing where the source came as an identifier."""
    noun = getattr(source, "object", "")
    if noun not in ("charge", "refund", "dispute", "transfer", "transfer_reversal"):
        return {}
    charge = source if noun == "charge" else getattr(source, "charge", getattr(source, "source_transaction", None))
    transfer = source if noun == "transfer" else getattr(source, "transfer", None)
    return {
        "charge_id": _id(charge),
        "transfer_id": _id(transfer) if noun.startswith("transfer") else None,
        "transfer_group": getattr(source, "transfer_group", None),
    }


def _read(form: Callable[[dict[str, Any]], IncomingEvent], body: dict[str, Any]) -> IncomingEvent:
    """A signed body as an event; what lacks the parts of one is no event, and no fault of ours either."""
    try:
        return form(body)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise WrongEventForm(f"{type(error).__name__}: {error}") from error


def _snapshot(body: dict[str, Any]) -> IncomingEvent:
    subject = body["data"]["object"]
    return IncomingEvent(
        id=body["id"],
        kind=body["type"],
        account_id=body.get("account"),
        object_id=subject.get("id"),
        object_kind=subject.get("object"),
        api_version=body.get("api_version"),
        created_at=_instant(body["created"]),
        is_thin=False,
        payload=body,
    )


def _notice(body: dict[str, Any]) -> IncomingEvent:
    related = body.get("related_object") or {}
    return IncomingEvent(
        id=body["id"],
        kind=body["type"],
        account_id=related.get("id") if related.get("type") == "v2.core.account" else None,
        object_id=related.get("id"),
        object_kind=related.get("type"),
        api_version=None,
        created_at=datetime.fromisoformat(body["created"]),
        is_thin=True,
        payload=body,
    )


def _opt(thing: object, name: str) -> Any:
    """A field that a server may leave out where it has no value: the SDK's object lacks the attribute then."""
    return getattr(thing, name, None)


def _id(value: object) -> str | None:
    """The identifier of something that may have been expanded."""
    return value if value is None or isinstance(value, str) else str(getattr(value, "id"))  # noqa: B009  # any object


def _metadata(value: Any) -> dict[str, str]:
    return {str(name): str(each) for name, each in (value.to_dict() if value else {}).items()}


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
