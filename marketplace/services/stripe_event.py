"""Events from Stripe: stored once and answered at once; worked on later, by reading the object again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from marketplace.gateways.payment.base import IncomingEvent
from marketplace.jobs import Job, enqueue
from marketplace.models import Payment, Payout, StripeEvent
from marketplace.services.notice import notify_admins
from marketplace.services.once import insert_once

MOST_ATTEMPTS: Final = 10
RETRY_AFTER: Final = timedelta(minutes=1)
KNOWN_AT_ONCE: Final = 500
LAST_TRY_TAKES: Final = timedelta(minutes=30)
PAYMENT_OBJECTS: Final = ("charge", "payment_intent", "refund", "dispute")
BANK_EVENTS: Final = "account.external_account."
DEAUTHORIZED: Final = "account.application.deauthorized"
BANK_FIELDS: Final = frozenset({"default_for_currency", "last4", "routing_number", "fingerprint", "bank_name"})
"""What makes a bank account another one; its verification, for instance, does not."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an event is about and must be read again: a checkout, a transfer or a connected account; or nothing.

    `bank` is an account whose bank account was changed at `at`, `bank_payout` a payout of `account_id` to its bank.
    """

    kind: Literal["checkout", "transfer", "account", "bank", "bank_payout", "nothing"]
    stripe_id: str = ""
    at: datetime | None = None
    account_id: str = ""


def store_event(db: Session, event: IncomingEvent, *, now: datetime) -> bool:
    """Keep a verified event; False when it is known already. Nothing else happens before the answer is sent."""
    made = insert_once(
        db,
        StripeEvent,
        id=event.id,
        stripe_account_id=event.account_id,
        type=event.kind,
        object_id=event.object_id,
        payload=event.payload,
        created_at=event.created_at,
        received_at=now,
        attempts=0,
    )
    if made is None:
        return False
    enqueue(db, Job.PROCESS_STRIPE_EVENT, event.id)
    return True


def find_known(db: Session, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are kept already."""
    wanted, known = list(ids), set[str]()
    for start in range(0, len(wanted), KNOWN_AT_ONCE):
        some = wanted[start : start + KNOWN_AT_ONCE]
        known.update(db.scalars(select(StripeEvent.id).where(StripeEvent.id.in_(some))))
    return known


def begin_event(db: Session, event_id: str) -> bool:
    """Whether an event is to be worked on: not when it has been, is not there or was given up.

    The try is counted, and committed by the caller, before it is made: one that cannot be read, or kills its worker,
    is given up in the end, too.
    """
    ours = update(StripeEvent).where(
        StripeEvent.id == event_id, StripeEvent.processed_at.is_(None), StripeEvent.attempts < MOST_ATTEMPTS
    )
    # a try that leaves neither an error nor an end has killed its worker
    counted = ours.values(attempts=StripeEvent.attempts + 1, error=None).returning(StripeEvent.id)
    return db.execute(counted.execution_options(synchronize_session=False)).first() is not None


def find_target(db: Session, event_id: str) -> Target:
    """What to read again for an event."""
    row = db.get_one(StripeEvent, event_id, populate_existing=True)
    if row.type.startswith("v2.core.account"):
        # some are about a person or a used link: what they mean for the account comes as its own event
        return Target("account", row.stripe_account_id) if row.stripe_account_id else Target("nothing")
    if row.type.startswith(BANK_EVENTS):
        before = row.payload["data"].get("previous_attributes") or {}
        is_other = not row.type.endswith(".updated") or BANK_FIELDS & set(before)
        return Target("bank", row.stripe_account_id or "", row.created_at) if is_other else Target("nothing")
    subject, account_id = subject_of(row.payload), row.stripe_account_id or ""
    if row.type == DEAUTHORIZED:
        return Target("account", account_id)
    if subject.get("object") == "payout":
        return Target("bank_payout", str(subject["id"]), account_id=account_id) if account_id else Target("nothing")
    return _target(db, subject)


def subject_of(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object that a snapshot shows; empty for a thin event, and for what is no event at all."""
    data = payload.get("data")
    subject = data.get("object") if isinstance(data, dict) else None
    return subject if isinstance(subject, dict) else {}


def _target(db: Session, subject: Mapping[str, Any]) -> Target:
    noun = subject.get("object")
    if noun == "checkout.session":
        return Target("checkout", str(subject["id"]))
    if noun == "account":
        return Target("account", str(subject["id"]))
    if noun == "transfer":
        return Target("transfer", str(subject["id"])) if _is_our_transfer(db, subject) else Target("nothing")
    if noun in PAYMENT_OBJECTS:
        checkout_id = _checkout_of(db, subject)
        return Target("checkout", checkout_id) if checkout_id else Target("nothing")
    return Target("nothing")


def _is_our_transfer(db: Session, subject: Mapping[str, Any]) -> bool:
    ours = select(Payout.id).where(Payout.stripe_transfer_id == subject["id"])
    return db.scalar(ours) is not None


def _checkout_of(db: Session, subject: Mapping[str, Any]) -> str | None:
    """The checkout behind a charge, intent, refund or dispute; by ids we know, else by what we wrote on it."""
    conditions: list[ColumnElement[bool]] = []
    charge = subject["id"] if subject.get("object") == "charge" else subject.get("charge")
    intent = subject["id"] if subject.get("object") == "payment_intent" else subject.get("payment_intent")
    if isinstance(charge, str):
        conditions.append(Payment.charge_id == charge)
    if isinstance(intent, str):
        conditions.append(Payment.payment_intent_id == intent)
    named = str((subject.get("metadata") or {}).get("payment", ""))
    if named.isdecimal():
        conditions.append(Payment.id == int(named))
    if not conditions:
        return None
    found = select(Payment.checkout_session_id).where(or_(*conditions), Payment.checkout_session_id.is_not(None))
    return db.scalar(found.limit(1))


def mark_processed(db: Session, event_id: str, *, now: datetime) -> None:
    """The event has been worked on."""
    _write(db, event_id, processed_at=now, error=None)


def mark_failed(db: Session, event_id: str, *, error: str, now: datetime) -> None:
    """The event could not be worked on; the sweep tries again a bounded number of times, then people are told."""
    _write(db, event_id, error=error[:1000])
    row = db.get(StripeEvent, event_id, populate_existing=True)
    if row is None or row.attempts < MOST_ATTEMPTS:
        return
    notify_admins(
        db,
        key=f"stripe_event:{event_id}:dead",
        kind="stripe_event",
        title="An event from Stripe cannot be worked on",
        words=f"{row.type} ({event_id}): {error[:300]}",
        path=f"/admin/event/{event_id}",
        now=now,
    )


def note_deadly(db: Session, *, now: datetime) -> None:
    """Events whose last try killed its worker, so that nobody has said they were given up: say it."""
    begun = func.coalesce(StripeEvent.replayed_at, StripeEvent.received_at)
    deadly = select(StripeEvent.id).where(
        StripeEvent.processed_at.is_(None),
        StripeEvent.attempts >= MOST_ATTEMPTS,
        StripeEvent.error.is_(None),
        begun < now - RETRY_AFTER * 2 ** (MOST_ATTEMPTS - 1) - LAST_TRY_TAKES,
    )
    for event_id in db.scalars(deadly.limit(100)).all():
        mark_failed(db, event_id, error="Every worker that took it has died.", now=now)


def _write(db: Session, event_id: str, **values: Any) -> None:
    ours = update(StripeEvent).where(StripeEvent.id == event_id, StripeEvent.processed_at.is_(None))
    db.execute(ours.values(**values).execution_options(synchronize_session=False))


def find_waiting(db: Session, *, now: datetime, limit: int = 200) -> Sequence[str]:
    """Events that a lost message or a failed try left undone, the least tried first, then the oldest.

    Each try is waited for twice as long as the one before, counted from when the event came, or was last asked for
    again: Stripe may be away for hours, and a poisoned event is given up after `MOST_ATTEMPTS`.
    """
    begun = func.coalesce(StripeEvent.replayed_at, StripeEvent.received_at)
    is_due = or_(
        *((StripeEvent.attempts == tries) & (begun < now - RETRY_AFTER * 2**tries) for tries in range(MOST_ATTEMPTS))
    )
    waiting = select(StripeEvent.id).where(StripeEvent.processed_at.is_(None), is_due)
    return db.scalars(
        waiting.order_by(StripeEvent.attempts, StripeEvent.received_at, StripeEvent.id).limit(limit)
    ).all()
