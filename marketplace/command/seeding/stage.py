"""A clock that can be put back, the real services, and the stand-in for Stripe: on these the demo's past is played."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.gateways.payment.base import ReversalOrder
from marketplace.gateways.payment.stripe import StripeGateway
from marketplace.jobs import Job
from marketplace.models import OutboxCommand, Payment
from marketplace.services import connect
from workers.task import Tools
from workers.tasks.outbox import run_outbox
from workers.tasks.payment import sync_account, sync_checkout

CARD: Final = "4000000000000077"
"""Its money can be used at once, as that of last month could: Stripe's own clock cannot be put back."""
STILL_OPEN: Final = timedelta(hours=23)


class Stage:
    """Tools whose clock is `at`; what is enqueued for Stripe is done at once, everything else waits for the workers."""

    def __init__(self, tools: Tools, stripe_url: str) -> None:
        self.at = datetime.now(UTC)
        self._http = requests.Session()
        self._stripe_url = stripe_url
        settings = tools.settings
        gateway = StripeGateway(
            settings.stripe_key, api_base=stripe_url, webhook_secrets=settings.stripe_webhook_secrets
        )
        outside = replace(tools.outside, payment=gateway)
        self.tools = replace(tools, outside=outside, run_job=self._run, now=lambda: self.at)

    def unit_of_work(self) -> AbstractContextManager[Session]:
        """One writing transaction at the stage's own time."""
        return self.tools.unit_of_work()

    def do(self, at: datetime, service: Callable[..., Any], **arguments: Any) -> Any:
        """Call a service in a transaction of its own, at a moment of the past."""
        self.at = at
        with self.unit_of_work() as db:
            return service(db, **arguments, now=at)

    def pay(self, booking_id: int, at: datetime) -> None:
        """Fill in Stripe's checkout page for a booking and let the product see what became of it."""
        self.at = at
        with self.tools.reading() as db:
            payment = db.scalars(select(Payment).where(Payment.booking_id == booking_id)).one()
        form = {"number": CARD, "email": "accounts@platform.example"}
        answer = self._http.post(self._here(str(payment.checkout_url)), data=form, timeout=10, allow_redirects=False)
        answer.raise_for_status()
        sync_checkout(self.tools, str(payment.checkout_session_id))
        self._date_payment(booking_id, at)

    def open_payout_account(self, actor_id: int, at: datetime) -> None:
        """Take an actor through Stripe's onboarding."""
        self.do(at, connect.open_account, actor_id=actor_id)
        with self.tools.reading() as db:
            account = connect.stripe_account_of(db, actor_id)
        if account is None:
            raise RuntimeError("the stand-in for Stripe did not open an account")
        back = f"{self.tools.settings.public_url}/actor/earnings"
        link = self.tools.outside.payment.create_onboarding_link(account, return_url=back, refresh_url=back)
        answer = self._http.post(self._here(link.url), data={"do": "complete"}, timeout=10, allow_redirects=False)
        answer.raise_for_status()
        sync_account(self.tools, account)

    def take_back(self, transfer_id: str, amount_minor: int) -> None:
        """Reverse part of a transfer at Stripe, as an admin would in Stripe's own pages."""
        order = ReversalOrder(transfer_id=transfer_id, amount_minor=amount_minor, metadata={})
        self.tools.outside.payment.reverse_transfer(order, idempotency_key=f"seed:{transfer_id}")

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _here(self, address: str) -> str:
        """A page of the stand-in at the port it is served on while seeding; the address names its later one."""
        return self._stripe_url + urlsplit(address).path

    def _date_payment(self, booking_id: int, at: datetime) -> None:
        """Stripe's own clock cannot be put back, so the day of the charge is written as the story has it."""
        with self.unit_of_work() as db:
            payment = db.scalars(select(Payment).where(Payment.booking_id == booking_id)).one()
            if payment.captured_at is not None:
                payment.captured_at = at

    def _run(self, job: Job, ids: tuple[int | str, ...]) -> None:
        if job is Job.RUN_OUTBOX:
            self._keep_open(int(ids[0]))
            run_outbox(self.tools, int(ids[0]))
        elif job is Job.SYNC_CHECKOUT:
            sync_checkout(self.tools, str(ids[0]))

    def _keep_open(self, command_id: int) -> None:
        """A checkout of the past would be refused by Stripe's clock: let it close tomorrow instead."""
        with self.unit_of_work() as db:
            row = db.get_one(OutboxCommand, command_id)
            if row.kind == "checkout.create":
                closes = int((datetime.now(UTC) + STILL_OPEN).timestamp())
                row.params = {**row.params, "expires_at_s": closes}
