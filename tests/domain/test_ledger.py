"""The books: every posting sums to zero in one currency, and each event does what the design's example says."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain import ledger
from marketplace.domain.ledger import AccountKind, Line, Place, PostingDraft, Unbalanced, draft
from marketplace.domain.money import CurrencyMismatch, Money


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def balances(*drafts: PostingDraft) -> dict[str, int]:
    """What the accounts hold after the postings."""
    sums: Counter[str] = Counter()
    for each in drafts:
        for line in each.lines:
            sums[line.place.key] += line.amount_minor
    return {key: amount for key, amount in sums.items() if amount}


CHARGE = ledger.charge_captured(charge_id="ch_1", booking_id=1, amount=usd(50_000))
FEE = ledger.stripe_fee(transaction_id="txn_1", booking_id=1, amount=usd(1_480))
EARN = ledger.payout_earned(booking_id=1, actor_id=7, actor_part=usd(40_000), fee_part=usd(10_000))
TRANSFER = ledger.transfer_made(transfer_id="tr_1", booking_id=1, actor_id=7, amount=usd(40_000))


def test_a_booking_from_charge_to_transfer_leaves_our_fee_less_stripes() -> None:
    assert balances(CHARGE, FEE, EARN, TRANSFER) == {
        "stripe_balance": 8_520,
        "stripe_fees": 1_480,
        "fee_income": -10_000,
    }


def test_event_keys_name_what_happened() -> None:
    keys = [each.event_key for each in (CHARGE, FEE, EARN, TRANSFER)]
    assert keys == ["charge:ch_1", "fee:txn_1", "earn:bk_1", "transfer:tr_1"]


def test_a_refund_before_earning_empties_the_booking() -> None:
    refund = ledger.refund_before_earning(refund_id="re_1", booking_id=1, amount=usd(50_000))
    assert balances(CHARGE, FEE, refund) == {"stripe_balance": -1_480, "stripe_fees": 1_480}


def test_a_refund_after_the_transfer_is_owed_by_the_actor_until_the_reversal() -> None:
    refund = ledger.refund_after_earning(
        refund_id="re_1",
        booking_id=1,
        actor_id=7,
        funds_part=usd(0),
        fee_part=usd(2_000),
        payable_part=usd(0),
        receivable_part=usd(8_000),
    )
    assert balances(CHARGE, EARN, TRANSFER, refund)["actor_receivable:7"] == 8_000
    reversal = ledger.transfer_reversed(
        reversal_id="trr_1", booking_id=1, actor_id=7, receivable_part=usd(8_000), payable_part=usd(0)
    )
    assert balances(CHARGE, EARN, TRANSFER, refund, reversal) == {"stripe_balance": 8_000, "fee_income": -8_000}


def test_what_comes_back_from_an_actor_who_owes_nothing_is_theirs_again() -> None:
    reversal = ledger.transfer_reversed(
        reversal_id="trr_1", booking_id=1, actor_id=7, receivable_part=usd(0), payable_part=usd(40_000)
    )
    assert balances(CHARGE, EARN, TRANSFER, reversal) == {
        "stripe_balance": 50_000,
        "actor_payable:7": -40_000,
        "fee_income": -10_000,
    }


def test_a_refund_that_came_back_is_owed_until_it_is_made_again_or_repaid_by_bank() -> None:
    refund = ledger.refund_before_earning(refund_id="re_1", booking_id=1, amount=usd(50_000))
    failed = ledger.refund_failed(refund_id="re_1", booking_id=1, platform_id=3, amount=usd(50_000))
    assert balances(CHARGE, refund, failed) == {"stripe_balance": 50_000, "refund_due:3": -50_000}
    again = ledger.refund_made_again(refund_id="re_2", booking_id=1, platform_id=3, amount=usd(50_000))
    assert balances(CHARGE, refund, failed, again) == {}
    repaid = ledger.refund_repaid(row_id=1, booking_id=1, platform_id=3, amount=usd(50_000))
    assert balances(CHARGE, refund, failed, repaid) == {"stripe_balance": 50_000, "bank": -50_000}


def test_a_dispute_that_is_won_costs_its_fee() -> None:
    opened = ledger.dispute_opened(dispute_id="du_1", booking_id=1, amount=usd(50_000), fee=usd(1_500))
    won = ledger.dispute_won(dispute_id="du_1", booking_id=1, amount=usd(50_000))
    assert balances(CHARGE, opened)["dispute_hold"] == 50_000
    assert balances(CHARGE, opened, won) == {
        "stripe_balance": 48_500,
        "booking_funds:1": -50_000,
        "dispute_fees": 1_500,
    }


def test_a_dispute_lost_before_earning_takes_the_bookings_funds() -> None:
    opened = ledger.dispute_opened(dispute_id="du_1", booking_id=1, amount=usd(50_000), fee=usd(1_500))
    lost = ledger.dispute_lost(
        dispute_id="du_1",
        booking_id=1,
        actor_id=7,
        funds_part=usd(50_000),
        fee_part=usd(0),
        payable_part=usd(0),
        receivable_part=usd(0),
        loss_part=usd(0),
    )
    assert balances(CHARGE, opened, lost) == {"stripe_balance": -1_500, "dispute_fees": 1_500}


def test_a_debt_is_netted_on_the_next_payout_or_written_off() -> None:
    owed = draft("x", "x", [(ledger.receivable_from(7), usd(300))], [(ledger.STRIPE, usd(300))])
    net = ledger.receivable_netted(command_key="transfer:bk_1:v1", booking_id=1, actor_id=7, amount=usd(200))
    off = ledger.receivable_written_off(case_key="case_1", actor_id=7, amount=usd(100))
    assert "actor_receivable:7" not in balances(owed, net, off)
    assert balances(owed, net, off)["losses"] == 100


def test_a_refund_that_comes_back_is_owed_to_the_platform() -> None:
    refund = ledger.refund_before_earning(refund_id="re_1", booking_id=1, amount=usd(50_000))
    failed = ledger.refund_failed(refund_id="re_1", booking_id=1, platform_id=3, amount=usd(50_000))
    assert balances(CHARGE, refund, failed) == {"stripe_balance": 50_000, "refund_due:3": -50_000}


def test_our_own_bank_payouts_move_between_our_places() -> None:
    sent = ledger.bank_payout_sent(bank_payout_id="po_1", amount=usd(500))
    assert balances(sent) == {"bank": 500, "stripe_balance": -500}
    assert balances(sent, ledger.bank_payout_failed(bank_payout_id="po_1", amount=usd(500))) == {}


def test_lines_that_do_not_sum_to_zero_are_refused() -> None:
    with pytest.raises(Unbalanced):
        draft("x", "x", [(ledger.STRIPE, usd(500))], [(ledger.BANK, usd(499))])
    with pytest.raises(Unbalanced):
        PostingDraft("x", "x", "USD", (Line(ledger.STRIPE, 0), Line(ledger.BANK, 0)))
    with pytest.raises(Unbalanced):
        draft("x", "x", [(ledger.STRIPE, usd(0))], [(ledger.BANK, usd(0))])


def test_mixed_currencies_are_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        draft("x", "x", [(ledger.STRIPE, usd(500))], [(ledger.BANK, Money(500, "EUR"))])


def test_negative_amounts_are_refused() -> None:
    with pytest.raises(ValueError):
        draft("x", "x", [(ledger.STRIPE, usd(-5))], [(ledger.BANK, usd(-5))])


def test_a_place_has_an_owner_exactly_where_the_chart_says() -> None:
    with pytest.raises(ValueError):
        Place(AccountKind.BOOKING_FUNDS)
    with pytest.raises(ValueError):
        Place(AccountKind.BANK, 1)


def test_every_account_of_the_chart_has_a_nature() -> None:
    assert set(ledger.NATURE) == set(AccountKind)


@given(st.integers(1, 10**9), st.integers(0, 5_000))
def test_every_split_of_a_payout_balances(total: int, fee_bp: int) -> None:
    fee = usd(total).share(fee_bp)
    earned = ledger.payout_earned(booking_id=1, actor_id=7, actor_part=usd(total) - fee, fee_part=fee)
    assert sum(line.amount_minor for line in earned.lines) == 0
