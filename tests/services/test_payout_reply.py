"""Payouts that wait for the actor: questions and answers, appeals, holds with a day, and how long all that takes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.domain.errors import Conflict, Forbidden, NotFound
from marketplace.domain.payout import REVIEW_WITHIN, Blocked, NotLow, State, WordsMissing
from marketplace.models import Audit, Flag, Mismatch, Notice, Payout
from marketplace.services import payout, payout_pace, payout_queue, payout_reply, payout_story
from marketplace.services.payout_step import Decision, get_payout, hold_by_clock
from tests.services.money_stage import MoneyStage
from workers.tasks.payout import resume_due_holds

QUESTION = "Which of your two names is on the account?"
ANSWER = "The second one, it is my married name."
WHY = "The delivered takes do not match the brief."


def ask(stage: MoneyStage, payout_id: int, admin: int, days: int | None = None) -> State:
    until = stage.now + timedelta(days=days) if days else None
    with stage.tools.unit_of_work() as db:
        return payout.ask_actor(db, payout_id=payout_id, by=Decision(admin, QUESTION, until=until), now=stage.now)


def hold(stage: MoneyStage, payout_id: int, admin: int, days: int | None = None) -> State:
    until = stage.now + timedelta(days=days) if days else None
    with stage.tools.unit_of_work() as db:
        return payout.hold_payout(db, payout_id=payout_id, by=Decision(admin, WHY, until=until), now=stage.now)


def answer(stage: MoneyStage, payout_id: int, words: str = ANSWER) -> State:
    actor_id = stage.payout(payout_id).actor_id
    by = Decision(stage.owner(actor_id), words)
    with stage.tools.unit_of_work() as db:
        return payout_reply.answer_question(db, payout_id=payout_id, actor_id=actor_id, by=by, now=stage.now)


def appeal(stage: MoneyStage, payout_id: int, words: str = ANSWER) -> State:
    actor_id = stage.payout(payout_id).actor_id
    by = Decision(stage.owner(actor_id), words)
    with stage.tools.unit_of_work() as db:
        return payout_reply.appeal(db, payout_id=payout_id, actor_id=actor_id, by=by, now=stage.now)


def test_a_question_is_told_and_its_answer_brings_the_payout_back_with_a_mark(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    nora = stage.add_admin()
    assert ask(stage, payout_id, nora) == State.HELD
    with stage.tools.reading() as db:
        told = db.scalars(select(Notice).where(Notice.kind == "payout.asked")).one()
        assert (told.words, told.path) == (QUESTION, f"/actor/payout/{payout_id}")
    with pytest.raises(WordsMissing):
        answer(stage, payout_id, "yes")
    with pytest.raises(Conflict, match="answer it"):
        appeal(stage, payout_id)
    stage.later(timedelta(days=5))
    assert answer(stage, payout_id) == State.REVIEW
    row = stage.payout(payout_id)
    assert row.asked_at is not None
    assert row.review_due_at == row.updated_at + REVIEW_WITHIN
    with pytest.raises(Conflict):
        answer(stage, payout_id)
    with stage.tools.reading() as db:
        detail = payout_queue.read_detail(db, payout_id=payout_id, by=Decision(nora), now=stage.now)
        assert detail.said is not None
        assert detail.said.reason == ANSWER
        steps = db.scalars(select(Audit.step).where(Audit.about == "payout").order_by(Audit.id)).all()
    assert steps == ["create", "ask", "answer"]
    assert stage.approve(payout_id, nora) == State.APPROVED


def test_nobody_answers_or_appeals_for_another_actor(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    ask(stage, payout_id, stage.add_admin())
    own = stage.payout(payout_id).actor_id
    with stage.tools.unit_of_work() as db, pytest.raises(NotFound):
        payout_reply.answer_question(db, payout_id=payout_id, actor_id=own + 1, by=Decision(1, ANSWER), now=stage.now)
    with stage.tools.unit_of_work() as db, pytest.raises(Forbidden):
        payout_reply.answer_question(
            db, payout_id=payout_id, actor_id=own, by=Decision(stage.add_admin("Omar"), ANSWER), now=stage.now
        )
    with stage.tools.reading() as db, pytest.raises(NotFound):
        payout_story.read_story(db, payout_id=payout_id, actor_id=own + 1, by=Decision(1), now=stage.now)


def test_an_appeal_is_answered_by_another_admin_who_may_hold_it_again_and_that_may_be_appealed(
    stage: MoneyStage,
) -> None:
    _, payout_id = stage.earned()
    nora = stage.add_admin("Nora")
    hold(stage, payout_id, nora)
    assert appeal(stage, payout_id) == State.REVIEW
    with pytest.raises(Conflict):
        appeal(stage, payout_id)
    with pytest.raises(Conflict, match="create-admin"):
        stage.approve(payout_id, nora)
    omar = stage.add_admin("Omar")
    with pytest.raises(Conflict, match="another admin has to decide now"):
        stage.approve(payout_id, nora)
    assert hold(stage, payout_id, omar) == State.HELD
    assert stage.payout(payout_id).appealed_at is None
    assert appeal(stage, payout_id) == State.REVIEW
    with pytest.raises(Conflict):
        stage.approve(payout_id, omar)
    assert stage.approve(payout_id, nora) == State.APPROVED
    with stage.tools.unit_of_work() as db:
        payout.undo_approval(db, payout_id=payout_id, by=Decision(nora), now=stage.now)
    with pytest.raises(Conflict):
        stage.approve(payout_id, omar)  # the appeal is open again
    stage.approve(payout_id, nora)
    stage.send()
    assert stage.payout(payout_id).state == State.TRANSFERRED
    stage.assert_sound()


def test_an_appeal_outlives_a_hold_of_the_clock(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    nora, omar = stage.add_admin("Nora"), stage.add_admin("Omar")
    hold(stage, payout_id, nora)
    appeal(stage, payout_id)
    with stage.tools.unit_of_work() as db:
        hold_by_clock(db, get_payout(db, payout_id, lock=True), "The platform’s bank disputes the payment.", stage.now)
    with pytest.raises(Conflict, match="another admin has to decide now"):
        stage.approve(payout_id, nora)
    with stage.tools.unit_of_work() as db:
        payout.resume_payout(db, payout_id=payout_id, by=Decision(nora), now=stage.now)
    with pytest.raises(Conflict, match="another admin has to decide now"):
        stage.approve(payout_id, nora)
    assert stage.approve(payout_id, omar) == State.APPROVED


def test_a_rejection_can_be_appealed_and_comes_first_in_the_queue(stage: MoneyStage) -> None:
    nora = stage.add_admin()
    (_, first), (_, second) = stage.earned(), stage.earned()
    with stage.tools.unit_of_work() as db:
        payout.reject_payout(db, payout_id=second, by=Decision(nora, WHY), now=stage.now)
    appeal(stage, second)
    for order in payout_queue.ORDERS:
        with stage.tools.reading() as db:
            rows = payout_queue.list_rows(db, tab="review", order=order, limit_minor=200_000, now=stage.now)
        assert [row.payout.id for row in rows] == [second, first]


def test_a_hold_comes_back_into_review_on_its_day_and_the_actor_hears_of_it(stage: MoneyStage) -> None:
    nora = stage.add_admin()
    (_, held), (_, asked), (_, open_end) = stage.earned(), stage.earned(), stage.earned()
    hold(stage, held, nora, days=4)
    ask(stage, asked, nora, days=4)
    hold(stage, open_end, nora)
    resume_due_holds(stage.tools)
    assert {stage.payout(each).state for each in (held, asked, open_end)} == {State.HELD}
    stage.later(timedelta(days=4, minutes=1))
    resume_due_holds(stage.tools)
    resume_due_holds(stage.tools)
    assert [stage.payout(each).state for each in (held, asked, open_end)] == [State.REVIEW, State.REVIEW, State.HELD]
    assert (stage.payout(asked).asked_at, stage.payout(held).held_until) == (None, None)
    with stage.tools.reading() as db:
        told = db.scalars(select(Notice.words).where(Notice.kind == "payout.resumed").order_by(Notice.id)).all()
    assert told == ["The day to look at it again has come.", "The question has not been answered."]


def test_the_actor_reads_who_stopped_it_why_until_when_and_what_to_do(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    nora = stage.add_admin("Nora Lind")
    hold(stage, payout_id, nora, days=4)
    row = stage.payout(payout_id)
    by = Decision(stage.owner(row.actor_id))
    with stage.tools.reading() as db:
        story = payout_story.read_story(db, payout_id=payout_id, actor_id=row.actor_id, by=by, now=stage.now)
    assert story.stop is not None
    assert (story.stop.who, story.stop.did, story.stop.words) == ("Nora, an admin,", "put it on hold", WHY)
    assert (story.can_answer, story.can_appeal, story.since) == (False, True, story.stop.at)
    assert row.held_until is not None
    assert row.expected_on == (row.held_until + timedelta(days=5)).date()
    assert "second look" in story.todo
    assert [reason["code"] for reason in story.reasons] == ["first_payout", "new_bank"]
    assert [(step.who, step.did.split()[0]) for step in story.steps] == [("Marquee", "put"), ("Nora, an admin,", "put")]


def test_reasons_are_looked_at_again_when_it_comes_back_and_what_was_recorded_stays(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    nora = stage.add_admin()
    created = stage.payout(payout_id).reasons
    ask(stage, payout_id, nora)
    mismatch = Mismatch(
        key="refund:re_1", kind="missing_here", state="open", booking_id=booking_id, event_key="refund:re_1",
        currency="USD", says="Stripe has moved what we have not booked", first_seen_at=stage.now,
        last_seen_at=stage.now,
    )  # fmt: skip
    with stage.tools.unit_of_work() as db:
        db.add(mismatch)
    answer(stage, payout_id)
    row = stage.payout(payout_id)
    assert ([each["code"] for each in row.reasons], row.risk) == (["mismatch", "first_payout", "new_bank"], 2)
    assert row.reasons[1:] == created
    assert row.reasons[0]["evidence"] == [["mismatch", 1]]
    with stage.tools.unit_of_work() as db:
        db.get_one(Mismatch, 1).state = "settled"
    hold(stage, payout_id, nora)
    row = stage.payout(payout_id)
    assert ("gone_at" in row.reasons[0], row.risk) == (True, 1)


def test_an_open_difference_between_the_books_keeps_money_from_leaving(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    mismatch = Mismatch(
        key="refund:re_1", kind="missing_here", state="open", booking_id=booking_id, event_key="refund:re_1",
        currency="USD", says="Stripe has moved what we have not booked", first_seen_at=stage.now,
        last_seen_at=stage.now,
    )  # fmt: skip
    with stage.tools.unit_of_work() as db:
        db.add(mismatch)
    with pytest.raises(Blocked, match="differ about this booking"):
        stage.approve(payout_id, stage.add_admin())


def test_only_a_payout_that_nothing_speaks_against_goes_with_others(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    nora = stage.add_admin()

    def together(limit_minor: int = 200_000) -> State:
        with stage.tools.unit_of_work() as db:
            by = Decision(nora, limit_minor=limit_minor)
            return payout.approve_low_risk(db, payout_id=payout_id, by=by, now=stage.now)

    with pytest.raises(NotLow, match="first payout"):
        together()
    actor_id = stage.payout(payout_id).actor_id
    _, earlier = stage.earned()
    with stage.tools.unit_of_work() as db:
        row = db.get_one(Payout, earlier)
        row.actor_id, row.state, row.transferred_at = actor_id, State.TRANSFERRED, stage.now
    with pytest.raises(NotLow, match="two admins"):
        together(limit_minor=1)
    with stage.tools.unit_of_work() as db:
        flag = Flag(kind="follower_spike", actor_id=actor_id, words="Followers jumped.", opened_at=stage.now)
        db.add(flag)
    with pytest.raises(NotLow, match="payout account was set up"):
        together()
    stage.later(timedelta(days=15))
    assert together() == State.APPROVED


def test_the_middle_and_the_slowest_tenth_of_reviews_and_holds_are_published(stage: MoneyStage) -> None:
    nora = stage.add_admin()
    with stage.tools.reading() as db:
        assert payout_pace.read_pace(db, State.HELD, now=stage.now) == payout_pace.Pace(0, None, None)
    payouts = [stage.earned()[1] for _ in range(3)]
    for payout_id in payouts:
        hold(stage, payout_id, nora)
    for payout_id in payouts:
        stage.later(timedelta(hours=10))
        with stage.tools.unit_of_work() as db:
            payout.resume_payout(db, payout_id=payout_id, by=Decision(nora), now=stage.now)
    with stage.tools.reading() as db:
        pace = payout_pace.read_pace(db, State.HELD, now=stage.now)
        later = payout_pace.read_pace(db, State.HELD, now=stage.now + timedelta(days=29, hours=19))
    assert pace.count == 3
    assert pace.median is not None
    assert pace.ninetieth is not None
    assert (round(pace.median / timedelta(hours=1)), round(pace.ninetieth / timedelta(hours=1))) == (20, 30)
    assert later.count == 1
