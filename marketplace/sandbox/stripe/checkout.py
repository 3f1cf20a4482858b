"""Checkout sessions in payment and setup mode, and what the hosted page does to them."""

from marketplace.sandbox.stripe.call import Call, list_of
from marketplace.sandbox.stripe.card import CARDS, add_customer, add_payment_method
from marketplace.sandbox.stripe.error import invalid
from marketplace.sandbox.stripe.intent import (
    add_intent,
    add_setup_intent,
    capture,
    fail,
    may_be_saved,
    require_amount,
)
from marketplace.sandbox.stripe.state import Json, new_id

SHORTEST_S = 30 * 60
LONGEST_S = 24 * 3600


def create_session(call: Call) -> Json:
    """A session open until `expires_at`; in payment mode with at least one line item of one currency."""
    params = call.params
    mode = params.get("mode", "payment")
    if mode == "subscription":
        raise invalid("The stand-in serves no subscriptions.", param="mode")
    items = params.get("line_items") or []
    _check_lines(mode, items, params)
    body = _session(call, mode, items)
    call.state.add("checkout.session", body)
    return shown(call, body)


def _check_lines(mode: str, items: list[Json], params: Json) -> None:
    if params.get("ui_mode", "hosted_page") == "hosted_page" and not params.get("success_url"):
        raise invalid("success_url is required.", code="parameter_missing", param="success_url")
    if mode == "setup":
        if items:
            raise invalid("You can not pass `line_items` in `setup` mode.", param="line_items")
        return
    if not items:
        raise invalid("line_items is required in payment mode.", code="parameter_missing", param="line_items")
    for index, item in enumerate(items):
        data = item.get("price_data")
        if not data or not data.get("product_data") or data.get("unit_amount") is None:
            raise invalid(
                "The stand-in needs price_data with product_data and unit_amount.", param=f"line_items[{index}]"
            )
        if not item.get("quantity"):
            raise invalid("Quantity is required.", param=f"line_items[{index}][quantity]")
    if len({item["price_data"]["currency"] for item in items}) > 1:
        raise invalid("All line items must have the same currency.", param="line_items")
    require_amount(_total(items))


def _total(items: list[Json]) -> int:
    return sum(int(item["price_data"]["unit_amount"]) * int(item["quantity"]) for item in items)


def _expiry(call: Call) -> int:
    at = int(call.params.get("expires_at") or call.now + LONGEST_S)
    # A minute of grace, for the two clocks are not the same.
    if not call.now + SHORTEST_S - 60 <= at <= call.now + LONGEST_S + 60:
        raise invalid(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return at


def _session(call: Call, mode: str, items: list[Json]) -> Json:
    params = call.params
    ident = new_id("cs_test_", 58)
    amount = _total(items) if mode == "payment" else None
    return {
        "id": ident,
        "object": "checkout.session",
        "adaptive_pricing": None,
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": call.now,
        "currency": items[0]["price_data"]["currency"] if items else params.get("currency"),
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {"after_submit": None, "shipping_address": None, "submit": None},
        "customer": params.get("customer"),
        "customer_account": None,
        "customer_creation": params.get("customer_creation") or "if_required",
        "customer_details": None,
        "customer_email": params.get("customer_email"),
        "discounts": [],
        "expires_at": _expiry(call),
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata") or {},
        "mode": mode,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid" if mode == "payment" else "no_payment_required",
        "recovered_from": None,
        "setup_intent": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "subscription": None,
        "submit_type": params.get("submit_type"),
        "success_url": params.get("success_url"),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0} if items else None,
        "ui_mode": "hosted_page",
        "url": None,
        "_lines": [_line(item) for item in items],
        "_intent_data": params.get("payment_intent_data") or {},
        "_setup_data": params.get("setup_intent_data") or {},
    }


def _line(item: Json) -> Json:
    data = item["price_data"]
    amount = int(data["unit_amount"]) * int(item["quantity"])
    return {
        "id": new_id("li_1"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": data["currency"],
        "description": data["product_data"]["name"],
        "quantity": item["quantity"],
    }


def shown(call: Call, session: Json) -> Json:
    """The session as the API gives it: without what the stand-in keeps for itself, and no address once it is over.

    The address is that of the server as it runs now: after a restart it may be another.
    """
    body = {name: value for name, value in session.items() if not name.startswith("_")}
    body["url"] = f"{call.base}/c/pay/{session['id']}" if session["status"] == "open" else None
    return body


def current(call: Call, ident: str) -> Json:
    """The session, expired first if its time is over."""
    session = call.get("checkout.session", ident)
    if session["status"] == "open" and session["expires_at"] <= call.now:
        return _expire(call, session)
    return session


def _expire(call: Call, session: Json) -> Json:
    session["status"] = "expired"
    call.state.save(session)
    call.announce("checkout.session.expired", shown(call, session))
    return session


def get_session(call: Call, ident: str) -> Json:
    """One session."""
    return shown(call, current(call, ident))


def list_sessions(call: Call) -> Json:
    """Sessions, newest first."""
    wanted = {name: call.params.get(name) for name in ("payment_intent", "status", "customer")}
    page = list_of(call, "checkout.session", "/v1/checkout/sessions", **wanted)
    page["data"] = [shown(call, each) for each in page["data"]]
    return page


def list_lines(call: Call, ident: str) -> Json:
    """What a session is about."""
    lines = call.get("checkout.session", ident)["_lines"]
    return {
        "object": "list",
        "url": f"/v1/checkout/sessions/{ident}/line_items",
        "has_more": False,
        "data": lines,
    }


def expire_session(call: Call, ident: str) -> Json:
    """Close an open session; refuses one that is over, and one whose payment is just being confirmed."""
    session = current(call, ident)
    if session["status"] != "open":
        raise invalid(
            f'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
    return shown(call, _expire(call, session))


def pay(call: Call, session: Json, number: str, email: str, *, confirmed: bool | None) -> str | None:
    """What the hosted page does with a card: `confirmed` is the holder's answer to the bank, None before it is asked.

    Gives None when it is done, "bank" when the bank wants the holder to confirm, else the sentence to show.
    """
    card = CARDS.get(number)
    if card is None:
        return "Your card number is not one of the test cards."
    if card.bank_asks and confirmed is None:
        return "bank"
    _note_customer(call, session, email)
    finish = _finish_setup if session["mode"] == "setup" else _finish_payment
    problem = finish(call, session, number, refused=card.bank_asks and not confirmed)
    if problem:
        call.state.save(session)
        return problem
    session["status"] = "complete"
    call.state.save(session)
    call.announce("checkout.session.completed", shown(call, session))
    return None


def _note_customer(call: Call, session: Json, email: str) -> None:
    details: Json = {"email": email, "name": None, "phone": None, "address": None, "tax_exempt": "none", "tax_ids": []}
    session["customer_details"] = details
    if not session["customer"] and (session["mode"] == "setup" or session["customer_creation"] == "always"):
        session["customer"] = add_customer(call, email, None, {})["id"]


def _finish_payment(call: Call, session: Json, number: str, *, refused: bool) -> str | None:
    data = session["_intent_data"]
    if session["payment_intent"]:
        intent = call.get("payment_intent", session["payment_intent"])
    else:
        intent = add_intent(
            call,
            amount=session["amount_total"],
            currency=session["currency"],
            customer=session["customer"],
            metadata=data.get("metadata") or {},
            transfer_group=data.get("transfer_group"),
            description=data.get("description"),
        )
        session["payment_intent"] = intent["id"]
    saved = session["customer"] if data.get("setup_future_usage") else None
    intent["payment_method"] = add_payment_method(call, number, saved)["id"]
    decline = "generic_decline" if refused else CARDS[number].decline
    if decline:
        return str(fail(call, intent, number, decline))
    capture(call, intent, number)
    session["payment_status"] = "paid"
    return None


def _finish_setup(call: Call, session: Json, number: str, *, refused: bool) -> str | None:
    if refused or not may_be_saved(number):
        return "Your card was declined."
    data = session["_setup_data"]
    intent = add_setup_intent(call, session["customer"], data.get("metadata") or {}, data.get("description"))
    intent["payment_method"] = add_payment_method(call, number, session["customer"])["id"]
    intent["status"] = "succeeded"
    call.state.save(intent)
    call.announce("setup_intent.succeeded", intent)
    session["setup_intent"] = intent["id"]
    return None
