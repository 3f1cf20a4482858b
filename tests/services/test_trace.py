"""Anything that names money leads to its booking, and that booking's page holds the whole way of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from marketplace.domain.document import Issuer
from marketplace.domain.errors import NotFound
from marketplace.domain.whereabouts import Part
from marketplace.gateways.payment.base import IncomingEvent
from marketplace.models import (
    Account,
    Actor,
    Booking,
    Member,
    Mismatch,
    OutboxCommand,
    Platform,
    Posting,
    Refund,
    StripeEvent,
)
from marketplace.services import payment as payments
from marketplace.services.document import find_undocumented, full_number, issue_document
from marketplace.services.stripe_event import store_event
from marketplace.services.trace import read_trace, read_whereabouts
from marketplace.services.trace_find import NOTHING, Found, find_traced
from marketplace.web.trace_line import Tab, lines_of
from tests.services.money_stage import MoneyStage
from tests.services.stage import Story
from tests.statements import counted

TOTAL, NET, FEE = 38_880, 36_000, 2_880
BACK = 9_720


def whole_life(stage: MoneyStage) -> int:
    """A booking that was paid, transferred and then refunded by a quarter, with its papers; its id."""
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    with stage.tools.unit_of_work() as db:
        payments.refund_booking(db, db.get_one(Booking, booking_id), BACK, "Agreed afterwards.", stage.now)
    stage.work()
    hear(stage)
    with stage.tools.unit_of_work() as db:
        for posting_id in find_undocumented(db):
            issue_document(db, posting_id=posting_id, issuer=Issuer("Marquee"), now=stage.now)
    return booking_id


def hear(stage: MoneyStage) -> None:
    """Every event that Stripe has made arrives and is worked on."""
    with stage.tools.unit_of_work() as db:
        for one in stage.stand.server.sandbox.state.all("event"):
            made_at = datetime.fromtimestamp(one["created"], UTC)
            about = one["data"]["object"]
            heard = IncomingEvent(
                one["id"],
                one["type"],
                one.get("account"),
                about.get("id"),
                about.get("object"),
                None,
                made_at,
                False,
                one,
            )
            store_event(db, heard, now=stage.now)
    stage.work()


def found(stage: MoneyStage, text: str) -> Found:
    with stage.tools.reading() as db:
        return find_traced(db, text)


def test_every_name_that_a_booking_has_leads_to_it(stage: MoneyStage) -> None:
    booking_id = whole_life(stage)
    with stage.tools.reading() as db:
        trace = read_trace(db, booking_id)
        assert trace.payment is not None
        assert trace.payout is not None
        (refund,) = trace.refunds
        names = [
            str(booking_id), f"bk_{booking_id}", f"BK_{booking_id}", f"bk_{booking_id}_ab34cd", f"booking {booking_id}",
            f"po_{trace.payout.id}", f"re_{refund.id}", f"pay_{trace.payment.id}", f"  po_{trace.payout.id} ",
            trace.payment.checkout_session_id, trace.payment.payment_intent_id, trace.payment.charge_id,
            trace.payout.stripe_transfer_id, refund.stripe_refund_id,
            f"https://dashboard.stripe.com/test/payments/{trace.payment.payment_intent_id}?tab=1",
            f"http://localhost:8000/admin/payout/{trace.payout.id}",
            *(one.idempotency_key for one in trace.commands),
            *(one.stripe_id for one in trace.commands if one.stripe_id),
            *(one.id for one in trace.stripe_events),
            *(full_number(one) for one in trace.documents),
            *(row.posting.event_key for row in trace.postings),
            *(row.posting.stripe_id for row in trace.postings if row.posting.stripe_id),
        ]  # fmt: skip
        kinds = {name.partition("_")[0] for name in names if name}
        assert {"cs", "pi", "ch", "tr", "trr", "re", "evt", "txn"} <= kinds
        assert len(trace.documents) == 3
        for name in names:
            assert name
            assert find_traced(db, name).booking_id == booking_id, name


def test_the_parts_of_a_whole_life_sum_to_what_was_charged(stage: MoneyStage) -> None:
    booking_id = whole_life(stage)
    with stage.tools.reading() as db:
        where = read_whereabouts(db, db.get_one(Booking, booking_id))
        trace = read_trace(db, booking_id)
    assert where == trace.whereabouts
    assert where.charged_minor == TOTAL
    assert dict(where.shown) == {Part.SENT: NET - 9_000, Part.FEE: FEE - 720, Part.REFUNDED: BACK}
    assert where.taken_back_minor == 9_000
    assert where.cost_minor > 0


def test_the_timeline_holds_everything_in_order(stage: MoneyStage) -> None:
    booking_id = whole_life(stage)
    with stage.tools.reading() as db:
        lines = lines_of(read_trace(db, booking_id))
        keys = set(db.scalars(select(OutboxCommand.idempotency_key).where(OutboxCommand.about != "actor")))
        events = set(db.scalars(select(StripeEvent.id).where(StripeEvent.object_id.is_not(None))))
        postings = set(db.scalars(select(Posting.event_key).where(Posting.booking_id == booking_id)))
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    codes = {code for line in lines for code in line.codes}
    assert keys | postings <= codes
    assert len(events & codes) >= 4
    sources = {line.source for line in lines}
    assert {
        "Booking",
        "Payment",
        "Payout",
        "Refund",
        "Call to Stripe",
        "Event from Stripe",
        "Books",
        "Document",
    } <= sources
    assert {line.tab for line in lines} == {Tab.STEPS, Tab.MONEY, Tab.STRIPE}
    assert any("after it was made" in line.small for line in lines)


def test_balances_run_along_the_books_of_the_booking(stage: MoneyStage) -> None:
    booking_id = whole_life(stage)
    with stage.tools.reading() as db:
        postings = read_trace(db, booking_id).postings
    last = {entry.account: entry.balance_minor for row in postings for entry in row.entries}
    assert last[f"booking_funds:{booking_id}"] == 0
    assert {key: amount for key, amount in last.items() if amount} == stage.balances()
    assert all(sum(entry.amount_minor for entry in row.entries) == 0 for row in postings)


def test_a_longer_story_takes_no_more_statements(stage: MoneyStage) -> None:
    short, long = stage.accepted(), whole_life(stage)
    with stage.tools.reading() as db, counted(db) as first:
        read_trace(db, short)
    with stage.tools.reading() as db, counted(db) as second:
        read_trace(db, long)
    assert len(second) == len(first) <= 22


def test_no_text_takes_many_statements(stage: MoneyStage) -> None:
    booking_id = whole_life(stage)
    with stage.tools.reading() as db:
        event_id = db.scalars(select(StripeEvent.id)).first()
    for text in ("nobody at all", f"bk_{booking_id}", "ada@example.test", event_id or "", "INV-2026-999999"):
        with stage.tools.reading() as db, counted(db) as sent:
            find_traced(db, text)
        assert len(sent) <= 12, text


def test_a_mail_address_or_a_name_leads_to_the_bookings_of_its_people(stage: MoneyStage) -> None:
    booking_id = whole_life(stage)
    with stage.tools.reading() as db:
        row = db.get_one(Booking, booking_id)
        actor, platform = db.get_one(Actor, row.actor_id), db.get_one(Platform, row.platform_id)
        owner = db.get_one(Account, actor.account_id)
        member = db.get_one(Account, db.scalars(select(Member.account_id).where(Member.id == row.member_id)).one())
    account = stage.account(actor.id)
    texts = [
        owner.email.upper(),
        member.email,
        f"actor {actor.id}",
        f"platform {platform.id}",
        account.stripe_account_id,
    ]
    for text in texts:
        assert text
        assert [one.id for one in found(stage, text).bookings] == [booking_id], text
    names = found(stage, actor.name[:4].lower())
    assert (names.booking_id, [one.name for one in names.people]) == (None, [actor.name])


def test_people_of_one_name_are_offered_to_choose_from(stage: MoneyStage) -> None:
    with stage.tools.unit_of_work() as db:
        Story(db, name="Vera One")
        Story(db, name="Vera Two")
    people = found(stage, "vera").people
    assert [(one.noun, one.name) for one in people] == [("actor", "Vera One"), ("actor", "Vera Two")]
    assert found(stage, "vera").bookings == ()


def test_an_event_about_something_unknown_is_followed_through_what_it_names(stage: MoneyStage) -> None:
    booking_id = whole_life(stage)
    charge_id = stage.payment(booking_id).charge_id
    with stage.tools.unit_of_work() as db:
        db.add(
            StripeEvent(
                id="evt_odd", type="radar.early_fraud_warning.created", object_id="issfr_1", created_at=stage.now,
                payload={"data": {"object": {"id": "issfr_1", "charge": charge_id}}}, received_at=stage.now,
            )
        )  # fmt: skip
    assert found(stage, "evt_odd") == Found(booking_id, "event")


def test_a_mismatch_leads_to_its_booking_and_stands_in_the_timeline(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    with stage.tools.unit_of_work() as db:
        db.add(
            Mismatch(
                key="amount:charge:ch_x", kind="amount", state="open", booking_id=booking_id, event_key="charge:ch_x",
                currency="USD", says="Stripe says $1 less.", first_seen_at=stage.now, last_seen_at=stage.now,
            )
        )  # fmt: skip
    assert found(stage, "amount:charge:ch_x").booking_id == booking_id
    with stage.tools.reading() as db:
        lines = lines_of(read_trace(db, booking_id))
    assert [line.words for line in lines if line.source == "Mismatch"] == ["Stripe says $1 less."]


@pytest.mark.parametrize(
    "text", ["", "   ", "nothing like it", "bk_999999", "9" * 30, "%", "_", "tr_1' OR 1=1", "a\x00b", "x" * 300, "１２"]
)
def test_what_names_nothing_finds_nothing(stage: MoneyStage, text: str) -> None:
    stage.paid()
    assert found(stage, text) == NOTHING


def test_a_booking_that_is_not_there_is_refused(stage: MoneyStage) -> None:
    with stage.tools.reading() as db, pytest.raises(NotFound):
        read_trace(db, 999)


def test_a_refund_of_a_number_is_not_one_of_stripes(stage: MoneyStage) -> None:
    booking_id = whole_life(stage)
    with stage.tools.reading() as db:
        refund = db.scalars(select(Refund)).one()
    assert found(stage, f"re_{refund.id}") == Found(booking_id, "refund")
    assert found(stage, refund.stripe_refund_id or "").booking_id == booking_id


def test_an_open_bank_dispute_and_its_loss_are_followed(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    payment = stage.payment(booking_id)
    dispute_id = stage.stand.control("dispute", charge=payment.charge_id)["id"]
    hear(stage)
    assert found(stage, dispute_id).booking_id == booking_id
    with stage.tools.reading() as db:
        trace = read_trace(db, booking_id)
    assert dict(trace.whereabouts.shown) == {Part.AT_BANK: TOTAL}
    assert {line.words for line in lines_of(trace) if line.source == "Bank dispute"} == {"Opened"}
