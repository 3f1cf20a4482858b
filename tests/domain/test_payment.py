"""A payment's state follows from what is read at Stripe, in whatever order it is read."""

from __future__ import annotations

from itertools import permutations

import pytest

from marketplace.domain.payment import MOVES, WORDS, Reading, State, can_move, is_paid, state_of

PAID = Reading("complete", is_paid=True, captured_minor=500)


@pytest.mark.parametrize(
    ("reading", "state"),
    [
        (Reading("open", is_paid=False), State.CHECKOUT_OPEN),
        (Reading("expired", is_paid=False), State.EXPIRED),
        (Reading("complete", is_paid=False), State.PROCESSING),
        (Reading("complete", is_paid=False, has_saved_card=True), State.CARD_SAVED),
        (PAID, State.CAPTURED),
        (Reading("complete", is_paid=True, captured_minor=500, refunded_minor=1), State.PARTLY_REFUNDED),
        (Reading("complete", is_paid=True, captured_minor=500, refunded_minor=500), State.REFUNDED),
        (Reading("complete", is_paid=True, captured_minor=500, has_open_dispute=True), State.DISPUTED),
        (Reading("complete", is_paid=True, captured_minor=500, has_lost_dispute=True), State.LOST),
    ],
)
def test_a_reading_says_the_state(reading: Reading, state: State) -> None:
    assert state_of(reading) == state


def test_a_stale_reading_never_leads_back_from_paid() -> None:
    for state in State:
        if is_paid(state):
            assert not any(can_move(state, after) for after in State if not is_paid(after))


def test_late_money_is_still_money() -> None:
    assert can_move(State.EXPIRED, State.CAPTURED)
    assert can_move(State.FAILED, State.CAPTURED)


def test_readings_in_any_order_end_where_the_last_truth_is() -> None:
    readings = [Reading("open", is_paid=False), Reading("complete", is_paid=False), PAID]
    for order in permutations(readings):
        state = State.OPENING
        for reading in (*order, PAID):
            after = state_of(reading)
            state = after if can_move(state, after) else state
        assert state == State.CAPTURED


def test_every_state_has_its_moves_and_its_words() -> None:
    assert set(MOVES) == set(WORDS) == set(State)
    assert all(state not in after for state, after in MOVES.items())
