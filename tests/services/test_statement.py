"""Statements say what the ledger says, however its history went and wherever it is cut."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.document import Issuer
from marketplace.domain.ledger import PostingDraft
from marketplace.domain.money import Money
from marketplace.domain.statement import RESULT, Period, Side, Subject, month_of
from marketplace.models import Booking, Posting
from marketplace.services import ledger
from marketplace.services.document import issue_document
from marketplace.services.statement import (
    PAGE_SIZE,
    balance_before,
    currencies_of,
    list_lines,
    read_lines,
    summarise,
    trial_balance,
)
from tests.services.stage import Story, add_actor, add_member, at, request
from tests.statements import counted

NOVEMBER = month_of(date(2026, 11, 1))
FIRST = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 60


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def post(db: Session, draft: PostingDraft, when: datetime) -> None:
    assert ledger.post(db, draft, now=when)


Make = Callable[[Booking, int, random.Random], PostingDraft]


def _split(rng: random.Random, whole: int) -> tuple[int, int, int, int]:
    cuts = sorted(rng.randrange(whole + 1) for _ in range(3))
    return cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], whole - cuts[2]


def _refund_after(booking: Booking, number: int, rng: random.Random) -> PostingDraft:
    funds, fee, payable, receivable = (usd(one) for one in _split(rng, rng.randrange(1, 9_000)))
    return books.refund_after_earning(
        refund_id=f"re_{number}", booking_id=booking.id, actor_id=booking.actor_id, funds_part=funds, fee_part=fee,
        payable_part=payable, receivable_part=receivable,
    )  # fmt: skip


def _lost(booking: Booking, number: int, rng: random.Random) -> PostingDraft:
    funds, fee, payable, receivable = (usd(one) for one in _split(rng, rng.randrange(1, 9_000)))
    return books.dispute_lost(
        dispute_id=f"du_{number}", booking_id=booking.id, actor_id=booking.actor_id, funds_part=funds, fee_part=fee,
        payable_part=payable, receivable_part=receivable, loss_part=usd(7),
    )  # fmt: skip


def _reversed(booking: Booking, number: int, rng: random.Random) -> PostingDraft:
    owed, theirs = usd(rng.randrange(900)), usd(rng.randrange(1, 900))
    return books.transfer_reversed(
        reversal_id=f"trr_{number}", booking_id=booking.id, actor_id=booking.actor_id, receivable_part=owed,
        payable_part=theirs,
    )  # fmt: skip


def _small(rng: random.Random) -> Money:
    return usd(rng.randrange(1, 900))


MAKERS: Sequence[Make] = (
    lambda b, n, r: books.charge_captured(charge_id=f"ch_{n}", booking_id=b.id, amount=usd(r.randrange(1, 90_000))),
    lambda b, n, r: books.stripe_fee(transaction_id=f"txn_{n}", booking_id=b.id, amount=_small(r)),
    lambda b, n, r: books.transfer_made(transfer_id=f"tr_{n}", booking_id=b.id, actor_id=b.actor_id, amount=_small(r)),
    lambda b, n, r: books.refund_before_earning(refund_id=f"rb_{n}", booking_id=b.id, amount=_small(r)),
    lambda b, n, r: books.refund_failed(
        refund_id=f"rf_{n}", booking_id=b.id, platform_id=b.platform_id, amount=_small(r)
    ),
    lambda b, n, r: books.refund_made_again(
        refund_id=f"rg_{n}", booking_id=b.id, platform_id=b.platform_id, amount=_small(r)
    ),
    lambda b, n, r: books.refund_repaid(row_id=n, booking_id=b.id, platform_id=b.platform_id, amount=_small(r)),
    lambda b, n, r: books.dispute_opened(dispute_id=f"do_{n}", booking_id=b.id, amount=_small(r), fee=usd(1_500)),
    lambda b, n, r: books.dispute_won(dispute_id=f"dw_{n}", booking_id=b.id, amount=_small(r)),
    lambda b, n, r: books.receivable_netted(
        command_key=f"k_{n}", booking_id=b.id, actor_id=b.actor_id, amount=_small(r)
    ),
    lambda b, n, r: books.receivable_written_off(case_key=f"w_{n}", actor_id=b.actor_id, amount=_small(r)),
    lambda b, n, r: books.bank_payout_sent(bank_payout_id=f"po_{n}", amount=_small(r)),
    _reversed,
    _refund_after,
    _lost,
)  # fmt: skip


def bookings(db: Session, count: int = 3) -> list[Booking]:
    """Bookings of two platforms with two actors, crosswise."""
    members, actors = [add_member(db, "ReelForge"), add_member(db, "Veloura")], [add_actor(db), add_actor(db, "Kwame")]
    made = [request(db, members[n % 2], actors[n // 2 % 2], at(30, 10) + timedelta(days=n)) for n in range(count)]
    return [db.get_one(Booking, id) for id in made]


def random_history(db: Session, rng: random.Random, length: int = 120) -> list[Booking]:
    """Postings of every kind in any order at any time, many at the same instant and on the edges of days."""
    trade = bookings(db)
    for booking in trade:
        earned = books.payout_earned(
            booking_id=booking.id, actor_id=booking.actor_id, actor_part=usd(36_000), fee_part=usd(2_880)
        )
        post(db, earned, FIRST + timedelta(days=rng.randrange(DAYS)))
    for number in range(length):
        when = FIRST + timedelta(days=rng.randrange(DAYS), seconds=rng.choice([0, 0, 1, 43_200, 86_399]))
        post(db, rng.choice(MAKERS)(rng.choice(trade), number, rng), when)
    return trade


def subjects(trade: Sequence[Booking]) -> list[Subject]:
    actors = {Subject(Side.ACTOR, one.actor_id) for one in trade}
    platforms = {Subject(Side.PLATFORM, one.platform_id) for one in trade}
    return [*actors, *platforms, Subject(Side.MARKETPLACE)]


def cuts(rng: random.Random) -> list[Period]:
    """Periods that follow each other and cover everything."""
    days = sorted(rng.sample(range(1, DAYS), 4))
    edges = [FIRST.date() + timedelta(days=day) for day in (0, *days, DAYS)]
    return [Period(first, following - timedelta(days=1)) for first, following in pairwise(edges)]


def in_the_books(db: Session, subject: Subject, trade: Sequence[Booking]) -> int:
    """The balance that the accounts of a subject have, asked of the ledger itself."""
    if subject.side == Side.MARKETPLACE:
        return ledger.balance_of(db, books.STRIPE, "USD")
    assert subject.id is not None
    if subject.side == Side.ACTOR:
        places = [books.payable_to(subject.id), books.receivable_from(subject.id)]
    else:
        places = [books.funds_of(one.id) for one in trade if one.platform_id == subject.id]
        places.append(books.refund_due_to(subject.id))
    return -sum(ledger.balance_of(db, place, "USD") for place in places)


@pytest.mark.parametrize("seed", range(4))
def test_the_closing_of_one_period_is_the_opening_of_the_next_and_the_last_is_what_the_books_hold(
    db: Session, seed: int
) -> None:
    rng = random.Random(seed)
    trade = random_history(db, rng)
    for subject in subjects(trade):
        sheets = [summarise(db, subject, "USD", period) for period in cuts(rng)]
        assert sheets[0].opening_minor == 0
        assert [one.closing_minor for one in sheets[:-1]] == [one.opening_minor for one in sheets[1:]]
        assert sheets[-1].closing_minor == in_the_books(db, subject, trade)
        whole = summarise(db, subject, "USD", Period(FIRST.date(), FIRST.date() + timedelta(days=DAYS)))
        assert whole.count == sum(one.count for one in sheets)
        assert whole.plus_minor - whole.minus_minor == whole.closing_minor


@pytest.mark.parametrize("seed", range(2))
def test_the_lines_lead_from_the_opening_to_the_closing_balance_page_by_page(db: Session, seed: int) -> None:
    rng = random.Random(seed)
    trade = random_history(db, rng, length=150)
    period = Period(FIRST.date() + timedelta(days=5), FIRST.date() + timedelta(days=50))
    for subject in subjects(trade):
        sheet = summarise(db, subject, "USD", period)
        lines = list(read_lines(db, subject, period, sheet))
        paged = [line for page in range(1, sheet.pages + 1) for line in list_lines(db, subject, period, sheet, page)]
        assert paged == lines
        assert len(lines) == sheet.count
        running = sheet.opening_minor
        for line in lines:
            running += line.effect_minor
            assert line.balance_minor == running
        assert running == sheet.closing_minor
        assert sum(one.aside_minor for one in lines) == sheet.aside_plus_minor - sheet.aside_minus_minor


@pytest.mark.parametrize("seed", range(2))
def test_all_statements_together_are_the_books(db: Session, seed: int) -> None:
    rng = random.Random(seed)
    trade = random_history(db, rng)
    period = Period(FIRST.date(), FIRST.date() + timedelta(days=DAYS))
    held = {one.kind: one for one in trial_balance(db, "USD", period)}
    closing = {subject: summarise(db, subject, "USD", period).closing_minor for subject in subjects(trade)}

    def of(side: Side) -> int:
        return sum(minor for subject, minor in closing.items() if subject.side == side)

    kinds = books.AccountKind
    assert of(Side.ACTOR) == -(held[kinds.ACTOR_PAYABLE].closing_minor + held[kinds.ACTOR_RECEIVABLE].closing_minor)
    assert of(Side.PLATFORM) == -(held[kinds.BOOKING_FUNDS].closing_minor + held[kinds.REFUND_DUE].closing_minor)
    assert of(Side.MARKETPLACE) == held[kinds.STRIPE_BALANCE].closing_minor
    result = summarise(db, Subject(Side.MARKETPLACE), "USD", period)
    assert result.aside_plus_minor - result.aside_minus_minor == -sum(held[kind].closing_minor for kind in RESULT)


def test_the_trial_balance_sums_to_nothing_in_every_column(db: Session) -> None:
    rng = random.Random(1)
    random_history(db, rng)
    for period in cuts(rng):
        rows = trial_balance(db, "USD", period)
        assert sum(one.opening_minor for one in rows) == sum(one.closing_minor for one in rows) == 0
        assert sum(one.debit_minor for one in rows) == sum(one.credit_minor for one in rows)
        assert {one.kind: one.closing_minor for one in rows} == _closing(db, period)


def _closing(db: Session, period: Period) -> dict[books.AccountKind, int]:
    following = trial_balance(db, "USD", Period(period.last + timedelta(days=1), period.last + timedelta(days=1)))
    return {one.kind: one.opening_minor for one in following}


# what one posting means --------------------------------------------------------------------------


def told(db: Session, subject: Subject) -> list[tuple[str, int, int]]:
    sheet = summarise(db, subject, "USD", NOVEMBER)
    return [(one.kind, one.effect_minor, one.aside_minor) for one in list_lines(db, subject, NOVEMBER, sheet, 1)]


def test_a_booking_that_went_well_reads_alike_from_three_sides(db: Session) -> None:
    booking = Story(db).accept().booking
    of = {"booking_id": booking.id, "actor_id": booking.actor_id}
    post(db, books.charge_captured(charge_id="ch_1", booking_id=booking.id, amount=usd(38_880)), FIRST)
    post(db, books.stripe_fee(transaction_id="txn_1", booking_id=booking.id, amount=usd(1_158)), FIRST)
    post(db, books.payout_earned(**of, actor_part=usd(36_000), fee_part=usd(2_880)), FIRST + timedelta(days=1))
    post(db, books.transfer_made(transfer_id="tr_1", **of, amount=usd(36_000)), FIRST + timedelta(days=2))
    assert told(db, Subject(Side.ACTOR, booking.actor_id)) == [("earn", 36_000, 0), ("transfer", -36_000, 0)]
    assert told(db, Subject(Side.PLATFORM, booking.platform_id)) == [("charge", 38_880, 38_880), ("earn", -38_880, 0)]
    assert told(db, Subject(Side.MARKETPLACE)) == [
        ("charge", 38_880, 0), ("fee", -1_158, -1_158), ("earn", 0, 2_880), ("transfer", -36_000, 0),
    ]  # fmt: skip


def test_a_debt_that_is_netted_is_shown_though_it_moves_nothing(db: Session) -> None:
    booking = Story(db).accept().booking
    of = {"booking_id": booking.id, "actor_id": booking.actor_id}
    post(db, books.payout_earned(**of, actor_part=usd(5_000), fee_part=usd(400)), FIRST)
    post(db, books.receivable_netted(command_key="k", **of, amount=usd(700)), FIRST)
    assert told(db, Subject(Side.ACTOR, booking.actor_id)) == [("earn", 5_000, 0), ("net", 0, 700)]


def test_a_dispute_shows_the_platform_what_its_bank_did(db: Session) -> None:
    booking = Story(db).accept().booking
    post(db, books.charge_captured(charge_id="ch_1", booking_id=booking.id, amount=usd(900)), FIRST)
    post(db, books.dispute_opened(dispute_id="du", booking_id=booking.id, amount=usd(900), fee=usd(1_500)), FIRST)
    post(db, books.dispute_won(dispute_id="du", booking_id=booking.id, amount=usd(900)), FIRST)
    lines = told(db, Subject(Side.PLATFORM, booking.platform_id))
    assert lines == [("charge", 900, 900), ("dispute_open", 0, -900), ("dispute_won", 0, 900)]


def test_a_line_leads_to_the_document_of_its_reader_alone(db: Session) -> None:
    booking = Story(db).accept().booking
    post(db, books.charge_captured(charge_id="ch_1", booking_id=booking.id, amount=usd(38_880)), FIRST)
    posting_id = db.scalars(select(Posting.id)).one()
    issue_document(db, posting_id=posting_id, issuer=Issuer("Marquee"), now=FIRST)

    def document(subject: Subject) -> list[str | None]:
        sheet = summarise(db, subject, "USD", NOVEMBER)
        return [one.document for one in list_lines(db, subject, NOVEMBER, sheet, 1)]

    assert document(Subject(Side.PLATFORM, booking.platform_id)) == ["INV-2026-000001"]
    assert document(Subject(Side.MARKETPLACE)) == ["INV-2026-000001"]


def test_currencies_are_never_summed_together(db: Session) -> None:
    one, other, _ = bookings(db)
    post(db, books.charge_captured(charge_id="ch_1", booking_id=one.id, amount=usd(100)), FIRST)
    post(db, books.charge_captured(charge_id="ch_2", booking_id=one.id, amount=Money(70, "EUR")), FIRST)
    post(db, books.charge_captured(charge_id="ch_3", booking_id=other.id, amount=Money(5, "JPY")), FIRST)
    subject = Subject(Side.PLATFORM, one.platform_id)
    assert currencies_of(db, subject) == ["EUR", "USD"]
    assert currencies_of(db, Subject(Side.MARKETPLACE)) == ["EUR", "JPY", "USD"]
    assert summarise(db, subject, "EUR", NOVEMBER).closing_minor == 70
    assert balance_before(db, subject, "USD", NOVEMBER.until) == 100


def test_a_page_of_lines_takes_one_statement_however_many_there_are(db: Session) -> None:
    random_history(db, random.Random(3))
    subject = Subject(Side.MARKETPLACE)
    sheet = summarise(db, subject, "USD", NOVEMBER)
    with counted(db) as asked:
        assert len(list_lines(db, subject, NOVEMBER, sheet, 1)) == PAGE_SIZE
    assert len(asked) == 1
