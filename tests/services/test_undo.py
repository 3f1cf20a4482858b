"""Money that goes back: refunds by hand, refunds that come back, and chargebacks before, during and after a payout."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from marketplace.domain.booking import Party
from marketplace.domain.errors import Conflict, Invalid
from marketplace.domain.money import Money
from marketplace.domain.payout import NotYours, State
from marketplace.domain.refund import Burden
from marketplace.models import Audit, Booking, CaptureSession, Notice, Payout, Refund
from marketplace.services import payout, take_back
from marketplace.services.account import Decider
from marketplace.services.booking import settle_dispute
from marketplace.services.booking_step import By
from marketplace.services.earning import list_statement
from marketplace.services.notice import accounts_of_actor, accounts_of_platform
from marketplace.services.payment import RefundTooLarge
from marketplace.services.payout_read import earnings_of
from marketplace.services.payout_step import Decision
from marketplace.services.refund import drop_refund, retry_refund
from marketplace.services.refund_back import make_again, note_repaid
from marketplace.services.refund_by_hand import preview_refund, read_basis, refund_by_hand
from marketplace.services.stake import stake_of
from tests.services.money_stage import MoneyStage
from workers.tasks.outbox import send_due_payouts
from workers.tasks.payment import sync_transfer

TOTAL, NET, FEE, STRIPES_FEE = 38_880, 36_000, 2_880, 1_158
WHY = "The second take was never delivered."


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def look(stage: MoneyStage, booking_id: int, minor: int) -> Burden:
    """What the form shows before the click."""
    with stage.tools.reading() as db:
        return preview_refund(db, read_basis(db, booking_id), usd(minor))


def give_back(stage: MoneyStage, booking_id: int, minor: int, shown: Burden | None = None) -> Refund:
    """An admin gives money back, having seen what it means."""
    shown = shown or look(stage, booking_id, minor)
    with stage.tools.unit_of_work() as db:
        made = refund_by_hand(
            db, booking_id=booking_id, amount=usd(minor), shown=shown, by=admin(stage), words=WHY, now=stage.now
        )
    stage.work()
    return refund_row(stage, made)


def refund_row(stage: MoneyStage, refund_id: int) -> Refund:
    with stage.tools.reading() as db:
        return db.get_one(Refund, refund_id)


def admin(stage: MoneyStage, name: str = "Rae") -> Decider:
    return Decider(stage.add_admin(name), ip="10.0.0.9")


def sync(stage: MoneyStage, booking_id: int) -> None:
    stage.sync(stage.payment(booking_id).checkout_session_id or "")


def sent(stage: MoneyStage) -> tuple[int, int]:
    """A payout that the actor has: (booking, payout)."""
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    assert stage.payout(payout_id).state == State.TRANSFERRED
    return booking_id, payout_id


def earned_again(stage: MoneyStage, actor_id: int) -> tuple[int, int]:
    """Another paid booking of the same actor, with its payout in review: (booking, payout)."""
    booking_id = stage.paid()
    with stage.tools.unit_of_work() as db:
        row = db.get_one(Booking, booking_id)
        row.actor_id = actor_id
        db.flush()
        payout_id = payout.create_payout(db, row, stage.now)
    assert payout_id
    return booking_id, payout_id


def much_later(stage: MoneyStage, span: timedelta) -> None:
    """Days go by after bookings that are over: no deadline of theirs is missed."""
    with stage.tools.unit_of_work() as db:
        db.execute(update(Booking).values(deadline_at=None))
    stage.later(span)


def dispute(stage: MoneyStage, booking_id: int, amount: int | None = None) -> str:
    """The platform's bank takes the payment back; the dispute's id at Stripe."""
    made = stage.stand.control("dispute", charge=stage.payment(booking_id).charge_id, amount=amount)
    sync(stage, booking_id)
    return str(made["id"])


def decide(stage: MoneyStage, booking_id: int, ident: str, outcome: str) -> None:
    stage.stand.control(f"dispute/{ident}/{outcome}")
    sync(stage, booking_id)


def fail(stage: MoneyStage, refund: Refund) -> None:
    """The platform's bank sends a refund back."""
    stage.stand.control(f"refund/{refund.stripe_refund_id}/fail")
    sync(stage, refund.booking_id)


# refunds by hand ---------------------------------------------------------------------------------


# case 22
def test_all_given_back_before_the_transfer_leaves_nothing_to_pay_out(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    assert look(stage, booking_id, TOTAL) == Burden(usd(0), usd(FEE), usd(NET), usd(0))
    assert give_back(stage, booking_id, TOTAL).state == "succeeded"
    assert stage.payout(payout_id).state == State.RETURNED
    stage.send()
    assert stage.stand.calls("POST", "^/v1/transfers$") == []
    assert stage.balances() == {"stripe_balance": -STRIPES_FEE, "stripe_fees": STRIPES_FEE}
    stage.assert_sound()


def test_a_part_given_back_before_the_transfer_makes_the_payout_smaller_and_asks_for_a_new_look(
    stage: MoneyStage,
) -> None:
    booking_id, payout_id = stage.earned()
    nora = stage.add_admin()
    stage.approve(payout_id, nora)
    shown = look(stage, booking_id, 10_000)
    assert shown == Burden(usd(0), usd(741), usd(9_259), usd(0))
    give_back(stage, booking_id, 10_000)
    row = stage.payout(payout_id)
    assert (row.state, row.amount_minor, row.fee_minor) == (State.HELD, NET - 9_259, FEE - 741)
    stage.approve(payout_id, nora)
    stage.send()
    assert stage.payout(payout_id).state == State.TRANSFERRED
    assert stage.balances() == {
        "stripe_balance": TOTAL - STRIPES_FEE - 10_000 - (NET - 9_259),
        "stripe_fees": STRIPES_FEE,
        "fee_income": -(FEE - 741),
    }
    stage.assert_sound()


def test_what_was_given_back_before_the_work_was_accepted_is_off_the_payout(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    give_back(stage, booking_id, TOTAL // 2)
    with stage.tools.unit_of_work() as db:
        payout_id = payout.create_payout(db, db.get_one(Booking, booking_id), stage.now)
    assert payout_id
    row = stage.payout(payout_id)
    assert (row.amount_minor, row.fee_minor) == (NET // 2, FEE // 2)
    stage.assert_sound()


# case 23
def test_a_part_given_back_after_the_transfer_is_shared_and_no_more_than_the_rest_can_follow(
    stage: MoneyStage,
) -> None:
    booking_id, payout_id = sent(stage)
    assert look(stage, booking_id, 10_000) == Burden(usd(0), usd(741), usd(0), usd(9_259))
    give_back(stage, booking_id, 10_000)
    assert stage.payout(payout_id).reversed_minor == 9_259
    refunds = len(stage.stand.calls("POST", "^/v1/refunds$"))
    with pytest.raises(RefundTooLarge):
        look(stage, booking_id, TOTAL - 10_000 + 1)
    assert len(stage.stand.calls("POST", "^/v1/refunds$")) == refunds
    give_back(stage, booking_id, TOTAL - 10_000)
    assert stage.payout(payout_id).state == State.REVERSED
    assert stage.balances() == {"stripe_balance": -STRIPES_FEE, "stripe_fees": STRIPES_FEE}
    stage.assert_sound()


# case 24
def test_of_two_admins_giving_sixty_percent_back_at_once_one_is_refused_before_stripe_is_asked(
    stage: MoneyStage,
) -> None:
    booking_id = stage.paid()
    share = TOTAL * 6 // 10
    shown, by = look(stage, booking_id, share), admin(stage)

    def ask() -> str:
        try:
            with stage.tools.unit_of_work() as db:
                refund_by_hand(
                    db, booking_id=booking_id, amount=usd(share), shown=shown, by=by, words=WHY, now=stage.now
                )
        except RefundTooLarge:
            return "refused"
        return "made"

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(ask), pool.submit(ask)]
    assert sorted(end.result() for end in ends) == ["made", "refused"]
    stage.work()
    assert len(stage.stand.calls("POST", "^/v1/refunds$")) == 1
    stage.assert_sound()


def test_words_are_needed_and_what_was_not_shown_is_not_done(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    shown, by = look(stage, booking_id, 5_000), admin(stage)
    with stage.tools.unit_of_work() as db, pytest.raises(Invalid):
        refund_by_hand(db, booking_id=booking_id, amount=usd(5_000), shown=shown, by=by, words="sorry", now=stage.now)
    with stage.tools.unit_of_work() as db, pytest.raises(Conflict, match="changed meanwhile"):
        refund_by_hand(db, booking_id=booking_id, amount=usd(6_000), shown=shown, by=by, words=WHY, now=stage.now)
    give_back(stage, booking_id, 5_000, shown)
    with stage.tools.reading() as db:
        told = db.scalars(select(Notice).where(Notice.key.startswith("refund:"))).one()
        audited = db.scalars(select(Audit).where(Audit.about == "refund")).one()
    assert (told.title, told.words) == ("50.00 USD go back to you", WHY)
    assert (audited.step, audited.reason, audited.ip) == ("give_back", WHY, "10.0.0.9")
    assert audited.after["actor_unsent"] == "46.30 USD"


def test_a_refund_after_a_refused_transfer_lowers_what_is_sent_later(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    nora = stage.add_admin()
    stage.stand.fault("status", "^/v1/transfers$", status=400, code="account_invalid", times=1)
    stage.approve(payout_id, nora)
    stage.send()
    assert stage.payout(payout_id).state == State.HELD
    assert look(stage, booking_id, 10_000) == Burden(usd(0), usd(741), usd(9_259), usd(0))
    give_back(stage, booking_id, 10_000)
    stage.approve(payout_id, nora)
    stage.send()
    assert stage.stand.gateway.get_transfer(stage.payout(payout_id).stripe_transfer_id or "").amount_minor == 26_741
    stage.assert_sound()


def test_a_refund_made_in_stripes_own_pages_lowers_the_payout_too(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    stage.stand.refund_by_hand(stage.payment(booking_id).charge_id or "", 10_000)
    sync(stage, booking_id)
    row = stage.payout(payout_id)
    assert (row.state, row.amount_minor) == (State.REVIEW, NET - 9_259)
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    assert stage.payout(payout_id).state == State.TRANSFERRED
    stage.assert_sound()


# refunds that come back --------------------------------------------------------------------------


# case 26
def test_a_refund_that_came_back_is_made_again_and_the_booking_pays_once(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    refund = give_back(stage, booking_id, TOTAL)
    fail(stage, refund)
    platform_id = stage.booking(booking_id).platform_id
    assert refund_row(stage, refund.id).state == "failed"
    assert stage.balances()[f"refund_due:{platform_id}"] == -TOTAL
    stage.assert_sound()
    with pytest.raises(RefundTooLarge):
        look(stage, booking_id, 1)
    with stage.tools.unit_of_work() as db:
        again = make_again(db, refund_id=refund.id, by=admin(stage), now=stage.now)
    stage.work()
    made = refund_row(stage, again)
    assert (made.state, made.retry_of_id) == ("succeeded", refund.id)
    assert refund_row(stage, refund.id).state == "retried"
    assert stage.balances() == {"stripe_balance": -STRIPES_FEE, "stripe_fees": STRIPES_FEE}
    assert stage.payment(booking_id).refunded_minor == TOTAL
    stage.assert_sound()
    with stage.tools.unit_of_work() as db, pytest.raises(Conflict):
        make_again(db, refund_id=refund.id, by=admin(stage, "Bo"), now=stage.now)
    sync(stage, booking_id)
    assert refund_row(stage, refund.id).state == "retried"
    stage.assert_sound()


# case 26
def test_a_refund_that_came_back_twice_is_repaid_by_bank_with_words(stage: MoneyStage) -> None:
    booking_id, _ = sent(stage)
    refund, by = give_back(stage, booking_id, 10_000), admin(stage)
    fail(stage, refund)
    with stage.tools.unit_of_work() as db:
        again = make_again(db, refund_id=refund.id, by=by, now=stage.now)
    stage.work()
    fail(stage, refund_row(stage, again))
    assert len(stage.stand.calls("POST", "/reversals$")) == 1
    with stage.tools.unit_of_work() as db, pytest.raises(Invalid):
        note_repaid(db, refund_id=again, by=by, words="done", now=stage.now)
    with stage.tools.unit_of_work() as db:
        note_repaid(db, refund_id=again, by=by, words="Sent by bank transfer 4711 today.", now=stage.now)
    row = refund_row(stage, again)
    assert (row.state, row.repaid_words) == ("repaid", "Sent by bank transfer 4711 today.")
    assert row.repaid_at is not None
    books = stage.balances()
    assert books["bank"] == -10_000
    assert not any(name.startswith("refund_due") for name in books)
    with pytest.raises(RefundTooLarge):
        look(stage, booking_id, TOTAL - 10_000 + 1)
    stage.assert_sound()


# case 26
def test_when_stripe_refuses_the_second_try_it_is_asked_again_or_repaid_but_never_dropped(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    refund, by = give_back(stage, booking_id, TOTAL), admin(stage)
    fail(stage, refund)
    stage.stand.fault("status", "^/v1/refunds$", status=400, code="charge_not_refundable", times=1)
    with stage.tools.unit_of_work() as db:
        again = make_again(db, refund_id=refund.id, by=by, now=stage.now)
    stage.work()
    assert refund_row(stage, again).state == "refused"
    with stage.tools.unit_of_work() as db, pytest.raises(Conflict, match="repaid"):
        drop_refund(db, refund_id=again, by=by, words="The platform has its money.", now=stage.now)
    with stage.tools.unit_of_work() as db:
        retry_refund(db, refund_id=again, by=by, now=stage.now)
    stage.work()
    assert refund_row(stage, again).state == "succeeded"
    assert f"refund_due:{stage.booking(booking_id).platform_id}" not in stage.balances()
    stage.assert_sound()


def test_a_refund_that_came_back_and_was_made_in_stripes_own_pages_is_settled(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    refund = give_back(stage, booking_id, TOTAL)
    fail(stage, refund)
    stage.stand.refund_by_hand(stage.payment(booking_id).charge_id or "", TOTAL)
    sync(stage, booking_id)
    assert refund_row(stage, refund.id).state == "retried"
    assert stage.balances() == {"stripe_balance": -STRIPES_FEE, "stripe_fees": STRIPES_FEE}
    stage.assert_sound()


# chargebacks -------------------------------------------------------------------------------------


# case 13
def test_a_dispute_before_the_transfer_is_asked_for_stops_it(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.later(timedelta(minutes=11))
    send_due_payouts(stage.tools)
    stage.queue.clear()  # the worker has not come to it yet
    assert stage.payout(payout_id).state == State.SENDING
    ident = dispute(stage, booking_id)
    assert stage.payout(payout_id).state == State.HELD
    stage.sweep()
    assert stage.stand.calls("POST", "^/v1/transfers$") == []
    stage.assert_sound()
    decide(stage, booking_id, ident, "won")
    stage.approve(payout_id, stage.add_admin("Omar"))
    stage.send()
    assert stage.payout(payout_id).state == State.TRANSFERRED
    stage.assert_sound()


# case 13
def test_a_dispute_while_stripe_makes_the_transfer_takes_it_back_and_a_won_one_pays_again(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    nora = stage.add_admin()
    stage.approve(payout_id, nora)
    stage.stand.fault("drop_after", "^/v1/transfers$", times=9)  # Stripe has made it, and we do not know
    stage.send()
    assert stage.payout(payout_id).state == State.SENDING
    stage.stand.http.delete(f"{stage.stand.url}/_sandbox/fault", timeout=10)
    ident = dispute(stage, booking_id)
    assert stage.payout(payout_id).state == State.SENDING
    stage.later(timedelta(minutes=30))
    stage.sweep()
    assert stage.payout(payout_id).state == State.REVERSED
    actor_id = stage.payout(payout_id).actor_id
    assert stage.balances()[f"actor_payable:{actor_id}"] == -NET
    stage.assert_sound()
    decide(stage, booking_id, ident, "won")
    row = stage.payout(payout_id)
    assert (row.state, row.amount_minor, row.reversed_minor) == (State.REVIEW, NET, 0)
    stage.approve(payout_id, nora)
    stage.send()
    assert stage.payout(payout_id).state == State.TRANSFERRED
    assert len(stage.stand.gateway.list_transfers(row_group(stage, booking_id))) == 2
    assert stage.balances() == {
        "stripe_balance": TOTAL - STRIPES_FEE - 1_500 - NET,
        "stripe_fees": STRIPES_FEE,
        "dispute_fees": 1_500,
        "fee_income": -FEE,
    }
    stage.assert_sound()


def row_group(stage: MoneyStage, booking_id: int) -> str:
    charge = stage.stand.gateway.get_charge(stage.payment(booking_id).charge_id or "")
    return charge.transfer_group or ""


# case 27
@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_chargeback_soon_after_the_payout_takes_it_back_until_the_bank_decides(
    stage: MoneyStage, outcome: str
) -> None:
    booking_id, payout_id = sent(stage)
    actor_id = stage.payout(payout_id).actor_id
    ident = dispute(stage, booking_id)
    assert stage.payout(payout_id).state == State.REVERSED
    assert stage.balances() == {
        "stripe_balance": -STRIPES_FEE - 1_500,
        "stripe_fees": STRIPES_FEE,
        "dispute_fees": 1_500,
        "dispute_hold": TOTAL,
        "fee_income": -FEE,
        f"actor_payable:{actor_id}": -NET,
    }
    stage.assert_sound()
    decide(stage, booking_id, ident, outcome)
    stage.assert_sound()
    lost = {"stripe_balance": -STRIPES_FEE - 1_500, "stripe_fees": STRIPES_FEE, "dispute_fees": 1_500}
    if outcome == "lost":
        assert stage.balances() == lost
        assert stage.payout(payout_id).state == State.REVERSED
    else:
        assert stage.balances()[f"actor_payable:{actor_id}"] == -NET
        assert stage.payout(payout_id).state == State.REVIEW


# case 27
def test_a_chargeback_long_after_the_payout_holds_other_payouts_and_a_lost_one_is_netted(stage: MoneyStage) -> None:
    booking_id, payout_id = sent(stage)
    actor_id, nora = stage.payout(payout_id).actor_id, stage.add_admin("Omar")
    much_later(stage, timedelta(days=8))
    second, next_payout = earned_again(stage, actor_id)
    stage.approve(next_payout, nora)
    ident = dispute(stage, booking_id)
    assert stage.payout(payout_id).state == State.TRANSFERRED
    assert stage.stand.calls("POST", "/reversals$") == []
    stage.send()
    held = stage.payout(next_payout)
    assert held.state == State.HELD
    assert held.words.startswith("A bank disputes the payment of an earlier booking. Until it has decided, 360.00 USD")
    stage.assert_sound()
    much_later(stage, timedelta(days=1))
    third, spare = earned_again(stage, actor_id)
    stage.approve(spare, nora)  # the held one covers what is at stake
    stage.send()
    assert stage.payout(spare).state == State.TRANSFERRED
    decide(stage, booking_id, ident, "lost")
    assert stage.balances()[f"actor_receivable:{actor_id}"] == NET
    stage.assert_sound()
    stage.approve(next_payout, nora)
    stage.send()
    assert stage.payout(next_payout).netted_minor == NET
    assert f"actor_receivable:{actor_id}" not in stage.balances()
    stage.assert_sound()
    assert {second, third}


# case 25
def test_a_chargeback_whose_money_the_actor_no_longer_has_holds_other_payouts(stage: MoneyStage) -> None:
    booking_id, payout_id = sent(stage)
    actor_id, nora = stage.payout(payout_id).actor_id, stage.add_admin("Omar")
    stage.later(timedelta(days=3))
    stage.stand.control("bank-payout", account=stage.account(actor_id).stripe_account_id, amount=NET)
    ident = dispute(stage, booking_id)
    assert stage.payout(payout_id).state == State.TRANSFERRED
    assert len(stage.stand.calls("POST", "/reversals$")) == 1
    _, next_payout = earned_again(stage, actor_id)
    with pytest.raises(Exception, match=r"360\.00 USD of the payouts waits"):
        stage.approve(next_payout, nora)
    stage.assert_sound()
    decide(stage, booking_id, ident, "won")
    stage.approve(next_payout, nora)
    stage.send()
    assert stage.payout(next_payout).state == State.TRANSFERRED
    stage.assert_sound()


def test_of_a_dispute_about_a_part_the_rest_is_still_paid_when_it_is_lost(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    ident = dispute(stage, booking_id, 10_000)
    assert stage.payout(payout_id).state == State.HELD
    decide(stage, booking_id, ident, "lost")
    row = stage.payout(payout_id)
    assert (row.state, row.amount_minor, row.fee_minor) == (State.HELD, NET - 9_259, FEE - 741)
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    assert stage.payout(payout_id).state == State.TRANSFERRED
    stage.assert_sound()


def test_a_lost_dispute_about_all_leaves_no_payout_waiting(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    decide(stage, booking_id, dispute(stage, booking_id), "lost")
    assert stage.payout(payout_id).state == State.RETURNED
    stage.assert_sound()


def test_a_bank_that_takes_what_a_failed_refund_owed_settles_that(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    refund = give_back(stage, booking_id, TOTAL)
    fail(stage, refund)
    decide(stage, booking_id, dispute(stage, booking_id), "lost")
    assert refund_row(stage, refund.id).state == "dropped"
    assert stage.balances() == {
        "stripe_balance": -STRIPES_FEE - 1_500,
        "stripe_fees": STRIPES_FEE,
        "dispute_fees": 1_500,
    }
    stage.assert_sound()


# taken back outside ------------------------------------------------------------------------------


def taken_back_by_hand(stage: MoneyStage, payout_id: int, amount: int) -> None:
    """Somebody reverses a transfer in Stripe's own pages."""
    transfer = stage.payout(payout_id).stripe_transfer_id
    answer = stage.stand.http.post(
        f"{stage.stand.url}/v1/transfers/{transfer}/reversals",
        data={"amount": amount},
        headers={"Authorization": "Bearer sk_test_stand"},
        timeout=10,
    )
    answer.raise_for_status()
    sync_transfer(stage.tools, transfer or "")


def test_what_was_taken_back_in_stripes_own_pages_is_the_actors_again_and_can_be_sent_again(stage: MoneyStage) -> None:
    nora = stage.add_admin()
    _, payout_id = sent(stage)
    taken_back_by_hand(stage, payout_id, NET)
    actor_id = stage.payout(payout_id).actor_id
    assert stage.balances()[f"actor_payable:{actor_id}"] == -NET
    assert not any(name.startswith("actor_receivable") for name in stage.balances())
    with stage.tools.reading() as db:
        titles = db.scalars(select(Notice.title).where(Notice.account_id == nora)).all()
    assert "A transfer was taken back outside Marquee" in titles
    stage.assert_sound()
    by = Decision(nora, "It was taken back by mistake.")
    with stage.tools.unit_of_work() as db:
        assert take_back.reopen_payout(db, payout_id=payout_id, by=by, now=stage.now)
    stage.approve(payout_id, nora)
    stage.send()
    assert stage.payout(payout_id).state == State.TRANSFERRED
    assert f"actor_payable:{actor_id}" not in stage.balances()
    stage.assert_sound()


def test_what_an_actor_kept_of_a_payout_that_was_opened_again_still_counts_as_sent(stage: MoneyStage) -> None:
    booking_id, payout_id = sent(stage)
    actor_id, by = stage.payout(payout_id).actor_id, Decision(stage.add_admin("Omar"), "It was taken back by mistake.")
    taken_back_by_hand(stage, payout_id, 9_259)
    with stage.tools.unit_of_work() as db:
        take_back.reopen_payout(db, payout_id=payout_id, by=by, now=stage.now)
    assert figures(stage, actor_id) == (9_259, NET - 9_259, 0)
    assert by.principal_id
    stage.approve(payout_id, by.principal_id)
    stage.send()
    assert figures(stage, actor_id) == (0, NET - 9_259, 9_259)
    with stage.tools.reading() as db:
        (line,) = list_statement(db, actor_id, now=stage.now)
    assert (line.amount_minor, line.kept_minor) == (9_259, NET - 9_259)
    much_later(stage, timedelta(days=8))
    dispute(stage, booking_id)
    _, spare = earned_again(stage, actor_id)
    with stage.tools.reading() as db:
        assert stake_of(db, db.get_one(Payout, spare)) == usd(NET)
    stage.assert_sound()


def figures(stage: MoneyStage, actor_id: int) -> tuple[int, int, int]:
    """What of an actor's money is in review, sent and on its way."""
    with stage.tools.reading() as db:
        (sums,) = earnings_of(db, actor_id, now=stage.now)
    return sums.review_minor, sums.sent_minor, sums.leaving_minor


def test_what_was_taken_back_in_stripes_own_pages_can_be_refunded_and_is_not_asked_back_twice(
    stage: MoneyStage,
) -> None:
    booking_id, payout_id = sent(stage)
    taken_back_by_hand(stage, payout_id, 9_259)
    assert stage.payout(payout_id).state == State.PARTLY_REVERSED
    assert look(stage, booking_id, 10_000) == Burden(usd(0), usd(741), usd(9_259), usd(0))
    give_back(stage, booking_id, 10_000)
    assert len(stage.stand.calls("POST", "/reversals$")) == 1
    assert f"actor_payable:{stage.payout(payout_id).actor_id}" not in stage.balances()
    stage.assert_sound()


# case 28
def test_money_for_a_closed_account_stays_payable(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    nora = stage.add_admin()
    stage.approve(payout_id, nora)
    actor_id = stage.payout(payout_id).actor_id
    stage.stand.control(f"account/{stage.account(actor_id).stripe_account_id}/closed")
    stage.send()
    assert stage.payout(payout_id).state == State.HELD
    assert stage.balances()[f"actor_payable:{actor_id}"] == -NET
    stage.assert_sound()


# split awards ------------------------------------------------------------------------------------


def contested(stage: MoneyStage) -> int:
    """A paid booking whose sides disagree about the takes, and whose actor can be paid; its id."""
    booking_id = stage.paid()
    stage.onboard(stage.booking(booking_id).actor_id)
    with stage.tools.unit_of_work() as db:
        at = stage.now
        db.add(CaptureSession(booking_id=booking_id, started_at=at, delivered_at=at))
        db.execute(update(Booking).where(Booking.id == booking_id).values(state="disputed", deadline_at=None))
    return booking_id


def settle(stage: MoneyStage, booking_id: int, percent: int, die: bool = False) -> None:
    """An admin decides; with `die` the worker is killed in the last instant before the commit."""
    by = By(Party.ADMIN, stage.add_admin(f"Settler {stage.now.isoformat()}"))
    with stage.tools.unit_of_work() as db:
        settle_dispute(db, booking_id=booking_id, by=by, refund_bp=percent * 100, reason=WHY, now=stage.now)
        if die:
            raise Killed


class Killed(BaseException):
    """The process ends here."""


def test_a_split_award_settles_refund_payout_books_and_letters_in_one_step_that_can_be_retried(
    stage: MoneyStage,
) -> None:
    booking_id = contested(stage)
    with pytest.raises(Killed):
        settle(stage, booking_id, 25, die=True)
    stage.work()
    assert stage.booking(booking_id).state == "disputed"
    assert stage.stand.calls("POST", "^/v1/refunds$") == []
    stage.stand.fault("drop_after", "^/v1/refunds$", times=3)  # Stripe has made it, and its answer is lost
    settle(stage, booking_id, 25)
    stage.work()
    stage.queue.clear()
    with pytest.raises(Conflict):
        settle(stage, booking_id, 25)
    stage.later(timedelta(minutes=5))
    stage.sweep()
    assert stage.payment(booking_id).refunded_minor == TOTAL // 4
    assert len(stage.stand.server.sandbox.state.all("refund")) == 1
    with stage.tools.reading() as db:
        payout_id = db.scalars(select(Payout.id)).one()
        letters = db.scalars(select(Notice.key).where(Notice.booking_id == booking_id)).all()
    assert len(letters) == len(set(letters)) > 2
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    assert stage.balances() == {
        "stripe_balance": TOTAL - STRIPES_FEE - TOTAL // 4 - NET * 3 // 4,
        "stripe_fees": STRIPES_FEE,
        "fee_income": -FEE * 3 // 4,
    }
    stage.assert_sound()


# case 14
def test_an_admin_who_is_a_side_of_the_booking_neither_refunds_nor_settles_it(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    booking = stage.booking(booking_id)
    with stage.tools.reading() as db:
        sides = [*accounts_of_actor(db, booking.actor_id), *accounts_of_platform(db, booking.platform_id)]
    shown = look(stage, booking_id, 1_000)
    assert len(sides) >= 2
    for account_id in sides:
        by, side = Decider(account_id), By(Party.ADMIN, account_id)
        with pytest.raises(NotYours), stage.tools.unit_of_work() as db:
            refund_by_hand(
                db, booking_id=booking_id, amount=usd(1_000), shown=shown, by=by, words=WHY, now=stage.now
            )  # fmt: skip
        with pytest.raises(NotYours), stage.tools.unit_of_work() as db:
            settle_dispute(db, booking_id=booking_id, by=side, refund_bp=5_000, reason=WHY, now=stage.now)
    stage.assert_sound()


def test_an_award_shares_what_a_refund_by_hand_has_left(stage: MoneyStage) -> None:
    booking_id = contested(stage)
    give_back(stage, booking_id, TOTAL // 2)
    settle(stage, booking_id, 50)
    stage.work()
    assert stage.payment(booking_id).refunded_minor == TOTAL * 3 // 4
    with stage.tools.reading() as db:
        row = db.scalars(select(Payout)).one()
    assert (row.amount_minor, row.fee_minor) == (NET // 4, FEE // 4)
    stage.assert_sound()
