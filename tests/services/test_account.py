"""A platform that nobody knows yet may ask a few actors; once it has paid or was vetted, as many as it likes."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.domain.errors import Refused
from marketplace.domain.platform import MOST_UNPAID, UNPAID
from marketplace.models import Member, Platform
from marketplace.services.account import Decider, vet_platform
from marketplace.services.booking import withdraw_booking
from marketplace.services.booking_step import By
from tests.services.stage import NOW, Story, add_account, add_actor, add_member, at, request


def new_member(db: Session) -> Member:
    """Of a platform that nobody has vetted."""
    member = add_member(db, "Newcomer")
    db.get_one(Platform, member.platform_id).vetted_at = None
    db.flush()
    return member


def fill(db: Session, member: Member) -> list[int]:
    """As many requests as a new platform may have."""
    return [request(db, member, add_actor(db), at(30, 10), token=f"t{number}") for number in range(MOST_UNPAID)]


def test_a_new_platforms_requests_are_few_and_the_refusal_says_what_to_do(db: Session) -> None:
    member = new_member(db)
    first, *_ = fill(db, member)
    with pytest.raises(Refused, match=r"vetted by us\. Pay for one or withdraw one\. Nothing was requested\."):
        request(db, member, add_actor(db), at(30, 10))
    mira = By(Party.PLATFORM, member.account_id)
    withdraw_booking(db, booking_id=first, platform_id=member.platform_id, by=mira, now=NOW)
    assert request(db, member, add_actor(db), at(30, 10))


def test_the_same_form_sent_again_is_no_request_more(db: Session) -> None:
    member = new_member(db)
    assert request(db, member, add_actor(db), at(30, 10), token="t0") == fill(db, member)[0]


def test_vetting_lifts_the_limit(db: Session) -> None:
    member = new_member(db)
    fill(db, member)
    ada = Decider(add_account(db, "Ada").id)
    vet_platform(db, platform_id=member.platform_id, by=ada, reason="called them", now=NOW)
    assert request(db, member, add_actor(db), at(30, 10))


def test_the_first_paid_booking_lifts_the_limit(db: Session) -> None:
    story = Story(db).accept().pay()
    db.get_one(Platform, story.platform_id).vetted_at = None
    db.flush()
    fill(db, story.member)
    assert request(db, story.member, add_actor(db), at(30, 10))


def test_the_states_that_count_are_states_of_a_booking_before_it_is_paid() -> None:
    assert {"requested", "accepted"} <= UNPAID
    assert not UNPAID & {"confirmed", "completed", "withdrawn", "declined", "expired", "lapsed", "cancelled"}
