"""A small trade for tests of pages: two platforms, two actors, two admins, and a booking whose work was accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.models import Account, Actor, ConnectAccount, Dispute, Flag, Member, Take
from marketplace.services.account import give_role
from marketplace.services.booking import accept_delivery
from marketplace.web.transaction import CLOCK
from tests.services.stage import NOW, Story, add_account, add_actor, add_member


def no_jobs(_job: object, _ids: object) -> None:
    """A scene sends nothing to the workers."""


@dataclass
class Scene:
    """Who is there, by id; `now` is the instant that the pages believe in."""

    now: datetime
    mira: Account
    imani: Account
    ada: Account
    bo: Account
    other_member: Account
    other_actor: Account
    platform_id: int
    actor_id: int
    booking_id: int
    payout_id: int
    flag_id: int


def build(db: Session) -> Scene:
    """Imani has delivered to Mira's platform, which has accepted: one payout waits for review."""
    story = Story(db, starts_at=NOW + timedelta(days=3))
    give_role(db, db.get_one(Account, story.mira.account_id), "member")
    give_role(db, db.get_one(Account, story.imani.account_id), "actor")
    connected(db, story.actor)
    story.delivered()
    story.now += timedelta(hours=1)
    db.execute(update(Take).values(selected_at=story.now))
    accept_delivery(db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, now=story.now)
    stranger, rival = add_member(db, "Veloura"), add_actor(db, "Kwame Mensah")
    flag = Flag(kind="follower_spike", actor_id=story.actor_id, words="Followers jumped.", opened_at=story.now)
    db.add(flag)
    db.flush()
    assert story.payout is not None
    return Scene(
        now=story.now + timedelta(hours=3),
        mira=db.get_one(Account, story.mira.account_id),
        imani=db.get_one(Account, story.imani.account_id),
        ada=_admin(db, "Ada Admin"),
        bo=_admin(db, "Bo Admin"),
        other_member=_with_role(db, stranger, "member"),
        other_actor=_with_role(db, rival, "actor"),
        platform_id=story.platform_id,
        actor_id=story.actor_id,
        booking_id=story.id,
        payout_id=story.payout.id,
        flag_id=flag.id,
    )


def connected(db: Session, actor: Actor) -> None:
    """The actor may receive money."""
    row = ConnectAccount(
        actor_id=actor.id, stripe_account_id=f"acct_{actor.id}", state="active", created_at=NOW, refreshed_at=NOW
    )
    db.add(row)
    db.flush()


def dispute(db: Session, scene: Scene, payment_id: int) -> None:
    """The platform's bank takes the payment back."""
    row = Dispute(
        payment_id=payment_id, booking_id=scene.booking_id, stripe_dispute_id="du_1", state="open", currency="USD",
        amount_minor=10_000, opened_at=scene.now,
    )  # fmt: skip
    db.add(row)


def _admin(db: Session, name: str) -> Account:
    account = add_account(db, name)
    give_role(db, account, "admin")
    return account


def _with_role(db: Session, who: Member | Actor, role: str) -> Account:
    assert who.account_id is not None
    account = db.get_one(Account, who.account_id)
    give_role(db, account, "member" if role == "member" else "actor")
    return account


@pytest.fixture
def scene(app: Flask, database: Database) -> Scene:
    """The trade in the fresh database, and the application's clock set to it."""
    with database.unit_of_work(no_jobs) as db:
        made = build(db)
    app.extensions[CLOCK] = lambda: made.now.astimezone(UTC)
    return made
