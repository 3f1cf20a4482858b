"""What comes back is known to the minor unit before anybody clicks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.booking import Party
from marketplace.domain.cancellation import (
    RefundBoundary,
    Settlement,
    Tier,
    refund_boundaries,
    refund_bp,
    settle_cancel,
    settle_share,
)
from marketplace.domain.money import Money
from marketplace.domain.rate import Line, Quote

STARTS_AT = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
H = timedelta(hours=1)


def quote(net: int, fee: int, currency: str = "USD") -> Quote:
    return Quote((Line("session", "2 hours of capture", Money(net, currency)),), 800, Money(fee, currency), 1)


@pytest.mark.parametrize(
    ("tier", "before", "bp"),
    [
        (Tier.FLEXIBLE, 24 * H, 10_000),
        (Tier.FLEXIBLE, 24 * H - SECOND, 5_000),
        (Tier.FLEXIBLE, SECOND, 5_000),
        (Tier.FLEXIBLE, 0 * H, 0),
        (Tier.STANDARD, 48 * H, 10_000),
        (Tier.STANDARD, 48 * H - SECOND, 5_000),
        (Tier.STANDARD, 0 * H, 0),
        (Tier.FIRM, 168 * H, 10_000),
        (Tier.FIRM, 168 * H - SECOND, 5_000),
        (Tier.FIRM, 48 * H, 5_000),
        (Tier.FIRM, 48 * H - SECOND, 0),
    ],
)
def test_each_tier_has_its_bounds_and_the_second_on_them_is_the_kinder(tier: Tier, before: timedelta, bp: int) -> None:
    assert refund_bp(tier, STARTS_AT, STARTS_AT - before) == bp


def test_twenty_hours_before_under_standard_terms_half_comes_back() -> None:
    settled = settle_cancel(quote(36000, 2880), Tier.STANDARD, Party.PLATFORM, STARTS_AT, STARTS_AT - 20 * H)
    assert settled == Settlement(Money(19440, "USD"), Money(18000, "USD"), Money(1440, "USD"))


@pytest.mark.parametrize("party", [Party.ACTOR, Party.ADMIN, Party.CLOCK])
def test_the_platform_gets_everything_back_when_it_is_not_the_one_who_cancels(party: Party) -> None:
    settled = settle_cancel(quote(36000, 2880), Tier.FIRM, party, STARTS_AT, STARTS_AT - H)
    assert settled == Settlement(Money(38880, "USD"), Money(0, "USD"), Money(0, "USD"))


def test_the_terms_read_as_sentences_with_dates() -> None:
    assert [tier.sentence for tier in Tier] == [
        "The platform can cancel free until 24 hours before the start; half is refunded until the start.",
        "The platform can cancel free until 48 hours before the start; half is refunded until the start.",
        "The platform can cancel free until 7 days before the start; half is refunded until 48 hours before the start.",
    ]
    assert refund_boundaries(Tier.FIRM, STARTS_AT) == (
        RefundBoundary(STARTS_AT - 168 * H, 10_000),
        RefundBoundary(STARTS_AT - 48 * H, 5_000),
    )


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10_000), st.sampled_from(["USD", "JPY", "KWD"]))
def test_nothing_is_lost_or_made_when_a_payment_is_shared(net: int, fee: int, bp: int, currency: str) -> None:
    paid = quote(Money(net, currency).chargeable().minor, Money(fee, currency).chargeable().minor, currency)
    settled = settle_share(paid, bp)
    assert settled.refund + settled.actor_keeps + settled.fee_kept == paid.total
    assert min(settled.refund.minor, settled.actor_keeps.minor, settled.fee_kept.minor) >= 0
    assert settled.refund == settled.refund.chargeable()
    assert settled.actor_keeps == settled.actor_keeps.chargeable()
