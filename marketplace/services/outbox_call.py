"""Carries out a command of the outbox at Stripe, with its stored key and nothing but its frozen parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from marketplace.gateways.payment.base import (
    AccountOrder,
    CheckoutOrder,
    EvidenceOrder,
    KeyMisused,
    PaymentBusy,
    PaymentError,
    PaymentGateway,
    PaymentRefused,
    PaymentUnknown,
    RefundOrder,
    ReversalOrder,
    SavedCardOrder,
    TransferOrder,
)
from marketplace.services.outbox import Command

Outcome = Literal["done", "refused", "later", "lost", "dead"]

OTHER_AMOUNT: Final = "other_amount"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a call. `stripe_id` is the object it made, `facts` what we keep of it."""

    outcome: Outcome
    stripe_id: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    words: str = ""


def call_stripe(gateway: PaymentGateway, command: Command) -> Answer:
    """Make the call. Never inside a transaction.

    `later` is for every outcome that is not certain: only the same key may be used again. `lost` is for a key that was
    used before with other parameters: what was made with it then is looked up before anything else.
    """
    try:
        return _CALLS[command.kind](gateway, command)
    except KeyMisused as error:
        return Answer("lost" if command.kind in _LOOK_UPS else "dead", code=error.code, words=str(error))
    except PaymentRefused as error:
        return Answer("refused", code=error.code, words=str(error))
    except (PaymentBusy, PaymentUnknown) as error:
        return Answer("later", code=error.code, words=str(error))


def _create_checkout(gateway: PaymentGateway, command: Command) -> Answer:
    params = dict(command.params)
    base_url, success, cancel = params.pop("base_url"), params.pop("success_path"), params.pop("cancel_path")
    order = CheckoutOrder(**params, success_url=base_url + success, cancel_url=base_url + cancel)
    checkout = gateway.create_checkout(order, idempotency_key=command.key)
    return Answer("done", checkout.id, {"url": checkout.url})


def _expire_checkout(gateway: PaymentGateway, command: Command) -> Answer:
    gateway.expire_checkout(command.params["checkout_id"], idempotency_key=command.key)
    return Answer("done", facts={"checkout_id": command.params["checkout_id"]})


def _create_transfer(gateway: PaymentGateway, command: Command) -> Answer:
    transfer = gateway.create_transfer(TransferOrder(**_frozen(command)), idempotency_key=command.key)
    return Answer("done", transfer.id, {"amount_minor": transfer.amount_minor})


def _reverse_transfer(gateway: PaymentGateway, command: Command) -> Answer:
    reversal = gateway.reverse_transfer(ReversalOrder(**_frozen(command)), idempotency_key=command.key)
    return Answer("done", reversal.id, {"amount_minor": reversal.amount_minor})


def _create_refund(gateway: PaymentGateway, command: Command) -> Answer:
    refund = gateway.create_refund(RefundOrder(**_frozen(command)), idempotency_key=command.key)
    return Answer("done", refund.id, {"state": refund.state, "amount_minor": refund.amount_minor})


def _charge_card(gateway: PaymentGateway, command: Command) -> Answer:
    charge = gateway.charge_saved_card(SavedCardOrder(**_frozen(command)), idempotency_key=command.key)
    return Answer("done", charge.payment_intent_id, {"amount_minor": charge.amount_minor, "charge": charge.id})


def _submit_evidence(gateway: PaymentGateway, command: Command) -> Answer:
    params = _frozen(command)
    amount = params.pop("amount_minor")
    dispute = gateway.submit_evidence(EvidenceOrder(**params), idempotency_key=command.key)
    return Answer("done", dispute.id, {"amount_minor": amount})


def _find_evidence(gateway: PaymentGateway, command: Command) -> Answer | None:
    dispute = gateway.get_dispute(command.params["dispute_id"])
    return Answer("done", dispute.id, {"amount_minor": dispute.amount_minor}) if dispute.submissions else None


def _create_account(gateway: PaymentGateway, command: Command) -> Answer:
    account = gateway.create_account(AccountOrder(**_frozen(command)), idempotency_key=command.key)
    return Answer("done", account.id)


def _frozen(command: Command) -> dict[str, Any]:
    return {name: value for name, value in command.params.items() if name != "base_url"}


_CALLS: Final[Mapping[str, Callable[[PaymentGateway, Command], Answer]]] = MappingProxyType(
    {
        "checkout.create": _create_checkout,
        "checkout.expire": _expire_checkout,
        "transfer.create": _create_transfer,
        "transfer.reverse": _reverse_transfer,
        "refund.create": _create_refund,
        "card.charge": _charge_card,
        "charge.return": _create_refund,
        "account.create": _create_account,
        "dispute.submit": _submit_evidence,
    }
)


def look_up(gateway: PaymentGateway, command: Command) -> Answer:
    """Whether a command whose answer was lost has happened, by what it would have left at Stripe.

    `later` when Stripe does not answer, will not say, or made it with another amount, which only a person can settle.
    A checkout or account that nobody has the address of does no harm: it counts as never made.
    """
    try:
        found = _LOOK_UPS[command.kind](gateway, command) if command.kind in _LOOK_UPS else None
    except PaymentError as error:
        return Answer("later", code=error.code, words=str(error))
    if found is not None:
        return found if found.facts["amount_minor"] == command.params["amount_minor"] else _other_amount(found)
    return Answer("refused", code="never_happened", words="Stripe knows nothing of it.")


def _other_amount(found: Answer) -> Answer:
    words = f"Stripe has made it with another amount: {found.stripe_id}, {found.facts['amount_minor']} minor units."
    return Answer("later", code=OTHER_AMOUNT, words=words)


def _find_transfer(gateway: PaymentGateway, command: Command) -> Answer | None:
    for transfer in gateway.list_transfers(command.params["transfer_group"]):
        if transfer.metadata.get("command") == command.key:
            return Answer("done", transfer.id, {"amount_minor": transfer.amount_minor})
    return None


def _find_refund(gateway: PaymentGateway, command: Command) -> Answer | None:
    for refund in gateway.list_refunds(command.params["charge_id"]):
        if refund.metadata.get("command") == command.key:
            return Answer("done", refund.id, {"state": refund.state, "amount_minor": refund.amount_minor})
    return None


def _find_reversal(gateway: PaymentGateway, command: Command) -> Answer | None:
    for reversal in gateway.list_reversals(command.params["transfer_id"]):
        if reversal.metadata.get("command") == command.key:
            return Answer("done", reversal.id, {"amount_minor": reversal.amount_minor})
    return None


def _find_charge(gateway: PaymentGateway, command: Command) -> Answer | None:
    """By the customer's charges: what was tried and failed was refused, and what is under way is looked up again."""
    for seen in gateway.list_charges(command.params["customer_id"]):
        if seen.metadata.get("command") != command.key:
            continue
        if seen.charge is not None:
            facts = {"amount_minor": seen.charge.amount_minor, "charge": seen.charge.id}
            return Answer("done", seen.payment_intent_id, facts)
        if seen.state == "processing":
            raise PaymentUnknown("The bank has not answered yet.", code=seen.state)
        amount = {"amount_minor": command.params["amount_minor"]}
        return Answer("refused", facts=amount, code=seen.state, words="The bank refused the saved card.")
    return None


_LOOK_UPS: Final[Mapping[str, Callable[[PaymentGateway, Command], Answer | None]]] = MappingProxyType(
    {
        "transfer.create": _find_transfer,
        "refund.create": _find_refund,
        "charge.return": _find_refund,
        "transfer.reverse": _find_reversal,
        "dispute.submit": _find_evidence,
        "card.charge": _find_charge,
    }
)
