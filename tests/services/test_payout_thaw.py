"""Payouts that the clock holds for what passes by itself: reviewed again when it has."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from marketplace.models import ConnectAccount, Mismatch, Notice
from marketplace.services import mismatch
from marketplace.services.account import Decider
from marketplace.services.payout import ask_actor
from marketplace.services.payout_step import Decision
from tests.services.money_stage import MoneyStage
from tests.services.test_reconciliation import book_wrong_refund, run
from tests.services.test_undo import decide, dispute
from workers.tasks.outbox import send_due_payouts
from workers.tasks.payout import resume_due_holds


def test_a_payout_that_only_a_difference_has_frozen_comes_back_into_review_when_that_is_settled(
    stage: MoneyStage,
) -> None:
    (first, thaws), (second, stays) = stage.earned(), stage.earned()
    admin_id = stage.add_admin()
    stage.approve(thaws, admin_id)
    for booking_id in (first, second):
        book_wrong_refund(stage, booking_id)
    run(stage)
    with stage.tools.unit_of_work() as db:
        by = Decision(admin_id, "Which account is this for?")
        ask_actor(db, payout_id=stays, by=by, now=stage.now)  # a person holds it now
    resume_due_holds(stage.tools)
    assert stage.payout(thaws).state == "held"  # they differ still
    with stage.tools.unit_of_work() as db:
        for row in db.scalars(select(Mismatch)).all():
            by_hand = Decider(admin_id)
            mismatch.settle_by_hand(db, mismatch_id=row.id, by=by_hand, words="The bank kept it.", now=stage.now)
    resume_due_holds(stage.tools)
    back = stage.payout(thaws)
    assert (back.state, back.approvals, stage.payout(stays).state) == ("review", 0, "held")
    with stage.tools.reading() as db:
        told = db.scalars(select(Notice).where(Notice.kind == "payout.resumed")).one()
    assert told.words == "Our books and Stripe's agree about this booking again."


def test_a_frozen_payout_that_something_else_blocks_stays_held(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    book_wrong_refund(stage, booking_id)
    run(stage)
    by, actor_id = Decider(stage.add_admin()), stage.payout(payout_id).actor_id
    with stage.tools.unit_of_work() as db:
        row = db.scalars(select(Mismatch)).one()
        mismatch.settle_by_hand(db, mismatch_id=row.id, by=by, words="The bank kept it.", now=stage.now)
        db.execute(update(ConnectAccount).where(ConnectAccount.actor_id == actor_id).values(state="restricted"))
    resume_due_holds(stage.tools)
    assert stage.payout(payout_id).state == "held"


def test_a_payout_held_for_a_dispute_comes_back_into_review_when_the_bank_gives_in(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    ident = dispute(stage, booking_id)
    resume_due_holds(stage.tools)
    assert stage.payout(payout_id).state == "held"
    decide(stage, booking_id, ident, "won")
    resume_due_holds(stage.tools)
    back = stage.payout(payout_id)
    assert (back.state, back.approvals) == ("review", 0)
    stage.assert_sound()


def test_a_payout_held_for_a_restricted_account_comes_back_when_stripe_lets_it_receive(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    actor_id = stage.payout(payout_id).actor_id
    for standing, state in (("restricted", "held"), ("active", "review")):
        with stage.tools.unit_of_work() as db:
            db.execute(update(ConnectAccount).where(ConnectAccount.actor_id == actor_id).values(state=standing))
        stage.send()
        resume_due_holds(stage.tools)
        assert stage.payout(payout_id).state == state
    with stage.tools.reading() as db:
        told = db.scalars(select(Notice).where(Notice.kind == "payout.resumed")).one()
    assert told.words == "What it was held for is over."


def test_a_transfer_withdrawn_for_a_dispute_comes_back_into_review_when_the_bank_gives_in(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.later(timedelta(minutes=11))
    send_due_payouts(stage.tools)
    stage.queue.clear()  # no worker has come to it yet
    ident = dispute(stage, booking_id)
    for outcome, state in ((None, "held"), ("won", "review")):
        if outcome:
            decide(stage, booking_id, ident, outcome)
        resume_due_holds(stage.tools)
        assert stage.payout(payout_id).state == state
    stage.assert_sound()
