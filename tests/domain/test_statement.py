"""Periods of whole days, and words for every kind of posting."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain import ledger
from marketplace.domain.errors import Invalid
from marketplace.domain.ledger import AccountKind
from marketplace.domain.statement import (
    ACCOUNT_WORDS,
    Period,
    Side,
    Subject,
    month_named,
    month_of,
    months_back,
    words_of,
)


@given(st.dates(date(2000, 1, 1), date(2199, 12, 31)))
def test_a_month_is_followed_by_the_next_without_a_gap(on: date) -> None:
    month = month_of(on)
    following = month_of(month.last + timedelta(days=1))
    assert month.first <= on <= month.last
    assert month.until == following.since
    assert month_named(month.month) == month


def test_a_period_is_half_open_in_instants_and_whole_in_days() -> None:
    period = Period(date(2026, 11, 3), date(2026, 11, 3))
    assert (period.since, period.until) == (datetime(2026, 11, 3, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC))
    assert (period.month, period.name) == ("", "2026-11-03-to-2026-11-03")
    assert month_of(date(2026, 11, 9)).name == "2026-11"


def test_a_period_that_ends_before_it_begins_or_lasts_too_long_is_refused() -> None:
    with pytest.raises(Invalid, match="before the first"):
        Period(date(2026, 11, 4), date(2026, 11, 3))
    with pytest.raises(Invalid, match="ten years"):
        Period(date(2000, 1, 1), date(2026, 1, 1))


@pytest.mark.parametrize("name", ["", "2026", "2026-13", "2026-1", "november", "2026-11-01", "x" * 7])
def test_what_names_no_month_is_none(name: str) -> None:
    assert month_named(name) is None


def test_months_go_back_to_the_first_and_no_further_than_asked() -> None:
    months = months_back(date(2026, 9, 20), date(2026, 11, 23))
    assert [one.month for one in months] == ["2026-11", "2026-10", "2026-09"]
    assert len(months_back(date(2000, 1, 1), date(2026, 11, 23), most=12)) == 12


def test_only_the_marketplace_has_no_id() -> None:
    with pytest.raises(ValueError, match="have an id"):
        Subject(Side.ACTOR)
    with pytest.raises(ValueError, match="has none"):
        Subject(Side.MARKETPLACE, 1)


def test_every_kind_of_posting_has_words_on_the_marketplaces_statement() -> None:
    named = re.findall(r'draft\(\s*f"[a-z_]+:[^"]*",\s*"([a-z_]+)"', inspect.getsource(ledger))
    kinds = {*named, "earn"}
    assert {"charge", "refund", "refund_fail", "bank_payout", "write_off"} <= kinds
    assert {kind for kind in kinds if words_of(Side.MARKETPLACE, kind) == called_by_its_kind(kind)} == set()
    assert set(ACCOUNT_WORDS) == set(AccountKind)


def called_by_its_kind(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def test_a_kind_that_is_new_is_called_by_its_name() -> None:
    assert words_of(Side.ACTOR, "gift_sent") == "Gift sent"
