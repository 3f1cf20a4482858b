"""Random steps by random people, with a clock that jumps: whatever they do, what must hold of bookings holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.domain.booking import ENDED, TABLE, Party, State, Step
from marketplace.domain.errors import Refused
from marketplace.models import Actor, Member
from marketplace.services.audit import find_breaks
from marketplace.services.booking import advance_due_booking, find_due
from marketplace.services.booking_pencil import rank_of, read_ladder
from marketplace.services.booking_step import By, get_booking
from marketplace.services.change_order import OPEN_IN
from marketplace.services.consent import SIGNABLE
from marketplace.services.ledger_check import run_checks
from tests.services.stage import NOW, Story
from tests.services.test_booking_race import no_job
from tests.services.walk import (
    BY_EVENT,
    DO,
    Cast,
    Pick,
    Turn,
    add_cast,
    ask,
    ask_pencil,
    moves_of,
    open_payment,
    pay,
    pick_start,
    propose_extra,
)
from tests.services.walk_check import Shot, find_broken, find_broken_step, ladder

T = TypeVar("T")

WALKS: Final = int(os.environ.get("MARQUEE_WALKS", "0"))
"""How many random walks are made; none asked for means the same few every time."""

FEW: Final = 12
LONG: Final = 50
MOST_LIVING: Final = 6
MINUTE: Final = timedelta(minutes=1)
WAITS: Final = [
    timedelta(minutes=20), timedelta(hours=3), timedelta(hours=25), timedelta(days=3), timedelta(days=8),
]  # fmt: skip
SWEEPS_UNTIL_STILL: Final = 6
CHECKED: Final = frozenset({"I5", "I7", "I8", "I10", "I12", "I16", "I17", "I18"})
"""What `check-ledger` asks that holds without a single posting: here money is only asked for, never moved."""

Line = tuple[State, Step, Party]


class Tally:
    """What the walks came by: printed by `pytest -s`."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.walks = self.steps = self.refused = 0
        self.asked: set[Line] = set()
        self.taken: set[Line] = set()

    def words(self) -> str:
        """One line of counts, and the lines of the table that no walk came by."""
        missing = ", ".join(sorted("/".join(line) for line in set(TABLE) - self.taken))
        return (
            f"\n{self.walks} walks, {self.steps} units of work, {self.refused} refused, {len(self.asked)} triples asked"
            f" for, {len(self.taken)} of {len(TABLE)} lines of the table taken; not: {missing}"
        )


tally: Final = Tally()


class Chance:
    """What decides within one step. Each step has its own, so that a walk that fails can be told in fewer steps."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def pick(self, choices: Sequence[T], /) -> T:
        """One of several."""
        return self._random.choice(choices)

    def upto(self, most: int) -> int:
        """A number from 0 to `most`."""
        return self._random.randint(0, most)


some: Final = st.builds(Chance, st.randoms(use_true_random=True))


class BookingWalk(RuleBasedStateMachine):
    """Two platforms, two actors and an admin. Every step is a unit of work: it happens whole or not at all."""

    def __init__(self, database: Database, cast: Cast) -> None:
        super().__init__()
        self.cast, self.now = cast, NOW
        self.open = database.writers()
        self.db: Session = self.open.__enter__()
        self.shot = Shot.of(self.db)
        self.tokens = 0
        tally.walks += 1

    def teardown(self) -> None:
        """Look once more at everything, then forget it all."""
        try:
            assert not list(find_breaks(self.db))
            bad = [row for check in run_checks(self.db, now=self.now) if check.name in CHECKED for row in check.rows]
            assert not bad
        finally:
            self.db.rollback()
            self.open.__exit__(None, None, None)

    # a step, and what is asked after it

    def unit(self, work: Callable[[], Any], asked: int | None = None) -> Refused | None:
        """Do one unit of work a minute later, and look at everything. The refusal, if it was refused."""
        self.now += MINUTE
        return self.unit_now(work, asked)

    def unit_now(self, work: Callable[[], Any], asked: int | None = None) -> Refused | None:
        self.db.expire_all()
        refusal = None
        try:
            with self.db.begin_nested():
                work()
        except Refused as refused:
            refusal = refused
        self.look(asked, refusal)
        return refusal

    def look(self, asked: int | None, refusal: Refused | None) -> None:
        tally.steps += 1
        before, self.shot = self.shot, Shot.of(self.db)
        if refusal is not None:
            tally.refused += 1
            assert refusal.sentence.rstrip().endswith((".", "!"))
            assert before == self.shot, f"refused, but changed {before.changes(self.shot)}: {refusal.sentence}"
        for booking_id, events in self.shot.events.items():
            for event in events[len(before.events[booking_id]) :]:
                if event.before is not None:
                    tally.taken.add((State(event.before), Step(event.step), Party(event.party)))
        broken = [*find_broken_step(before, self.shot, self.now, asked), *find_broken(self.shot)]
        assert not broken, "\n".join(broken)

    def nothing(self, work: Callable[[], Any]) -> None:
        """Do a unit of work that must leave every row as it is."""
        before = self.shot
        self.unit_now(work)
        assert before == self.shot, f"once more changed {before.changes(self.shot)}"

    # who and what

    def living(self) -> list[int]:
        return [row.id for row in self.shot.bookings.values() if row.state not in ENDED]

    def pick_booking(self, chance: Chance) -> int | None:
        """Any booking, but mostly one that still lives."""
        living = self.living()
        pool: list[int] = living if living and chance.upto(9) > 0 else list(self.shot.bookings)
        if not pool:
            return None
        return chance.pick(pool)

    def turn(self, chance: Chance, booking_id: int, party: Party, *, stranger: bool = False) -> Turn:
        booking = self.shot.bookings[booking_id]
        members = {one.platform_id: one.account_id for one in self.cast.members}
        actors = {one.id: one.account_id for one in self.cast.actors}
        platform_id, actor_id = booking.platform_id, booking.actor_id
        if stranger:
            (platform_id,) = set(members) - {platform_id}
            (actor_id,) = set(actors) - {actor_id}
        accounts = {
            Party.PLATFORM: members[platform_id],
            Party.ACTOR: actors[actor_id],
            Party.ADMIN: self.cast.admin_id,
            Party.CLOCK: None,
        }
        by = By(party, accounts[party])
        return Turn(self.db, booking_id, by, self.now + MINUTE, chance.pick, platform_id, actor_id)

    # rules

    @initialize(chance=some)
    def begin(self, chance: Chance) -> None:
        """A walk begins with a few bookings that have come some way."""
        for _ in range(4):
            self.asks(chance)
        for booking_id in list(self.shot.bookings):
            way = chance.pick([_WAY, _WAY[:3]])
            for step, party in way[: chance.upto(len(way))]:
                if step is None:
                    self.sign(booking_id)
                elif (State(self.shot.bookings[booking_id].state), step, party) in TABLE:
                    self.take(chance, booking_id, step, party)

    @rule(chance=some)
    def something_happens(self, chance: Chance) -> None:
        chance.pick(_HAPPENS)(self, chance)

    def asks(self, chance: Chance) -> None:
        if len(self.living()) >= MOST_LIVING:
            return
        pick = chance.pick
        member, actor = pick(self.cast.members), pick(self.cast.actors)
        self.unit(lambda: self.ask(pick, member.id, actor.id))

    def ask(self, pick: Pick, member_id: int, actor_id: int) -> None:
        ask(self.db, pick, self.now, self.db.get_one(Member, member_id), self.db.get_one(Actor, actor_id))

    def asks_for_pencils(self, chance: Chance) -> None:
        """Both platforms get a pencil of one actor, on times that meet."""
        actor = chance.pick(self.cast.actors)
        starts_at = pick_start(chance.pick, self.now)
        for member in self.cast.members:
            before = set(self.shot.bookings)
            at = starts_at + chance.pick((timedelta(0), timedelta(hours=1)))
            self.unit(partial(self.ask_pencil, member.id, actor.id, at))
            for booking_id in set(self.shot.bookings) - before:
                self.take(chance, booking_id, Step.PENCIL, Party.ACTOR)

    def ask_pencil(self, member_id: int, actor_id: int, starts_at: datetime) -> None:
        ask_pencil(self.db, self.now, self.db.get_one(Member, member_id), self.db.get_one(Actor, actor_id), starts_at)

    def acts(self, chance: Chance) -> None:
        """Somebody does what the table allows somebody in this state."""
        booking_id = self.pick_booking(chance)
        moves = moves_of(State(self.shot.bookings[booking_id].state)) if booking_id else []
        if booking_id and moves:
            self.take(chance, booking_id, *chance.pick(moves))

    def tries_anything(self, chance: Chance) -> None:
        """Somebody asks for something, whether or not it is theirs to ask."""
        booking_id = self.pick_booking(chance)
        if booking_id:
            step = chance.pick([step for step in Step if step not in BY_EVENT])
            self.take(chance, booking_id, step, chance.pick(list(Party)))

    def stranger_tries(self, chance: Chance) -> None:
        """The other platform, or the other actor, asks: they do not even find the booking."""
        booking_id = self.pick_booking(chance)
        if not booking_id:
            return
        moves = [move for move in moves_of(State(self.shot.bookings[booking_id].state)) if move[1] in _SIDES]
        if moves:
            step, party = chance.pick(moves)
            turn = self.turn(chance, booking_id, party, stranger=True)
            refusal = self.unit(lambda: DO[step](turn), booking_id)
            assert refusal is not None, f"a stranger could {step} as {party}"
            assert refusal.code == "not_found"

    def take(self, chance: Chance, booking_id: int, step: Step, party: Party) -> None:
        state = State(self.shot.bookings[booking_id].state)
        rule = TABLE.get((state, step, party))
        if party == Party.CLOCK and step != Step.CONFIRM and rule is not None:
            self.sweep_one(booking_id)
            return
        if step == Step.CONFIRM:
            self.confirm(booking_id, party, state)
            return
        tally.asked.add((state, step, party))
        turn, before = self.turn(chance, booking_id, party), self.shot
        refusal = self.unit(lambda: DO[step](turn), booking_id)
        if refusal is None and step == Step.SEND and rule is None:
            assert before == self.shot, "a form that arrives twice sends twice"
        elif refusal is None:
            assert rule is not None, f"{step} by {party} went through in {state}"
            assert self.shot.bookings[booking_id].state == rule.after
            tally.taken.add((state, step, party))

    def confirm(self, booking_id: int, party: Party, state: State) -> None:
        """Money arrives, if it is on its way; nobody but the bank can say so."""
        if party != Party.CLOCK or open_payment(self.db, booking_id) is None:
            return
        tally.asked.add((state, Step.CONFIRM, party))
        self.unit(lambda: pay(self.db, booking_id, self.now), booking_id)
        if self.shot.bookings[booking_id].state == State.CONFIRMED:
            tally.taken.add((state, Step.CONFIRM, party))
        self.nothing(lambda: pay(self.db, booking_id, self.shot.payments[booking_id].captured_at))

    def pays(self, chance: Chance) -> None:
        unpaid = [one for one, payment in self.shot.payments.items() if payment.state in ("opening", "processing")]
        if unpaid:
            booking_id = chance.pick(unpaid)
            self.confirm(booking_id, Party.CLOCK, State(self.shot.bookings[booking_id].state))

    def begins_to_pay(self, chance: Chance) -> None:
        """Money is on its way, or did not come after all."""
        unpaid = [one for one, payment in self.shot.payments.items() if payment.state in ("opening", "processing")]
        if unpaid:
            payment = open_payment(self.db, chance.pick(unpaid))
            assert payment is not None
            payment.state = "processing" if payment.state == "opening" else "opening"
            self.db.flush()
            self.shot = Shot.of(self.db)

    def signs(self, chance: Chance) -> None:
        unsigned = [row.id for row in self.shot.bookings.values() if row.state in SIGNABLE and not row.is_extra]
        if unsigned:
            self.sign(chance.pick(unsigned))

    def sign(self, booking_id: int) -> None:
        self.unit(lambda: Story.resume(self.db, get_booking(self.db, booking_id), self.now).sign(), booking_id)

    def proposes_a_change_order(self, chance: Chance) -> None:
        paid = [row.id for row in self.shot.bookings.values() if row.state in OPEN_IN and not row.is_extra]
        booking_id = chance.pick(paid) if paid else self.pick_booking(chance)
        if booking_id:
            self.tokens += 1
            turn = self.turn(chance, booking_id, chance.pick(_SIDES))
            self.unit(lambda: propose_extra(turn, f"extra-{self.tokens}"))
            self.nothing(lambda: propose_extra(turn, f"extra-{self.tokens}"))

    # time

    def waits(self, chance: Chance) -> None:
        self.now += chance.pick(WAITS)

    def waits_for_a_deadline(self, chance: Chance) -> None:
        """Until just before, at or just after one of the moments at which something is due."""
        living = [row for row in self.shot.bookings.values() if row.deadline_at]
        starts = {row.starts_at + 20 * MINUTE for row in living if row.state in (State.CONFIRMED, State.IN_SESSION)}
        ahead = [at for at in sorted({row.deadline_at for row in living} | starts) if at > self.now + 2 * MINUTE]
        if ahead:
            self.now = chance.pick(ahead[:3]) + chance.pick((-2, -1, 0)) * MINUTE

    def sweeps(self, chance: Chance) -> None:
        """The clock's round, again and again until nothing moves; then what was sent twice arrives once more."""
        self.now += MINUTE
        twice = chance.pick((True, False))
        for _ in range(SWEEPS_UNTIL_STILL):
            due = find_due(self.db, now=self.now)
            moved = [self.sweep_now(booking_id) for booking_id in due for _ in range(1 + twice)]
            if not any(moved):
                break
        else:
            restless = [(row.id, row.state) for row in self.shot.overdue(self.now)]
            raise AssertionError(f"the sweep does not come to rest: {restless}")
        late = [row for row in self.shot.overdue(self.now) if not self.is_paying(row.id)]
        assert not late, f"{[(row.id, row.state, row.deadline_at) for row in late]} wait past their deadline"
        for booking_id in self.shot.bookings:
            self.nothing(partial(advance_due_booking, self.db, booking_id=booking_id, now=self.now))

    def is_paying(self, booking_id: int) -> bool:
        payment = self.shot.payments.get(booking_id)
        return payment is not None and payment.state == "processing"

    def sweep_one(self, booking_id: int) -> None:
        self.now += MINUTE
        self.sweep_now(booking_id)

    def sweep_now(self, booking_id: int) -> bool:
        """The clock's step for one booking; whether it moved."""
        before = self.shot.bookings[booking_id]
        self.unit_now(partial(advance_due_booking, self.db, booking_id=booking_id, now=self.now), booking_id)
        moved = bool(self.shot.bookings[booking_id] != before)
        if moved:
            event = self.shot.events[booking_id][-1]
            line = (State(event.before), Step(event.step), Party(event.party))
            tally.asked.add(line)
            tally.taken.add(line)
        return moved

    # pencils, as the people see them

    def looks_at_the_pencils(self, chance: Chance) -> None:
        for row in self.shot.bookings.values():
            if row.state != State.PENCILLED:
                continue
            pencil, mine = get_booking(self.db, row.id), ladder(self.shot, row)
            rungs = read_ladder(self.db, pencil)
            assert [(rung.booking_id, rung.rank) for rung in rungs] == [(p.id, n) for n, p in enumerate(mine, 1)]
            assert rank_of(self.db, pencil) == next(rung.rank for rung in rungs if rung.booking_id == row.id)


_HAPPENS: Final = [
    happens
    for happens, often in {
        BookingWalk.acts: 12,
        BookingWalk.asks: 3,
        BookingWalk.asks_for_pencils: 2,
        BookingWalk.pays: 3,
        BookingWalk.signs: 3,
        BookingWalk.sweeps: 3,
        BookingWalk.waits_for_a_deadline: 3,
        BookingWalk.waits: 1,
        BookingWalk.tries_anything: 4,
        BookingWalk.stranger_tries: 1,
        BookingWalk.proposes_a_change_order: 3,
        BookingWalk.begins_to_pay: 1,
        BookingWalk.looks_at_the_pencils: 1,
    }.items()
    for _ in range(often)
]
_WAY: Final[list[tuple[Step | None, Party]]] = [
    (Step.SEND, Party.PLATFORM), (Step.ACCEPT, Party.ACTOR), (Step.PENCIL, Party.ACTOR),
    (Step.FIRM_UP, Party.PLATFORM), (Step.CONFIRM, Party.CLOCK), (None, Party.ACTOR), (Step.START, Party.PLATFORM),
    (Step.DELIVER, Party.ACTOR), (Step.REQUEST_CHANGES, Party.PLATFORM),
]  # fmt: skip
"""The way of a booking that goes well: asked, said yes to, paid, signed (None), begun, delivered."""

_SIDES: Final = (Party.PLATFORM, Party.ACTOR)


def _pick(chance: Chance) -> Pick:
    def pick(choices: Sequence[T], /) -> T:
        return chance.pick(choices)

    return pick


def test_whatever_people_and_time_do_to_bookings_leaves_them_whole(database: Database) -> None:
    with database.unit_of_work(no_job) as db:
        cast = add_cast(db)
        db.expunge_all()

    class Walk(BookingWalk):
        def __init__(self) -> None:
            super().__init__(database, cast)

    few = settings(
        max_examples=WALKS or FEW, stateful_step_count=LONG, deadline=None, derandomize=not WALKS, database=None,
        phases=[Phase.generate] if WALKS else [Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    tally.clear()
    run_state_machine_as_test(Walk, settings=few)
    print(tally.words())
