"""Every charge, refund and payout has its paper: numbered without a gap, once, and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.domain import ledger as books
from marketplace.domain.document import Issuer, Kind, series_of
from marketplace.domain.money import Money
from marketplace.models import Actor, Booking, Document, DocumentSeries, Payout, Platform, Posting
from marketplace.services import ledger
from marketplace.services import payment as payments
from marketplace.services.document import find_undocumented, full_number, issue_document
from tests.race import race
from tests.services.money_stage import MoneyStage
from tests.services.stage import NOW, Story
from workers.schedule import TIMETABLE
from workers.tasks.document import issue_documents, issue_forgotten_documents

ISSUER = Issuer("Marquee Ltd", "1 Stage Street, London", "GB 123")
TOTAL, NET, FEE = 38_880, 36_000, 2_880


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def papers(stage: MoneyStage) -> Sequence[Document]:
    """Issue what is wanted, as the timetable does; every document there is, in the order of issue."""
    issue_documents(stage.tools)
    with stage.tools.reading() as db:
        return db.scalars(select(Document).order_by(Document.id)).all()


def numbers(documents: Sequence[Document]) -> list[str]:
    return [full_number(one).replace(str(one.issued_at.year), "Y") for one in documents]


def refund(stage: MoneyStage, booking_id: int, amount: int) -> None:
    with stage.tools.unit_of_work() as db:
        payments.refund_booking(db, db.get_one(Booking, booking_id), amount, "Agreed by both sides.", stage.now)
    stage.work()
    checkout_id = stage.payment(booking_id).checkout_session_id
    assert checkout_id
    stage.sync(checkout_id)


def test_a_payment_gets_an_invoice_of_what_was_charged(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    (invoice,) = papers(stage)
    booking, payment = stage.booking(booking_id), stage.payment(booking_id)
    assert (invoice.kind, numbers([invoice]), invoice.amount_minor) == (Kind.INVOICE, ["INV-Y-000001"], TOTAL)
    assert (invoice.platform_id, invoice.actor_id, invoice.booking_id) == (booking.platform_id, None, booking_id)
    facts = invoice.facts
    assert (facts["subtotal_minor"], facts["fee_minor"], facts["total_minor"]) == (NET, FEE, TOTAL)
    assert sum(line["amount_minor"] for line in facts["lines"]) == NET
    assert facts["to"] == {"name": "ReelForge", "attention": "Mira Castell", "place": "", "country": ""}
    assert facts["issuer"]["name"] == "Marquee"
    assert (facts["booking"]["minutes"], facts["booking"]["flavours"]) == (120, 1)
    assert (facts["booking"]["project"], facts["booking"]["actor"]) == ("Heiress", "Imani Okafor")
    assert facts["references"] == {"charge": payment.charge_id, "payment": payment.payment_intent_id}


def test_a_refund_gets_a_credit_note_that_names_the_invoice(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    refund(stage, booking_id, 10_000)
    invoice, note = papers(stage)
    assert numbers([invoice, note]) == ["INV-Y-000001", "CRN-Y-000001"]
    assert (note.amount_minor, note.facts["original"]["number"]) == (10_000, full_number(invoice))
    assert note.facts["subtotal_minor"] + note.facts["fee_minor"] == 10_000


def test_a_transfer_gets_a_payout_statement(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    _, paper = papers(stage)
    booking, payout = stage.booking(booking_id), stage.payout(payout_id)
    assert (paper.kind, numbers([paper]), paper.amount_minor) == (Kind.PAYOUT, ["PAY-Y-000001"], NET)
    assert (paper.platform_id, paper.actor_id) == (None, booking.actor_id)
    assert paper.facts["references"]["transfer"] == payout.stripe_transfer_id
    assert (paper.facts["to"]["name"], paper.facts["to"]["country"]) == ("Imani Okafor", "GB")
    assert paper.facts["debts"] == []


# case 26
def test_a_refund_that_comes_back_gets_a_correction_and_changes_no_paper(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    refund(stage, booking_id, 10_000)
    before = [(one.id, one.facts) for one in papers(stage)]
    (refund_id,) = _refunds(stage)
    stage.stand.control(f"refund/{refund_id}/fail")
    checkout_id = stage.payment(booking_id).checkout_session_id
    assert checkout_id
    stage.sync(checkout_id)
    documents = papers(stage)
    assert [(one.id, one.facts) for one in documents[:2]] == before
    correction = documents[2]
    assert (correction.kind, numbers([correction])) == (Kind.CORRECTION, ["COR-Y-000001"])
    assert correction.facts["original"]["number"] == full_number(documents[1])
    assert correction.amount_minor == 10_000


def _refunds(stage: MoneyStage) -> list[str]:
    with stage.tools.reading() as db:
        found = db.scalars(select(Posting.stripe_id).where(Posting.kind == "refund")).all()
    return [one for one in found if one]


# what postings alone can show --------------------------------------------------------------------


def charged(db: Session, *, after: Booking | None = None) -> Booking:
    """A booking whose charge is in the books; of the same people as an earlier one, a day later."""
    if after is None:
        story = Story(db)
    else:
        starts_at = after.starts_at + timedelta(days=1)
        story = Story.of(db, platform_id=after.platform_id, actor_id=after.actor_id, starts_at=starts_at, now=NOW)
    booking = story.accept().booking
    amount = usd(booking.total_minor)
    ledger.post(db, books.charge_captured(charge_id=f"ch_{booking.id}", booking_id=booking.id, amount=amount), now=NOW)
    return booking


def issue(db: Session, posting_id: int, now: datetime = NOW) -> Document | None:
    made = issue_document(db, posting_id=posting_id, issuer=ISSUER, now=now)
    return None if made is None else db.get_one(Document, made)


def posting_of(db: Session, event_key: str) -> int:
    return db.scalars(select(Posting.id).where(Posting.event_key == event_key)).one()


def test_a_posting_has_one_document_however_often_it_is_asked_for(db: Session) -> None:
    booking = charged(db)
    posting_id = posting_of(db, f"charge:ch_{booking.id}")
    assert issue(db, posting_id) is not None
    assert issue(db, posting_id) is None
    assert db.scalars(select(DocumentSeries.last_number)).all() == [1]
    assert posting_id not in find_undocumented(db)


def test_a_credit_note_waits_for_no_sweep_to_have_its_invoice_first(db: Session) -> None:
    booking = charged(db)
    back = books.refund_before_earning(refund_id="re_1", booking_id=booking.id, amount=usd(1_000))
    ledger.post(db, back, now=NOW)
    note = issue(db, posting_of(db, "refund:re_1"))
    assert note is not None
    assert note.facts["original"]["number"] == "INV-2026-000001"


def test_each_year_begins_a_series(db: Session) -> None:
    first, second = charged(db), charged(db)
    old = issue(db, posting_of(db, f"charge:ch_{first.id}"), datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    new = issue(db, posting_of(db, f"charge:ch_{second.id}"), datetime(2027, 1, 1, tzinfo=UTC))
    assert old is not None
    assert new is not None
    assert (full_number(old), full_number(new)) == ("INV-2026-000001", "INV-2027-000001")
    assert series_of(Kind.PAYOUT, NOW) == "PAY-2026"


def test_a_number_that_is_rolled_back_is_given_to_the_next(db: Session) -> None:
    booking = charged(db)
    posting_id = posting_of(db, f"charge:ch_{booking.id}")
    with db.begin_nested() as savepoint:
        assert issue(db, posting_id) is not None
        savepoint.rollback()
    document = issue(db, posting_id)
    assert document is not None
    assert document.number == 1


def test_what_was_issued_can_neither_be_changed_nor_deleted(db: Session) -> None:
    booking = charged(db)
    issue(db, posting_of(db, f"charge:ch_{booking.id}"))
    for statement in (update(Document).values(amount_minor=1), delete(Document)):
        with pytest.raises(DBAPIError, match="append"), db.begin_nested():
            db.execute(statement)


def test_a_document_keeps_the_names_that_were_true_when_it_was_issued(db: Session) -> None:
    booking = charged(db)
    document = issue(db, posting_of(db, f"charge:ch_{booking.id}"))
    assert document is not None
    db.get_one(Platform, booking.platform_id).name = "Renamed"
    db.get_one(Actor, booking.actor_id).name = "Renamed"
    db.flush()
    db.expire(document)
    assert (document.facts["to"]["name"], document.facts["booking"]["actor"]) == ("ReelForge", "Imani Okafor")
    assert document.facts["issuer"] == {
        "name": "Marquee Ltd",
        "address": "1 Stage Street, London",
        "tax_number": "GB 123",
    }


def test_a_charge_of_another_amount_than_agreed_is_invoiced_as_it_was_charged(db: Session) -> None:
    booking = Story(db).accept().booking
    ledger.post(db, books.charge_captured(charge_id="ch_x", booking_id=booking.id, amount=usd(500)), now=NOW)
    document = issue(db, posting_of(db, "charge:ch_x"))
    assert document is not None
    assert (document.amount_minor, document.facts["subtotal_minor"], document.facts["fee_minor"]) == (500, 500, 0)


def _payout(db: Session, booking: Booking, **values: Any) -> None:
    row = Payout(
        booking_id=booking.id, actor_id=booking.actor_id, currency="USD", review_due_at=NOW, created_at=NOW,
        updated_at=NOW, **values,
    )  # fmt: skip
    db.add(row)
    db.flush()


def _debt(db: Session, booking: Booking, event: str, amount: int) -> None:
    """The actor owes: their part of a refund after they were paid."""
    after = books.refund_after_earning(
        refund_id=event, booking_id=booking.id, actor_id=booking.actor_id, funds_part=usd(0), fee_part=usd(0),
        payable_part=usd(0), receivable_part=usd(amount),
    )  # fmt: skip
    ledger.post(db, after, now=NOW)


def _net(db: Session, booking: Booking, key: str, amount: int) -> None:
    netted = books.receivable_netted(
        command_key=key, booking_id=booking.id, actor_id=booking.actor_id, amount=usd(amount)
    )
    ledger.post(db, netted, now=NOW)


# case 25
def test_a_payout_that_debts_took_whole_has_a_statement_that_names_them(db: Session) -> None:
    old = charged(db)
    new = charged(db, after=old)
    _debt(db, old, "re_a", 20_000)
    _debt(db, old, "re_b", 30_000)
    _payout(db, new, state="transferred", amount_minor=NET, netted_minor=NET)
    _net(db, new, "k1", NET)
    posting_id = posting_of(db, "net:k1")
    assert posting_id in find_undocumented(db)
    paper = issue(db, posting_id)
    assert paper is not None
    assert (paper.kind, paper.amount_minor) == (Kind.PAYOUT, 0)
    assert [(one["booking_id"], one["amount_minor"]) for one in paper.facts["debts"]] == [
        (old.id, 20_000),
        (old.id, 16_000),
    ]
    assert [line["amount_minor"] for line in paper.facts["lines"]] == [NET, -20_000, -16_000]


def test_a_debt_that_took_a_part_stands_on_the_statement_of_the_transfer(db: Session) -> None:
    old = charged(db)
    new = charged(db, after=old)
    _debt(db, old, "re_a", 6_000)
    _payout(db, new, state="transferred", amount_minor=NET, netted_minor=6_000, stripe_transfer_id="tr_1")
    _net(db, new, "k1", 6_000)
    made = books.transfer_made(transfer_id="tr_1", booking_id=new.id, actor_id=new.actor_id, amount=usd(NET - 6_000))
    ledger.post(db, made, now=NOW)
    assert posting_of(db, "net:k1") not in find_undocumented(db)
    paper = issue(db, posting_of(db, "transfer:tr_1"))
    assert paper is not None
    assert paper.amount_minor == NET - 6_000
    assert [line["amount_minor"] for line in paper.facts["lines"]] == [NET, -6_000]


def test_only_a_platforms_or_an_actors_own_postings_are_issued_when_they_look(db: Session) -> None:
    one, other = charged(db), charged(db)
    assert find_undocumented(db, platform_id=one.platform_id) == [posting_of(db, f"charge:ch_{one.id}")]
    assert find_undocumented(db, actor_id=other.actor_id) == []


# racing ------------------------------------------------------------------------------------------


def no_jobs(_job: object, _ids: object) -> None:
    """Nothing is sent to the workers."""


def issue_in_a_race(database: Database, posting_id: int) -> None:
    """One worker issues one document."""
    with database.unit_of_work(no_jobs) as db:
        issue_document(db, posting_id=posting_id, issuer=ISSUER, now=NOW)


def test_workers_that_race_lose_and_double_no_number(database: Database, database_url: str) -> None:
    with database.unit_of_work(no_jobs) as db:
        postings = [posting_of(db, f"charge:ch_{charged(db).id}") for _ in range(12)]
    # each posting is taken by three of the four, in different orders
    pieces = [postings, postings[::-1], postings[6:] + postings[:6], postings[:6]]
    raced = race(database_url, issue_in_a_race, pieces)
    assert raced.refusals == []
    with database.reading() as db:
        rows = db.execute(select(Document.number, Document.posting_id)).all()
        assert db.scalars(select(DocumentSeries.last_number)).all() == [12]
    assert sorted(number for number, _ in rows) == list(range(1, 13))
    assert sorted(posting_id for _, posting_id in rows) == sorted(postings)


# the timetable -----------------------------------------------------------------------------------


def test_the_timetable_issues_documents_each_minute_and_what_was_forgotten_each_day() -> None:
    assert {row.name: row.every.total_seconds() for row in TIMETABLE if row.name.startswith("document.")} == {
        "document.issue": 60, "document.issue_forgotten": 86_400,
    }  # fmt: skip


def test_what_is_too_old_for_the_frequent_sweep_is_found_by_the_daily_one(stage: MoneyStage) -> None:
    with stage.tools.unit_of_work() as db:
        charged(db)  # long ago: the stage's clock runs later than that of these postings
        issue(db, posting_of(db, f"charge:ch_{charged(db).id}"), datetime(2027, 6, 1, tzinfo=UTC))
    issue_documents(stage.tools)
    with stage.tools.reading() as db:
        assert len(find_undocumented(db)) == 1
    issue_forgotten_documents(stage.tools)
    with stage.tools.reading() as db:
        assert find_undocumented(db) == []
