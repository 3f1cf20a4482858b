"""Notices: what people are told, in the product and by mail. The row is written with the change that it tells of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from marketplace.jobs import Job, enqueue
from marketplace.models import Account, Actor, Member, Notice, Role
from marketplace.models.account import account_role
from marketplace.services.notice_switch import GIVEN_UP, Topic, find_unwilling, topic_of
from marketplace.services.once import insert_once

MOST_TRIES = GIVEN_UP
FIRST_RETRY = timedelta(minutes=1)
MESSAGE: Final = "message"
"""The kind of notice whose mail waits, so that one mail carries what is written within a few minutes."""
GATHERED_FOR: Final = timedelta(minutes=5)
TITLE_LONGEST: Final = 200


@dataclass(frozen=True)
class Letter:
    """A notice as the mail gateway needs it; `path` is ours, to be joined to the public address.

    `topic` is the one whose switch stops such mails, None where there is none; `booking_id` what it is about.
    """

    notice_id: int
    account_id: int
    to: str
    name: str
    zone: str
    kind: str
    title: str
    words: str
    path: str
    topic: Topic | None = None
    booking_id: int | None = None


def notify(
    db: Session,
    *,
    account_ids: Iterable[int],
    key: str,
    kind: str,
    title: str,
    words: str,
    path: str,
    now: datetime,
    booking_id: int | None = None,
) -> list[int]:
    """Tell each account once about the event named `key`; telling again changes nothing, from two places at once too.

    Returns the ids of the notices that are new. Those who have turned the topic's mails off read it here alone. With
    `booking_id` the mail gives the booking's facts, and carries it as a calendar entry where its time is settled.
    """
    wanted = sorted(set(account_ids))
    unwilling = find_unwilling(db, wanted, kind)
    fresh: list[int] = []
    for account_id in wanted:
        notice_id = insert_once(
            db, Notice, account_id=account_id, key=f"{key}:{account_id}", kind=kind, title=one_line(title),
            words=words, path=path, booking_id=booking_id, created_at=now,
            attempts=GIVEN_UP if account_id in unwilling else 0,
        )  # fmt: skip
        if notice_id is None:
            continue
        fresh.append(int(notice_id))
        if account_id not in unwilling and kind != MESSAGE:
            enqueue(db, Job.SEND_NOTICE, notice_id)
    return fresh


def one_line(title: str) -> str:
    """A title as the table and a mail's subject take it: one line, cut where it is too long."""
    flat = " ".join(title.split())
    return flat if len(flat) <= TITLE_LONGEST else f"{flat[: TITLE_LONGEST - 1].rstrip()}…"


def notify_admins(db: Session, *, key: str, kind: str, title: str, words: str, path: str, now: datetime) -> None:
    """Tell every active admin of something that needs a person, once for each `key`."""
    notify(
        db, account_ids=accounts_of_admins(db), key=key, kind=kind, title=title, words=words, path=path, now=now
    )  # fmt: skip


def accounts_of_platform(db: Session, platform_id: int) -> Sequence[int]:
    """Every member of the platform."""
    return db.scalars(select(Member.account_id).where(Member.platform_id == platform_id)).all()


def accounts_of_actor(db: Session, actor_id: int) -> Sequence[int]:
    """The actor's own account; nobody for an actor who cannot sign in."""
    account_id = db.scalar(select(Actor.account_id).where(Actor.id == actor_id))
    return [] if account_id is None else [account_id]


def accounts_of_admins(db: Session) -> Sequence[int]:
    """Every active admin."""
    admins = select(account_role.c.account_id).join(Role).where(Role.name == "admin")
    return db.scalars(select(Account.id).where(Account.id.in_(admins), Account.active)).all()


def list_notices(db: Session, account_id: int, *, limit: int = 50) -> Sequence[Notice]:
    """The newest notices of an account, newest first."""
    newest = select(Notice).where(Notice.account_id == account_id).order_by(Notice.created_at.desc(), Notice.id.desc())
    return db.scalars(newest.limit(limit)).all()


def count_unread(db: Session, account_id: int) -> int:
    """How many notices the account has not looked at."""
    unread = select(func.count()).where(Notice.account_id == account_id, Notice.read_at.is_(None))
    return db.scalar(unread) or 0


def mark_all_read(db: Session, account_id: int, *, now: datetime) -> None:
    """The account has seen its list."""
    db.execute(update(Notice).where(Notice.account_id == account_id, Notice.read_at.is_(None)).values(read_at=now))


def find_letter(db: Session, notice_id: int) -> Letter | None:
    """The mail a notice still wants, or None when it has been sent, given up or is no more."""
    row = db.execute(
        select(Notice, Account.email, Account.name, Account.zone)
        .join(Account, Account.id == Notice.account_id)
        .where(Notice.id == notice_id, Notice.mailed_at.is_(None), Notice.attempts < MOST_TRIES)
    ).first()
    if row is None:
        return None
    notice, email, name, zone = row
    return Letter(
        notice_id=notice.id,
        account_id=notice.account_id,
        to=email,
        name=name,
        zone=zone,
        kind=notice.kind,
        title=notice.title,
        words=notice.words,
        path=notice.path,
        topic=topic_of(notice.kind),
        booking_id=notice.booking_id,
    )


def mark_mailed(db: Session, notice_id: int, *, now: datetime) -> None:
    """The mail has been handed over."""
    db.execute(update(Notice).where(Notice.id == notice_id).values(mailed_at=now))


def mark_failed(db: Session, notice_id: int, *, is_final: bool) -> None:
    """The mail could not be handed over: the sweep tries again a bounded number of times, or never if it is final."""
    attempts = MOST_TRIES if is_final else Notice.attempts + 1
    db.execute(update(Notice).where(Notice.id == notice_id).values(attempts=attempts))


def find_unsent(db: Session, *, now: datetime, limit: int = 100) -> Sequence[int]:
    """Notices whose mail a lost message or a failed try left undone, or that was to wait; the oldest first."""
    due_since = case((Notice.kind == MESSAGE, now - GATHERED_FOR), else_=now - FIRST_RETRY)
    return db.scalars(
        select(Notice.id)
        .where(Notice.mailed_at.is_(None), Notice.attempts < MOST_TRIES, Notice.created_at < due_since)
        .order_by(Notice.created_at, Notice.id)
        .limit(limit)
    ).all()
