"""Both sides read the same booking: what needs them first, what they may do, and when each thing happened."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party, State, Step
from marketplace.services.booking import withdraw_booking
from marketplace.services.booking_page import (
    Tab,
    is_under,
    list_actor_bookings,
    list_platform_bookings,
    read_booking,
)
from tests.services.stage import NOW, Story, at, request
from tests.statements import counted


@pytest.mark.parametrize("party", [Party.PLATFORM, Party.ACTOR])
def test_every_state_is_under_exactly_one_tab_besides_all(party: Party) -> None:
    unsent = {State.DRAFT} if party == Party.ACTOR else set()
    for state, claimant in product(State, Party):
        tabs = [tab for tab in Tab if tab != Tab.ALL and is_under(tab, party, state, claimant)]
        assert len(tabs) == (0 if state in unsent else 1), state


def test_what_the_other_side_put_forward_is_to_do_and_ones_own_is_waited_for() -> None:
    for state in (State.RESCHEDULING, State.NO_SHOW_CLAIMED):
        assert is_under(Tab.TO_DO, Party.ACTOR, state, Party.PLATFORM)
        assert is_under(Tab.WAITING, Party.PLATFORM, state, Party.PLATFORM)


def test_what_is_most_urgent_comes_first_and_what_ended_last(db: Session) -> None:
    story = Story(db)
    ended = request(db, story.member, story.actor, at(28, 10))
    withdraw_booking(db, booking_id=ended, platform_id=story.platform_id, by=story.mira, now=NOW)
    sooner = request(db, story.member, story.actor, at(26, 10))
    found = list_platform_bookings(db, platform_id=story.platform_id, tab=Tab.ALL, page=1)
    assert [line.id for line in found.lines] == [sooner, story.id, ended]
    assert found.counts == {Tab.ALL: 3, Tab.TO_DO: 0, Tab.WAITING: 2, Tab.UPCOMING: 0, Tab.DONE: 0, Tab.ENDED: 1}
    assert [line.other for line in found.lines] == ["Imani Okafor"] * 3
    mine = list_actor_bookings(db, actor_id=story.actor_id, tab=Tab.TO_DO, page=1)
    assert [(line.id, line.other) for line in mine.lines] == [(sooner, "ReelForge"), (story.id, "ReelForge")]


def test_a_list_holds_nobody_elses_bookings(db: Session) -> None:
    story, other = Story(db), Story(db)
    found = list_platform_bookings(db, platform_id=story.platform_id, tab=Tab.ALL, page=1)
    assert [line.id for line in found.lines] == [story.id]
    assert [line.id for line in list_actor_bookings(db, actor_id=other.actor_id, tab=Tab.ALL, page=1).lines] == [
        other.id
    ]


def test_long_lists_come_in_pages_for_the_same_statements(db: Session) -> None:
    story = Story(db)
    for half_hour in range(24):
        request(db, story.member, story.actor, at(25, 9) + timedelta(days=half_hour))
    with counted(db) as sent:
        pages = [list_platform_bookings(db, platform_id=story.platform_id, tab=Tab.ALL, page=n) for n in (1, 2, 9)]
    assert [(len(page.lines), page.page, page.pages) for page in pages] == [(20, 1, 2), (5, 2, 2), (5, 2, 2)]
    assert len(sent) == 6


def test_the_page_offers_exactly_what_the_reader_may_do(db: Session) -> None:
    story = Story(db)
    assert read_booking(db, story.booking, Party.ACTOR, NOW).can == {
        Step.ACCEPT,
        Step.DECLINE,
        Step.COUNTER,
        Step.EXTEND,
        Step.PENCIL,
    }
    assert read_booking(db, story.booking, Party.PLATFORM, NOW).can == {Step.WITHDRAW}
    story.accept().pay()
    assert read_booking(db, story.booking, Party.PLATFORM, NOW).can == {Step.CANCEL, Step.PROPOSE_TIME}
    story.sign()
    assert read_booking(db, story.booking, Party.PLATFORM, NOW).can == {Step.CANCEL, Step.PROPOSE_TIME, Step.START}


def test_the_page_knows_money_times_and_terms(db: Session) -> None:
    story = Story(db).confirmed()
    detail = read_booking(db, story.booking, Party.PLATFORM, at(29, 14))
    assert detail.if_cancelled.refund.minor == 19_440
    assert (detail.minutes, detail.tier, detail.pickups_left) == (120, "standard", 1)
    assert detail.reached_at(State.ACCEPTED) == NOW
    assert detail.reached_at(State.DELIVERED) is None
    assert detail.payment is not None
    assert detail.grant is not None
