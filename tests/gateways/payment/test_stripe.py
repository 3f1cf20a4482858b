"""The gateway on the real SDK, against the stand-in over HTTP: the whole path of money, and what can go wrong."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast
from urllib.parse import parse_qs

import pytest
import responses
import stripe

from marketplace.gateways.payment.base import (
    AccountGone,
    CardRefused,
    KeyMisused,
    PaymentBusy,
    PaymentGateway,
    PaymentRefused,
    PaymentUnknown,
    RefundOrder,
    ReversalOrder,
    SavedCardOrder,
    SignatureInvalid,
    TransferOrder,
    WrongEventForm,
)
from marketplace.gateways.payment.stripe import StripeGateway
from marketplace.sandbox.stripe.delivery import sign
from tests.stripe_stand import DECLINED, PAYS_AT_ONCE, SECRET, Inbox, Stand, checkout_order, until


def transfer_order(stand: Stand, **changes: object) -> TransferOrder:
    order = TransferOrder(
        amount_minor=40_000,
        currency="USD",
        account_id="",
        charge_id="",
        transfer_group="bk_1",
        description="Booking 1",
        metadata={"command": "7"},
    )
    return replace(order, **changes)  # type: ignore[arg-type]  # the names are those of the record


def test_the_gateway_is_what_the_protocol_asks_for(stand: Stand) -> None:
    gateway: PaymentGateway = stand.gateway
    assert gateway.get_balance("USD").available_minor == 0


def test_money_goes_from_the_card_to_the_actor_and_part_of_it_back(stand: Stand) -> None:
    account = stand.make_recipient()
    charge = stand.make_charge(50_000)
    assert (charge.amount_minor, charge.currency, charge.transfer_group) == (50_000, "USD", "bk_1")
    assert charge.settled is not None
    assert (charge.settled.fee_minor, charge.settled.net_minor) == (1_480, 48_520)

    order = transfer_order(stand, account_id=account, charge_id=charge.id)
    transfer = stand.gateway.create_transfer(order, idempotency_key="transfer:1:v1")
    assert (transfer.charge_id, transfer.account_id, transfer.metadata) == (charge.id, account, {"command": "7"})
    assert [each.id for each in stand.gateway.list_transfers("bk_1")] == [transfer.id]

    reversal = stand.gateway.reverse_transfer(ReversalOrder(transfer.id, 8_000), idempotency_key="reversal:1:v1")
    refund = stand.gateway.create_refund(RefundOrder(charge.id, 10_000), idempotency_key="refund:1:v1")
    assert stand.gateway.get_transfer(transfer.id).reversed_minor == 8_000
    assert [each.id for each in stand.gateway.list_reversals(transfer.id)] == [reversal.id]
    assert [each.state for each in stand.gateway.list_refunds(charge.id)] == ["succeeded"]
    assert stand.gateway.get_refund(refund.id).amount_minor == 10_000

    moves = list(stand.gateway.list_balance_transactions(since=datetime.now(UTC) - timedelta(hours=1)))
    assert [move.kind for move in moves] == ["refund", "transfer_refund", "transfer", "charge"]
    balance = stand.gateway.get_balance("USD")
    assert sum(move.net_minor for move in moves) == balance.available_minor + balance.pending_minor == 6_520


def test_a_charge_is_read_whole_from_a_server_that_expands_nothing(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    expanded = stand.make_charge()
    monkeypatch.setattr("marketplace.gateways.payment.stripe.CHECKOUT_PARTS", [])
    checkout_id = stand.server.sandbox.state.all("checkout.session")[0]["id"]
    assert stand.gateway.get_checkout(checkout_id).charge == expanded
    assert expanded.settled is not None


def test_an_account_can_receive_only_after_its_onboarding(stand: Stand) -> None:
    charge = stand.make_charge()
    account = stand.make_recipient()
    assert stand.gateway.get_account(account).can_receive
    stand.control(f"account/{account}/restricted")
    restricted = stand.gateway.get_account(account)
    assert not restricted.can_receive
    assert "external_account" in restricted.open_requirements
    with pytest.raises(PaymentRefused) as caught:
        stand.gateway.create_transfer(
            transfer_order(stand, account_id=account, charge_id=charge.id), idempotency_key="transfer:1:v1"
        )
    assert caught.value.code == "insufficient_capabilities_for_transfer"


def test_an_onboarding_link_works_once(stand: Stand) -> None:
    account = stand.make_recipient()
    link = stand.gateway.create_onboarding_link(
        account, return_url="http://shop.test/back", refresh_url="http://shop.test/again"
    )
    assert stand.http.get(link.url, timeout=10).status_code == 200
    assert stand.onboard(link.url, "later").headers["Location"] == "http://shop.test/back"
    assert stand.onboard(link.url).headers["Location"] == "http://shop.test/again"


def test_the_same_key_gives_the_same_transfer(stand: Stand) -> None:
    order = transfer_order(stand, account_id=stand.make_recipient(), charge_id=stand.make_charge().id)
    first = stand.gateway.create_transfer(order, idempotency_key="transfer:1:v1")
    again = stand.gateway.create_transfer(order, idempotency_key="transfer:1:v1")
    assert first == again
    assert len(stand.gateway.list_transfers("bk_1")) == 1


def test_a_key_with_other_parameters_is_refused(stand: Stand) -> None:
    order = transfer_order(stand, account_id=stand.make_recipient(), charge_id=stand.make_charge().id)
    stand.gateway.create_transfer(order, idempotency_key="transfer:1:v1")
    with pytest.raises(KeyMisused):
        stand.gateway.create_transfer(replace(order, amount_minor=1), idempotency_key="transfer:1:v1")


def test_a_transfer_cannot_exceed_its_charge(stand: Stand) -> None:
    order = transfer_order(stand, account_id=stand.make_recipient(), charge_id=stand.make_charge(50_000).id)
    stand.gateway.create_transfer(order, idempotency_key="transfer:1:v1")
    with pytest.raises(PaymentRefused):
        stand.gateway.create_transfer(replace(order, amount_minor=10_001), idempotency_key="transfer:2:v1")


def test_a_lost_answer_is_unknown_and_the_same_key_finds_what_happened(stand: Stand) -> None:
    order = transfer_order(stand, account_id=stand.make_recipient(), charge_id=stand.make_charge().id)
    impatient = StripeGateway("sk_test_stand", api_base=stand.url, retries=0)
    stand.fault("drop_after", "^/v1/transfers$")
    with pytest.raises(PaymentUnknown):
        impatient.create_transfer(order, idempotency_key="transfer:1:v1")
    found = impatient.create_transfer(order, idempotency_key="transfer:1:v1")
    assert [each.id for each in stand.gateway.list_transfers("bk_1")] == [found.id]


def test_the_sdk_itself_tries_again_when_an_answer_is_lost(stand: Stand) -> None:
    order = transfer_order(stand, account_id=stand.make_recipient(), charge_id=stand.make_charge().id)
    stand.fault("drop_after", "^/v1/transfers$")
    transfer = stand.gateway.create_transfer(order, idempotency_key="transfer:1:v1")
    assert [each.id for each in stand.gateway.list_transfers("bk_1")] == [transfer.id]
    assert len(stand.calls("POST", "^/v1/transfers$")) == 2


def test_too_many_calls_are_busy_and_a_500_is_unknown(stand: Stand) -> None:
    impatient = StripeGateway("sk_test_stand", api_base=stand.url, retries=0)
    stand.fault("status", "^/v1/checkout/sessions$", status=429, code="lock_timeout")
    with pytest.raises(PaymentBusy) as busy:
        impatient.create_checkout(checkout_order(), idempotency_key="checkout:1:v1")
    assert busy.value.code == "lock_timeout"
    stand.fault("status", "^/v1/checkout/sessions$", status=500)
    for _ in range(2):  # the answer of a key is kept, a 500 too
        with pytest.raises(PaymentUnknown):
            impatient.create_checkout(checkout_order(), idempotency_key="checkout:2:v1")


def test_a_key_that_is_not_accepted_moves_nothing_and_can_be_tried_later(stand: Stand) -> None:
    with pytest.raises(PaymentBusy):
        StripeGateway("nonsense", api_base=stand.url).get_balance("USD")


def test_a_declined_card_leaves_the_checkout_open(stand: Stand) -> None:
    checkout = stand.gateway.create_checkout(checkout_order(), idempotency_key="checkout:1:v1")
    assert checkout.url
    answer = stand.pay(checkout.url, DECLINED)
    assert answer.status_code == 402
    assert "Your card was declined. Nothing was paid." in answer.text
    found = stand.gateway.get_checkout(checkout.id)
    assert (found.state, found.is_paid) == ("open", False)
    assert stand.pay(checkout.url, PAYS_AT_ONCE).status_code == 303
    assert stand.gateway.get_balance("USD").available_minor == 48_520


def test_the_bank_may_ask_the_holder_to_confirm(stand: Stand) -> None:
    checkout = stand.gateway.create_checkout(checkout_order(), idempotency_key="checkout:1:v1")
    assert checkout.url
    assert "Your bank asks" in stand.pay(checkout.url, "4000002500003155").text
    assert stand.pay(checkout.url, "4000002500003155", bank="refuse").status_code == 402
    paid = stand.pay(checkout.url, "4000002500003155", bank="confirm")
    assert paid.headers["Location"] == f"http://shop.test/paid?session={checkout.id}"


def test_an_expired_checkout_cannot_be_paid_and_a_paid_one_not_expired(stand: Stand) -> None:
    checkout = stand.gateway.create_checkout(checkout_order(), idempotency_key="checkout:1:v1")
    assert checkout.url
    assert stand.gateway.expire_checkout(checkout.id, idempotency_key="expire:1:v1").state == "expired"
    assert stand.pay(checkout.url).status_code == 410
    paid = stand.gateway.create_checkout(checkout_order(), idempotency_key="checkout:2:v1")
    assert paid.url
    stand.pay(paid.url)
    with pytest.raises(PaymentRefused):
        stand.gateway.expire_checkout(paid.id, idempotency_key="expire:2:v1")


def test_a_checkout_expires_by_itself(stand: Stand) -> None:
    checkout = stand.gateway.create_checkout(checkout_order(), idempotency_key="checkout:1:v1")
    stand.control("clock", advance=3700)
    assert stand.gateway.get_checkout(checkout.id).state == "expired"


def test_a_card_is_saved_and_charged_later(stand: Stand) -> None:
    order = saved_card(stand, "4000002500003155", bank="confirm")
    charge = stand.gateway.charge_saved_card(order, idempotency_key="charge:1:v1")
    assert charge.is_paid
    assert charge.settled


@pytest.mark.parametrize(
    ("number", "asks"), [("4000002760003184", True), ("4000000000000341", False)], ids=["bank asks", "declined"]
)
def test_a_saved_card_may_be_refused_later(stand: Stand, number: str, asks: bool) -> None:
    order = saved_card(stand, number, **({"bank": "confirm"} if asks else {}))
    with pytest.raises(CardRefused) as caught:
        stand.gateway.charge_saved_card(order, idempotency_key="charge:1:v1")
    assert caught.value.needs_customer is asks


def saved_card(stand: Stand, number: str, **more: str) -> SavedCardOrder:
    checkout = stand.gateway.create_checkout(checkout_order(mode="setup"), idempotency_key="checkout:1:v1")
    assert checkout.url
    assert stand.pay(checkout.url, number, **more).status_code == 303
    done = stand.gateway.get_checkout(checkout.id)
    assert done.setup_intent_id
    card = stand.gateway.get_saved_card(done.setup_intent_id)
    return SavedCardOrder(
        amount_minor=50_000,
        currency="USD",
        description="Two hours",
        transfer_group="bk_1",
        customer_id=card.customer_id,
        payment_method_id=card.payment_method_id,
    )


def test_a_dispute_takes_amount_and_fee_and_gives_the_amount_back_when_won(stand: Stand) -> None:
    charge = stand.make_charge()
    dispute = stand.control("dispute", charge=charge.id)
    found = stand.gateway.get_dispute(dispute["id"])
    assert (found.is_open, found.withdrawn_minor, found.fee_minor) == (True, 50_000, 1_500)
    assert stand.gateway.get_charge(charge.id).is_disputed
    with pytest.raises(PaymentRefused) as caught:
        stand.gateway.create_refund(RefundOrder(charge.id, 100), idempotency_key="refund:1:v1")
    assert caught.value.code == "charge_disputed"
    stand.control(f"dispute/{dispute['id']}/won")
    won = stand.gateway.list_disputes(charge.id)[0]
    assert (won.is_open, won.state, won.withdrawn_minor, won.returned_minor) == (False, "won", 50_000, 50_000)


def test_a_reversal_is_refused_when_the_account_has_paid_out(stand: Stand) -> None:
    account, charge = stand.make_recipient(), stand.make_charge(50_000, PAYS_AT_ONCE)
    transfer = stand.gateway.create_transfer(
        transfer_order(stand, account_id=account, charge_id=charge.id), idempotency_key="transfer:1:v1"
    )
    payout = stand.control("bank-payout", account=account, amount=40_000)
    with pytest.raises(PaymentRefused):
        stand.gateway.reverse_transfer(ReversalOrder(transfer.id, 100), idempotency_key="reversal:1:v1")
    stand.control(f"bank-payout/{payout['id']}/fail", account=account)
    stand.gateway.reverse_transfer(ReversalOrder(transfer.id, 100), idempotency_key="reversal:1:v2")


def test_more_cannot_be_refunded_than_was_paid(stand: Stand) -> None:
    charge = stand.make_charge(50_000)
    stand.gateway.create_refund(RefundOrder(charge.id, 30_000), idempotency_key="refund:1:v1")
    with pytest.raises(PaymentRefused):
        stand.gateway.create_refund(RefundOrder(charge.id, 20_001), idempotency_key="refund:2:v1")


def test_a_refund_that_fails_later_returns_to_our_balance(stand: Stand) -> None:
    charge = stand.make_charge(50_000)
    refund = stand.gateway.create_refund(RefundOrder(charge.id, 30_000), idempotency_key="refund:1:v1")
    stand.control(f"refund/{refund.id}/fail")
    assert stand.gateway.get_refund(refund.id).state == "failed"
    balance = stand.gateway.get_balance("USD")
    assert balance.available_minor + balance.pending_minor == 48_520


def test_a_misspelt_parameter_fails_here_as_at_stripe(stand: Stand) -> None:
    client = stripe.StripeClient("sk_test_stand", base_addresses={"api": stand.url})
    wrong = cast("stripe.params.TransferCreateParams", {"amount": 1, "currency": "usd", "destinaton": "acct_1"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.transfers.create(wrong)
    assert caught.value.code == "parameter_unknown"


def test_an_event_with_our_signature_is_read(sending: Stand, inbox: Inbox) -> None:
    charge = sending.make_charge()
    until(lambda: any(b'"checkout.session.completed"' in body for body in inbox.bodies))
    read = [
        sending.gateway.read_snapshot_event(body, signature)
        for body, signature in zip(inbox.bodies, inbox.signatures, strict=True)
    ]
    paid = next(event for event in read if event.kind == "charge.succeeded")
    assert (paid.object_id, paid.object_kind, paid.account_id, paid.is_thin) == (charge.id, "charge", None, False)
    assert paid.api_version == "2026-10-28.endive"


def test_forged_old_and_rewritten_events_are_refused(stand: Stand) -> None:
    stand.make_charge()
    body = json.dumps(stand.events("charge.succeeded")[0]).encode()
    text, read = body.decode(), stand.gateway.read_snapshot_event
    assert read(body, sign(text, SECRET)).kind == "charge.succeeded"
    for signature in (
        None,
        "",
        "rubbish",
        sign(text, "whsec_of_another"),
        sign(text, SECRET, at=int(time.time()) - 301),
    ):
        with pytest.raises(SignatureInvalid):
            read(body, signature)
    with pytest.raises(SignatureInvalid):
        read(json.dumps(json.loads(body), indent=1).encode(), sign(text, SECRET))


def test_a_new_secret_is_accepted_beside_the_old_one(stand: Stand) -> None:
    stand.make_charge()
    text = json.dumps(stand.events("charge.succeeded")[0])
    gateway = StripeGateway("sk_test_stand", api_base=stand.url, webhook_secrets=("whsec_new", SECRET))
    for secret in ("whsec_new", SECRET):
        assert gateway.read_snapshot_event(text.encode(), sign(text, secret)).kind == "charge.succeeded"


def test_thin_and_snapshot_events_are_told_apart(sending: Stand, inbox: Inbox) -> None:
    account = sending.make_recipient()
    sending.make_charge()
    until(lambda: any(b'"charge.succeeded"' in body for body in inbox.bodies))
    until(lambda: any(b"capability_status_updated" in body for body in inbox.bodies))
    pairs = list(zip(inbox.bodies, inbox.signatures, strict=True))
    thin = next(pair for pair in pairs if b"capability_status_updated" in pair[0])
    snapshot = next(pair for pair in pairs if b'"charge.succeeded"' in pair[0])
    notice = sending.gateway.read_thin_event(*thin)
    assert (notice.is_thin, notice.account_id, notice.object_id) == (True, account, account)
    with pytest.raises(WrongEventForm):
        sending.gateway.read_snapshot_event(*thin)
    with pytest.raises(WrongEventForm):
        sending.gateway.read_thin_event(*snapshot)


def test_undelivered_events_are_listed(sending: Stand, inbox: Inbox) -> None:
    inbox.status = 500
    sending.make_charge()
    since = datetime.now(UTC) - timedelta(hours=1)
    assert "checkout.session.completed" in {e.kind for e in sending.gateway.list_undelivered_events(since=since)}
    inbox.status = 200
    until(lambda: not list(sending.gateway.list_undelivered_events(since=since)))


def test_the_sdk_reports_no_latencies_to_stripe() -> None:
    assert stripe.enable_telemetry is False


def test_an_account_is_only_gone_when_stripe_says_so(stand: Stand) -> None:
    since = datetime.now(UTC) - timedelta(days=1)
    with pytest.raises(AccountGone):
        stand.gateway.get_account("acct_nobody")
    with pytest.raises(AccountGone):
        stand.gateway.list_bank_payouts("acct_nobody", since=since)
    account = stand.make_recipient()
    assert stand.gateway.list_bank_payouts(account, since=since) == []
    for path, read in (
        (f"^/v2/core/accounts/{account}$", lambda: stand.gateway.get_account(account)),
        ("^/v1/payouts$", lambda: stand.gateway.list_bank_payouts(account, since=since)),
    ):
        stand.fault("status", path, verb="GET", status=404)  # an address that the server does not have
        with pytest.raises(PaymentRefused) as refused:
            read()
        assert not isinstance(refused.value, AccountGone)
    stand.control(f"account/{account}/deauthorized")
    with pytest.raises(AccountGone):
        stand.gateway.get_account(account)


@pytest.mark.parametrize("mode", ["payment", "setup"])
def test_a_checkout_takes_cards_alone_for_a_debit_is_known_to_be_good_days_later(mode: str) -> None:
    body = {"id": "cs_1", "object": "checkout.session", "status": "open", "mode": mode, "payment_status": "unpaid"}
    with responses.RequestsMock() as server:
        server.post("http://127.0.0.1:29999/v1/checkout/sessions", json=body)
        gateway = StripeGateway("sk_test_x", api_base="http://127.0.0.1:29999")
        gateway.create_checkout(checkout_order(mode=mode), idempotency_key="checkout:1")
        sent = parse_qs(str(server.calls[0].request.body))
    assert [sent[name] for name in sent if name.startswith("allowed_payment_method_types")] == [["card"]]
