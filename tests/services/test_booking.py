"""A booking moves only as the table says, once, with its event, its money and its notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.domain.availability import Interval
from marketplace.domain.booking import NotReady, Party, State, TooLate
from marketplace.domain.errors import Conflict, Forbidden, Invalid, NotFound, Refused, SlotTaken
from marketplace.models import Booking, Flag, Grant, Notice, Platform, Rate, Refund, Take
from marketplace.services.audit import find_breaks, read_trail
from marketplace.services.availability import find_nearest_slots, free_slots
from marketplace.services.booking import (
    accept_booking,
    accept_delivery,
    advance_due_booking,
    cancel_booking,
    confirm_paid_booking,
    decline_booking,
    dispute_booking,
    find_due,
    request_changes,
    settle_dispute,
    start_session,
    withdraw_booking,
)
from marketplace.services.booking_request import PriceChanged, request_booking
from marketplace.services.booking_step import By, facts_of, months_later, quote_of
from tests.services.stage import NOW, Story, add_account, add_actor, add_member, ask_for, at, request

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


# requesting


def test_a_request_freezes_price_terms_and_zones_and_waits_three_days(db: Session) -> None:
    story = Story(db, zone="Africa/Lagos", cancellation="firm", buffer_minutes=30)
    booking = story.booking
    assert (booking.state, booking.deadline_at) == (State.REQUESTED, NOW + 3 * DAY)
    assert (booking.total_minor, booking.fee_minor, booking.net_minor, booking.currency) == (
        38_880,
        2_880,
        36_000,
        "USD",
    )
    assert quote_of(booking).total.minor == 38_880
    assert (booking.cancellation, booking.actor_zone, booking.platform_zone) == (
        "firm",
        "Africa/Lagos",
        "Europe/London",
    )
    assert (booking.busy_from, booking.busy_until) == (at(30, 9.5), at(30, 12.5))
    assert [beat.from_flavour for beat in booking.brief.beats] == ["cold-fury"]
    assert story.steps == [("request", "platform", None, "requested")]
    assert story.payment is None


def test_the_actor_is_told_of_a_request_and_the_platform_of_the_answer(db: Session) -> None:
    story = Story(db).accept()
    told = db.execute(select(Notice.account_id, Notice.kind, Notice.path).order_by(Notice.id)).all()
    assert told == [
        (story.imani.account_id, "booking.request", f"/actor/booking/{story.id}"),
        (story.mira.account_id, "booking.accept", f"/platform/booking/{story.id}"),
    ]


# case 20
def test_the_same_form_sent_twice_makes_one_booking(db: Session) -> None:
    member, actor = add_member(db), add_actor(db)
    first = request(db, member, actor, at(30, 10), token="form-1")
    assert request(db, member, actor, at(30, 14), token="form-1") == first
    assert db.scalar(select(func.count(Booking.id))) == 1


def test_another_platforms_form_token_finds_nothing(db: Session) -> None:
    actor = add_actor(db)
    request(db, add_member(db), actor, at(30, 10), token="form-1")
    with pytest.raises(IntegrityError):
        request(db, add_member(db), actor, at(30, 14), token="form-1")


def test_a_price_other_than_the_one_shown_is_not_asked_for(db: Session) -> None:
    member, actor = add_member(db), add_actor(db)
    with pytest.raises(PriceChanged):
        request(db, member, actor, at(30, 10), shown_total_minor=38_879)
    assert request(db, member, actor, at(30, 10), shown_total_minor=38_880)


def test_a_later_rate_leaves_the_booking_alone(db: Session) -> None:
    story = Story(db)
    db.query(Rate).update({"hourly_minor": 99_000})
    story.accept()
    assert story.payment is not None
    assert story.payment.amount_minor == 38_880


@pytest.mark.parametrize("hour", [8, 16, 22])
def test_times_outside_the_actors_hours_are_not_free(db: Session, hour: int) -> None:
    member, actor = add_member(db), add_actor(db)
    with pytest.raises(SlotTaken):
        request(db, member, actor, at(30, hour))


def test_notice_is_kept(db: Session) -> None:
    member, actor = add_member(db), add_actor(db)
    with pytest.raises(SlotTaken):
        request(db, member, actor, at(24, 8.5))
    assert request(db, member, actor, at(24, 9))


def test_nobody_books_who_is_not_listed_priced_or_allowed(db: Session) -> None:
    member = add_member(db)
    with pytest.raises(NotFound):
        request(db, member, add_actor(db, listed=False), at(30, 10))
    with pytest.raises(Refused, match="not set a rate"):
        request(db, member, add_actor(db, hourly_minor=None), at(30, 10))
    db.get_one(Platform, member.platform_id).suspended_at = NOW
    with pytest.raises(Forbidden):
        request(db, member, add_actor(db), at(30, 10))


def test_a_brief_nobody_could_consent_to_is_refused(db: Session) -> None:
    member, actor = add_member(db), add_actor(db)
    vague = replace(ask_for(actor, at(30, 10)), purpose="Any AI use we can think of, for ever")
    with pytest.raises(Invalid) as refusal:
        request_booking(
            db,
            platform_id=member.platform_id,
            member_id=member.id,
            by=By(Party.PLATFORM),
            ask=vague,
            fee_bp=800,
            now=NOW,
        )
    assert refusal.value.field == "purpose"


# answering


def test_acceptance_holds_the_slot_and_opens_the_checkout_for_the_frozen_total(db: Session) -> None:
    story = Story(db).accept()
    assert (story.booking.state, story.booking.deadline_at) == (State.ACCEPTED, NOW + DAY)
    assert story.payment is not None
    assert (story.payment.amount_minor, story.payment.currency) == (38_880, "USD")
    slots = free_slots(db, story.actor_id, 2 * HOUR, Interval(at(30, 0), at(30, 24)), NOW)
    assert [slot.starts_at for slot in slots] == [at(30, 12 + half / 2) for half in range(7)]


# case 17
def test_requests_may_overlap_and_only_one_is_accepted(db: Session) -> None:
    story = Story(db)
    rival = request(db, add_member(db, "Other"), story.actor, at(30, 11))
    story.accept()
    with pytest.raises(SlotTaken):
        accept_booking(db, booking_id=rival, actor_id=story.actor_id, by=story.imani, now=NOW)
    assert db.get_one(Booking, rival).state == State.REQUESTED  # still hers to decline


def test_sessions_that_touch_are_both_accepted(db: Session) -> None:
    story = Story(db).accept()
    after = request(db, add_member(db), story.actor, at(30, 12))
    accept_booking(db, booking_id=after, actor_id=story.actor_id, by=story.imani, now=NOW)


def test_buffers_keep_sessions_apart(db: Session) -> None:
    story = Story(db, buffer_minutes=30).accept()
    with pytest.raises(SlotTaken):
        request(db, add_member(db), story.actor, at(30, 12.5))
    assert request(db, add_member(db), story.actor, at(30, 13))


def test_a_declined_request_has_a_reason_and_frees_nothing_it_never_held(db: Session) -> None:
    story = Story(db)
    with pytest.raises(Invalid):
        decline_booking(db, booking_id=story.id, actor_id=story.actor_id, by=story.imani, reason=" ", now=NOW)
    decline_booking(db, booking_id=story.id, actor_id=story.actor_id, by=story.imani, reason="Filming", now=NOW)
    assert story.booking.state == State.DECLINED
    assert read_trail(db, about="booking", about_id=story.id)[-1].reason == "Filming"


def test_a_booking_of_another_is_not_found(db: Session) -> None:
    story, stranger = Story(db), Story(db)
    with pytest.raises(NotFound):
        accept_booking(db, booking_id=story.id, actor_id=stranger.actor_id, by=stranger.imani, now=NOW)
    with pytest.raises(NotFound):
        withdraw_booking(db, booking_id=story.id, platform_id=stranger.platform_id, by=stranger.mira, now=NOW)


def test_withdrawing_an_accepted_booking_frees_the_slot(db: Session) -> None:
    story = Story(db).accept()
    withdraw_booking(db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, now=NOW)
    assert request(db, story.member, story.actor, at(30, 10))


def test_a_step_from_a_state_that_has_passed_is_refused(db: Session) -> None:
    story = Story(db).accept()
    with pytest.raises(Conflict, match="accepted and waiting to be paid"):
        story.accept()


# the clock


def test_an_unanswered_request_expires_once(db: Session) -> None:
    story = Story(db)
    assert find_due(db, now=NOW + 3 * DAY - HOUR) == []
    assert advance_due_booking(db, booking_id=story.id, now=NOW + 3 * DAY - HOUR) is None
    assert find_due(db, now=NOW + 3 * DAY) == [story.id]
    assert advance_due_booking(db, booking_id=story.id, now=NOW + 3 * DAY) == State.EXPIRED
    assert advance_due_booking(db, booking_id=story.id, now=NOW + 4 * DAY) is None
    assert find_due(db, now=NOW + 4 * DAY) == []
    assert [step for step, *_ in story.steps] == ["request", "expire"]


def test_an_unpaid_booking_lapses_and_the_slot_is_free_again(db: Session) -> None:
    story = Story(db).accept()
    assert advance_due_booking(db, booking_id=story.id, now=NOW + DAY) == State.LAPSED
    assert request(db, story.member, story.actor, at(30, 10))


def test_a_booking_whose_payment_is_on_its_way_does_not_lapse(db: Session) -> None:
    story = Story(db).accept()
    assert story.payment is not None
    story.payment.state = "processing"
    db.flush()
    assert advance_due_booking(db, booking_id=story.id, now=NOW + DAY) is None
    assert story.booking.state == State.ACCEPTED


def test_a_session_starts_on_time_only_with_the_consent_signed(db: Session) -> None:
    signed, unsigned = Story(db).confirmed(), Story(db).accept().pay()
    assert advance_due_booking(db, booking_id=signed.id, now=at(30, 10)) == State.IN_SESSION
    assert advance_due_booking(db, booking_id=unsigned.id, now=at(30, 10)) == State.CANCELLED
    assert unsigned.payment is not None
    assert unsigned.payment.refunded_minor == 38_880 or _refund_asked(unsigned) == 38_880


def test_a_worker_that_was_down_for_days_ends_in_the_same_place(db: Session) -> None:
    story = Story(db).confirmed()
    late = at(30, 10) + 3 * DAY
    assert advance_due_booking(db, booking_id=story.id, now=late) == State.IN_SESSION
    assert story.booking.deadline_at == late + 7 * DAY


def test_nothing_delivered_in_a_week_is_refunded_and_an_admin_hears_of_it(db: Session) -> None:
    story = Story(db).confirmed().start()
    assert advance_due_booking(db, booking_id=story.id, now=at(30, 12) + 7 * DAY) == State.CANCELLED
    assert _refund_asked(story) == 38_880
    assert db.scalar(select(Flag.kind).where(Flag.actor_id == story.actor_id)) == "booking_let_down"


# paying


def test_a_captured_payment_confirms_once_however_often_it_is_told(db: Session) -> None:
    story = Story(db).accept().pay()
    assert confirm_paid_booking(db, booking_id=story.id, now=NOW) is True
    assert (story.booking.state, story.booking.deadline_at) == (State.CONFIRMED, at(30, 10))
    assert [step for step, *_ in story.steps].count("confirm") == 1


def test_a_payment_that_comes_after_the_lapse_goes_back_in_full_once(db: Session) -> None:
    story = Story(db).accept()
    advance_due_booking(db, booking_id=story.id, now=NOW + DAY)
    story.now = NOW + DAY + HOUR
    story.pay()
    assert confirm_paid_booking(db, booking_id=story.id, now=story.now) is False
    assert story.booking.state == State.LAPSED
    assert _refund_asked(story) == 38_880


def test_a_payment_that_comes_after_the_booked_time_goes_back_and_the_booking_still_ends(db: Session) -> None:
    story = Story(db).accept()
    assert story.payment is not None
    story.payment.state = "processing"
    db.flush()
    story.now = at(30, 12)
    story.pay()
    assert (story.booking.state, _refund_asked(story)) == (State.ACCEPTED, 38_880)
    assert advance_due_booking(db, booking_id=story.id, now=story.now) == State.LAPSED
    assert _refund_asked(story) == 38_880


# cancelling


def test_a_late_cancellation_is_shared_by_the_terms_and_was_shown_before(db: Session) -> None:
    story = Story(db).confirmed()
    twenty_hours_before = at(29, 14)
    with pytest.raises(PriceChanged):
        cancel_booking(db, booking=story.booking, by=story.mira, now=twenty_hours_before, shown_refund_minor=38_880)
    cancel_booking(db, booking=story.booking, by=story.mira, now=twenty_hours_before, shown_refund_minor=19_440)
    assert story.booking.state == State.CANCELLED
    assert _refund_asked(story) == 19_440
    assert story.payout is not None
    assert story.payout.amount_minor == 18_000


def test_an_early_cancellation_gives_everything_back(db: Session) -> None:
    story = Story(db).confirmed()
    cancel_booking(db, booking=story.booking, by=story.mira, now=at(28, 10))
    assert (_refund_asked(story), story.payout) == (38_880, None)


def test_an_actor_who_cancels_gives_everything_back_and_says_why(db: Session) -> None:
    story = Story(db).confirmed()
    with pytest.raises(Invalid):
        cancel_booking(db, booking=story.booking, by=story.imani, now=at(30, 9))
    cancel_booking(db, booking=story.booking, by=story.imani, now=at(30, 9), reason="I am ill")
    assert (_refund_asked(story), story.payout) == (38_880, None)
    assert db.scalar(select(func.count(Flag.id)).where(Flag.actor_id == story.actor_id)) == 1


def test_a_cancelled_slot_is_free_again(db: Session) -> None:
    story = Story(db).confirmed()
    cancel_booking(db, booking=story.booking, by=story.mira, now=at(28, 8))
    assert request(db, story.member, story.actor, at(30, 10), now=at(28, 9))


def test_nothing_is_cancelled_once_it_has_begun(db: Session) -> None:
    story = Story(db).confirmed()
    with pytest.raises(TooLate):
        cancel_booking(db, booking=story.booking, by=story.mira, now=at(30, 10))


# the work


def test_the_platform_may_start_early_once_the_consent_is_signed(db: Session) -> None:
    story = Story(db).accept().pay()
    with pytest.raises(NotReady):
        start_session(db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, now=NOW)
    story.sign()
    start_session(db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, now=NOW)
    assert story.booking.state == State.IN_SESSION
    assert story.booking.deadline_at == at(30, 12) + 7 * DAY


def test_accepting_needs_a_selected_take_and_starts_the_payout_and_the_grants_term(db: Session) -> None:
    story = Story(db).delivered()
    with pytest.raises(Refused, match="Select at least one take"):
        accept_delivery(db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, now=story.now)
    db.query(Take).update({"selected_at": story.now})
    accept_delivery(db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, now=story.now)
    assert (story.booking.state, story.booking.deadline_at) == (State.COMPLETED, None)
    assert story.payout is not None
    assert (story.payout.amount_minor, story.payout.currency) == (36_000, "USD")
    assert db.scalar(select(Grant.expires_at)) == months_later(story.now, 12)


def test_silence_accepts_every_take_that_can_be_played(db: Session) -> None:
    story = Story(db).delivered()
    story.add_take("refused")
    assert advance_due_booking(db, booking_id=story.id, now=story.now + 7 * DAY) == State.COMPLETED
    taken = db.execute(select(Take.state, Take.selected_at.is_not(None)).order_by(Take.id)).all()
    assert taken == [("ready", True), ("refused", False)]
    assert story.payout is not None


def test_pickups_are_counted_and_need_a_new_take(db: Session) -> None:
    story = Story(db).delivered()

    def ask(reason: str) -> None:
        request_changes(
            db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, reason=reason, now=story.now
        )

    ask("Once more, colder")
    assert facts_of(db, story.booking).takes == 0
    story.deliver()
    with pytest.raises(NotReady, match="All rounds of pick-ups"):
        ask("And again")


def test_pickups_that_never_come_are_for_an_admin_to_decide(db: Session) -> None:
    story = Story(db).delivered()
    request_changes(
        db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, reason="Colder", now=story.now
    )
    assert advance_due_booking(db, booking_id=story.id, now=story.now + 7 * DAY) == State.DISPUTED


@pytest.mark.parametrize(
    ("refund_bp", "state", "refunded", "paid_out"),
    [
        (0, State.COMPLETED, 0, 36_000),
        (10_000, State.CANCELLED, 38_880, None),
        (4_000, State.COMPLETED, 15_552, 21_600),
    ],
)
def test_an_admin_settles_a_dispute_and_every_cent_has_a_place(
    db: Session, refund_bp: int, state: State, refunded: int, paid_out: int | None
) -> None:
    story = Story(db).delivered()
    dispute_booking(db, booking=story.booking, by=story.mira, reason="Not the flavour", now=story.now)
    dana = By(Party.ADMIN, add_account(db, "Dana").id)
    settle_dispute(db, booking_id=story.id, by=dana, refund_bp=refund_bp, reason="Seen both", now=story.now)
    assert story.booking.state == state
    assert _refund_asked(story) == refunded
    assert (story.payout and story.payout.amount_minor) == paid_out


# the record


def test_every_step_is_an_event_and_a_link_of_the_audit_chain(db: Session) -> None:
    story = Story(db).delivered()
    assert story.steps == [
        ("request", "platform", None, "requested"),
        ("accept", "actor", "requested", "accepted"),
        ("confirm", "clock", "accepted", "confirmed"),
        ("start", "clock", "confirmed", "in_session"),
        ("deliver", "actor", "in_session", "delivered"),
    ]
    trail = read_trail(db, about="booking", about_id=story.id)
    assert [row.step for row in trail] == ["request", "accept", "confirm", "sign_consent", "start", "deliver"]
    assert list(find_breaks(db)) == []


def test_the_nearest_free_times_are_offered_when_one_is_taken(db: Session) -> None:
    story = Story(db).accept()
    nearest = find_nearest_slots(db, story.actor_id, Interval(at(30, 10), at(30, 12)), NOW)
    assert len(nearest) == 5
    assert at(30, 12) in [slot.starts_at for slot in nearest]
    assert all(slot.clipped(Interval(at(30, 10), at(30, 12))) is None for slot in nearest)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-01-15", 12, "2027-01-15"),
        ("2026-12-31", 60, "2031-12-31"),
    ],
)
def test_a_term_ends_on_the_same_day_or_the_months_last(start: str, months: int, end: str) -> None:
    assert months_later(at(1, 0).fromisoformat(start), months) == at(1, 0).fromisoformat(end)


def _refund_asked(story: Story) -> int:
    """How much of the payment is on its way back."""
    rows = story.db.scalar(select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(Refund.booking_id == story.id))
    return int(rows or 0) or (story.payment.refunded_minor if story.payment else 0)
