"""The test cards: what each number does, and the payment methods and customers they become."""

from dataclasses import dataclass

from marketplace.sandbox.stripe.call import Call, list_of
from marketplace.sandbox.stripe.state import Json, new_id


@dataclass(frozen=True)
class TestCard:
    """How a number behaves. `decline` is Stripe's decline code; with `bank_asks` the holder has to confirm, with
    `asks_always` even after the card has been saved."""

    brand: str = "visa"
    decline: str | None = None
    bank_asks: bool = False
    asks_always: bool = False
    settles_at_once: bool = False
    disputes: bool = False


GOOD = TestCard()
CARDS: dict[str, TestCard] = {
    "4242424242424242": GOOD,
    "5555555555554444": TestCard(brand="mastercard"),
    "4000000000000077": TestCard(settles_at_once=True),
    "4000000000000002": TestCard(decline="generic_decline"),
    "4000000000009995": TestCard(decline="insufficient_funds"),
    "4000000000000069": TestCard(decline="expired_card"),
    "4000002500003155": TestCard(bank_asks=True),
    "4000002760003184": TestCard(bank_asks=True, asks_always=True),
    "4000000000003220": TestCard(bank_asks=True),
    "4000000000000341": TestCard(decline="generic_decline"),
    "4000000000000259": TestCard(disputes=True),
}
# A card that lets itself be saved and is declined when it is charged later.
SAVES_THEN_DECLINES = "4000000000000341"
NAMED = {
    "pm_card_visa": "4242424242424242",
    "pm_card_bypassPending": "4000000000000077",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_createDispute": "4000000000000259",
}
SENTENCES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
}


def card_of(number: str) -> TestCard | None:
    """The card of that number; None for one that is no test card."""
    return CARDS.get(number)


def add_payment_method(call: Call, number: str, customer: str | None = None) -> Json:
    """A stored card. Only the stand-in keeps the number: it is how it remembers what the card does."""
    card = CARDS[number]
    body: Json = {
        "id": new_id("pm_1"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": {"address": None, "email": None, "name": None, "phone": None},
        "card": card_details(card, number),
        "created": call.now,
        "customer": customer,
        "livemode": False,
        "metadata": {"sandbox_number": number},
        "type": "card",
    }
    return call.state.add("payment_method", body)


def card_details(card: TestCard, number: str) -> Json:
    """The `card` part of payment methods and charges."""
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sandbox{number[-4:]}",
        "funding": "credit",
        "last4": number[-4:],
        "network": card.brand,
        "three_d_secure": None,
        "wallet": None,
    }


def find_payment_method(call: Call, ident: str) -> Json:
    """A stored card, or one of the named test cards, stored now."""
    if ident in NAMED:
        return add_payment_method(call, NAMED[ident])
    return call.get("payment_method", ident, param="payment_method")


def get_payment_method(call: Call, ident: str) -> Json:
    """One stored card."""
    return call.get("payment_method", ident)


def create_customer(call: Call) -> Json:
    """A customer to whom cards can be attached."""
    return add_customer(call, call.params.get("email"), call.params.get("name"), call.params.get("metadata") or {})


def add_customer(call: Call, email: str | None, name: str | None, metadata: Json) -> Json:
    """Store and announce a customer."""
    body: Json = {
        "id": new_id("cus_", 14),
        "object": "customer",
        "created": call.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": email,
        "invoice_settings": {"default_payment_method": None},
        "livemode": False,
        "metadata": metadata,
        "name": name,
        "phone": None,
    }
    call.state.add("customer", body)
    call.announce("customer.created", body)
    return body


def get_customer(call: Call, ident: str) -> Json:
    """One customer."""
    return call.get("customer", ident)


def list_payment_methods(call: Call) -> Json:
    """Stored cards of a customer."""
    return list_of(call, "payment_method", "/v1/payment_methods", customer=call.params.get("customer"))
