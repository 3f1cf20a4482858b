"""The Stripe stand-in on a free loopback port, and a receiver of webhooks, for every test that needs them."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from flask import Flask, Response, request
from werkzeug.serving import make_server

from marketplace.gateways.payment.base import AccountOrder, Charge, CheckoutOrder, IncomingEvent, RefundOrder
from marketplace.gateways.payment.stripe import StripeGateway
from marketplace.sandbox.stripe import WebhookTarget, create_app
from marketplace.sandbox.stripe.delivery import sign
from marketplace.sandbox.stripe.server import QuietHandler, StripeServer

SECRET = "whsec_test_own"
CONNECTED_SECRET = "whsec_test_connected"
THIN_SECRET = "whsec_test_thin"
PAYS = "4242424242424242"
PAYS_AT_ONCE = "4000000000000077"
DECLINED = "4000000000000002"


class Stand:
    """The running stand-in with a gateway on it, and the hands of the people in front of its pages."""

    def __init__(self, server: StripeServer, path: Path) -> None:
        self.server = server
        self.path = path
        self.url = server.url
        self.http = requests.Session()
        self.gateway = self.connect()

    def connect(self, **more: Any) -> StripeGateway:
        """Another gateway on it."""
        given = {"webhook_secrets": (SECRET,), "timeout_s": 10, **more}
        return StripeGateway("sk_test_stand", api_base=self.server.url, **given)

    def control(self, what: str, **body: Any) -> Any:
        """Ask for something under /_sandbox/."""
        answer = self.http.post(f"{self.url}/_sandbox/{what}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def fault(self, kind: str, path: str, **more: Any) -> None:
        """Plan a fault."""
        self.control("fault", kind=kind, path=path, **more)

    def calls(self, verb: str, path: str) -> list[dict[str, Any]]:
        """The calls that came in whose path matches."""
        found = self.http.get(f"{self.url}/_sandbox/call", timeout=10).json()
        return [each for each in found if each["method"] == verb and re.search(path, each["path"])]

    def pay(self, url: str, number: str = PAYS, **more: str) -> requests.Response:
        """Fill in the hosted checkout page; gives the answer without following its redirect."""
        form = {"number": number, "email": "payer@example.test", **more}
        return self.http.post(url, data=form, timeout=10, allow_redirects=False)

    def onboard(self, url: str, do: str = "complete") -> requests.Response:
        """Fill in the hosted onboarding page."""
        return self.http.post(url, data={"do": do}, timeout=10, allow_redirects=False)

    def make_recipient(self, key: str = "account:1") -> str:
        """An account that has been onboarded; gives its id."""
        order = AccountOrder(email="ada@example.test", display_name="Ada", country="US", currency="USD")
        account = self.gateway.create_account(order, idempotency_key=key)
        link = self.gateway.create_onboarding_link(
            account.id, return_url="http://shop.test/back", refresh_url="http://shop.test/again"
        )
        self.onboard(link.url)
        return account.id

    def make_charge(self, amount: int = 50_000, number: str = PAYS, key: str = "checkout:1") -> Charge:
        """A paid checkout; gives its charge."""
        checkout = self.gateway.create_checkout(checkout_order(amount_minor=amount), idempotency_key=key)
        assert checkout.url
        assert self.pay(checkout.url, number).status_code == 303
        charge = self.gateway.get_checkout(checkout.id).charge
        assert charge is not None
        return charge

    def refund_by_hand(self, charge_id: str, amount: int) -> None:
        """Somebody refunds in Stripe's own pages."""
        self.gateway.create_refund(RefundOrder(charge_id, amount), idempotency_key=f"by hand {charge_id} {amount}")

    def event(self, body: dict[str, Any]) -> IncomingEvent:
        """A snapshot event as the gateway reads it when it arrives, signed."""
        text = json.dumps(body)
        return self.gateway.read_snapshot_event(text.encode(), sign(text, SECRET))

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Snapshot events there are, oldest first."""
        found = self.server.sandbox.state.all("event")
        return [each for each in found if kind in (None, each["type"])]


def checkout_order(**changes: Any) -> CheckoutOrder:
    """An order of 500.00 USD that stays open for an hour."""
    fields: dict[str, Any] = {
        "mode": "payment",
        "amount_minor": 50_000,
        "currency": "USD",
        "description": "Two hours of capture",
        "reference": "bk_1",
        "transfer_group": "bk_1",
        "success_url": "http://shop.test/paid?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.test/back",
        "expires_at_s": int(time.time()) + 3600,
        "metadata": {"booking": "1"},
    }
    return CheckoutOrder(**{**fields, **changes})


class Inbox:
    """Receives webhooks like the product would, and can be told to answer badly."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []
        self.status = 200
        app = Flask(__name__)
        app.add_url_rule("/hook", view_func=self._take, methods=["POST"])
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def _take(self) -> Response:
        self.bodies.append(request.get_data())
        self.signatures.append(request.headers["Stripe-Signature"])
        return Response("", self.status)

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running_stand(path: Path, *targets: WebhookTarget) -> Iterator[Stand]:
    """The stand-in on a free port for the length of a block."""
    with StripeServer(create_app(path, targets)) as server:
        stand = Stand(server, path)
        try:
            yield stand
        finally:
            stand.http.close()


def until(true: Callable[[], Any], seconds: float = 10) -> None:
    """Wait for something another thread does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
