"""A year for the tax office: what was earned in it, what was taken back in it, whose and how often."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.models import Actor, ConnectAccount
from marketplace.services import ledger
from marketplace.services.tax_year import TaxLine, read_tax_year
from tests.services.stage import NOW, Story

BEFORE, AFTER = datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def earn(db: Session, when: datetime) -> Story:
    story = Story(db).accept()
    earned = books.payout_earned(
        booking_id=story.id, actor_id=story.actor_id, actor_part=usd(36_000), fee_part=usd(2_880)
    )
    assert ledger.post(db, earned, now=when)
    return story


def test_a_year_holds_what_was_earned_and_taken_back_in_it(db: Session) -> None:
    story = earn(db, NOW)
    db.get_one(Actor, story.actor_id).country = "NG"
    account = ConnectAccount(actor_id=story.actor_id, stripe_account_id="acct_1", state="active", created_at=NOW)
    db.add(account)
    back = books.refund_after_earning(
        refund_id="re_1", booking_id=story.id, actor_id=story.actor_id, funds_part=usd(0), fee_part=usd(80),
        payable_part=usd(400), receivable_part=usd(600),
    )  # fmt: skip
    ledger.post(db, back, now=NOW)
    (line,) = read_tax_year(db, 2026)
    assert line == TaxLine(story.actor_id, "Imani Okafor", "NG", "acct_1", "USD", 1, 36_000, 2_880, 1_000)
    assert line.gross_minor == 38_880


def test_years_begin_and_end_at_midnight_utc(db: Session) -> None:
    earlier, later = earn(db, BEFORE), earn(db, AFTER)
    assert list(read_tax_year(db, 2026)) == []
    assert [one.actor_id for one in read_tax_year(db, 2025)] == [earlier.actor_id]
    assert [one.actor_id for one in read_tax_year(db, 2027)] == [later.actor_id]


def test_a_refund_before_anything_was_earned_is_no_actors(db: Session) -> None:
    story = Story(db).accept()
    ledger.post(db, books.refund_before_earning(refund_id="re_1", booking_id=story.id, amount=usd(100)), now=NOW)
    assert list(read_tax_year(db, 2026)) == []
