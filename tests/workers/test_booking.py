"""The clock moves every booking that is due, however late it comes, and one that fails stops no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.config import Settings, load_settings
from marketplace.db import Database
from marketplace.domain.booking import Party, State
from marketplace.domain.errors import Refused
from marketplace.domain.money import Money
from marketplace.gateways.outside import Outside, connect_outside
from marketplace.models import Booking, BookingEvent, Flag, Payout, Refund, TimeProposal
from marketplace.services import booking
from marketplace.services.booking_pencil import challenge_pencil, give_pencil
from marketplace.services.booking_time import propose_time
from marketplace.services.change_order import Extra, propose_change_order
from marketplace.services.no_show import claim_no_show, contest_no_show, take_back_no_show
from marketplace.services.offer import Counter, counter_booking
from tests.conftest import Jobs
from tests.race import race
from tests.services.stage import NOW, ONE_TITLE, Story, add_member, at
from tests.services.test_booking_race import Claim, address, broken_chains, no_job
from workers.schedule import Periodic, run_periodic
from workers.task import Tools
from workers.tasks.booking import sweep_bookings

LATE = NOW + timedelta(days=5)


@pytest.fixture
def tools(settings: Settings, database: Database, outside: Outside, jobs: Jobs) -> Tools:
    return Tools(settings, database, outside, jobs, now=lambda: LATE)


def states(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(select(Booking.state).order_by(Booking.id)))


def test_a_sweep_after_days_of_silence_does_everything_once(tools: Tools, database: Database) -> None:
    with database.unit_of_work(Jobs()) as db:
        Story(db)
        Story(db).accept()
        Story(db).confirmed()
    sweep_bookings(tools)
    sweep_bookings(tools)
    assert states(database) == [State.EXPIRED, State.LAPSED, State.CONFIRMED]
    with database.reading() as db:
        clock = select(BookingEvent.step).where(BookingEvent.party == "clock").order_by(BookingEvent.id)
        assert sorted(db.scalars(clock)) == ["confirm", "expire", "lapse"]


def test_a_booking_that_fails_stops_no_other(tools: Tools, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.unit_of_work(Jobs()) as db:
        broken, fine = Story(db).id, Story(db).id
    advance = booking.advance_due_booking

    def fail_once(db: Session, *, booking_id: int, now: datetime) -> object:
        if booking_id == broken:
            raise RuntimeError("this row is damaged")
        return advance(db, booking_id=booking_id, now=now)

    monkeypatch.setattr(booking, "advance_due_booking", fail_once)
    sweep_bookings(tools)
    assert states(database) == [State.REQUESTED, State.EXPIRED]
    assert fine > broken


# late, twice and at once -------------------------------------------------------------------------

OVER: Final = NOW + timedelta(days=90)
"""When everything that waits in these lives has long run out."""


def _pencilled(db: Session, *, challenged: bool = False) -> None:
    """Two pencils on one time; the second may challenge the first."""
    first = Story(db, starts_at=at(10, 10, month=12))
    second = Story.of(
        db, platform_id=add_member(db).platform_id, actor_id=first.actor_id, starts_at=at(10, 10, month=12), now=NOW
    )
    for minute, one in enumerate((first, second)):
        one.booking.asked_as = "pencil"
        db.flush()
        given_at = NOW + timedelta(minutes=minute)
        give_pencil(db, booking_id=one.id, actor_id=one.actor_id, by=one.imani, now=given_at)
    if challenged:
        challenge_pencil(
            db, booking_id=second.id, platform_id=second.platform_id, by=second.mira, now=NOW + timedelta(minutes=5)
        )


def _countered(db: Session) -> None:
    story = Story(db)
    ask = Counter(ONE_TITLE, 1, offered=Money(41_400, "USD"))
    counter_booking(db, booking=story.booking, by=story.imani, ask=ask, now=NOW)


def _rescheduling(db: Session, *, signed: bool) -> None:
    story = Story(db).accept().pay()
    if signed:
        story.sign()
    propose_time(db, booking=story.booking, by=story.mira, starts_at=at(3, 10, month=12), words="", now=NOW)


def _claimed(db: Session, party: Party) -> Story:
    story = Story(db).confirmed().start()
    by = story.mira if party == Party.PLATFORM else story.imani
    claim_no_show(db, booking=story.booking, by=by, words="Nobody came.", now=at(30, 11))
    return story


def _with_extras(db: Session) -> None:
    """A delivered booking with one change order paid and one unanswered."""
    story = Story(db).confirmed()
    for number in range(2):
        ask = Extra(f"extra-{story.id}-{number}", "One more take set", Money(9_000, "USD"))
        extra_id = propose_change_order(db, booking=story.booking, by=story.mira, ask=ask, now=NOW)
        if number == 0:
            booking.accept_booking(db, booking_id=extra_id, actor_id=story.actor_id, by=story.imani, now=NOW)
            Story.resume(db, db.get_one(Booking, extra_id), NOW).pay()
    story.start().deliver()


LIVES: Final[dict[str, Callable[[Session], object]]] = {
    "a request without an answer": Story,
    "a counter-offer without an answer": _countered,
    "two pencils that nobody confirms": _pencilled,
    "a challenge that nobody meets": lambda db: _pencilled(db, challenged=True),
    "an unpaid booking": lambda db: Story(db).accept(),
    "a booking nobody signed for": lambda db: Story(db).accept().pay(),
    "a session without takes": lambda db: Story(db).confirmed(),
    "a new time nobody answered, signed": lambda db: _rescheduling(db, signed=True),
    "a new time nobody answered, unsigned": lambda db: _rescheduling(db, signed=False),
    "an actor who did not come": lambda db: _claimed(db, Party.PLATFORM),
    "a platform that did not come": lambda db: _claimed(db, Party.ACTOR),
    "takes without an answer": lambda db: Story(db).delivered(),
    "takes and change orders without an answer": _with_extras,
}
"""Lives in which people fall silent at some point; everything after is the clock's to do."""


def _tell(database: Database) -> int:
    """Tell every life up to where people fall silent; returns the id of its first booking."""
    with database.unit_of_work(no_job) as db:
        before = db.scalar(select(func.max(Booking.id))) or 0
        for tell in LIVES.values():
            tell(db)
        first = db.scalar(select(func.min(Booking.id)).where(Booking.id > before))
    assert first is not None
    return first


def _ends(database: Database, first: int) -> list[tuple[Any, ...]]:
    """How each booking from `first` on ended, without the when: its steps, its money and its marks."""
    with database.reading() as db:
        bookings = db.scalars(select(Booking).where(Booking.id >= first).order_by(Booking.id)).all()
        return [_end(db, one) for one in bookings]


def _end(db: Session, one: Booking) -> tuple[Any, ...]:
    events = select(BookingEvent.step, BookingEvent.party).where(BookingEvent.booking_id == one.id)
    # whose turn came while the clock was down had it taken by time itself
    steps = [tuple(row) for row in db.execute(events.order_by(BookingEvent.id)) if row.step != "move_up"]
    refunds = db.scalars(select(Refund.amount_minor).where(Refund.booking_id == one.id)).all()
    payouts = select(Payout.amount_minor, Payout.fee_minor).where(Payout.booking_id == one.id)
    proposals = db.scalars(select(TimeProposal.state).where(TimeProposal.booking_id == one.id)).all()
    struck = sum(flag.evidence["booking_id"] == one.id for flag in db.scalars(select(Flag)))
    return one.state, one.deadline_at, steps, refunds, db.execute(payouts).all(), proposals, struck


def _run_clock(tools: Tools, first: datetime, every: timedelta, times: int = 1) -> None:
    """The sweep in rounds from `first` on, until everything is long over; each round arrives `times` times."""
    now = first
    while now <= OVER:
        late = replace(tools, now=partial(_same, now))
        for _ in range(times):
            sweep_bookings(late)
        now += every


def _same(now: datetime) -> datetime:
    return now


# case 33
def test_a_clock_that_was_down_for_days_brings_everything_to_the_same_end(tools: Tools, database: Database) -> None:
    first = _tell(database)
    _run_clock(tools, NOW + timedelta(hours=6), timedelta(hours=6))
    on_time = _ends(database, first)
    assert {state for state, *_ in on_time} == {"expired", "lapsed", "cancelled", "completed"}
    for down_for, every, times in ((9, 8, 1), (21, 10, 3)):
        first = _tell(database)
        _run_clock(tools, NOW + timedelta(days=down_for), timedelta(days=every), times)
        assert _ends(database, first) == on_time
    assert not broken_chains(database)


@pytest.mark.parametrize(
    ("tell", "act"),
    [
        (lambda db: Story(db).delivered(), "dispute"),
        (lambda db: Story(db).delivered(), "request_changes"),
        (lambda db: _claimed(db, Party.PLATFORM), "contest"),
        (lambda db: _claimed(db, Party.PLATFORM), "take_back"),
        (lambda db: Story(db).confirmed().start(), "deliver"),
        (lambda db: Story(db).accept().pay(), "sign"),
    ],
)
def test_nobody_gains_time_because_the_clock_was_down(
    database: Database, tell: Callable[[Session], Story], act: str
) -> None:
    with database.writers() as db:
        story = tell(db)
        deadline_at = story.booking.deadline_at
        assert deadline_at is not None
        story.now = deadline_at
        with pytest.raises(Refused, match=r"passed|begun"):
            _ACTS[act](story)
        db.rollback()


_ACTS: Final[dict[str, Callable[[Story], object]]] = {
    "dispute": lambda s: booking.dispute_booking(s.db, booking=s.booking, by=s.mira, reason="No.", now=s.now),
    "request_changes": lambda s: booking.request_changes(
        s.db, booking_id=s.id, platform_id=s.platform_id, by=s.mira, reason="Colder.", now=s.now
    ),
    "contest": lambda s: contest_no_show(s.db, booking=s.booking, by=s.imani, words="I was there.", now=s.now),
    "take_back": lambda s: take_back_no_show(s.db, booking=s.booking, by=s.mira, now=s.now),
    "deliver": lambda s: s.deliver(),
    "sign": lambda s: s.sign(),
}


def beat(database: Database, claim: Claim) -> None:
    """A clock of its own: the whole round as the timetable calls it, and the task once more as if redelivered."""
    settings = load_settings(data_dir=Path(claim.what), database_url=address(database))
    tools = Tools(settings, database, connect_outside(settings), no_job, now=partial(_same, at(1, 9, month=12)))
    run_periodic(tools, Periodic("booking.sweep", timedelta(seconds=30), sweep_bookings))
    sweep_bookings(tools)


# case 33
def test_three_beats_and_redelivered_tasks_do_everything_once(database: Database, tmp_path: Path) -> None:
    with database.unit_of_work(no_job) as db:
        for story in (Story(db), Story(db).accept(), Story(db).confirmed(), Story(db).accept().pay()):
            assert story.booking.state in ("requested", "accepted", "confirmed")
    result = race(address(database), beat, [[Claim(0, 0, 0, str(tmp_path))]] * 3)
    assert (result.winners, result.refusals) == (3, [])
    assert states(database) == [State.EXPIRED, State.LAPSED, State.IN_SESSION, State.CANCELLED]
    assert not broken_chains(database)
