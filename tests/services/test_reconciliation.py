"""Our books against Stripe's: what differs is named, what is missing here is read again and booked."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta

import pytest

from marketplace.command import check_ledger, reconcile
from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.services import ledger
from tests.services.money_stage import MoneyStage

SPAN = timedelta(days=35)


def differences(stage: MoneyStage) -> list[tuple[str, str]]:
    found = reconcile.look(stage.database, stage.stand.gateway, SPAN, "USD")
    return [(each.kind, each.event_key) for each in found if each.kind != "matched"]


def test_everything_that_was_done_through_us_matches(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    dispute = stage.stand.control("dispute", charge=stage.payment(booking_id).charge_id)
    stage.stand.control(f"dispute/{dispute['id']}/won")
    stage.sync(stage.payment(booking_id).checkout_session_id or "")
    assert differences(stage) == []


def test_a_payment_nobody_told_us_of_is_named_and_then_booked(
    stage: MoneyStage, capsys: pytest.CaptureFixture[str]
) -> None:
    booking_id = stage.accepted()
    stage.pay(booking_id)
    kinds = [kind for kind, _ in differences(stage)]
    assert kinds == ["missing_here", "missing_here", "balance_differs"]
    reconcile.mend(stage.database, stage.stand.gateway, SPAN)
    assert differences(stage) == []
    assert stage.booking(booking_id).state == "confirmed"
    assert reconcile.report([], print) == 0
    assert "0 matched, 0 differences" in capsys.readouterr().out


def test_a_refund_made_by_hand_at_stripe_is_booked(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    stage.stand.refund_by_hand(stage.payment(booking_id).charge_id or "", 1_000)
    assert [kind for kind, _ in differences(stage)] == ["missing_here", "balance_differs"]
    reconcile.mend(stage.database, stage.stand.gateway, SPAN)
    assert differences(stage) == []
    assert stage.payment(booking_id).state == "partly_refunded"
    stage.assert_sound()


def test_our_own_bank_payouts_are_booked_from_the_balance(stage: MoneyStage) -> None:
    stage.paid("4000000000000077")
    made = stage.stand.control("bank-payout", amount=5_000)
    reconcile.mend(stage.database, stage.stand.gateway, SPAN)
    assert stage.balances()["bank"] == 5_000
    stage.stand.control(f"bank-payout/{made['id']}/fail")
    reconcile.mend(stage.database, stage.stand.gateway, SPAN)
    assert "bank" not in stage.balances()
    assert differences(stage) == []


def test_what_only_we_have_is_named(stage: MoneyStage) -> None:
    with stage.tools.unit_of_work() as db:
        ghost = books.bank_payout_sent(bank_payout_id="po_ghost", amount=Money(100, "USD"))
        ledger.post(db, ghost, now=stage.now - timedelta(hours=2))
    assert differences(stage) == [
        ("missing_at_stripe", "bank_payout:po_ghost"),
        ("balance_differs", "balance:USD"),
    ]


def test_the_commands_print_what_they_found(stage: MoneyStage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.paid()
    parser = ArgumentParser()
    check_ledger.add_arguments(parser)
    assert check_ledger.main(stage.tools.settings, parser.parse_args(["--balances"])) == 0
    printed = capsys.readouterr().out
    assert "I1   ok " in printed
    assert "stripe_balance" in printed
    assert "checks, 0 broken" in printed
