"""A server that leaves out what has no value, as Stripe's second API does, is read like one that says null."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import responses

from marketplace.gateways.payment.stripe import StripeGateway

BASE = "http://127.0.0.1:29999"
MONEY = {"amount": 500, "currency": "usd", "created": 1_790_000_000}
CHARGE = {"object": "charge", "amount_refunded": 0, "paid": True, "captured": True, "disputed": False}
EVIDENCE = {"submission_count": 0, "has_evidence": False, "past_due": False}
DISPUTE = {"object": "dispute", "charge": "ch_1", "status": "lost", "reason": "general", "balance_transactions": []}
BARE: list[tuple[str, dict[str, Any], Callable[[StripeGateway], object]]] = [
    (
        "/v1/checkout/sessions/x",
        {"object": "checkout.session", "status": "open", "mode": "payment", "payment_status": "unpaid"},
        lambda gateway: gateway.get_checkout("x"),
    ),
    ("/v1/charges/x", {**CHARGE, **MONEY}, lambda gateway: gateway.get_charge("x")),
    ("/v1/transfers/x", {"object": "transfer", "amount_reversed": 0, **MONEY}, lambda g: g.get_transfer("x")),
    ("/v1/refunds/x", {"object": "refund", **MONEY}, lambda gateway: gateway.get_refund("x")),
    ("/v1/disputes/x", {**DISPUTE, **MONEY, "evidence_details": EVIDENCE}, lambda gateway: gateway.get_dispute("x")),
    (
        "/v1/payouts/x",
        {"object": "payout", "status": "paid", "arrival_date": 1_790_000_000, **MONEY},
        lambda gateway: gateway.get_bank_payout("acct_1", "x"),
    ),
    ("/v2/core/accounts/x", {"object": "v2.core.account"}, lambda gateway: gateway.get_account("x")),
    (
        "/v2/core/accounts/x",
        {"object": "v2.core.account", "configuration": {"recipient": {}}, "requirements": {}},
        lambda gateway: gateway.get_account("x"),
    ),
    (
        "/v2/core/accounts/x",
        {
            "object": "v2.core.account",
            "requirements": {"entries": [{"awaiting_action_from": "user", "description": "identity"}]},
        },
        lambda gateway: gateway.get_account("x"),
    ),
]


@pytest.mark.parametrize(("path", "body", "read"), BARE)
def test_what_has_no_value_may_be_left_out(
    path: str, body: dict[str, Any], read: Callable[[StripeGateway], object]
) -> None:
    with responses.RequestsMock() as server:
        server.get(f"{BASE}{path}", json={"id": "x", **body})
        assert getattr(read(StripeGateway("sk_test_x", api_base=BASE)), "id", None) == "x"
