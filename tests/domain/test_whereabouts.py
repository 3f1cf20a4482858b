"""Where each cent of a booking is: the parts and what is claimed or lost always sum to what was charged."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from marketplace.domain import ledger
from marketplace.domain.ledger import PostingDraft
from marketplace.domain.money import Money
from marketplace.domain.whereabouts import Moved, Part, Whereabouts, find_whereabouts

CHARGED = ledger.charge_captured(charge_id="ch_1", booking_id=1, amount=Money(500, "USD"))
FEE = ledger.stripe_fee(transaction_id="txn_1", booking_id=1, amount=Money(15, "USD"))
EARNED = ledger.payout_earned(booking_id=1, actor_id=2, actor_part=Money(400, "USD"), fee_part=Money(100, "USD"))
SENT = ledger.transfer_made(transfer_id="tr_1", booking_id=1, actor_id=2, amount=Money(400, "USD"))
OPENED = ledger.dispute_opened(dispute_id="du_1", booking_id=1, amount=Money(500, "USD"), fee=Money(15, "USD"))


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def refund(funds: int = 0, fee: int = 0, payable: int = 0, receivable: int = 0) -> PostingDraft:
    return ledger.refund_after_earning(
        refund_id="re_1", booking_id=1, actor_id=2, funds_part=usd(funds), fee_part=usd(fee),
        payable_part=usd(payable), receivable_part=usd(receivable),
    )  # fmt: skip


def reversal(receivable: int, payable: int) -> PostingDraft:
    return ledger.transfer_reversed(
        reversal_id="trr_1", booking_id=1, actor_id=2, receivable_part=usd(receivable), payable_part=usd(payable)
    )


def lost(funds: int = 0, fee: int = 0, receivable: int = 0, loss: int = 0) -> PostingDraft:
    return ledger.dispute_lost(
        dispute_id="du_1", booking_id=1, actor_id=2, funds_part=usd(funds), fee_part=usd(fee), payable_part=usd(0),
        receivable_part=usd(receivable), loss_part=usd(loss),
    )  # fmt: skip


def follow(postings: Iterable[PostingDraft]) -> Whereabouts:
    return find_whereabouts(
        Moved(one.kind, line.place.kind, line.amount_minor) for one in postings for line in one.lines
    )


FAILED = ledger.refund_failed(refund_id="re_1", booking_id=1, platform_id=3, amount=usd(500))
STORIES = {
    "nothing": ((), {}),
    "paid": ((CHARGED, FEE), {Part.HELD: 500}),
    "earned": ((CHARGED, EARNED), {Part.TO_SEND: 400, Part.FEE: 100}),
    "sent": ((CHARGED, FEE, EARNED, SENT), {Part.SENT: 400, Part.FEE: 100}),
    "refunded": (
        (CHARGED, ledger.refund_before_earning(refund_id="re_1", booking_id=1, amount=usd(500))),
        {Part.REFUNDED: 500},
    ),
    "a refund after the transfer, the actor's part taken back": (
        (CHARGED, EARNED, SENT, reversal(0, 80), refund(fee=20, payable=80)),
        {Part.SENT: 320, Part.FEE: 80, Part.REFUNDED: 100},
    ),
    "a refund that came back": (
        (CHARGED, ledger.refund_before_earning(refund_id="re_1", booking_id=1, amount=usd(500)), FAILED),
        {Part.OWED_BACK: 500},
    ),
    "a refund that came back and was repaid by bank": (
        (
            CHARGED,
            ledger.refund_before_earning(refund_id="re_1", booking_id=1, amount=usd(500)),
            FAILED,
            ledger.refund_repaid(row_id=1, booking_id=1, platform_id=3, amount=usd(500)),
        ),
        {Part.REFUNDED: 500},
    ),
    "a debt from before taken off": (
        (
            CHARGED,
            EARNED,
            ledger.receivable_netted(command_key="k", booking_id=1, actor_id=2, amount=usd(150)),
            ledger.transfer_made(transfer_id="tr_1", booking_id=1, actor_id=2, amount=usd(250)),
        ),
        {Part.NETTED: 150, Part.SENT: 250, Part.FEE: 100},
    ),
    "a dispute that is open": ((CHARGED, OPENED), {Part.AT_BANK: 500}),
    "a dispute won": (
        (CHARGED, OPENED, ledger.dispute_won(dispute_id="du_1", booking_id=1, amount=usd(500))),
        {Part.HELD: 500},
    ),
    "a dispute lost before anybody earned": ((CHARGED, OPENED, lost(funds=500)), {Part.LOST: 500}),
    "charged twice": (
        (CHARGED, ledger.double_charged(charge_id="ch_2", booking_id=1, platform_id=3, amount=usd(500))),
        {Part.HELD: 500, Part.OWED_BACK: 500},
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_each_cent_is_somewhere(name: str) -> None:
    postings, parts = STORIES[name]
    where = follow(postings)
    assert dict(where.shown) == parts
    assert sum(where.parts.values()) == where.charged_minor + where.beyond_minor


def test_what_was_lost_after_the_transfer_is_claimed_and_our_own_loss() -> None:
    where = follow((CHARGED, FEE, EARNED, SENT, OPENED, lost(fee=100, receivable=300, loss=100)))
    assert where.parts[Part.LOST] == 500
    assert where.parts[Part.SENT] == 400
    assert (where.claimed_minor, where.loss_minor, where.parts[Part.ELSEWHERE]) == (300, 100, 0)
    assert where.cost_minor == 30


def test_what_the_bank_takes_after_the_transfer_is_advanced_by_us_until_the_dispute_ends() -> None:
    where = follow((CHARGED, EARNED, SENT, OPENED))
    assert dict(where.shown) == {Part.SENT: 400, Part.AT_BANK: 500}
    assert where.advanced_minor == 400


def test_what_was_taken_back_of_a_transfer_is_said() -> None:
    where = follow((CHARGED, EARNED, SENT, reversal(0, 80), refund(fee=20, payable=80)))
    assert where.taken_back_minor == 80
    assert [part for part, _ in where.shown] == [Part.SENT, Part.FEE, Part.REFUNDED]


def test_a_kind_of_posting_without_words_still_shows() -> None:
    where = find_whereabouts([Moved("charge", "stripe_balance", 500), Moved("novelty", "stripe_balance", -500)])
    assert where.parts[Part.ELSEWHERE] == 500
