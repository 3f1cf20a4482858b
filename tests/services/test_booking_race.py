"""However many processes race for a booking or for an actor's time, one step of each kind wins, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from marketplace.db import Database
from marketplace.domain.booking import OCCUPYING, Party, State, Step
from marketplace.jobs import Job
from marketplace.models import Actor, Booking, BookingEvent, Payment, Payout, Refund
from marketplace.services.audit import find_breaks
from marketplace.services.booking import (
    accept_booking,
    advance_due_booking,
    cancel_booking,
    confirm_paid_booking,
    dispute_booking,
    settle_dispute,
    withdraw_booking,
)
from marketplace.services.booking_pencil import challenge_pencil, confirm_pencil, give_pencil
from marketplace.services.booking_step import By, get_booking
from marketplace.services.booking_time import agree_time, propose_time
from tests.race import Race, race
from tests.services.stage import NOW, Story, add_account, add_actor, add_member, at, request

CLIENTS: Final = 4
LADDERS: Final = 12
KIND: Final = {"slot_taken", "conflict", "not_ready", "too_late", "too_early", "forbidden"}
"""Refusals that tell a person, in a sentence, that somebody else was faster."""


class Claim(NamedTuple):
    """What a client tries: with which booking, as which actor or platform, by which account."""

    booking_id: int
    side_id: int
    account_id: int
    what: str = "accept"


def no_job(job: Job, ids: tuple[int | str, ...]) -> None:
    """What a step asks of the workers is nothing to a race."""


def address(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


# what a client does ------------------------------------------------------------------------------


def act(database: Database, claim: Claim) -> None:
    with database.unit_of_work(no_job) as db:
        _ACTS[claim.what](db, claim)


def _accept(db: Session, claim: Claim) -> None:
    by = By(Party.ACTOR, claim.account_id)
    accept_booking(db, booking_id=claim.booking_id, actor_id=claim.side_id, by=by, now=NOW)


def _firm_up(db: Session, claim: Claim) -> None:
    by = By(Party.PLATFORM, claim.account_id)
    confirm_pencil(db, booking_id=claim.booking_id, platform_id=claim.side_id, by=by, now=NOW)


def _challenge(db: Session, claim: Claim) -> None:
    by = By(Party.PLATFORM, claim.account_id)
    challenge_pencil(db, booking_id=claim.booking_id, platform_id=claim.side_id, by=by, now=NOW)


def _withdraw(db: Session, claim: Claim) -> None:
    by = By(Party.PLATFORM, claim.account_id)
    withdraw_booking(db, booking_id=claim.booking_id, platform_id=claim.side_id, by=by, now=NOW)


def _agree(db: Session, claim: Claim) -> None:
    booking = get_booking(db, claim.booking_id)
    agree_time(db, booking=booking, by=By(Party.ACTOR, claim.account_id), now=NOW)


def _settle(db: Session, claim: Claim) -> None:
    by = By(Party.ADMIN, claim.account_id)
    settle_dispute(db, booking_id=claim.booking_id, by=by, refund_bp=claim.side_id, reason="Decided.", now=NOW)


def _cancel(db: Session, claim: Claim) -> None:
    booking = get_booking(db, claim.booking_id)
    cancel_booking(db, booking=booking, by=By(Party.ACTOR, claim.account_id), reason="I am ill.", now=NOW)


def _pay(db: Session, claim: Claim) -> None:
    """As the function that reads Stripe does it: the payment's row first, then the booking."""
    db.execute(update(Payment).where(Payment.booking_id == claim.booking_id).values(state="captured", captured_at=NOW))
    confirm_paid_booking(db, booking_id=claim.booking_id, now=NOW)


LATE: Final = at(1, 9, month=12)


def _sweep(db: Session, claim: Claim) -> None:
    advance_due_booking(db, booking_id=claim.booking_id, now=LATE)


_ACTS: Final[dict[str, Callable[[Session, Claim], None]]] = {
    "accept": _accept, "firm_up": _firm_up, "challenge": _challenge, "withdraw": _withdraw, "agree": _agree,
    "settle": _settle, "cancel": _cancel, "pay": _pay, "sweep": _sweep,
}  # fmt: skip


def run(database: Database, claims: list[Claim]) -> Race:
    """One process for each claim. Everyone who did not win was told so kindly, and the story of each booking holds."""
    result = race(address(database), act, [[one] for one in claims])
    assert result.winners + len(result.refusals) == len(claims)
    assert set(result.refusals) <= KIND
    assert overlaps(database) == 0
    assert not broken_chains(database)
    return result


# what is looked at afterwards --------------------------------------------------------------------


def overlaps(database: Database) -> int:
    """How many pairs of slot-holding bookings of one actor overlap."""
    other = aliased(Booking)
    pairs = select(func.count()).where(
        Booking.actor_id == other.actor_id,
        Booking.id < other.id,
        Booking.state.in_(OCCUPYING),
        other.state.in_(OCCUPYING),
        Booking.busy_from < other.busy_until,
        other.busy_from < Booking.busy_until,
    )
    with database.reading() as db:
        return db.scalar(pairs) or 0


def broken_chains(database: Database) -> list[int]:
    """Bookings whose events do not follow from each other, do not end where the row is, or whose audit is broken."""
    with database.reading() as db:
        broken = [one.about_id for one in find_breaks(db)]
        for booking in db.scalars(select(Booking)):
            events = db.scalars(select(BookingEvent).where(BookingEvent.booking_id == booking.id)).all()
            chain = [None, *(one.after for one in sorted(events, key=lambda one: one.id))]
            befores = [one.before for one in sorted(events, key=lambda one: one.id)]
            if befores != chain[:-1] or chain[-1] != booking.state or len(events) != booking.version:
                broken.append(booking.id)
        return broken


def states(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(select(Booking.state).order_by(Booking.id)))


def claim(db: Session, actor: Actor, starts_at: datetime) -> Claim:
    """A request that waits for the actor, ready to be accepted."""
    return Claim(request(db, add_member(db), actor, starts_at), actor.id, actor.account_id or 0)


def pencil(db: Session, actor: Actor, starts_at: datetime, rank: int, what: str, minutes: int = 120) -> Claim:
    """A pencil that was given after those of lower ranks, of a platform of its own."""
    member = add_member(db)
    booking_id = request(db, member, actor, starts_at, asked_as="pencil", minutes=minutes)
    by = By(Party.ACTOR, actor.account_id)
    give_pencil(db, booking_id=booking_id, actor_id=actor.id, by=by, now=NOW - timedelta(minutes=10 - rank))
    return Claim(booking_id, member.platform_id, member.account_id, what)


# races for time ----------------------------------------------------------------------------------


# case 15
def test_overlapping_requests_accepted_at_once_never_hold_the_same_time(database: Database) -> None:
    with database.unit_of_work(no_job) as db:
        actor = add_actor(db, buffer_minutes=30)
        claims = [claim(db, actor, at(26, 10) + timedelta(minutes=15 * number)) for number in range(CLIENTS)]
    result = run(database, claims)
    assert result.winners >= 1
    assert states(database).count("accepted") == result.winners


def test_one_of_many_acceptances_of_one_slot_wins(database: Database) -> None:
    with database.unit_of_work(no_job) as db:
        actor = add_actor(db)
        claims = [claim(db, actor, at(26, 10)) for _ in range(CLIENTS)]
    assert run(database, claims).winners == 1


def test_of_two_pencils_confirmed_at_once_the_first_in_rank_gets_the_time(database: Database) -> None:
    with database.unit_of_work(no_job) as db:
        actor = add_actor(db)
        claims = [pencil(db, actor, at(15, 10, month=12), rank, "firm_up") for rank in (1, 2)]
    result = run(database, claims)
    assert (result.winners, states(database)) == (1, ["accepted", "pencilled"])


def test_pencils_dropped_at_once_leave_nobody_behind_who_was_not_told_to_be_first(database: Database) -> None:
    ladders: list[list[Claim]] = []
    waiting: list[int] = []
    with database.unit_of_work(no_job) as db:
        for _ in range(LADDERS):
            actor = add_actor(db)
            starts = [at(15, 9 + 2 * number, month=12) for number in range(CLIENTS)]
            ladders.append([pencil(db, actor, start, rank, "withdraw") for rank, start in enumerate(starts)])
            waiting.append(pencil(db, actor, starts[0], CLIENTS, "wait", minutes=120 * CLIENTS).booking_id)
    result = race(address(database), act, list(zip(*ladders, strict=True)))
    assert (result.winners, result.refusals) == (LADDERS * CLIENTS, [])
    moved = select(BookingEvent.booking_id).where(BookingEvent.step == Step.MOVE_UP)
    with database.reading() as db:
        assert db.scalars(moved.order_by(BookingEvent.booking_id)).all() == waiting


def test_pencils_on_one_time_confirmed_challenged_and_dropped_at_once_wait_for_each_other_in_turn(
    database: Database,
) -> None:
    ladders: list[list[Claim]] = []
    with database.unit_of_work(no_job) as db:
        for number in range(LADDERS):
            actor, acts = add_actor(db), ["firm_up", "withdraw", "challenge", "withdraw"]
            made = [pencil(db, actor, at(15, 10, month=12), rank, acts[rank]) for rank in range(CLIENTS)]
            ladders.append(made if number % 2 else made[::-1])
    result = race(address(database), act, list(zip(*ladders, strict=True)))
    assert result.winners + len(result.refusals) == LADDERS * CLIENTS
    assert set(result.refusals) <= KIND
    assert not broken_chains(database)


def test_a_time_agreed_and_the_same_time_accepted_at_once_has_one_booking(database: Database) -> None:
    with database.unit_of_work(no_job) as db:
        moved = Story(db).confirmed()
        propose_time(db, booking=moved.booking, by=moved.mira, starts_at=at(30, 13), words="", now=NOW)
        asked = claim(db, moved.actor, at(30, 14))
        agree = Claim(moved.id, moved.platform_id, moved.actor.account_id or 0, "agree")
    result = run(database, [agree, asked])
    assert result.winners == 1
    assert states(database) in (["confirmed", "requested"], ["rescheduling", "accepted"])


# races for one booking ---------------------------------------------------------------------------


def test_of_two_admins_who_settle_at_once_one_decides(database: Database) -> None:
    with database.unit_of_work(no_job) as db:
        story = Story(db).delivered()
        dispute_booking(db, booking=story.booking, by=story.mira, reason="Not what was asked.", now=story.now)
        shares = (0, 5_000, 10_000)
        claims = [Claim(story.id, share, add_account(db, "Ada Admin").id, "settle") for share in shares]
    result = run(database, claims)
    assert result.winners == 1
    with database.reading() as db:
        booking = db.get_one(Booking, story.id)
        back = db.scalar(select(func.coalesce(func.sum(Refund.amount_minor), 0))) or 0
        earned = db.scalar(select(func.coalesce(func.sum(Payout.amount_minor + Payout.fee_minor), 0))) or 0
        assert back + earned == booking.total_minor


def test_a_booking_cancelled_while_its_payment_arrives_keeps_nothing_of_it(database: Database) -> None:
    with database.unit_of_work(no_job) as db:
        story = Story(db).accept()
        account_id = story.actor.account_id or 0
    claims = [Claim(story.id, story.actor_id, account_id, what) for what in ("cancel", "pay", "pay")]
    run(database, claims)
    if states(database) == [State.CONFIRMED]:  # the actor was refused as too slow, and asks once more
        act(database, claims[0])
    assert states(database) == [State.CANCELLED]
    with database.reading() as db:
        back = db.scalar(select(func.coalesce(func.sum(Refund.amount_minor), 0)))
        assert back == db.get_one(Booking, story.id).total_minor


def test_many_sweeps_of_one_booking_at_once_take_one_step(database: Database) -> None:
    with database.unit_of_work(no_job) as db:
        waiting, held = Story(db), Story(db).accept()
    for story in (waiting, held):
        run(database, [Claim(story.id, 0, 0, "sweep")] * CLIENTS)
    assert states(database) == [State.EXPIRED, State.LAPSED]
