"""An actor's statement and the sums above it say the same of every payout."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.domain.payout import TRANSFER_TAKES, State
from marketplace.models import Payout
from marketplace.services.earning import StatementLine, list_statement
from marketplace.services.payout_read import Earnings, earnings_of
from marketplace.web.status import STATUS
from tests.services.stage import NOW, Story

TILES = {
    "In review": "review_minor",
    "On hold": "held_minor",
    "On its way": "leaving_minor",
    "Sent": "sent_minor",
    "Taken back": "sent_minor",
    "Partly taken back": "sent_minor",
}


def read(db: Session, state: State, **values: object) -> tuple[Earnings, StatementLine]:
    """The sums and the one line of an actor whose payout is in `state`."""
    story = Story(db)
    payout = Payout(
        booking_id=story.id, actor_id=story.actor_id, state=state, currency="USD", amount_minor=36_000,
        review_due_at=NOW, created_at=NOW, updated_at=NOW, words="The bank account changed.", **values,
    )  # fmt: skip
    story.accept().pay()
    db.add(payout)
    db.flush()
    (line,) = list_statement(db, story.actor_id, now=NOW)
    found = next(one for one in earnings_of(db, story.actor_id, now=NOW) if one.currency == "USD")
    return found, line


@pytest.mark.parametrize("state", [one for one in State if one not in (State.REJECTED, State.RETURNED)])
@pytest.mark.parametrize("days_ago", [1, 5])
def test_a_payout_counts_in_the_tile_that_its_line_names(db: Session, state: State, days_ago: int) -> None:
    moved = state in (State.TRANSFERRED, State.REVERSED, State.PARTLY_REVERSED)
    sums, line = read(db, state, transferred_at=NOW - timedelta(days=days_ago) if moved else None)
    words = STATUS["earning"][line.payout or ""].words
    assert {tile: getattr(sums, tile) for tile in set(TILES.values())} == {
        tile: 36_000 if tile == TILES[words] else 0 for tile in set(TILES.values())
    }


def test_a_transfer_is_on_its_way_while_banks_need_and_then_sent(db: Session) -> None:
    sent_at = NOW - TRANSFER_TAKES + timedelta(hours=1)
    _, line = read(db, State.TRANSFERRED, transferred_at=sent_at)
    assert (line.payout, line.expected_on) == ("transferred", NOW.date())
    db.execute(update(Payout).values(transferred_at=NOW - TRANSFER_TAKES))
    (later,) = list_statement(db, db.scalars(select(Payout.actor_id)).one(), now=NOW)
    assert (later.payout, later.expected_on) == ("settled", None)


@pytest.mark.parametrize(("state", "words"), [(State.HELD, "The bank account changed."), (State.APPROVED, "")])
def test_words_of_an_earlier_hold_are_gone_once_it_is_over(db: Session, state: State, words: str) -> None:
    assert read(db, state)[1].words == words
