"""Pencils: ranked holds where one confirms, those behind may challenge, and each platform sees only its own place."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.domain.booking import NotReady, State
from marketplace.domain.errors import Conflict, Forbidden, SlotTaken
from marketplace.models import Actor
from marketplace.services.booking import advance_due_booking, cancel_booking, decline_booking, withdraw_booking
from marketplace.services.booking_pencil import challenge_pencil, confirm_pencil, give_pencil, rank_of, read_ladder
from tests.services.stage import NOW, Story, add_actor, add_member, at

HOUR = timedelta(hours=1)


def pencil(db: Session, actor: Actor, starts_at: datetime | None = None, *, now: datetime = NOW) -> Story:
    """A pencil of a platform of its own."""
    member = add_member(db)
    story = Story.of(
        db, platform_id=member.platform_id, actor_id=actor.id, starts_at=starts_at or at(15, 10, month=12), now=now
    )
    story.booking.asked_as = "pencil"
    db.flush()
    give_pencil(db, booking_id=story.id, actor_id=actor.id, by=story.imani, now=now)
    return story


def confirm(story: Story, now: datetime = NOW) -> None:
    confirm_pencil(story.db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, now=now)


def challenge(story: Story, now: datetime = NOW) -> None:
    challenge_pencil(story.db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, now=now)


def test_pencils_rank_by_when_they_were_given_and_hold_nothing(db: Session) -> None:
    actor = add_actor(db)
    first, second = pencil(db, actor), pencil(db, actor, at(15, 11, month=12), now=NOW + HOUR)
    apart = pencil(db, actor, at(15, 14, month=12), now=NOW + 2 * HOUR)
    assert [rank_of(db, one.booking) for one in (first, second, apart)] == [1, 2, 1]
    assert first.payment is None
    assert [(rung.booking_id, rung.rank) for rung in read_ladder(db, first.booking)] == [(first.id, 1), (second.id, 2)]


def test_only_the_first_confirms_and_the_rest_wait_for_the_booking_to_fall(db: Session) -> None:
    actor = add_actor(db)
    first, second = pencil(db, actor), pencil(db, actor, now=NOW + HOUR)
    with pytest.raises(NotReady, match="earlier pencil"):
        confirm(second)
    confirm(first)
    assert first.booking.state == State.ACCEPTED
    assert first.payment is not None
    with pytest.raises(SlotTaken):
        confirm(second)
    with pytest.raises(SlotTaken):
        challenge(second)
    first.pay()
    cancel_booking(db, booking=first.booking, by=first.mira, now=NOW + HOUR)
    assert second.steps[-1][0] == "move_up"
    confirm(second, NOW + 2 * HOUR)
    assert second.booking.state == State.ACCEPTED


def test_a_challenged_first_confirms_within_its_clock_or_makes_way(db: Session) -> None:
    actor = add_actor(db)
    first, second = pencil(db, actor), pencil(db, actor, now=NOW + HOUR)
    challenge(second, NOW + 2 * HOUR)
    due = NOW + 26 * HOUR
    assert first.booking.deadline_at == due
    assert advance_due_booking(db, booking_id=first.id, now=due - HOUR) is None
    assert advance_due_booking(db, booking_id=first.id, now=due) == State.EXPIRED
    assert rank_of(db, second.booking) == 1
    # who pushed the first out has as little time
    assert second.booking.deadline_at == due + 24 * HOUR
    confirm(second, due)
    assert second.booking.state == State.ACCEPTED


def test_one_challenge_runs_at_a_time_and_the_first_has_nobody_to_challenge(db: Session) -> None:
    actor = add_actor(db)
    first, second, third = pencil(db, actor), pencil(db, actor, now=NOW + HOUR), pencil(db, actor, now=NOW + 2 * HOUR)
    with pytest.raises(NotReady, match="Yours is the first"):
        challenge(first, NOW + 3 * HOUR)
    challenge(second, NOW + 3 * HOUR)
    before = first.booking.deadline_at
    with db.begin_nested() as attempt:
        with pytest.raises(Conflict, match="challenged already"):
            challenge(third, NOW + 4 * HOUR)
        attempt.rollback()
    assert first.booking.deadline_at == before


def test_a_pencil_behind_one_that_waits_itself_has_nobody_to_challenge_yet(db: Session) -> None:
    actor = add_actor(db)
    first, second = pencil(db, actor), pencil(db, actor, at(15, 11, month=12), now=NOW + HOUR)
    third = pencil(db, actor, at(15, 12.5, month=12), now=NOW + 2 * HOUR)
    with pytest.raises(NotReady, match="waits for an earlier one"):
        challenge(third, NOW + 3 * HOUR)
    withdraw_booking(db, booking_id=first.id, platform_id=first.platform_id, by=first.mira, now=NOW + 4 * HOUR)
    challenge(third, NOW + 5 * HOUR)
    assert second.steps[-1][0] == "face_challenge"


def test_a_challenge_that_is_met_keeps_the_first_in_place(db: Session) -> None:
    actor = add_actor(db)
    first, second = pencil(db, actor), pencil(db, actor, now=NOW + HOUR)
    challenge(second, NOW + 2 * HOUR)
    confirm(first, NOW + 3 * HOUR)
    assert (first.booking.state, second.booking.state) == (State.ACCEPTED, State.PENCILLED)


def test_a_first_that_lets_go_moves_the_next_up_with_the_whole_time(db: Session) -> None:
    actor = add_actor(db)
    first, second, third = pencil(db, actor), pencil(db, actor, now=NOW + HOUR), pencil(db, actor, now=NOW + 2 * HOUR)
    withdraw_booking(db, booking_id=first.id, platform_id=first.platform_id, by=first.mira, now=NOW + 3 * HOUR)
    assert [rank_of(db, one.booking) for one in (second, third)] == [1, 2]
    assert second.booking.deadline_at == at(13, 10, month=12)
    assert third.steps[-1][0] == "pencil"


def test_a_second_that_lets_go_tells_the_first_nothing(db: Session) -> None:
    actor = add_actor(db)
    first, second = pencil(db, actor), pencil(db, actor, now=NOW + HOUR)
    decline_booking(db, booking_id=second.id, actor_id=actor.id, by=second.imani, reason="No.", now=NOW + 2 * HOUR)
    assert first.steps[-1][0] == "pencil"


def test_a_plain_request_is_not_accepted_over_somebodys_pencil(db: Session) -> None:
    actor = add_actor(db)
    first = pencil(db, actor)
    other = Story.of(
        db, platform_id=add_member(db).platform_id, actor_id=actor.id, starts_at=first.booking.starts_at, now=NOW
    )
    with pytest.raises(NotReady, match="earlier pencil"):
        other.accept()
    give_pencil(db, booking_id=other.id, actor_id=actor.id, by=other.imani, now=NOW + HOUR)
    assert rank_of(db, other.booking) == 2


def test_nobody_confirms_or_challenges_with_somebody_elses_pencil(db: Session) -> None:
    actor = add_actor(db)
    first = pencil(db, actor)
    with pytest.raises(Forbidden, match="Only the platform"):
        confirm_pencil(db, booking_id=first.id, platform_id=first.platform_id, by=first.imani, now=NOW)
