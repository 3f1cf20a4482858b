"""What two sides do with a booking beyond yes and no: counter-offers, other times, no-shows and change orders."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import NotReady, Party, State, TooLate
from marketplace.domain.errors import Conflict, Forbidden, Invalid, NotFound, SlotTaken
from marketplace.domain.money import Money
from marketplace.domain.rate import Usage, UsageScope, UsageTerm
from marketplace.models import Booking, BookingEvent, Take, TimeProposal
from marketplace.services.actor_home import list_open
from marketplace.services.booking import (
    accept_booking,
    accept_counter,
    accept_delivery,
    advance_due_booking,
    cancel_booking,
    confirm_paid_booking,
    dispute_booking,
    extend_answer,
    settle_dispute,
    withdraw_booking,
)
from marketplace.services.booking_page import Tab, list_actor_bookings, read_booking
from marketplace.services.booking_pencil import give_pencil
from marketplace.services.booking_request import PriceChanged, discard_draft
from marketplace.services.booking_step import CLOCK, By, facts_of, get_booking, of_actor, quote_of
from marketplace.services.booking_time import agree_time, find_proposal, keep_time, propose_time
from marketplace.services.change_order import Extra, check_open, get_extra, list_change_orders, propose_change_order
from marketplace.services.dispute import read_case, share_of
from marketplace.services.ledger_check import run_checks
from marketplace.services.no_show import (
    claim_no_show,
    concede_no_show,
    contest_no_show,
    settlement_of_no_show,
    take_back_no_show,
)
from marketplace.services.offer import Counter, counter_booking, price_counter, read_rounds, terms_of
from tests.services.stage import NOW, ONE_TITLE, Story, add_member, at

SERIES = Usage(UsageScope.SERIES, UsageTerm.MONTHS_12)
ADMIN = By(Party.ADMIN)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def counter(story: Story, by: By, offered: int | None = None, usage: Usage = ONE_TITLE, words: str = "") -> None:
    ask = Counter(usage, 1, offered=None if offered is None else usd(offered), words=words)
    counter_booking(story.db, booking=story.booking, by=by, ask=ask, now=NOW)


# negotiation -------------------------------------------------------------------------------------


def test_a_counter_offer_replaces_the_terms_and_the_other_side_answers(db: Session) -> None:
    story = Story(db)
    counter(story, story.imani, 41_400, words="For this I need a coach.")
    booking = story.booking
    assert (booking.state, booking.net_minor, booking.fee_minor, booking.total_minor) == (
        State.COUNTERED, 41_400, 3_312, 44_712,
    )  # fmt: skip
    accept_counter(
        db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, shown_total_minor=44_712, now=NOW
    )
    assert story.booking.state == State.ACCEPTED
    assert story.payment is not None
    assert story.payment.amount_minor == 44_712


def test_both_sides_read_what_each_round_changed(db: Session) -> None:
    story = Story(db)
    counter(story, story.imani, 41_400)
    counter(story, story.mira, 38_000, SERIES, "For the series, then.")
    first, second, third = read_rounds(db, story.id)
    assert (first.changes, first.terms.quote.net) == ((), usd(36_000))
    assert next((d.label, d.before, d.after) for d in second.changes) == (
        "The actor receives",
        usd(36_000),
        usd(41_400),
    )
    assert {d.label for d in third.changes} == {
        "The actor receives", "Marketplace fee", "The platform pays", "Used in and for",
    }  # fmt: skip
    assert (third.party, third.words, story.booking.state) == (Party.PLATFORM, "For the series, then.", "requested")
    assert terms_of(story.booking).usage == SERIES


def test_terms_that_change_nothing_are_no_counter_offer(db: Session) -> None:
    story = Story(db)
    with pytest.raises(Invalid, match="already on the table"):
        counter(story, story.imani)
    assert [one.number for one in read_rounds(db, story.id)] == []
    assert story.booking.state == State.REQUESTED


def test_the_platform_accepts_only_the_total_it_was_shown(db: Session) -> None:
    story = Story(db)
    counter(story, story.imani, 41_400)
    with pytest.raises(PriceChanged):
        accept_counter(
            db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, shown_total_minor=38_880, now=NOW
        )


def test_after_six_rounds_it_is_yes_or_no(db: Session) -> None:
    story = Story(db)
    for number in range(6):
        counter(story, (story.imani, story.mira)[number % 2], 40_000 + 100 * number)
    with pytest.raises(NotReady, match="6 counter-offers"):
        counter(story, story.imani, 50_000)
    assert len(read_rounds(db, story.id)) == 7


def test_a_price_can_be_looked_at_before_it_is_put_forward(db: Session) -> None:
    story = Story(db)
    looked = price_counter(db, story.booking, Counter(SERIES, 2, offered=usd(50_000)), NOW)
    assert (looked.quote.net, looked.take_sets, story.booking.net_minor) == (usd(50_000), 2, 36_000)


def test_an_unanswered_counter_offer_expires(db: Session) -> None:
    story = Story(db)
    counter(story, story.imani, 41_400)
    assert story.booking.deadline_at == NOW + timedelta(hours=72)
    assert advance_due_booking(db, booking_id=story.id, now=NOW + timedelta(hours=72)) == State.EXPIRED


def test_the_actor_takes_one_more_day_and_no_second(db: Session) -> None:
    story = Story(db, starts_at=at(10, 10, month=12))
    before = story.booking.deadline_at
    assert before is not None
    extend_answer(db, booking_id=story.id, actor_id=story.actor_id, by=story.imani, now=NOW)
    assert story.booking.deadline_at == before + timedelta(hours=24)
    with pytest.raises(NotReady):
        extend_answer(db, booking_id=story.id, actor_id=story.actor_id, by=story.imani, now=NOW)


def test_what_a_request_asks_a_yes_for_is_said_and_written_down(db: Session) -> None:
    story = Story(db)
    story.booking.asks_yes = ["9 released beats of high intensity, more than your 6"]
    db.flush()
    with pytest.raises(Invalid, match="Say yes"):
        story.accept()
    accept_booking(db, booking_id=story.id, actor_id=story.actor_id, by=story.imani, says_yes=True, now=NOW)
    assert story.booking.state == State.ACCEPTED
    (event,) = db.scalars(select(BookingEvent).where(BookingEvent.step == "accept"))
    assert "9 released beats" in event.reason


def test_a_suspended_actor_accepts_nothing_new(db: Session) -> None:
    story = Story(db)
    story.actor.suspended_at = NOW
    db.flush()
    with pytest.raises(Forbidden, match="suspended"):
        story.accept()


def test_a_draft_is_nothing_the_actor_can_see(db: Session) -> None:
    story = Story(db)
    story.booking.state = State.DRAFT
    db.flush()
    with pytest.raises(NotFound):
        of_actor(db, story.id, story.actor_id)


# other times -------------------------------------------------------------------------------------


def test_a_new_time_moves_the_booking_when_the_other_side_agrees(db: Session) -> None:
    story = Story(db).confirmed()
    propose_time(db, booking=story.booking, by=story.mira, starts_at=at(30, 13), words="The stage is taken.", now=NOW)
    assert story.booking.state == State.RESCHEDULING
    assert story.booking.starts_at == at(30, 10)
    agree_time(db, booking=story.booking, by=story.imani, shown_starts_at=at(30, 13), now=NOW)
    booking = story.booking
    assert (booking.state, booking.starts_at, booking.ends_at) == (State.CONFIRMED, at(30, 13), at(30, 15))
    assert (booking.busy_from, booking.deadline_at) == (at(30, 13), at(30, 13))
    assert db.scalars(select(TimeProposal.state)).all() == ["agreed"]


def test_nobody_agrees_to_their_own_time_or_to_one_that_was_replaced(db: Session) -> None:
    story = Story(db).confirmed()
    propose_time(db, booking=story.booking, by=story.mira, starts_at=at(30, 13), words="", now=NOW)
    with pytest.raises(Forbidden):
        agree_time(db, booking=story.booking, by=story.mira, now=NOW)
    with pytest.raises(Conflict, match="Another time"):
        agree_time(db, booking=story.booking, by=story.imani, shown_starts_at=at(30, 14), now=NOW)


@pytest.mark.parametrize(("who", "ended"), [("imani", "refused"), ("mira", "withdrawn"), ("clock", "lapsed")])
def test_a_time_nobody_agrees_to_leaves_the_booking_as_it_was(db: Session, who: str, ended: str) -> None:
    story = Story(db).confirmed()
    propose_time(db, booking=story.booking, by=story.mira, starts_at=at(30, 13), words="", now=NOW)
    if who == "clock":
        advance_due_booking(db, booking_id=story.id, now=NOW + timedelta(hours=48))
    else:
        keep_time(db, booking=story.booking, by=getattr(story, who), now=NOW)
    assert (story.booking.state, story.booking.starts_at) == (State.CONFIRMED, at(30, 10))
    assert story.booking.deadline_at == at(30, 10)
    assert db.scalars(select(TimeProposal.state)).all() == [ended]
    assert find_proposal(db, story.id) is None


def test_a_new_time_that_another_booking_took_meanwhile_is_refused_and_nothing_moves(db: Session) -> None:
    story = Story(db).confirmed()
    propose_time(db, booking=story.booking, by=story.mira, starts_at=at(30, 13), words="", now=NOW)
    other = Story.of(db, platform_id=story.platform_id, actor_id=story.actor_id, starts_at=at(30, 14), now=NOW)
    other.accept()
    with pytest.raises(SlotTaken):
        agree_time(db, booking=story.booking, by=story.imani, now=NOW)
    assert (story.booking.state, story.booking.starts_at) == (State.RESCHEDULING, at(30, 10))


def test_a_platform_proposes_only_what_is_free_and_nobody_proposes_the_past(db: Session) -> None:
    story = Story(db).confirmed()
    with pytest.raises(SlotTaken):
        propose_time(db, booking=story.booking, by=story.mira, starts_at=at(30, 20), words="", now=NOW)
    with pytest.raises(Invalid, match="two hours ahead"):
        propose_time(db, booking=story.booking, by=story.imani, starts_at=NOW, words="", now=NOW)
    with pytest.raises(Invalid, match="already booked"):
        propose_time(db, booking=story.booking, by=story.imani, starts_at=at(30, 10), words="", now=NOW)


def test_calling_off_while_a_time_is_discussed_ends_the_proposal_too(db: Session) -> None:
    story = Story(db).confirmed()
    propose_time(db, booking=story.booking, by=story.imani, starts_at=at(30, 13), words="", now=NOW)
    cancel_booking(db, booking=story.booking, by=story.mira, now=NOW)
    assert story.booking.state == State.CANCELLED
    assert db.scalars(select(TimeProposal.state)).all() == ["lapsed"]


# no-shows ----------------------------------------------------------------------------------------

LATER = at(30, 10.5)


def begun(db: Session) -> Story:
    story = Story(db).confirmed()
    story.now = at(30, 10)
    return story.start()


def test_an_actor_who_does_not_answer_a_no_show_is_taken_as_absent(db: Session) -> None:
    story = begun(db)
    claim_no_show(db, booking=story.booking, by=story.mira, words="Nobody came.", now=LATER)
    assert (story.booking.state, story.booking.deadline_at) == (State.NO_SHOW_CLAIMED, LATER + timedelta(hours=24))
    assert settlement_of_no_show(db, story.booking, Party.PLATFORM).refund.minor == story.booking.total_minor
    assert advance_due_booking(db, booking_id=story.id, now=LATER) is None
    assert advance_due_booking(db, booking_id=story.id, now=LATER + timedelta(hours=24)) == State.CANCELLED
    assert advance_due_booking(db, booking_id=story.id, now=LATER + timedelta(hours=25)) is None


def test_a_platform_that_was_not_there_pays_the_actor(db: Session) -> None:
    story = begun(db)
    claim_no_show(db, booking=story.booking, by=story.imani, words="I waited an hour.", now=LATER)
    concede_no_show(db, booking=story.booking, by=story.mira, now=LATER)
    assert story.booking.state == State.COMPLETED
    assert story.payout is not None
    assert story.payout.amount_minor == story.booking.net_minor


def test_a_contested_no_show_is_for_an_admin(db: Session) -> None:
    story = begun(db)
    claim_no_show(db, booking=story.booking, by=story.mira, words="Nobody came.", now=LATER)
    with pytest.raises(Forbidden):
        contest_no_show(db, booking=story.booking, by=story.mira, words="Me again.", now=LATER)
    contest_no_show(db, booking=story.booking, by=story.imani, words="I was in the room from ten.", now=LATER)
    assert story.booking.state == State.DISPUTED
    settle_dispute(db, booking_id=story.id, by=ADMIN, refund_bp=6_000, reason="Both were late.", now=LATER)
    assert story.booking.state == State.COMPLETED
    assert story.payout is not None
    assert story.payout.amount_minor == 14_400


def test_a_report_taken_back_lets_the_session_go_on(db: Session) -> None:
    story = begun(db)
    claim_no_show(db, booking=story.booking, by=story.mira, words="Nobody came.", now=LATER)
    take_back_no_show(db, booking=story.booking, by=story.mira, now=LATER)
    assert (story.booking.state, story.booking.claimed_by) == (State.IN_SESSION, None)


def test_a_report_needs_words(db: Session) -> None:
    with pytest.raises(Invalid, match="Say what happened"):
        claim_no_show(db, booking=(story := begun(db)).booking, by=story.mira, words="  ", now=LATER)


# change orders -----------------------------------------------------------------------------------


def extra_of(story: Story, by: By, *, pickups: int = 0, token: str = "extra-1") -> Booking:
    ask = Extra(token, "One more take set in rain", usd(9_000), pickups)
    extra_id = propose_change_order(story.db, booking=story.booking, by=by, ask=ask, now=NOW)
    return get_extra(story.db, story.booking, extra_id)


def pay_extra(story: Story, extra: Booking) -> None:
    accept_booking(story.db, booking_id=extra.id, actor_id=story.actor_id, by=story.imani, now=NOW)
    other = Story.resume(story.db, extra, NOW)
    other.pay()


def test_a_change_order_is_agreed_and_paid_beside_its_booking_and_holds_no_time(db: Session) -> None:
    story = Story(db).confirmed()
    extra = extra_of(story, story.mira)
    assert (extra.state, extra.net_minor, extra.fee_minor) == (State.REQUESTED, 9_000, 720)
    pay_extra(story, extra)
    assert get_booking(db, extra.id).state == State.CONFIRMED
    assert get_booking(db, extra.id).deadline_at is None
    (line,) = list_change_orders(db, story.id)
    assert (line.number, line.state, line.quote.net) == (1, State.CONFIRMED, usd(9_000))


def test_the_side_that_did_not_propose_agrees(db: Session) -> None:
    story = Story(db).confirmed()
    extra = extra_of(story, story.imani)
    assert extra.state == State.COUNTERED
    accept_counter(
        db, booking_id=extra.id, platform_id=story.platform_id, by=story.mira, shown_total_minor=9_720, now=NOW
    )
    assert get_booking(db, extra.id).state == State.ACCEPTED


def test_a_paid_change_order_adds_its_rounds_of_pickups(db: Session) -> None:
    story = Story(db).confirmed()
    pay_extra(story, extra_of(story, story.mira, pickups=2))
    assert facts_of(db, story.booking).pickups_left == quote_of(story.booking).pickups_included + 2


def test_change_orders_end_with_their_booking_paid_ones_completed_open_ones_dropped(db: Session) -> None:
    story = Story(db).confirmed()
    paid, waiting = extra_of(story, story.mira), extra_of(story, story.mira, token="extra-2")
    pay_extra(story, paid)
    story.start().add_take().selected_at = NOW
    story.deliver()
    accept_delivery(db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, now=NOW)
    assert get_booking(db, paid.id).state == State.COMPLETED
    assert get_booking(db, waiting.id).state == State.WITHDRAWN
    carried = Story.resume(db, get_booking(db, paid.id), NOW)
    assert carried.payout is not None
    assert carried.payout.amount_minor == 9_000


def test_a_split_shares_change_orders_alike_and_a_cancellation_refunds_them(db: Session) -> None:
    split, called_off = Story(db).confirmed(), Story(db).confirmed()
    for number, story in enumerate((split, called_off)):
        pay_extra(story, extra_of(story, story.mira, token=f"extra-{number}"))
    split.start()
    dispute_booking(db, booking=split.booking, by=split.mira, reason="Nothing came.", now=NOW)
    settle_dispute(db, booking_id=split.id, by=ADMIN, refund_bp=5_000, reason="Half the work.", now=NOW)
    (line,) = list_change_orders(db, split.id)
    assert line.state == State.COMPLETED
    payout = Story.resume(db, get_booking(db, line.id), NOW).payout
    assert payout is not None
    assert payout.amount_minor == 4_500
    cancel_booking(db, booking=called_off.booking, by=called_off.mira, now=NOW)
    (line,) = list_change_orders(db, called_off.id)
    assert line.state == State.CANCELLED


def test_the_check_of_the_books_takes_a_change_order_for_no_second_booking_of_its_time(db: Session) -> None:
    story = Story(db).confirmed()
    pay_extra(story, extra_of(story, story.mira))
    (overlaps,) = [check for check in run_checks(db, now=NOW) if check.name == "I12"]
    assert not overlaps.rows


def test_the_check_of_the_books_looks_at_bookings_that_are_being_moved(db: Session) -> None:
    story = Story(db).accept()
    assert story.payment is not None
    confirm_paid_booking(db, booking_id=story.id, now=NOW)
    propose_time(db, booking=story.booking, by=story.mira, starts_at=at(30, 13), words="", now=NOW)
    (told,) = [check for check in run_checks(db, now=NOW) if check.name == "I11"]
    assert told.rows == [f"booking_id {story.id}, state rescheduling, payment opening, why do not go together"]


def test_the_same_form_makes_one_change_order_and_an_unpaid_booking_none(db: Session) -> None:
    story = Story(db)
    with pytest.raises(Conflict, match="between the payment"):
        extra_of(story, story.mira)
    story.confirmed()
    assert extra_of(story, story.mira).id == extra_of(story, story.mira).id
    assert len(list_change_orders(db, story.id)) == 1


def test_a_change_order_of_another_booking_is_not_found(db: Session) -> None:
    story, other = Story(db).confirmed(), Story(db).confirmed()
    with pytest.raises(NotFound):
        get_extra(db, other.booking, extra_of(story, story.mira).id)


def test_an_unpaid_change_order_lapses_alone(db: Session) -> None:
    story = Story(db).confirmed()
    extra = extra_of(story, story.mira)
    accept_booking(db, booking_id=extra.id, actor_id=story.actor_id, by=story.imani, now=NOW)
    assert advance_due_booking(db, booking_id=extra.id, now=NOW + timedelta(hours=24)) == State.LAPSED
    assert story.booking.state == State.CONFIRMED
    assert confirm_paid_booking(db, booking_id=extra.id, now=NOW + timedelta(hours=25)) is False
    withdraw = extra_of(story, story.mira, token="extra-2")
    withdraw_booking(db, booking_id=withdraw.id, platform_id=story.platform_id, by=story.mira, now=NOW)
    assert CLOCK.account_id is None


def test_a_change_order_that_ends_moves_no_pencil_up_for_its_booking_still_holds_the_time(db: Session) -> None:
    story = Story(db)
    behind = Story.of(
        db, platform_id=add_member(db).platform_id, actor_id=story.actor_id, starts_at=story.booking.starts_at, now=NOW
    )
    story.confirmed()
    give_pencil(db, booking_id=behind.id, actor_id=story.actor_id, by=behind.imani, now=NOW)
    extra = extra_of(story, story.mira)
    accept_booking(db, booking_id=extra.id, actor_id=story.actor_id, by=story.imani, now=NOW)
    assert advance_due_booking(db, booking_id=extra.id, now=NOW + timedelta(hours=24)) == State.LAPSED
    assert behind.steps[-1][0] == "pencil"


def test_takes_nobody_selected_are_licensed_when_an_admin_releases_the_money(db: Session) -> None:
    story = Story(db).delivered()
    dispute_booking(db, booking=story.booking, by=story.mira, reason="Not the flavour asked for.", now=story.now)
    settle_dispute(db, booking_id=story.id, by=ADMIN, refund_bp=2_000, reason="As briefed.", now=story.now)
    assert db.scalars(select(Take.selected_at)).all() == [story.now]


def test_a_booking_does_not_move_onto_somebodys_pencil(db: Session) -> None:
    story = Story(db).confirmed()
    propose_time(db, booking=story.booking, by=story.mira, starts_at=at(30, 13), words="", now=NOW)
    other = Story.of(db, platform_id=story.platform_id, actor_id=story.actor_id, starts_at=at(30, 14), now=NOW)
    give_pencil(db, booking_id=other.id, actor_id=other.actor_id, by=other.imani, now=NOW)
    with pytest.raises(NotReady, match="holds a pencil"):
        agree_time(db, booking=story.booking, by=story.imani, now=NOW)
    assert story.booking.state == State.RESCHEDULING


def test_a_change_order_is_not_countered_and_an_unpaid_hold_that_ran_out_strikes_nobody(db: Session) -> None:
    story = Story(db).confirmed()
    extra = extra_of(story, story.mira)
    with pytest.raises(NotReady, match="follows its booking"):
        counter_booking(db, booking=extra, by=story.imani, ask=Counter(ONE_TITLE, 2), now=NOW)
    held = Story(db).accept()
    with pytest.raises(TooLate):
        cancel_booking(db, booking=held.booking, by=held.imani, reason="Ill.", now=NOW + timedelta(days=3))


def test_a_counter_offer_needs_the_yes_that_an_acceptance_would(db: Session) -> None:
    story = Story(db)
    story.booking.asks_yes = ["Slapping: you asked to be asked"]
    db.flush()
    with pytest.raises(Invalid, match="Say yes"):
        counter(story, story.imani, 41_400)
    ask = Counter(ONE_TITLE, 1, offered=usd(41_400), says_yes=True)
    counter_booking(db, booking=story.booking, by=story.imani, ask=ask, now=NOW)
    assert story.booking.state == State.COUNTERED


def test_a_change_order_is_agreed_whoever_pencils_behind_but_not_once_the_booking_is_in_question(db: Session) -> None:
    story = Story(db).confirmed()
    extra = extra_of(story, story.mira)
    other = Story.of(
        db, platform_id=story.platform_id, actor_id=story.actor_id, starts_at=at(30, 10, month=12), now=NOW
    )
    moved, booked = other.booking, story.booking
    with db.no_autoflush:
        moved.starts_at, moved.ends_at = booked.starts_at, booked.ends_at
        moved.busy_from, moved.busy_until = booked.busy_from, booked.busy_until
    db.flush()
    give_pencil(db, booking_id=other.id, actor_id=other.actor_id, by=other.imani, now=NOW)
    check_open(story.booking)
    accept_booking(db, booking_id=extra.id, actor_id=story.actor_id, by=story.imani, now=NOW)
    assert get_booking(db, extra.id).state == State.ACCEPTED
    story.start()
    dispute_booking(db, booking=story.booking, by=story.mira, reason="Nothing came.", now=story.now)
    with pytest.raises(Conflict, match="in question"):
        check_open(story.booking)


def test_a_refund_promised_while_a_new_time_is_discussed_is_the_one_given_or_none(db: Session) -> None:
    story = Story(db).confirmed()
    propose_time(db, booking=story.booking, by=story.mira, starts_at=at(30, 13), words="", now=NOW)
    with pytest.raises(PriceChanged):
        cancel_booking(db, booking=story.booking, by=story.mira, shown_refund_minor=1, now=NOW)


def test_a_report_of_ones_own_taken_back_buys_no_time_to_deliver(db: Session) -> None:
    story = begun(db)
    before = story.booking.deadline_at
    day_six = at(6, 10, month=12)
    claim_no_show(db, booking=story.booking, by=story.imani, words="Nobody was there.", now=day_six)
    take_back_no_show(db, booking=story.booking, by=story.imani, now=day_six + timedelta(hours=20))
    assert story.booking.deadline_at == before


def test_more_time_that_would_be_none_is_not_used_up(db: Session) -> None:
    story = Story(db, starts_at=at(26, 10))
    with pytest.raises(NotReady, match="too near"):
        extend_answer(db, booking_id=story.id, actor_id=story.actor_id, by=story.imani, now=NOW + timedelta(hours=1))
    assert story.booking.extended_at is None


def test_a_draft_that_ended_stays_unknown_to_its_actor(db: Session) -> None:
    story = Story(db)
    story.booking.state = State.DRAFT
    db.flush()
    discard_draft(db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, now=NOW)
    assert story.booking.state == State.WITHDRAWN
    with pytest.raises(NotFound):
        of_actor(db, story.id, story.actor_id)
    assert list_actor_bookings(db, actor_id=story.actor_id, tab=Tab.ALL, page=1).lines == ()
    assert list_open(db, story.actor_id) == []


def test_what_is_promised_before_a_click_holds_for_change_orders_too(db: Session) -> None:
    story = Story(db).confirmed()
    pay_extra(story, extra_of(story, story.mira))
    detail = read_booking(db, story.booking, Party.PLATFORM, NOW)
    assert detail.extras_paid == usd(9_720)
    assert detail.if_cancelled.refund == usd(38_880 + 9_720)
    assert share_of(db, story.booking, 50).actor_keeps == usd(18_000 + 4_500)
    assert settlement_of_no_show(db, story.booking, Party.ACTOR).actor_keeps == usd(36_000 + 9_000)
    with pytest.raises(PriceChanged):
        cancel_booking(db, booking=story.booking, by=story.mira, shown_refund_minor=38_880, now=NOW)
    cancel_booking(db, booking=story.booking, by=story.mira, shown_refund_minor=48_600, now=NOW)
    assert story.booking.state == State.CANCELLED


def test_both_statements_about_a_no_show_are_before_the_admin(db: Session) -> None:
    story = begun(db)
    claim_no_show(db, booking=story.booking, by=story.mira, words="Nobody came.", now=LATER)
    contest_no_show(db, booking=story.booking, by=story.imani, words="I was there from ten.", now=LATER)
    claims = read_case(db, booking_id=story.id, now=LATER).claims
    assert [(claim.party, claim.words) for claim in claims] == [
        (Party.PLATFORM, "Nobody came."),
        (Party.ACTOR, "I was there from ten."),
    ]
