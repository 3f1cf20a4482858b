"""The Stripe stand-in itself: parameters, keys, errors, pages, memory, deliveries."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import html5lib
import pytest
import requests

from tests.stripe_stand import Inbox, Stand, checkout_order, running_stand, until

HEADERS = {"Authorization": "Bearer sk_test_x", "Stripe-Version": "2026-10-28.endive"}


def post(stand: Stand, path: str, form: dict[str, Any], key: str | None = None) -> requests.Response:
    headers = {**HEADERS, **({"Idempotency-Key": key} if key else {})}
    return stand.http.post(stand.url + path, data=form, headers=headers, timeout=10)


def post_json(stand: Stand, path: str, body: dict[str, Any]) -> requests.Response:
    return stand.http.post(stand.url + path, json=body, headers=HEADERS, timeout=10)


def get(stand: Stand, path: str, **query: Any) -> requests.Response:
    return stand.http.get(stand.url + path, params=query, headers=HEADERS, timeout=10)


SESSION = {
    "mode": "payment",
    "success_url": "http://shop.test/",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "50000",
    "line_items[0][price_data][product_data][name]": "Capture",
}


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"colour": "red"}, "parameter_unknown", "colour"),
        (
            {"line_items[0][price_data][colour]": "red"},
            "parameter_unknown",
            "line_items[0][price_data][colour]",
        ),
        ({"line_items[0][price_data][unit_amount]": "5.5"}, "parameter_invalid_integer", None),
        ({"mode": "gift"}, "parameter_invalid", "mode"),
        ({"payment_method_types[0]": "card"}, "payment_method_types_no_longer_supported", "payment_method_types"),
        ({"expires_at": str(int(time.time()) + 60)}, None, "expires_at"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    stand: Stand, change: dict[str, str], code: str | None, param: str | None
) -> None:
    answer = post(stand, "/v1/checkout/sessions", {**SESSION, **change})
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["type"] == "invalid_request_error"
    assert error.get("code") == code
    assert param is None or error["param"] == param


def test_a_missing_parameter_is_refused_by_name(stand: Stand) -> None:
    error = post(stand, "/v1/transfers", {"amount": "100", "currency": "usd"}).json()["error"]
    assert (error["code"], error["param"]) == ("parameter_missing", "destination")


def test_a_v2_call_is_checked_by_its_own_type(stand: Stand) -> None:
    link = {
        "account": "acct_1",
        "use_case": {
            "type": "account_onboarding",
            "account_onboarding": {"refresh_url": "http://x.test", "configurations": ["recipient"]},
        },
    }
    error = post_json(stand, "/v2/core/account_links", link).json()["error"]
    assert error["param"] == "use_case[account_onboarding][configurations]"


def test_parts_of_a_v2_account_are_empty_unless_asked_for(stand: Stand) -> None:
    account = stand.make_recipient()
    bare = get(stand, f"/v2/core/accounts/{account}").json()
    whole = get(stand, f"/v2/core/accounts/{account}", **{"include[0]": "configuration.recipient"}).json()
    assert bare["configuration"] is None
    capabilities = whole["configuration"]["recipient"]["capabilities"]
    assert capabilities["stripe_balance"]["stripe_transfers"]["status"] == "active"
    assert get(stand, f"/v1/accounts/{account}").json()["capabilities"] == {"transfers": "active"}


def test_without_a_key_nothing_is_answered(stand: Stand) -> None:
    assert requests.get(f"{stand.url}/v1/balance", timeout=10).status_code == 401


def test_an_unknown_address_is_answered_in_stripes_shape(stand: Stand) -> None:
    answer = get(stand, "/v1/nothing")
    assert answer.status_code == 404
    assert "Unrecognized request URL" in answer.json()["error"]["message"]


def test_a_kept_answer_is_replayed_and_marked(stand: Stand) -> None:
    first = post(stand, "/v1/checkout/sessions", SESSION, key="k1")
    again = post(stand, "/v1/checkout/sessions", SESSION, key="k1")
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_refusal_of_the_handler_is_kept_and_a_wrong_parameter_is_not(stand: Stand) -> None:
    account = stand.make_recipient()
    transfer = {"amount": "100", "currency": "usd", "destination": account}
    poor = post(stand, "/v1/transfers", transfer, key="k1")
    assert poor.json()["error"]["code"] == "balance_insufficient"
    stand.make_charge(number="4000000000000077")
    assert post(stand, "/v1/transfers", transfer, key="k1").json() == poor.json()  # the key is poisoned
    assert post(stand, "/v1/transfers", transfer, key="k2").status_code == 200
    assert post(stand, "/v1/transfers", {**transfer, "colour": "red"}, key="k3").status_code == 400
    assert post(stand, "/v1/transfers", transfer, key="k3").status_code == 200


def test_a_key_is_forgotten_after_a_day(stand: Stand) -> None:
    first = post(stand, "/v1/checkout/sessions", SESSION, key="k1").json()["id"]
    stand.control("clock", advance=25 * 3600)
    assert post(stand, "/v1/checkout/sessions", SESSION, key="k1").json()["id"] != first


def test_a_second_request_while_the_first_is_under_way_is_a_409(stand: Stand) -> None:
    stand.fault("delay", "^/v1/checkout/sessions$", seconds=0.6)
    slow: list[requests.Response] = []
    thread = threading.Thread(target=lambda: slow.append(post(stand, "/v1/checkout/sessions", SESSION, key="k1")))
    thread.start()
    time.sleep(0.25)
    answer = requests.post(
        f"{stand.url}/v1/checkout/sessions", data=SESSION, headers={**HEADERS, "Idempotency-Key": "k1"}, timeout=10
    )
    thread.join()
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "idempotency_key_in_use"
    assert slow[0].status_code == 200


def test_objects_in_an_answer_are_expanded(stand: Stand) -> None:
    charge = stand.make_charge()
    found = get(stand, "/v1/balance_transactions", **{"expand[0]": "data.source"}).json()
    assert found["data"][0]["source"]["id"] == charge.id
    assert get(stand, f"/v1/charges/{charge.id}", **{"expand[0]": "colour"}).status_code == 400


def test_lists_are_cut_into_pages(stand: Stand) -> None:
    made = [post(stand, "/v1/customers", {"name": str(number)}).json()["id"] for number in range(5)]
    assert made
    first = get(stand, "/v1/events", limit=2, type="customer.*").json()
    assert first["has_more"]
    second = get(stand, "/v1/events", limit=3, type="customer.*", starting_after=first["data"][-1]["id"]).json()
    names = [event["data"]["object"]["name"] for event in first["data"] + second["data"]]
    assert (names, second["has_more"]) == (["4", "3", "2", "1", "0"], False)
    assert get(stand, "/v1/events", limit=101).status_code == 400


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "stripe.db"
    with running_stand(path) as stand:
        charge = stand.make_charge()
    with running_stand(path) as stand:
        assert stand.gateway.get_charge(charge.id) == charge
        assert stand.gateway.get_balance("USD").pending_minor == 48_520


def test_an_open_checkout_is_at_the_address_of_the_server_that_runs_now(tmp_path: Path) -> None:
    with running_stand(tmp_path / "stripe.db") as stand:
        before = stand.gateway.create_checkout(checkout_order(), idempotency_key="checkout:1:v1")
    with running_stand(tmp_path / "stripe.db") as stand:
        after = stand.gateway.get_checkout(before.id)
        assert after.url == f"{stand.url}/c/pay/{before.id}"
        assert stand.pay(after.url).status_code == 303


def test_an_event_comes_again_until_it_is_answered(sending: Stand, inbox: Inbox) -> None:
    inbox.status = 500
    post(sending, "/v1/customers", {"name": "Ada"})
    until(lambda: len(inbox.bodies) >= 2)
    inbox.status = 200
    counts = f"{sending.url}/_sandbox/delivery"
    until(lambda: requests.get(counts, timeout=5).json() == {"waiting": 0, "answered": 1})
    ids = {sending.gateway.read_snapshot_event(*pair).id for pair in zip(inbox.bodies, inbox.signatures, strict=True)}
    assert len(ids) == 1


def test_events_of_connected_accounts_name_them(sending: Stand, inbox: Inbox) -> None:
    account = sending.make_recipient()
    sending.make_charge(number="4000000000000077")
    until(lambda: any(b'"account.updated"' in body for body in inbox.bodies))
    found = [each for each in sending.events() if each.get("account")]
    assert {each["account"] for each in found} == {account}


def test_delivery_can_be_held_back_and_repeated(sending: Stand, inbox: Inbox) -> None:
    sending.control("delivery", auto=False)
    sending.make_charge()
    event = sending.events("checkout.session.completed")[0]["id"]
    assert inbox.bodies == []
    assert sending.control("deliver", event=event, copies=10)["statuses"] == [200] * 10
    sending.control("delivery", auto=True, shuffle=True)
    until(lambda: len(inbox.bodies) >= 10 + len(sending.events()))


@pytest.mark.parametrize("mode", ["payment", "setup"])
def test_the_hosted_pages_are_sound_and_say_that_no_money_moves(stand: Stand, mode: str) -> None:
    checkout = stand.gateway.create_checkout(checkout_order(mode=mode), idempotency_key="checkout:1:v1")
    assert checkout.url
    page = stand.http.get(checkout.url, timeout=10).text
    html5lib.HTMLParser(strict=True).parse(page)
    assert "Stripe sandbox, no real money" in page
    asked = stand.pay(checkout.url, "4000002500003155").text
    html5lib.HTMLParser(strict=True).parse(asked)


def test_card_numbers_that_are_no_test_cards_are_refused(stand: Stand) -> None:
    checkout = stand.gateway.create_checkout(checkout_order(), idempotency_key="checkout:1:v1")
    assert checkout.url
    assert stand.pay(checkout.url, "4111111111111112").status_code == 402


def test_a_browser_can_be_sent_to_another_address_than_the_sdk(tmp_path: Path) -> None:
    with running_stand(tmp_path / "stripe.db") as stand:
        stand.server.sandbox.public_url = "https://pay.example.test"
        checkout = stand.gateway.create_checkout(checkout_order(), idempotency_key="checkout:1:v1")
        assert checkout.url
        assert checkout.url.startswith("https://pay.example.test/c/pay/cs_test_")


@pytest.mark.parametrize("email", ["", " ", "mira", "mira@"])
def test_nobody_pays_without_an_address_for_the_receipt(stand: Stand, email: str) -> None:
    checkout = stand.gateway.create_checkout(checkout_order(), idempotency_key="checkout:1:v1")
    answer = stand.pay(checkout.url or "", email=email)
    assert answer.status_code == 402
    assert "Enter your email address" in answer.text
    assert stand.gateway.get_checkout(checkout.id).charge is None


def test_the_address_is_kept_while_the_bank_asks(stand: Stand) -> None:
    checkout = stand.gateway.create_checkout(checkout_order(), idempotency_key="checkout:1:v1")
    asked = stand.pay(checkout.url or "", "4000002500003155", email="mira@reelforge.example")
    assert 'name="email" value="mira@reelforge.example"' in asked.text
