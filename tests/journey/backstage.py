"""What a story knows of the running site besides its pages: its books, what happened before, and Stripe's side."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

import requests
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.booking import Party
from marketplace.jobs import RunJob
from marketplace.models import Account, Actor, Booking, CaptureSession, ConnectAccount, Member, Payment, Payout, Take
from marketplace.services import booking as bookings
from marketplace.services import payout
from marketplace.services.booking_step import By
from marketplace.services.capture import select_take
from marketplace.services.ledger_check import run_checks
from marketplace.services.payout_step import Decision
from marketplace.web.guard import FRESH_FOR
from marketplace.wiring import make_sender
from tests.journey.person import PATIENCE_S, Person

Found = TypeVar("Found")


@dataclass
class Backstage:
    """The site's own database, its queue and the stand-in's controls; `settings` are those it was started with."""

    settings: Settings
    database: Database
    send: RunJob
    http: requests.Session = field(default_factory=requests.Session)

    @classmethod
    def enter(cls, address: str, folder: Path) -> Backstage:
        """Behind the site that `running_site` started in `folder`."""
        settings = Settings(data_dir=folder / "data", port=int(address.rpartition(":")[2]))
        return cls(settings, Database(settings.database), make_sender(settings))

    def stripe(self, what: str, **body: Any) -> Any:
        """Make something happen at Stripe."""
        answer = self.http.post(f"{self.settings.stripe_base}/_sandbox/{what}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def read(self, look: Callable[[Session], Found]) -> Found:
        """What a question to the site's database gives."""
        with self.database.reading() as db:
            return look(db)

    def until(self, look: Callable[[Session], Found | None]) -> Found:
        """Ask again and again until the workers have done their part and there is an answer."""
        deadline = monotonic() + PATIENCE_S
        while not (found := self.read(look)):
            assert monotonic() < deadline, "the workers never did it"
            sleep(0.2)
        return found

    def booking_of(self, actor: str, state: str) -> int:
        """The latest session of an actor whose booking is in this state."""
        theirs = select(Booking.id).join(Actor, Actor.id == Booking.actor_id)
        wanted = theirs.where(Actor.name == actor, Booking.state == state).order_by(Booking.starts_at.desc())
        return self.read(lambda db: db.scalars(wanted.limit(1)).one())

    def paid_booking_of(self, actor: str) -> int:
        """The first booking that an actor was sent money for."""
        theirs = select(Payout.booking_id).join(Actor, Actor.id == Payout.actor_id)
        sent = theirs.where(Actor.name == actor, Payout.state == "transferred").order_by(Payout.id)
        return self.read(lambda db: db.scalars(sent.limit(1)).one())

    def payout_of(self, actor: str, state: str) -> int:
        """The latest payout of an actor in this state."""
        theirs = select(Payout.id).join(Actor, Actor.id == Payout.actor_id)
        wanted = theirs.where(Actor.name == actor, Payout.state == state).order_by(Payout.id.desc())
        return self.read(lambda db: db.scalars(wanted.limit(1)).one())

    def stripe_account_of(self, actor: str) -> str:
        """Where an actor is paid."""
        theirs = select(ConnectAccount.stripe_account_id).join(Actor, Actor.id == ConnectAccount.actor_id)
        return str(self.read(lambda db: db.scalars(theirs.where(Actor.name == actor)).one()))

    def charge_of(self, booking_id: int) -> str:
        """Stripe's name of a booking's charge."""
        wanted = select(Payment.charge_id).where(Payment.booking_id == booking_id)
        return str(self.read(lambda db: db.scalars(wanted).one()))

    def email_of(self, name: str) -> str:
        """What somebody signs in with."""
        return self.read(lambda db: db.scalars(select(Account.email).where(Account.name == name)).one())

    # what happened before ------------------------------------------------------------------------

    def accept_takes(self, booking_id: int) -> int:
        """The platform has selected a take and accepted; the payout that this makes."""
        now = datetime.now(UTC)
        with self.database.unit_of_work(self.send) as db:
            booking = db.get_one(Booking, booking_id)
            member = db.scalars(select(Member).where(Member.platform_id == booking.platform_id)).first()
            sent = select(Take.id).join(CaptureSession).where(CaptureSession.booking_id == booking_id)
            take_id = db.scalars(sent.order_by(Take.number)).first()
            assert member is not None
            assert take_id is not None
            select_take(db, platform_id=booking.platform_id, take_id=take_id, selected=True, now=now)
            by = By(Party.PLATFORM, member.account_id)
            bookings.accept_delivery(db, booking_id=booking_id, platform_id=booking.platform_id, by=by, now=now)
        return self.read(lambda db: db.scalars(select(Payout.id).where(Payout.booking_id == booking_id)).one())

    def approve(self, payout_id: int, admin: str, undo_within: timedelta) -> None:
        """Another admin has approved, and has time to think again."""
        with self.database.unit_of_work(self.send) as db:
            by = Decision(db.scalars(select(Account.id).where(Account.name == admin)).one())
            payout.approve_payout(db, payout_id=payout_id, by=by, now=datetime.now(UTC), undo_within=undo_within)

    def grow_stale(self, person: Person) -> None:
        """Make somebody's sign-in older than decisions allow."""
        keeper = Flask(__name__)
        keeper.secret_key = self.settings.secret("session")
        signer = SecureCookieSessionInterface().get_signing_serializer(keeper)
        assert signer is not None
        context = person.page.context
        cookie = next(each for each in context.cookies() if each["name"] == "session")
        kept = {**signer.loads(cookie["value"]), "fs_paa": time.time() - FRESH_FOR.total_seconds() - 1}
        context.add_cookies([{"name": "session", "value": signer.dumps(kept), "url": person.site}])

    def broken_rules(self) -> list[str]:
        """Rules of the money that the site's books break, with the rows."""
        checks = self.read(lambda db: run_checks(db, now=datetime.now(UTC)))
        return [f"{check.name} {check.says}: {check.rows}" for check in checks if check.rows]
