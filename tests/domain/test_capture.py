"""Takes arrive, are judged and are accepted only when it is their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from marketplace.domain.booking import State
from marketplace.domain.capture import (
    ENGINES,
    MOST_TAKES,
    TAKES_ARRIVE,
    TAKES_JUDGED,
    TakeFacts,
    TakeState,
    arrived_since,
    check_accepting,
    check_selection,
    check_upload,
    misfit,
)
from marketplace.domain.errors import Conflict, Refused

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
READY = TakeFacts(TakeState.READY, NOW)


@pytest.mark.parametrize("state", State)
def test_takes_are_added_only_while_the_work_goes_on(state: State) -> None:
    if state in TAKES_ARRIVE:
        check_upload(state, 0)
    else:
        with pytest.raises(Conflict):
            check_upload(state, 0)


def test_a_session_holds_a_bounded_number_of_takes() -> None:
    check_upload(State.IN_SESSION, MOST_TAKES - 1)
    with pytest.raises(Refused):
        check_upload(State.IN_SESSION, MOST_TAKES)


@pytest.mark.parametrize("state", State)
def test_takes_are_selected_only_while_they_are_up_for_review(state: State) -> None:
    if state in TAKES_JUDGED:
        check_selection(state, READY)
    else:
        with pytest.raises(Conflict):
            check_selection(state, READY)


@pytest.mark.parametrize("state", [TakeState.PROBING, TakeState.REFUSED])
def test_a_take_nobody_can_watch_is_not_selected(state: TakeState) -> None:
    with pytest.raises(Conflict):
        check_selection(State.DELIVERED, TakeFacts(state, NOW))


def test_what_is_accepted_is_what_was_selected() -> None:
    check_accepting([READY, TakeFacts(TakeState.READY, NOW, is_selected=True)])
    for takes in ([], [READY], [TakeFacts(TakeState.REFUSED, NOW, is_selected=True)]):
        with pytest.raises(Refused):
            check_accepting(takes)


def test_only_whole_takes_after_the_last_delivery_count_as_new() -> None:
    takes = [
        TakeFacts(TakeState.READY, NOW - timedelta(hours=1)),
        TakeFacts(TakeState.READY, NOW + timedelta(hours=1)),
        TakeFacts(TakeState.PROBING, NOW + timedelta(hours=1)),
    ]
    assert (arrived_since(takes, None), arrived_since(takes, NOW)) == (2, 1)


@pytest.mark.parametrize(
    ("seconds", "width", "height", "fits"),
    [
        (8, 1080, 1920, ["act-two", "kling-video", "kling-image"]),
        (12, 1080, 1920, ["act-two", "kling-video"]),
        (41, 1080, 1920, []),
        (2, 1080, 1920, []),
        (8, 320, 640, ["act-two"]),
        (8, 2160, 4096, ["act-two"]),
    ],
)
def test_an_engine_takes_what_its_maker_says_it_takes(seconds: float, width: int, height: int, fits: list[str]) -> None:
    assert [engine.slug for engine in ENGINES if misfit(engine, seconds, width, height) is None] == fits


def test_a_misfit_says_why() -> None:
    assert misfit(ENGINES[0], 41, 1080, 1920) == "too long for Act-Two (30 s at most)"
