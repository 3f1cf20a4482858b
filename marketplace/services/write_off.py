"""Debts of actors, and giving one up: proposed by one admin, decided by another, booked with the decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from marketplace.domain import ledger as books
from marketplace.domain.errors import Conflict, NotFound
from marketplace.domain.money import Money
from marketplace.domain.write_off import Facts, State, check_decision, check_proposal
from marketplace.models import Account, Actor, LedgerAccount, LedgerEntry, Posting, WriteOff
from marketplace.models.column import sum_of
from marketplace.services import ledger
from marketplace.services.account import Decider
from marketplace.services.audit import record_audit
from marketplace.services.notice import accounts_of_actor, notify
from marketplace.services.payout_step import count_other_admins

DECIDED: Final = "Someone else has decided on this already. Nothing was changed."
MOST_DEBTS: Final = 100
MOST_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that made a debt larger (plus) or smaller, and what was owed after it."""

    kind: str
    booking_id: int | None
    at: datetime
    amount_minor: int
    owed_minor: int


@dataclass(frozen=True, slots=True)
class Debt:
    """What an actor owes in one currency, since when, and how it came about; `is_proposed` if giving it up waits."""

    actor: Actor
    currency: str
    owed_minor: int
    since: datetime
    story: Sequence[Line]
    is_proposed: bool

    @property
    def in_full(self) -> str:
        """All of it, as somebody would type it: "92.59"."""
        return str(Money(self.owed_minor, self.currency).major)


@dataclass(frozen=True, slots=True)
class Row:
    """A write-off with its people."""

    write_off: WriteOff
    actor: Actor
    proposer: str
    decider: str | None


def list_debts(db: Session) -> list[Debt]:
    """What actors owe, the largest first, at most a hundred."""
    owed = sum_of(LedgerEntry.amount_minor)
    rows = db.execute(
        select(LedgerAccount.id, Actor, LedgerAccount.currency, owed)
        .join(LedgerEntry, LedgerEntry.ledger_account_id == LedgerAccount.id)
        .join(Actor, Actor.id == LedgerAccount.owner_id)
        .where(LedgerAccount.kind == books.AccountKind.ACTOR_RECEIVABLE)
        .group_by(LedgerAccount.id, Actor.id, LedgerAccount.currency)
        .having(owed > 0)
        .order_by(owed.desc(), LedgerAccount.id)
        .limit(MOST_DEBTS)
    ).all()
    stories = _stories(db, {row[0]: row[3] for row in rows})
    waiting = db.execute(select(WriteOff.actor_id, WriteOff.currency).where(WriteOff.state == State.PROPOSED))
    proposed = {(actor_id, code) for actor_id, code in waiting}
    return [
        Debt(actor, code, int(minor), _since(stories[number]), stories[number], (actor.id, code) in proposed)
        for number, actor, code, minor in rows
    ]


def _stories(db: Session, owed: Mapping[int, int]) -> Mapping[int, list[Line]]:
    """The newest lines of each account, oldest of them first, reckoned back from what is owed now."""
    place = func.row_number().over(partition_by=LedgerEntry.ledger_account_id, order_by=Posting.id.desc())
    lines = (
        select(
            LedgerEntry.ledger_account_id.label("account_id"),
            Posting.kind,
            Posting.booking_id,
            Posting.at,
            LedgerEntry.amount_minor,
            place.label("place"),
        )
        .join(Posting, Posting.id == LedgerEntry.posting_id)
        .where(LedgerEntry.ledger_account_id.in_(list(owed)))
        .subquery()
    )
    left, stories = dict(owed), defaultdict[int, list[Line]](list)
    for row in db.execute(select(lines).where(lines.c.place <= MOST_LINES).order_by(lines.c.place)):
        line = Line(row.kind, row.booking_id, row.at, row.amount_minor, left[row.account_id])
        stories[row.account_id].insert(0, line)
        left[row.account_id] -= row.amount_minor
    return stories


def _since(story: Sequence[Line]) -> datetime:
    """When the debt began that is owed now: after nothing had been owed for the last time, as far as is shown."""
    began = [line.at for before, line in pairwise(story) if before.owed_minor <= 0 < line.owed_minor]
    return began[-1] if began else story[0].at


def list_write_offs(db: Session, *, is_open: bool, limit: int = 100) -> list[Row]:
    """Those that wait for a second admin, oldest first; or those decided, newest first."""
    proposer, decider = aliased(Account), aliased(Account)
    state = WriteOff.state == State.PROPOSED if is_open else WriteOff.state != State.PROPOSED
    oldest_first = (WriteOff.proposed_at, WriteOff.id)
    rows = db.execute(
        select(WriteOff, Actor, proposer.name, decider.name)
        .join(Actor, Actor.id == WriteOff.actor_id)
        .join(proposer, proposer.id == WriteOff.proposed_by_id)
        .outerjoin(decider, decider.id == WriteOff.decided_by_id)
        .where(state)
        .order_by(*(oldest_first if is_open else (each.desc() for each in oldest_first)))
        .limit(limit)
    )
    return [Row(*row) for row in rows]


def propose_write_off(db: Session, *, actor_id: int, amount: Money, by: Decider, words: str, now: datetime) -> int:
    """Propose to give up `amount` of what an actor owes; its id. Nothing is booked yet.

    Refuses one's own debt (NotYours), more than is owed or too few words (Invalid), and a second one (Conflict).
    """
    facts = Facts(
        amount=amount,
        owed_minor=_lock_debt(db, actor_id, amount.currency),
        principal_id=by.account_id,
        debtor_id=_debtor(db, actor_id),
        words=words,
    )
    check_proposal(facts)
    waits = select(WriteOff.id).where(
        WriteOff.actor_id == actor_id, WriteOff.currency == amount.currency, WriteOff.state == State.PROPOSED
    )
    if db.scalar(waits.limit(1)) is not None:
        raise Conflict("Giving up a part of this debt is proposed already: decide on that first. Nothing was changed.")
    row = WriteOff(
        actor_id=actor_id,
        state=State.PROPOSED,
        currency=amount.currency,
        amount_minor=amount.minor,
        reason=words.strip(),
        proposed_by_id=by.account_id,
        proposed_at=now,
    )
    db.add(row)
    db.flush()
    _audit(db, row, "propose", by, None, words, now)
    return row.id


def decide_write_off(db: Session, *, write_off_id: int, after: State, by: Decider, words: str, now: datetime) -> None:
    """Make or refuse it, as another admin than proposed it; made, it is booked at once and the actor is told.

    Refuses (Conflict) who proposed it and what is decided already, and (Invalid) more than is owed by now.
    """
    row = db.scalar(select(WriteOff).where(WriteOff.id == write_off_id))
    if row is None:
        raise NotFound("There is no such write-off.")
    if row.state != State.PROPOSED:
        raise Conflict(DECIDED)
    amount = Money(row.amount_minor, row.currency)
    debtor = _debtor(db, row.actor_id)
    facts = Facts(
        amount=amount,
        owed_minor=_lock_debt(db, row.actor_id, row.currency),
        principal_id=by.account_id,
        debtor_id=debtor,
        words=words,
        proposer_id=row.proposed_by_id,
        has_others=count_other_admins(db, row.proposed_by_id, debtor) > 0,
    )
    check_decision(facts, after)
    _move(db, row, after, by, words, now)
    if after == State.MADE:
        given_up = books.receivable_written_off(case_key=f"wo_{row.id}", actor_id=row.actor_id, amount=amount)
        ledger.post(db, given_up, now=now)
        _tell(db, row, amount, now)
    _audit(db, row, "make" if after == State.MADE else "refuse", by, State.PROPOSED, words, now)


def _lock_debt(db: Session, actor_id: int, currency: str) -> int:
    """What the actor owes, read while nobody else can give it up or take it off a payout."""
    return ledger.locked_balance_of(db, books.receivable_from(actor_id), currency)


def _debtor(db: Session, actor_id: int) -> int | None:
    actor = db.get(Actor, actor_id)
    if actor is None:
        raise NotFound("There is no such actor.")
    return actor.account_id


def _move(db: Session, row: WriteOff, after: State, by: Decider, words: str, now: datetime) -> None:
    guarded = (
        update(WriteOff)
        .where(WriteOff.id == row.id, WriteOff.state == State.PROPOSED)
        .values(state=after, decided_by_id=by.account_id, decided_at=now, words=words.strip())
        .returning(WriteOff.id)
        .execution_options(synchronize_session=False)
    )
    if db.execute(guarded).first() is None:
        raise Conflict(DECIDED)
    db.refresh(row)


def _tell(db: Session, row: WriteOff, amount: Money, now: datetime) -> None:
    notify(
        db,
        account_ids=accounts_of_actor(db, row.actor_id),
        key=f"write_off:{row.id}",
        kind="payout.written_off",
        title=f"{amount} of what you owed is given up",
        words="It will not be taken off your next payouts any more.",
        path="/actor/earnings",
        now=now,
    )


def _audit(db: Session, row: WriteOff, step: str, by: Decider, before: State | None, words: str, now: datetime) -> None:
    record_audit(
        db,
        about="write_off",
        about_id=row.id,
        step=step,
        party="admin",
        principal_id=by.account_id,
        before={"state": before} if before else {},
        after={"state": row.state, "amount_minor": row.amount_minor, "currency": row.currency, "actor": row.actor_id},
        reason=words.strip(),
        ip=by.ip,
        now=now,
    )
