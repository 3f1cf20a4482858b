"""A feed shows one account its bookings under a secret address, and nobody anything else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.domain.booking_state import OCCUPYING, State
from marketplace.gateways.calendar.feed import write_feed
from marketplace.models import Account, Booking, BookingEvent, CalendarFeed, Member
from marketplace.services.calendar_feed import (
    CALLED_OFF_KEPT,
    MOST_ENTRIES,
    Feed,
    find_feed,
    issue_feed,
    note_reading,
    read_feed,
    revoke_feed,
)
from tests.services.stage import NOW, Story, add_account, add_actor, add_member, at, request

URL = "https://marquee.example"
HOUR = timedelta(hours=1)


def address_of(db: Session, account_id: int) -> str:
    return issue_feed(db, account_id=account_id, now=NOW)


def read(db: Session, token: str, now: Any = NOW) -> Feed:
    feed = read_feed(db, token=token, public_url=URL, now=now)
    assert feed is not None
    return feed


def parsed(feed: Feed) -> list[Any]:
    """The events as another program reads them."""
    return list(Calendar.from_ical(write_feed(feed.entries, name=feed.name, now=NOW)).walk("VEVENT"))


def set_state(db: Session, booking_id: int, state: str, **values: object) -> None:
    db.execute(update(Booking).where(Booking.id == booking_id).values(state=state, **values))
    db.add(BookingEvent(booking_id=booking_id, at=NOW, party="clock", step="x", before=None, after=state))
    db.flush()


# the address -------------------------------------------------------------------------------------


def test_only_a_digest_of_the_address_is_kept(db: Session) -> None:
    token = address_of(db, add_account(db, "Imani").id)
    row = db.scalars(select(CalendarFeed)).one()
    assert len(token) >= 43
    assert token not in str(vars(row))
    assert len(row.token_sha256) == 64


def test_a_new_address_ends_the_one_before_and_a_revoked_one_shows_nothing(db: Session) -> None:
    actor = add_actor(db)
    assert actor.account_id is not None
    first = address_of(db, actor.account_id)
    second = address_of(db, actor.account_id)
    assert read_feed(db, token=first, public_url=URL, now=NOW) is None
    assert read(db, second).name == f"Marquee: {actor.name}"
    assert revoke_feed(db, account_id=actor.account_id, now=NOW)
    assert read_feed(db, token=second, public_url=URL, now=NOW) is None
    assert find_feed(db, actor.account_id) is None
    assert not revoke_feed(db, account_id=actor.account_id, now=NOW)


def test_an_unknown_address_and_one_of_nobody_show_nothing(db: Session) -> None:
    assert read_feed(db, token="guess", public_url=URL, now=NOW) is None
    nobody = address_of(db, add_account(db, "No actor and no member").id)
    assert read_feed(db, token=nobody, public_url=URL, now=NOW) is None


def test_an_account_that_is_shut_or_a_member_who_left_sees_no_more(db: Session) -> None:
    actor, member = add_actor(db), add_member(db)
    assert actor.account_id is not None
    of_actor, of_member = address_of(db, actor.account_id), address_of(db, member.account_id)
    db.get_one(Account, actor.account_id).active = False
    db.delete(db.get_one(Member, member.id))
    db.flush()
    assert read_feed(db, token=of_actor, public_url=URL, now=NOW) is None
    assert read_feed(db, token=of_member, public_url=URL, now=NOW) is None


def test_a_reading_is_noted_once_an_hour(db: Session) -> None:
    actor = add_actor(db)
    assert actor.account_id is not None
    token = address_of(db, actor.account_id)
    feed = read(db, token)
    assert feed.is_note_due
    note_reading(db, feed_id=feed.feed_id, now=NOW)
    db.expire_all()
    assert not read(db, token, NOW + HOUR / 2).is_note_due
    assert read(db, token, NOW + HOUR).is_note_due


# what it shows -----------------------------------------------------------------------------------


def test_both_sides_see_the_same_session_each_from_its_own_side(db: Session) -> None:
    member, actor = add_member(db, zone="Europe/Berlin"), add_actor(db, zone="Asia/Kathmandu", hours=(0, 24))
    booking_id = request(db, member, actor, at(30, 10))
    set_state(db, booking_id, State.CONFIRMED, version=4)
    assert actor.account_id is not None
    [mine] = parsed(read(db, address_of(db, actor.account_id)))
    [theirs] = parsed(read(db, address_of(db, member.account_id)))
    for event in (mine, theirs):
        assert event["UID"] == f"booking-{booking_id}@marquee.example"
        assert event["SEQUENCE"] == 4
        assert event["STATUS"] == "CONFIRMED"
        assert event["DTSTART"].dt == at(30, 10)
        assert event["DTEND"].dt == at(30, 12)
    assert mine["DTSTART"].params["TZID"] == "Asia/Kathmandu"
    assert theirs["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert mine["URL"] == f"{URL}/actor/booking/{booking_id}"
    assert theirs["URL"] == f"{URL}/platform/booking/{booking_id}"


@pytest.mark.parametrize("state", sorted(OCCUPYING))
def test_what_holds_a_slot_is_shown_and_what_is_not_paid_is_tentative(db: Session, state: str) -> None:
    member, actor = add_member(db), add_actor(db)
    set_state(db, request(db, member, actor, at(30, 10)), state)
    [event] = parsed(read(db, address_of(db, member.account_id)))
    assert event["STATUS"] == ("TENTATIVE" if state == State.ACCEPTED else "CONFIRMED")


@pytest.mark.parametrize("state", [State.REQUESTED, State.COUNTERED, State.PENCILLED, State.DECLINED, State.EXPIRED])
def test_what_never_held_a_slot_is_not_shown(db: Session, state: str) -> None:
    member, actor = add_member(db), add_actor(db)
    set_state(db, request(db, member, actor, at(30, 10)), state)
    assert read(db, address_of(db, member.account_id)).entries == ()


def test_a_session_that_was_called_off_says_so_for_a_while(db: Session) -> None:
    member, actor = add_member(db), add_actor(db)
    booking_id = request(db, member, actor, at(30, 10))
    set_state(db, booking_id, State.ACCEPTED)
    token = address_of(db, member.account_id)
    before = read(db, token)
    set_state(db, booking_id, State.LAPSED, version=Booking.version + 1, updated_at=NOW + HOUR)
    db.expire_all()
    [event] = parsed(read(db, token, NOW + 2 * HOUR))
    assert (event["STATUS"], event["TRANSP"]) == ("CANCELLED", "TRANSPARENT")
    assert event["SEQUENCE"] == before.entries[0].sequence + 1
    assert read(db, token, NOW + CALLED_OFF_KEPT + 2 * HOUR).entries == ()


def test_a_story_raises_the_sequence_at_each_step(db: Session) -> None:
    story = Story(db, starts_at=at(30, 10))
    token = address_of(db, story.mira.account_id or 0)
    story.accept().pay()
    first = read(db, token, story.now).entries[0]
    story.sign()
    story.start()
    second = read(db, token, story.now).entries[0]
    assert first.uid == second.uid
    assert first.sequence < second.sequence


def test_another_platforms_and_actors_sessions_are_not_shown(db: Session) -> None:
    member, actor = add_member(db), add_actor(db)
    set_state(db, request(db, add_member(db), add_actor(db), at(30, 10)), State.CONFIRMED)
    assert actor.account_id is not None
    assert read(db, address_of(db, member.account_id)).entries == ()
    assert read(db, address_of(db, actor.account_id)).entries == ()


def test_a_change_order_is_no_session_of_its_own(db: Session) -> None:
    member, actor = add_member(db), add_actor(db)
    set_state(db, request(db, member, actor, at(30, 10)), State.CONFIRMED, is_extra=True)
    assert read(db, address_of(db, member.account_id)).entries == ()


def test_the_window_is_bounded(db: Session) -> None:
    member, actor = add_member(db), add_actor(db)
    set_state(db, request(db, member, actor, at(30, 10)), State.COMPLETED)
    token = address_of(db, member.account_id)
    assert len(read(db, token, NOW + timedelta(days=60)).entries) == 1
    assert read(db, token, NOW + timedelta(days=90)).entries == ()
    assert MOST_ENTRIES <= 1_000


def test_the_mark_changes_with_what_is_shown_and_only_then(db: Session) -> None:
    member, actor = add_member(db), add_actor(db)
    booking_id = request(db, member, actor, at(30, 10))
    set_state(db, booking_id, State.CONFIRMED)
    token = address_of(db, member.account_id)
    first = read(db, token)
    assert read(db, token, NOW + 5 * HOUR).mark == first.mark
    set_state(db, booking_id, State.IN_SESSION, updated_at=NOW + 6 * HOUR, version=9)
    db.expire_all()
    second = read(db, token, NOW + 6 * HOUR)
    assert second.mark != first.mark
    assert second.changed_at == NOW + 6 * HOUR
