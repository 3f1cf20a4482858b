"""What an actor owes and will not pay: proposed by one admin, decided by another, booked once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.domain import ledger as books
from marketplace.domain.errors import Conflict, Invalid, Refused
from marketplace.domain.money import Money
from marketplace.domain.payout import NotYours
from marketplace.domain.write_off import State
from marketplace.models import Audit, Booking, Notice, WriteOff
from marketplace.services import ledger, payout, write_off
from marketplace.services import payment as payments
from marketplace.services.account import Decider
from tests.services.money_stage import MoneyStage

WHY = "The actor has left and cannot be reached."
OWED = 9_259


def indebted(stage: MoneyStage, admin: int | None = None) -> int:
    """An actor who was paid out before a part was refunded; their id."""
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, admin or stage.add_admin("Pia"))
    stage.send()
    actor_id = stage.payout(payout_id).actor_id
    stage.later(timedelta(days=3))
    stage.stand.control("bank-payout", account=stage.account(actor_id).stripe_account_id, amount=36_000)
    with stage.tools.unit_of_work() as db:
        payments.refund_booking(db, db.get_one(Booking, booking_id), 10_000, "Agreed afterwards.", stage.now)
    stage.work()
    return actor_id


def propose(stage: MoneyStage, actor_id: int, admin: int, minor: int = OWED, words: str = WHY) -> int:
    with stage.tools.unit_of_work() as db:
        return write_off.propose_write_off(
            db, actor_id=actor_id, amount=Money(minor, "USD"), by=Decider(admin, "10.0.0.9"), words=words, now=stage.now
        )


def decide(stage: MoneyStage, write_off_id: int, admin: int, after: State = State.MADE, words: str = WHY) -> None:
    with stage.tools.unit_of_work() as db:
        by = Decider(admin, "10.0.0.9")
        write_off.decide_write_off(db, write_off_id=write_off_id, after=after, by=by, words=words, now=stage.now)


def test_a_debt_is_listed_with_its_age_and_its_story(stage: MoneyStage) -> None:
    actor_id = indebted(stage)
    with stage.tools.reading() as db:
        (debt,) = write_off.list_debts(db)
    assert (debt.actor.id, debt.owed_minor, debt.in_full, debt.is_proposed) == (actor_id, OWED, "92.59", False)
    (line,) = debt.story
    assert (line.kind, line.amount_minor, line.owed_minor, debt.since) == ("refund", OWED, OWED, line.at)


def test_a_second_admin_gives_a_debt_up_and_the_books_show_the_loss(stage: MoneyStage) -> None:
    nora, omar, actor_id = stage.add_admin("Nora"), stage.add_admin("Omar"), indebted(stage)
    number = propose(stage, actor_id, nora)
    with stage.tools.reading() as db:
        assert write_off.list_debts(db)[0].is_proposed
    assert stage.balances()[f"actor_receivable:{actor_id}"] == OWED
    decide(stage, number, omar)
    assert f"actor_receivable:{actor_id}" not in stage.balances()
    assert stage.balances()["losses"] == OWED
    with stage.tools.reading() as db:
        assert write_off.list_debts(db) == []
        (row,) = write_off.list_write_offs(db, is_open=False)
        assert (row.write_off.state, row.proposer, row.decider) == (State.MADE, "Nora", "Omar")
        audited = db.scalars(select(Audit).where(Audit.about == "write_off").order_by(Audit.id)).all()
        assert [(each.step, each.principal_id, each.ip) for each in audited] == [
            ("propose", nora, "10.0.0.9"),
            ("make", omar, "10.0.0.9"),
        ]
        assert db.scalars(select(Notice.title).where(Notice.kind == "payout.written_off")).one().startswith("92.59 USD")
    with pytest.raises(Conflict):
        decide(stage, number, omar)
    stage.assert_sound()


def test_nobody_decides_on_their_own_proposal_or_their_own_debt(stage: MoneyStage) -> None:
    nora, actor_id = stage.add_admin("Nora"), indebted(stage)
    number = propose(stage, actor_id, nora)
    with pytest.raises(Conflict, match="another admin"):
        decide(stage, number, nora)
    with pytest.raises(NotYours):
        decide(stage, number, stage.owner(actor_id))
    with pytest.raises(NotYours):
        propose(stage, actor_id, stage.owner(actor_id))
    assert stage.balances()[f"actor_receivable:{actor_id}"] == OWED


def test_where_there_is_only_one_admin_it_is_said(stage: MoneyStage) -> None:
    pia = stage.add_admin("Pia")
    actor_id = indebted(stage, pia)
    with pytest.raises(Conflict, match="create-admin"):
        decide(stage, propose(stage, actor_id, pia), pia)


def test_words_are_needed_and_no_more_is_given_up_than_is_owed(stage: MoneyStage) -> None:
    nora, omar, actor_id = stage.add_admin("Nora"), stage.add_admin("Omar"), indebted(stage)
    for minor, words in ((OWED, "gone"), (OWED + 1, WHY), (0, WHY), (-5, WHY)):
        with pytest.raises(Invalid):
            propose(stage, actor_id, nora, minor, words)
    number = propose(stage, actor_id, nora)
    with pytest.raises(Conflict, match="proposed already"):
        propose(stage, actor_id, omar, 100)
    with pytest.raises(Invalid):
        decide(stage, number, omar, words="ok")


def test_what_has_been_paid_back_since_is_not_given_up_as_well(stage: MoneyStage) -> None:
    nora, omar, actor_id = stage.add_admin("Nora"), stage.add_admin("Omar"), indebted(stage)
    number = propose(stage, actor_id, nora)
    netted = books.draft(
        "net:by_hand",
        "net",
        [(books.LOSSES, Money(100, "USD"))],
        [(books.receivable_from(actor_id), Money(100, "USD"))],
    )
    with stage.tools.unit_of_work() as db:
        ledger.post(db, netted, now=stage.now)
    with pytest.raises(Invalid, match=r"91\.59"):
        decide(stage, number, omar)
    decide(stage, number, omar, State.REFUSED)
    assert stage.balances()[f"actor_receivable:{actor_id}"] == OWED - 100
    with stage.tools.reading() as db:
        assert db.get_one(WriteOff, number).state == State.REFUSED


def test_a_debt_given_up_and_taken_off_a_payout_in_the_same_instant_is_gone_once(stage: MoneyStage) -> None:
    nora, omar, actor_id = stage.add_admin("Nora"), stage.add_admin("Omar"), indebted(stage)
    number = propose(stage, actor_id, nora)
    booking_id = stage.paid()
    with stage.tools.unit_of_work() as db:
        row = db.get_one(Booking, booking_id)
        row.actor_id = actor_id
        db.flush()
        payout_id = payout.create_payout(db, row, stage.now)
    assert payout_id
    stage.approve(payout_id, nora)
    gate, refused = threading.Barrier(2), []

    def give_up() -> None:
        gate.wait()
        try:
            decide(stage, number, omar)
        except Refused as refusal:
            refused.append(refusal)

    def send() -> None:
        gate.wait()
        stage.send()

    threads = [threading.Thread(target=each) for each in (give_up, send)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    netted = stage.payout(payout_id).netted_minor
    assert netted == (OWED if refused else 0)
    assert f"actor_receivable:{actor_id}" not in stage.balances()
    stage.assert_sound()
