"""A great many random bookings in currencies of nought, two and three decimals: not a unit is made or lost."""

from __future__ import annotations

import os
from random import Random
from typing import Final

import pytest

from marketplace.domain.money import WHOLE_BP, Money, charge_step, ratio
from marketplace.domain.refund import shrink

BOOKINGS: Final = int(os.environ.get("MARQUEE_BOOKINGS", "60000"))
STRIPE_BP: Final = 290


# case 30
@pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
def test_of_any_booking_fee_actors_part_stripes_part_and_refunds_sum_to_what_was_paid(currency: str) -> None:
    random, step = Random(currency), charge_step(currency)
    paid = kept = 0
    for _ in range(BOOKINGS // 3):
        net = step * random.randrange(1, 10 ** random.randrange(1, 8))
        fee_bp = random.randrange(0, 3_000)
        total = -(-ratio(net, WHOLE_BP + fee_bp, WHOLE_BP, "up") // step) * step
        fee = total - net
        refund = step * random.randrange(0, total // step + 1)
        ours, actors = Money(refund, currency).split([fee, net])
        stripes = ratio(total, STRIPE_BP, WHOLE_BP, "half_up")
        left = (net - actors.minor, fee - ours.minor - stripes, stripes, refund)
        assert sum(left) == total
        # the part of a refund that is ours is within a step of what it is of the price, and never more than we have
        assert abs(ours.minor * total - refund * fee) < total * step
        assert 0 <= ours.minor <= fee
        assert 0 <= actors.minor <= net
        paid, kept = paid + total, kept + sum(left)
    assert paid == kept


# case 30
@pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
def test_nobody_is_left_more_than_they_had(currency: str) -> None:
    for fee, actor, taken in ((8, 992, 10), (992, 8, 10), (5, 5, 1), (0, 10, 3), (80, 1_000, 500), (80, 1_000, 1_080)):
        left = shrink(Money(fee, currency), Money(actor, currency), Money(taken, currency))
        assert sum(part.minor for part in left) == fee + actor - taken
        assert 0 <= left[0].minor <= fee
        assert 0 <= left[1].minor <= actor


# case 30
@pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
def test_one_unit_shared_by_two_goes_to_one_of_them(currency: str) -> None:
    for weights in ([1, 1], [1, 99], [9_999, 1], [0, 1]):
        parts = [part.minor for part in Money(1, currency).split(weights)]
        assert sorted(parts) == [0, 1]
