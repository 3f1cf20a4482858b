"""Cards that are saved and charged later, in the shapes that the SDK reads of Stripe."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_stand import Stand, checkout_order


@pytest.fixture
def client(stand: Stand) -> stripe.StripeClient:
    return stripe.StripeClient("sk_test_stand", base_addresses={"api": stand.url})


def save(stand: Stand, number: str, **more: str) -> tuple[str, str]:
    """A card saved on the hosted page: (customer, payment method)."""
    checkout = stand.gateway.create_checkout(checkout_order(mode="setup"), idempotency_key=f"setup:{number}")
    assert stand.pay(checkout.url or "", number, **more).status_code == 303
    done = stand.gateway.get_checkout(checkout.id)
    assert (done.mode, done.state, done.is_paid, done.amount_minor) == ("setup", "complete", False, None)
    card = stand.gateway.get_saved_card(done.setup_intent_id or "")
    return card.customer_id, card.payment_method_id


def charge(client: stripe.StripeClient, customer: str, method: str, **more: Any) -> stripe.PaymentIntent:
    params: Any = {
        "amount": 5_000,
        "currency": "usd",
        "customer": customer,
        "payment_method": method,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "off_session": True,
        "confirm": True,
    }
    return client.v1.payment_intents.create(params | more)


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        ("4000002760003184", "authentication_required", "authentication_required"),
        ("4000000000000341", "card_declined", "generic_decline"),
    ],
)
def test_a_saved_card_that_is_refused_answers_402_with_its_intent(
    stand: Stand, client: stripe.StripeClient, number: str, code: str, decline_code: str
) -> None:
    customer, method = save(stand, number, **({"bank": "confirm"} if code != "card_declined" else {}))
    with pytest.raises(stripe.CardError) as refusal:
        charge(client, customer, method)
    error = refusal.value
    assert (error.http_status, error.code) == (402, code)
    assert error.error is not None
    assert error.error.decline_code == decline_code
    assert error.error.payment_intent is not None
    (intent,) = client.v1.payment_intents.list({"customer": customer}).data
    assert (intent.id, intent.status) == (error.error.payment_intent.id, "requires_payment_method")
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == code


def test_a_saved_card_is_charged_and_found_by_its_customer(stand: Stand, client: stripe.StripeClient) -> None:
    customer, method = save(stand, "4242424242424242")
    made = charge(client, customer, method, metadata={"payment": "7"})
    assert made.status == "succeeded"
    (seen,) = stand.gateway.list_charges(customer)
    assert (seen.payment_intent_id, seen.state, seen.metadata) == (made.id, "succeeded", {"payment": "7"})
    assert seen.charge is not None
    assert seen.charge.settled is not None
    assert stand.gateway.list_charges("cus_another") == []


def test_a_charge_that_could_lead_its_holder_away_must_say_where_back_to(
    stand: Stand, client: stripe.StripeClient
) -> None:
    customer, method = save(stand, "4242424242424242")
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        charge(client, customer, method, automatic_payment_methods={"enabled": True})
    assert client.v1.payment_intents.list({"customer": customer}).data == []


def test_a_customer_who_comes_back_pays_in_a_checkout_of_their_own(stand: Stand, client: stripe.StripeClient) -> None:
    customer, _ = save(stand, "4000000000000341")
    order = checkout_order(customer_id=customer, metadata={"payment": "7"})
    link = stand.gateway.create_checkout(order, idempotency_key="link:1")
    assert stand.pay(link.url or "", "4242424242424242").status_code == 303
    done = stand.gateway.get_checkout(link.id)
    assert (done.customer_id, done.is_paid) == (customer, True)
    (seen,) = stand.gateway.list_charges(customer)
    assert seen.charge == done.charge
