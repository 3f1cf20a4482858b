"""Our books against Stripe's: what is missing here is read again and booked, what still differs is named and frozen."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import select, text

from marketplace.command import check_ledger, reconcile
from marketplace.domain import ledger as books
from marketplace.domain.errors import Conflict, Invalid
from marketplace.domain.money import Money
from marketplace.gateways.payment.base import BalanceTransaction, PaymentError, ReversalOrder, TransferOrder
from marketplace.models import Audit, Mismatch, Notice, ReconciliationRun
from marketplace.services import ledger, mismatch, reconciliation_run
from marketplace.services.account import Decider
from marketplace.services.ledger_check import run_checks
from marketplace.services.payment import reference_of
from marketplace.services.payout_step import blocks_of
from marketplace.services.reconciliation_run import BY_HAND, DAILY, HOURLY
from tests.services.money_stage import MoneyStage
from workers.tasks.comparison import Result, carry_out
from workers.tasks.reconciliation import reconcile_daily, reconcile_hourly, sweep_open

HOUR = timedelta(hours=1)


def run(stage: MoneyStage, kind: str = HOURLY, since: datetime | None = None) -> Result:
    with stage.tools.unit_of_work() as db:
        run_id = reconciliation_run.begin_run(db, kind=kind, now=stage.now, since=since)
    result = carry_out(stage.tools, run_id)
    stage.work()
    assert result is not None
    return result


def open_ones(stage: MoneyStage) -> list[tuple[str, str]]:
    with stage.tools.reading() as db:
        return [(row.kind, row.event_key) for row in mismatch.list_open(db)]


def book_ghost(stage: MoneyStage, name: str = "po_ghost", ago: timedelta = 2 * HOUR) -> None:
    with stage.tools.unit_of_work() as db:
        ghost = books.bank_payout_sent(bank_payout_id=name, amount=Money(100, "USD"))
        ledger.post(db, ghost, now=stage.now - ago)


def book_wrong_refund(stage: MoneyStage, booking_id: int) -> str:
    """Stripe refunds 10.00; our books say 9.00. The refund's id."""
    charge_id = stage.payment(booking_id).charge_id or ""
    stage.stand.refund_by_hand(charge_id, 1_000)
    refund = stage.stand.gateway.list_refunds(charge_id)[0]
    with stage.tools.unit_of_work() as db:
        wrong = books.refund_before_earning(refund_id=refund.id, booking_id=booking_id, amount=Money(900, "USD"))
        ledger.post(db, wrong, now=stage.now)
    return refund.id


def after_the_balances(stage: MoneyStage, monkeypatch: pytest.MonkeyPatch, work: Callable[[], None]) -> None:
    """Let something happen the moment after the next run has read the balances and seen that all stood still."""
    listed, times = stage.stand.gateway.list_balance_transactions, count(1)

    def listing(*, since: datetime, until: datetime | None = None) -> Iterator[BalanceTransaction]:
        moves = list(listed(since=since, until=until))
        if next(times) == 2:
            work()
        yield from moves

    monkeypatch.setattr(stage.stand.gateway, "list_balance_transactions", listing)


# what matches and what is mended ------------------------------------------------------------------


def test_everything_that_was_done_through_us_matches(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    dispute = stage.stand.control("dispute", charge=stage.payment(booking_id).charge_id)
    stage.stand.control(f"dispute/{dispute['id']}/won")
    stage.sync(stage.payment(booking_id).checkout_session_id or "")
    result = run(stage)
    assert result.findings == ()
    assert (result.counts.looked_at, result.counts.matched, result.counts.mended) == (4, 5, 0)
    assert result.balances is not None
    assert [(each.unexplained_minor, each.moving_minor) for each in result.balances] == [(0, 0)]


# case 3
def test_a_payment_nobody_told_us_of_is_read_again_and_booked_by_the_hourly_run(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    stage.pay(booking_id)
    reconcile_hourly(stage.tools)
    assert stage.booking(booking_id).state == "confirmed"
    assert open_ones(stage) == []
    with stage.tools.reading() as db:
        (row,) = reconciliation_run.list_runs(db)
    assert (row.looked_at, row.matched, row.mended, row.opened) == (1, 2, 2, 0)
    assert (
        row.balances["USD"]["ours_minor"]
        == row.balances["USD"]["available_minor"] + row.balances["USD"]["pending_minor"]
    )
    stage.assert_sound()


# case 3
def test_an_open_checkout_that_was_paid_is_found_by_the_sweep_of_what_is_open(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    stage.pay(booking_id)
    sweep_open(stage.tools)
    stage.work()
    assert stage.booking(booking_id).state == "confirmed"


def test_a_refund_made_by_hand_at_stripe_is_booked(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    stage.stand.refund_by_hand(stage.payment(booking_id).charge_id or "", 1_000)
    assert run(stage).counts.mended == 1
    assert open_ones(stage) == []
    assert stage.payment(booking_id).state == "partly_refunded"
    stage.assert_sound()


def test_a_dispute_nobody_told_us_of_is_booked_and_stops_the_payout(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    stage.stand.control("dispute", charge=stage.payment(booking_id).charge_id)
    assert run(stage).counts.mended == 1
    assert stage.payment(booking_id).state == "disputed"
    assert stage.payout(payout_id).state == "held"
    stage.assert_sound()


def test_a_reversal_made_by_hand_at_stripe_is_booked(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    transfer_id = stage.payout(payout_id).stripe_transfer_id or ""
    stage.stand.gateway.reverse_transfer(ReversalOrder(transfer_id, 500), idempotency_key="by hand")
    assert run(stage).counts.mended == 1
    assert stage.payout(payout_id).state == "partly_reversed"
    assert open_ones(stage) == []


def test_our_own_bank_payouts_are_booked_from_the_balance(stage: MoneyStage) -> None:
    stage.paid("4000000000000077")
    made = stage.stand.control("bank-payout", amount=5_000)
    run(stage)
    assert stage.balances()["bank"] == 5_000
    stage.stand.control(f"bank-payout/{made['id']}/fail")
    run(stage)
    assert "bank" not in stage.balances()
    assert open_ones(stage) == []


# case 8
def test_a_transfer_whose_answer_was_lost_for_a_day_is_found_and_not_made_again(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.stand.fault("drop_after", "/v1/transfers", times=9)
    stage.send()
    stage.later(timedelta(hours=25))
    stage.sweep()
    stage.later(timedelta(minutes=11))
    made = len(stage.stand.calls("POST", "/v1/transfers"))
    run(stage)
    assert stage.payout(payout_id).state == "transferred"
    assert len(stage.stand.calls("POST", "/v1/transfers")) == made
    assert open_ones(stage) == []
    stage.assert_sound()


def test_one_object_that_cannot_be_read_keeps_no_other_from_being_mended(stage: MoneyStage) -> None:
    first, second = stage.accepted(), stage.accepted()
    for booking_id in (first, second):
        stage.pay(booking_id)
    broken = stage.payment(first).checkout_session_id
    stage.stand.fault("status", f"/v1/checkout/sessions/{broken}", status=500, verb="GET", times=9)
    run(stage)
    assert [stage.booking(each).state for each in (first, second)] == ["accepted", "confirmed"]
    assert open_ones(stage) == []  # not told before an hour has passed: the next run reads it again
    stage.later(2 * HOUR)
    run(stage)
    assert {kind for kind, _ in open_ones(stage)} == {"missing_here"}


def test_a_transfer_that_is_just_being_made_is_no_difference(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.stand.fault("drop_after", "/v1/transfers", times=3)
    stage.send()
    assert stage.payout(payout_id).state == "sending"
    result = run(stage)
    assert open_ones(stage) == []
    assert result.balances is not None
    assert result.balances[0].moving_minor == -stage.payout(payout_id).amount_minor
    assert result.balances[0].unexplained_minor == 0


# what differs -------------------------------------------------------------------------------------


def test_what_only_we_have_is_named_after_an_hour(stage: MoneyStage) -> None:
    book_ghost(stage, ago=timedelta(minutes=59))
    run(stage)
    assert open_ones(stage) == []
    stage.later(timedelta(minutes=2))
    run(stage)
    assert open_ones(stage) == [("missing_at_stripe", "bank_payout:po_ghost")]


def test_what_was_booked_days_after_it_moved_is_no_difference(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    checkout_id = stage.pay(booking_id)
    run(stage, since=stage.now + HOUR)
    stage.later(timedelta(days=5))
    stage.sync(checkout_id)
    stage.later(2 * HOUR)
    run(stage, since=stage.now - timedelta(days=3))
    assert open_ones(stage) == []


def test_what_was_just_booked_days_after_it_moved_is_not_on_its_way(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    run(stage)
    stage.stand.refund_by_hand(stage.payment(booking_id).charge_id or "", 1_000)
    stage.later(timedelta(days=5))
    run(stage)  # finds and books it
    stage.later(timedelta(minutes=10))
    result = run(stage)  # looks three days back from there
    assert result.balances is not None
    assert [(each.moving_minor, each.unexplained_minor) for each in result.balances] == [(0, 0)]
    stage.assert_sound()


def test_what_is_booked_late_while_a_run_compares_is_not_on_its_way(
    stage: MoneyStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout_id = stage.pay(stage.accepted())
    run(stage, since=stage.now + HOUR)
    stage.later(timedelta(days=5))
    after_the_balances(stage, monkeypatch, lambda: stage.sync(checkout_id))
    result = run(stage, since=stage.now - timedelta(days=3))
    assert result.balances is not None
    assert [(each.moving_minor, each.unexplained_minor) for each in result.balances] == [(0, 0)]
    stage.assert_sound()


def test_what_is_paid_and_booked_after_the_balances_were_read_is_on_its_way(
    stage: MoneyStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.paid()
    booking_id = stage.accepted()
    after_the_balances(stage, monkeypatch, lambda: stage.sync(stage.pay(booking_id)))
    result = run(stage)
    assert stage.booking(booking_id).state == "confirmed"
    assert result.balances is not None
    assert [each.unexplained_minor for each in result.balances] == [0]
    assert result.balances[0].moving_minor < 0
    with stage.tools.reading() as db:
        assert [check.rows for check in run_checks(db, now=stage.now) if check.name == "I15"] == [[]]


def test_another_amount_is_named_and_freezes_the_payout_until_it_is_settled(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    admin_id = stage.add_admin()
    stage.approve(payout_id, admin_id)
    refund_id = book_wrong_refund(stage, booking_id)
    run(stage)
    assert open_ones(stage) == [("amount_differs", f"refund:{refund_id}")]
    held = stage.payout(payout_id)
    assert (held.state, held.words) == ("held", mismatch.FROZEN)
    with stage.tools.reading() as db:
        assert "Our books and Stripe's differ about this booking." in blocks_of(db, held)
    with pytest.raises(Exception, match="differ"):
        stage.approve(payout_id, admin_id)
    with stage.tools.reading() as db:
        row = db.scalars(select(Mismatch)).one()
    with stage.tools.unit_of_work() as db:
        mismatch.settle_by_hand(
            db, mismatch_id=row.id, by=Decider(admin_id, "1.2.3.4"), words="The bank kept one dollar.", now=stage.now
        )
        assert blocks_of(db, held) == ()
        told = db.scalars(select(Audit).where(Audit.about == "mismatch")).one()
        assert (told.principal_id, told.reason, told.ip) == (admin_id, "The bank kept one dollar.", "1.2.3.4")


def test_what_an_admin_has_settled_stays_settled_while_the_amounts_stay(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    admin_id = stage.add_admin()
    refund_id = book_wrong_refund(stage, booking_id)
    run(stage)
    with stage.tools.unit_of_work() as db:
        row = db.scalars(select(Mismatch)).one()
        mismatch.settle_by_hand(db, mismatch_id=row.id, by=Decider(admin_id), words="Known and agreed.", now=stage.now)
    result = run(stage)
    assert (open_ones(stage), result.counts.opened) == ([], 0)
    assert result.balances is not None
    assert result.balances[0].unexplained_minor == 0
    with stage.tools.unit_of_work() as db:
        more = books.refund_before_earning(refund_id="re_more", booking_id=booking_id, amount=Money(1, "USD"))
        ledger.post(db, more, now=stage.now - 2 * HOUR)
    assert run(stage).counts.opened == 1
    assert [key for _, key in open_ones(stage)] == ["refund:re_more"]
    assert refund_id not in str(open_ones(stage))


def test_settling_needs_words_and_happens_once(stage: MoneyStage) -> None:
    book_ghost(stage)
    run(stage)
    by = Decider(stage.add_admin())
    with stage.tools.unit_of_work() as db:
        row = db.scalars(select(Mismatch)).one()
        with pytest.raises(Invalid):
            mismatch.settle_by_hand(db, mismatch_id=row.id, by=by, words="ok", now=stage.now)
        mismatch.settle_by_hand(db, mismatch_id=row.id, by=by, words="A test of the bank.", now=stage.now)
        with pytest.raises(Conflict):
            mismatch.settle_by_hand(db, mismatch_id=row.id, by=by, words="A test of the bank.", now=stage.now)


def test_a_difference_is_told_to_admins_once_and_settled_by_the_run_that_sees_it_gone(stage: MoneyStage) -> None:
    stage.add_admin()
    booking_id = stage.accepted()
    checkout_id = stage.pay(booking_id)
    stage.later(2 * HOUR)
    for _ in range(2):
        stage.stand.fault("status", f"/v1/checkout/sessions/{checkout_id}", status=500, verb="GET", times=9)
        run(stage)
        stage.stand.http.delete(f"{stage.stand.url}/_sandbox/fault")
    assert {kind for kind, _ in open_ones(stage)} == {"missing_here"}
    with stage.tools.reading() as db:
        assert len(db.scalars(select(Notice).where(Notice.kind == "mismatch")).all()) == 2  # the charge and its fee
    assert run(stage).counts.settled == 2
    assert open_ones(stage) == []
    with stage.tools.reading() as db:
        assert {row.words for row in mismatch.list_settled(db)} == {"Both agree again."}


def test_a_movement_of_a_kind_we_do_not_know_is_named(stage: MoneyStage) -> None:
    stage.paid()
    state = stage.stand.server.sandbox.state
    taken = {**state.all("balance_transaction")[-1], "id": "txn_by_stripe", "type": "stripe_fee", "source": None}
    state.add("balance_transaction", {**taken, "reporting_category": "fee", "amount": -200, "net": -200, "fee": 0})
    result = run(stage)
    assert open_ones(stage) == [("unknown_kind", "unknown:txn_by_stripe")]
    assert result.balances is not None
    assert (result.balances[0].moving_minor, result.balances[0].unexplained_minor) == (-200, 0)


def test_a_balance_without_explanation_is_an_alarm_only_when_it_stays(stage: MoneyStage) -> None:
    stage.paid()
    with stage.tools.unit_of_work() as db:
        drift = books.draft("drift:1", "drift", [(books.STRIPE, Money(7, "USD"))], [(books.LOSSES, Money(7, "USD"))])
        ledger.post(db, drift, now=stage.now - timedelta(days=60))
    run(stage)
    assert open_ones(stage) == []
    run(stage)
    assert open_ones(stage) == [("balance_differs", "balance:USD")]
    with stage.tools.unit_of_work() as db:
        back = books.draft("drift:2", "drift", [(books.LOSSES, Money(7, "USD"))], [(books.STRIPE, Money(7, "USD"))])
        ledger.post(db, back, now=stage.now - timedelta(days=60))
    assert run(stage).counts.settled == 1
    assert open_ones(stage) == []


def test_a_broken_rule_of_the_books_is_a_difference_until_it_holds_again(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    with stage.tools.unit_of_work() as db:
        db.execute(text("UPDATE payment SET refunded_minor = 1 WHERE booking_id = :id"), {"id": booking_id})
    reconcile_daily(stage.tools)
    assert open_ones(stage) == [("invariant", "invariant:I4")]
    reconcile_hourly(stage.tools)
    assert open_ones(stage) == [("invariant", "invariant:I4")]
    with stage.tools.unit_of_work() as db:
        db.execute(text("UPDATE payment SET refunded_minor = 0 WHERE booking_id = :id"), {"id": booking_id})
    reconcile_daily(stage.tools)
    assert open_ones(stage) == []


# runs ---------------------------------------------------------------------------------------------


def test_a_run_that_died_is_passed_over_and_the_next_goes_on_from_the_last_good_one(stage: MoneyStage) -> None:
    stage.paid()
    reconcile_hourly(stage.tools)
    stage.later(HOUR)
    with stage.tools.unit_of_work() as db:
        reconciliation_run.begin_run(db, kind=HOURLY, now=stage.now)  # and its worker is killed
    stage.later(HOUR)
    reconcile_hourly(stage.tools)
    with stage.tools.reading() as db:
        good, dead, first = reconciliation_run.list_runs(db)
    assert dead.finished_at is None
    assert good.since == first.started_at - reconciliation_run.OVERLAP
    assert good.error is None


def test_a_run_while_stripe_is_away_ends_with_its_error(stage: MoneyStage) -> None:
    stage.stand.fault("status", "/v1/balance_transactions", status=500, verb="GET", times=9)
    with pytest.raises(PaymentError):
        reconcile_hourly(stage.tools)
    with stage.tools.reading() as db:
        (row,) = reconciliation_run.list_runs(db)
        assert row.finished_at is not None
        assert "PaymentUnknown" in (row.error or "")
        assert reconciliation_run.find_last_good(db) is None


def test_an_admin_asks_for_a_run_and_not_for_a_second_beside_it(stage: MoneyStage) -> None:
    by = Decider(stage.add_admin(), "1.2.3.4")
    with stage.tools.unit_of_work() as db:
        run_id = reconciliation_run.ask_for_run(db, by=by, now=stage.now)
        with pytest.raises(Conflict):
            reconciliation_run.ask_for_run(db, by=by, now=stage.now)
    assert carry_out(stage.tools, run_id) is not None
    assert carry_out(stage.tools, run_id) is None
    with stage.tools.reading() as db:
        assert db.get_one(ReconciliationRun, run_id).kind == BY_HAND
        assert db.scalars(select(Audit).where(Audit.about == "reconciliation")).one().ip == "1.2.3.4"


def test_a_transfer_made_by_hand_is_a_difference_of_its_booking(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    with stage.tools.reading() as db:
        group = reference_of(stage.booking(booking_id))
    account_id = stage.account(stage.booking(booking_id).actor_id).stripe_account_id or ""
    order = TransferOrder(1_000, "USD", account_id, stage.payment(booking_id).charge_id or "", group)
    made = stage.stand.gateway.create_transfer(order, idempotency_key="by hand")
    run(stage)
    assert open_ones(stage) == [("missing_here", f"transfer:{made.id}")]
    with stage.tools.reading() as db:
        assert db.scalars(select(Mismatch.booking_id)).one() == booking_id
    assert stage.payout(payout_id).state == "held"


# the command --------------------------------------------------------------------------------------


def test_the_command_prints_each_class_with_its_count_and_rows(
    stage: MoneyStage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.paid()
    result = reconcile.run(stage.tools, stage.now - timedelta(days=35))
    assert reconcile.report(result, [], print) == 0
    book_ghost(stage)
    result = reconcile.run(stage.tools, stage.now - timedelta(days=35))
    with stage.tools.reading() as db:
        assert reconcile.report(result, mismatch.list_open(db), print) == 1
    printed = capsys.readouterr().out
    assert "1 movements looked at, 2 matched, 0 mended" in printed
    assert "missing_at_stripe       1  Missing at Stripe" in printed
    assert "bank_payout:po_ghost: We have booked what Stripe's balance does not show: ours -100 theirs None" in printed
    assert reconcile.instant("2026-11-01") == datetime(2026, 11, 1, tzinfo=UTC)


def test_the_ledger_command_prints_every_invariant(stage: MoneyStage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.paid()
    parser = ArgumentParser()
    check_ledger.add_arguments(parser)
    assert check_ledger.main(stage.tools.settings, parser.parse_args(["--balances"])) == 0
    printed = capsys.readouterr().out
    for number in range(1, 19):
        assert f"I{number} " in printed
    assert "I15  ?  " in printed
    assert "not checked yet: nothing has been compared with Stripe" in printed
    assert "18 checks, 0 broken, 1 not checked yet" in printed
    run(stage, DAILY)
    with stage.tools.reading() as db:
        (balance,) = [check for check in run_checks(db, now=stage.now) if check.name == "I15"]
    assert (balance.looked_at, balance.rows, balance.unchecked) == (1, [], "")
