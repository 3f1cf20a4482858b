"""Bookings whose money really moves: the services, the workers' tasks and the Stripe stand-in, on one database."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.payout import State as PayoutState
from marketplace.gateways.outside import Outside
from marketplace.jobs import Job
from marketplace.models import Actor, Booking, ConnectAccount, LedgerEntry, Payment, Payout, Role
from marketplace.services import connect, ledger, payout
from marketplace.services.ledger_check import run_checks
from marketplace.services.payout_step import Decision
from tests.services.stage import Story, add_account
from tests.stripe_stand import PAYS, Stand
from workers.task import TASKS, Tools
from workers.tasks.outbox import send_due_payouts, sweep_outbox

MONEY_JOBS = (Job.RUN_OUTBOX, Job.PROCESS_STRIPE_EVENT, Job.SYNC_CHECKOUT, Job.SEND_EVIDENCE)
Ids = tuple[int | str, ...]


class MoneyStage:
    """One actor who can be paid, one platform, and the hands that move things along.

    Jobs wait in a queue until `work` carries them out, as a worker would; `later` moves every clock.
    """

    def __init__(self, database: Database, settings: Settings, outside: Outside, stand: Stand) -> None:
        self.database, self.stand = database, stand
        self.queue: deque[tuple[Job, Ids]] = deque()
        self.offset = timedelta(0)
        self.tools = Tools(settings, database, replace(outside, payment=stand.gateway), self.take, now=lambda: self.now)

    @property
    def now(self) -> datetime:
        """The instant of every service and task; Stripe's clock goes along with it."""
        return datetime.now(UTC) + self.offset

    def later(self, span: timedelta) -> None:
        """Let time pass, here and at Stripe."""
        self.offset += span
        self.stand.control("clock", advance=int(span.total_seconds()))

    def take(self, job: Job, ids: Ids) -> None:
        """What a transaction sends to the workers."""
        if job in MONEY_JOBS:
            self.queue.append((job, ids))

    def work(self) -> None:
        """Carry out every job that waits, and those they ask for."""
        while self.queue:
            job, ids = self.queue.popleft()
            TASKS[job.value].function(self.tools, *ids)

    def reading(self, look: Callable[[Session], object]) -> object:
        """What a question to the database gives."""
        with self.tools.reading() as db:
            return look(db)

    # people --------------------------------------------------------------------------------------

    def add_admin(self, name: str = "Nora") -> int:
        """Somebody who decides on payouts; their account."""
        with self.tools.unit_of_work() as db:
            account = add_account(db, name)
            role = db.scalar(select(Role).where(Role.name == "admin")) or Role(name="admin")
            account.roles.append(role)
            return account.id

    def onboard(self, actor_id: int) -> str:
        """The actor opens a payout account and fills in what Stripe asks; its id at Stripe."""
        with self.tools.unit_of_work() as db:
            db.get_one(Actor, actor_id).country = "GB"
            connect.open_account(db, actor_id=actor_id, now=self.now)
        self.work()
        with self.tools.reading() as db:
            account_id = connect.stripe_account_of(db, actor_id)
        assert account_id
        link = self.stand.gateway.create_onboarding_link(account_id, return_url="http://m/", refresh_url="http://m/x")
        self.stand.onboard(link.url)
        seen = self.stand.gateway.get_account(account_id)
        with self.tools.unit_of_work() as db:
            connect.note_account(db, seen, now=self.now)
        return account_id

    # bookings ------------------------------------------------------------------------------------

    def accepted(self) -> int:
        """A booking that the actor has accepted and whose checkout is open; its id."""
        starts_at = (self.now + timedelta(days=7)).replace(hour=10, minute=0, second=0, microsecond=0)
        with self.tools.unit_of_work() as db:
            story = Story(db, starts_at=starts_at, now=self.now).accept()
            booking_id = story.id
        self.work()
        return booking_id

    def pay(self, booking_id: int, number: str = PAYS) -> str:
        """The platform fills in the hosted checkout page; the checkout's id."""
        payment = self.payment(booking_id)
        assert payment.checkout_url
        assert payment.checkout_session_id
        assert self.stand.pay(payment.checkout_url, number).status_code == 303
        return payment.checkout_session_id

    def paid(self, number: str = PAYS) -> int:
        """A booking that is paid and confirmed; its id."""
        booking_id = self.accepted()
        checkout_id = self.pay(booking_id, number)
        self.sync(checkout_id)
        return booking_id

    def sync(self, checkout_id: str) -> None:
        """Read a checkout again, and do what follows."""
        self.take(Job.SYNC_CHECKOUT, (checkout_id,))
        self.work()

    def earned(self) -> tuple[int, int]:
        """A paid booking whose actor can be paid, with its payout in review: (booking, payout)."""
        booking_id = self.paid()
        with self.tools.reading() as db:
            actor_id = db.get_one(Booking, booking_id).actor_id
        self.onboard(actor_id)
        with self.tools.unit_of_work() as db:
            payout_id = payout.create_payout(db, db.get_one(Booking, booking_id), self.now)
        assert payout_id
        return booking_id, payout_id

    def approve(self, payout_id: int, admin_id: int) -> PayoutState:
        """An admin approves."""
        with self.tools.unit_of_work() as db:
            return payout.approve_payout(db, payout_id=payout_id, by=Decision(admin_id), now=self.now)

    def send(self) -> None:
        """The time to undo passes, and the payouts that are due leave."""
        self.later(timedelta(minutes=11))
        send_due_payouts(self.tools)
        self.work()

    def sweep(self) -> None:
        """What the timetable does when messages were lost."""
        sweep_outbox(self.tools)
        self.work()

    # looking -------------------------------------------------------------------------------------

    def payment(self, booking_id: int) -> Payment:
        """The payment's row."""
        with self.tools.reading() as db:
            return db.scalars(select(Payment).where(Payment.booking_id == booking_id)).one()

    def booking(self, booking_id: int) -> Booking:
        """The booking's row."""
        with self.tools.reading() as db:
            return db.get_one(Booking, booking_id)

    def payout(self, payout_id: int) -> Payout:
        """The payout's row."""
        with self.tools.reading() as db:
            return db.get_one(Payout, payout_id)

    def account(self, actor_id: int) -> ConnectAccount:
        """The payout account's row."""
        with self.tools.reading() as db:
            return db.scalars(select(ConnectAccount).where(ConnectAccount.actor_id == actor_id)).one()

    def owner(self, actor_id: int) -> int:
        """The account of the actor's own."""
        with self.tools.reading() as db:
            account_id = db.get_one(Actor, actor_id).account_id
        assert account_id is not None
        return account_id

    def balances(self) -> dict[str, int]:
        """What every account of the books holds, empty ones left out."""
        with self.tools.reading() as db:
            return {key: amount for key, _, amount in ledger.list_balances(db) if amount}

    def entries(self) -> int:
        """How many lines the books have."""
        with self.tools.reading() as db:
            return db.scalar(select(func.count()).select_from(LedgerEntry)) or 0

    def assert_sound(self) -> None:
        """Our books hold, and say of Stripe's balance what Stripe says."""
        with self.tools.reading() as db:
            broken = [f"{check.name}: {check.rows}" for check in run_checks(db, now=self.now) if check.rows]
        assert broken == []
        balance = self.stand.gateway.get_balance("USD")
        assert self.balances().get("stripe_balance", 0) == balance.available_minor + balance.pending_minor
