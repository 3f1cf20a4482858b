"""The actor's money: made, decided on by people, sent once, read by its owner."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.domain import ledger as books
from marketplace.domain.booking import Party
from marketplace.domain.errors import Conflict, Invalid, Refused
from marketplace.domain.money import Money
from marketplace.domain.payout import Blocked, NotYours, State, WordsMissing
from marketplace.models import Audit, Booking, Notice, Payout, Refund
from marketplace.services import booking as bookings
from marketplace.services import ledger, payout, payout_read
from marketplace.services import payment as payments
from marketplace.services import refund as refunds
from marketplace.services.account import Decider
from marketplace.services.audit import find_breaks
from marketplace.services.booking import advance_due_booking
from marketplace.services.booking_step import By, get_booking
from marketplace.services.ledger_check import run_checks
from marketplace.services.payout_step import Decision
from marketplace.services.reconciliation import count_mismatches
from marketplace.services.refund_list import list_waiting
from tests.services.money_stage import MoneyStage
from tests.services.stage import Story
from workers.tasks.outbox import send_due_payouts

TOTAL, NET, FEE, STRIPES_FEE = 38_880, 36_000, 2_880, 1_158
FOUND = "The takes were found after all."
WHY = "The delivered takes do not match the brief."


def test_a_payout_waits_for_review_with_its_reasons_and_tells_the_actor(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    with stage.tools.unit_of_work() as db:
        payout_id = payout.create_payout(db, db.get_one(Booking, booking_id), stage.now)
        assert payout.create_payout(db, db.get_one(Booking, booking_id), stage.now) is None
    assert payout_id
    row = stage.payout(payout_id)
    assert (row.state, row.amount_minor, row.risk) == (State.REVIEW, NET, 2)
    assert [reason["code"] for reason in row.reasons] == ["account_not_ready", "first_payout"]
    with stage.tools.reading() as db:
        told = db.scalars(select(Notice).where(Notice.kind.startswith("payout."))).one()
        assert told.title == "360.00 USD is being reviewed"


def test_an_approved_payout_is_sent_once_its_time_to_undo_is_over(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    assert stage.approve(payout_id, stage.add_admin()) == State.APPROVED
    send_due_payouts(stage.tools)
    assert stage.payout(payout_id).state == State.APPROVED
    stage.send()
    row = stage.payout(payout_id)
    assert row.state == State.TRANSFERRED
    transfer = stage.stand.gateway.get_transfer(row.stripe_transfer_id or "")
    assert (transfer.amount_minor, transfer.charge_id) == (NET, stage.payment(booking_id).charge_id)
    assert stage.balances() == {
        "stripe_balance": TOTAL - STRIPES_FEE - NET,
        "stripe_fees": STRIPES_FEE,
        "fee_income": -FEE,
    }
    stage.send()
    assert len(stage.stand.calls("POST", "^/v1/transfers$")) == 1
    stage.assert_sound()


# case 12
# case 12
def test_of_two_admins_approving_in_the_same_instant_one_is_told_so(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    admins = [stage.add_admin("Nora"), stage.add_admin("Omar")]
    gate = threading.Barrier(2)
    results: list[object] = []

    def approve(admin: int) -> None:
        gate.wait()
        try:
            results.append(stage.approve(payout_id, admin))
        except Refused as refusal:
            results.append(type(refusal))

    threads = [threading.Thread(target=approve, args=(admin,)) for admin in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=str) == sorted([State.APPROVED, Conflict], key=str)
    stage.send()
    assert len(stage.stand.calls("POST", "^/v1/transfers$")) == 1
    stage.assert_sound()


def test_above_the_limit_two_different_admins_approve(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    nora, omar = stage.add_admin("Nora"), stage.add_admin("Omar")

    def approve(admin: int) -> State:
        with stage.tools.unit_of_work() as db:
            by = Decision(admin, limit_minor=NET - 1)
            return payout.approve_payout(db, payout_id=payout_id, by=by, now=stage.now)

    assert approve(nora) == State.REVIEW
    with pytest.raises(Conflict):
        approve(nora)
    assert approve(omar) == State.APPROVED


def test_an_approval_taken_back_counts_no_more(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    nora = stage.add_admin("Nora")
    stage.approve(payout_id, nora)
    with stage.tools.unit_of_work() as db:
        assert payout.undo_approval(db, payout_id=payout_id, by=Decision(nora), now=stage.now) == State.REVIEW
    stage.send()
    assert stage.payout(payout_id).state == State.REVIEW
    assert stage.approve(payout_id, nora) == State.APPROVED


# case 14
# case 14
def test_nobody_approves_their_own(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    with pytest.raises(NotYours):
        stage.approve(payout_id, stage.owner(stage.payout(payout_id).actor_id))
    assert stage.payout(payout_id).state == State.REVIEW


def test_holding_needs_words_and_the_actor_reads_them(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    nora = stage.add_admin("Nora")
    with stage.tools.unit_of_work() as db, pytest.raises(WordsMissing):
        payout.hold_payout(db, payout_id=payout_id, by=Decision(nora), now=stage.now)
    with stage.tools.unit_of_work() as db:
        payout.hold_payout(db, payout_id=payout_id, by=Decision(nora, WHY), now=stage.now)
    assert (stage.payout(payout_id).state, stage.payout(payout_id).words) == (State.HELD, WHY)
    with stage.tools.reading() as db:
        assert WHY in db.scalars(select(Notice.words).where(Notice.kind.startswith("payout."))).all()
    with stage.tools.unit_of_work() as db:
        assert payout.resume_payout(db, payout_id=payout_id, by=Decision(nora), now=stage.now) == State.REVIEW
        assert payout.reject_payout(db, payout_id=payout_id, by=Decision(nora, WHY), now=stage.now) == State.REJECTED


def test_every_decision_is_in_the_trail_and_the_audit(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    nora = stage.add_admin("Nora")
    with stage.tools.unit_of_work() as db:
        payout.hold_payout(db, payout_id=payout_id, by=Decision(nora, WHY, ip="10.0.0.9"), now=stage.now)
    stage.approve(payout_id, nora)
    stage.send()
    with stage.tools.reading() as db:
        trail = [(event.step, event.party, event.after) for event in payout_read.read_trail(db, payout_id)]
        audited = db.scalars(select(Audit).where(Audit.about == "payout").order_by(Audit.id)).all()
        assert list(find_breaks(db)) == []
    assert trail == [
        ("create", "clock", "review"),
        ("hold", "admin", "held"),
        ("approve", "admin", "approved"),
        ("send", "clock", "sending"),
        ("record_transfer", "clock", "transferred"),
    ]
    assert [row.step for row in audited] == [step for step, _, _ in trail]
    assert (audited[1].principal_id, audited[1].ip, audited[1].reason) == (nora, "10.0.0.9", WHY)


def test_nothing_is_approved_for_an_account_that_cannot_receive(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    with stage.tools.unit_of_work() as db:
        payout_id = payout.create_payout(db, db.get_one(Booking, booking_id), stage.now)
    assert payout_id
    with pytest.raises(Blocked, match="payout account at Stripe is not ready"):
        stage.approve(payout_id, stage.add_admin())


# case 13
# case 13
def test_a_dispute_that_opens_after_the_approval_stops_the_money(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    payment = stage.payment(booking_id)
    stage.stand.control("dispute", charge=payment.charge_id)
    stage.sync(payment.checkout_session_id or "")
    stage.send()
    assert stage.payout(payout_id).state == State.HELD
    assert "disputes the payment" in stage.payout(payout_id).words
    assert stage.stand.calls("POST", "^/v1/transfers$") == []
    stage.assert_sound()


def test_a_shared_booking_pays_the_actor_their_part_after_the_refund(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    booking = stage.booking(booking_id)
    stage.onboard(booking.actor_id)
    with stage.tools.unit_of_work() as db:
        row = db.get_one(Booking, booking_id)
        payments.refund_booking(db, row, TOTAL // 2, "Half the takes.", stage.now)
        payout_id = payout.create_payout(db, row, stage.now, amount_minor=NET // 2)
    assert payout_id
    admin = stage.add_admin()
    with pytest.raises(Blocked, match="refund of this booking"):
        stage.approve(payout_id, admin)
    stage.work()
    stage.approve(payout_id, admin)
    stage.send()
    assert stage.payout(payout_id).state == State.TRANSFERRED
    assert stage.balances() == {
        "stripe_balance": TOTAL - STRIPES_FEE - TOTAL // 2 - NET // 2,
        "stripe_fees": STRIPES_FEE,
        "fee_income": -FEE // 2,
    }
    stage.assert_sound()


def sent(stage: MoneyStage) -> tuple[int, int]:
    """A payout that the actor has: (booking, payout)."""
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    assert stage.payout(payout_id).state == State.TRANSFERRED
    return booking_id, payout_id


def refund(stage: MoneyStage, booking_id: int, amount: int) -> Refund:
    with stage.tools.unit_of_work() as db:
        made = payments.refund_booking(db, db.get_one(Booking, booking_id), amount, "Agreed afterwards.", stage.now)
    stage.work()
    with stage.tools.reading() as db:
        return db.get_one(Refund, made)


def test_a_refund_after_the_transfer_takes_the_actors_share_back_first(stage: MoneyStage) -> None:
    booking_id, payout_id = sent(stage)
    assert refund(stage, booking_id, 10_000).state == "succeeded"
    paid_out = stage.payout(payout_id)
    assert (paid_out.state, paid_out.reversed_minor) == (State.PARTLY_REVERSED, 9_259)
    assert stage.balances() == {
        "stripe_balance": TOTAL - STRIPES_FEE - NET - 10_000 + 9_259,
        "stripe_fees": STRIPES_FEE,
        "fee_income": -(FEE - 741),
    }
    with pytest.raises(payments.RefundTooLarge):
        refund(stage, booking_id, TOTAL - 10_000 + 1)
    stage.assert_sound()


def test_when_the_actor_no_longer_has_it_the_refund_is_made_and_the_next_payout_is_netted(stage: MoneyStage) -> None:
    booking_id, payout_id = sent(stage)
    actor_id = stage.payout(payout_id).actor_id
    at_stripe = stage.account(actor_id).stripe_account_id
    stage.later(timedelta(days=3))
    stage.stand.control("bank-payout", account=at_stripe, amount=NET)
    assert refund(stage, booking_id, 10_000).state == "succeeded"
    assert stage.payout(payout_id).state == State.TRANSFERRED
    assert stage.balances()[f"actor_receivable:{actor_id}"] == 9_259
    with stage.tools.reading() as db:
        (earnings,) = payout_read.earnings_of(db, actor_id, now=stage.now)
    assert (earnings.sent_minor, earnings.owed_back_minor) == (NET, 9_259)

    second = stage.paid()
    with stage.tools.unit_of_work() as db:
        row = db.get_one(Booking, second)
        row.actor_id = actor_id
        db.flush()
        next_payout = payout.create_payout(db, row, stage.now)
    assert next_payout
    stage.approve(next_payout, stage.add_admin("Omar"))
    stage.send()
    row2 = stage.payout(next_payout)
    assert (row2.state, row2.netted_minor) == (State.TRANSFERRED, 9_259)
    assert stage.stand.gateway.get_transfer(row2.stripe_transfer_id or "").amount_minor == NET - 9_259
    assert f"actor_receivable:{actor_id}" not in stage.balances()
    stage.assert_sound()


def test_an_actor_sees_where_each_cent_is(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    actor_id = stage.booking(booking_id).actor_id
    with stage.tools.reading() as db:
        (booked,) = payout_read.earnings_of(db, actor_id, now=stage.now)
    assert (booked.currency, booked.booked_minor, booked.review_minor) == ("USD", NET, 0)
    stage.onboard(actor_id)
    with stage.tools.unit_of_work() as db:
        row = db.get_one(Booking, booking_id)
        row.state = "completed"
        payout_id = payout.create_payout(db, row, stage.now)
    assert payout_id
    with stage.tools.reading() as db:
        (review,) = payout_read.earnings_of(db, actor_id, now=stage.now)
    assert (review.booked_minor, review.review_minor) == (0, NET)
    stage.approve(payout_id, stage.add_admin())
    with stage.tools.reading() as db:
        assert payout_read.earnings_of(db, actor_id, now=stage.now)[0].leaving_minor == NET


def test_the_whole_life_of_a_booking_ends_with_the_actor_paid(stage: MoneyStage) -> None:
    starts_at = (stage.now + timedelta(days=7)).replace(hour=10, minute=0, second=0, microsecond=0)
    with stage.tools.unit_of_work() as db:
        story = Story(db, starts_at=starts_at, now=stage.now).accept()
        booking_id, actor_id = story.id, story.actor_id
    stage.work()
    stage.sync(stage.pay(booking_id))
    stage.onboard(actor_id)
    with stage.tools.unit_of_work() as db:
        story.db, story.now = db, stage.now
        story.actor = get_booking(db, booking_id).actor
        story.sign().start().deliver()
        deadline = story.booking.deadline_at
    assert deadline
    stage.later(deadline - stage.now + timedelta(minutes=1))
    with stage.tools.unit_of_work() as db:
        advance_due_booking(db, booking_id=booking_id, now=stage.now)
    with stage.tools.reading() as db:
        made = db.scalars(select(Payout).where(Payout.booking_id == booking_id)).one()
    assert "accepted_by_clock" in {reason["code"] for reason in made.reasons}
    stage.approve(made.id, stage.add_admin())
    stage.send()
    assert stage.payout(made.id).state == State.TRANSFERRED
    assert stage.booking(booking_id).state == "completed"
    assert By(Party.CLOCK).account_id is None
    stage.assert_sound()


def half_cancelled(stage: MoneyStage, spoil: Callable[[int], None]) -> int:
    """A paid booking that the platform calls off a day before, with half back, after something was spoilt; its id."""
    booking_id = stage.paid()
    stage.onboard(stage.booking(booking_id).actor_id)
    stage.later(stage.booking(booking_id).starts_at - stage.now - timedelta(hours=24))
    spoil(booking_id)
    with stage.tools.unit_of_work() as db:
        bookings.cancel_booking(db, booking=get_booking(db, booking_id), by=By(Party.PLATFORM), now=stage.now)
    stage.work()
    return booking_id


def payout_of(stage: MoneyStage, booking_id: int) -> int:
    with stage.tools.reading() as db:
        found = payout.find_payout(db, booking_id)
    assert found is not None
    return found.id


def refund_of(stage: MoneyStage, booking_id: int) -> Refund:
    with stage.tools.reading() as db:
        return db.scalars(select(Refund).where(Refund.booking_id == booking_id)).one()


HALF_SHARED = {
    "stripe_balance": TOTAL // 2 - STRIPES_FEE - NET // 2,
    "stripe_fees": STRIPES_FEE,
    "fee_income": -FEE // 2,
}


def test_a_refund_agreed_while_the_bank_disputes_is_owed_and_made_when_the_dispute_is_won(stage: MoneyStage) -> None:
    opened: list[str] = []

    def dispute(booking_id: int) -> None:
        payment = stage.payment(booking_id)
        opened.append(stage.stand.control("dispute", charge=payment.charge_id)["id"])
        stage.sync(payment.checkout_session_id or "")

    stage.add_admin("Omar")
    booking_id = half_cancelled(stage, dispute)
    assert (refund_of(stage, booking_id).state, refund_of(stage, booking_id).amount_minor) == ("owed", TOTAL // 2)
    payout_id, nora = payout_of(stage, booking_id), stage.add_admin()
    with pytest.raises(Blocked):
        stage.approve(payout_id, nora)
    stage.stand.control(f"dispute/{opened[0]}/won")
    stage.sync(stage.payment(booking_id).checkout_session_id or "")
    assert refund_of(stage, booking_id).state == "succeeded"
    stage.approve(payout_id, nora)
    stage.send()
    assert stage.payout(payout_id).state == State.TRANSFERRED
    assert stage.balances() == {
        **HALF_SHARED,
        "stripe_balance": HALF_SHARED["stripe_balance"] - 1_500,
        "dispute_fees": 1_500,
    }
    stage.assert_sound()


def test_a_lost_dispute_leaves_no_refund_owed(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    payment = stage.payment(booking_id)
    opened = stage.stand.control("dispute", charge=payment.charge_id)
    stage.sync(payment.checkout_session_id or "")
    with stage.tools.unit_of_work() as db:
        payments.refund_rest(db, db.get_one(Booking, booking_id), "The session fell through.", stage.now)
    stage.stand.control(f"dispute/{opened['id']}/lost")
    stage.sync(payment.checkout_session_id or "")
    assert refund_of(stage, booking_id).state == "dropped"
    assert stage.stand.calls("POST", "^/v1/refunds$") == []
    stage.assert_sound()


def test_a_refund_that_stripe_refuses_blocks_the_payout_until_an_admin_has_it_tried_again(stage: MoneyStage) -> None:
    nora = stage.add_admin()

    def spoil(_: int) -> None:
        stage.stand.fault("status", "^/v1/refunds$", status=400, code="charge_already_refunded", times=1)

    booking_id = half_cancelled(stage, spoil)
    refused = refund_of(stage, booking_id)
    assert refused.state == "refused"
    payout_id = payout_of(stage, booking_id)
    with pytest.raises(Blocked, match="Stripe refused the refund"):
        stage.approve(payout_id, nora)
    with stage.tools.reading() as db:
        (row,) = list_waiting(db)
        assert (row.refund.id, bool(row.error)) == (refused.id, True)
        told = db.scalars(select(Notice).where(Notice.title == "Stripe refused a refund")).one()
        assert told.path == "/admin/refund"
    with stage.tools.unit_of_work() as db, pytest.raises(Conflict, match="still holds this money"):
        refunds.drop_refund(db, refund_id=refused.id, by=Decider(nora), words="Repaid by bank transfer.", now=stage.now)
    with stage.tools.unit_of_work() as db:
        refunds.retry_refund(db, refund_id=refused.id, by=Decider(nora), now=stage.now)
    stage.work()
    assert refund_of(stage, booking_id).state == "succeeded"
    with stage.tools.unit_of_work() as db, pytest.raises(Conflict, match="waits no more"):
        refunds.retry_refund(db, refund_id=refused.id, by=Decider(nora), now=stage.now)
    stage.approve(payout_id, nora)
    stage.send()
    assert stage.balances() == HALF_SHARED
    keys = [call["key"].rpartition(":")[2] for call in stage.stand.calls("POST", "^/v1/refunds$")]
    assert keys == ["v1", "v2"]
    stage.assert_sound()


def test_a_refund_made_by_hand_in_the_meantime_can_be_dropped_with_words(stage: MoneyStage) -> None:
    nora = stage.add_admin()

    def spoil(_: int) -> None:
        stage.stand.fault("status", "^/v1/refunds$", status=400, code="charge_already_refunded", times=1)

    booking_id = half_cancelled(stage, spoil)
    stage.stand.refund_by_hand(stage.payment(booking_id).charge_id or "", TOTAL // 2)
    stage.sync(stage.payment(booking_id).checkout_session_id or "")
    with stage.tools.reading() as db:
        (row,) = list_waiting(db)
    by = Decider(nora, ip="10.0.0.9")
    with stage.tools.unit_of_work() as db, pytest.raises(Invalid):
        refunds.drop_refund(db, refund_id=row.refund.id, by=by, words="done", now=stage.now)
    with stage.tools.unit_of_work() as db:
        refunds.drop_refund(db, refund_id=row.refund.id, by=by, words="Made in Stripe's own pages.", now=stage.now)
    stage.approve(payout_of(stage, booking_id), nora)
    stage.send()
    assert stage.balances() == HALF_SHARED
    with stage.tools.reading() as db:
        audited = db.scalars(select(Audit).where(Audit.about == "refund")).one()
    assert (audited.step, audited.principal_id, audited.reason) == ("drop", nora, "Made in Stripe's own pages.")
    stage.assert_sound()


def test_no_more_than_the_agreed_fee_is_ever_earned_and_the_check_finds_what_is_left(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    stage.onboard(stage.booking(booking_id).actor_id)
    with stage.tools.unit_of_work() as db:
        row = db.get_one(Booking, booking_id)
        row.state, row.deadline_at = "completed", None
        payout_id = payout.create_payout(db, row, stage.now, amount_minor=NET // 2, fee_minor=FEE // 2)
    assert payout_id
    assert broken(stage) == []
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    assert stage.balances()["fee_income"] == -FEE // 2
    assert stage.balances()[f"booking_funds:{booking_id}"] == -TOTAL // 2
    assert broken(stage) == ["I18"]
    rest = books.draft(
        "earn:too_much",
        "earn",
        [(books.funds_of(booking_id), Money(TOTAL // 2, "USD"))],
        [(books.FEES, Money(TOTAL // 2, "USD"))],
        booking_id=booking_id,
    )
    with stage.tools.unit_of_work() as db:
        ledger.post(db, rest, now=stage.now)
    assert broken(stage) == ["I17"]


def broken(stage: MoneyStage) -> list[str]:
    """The names of the checks that find something."""
    with stage.tools.reading() as db:
        return [check.name for check in run_checks(db, now=stage.now) if check.rows]


def test_a_refund_after_the_money_was_earned_takes_what_nobody_earned_first(stage: MoneyStage) -> None:
    booking_id, _ = shared_and_sent(stage)
    assert refund(stage, booking_id, TOTAL // 2).state == "succeeded"
    assert stage.stand.calls("POST", "reversals$") == []
    assert stage.balances() == HALF_SHARED
    stage.assert_sound()


def shared_and_sent(stage: MoneyStage) -> tuple[int, int]:
    """Half of a booking's money was sent and half is still there: (booking, payout)."""
    booking_id = stage.paid()
    stage.onboard(stage.booking(booking_id).actor_id)
    with stage.tools.unit_of_work() as db:
        row = db.get_one(Booking, booking_id)
        payout_id = payout.create_payout(db, row, stage.now, amount_minor=NET // 2, fee_minor=FEE // 2)
    assert payout_id
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    return booking_id, payout_id


def rejected(stage: MoneyStage, admin: int) -> tuple[int, int]:
    """A payout that an admin has rejected: (booking, payout)."""
    booking_id, payout_id = stage.earned()
    with stage.tools.unit_of_work() as db:
        payout.reject_payout(db, payout_id=payout_id, by=Decision(admin, WHY), now=stage.now)
        db.get_one(Booking, booking_id).state = "completed"
    return booking_id, payout_id


def test_a_rejected_payout_is_reviewed_again_with_words_and_can_still_be_paid(stage: MoneyStage) -> None:
    nora = stage.add_admin()
    _, payout_id = rejected(stage, nora)
    with stage.tools.unit_of_work() as db, pytest.raises(WordsMissing):
        payout.resume_payout(db, payout_id=payout_id, by=Decision(nora), now=stage.now)
    with stage.tools.unit_of_work() as db:
        payout.resume_payout(
            db, payout_id=payout_id, by=Decision(nora, "The takes were found after all."), now=stage.now
        )
    with stage.tools.reading() as db:
        assert FOUND in db.scalars(select(Notice.words)).all()
    stage.approve(payout_id, nora)
    stage.send()
    assert stage.payout(payout_id).state == State.TRANSFERRED


def test_a_second_admin_sends_a_rejected_payouts_money_back_to_the_platform(stage: MoneyStage) -> None:
    nora, omar = stage.add_admin("Nora"), stage.add_admin("Omar")
    booking_id, payout_id = rejected(stage, nora)
    with stage.tools.unit_of_work() as db, pytest.raises(Conflict):
        payout.give_back(db, payout_id=payout_id, by=Decision(nora, WHY), now=stage.now)
    with stage.tools.unit_of_work() as db:
        assert payout.give_back(db, payout_id=payout_id, by=Decision(omar, WHY), now=stage.now) == State.RETURNED
    stage.work()
    assert stage.payment(booking_id).state == "refunded"
    assert stage.balances() == {"stripe_balance": -STRIPES_FEE, "stripe_fees": STRIPES_FEE}
    with stage.tools.unit_of_work() as db, pytest.raises(Conflict):
        payout.resume_payout(db, payout_id=payout_id, by=Decision(omar, WHY), now=stage.now)


def test_books_that_differ_from_what_stripe_said_are_a_grave_reason(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    with stage.tools.unit_of_work() as db:
        row = db.get_one(Booking, booking_id)
        assert count_mismatches(db, booking_id) == 0
        payments.get_payment(db, stage.payment(booking_id).id).refunded_minor = 500
        db.flush()
        assert count_mismatches(db, booking_id) == 1
        payout_id = payout.create_payout(db, row, stage.now)
    assert payout_id
    found = {reason["code"]: (reason["level"], reason["words"]) for reason in stage.payout(payout_id).reasons}
    assert found["mismatch"] == (2, "Our books and Stripe's differ in 1 place.")
