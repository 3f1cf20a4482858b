"""Payment intents, setup intents and charges: how a card becomes money on the platform's balance."""

from marketplace.sandbox.stripe.call import Call, list_of
from marketplace.sandbox.stripe.card import (
    CARDS,
    SAVES_THEN_DECLINES,
    SENTENCES,
    TestCard,
    card_details,
    find_payment_method,
)
from marketplace.sandbox.stripe.error import card_error, invalid
from marketplace.sandbox.stripe.money import SETTLES_AFTER_S, book, card_fee
from marketplace.sandbox.stripe.state import Json, new_id

LEAST_AMOUNT = 50
MOST_AMOUNT = 99_999_999


def create_payment_intent(call: Call) -> Json:
    """An intent; with `confirm` it is charged at once, as for a saved card while the customer is away."""
    params = call.params
    _require_way_back(params)
    intent = add_intent(
        call,
        amount=params["amount"],
        currency=params["currency"],
        customer=params.get("customer"),
        metadata=params.get("metadata") or {},
        transfer_group=params.get("transfer_group"),
        description=params.get("description"),
        payment_method=params.get("payment_method"),
    )
    intent["automatic_payment_methods"] |= params.get("automatic_payment_methods") or {}
    call.state.save(intent)
    if params.get("confirm"):
        return confirm(call, intent, params.get("payment_method"), off_session=bool(params.get("off_session")))
    return intent


def _require_way_back(params: Json) -> None:
    """Stripe wants to know where to lead a holder back to, unless no method may lead them away."""
    may_lead_away = (params.get("automatic_payment_methods") or {}).get("allow_redirects") != "never"
    if params.get("confirm") and may_lead_away and not params.get("return_url"):
        raise invalid(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of "
            "these payment methods might redirect your customer off of your page, you must provide a `return_url`."
        )


def add_intent(
    call: Call,
    *,
    amount: int,
    currency: str,
    customer: str | None,
    metadata: Json,
    transfer_group: str | None,
    description: str | None,
    payment_method: str | None = None,
) -> Json:
    """Store and announce a new intent; refuses amounts Stripe would refuse."""
    require_amount(amount)
    ident = new_id("pi_3")
    body: Json = {
        "id": ident,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{ident}_secret_{new_id('', 24)}",
        "confirmation_method": "automatic",
        "created": call.now,
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "description": description,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": payment_method,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "status": "requires_confirmation" if payment_method else "requires_payment_method",
        "transfer_data": None,
        "transfer_group": transfer_group,
    }
    call.state.add("payment_intent", body)
    call.announce("payment_intent.created", body)
    return body


def require_amount(amount: int) -> None:
    """Refuse what is too little or too much to charge."""
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    if amount < LEAST_AMOUNT:
        raise invalid("Amount must be at least $0.50 usd", code="amount_too_small", param="amount")
    if amount > MOST_AMOUNT:
        raise invalid("Amount must be no more than $999,999.99", code="amount_too_large", param="amount")


def confirm(call: Call, intent: Json, method: str | None, *, off_session: bool) -> Json:
    """Charge the intent's card; a 402 when the bank says no or wants the holder to confirm."""
    if not method:
        raise invalid("You must provide a payment method.", code="payment_intent_unexpected_state")
    number = find_payment_method(call, method)["metadata"]["sandbox_number"]
    card = CARDS[number]
    intent["payment_method"] = method
    if card.bank_asks and not off_session:
        intent.update(status="requires_action", next_action={"type": "use_stripe_sdk"})
        return call.state.save(intent)
    if card.asks_always:
        raise fail(call, intent, number, "authentication_required")
    if card.decline:
        raise fail(call, intent, number, card.decline)
    return capture(call, intent, number)


def fail(call: Call, intent: Json, number: str, reason: str) -> Exception:
    """Write down that the bank refused; gives the 402 to raise."""
    asks = reason == "authentication_required"
    message = "Your card was declined. This transaction requires authentication." if asks else SENTENCES[reason]
    code = reason if reason in ("authentication_required", "expired_card") else "card_declined"
    charge = add_charge(call, intent, number, paid=False)
    intent["last_payment_error"] = {
        "type": "card_error",
        "code": code,
        "decline_code": reason,
        "message": message,
    }
    intent["status"] = "requires_payment_method"
    intent["latest_charge"] = charge["id"]
    call.state.save(intent)
    call.announce("payment_intent.payment_failed", intent)
    return card_error(message, code, decline_code=reason, payment_intent=intent, charge=charge["id"])


def capture(call: Call, intent: Json, number: str) -> Json:
    """The card pays: a charge, its balance transaction with the fee, and the events."""
    charge = add_charge(call, intent, number, paid=True)
    intent.update(
        status="succeeded",
        amount_received=intent["amount"],
        latest_charge=charge["id"],
        last_payment_error=None,
        next_action=None,
    )
    call.state.save(intent)
    call.announce("payment_intent.succeeded", intent)
    call.announce("charge.succeeded", charge)
    return intent


def add_charge(call: Call, intent: Json, number: str, *, paid: bool) -> Json:
    """A charge of the intent's whole amount, paid or failed."""
    card = CARDS[number]
    ident = new_id("ch_3")
    transaction = _settle(call, ident, intent, card) if paid else None
    body: Json = {
        "id": ident,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": transaction,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None},
        "captured": paid,
        "created": call.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None if paid else "card_declined",
        "failure_message": None if paid else "Your card was declined.",
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": {"type": "authorized" if paid else "issuer_declined", "network_status": None, "reason": None},
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": {"type": "card", "card": card_details(card, number)},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": f"{call.base}/receipt/{ident}",
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "status": "succeeded" if paid else "failed",
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }
    call.state.add("charge", body)
    if not paid:
        call.announce("charge.failed", body)
    return body


def _settle(call: Call, charge: str, intent: Json, card: TestCard) -> str:
    return book(
        call,
        kind="charge",
        source=charge,
        amount=intent["amount"],
        currency=intent["currency"],
        fee=card_fee(intent["amount"]),
        available_on=call.now + (0 if card.settles_at_once else SETTLES_AFTER_S),
        description=intent["description"],
    )


def confirm_payment_intent(call: Call, ident: str) -> Json:
    """Charge an intent that was made without `confirm`."""
    intent = call.get("payment_intent", ident)
    if intent["status"] in ("succeeded", "canceled"):
        raise invalid(
            f"This PaymentIntent's status is {intent['status']}, so it cannot be confirmed.",
            code="payment_intent_unexpected_state",
        )
    method = call.params.get("payment_method") or intent["payment_method"]
    return confirm(call, intent, method, off_session=bool(call.params.get("off_session")))


def cancel_payment_intent(call: Call, ident: str) -> Json:
    """Close an intent that has not been paid."""
    intent = call.get("payment_intent", ident)
    if intent["status"] in ("succeeded", "canceled"):
        raise invalid(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    intent.update(status="canceled", canceled_at=call.now, cancellation_reason=call.params.get("cancellation_reason"))
    call.state.save(intent)
    call.announce("payment_intent.canceled", intent)
    return intent


def get_payment_intent(call: Call, ident: str) -> Json:
    """One payment intent."""
    return call.get("payment_intent", ident)


def list_payment_intents(call: Call) -> Json:
    """Payment intents, newest first."""
    return list_of(call, "payment_intent", "/v1/payment_intents", customer=call.params.get("customer"))


def get_setup_intent(call: Call, ident: str) -> Json:
    """One setup intent."""
    return call.get("setup_intent", ident)


def add_setup_intent(call: Call, customer: str | None, metadata: Json, description: str | None) -> Json:
    """Store and announce a wish to save a card."""
    ident = new_id("seti_1")
    body: Json = {
        "id": ident,
        "object": "setup_intent",
        "application": None,
        "cancellation_reason": None,
        "client_secret": f"{ident}_secret_{new_id('', 24)}",
        "created": call.now,
        "customer": customer,
        "description": description,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": metadata,
        "next_action": None,
        "payment_method": None,
        "payment_method_options": {},
        "status": "requires_payment_method",
        "usage": "off_session",
    }
    call.state.add("setup_intent", body)
    call.announce("setup_intent.created", body)
    return body


def may_be_saved(number: str) -> bool:
    """Whether a card lets itself be saved."""
    return CARDS[number].decline is None or number == SAVES_THEN_DECLINES


def get_charge(call: Call, ident: str) -> Json:
    """One charge."""
    return call.get("charge", ident)


def list_charges(call: Call) -> Json:
    """Charges, newest first, of one intent or group if asked."""
    wanted = {name: call.params.get(name) for name in ("payment_intent", "transfer_group", "customer")}
    return list_of(call, "charge", "/v1/charges", **wanted)
