"""Sends events to the product's webhook addresses, signed as Stripe signs them, again and again until answered."""

import hashlib
import hmac
import json
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests

from marketplace.sandbox.stripe.event import Target, pending
from marketplace.sandbox.stripe.state import Json, State

RETRY_FOR_S = 3 * 24 * 3600
LONGEST_WAIT_S = 3600
TIMEOUT_S = 20
BATCH = 8


@dataclass(frozen=True)
class WebhookTarget:
    """Where events of one kind go: `own` and `connected` are snapshots, `thin` are notices about v2 accounts."""

    url: str
    secret: str
    kind: Target = "own"


def sign(payload: str, secret: str, at: int | None = None) -> str:
    """The Stripe-Signature header: HMAC-SHA256 over `seconds.payload`. Real time, for receivers have a real clock."""
    at = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{at}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Deliverer:
    """A thread that empties the delivery queue; what is not answered with a 2xx comes again, later each time."""

    def __init__(self, state: State, targets: Sequence[WebhookTarget]) -> None:
        self.state = state
        self.targets = list(targets)
        self._http = requests.Session()
        self._http.mount("http", requests.adapters.HTTPAdapter(pool_maxsize=32))
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stripe-sandbox-delivery", daemon=True)
        state.set("targets", ",".join({target.kind for target in self.targets}))

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way and end."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def wake(self) -> None:
        """There may be something to deliver."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(0.5)
            self._wake.clear()
            while not self._stop.is_set() and self.deliver_due():
                pass

    def deliver_due(self) -> int:
        """Try every delivery whose time has come, a few at once; how many were tried."""
        if self.state.setting("auto", "yes") != "yes":
            return 0
        rows = self.state.run(
            "SELECT id, event, target, attempts FROM delivery WHERE done = 0 AND due <= ? ORDER BY due, id LIMIT ?",
            time.time(),
            BATCH,
        )
        if self.state.setting("shuffle") == "yes":
            random.shuffle(rows)
            for row in rows:
                self._try(*row)
        elif rows:
            # Stripe promises no order, and sends what happened together at the same time.
            with ThreadPoolExecutor(len(rows)) as pool:
                list(pool.map(lambda row: self._try(*row), rows))
        return len(rows)

    def _try(self, delivery: int, event: str, target: str, attempts: int) -> None:
        body = self.state.find_any(event)
        statuses = [self.send(body, each) for each in self.targets if each.kind == target] if body else []
        if all(200 <= status < 300 for status in statuses):
            self.state.run("UPDATE delivery SET done = 1, attempts = attempts + 1 WHERE id = ?", delivery)
            return
        wait = min(2**attempts, LONGEST_WAIT_S)
        given_up = body is None or self.state.now - self._created(body) > RETRY_FOR_S
        due = time.time() + (RETRY_FOR_S * 100 if given_up else wait)
        self.state.run("UPDATE delivery SET attempts = attempts + 1, due = ? WHERE id = ?", due, delivery)

    def send(self, event: Json, target: WebhookTarget) -> int:
        """One signed request; its status, or 0 when nobody answered."""
        shown = event if target.kind == "thin" else {**event, "pending_webhooks": pending(self.state, event["id"])}
        payload = json.dumps(shown, indent=2)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": sign(payload, target.secret),
        }
        try:
            answer = self._http.post(
                target.url, data=payload.encode(), headers=headers, timeout=TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException:
            return 0
        return answer.status_code

    def send_copies(self, event: Json, copies: int) -> list[int]:
        """The same event many times at the same moment; every status."""
        kind = "thin" if event["object"] == "v2.core.event" else "connected" if event.get("account") else "own"
        targets = [target for target in self.targets if target.kind == kind] * copies
        with ThreadPoolExecutor(max(1, len(targets))) as pool:
            return list(pool.map(lambda target: self.send(event, target), targets))

    @staticmethod
    def _created(event: Json) -> int:
        created = event["created"]
        return created if isinstance(created, int) else 1 << 60
