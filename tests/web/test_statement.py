"""Statements on pages, as CSV and as PDF: the same figures on all three, and only one's own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace.db import Database
from marketplace.domain import ledger as books
from marketplace.domain.ledger import PostingDraft
from marketplace.domain.money import Money
from marketplace.domain.statement import Side, Subject, month_of
from marketplace.models import Account, Booking, Platform
from marketplace.services import ledger
from marketplace.services.statement import PAGE_SIZE, summarise
from marketplace.web import show, statement_file
from marketplace.web.csv_file import BYTE_ORDER_MARK
from marketplace.web.statement_file import MOST_PDF_LINES
from tests.web.page_check import sound
from tests.web.scene import Scene, no_jobs, scene
from tests.web.test_document import text_of

__all__ = ["scene"]

ClientAs = Callable[[Account], FlaskClient]
PAID, NET, FEE = Money(38_880, "USD"), Money(36_000, "USD"), Money(2_880, "USD")


def history(scene: Scene) -> list[PostingDraft]:
    """A booking that went well, and a part of its refund afterwards that the actor owes."""
    of = {"booking_id": scene.booking_id, "actor_id": scene.actor_id}
    none = Money(0, "USD")
    return [
        books.charge_captured(charge_id="ch_1", booking_id=scene.booking_id, amount=PAID),
        books.stripe_fee(transaction_id="txn_1", booking_id=scene.booking_id, amount=Money(1_158, "USD")),
        books.payout_earned(**of, actor_part=NET, fee_part=FEE),
        books.transfer_made(transfer_id="tr_1", **of, amount=NET),
        books.refund_after_earning(
            refund_id="re_1", **of, funds_part=none, fee_part=Money(80, "USD"), payable_part=none,
            receivable_part=Money(1_000, "USD"),
        ),
    ]  # fmt: skip


@pytest.fixture
def paid(scene: Scene, database: Database) -> Scene:
    """The trade of the scene, in the books of its day."""
    with database.unit_of_work(no_jobs) as db:
        for draft in history(scene):
            assert ledger.post(db, draft, now=scene.now)
    return scene


def table(answer_text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer_text.removeprefix(BYTE_ORDER_MARK), newline="")))


def test_an_actor_reads_what_was_earned_sent_and_taken_back(paid: Scene, client_as: ClientAs) -> None:
    page = sound(client_as(paid.imani).get("/actor/statement"))
    assert "November 2026" in page
    for words in (
        "Earned",
        "Sent to the actor’s account at Stripe",
        "The actor’s part of a refund",
        "$360.00",
        "-$10.00",
    ):
        assert words in page
    assert re.search(r'href="/actor/document/\d+">PAY-2026-000001</a>', page)
    assert page.count("btn-main") == 1
    assert 'class="one-bar"' in page


def test_a_platform_reads_what_it_paid_and_what_came_back(paid: Scene, client_as: ClientAs) -> None:
    page = sound(client_as(paid.mira).get("/platform/statement"))
    for words in (
        "Paid, held until accepted",
        "Accepted: the actor’s part and the fee",
        "Refunded",
        "$388.80",
        "-$10.80",
    ):
        assert words in page
    assert "Stripe’s fee" not in page
    assert "INV-2026-000001" in page
    assert "CRN-2026-000001" in page


def test_an_admin_reads_where_the_money_is(paid: Scene, client_as: ClientAs) -> None:
    page = sound(client_as(paid.ada).get("/admin/statement"))
    for words in (
        "Balance at Stripe",
        "Held until accepted",
        "Owed to actors",
        "Owed by actors",
        "Marketplace fees",
        "Stripe’s fees",
        "Losses",
    ):
        assert words in page
    sums = re.search(r'<th scope="row">Sum</th>(.*?)</tr>', page, re.DOTALL)
    assert sums is not None
    amounts = re.findall(r'class="amount[^"]*">([^<]*)<', sums[1])
    assert (amounts[0], amounts[3]) == ("$0.00", "$0.00")
    assert amounts[1] == amounts[2]


@pytest.mark.parametrize("room", ["platform", "actor"])
def test_an_admin_reads_the_statement_of_anybody(paid: Scene, client_as: ClientAs, room: str) -> None:
    browser = client_as(paid.ada)
    subject_id = {"platform": paid.platform_id, "actor": paid.actor_id}[room]
    page = sound(browser.get(f"/admin/statement/{room}/{subject_id}"))
    assert {"platform": "ReelForge", "actor": "Imani Okafor"}[room] in page
    assert f'href="/admin/statement/{room}/{subject_id}"' in browser.get(f"/admin/{room}/{subject_id}").text
    assert browser.get(f"/admin/statement/{room}/{subject_id}/pdf").data.startswith(b"%PDF")
    assert browser.get(f"/admin/statement/{room}/{subject_id}/csv").mimetype == "text/csv"
    assert browser.get(f"/admin/statement/{room}/999999").status_code == 404


def test_page_csv_and_pdf_say_what_the_ledger_says(paid: Scene, client_as: ClientAs, database: Database) -> None:
    month = month_of(paid.now.date())
    for who, path, subject in (
        (paid.imani, "/actor/statement", Subject(Side.ACTOR, paid.actor_id)),
        (paid.mira, "/platform/statement", Subject(Side.PLATFORM, paid.platform_id)),
        (paid.ada, "/admin/statement", Subject(Side.MARKETPLACE)),
    ):
        with database.reading() as db:
            summary = summarise(db, subject, "USD", month)
        rows = table(client_as(who).get(f"{path}.csv").text)
        balances = [Decimal(row["Balance"]) for row in rows]
        effect = list(rows[0])[9]
        assert balances[0] == Money(summary.opening_minor, "USD").major
        assert balances[-1] == Money(summary.closing_minor, "USD").major
        assert sum(Decimal(row[effect]) for row in rows[1:-1]) == balances[-1] - balances[0]
        assert len(rows) == summary.count + 2
        said = text_of(client_as(who).get(f"{path}.pdf").data)
        closing = show.money(summary.closing_minor, "USD")
        assert closing in said
        assert closing in client_as(who).get(path).text


def test_a_negative_amount_is_a_number_in_the_csv(paid: Scene, client_as: ClientAs) -> None:
    rows = table(client_as(paid.imani).get("/actor/statement.csv").text)
    assert [row["Amount"] for row in rows] == ["", "360.00", "-360.00", "-10.00", ""]
    assert rows[-1]["Balance"] == "-10.00"


# case 39
def test_a_name_that_is_a_formula_is_text_in_the_csv(paid: Scene, client_as: ClientAs, database: Database) -> None:
    with database.unit_of_work(no_jobs) as db:
        db.get_one(Platform, paid.platform_id).name = "=cmd|' /C calc'!A0"
        db.get_one(Booking, paid.booking_id).brief.project = "+1+1"
    answer = client_as(paid.imani).get("/actor/statement.csv")
    (row, *_) = [row for row in table(answer.text) if row["What"] == "Earned"]
    assert (row["Platform"], row["Project"]) == ("'=cmd|' /C calc'!A0", "'+1+1")
    assert answer.headers["Content-Disposition"] == (
        f"attachment; filename=statement-actor-{paid.actor_id}-2026-11-USD.csv"
    )


# what is asked for -------------------------------------------------------------------------------


def test_other_days_show_what_happened_in_them(paid: Scene, client_as: ClientAs) -> None:
    browser, today = client_as(paid.imani), paid.now.date()
    before = today - timedelta(days=1)
    page = sound(browser.get(f"/actor/statement?from={before}&to={before}"))
    assert "No money moved" in page
    assert f'value="{before}"' in page
    page = sound(browser.get(f"/actor/statement?from={today}&to={today}"))
    assert "Sent to the actor’s account" in page
    assert f"from={today}" in page
    answer = browser.get(f"/actor/statement.csv?from={today}&to={today}")
    assert f"{today}-to-{today}" in answer.headers["Content-Disposition"]


def test_a_month_is_chosen_and_the_next_one_begins_with_its_closing_balance(paid: Scene, client_as: ClientAs) -> None:
    rows = table(client_as(paid.imani).get("/actor/statement.csv?month=2026-12").text)
    assert [row["Balance"] for row in rows] == ["-10.00", "-10.00"]
    page = sound(client_as(paid.imani).get("/actor/statement?month=2026-10"))
    assert '<option value="2026-10" selected>October 2026</option>' in page


@pytest.mark.parametrize("query", ["from=2026-11-05&to=2026-11-01", "from=1950-01-01&to=2026-11-01"])
def test_days_that_make_no_period_are_refused_in_words(paid: Scene, client_as: ClientAs, query: str) -> None:
    browser = client_as(paid.imani)
    page = sound(browser.get(f"/actor/statement?{query}"), 422)
    assert "Error:" in page
    assert "This month is shown instead." in page
    assert browser.get(f"/actor/statement.csv?{query}").status_code == 422
    assert browser.get(f"/actor/statement.pdf?{query}").status_code == 422


@pytest.mark.parametrize(
    "query",
    ["month=x", "month=2026-13", "from=x&to=y", "from=&to=", "currency=EUR", "currency=%00", "page=99", "page=-1",
     "from=2026-11-05", "to=2026-11-05", "from=2199-01-01", "month=9999-12", "month=0001-01"],
)  # fmt: skip
def test_what_makes_no_sense_shows_the_usual(paid: Scene, client_as: ClientAs, query: str) -> None:
    assert client_as(paid.imani).get(f"/actor/statement?{query}").status_code in (200, 400, 422)


# how much of it ----------------------------------------------------------------------------------


def charges(database: Database, scene: Scene, count: int) -> None:
    with database.unit_of_work(no_jobs) as db:
        for number in range(count):
            made = books.bank_payout_sent(bank_payout_id=f"po_{number}", amount=Money(100 + number, "USD"))
            ledger.post(db, made, now=scene.now)


def test_many_lines_are_shown_by_the_page_and_never_asked_one_by_one(
    scene: Scene, client_as: ClientAs, database: Database
) -> None:
    charges(database, scene, PAGE_SIZE + 7)
    browser = client_as(scene.ada)
    first, second = sound(browser.get("/admin/statement")), sound(browser.get("/admin/statement?page=2"))
    assert (first.count("Sent to our bank"), second.count("Sent to our bank")) == (PAGE_SIZE, 7)
    assert f"{PAGE_SIZE + 7} lines" in first
    assert len(table(browser.get("/admin/statement.csv").text)) == PAGE_SIZE + 9


def test_a_reader_who_leaves_midway_leaves_no_connection_behind(
    scene: Scene, client_as: ClientAs, database: Database
) -> None:
    charges(database, scene, 20)
    answer = client_as(scene.ada).get("/admin/statement.csv")
    pieces = answer.iter_encoded()
    assert b"At Stripe at the start" in next(pieces) + next(pieces)
    answer.close()


def test_a_period_that_nobody_would_print_is_refused_as_a_pdf(
    scene: Scene, client_as: ClientAs, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    charges(database, scene, 3)
    monkeypatch.setattr(statement_file, "MOST_PDF_LINES", 2)
    answer = client_as(scene.ada).get("/admin/statement.pdf")
    assert answer.status_code == 422
    assert "has 3 lines" in answer.text
    assert MOST_PDF_LINES == 1_000


def test_a_pdf_of_a_statement_has_the_same_bytes_each_time(paid: Scene, client_as: ClientAs) -> None:
    browser = client_as(paid.ada)
    assert browser.get("/admin/statement.pdf").data == browser.get("/admin/statement.pdf").data


# case 40
@pytest.mark.parametrize("path", ["/admin/statement.csv", "/platform/statement.csv", "/actor/statement.pdf"])
def test_nobody_reads_the_statement_of_another_room(paid: Scene, app: Flask, client_as: ClientAs, path: str) -> None:
    room = path.split("/")[1]
    for who, own in ((paid.mira, "platform"), (paid.imani, "actor"), (paid.ada, "admin")):
        assert client_as(who).get(path).status_code == (200 if own == room else 403)
    assert app.test_client().get(path).status_code == 303
    assert "ReelForge" not in client_as(paid.other_actor).get("/actor/statement.csv").text
    assert "Imani" not in client_as(paid.other_member).get("/platform/statement.csv").text


def test_a_year_of_every_actor_is_a_csv_for_admins(paid: Scene, client_as: ClientAs) -> None:
    answer = client_as(paid.ada).get("/admin/statement/year.csv?year=2026")
    (row,) = table(answer.text)
    figures = (row["Gross"], row["Marketplace fees"], row["Earned"], row["Refunded"], row["Sessions"])
    assert figures == ("388.80", "28.80", "360.00", "10.00", "1")
    assert row["Account at Stripe"] == f"acct_{paid.actor_id}"
    assert answer.headers["Content-Disposition"] == "attachment; filename=tax-year-2026.csv"
    assert table(client_as(paid.ada).get("/admin/statement/year.csv").text) == []
    assert "/admin/statement/year.csv?year=2026" in client_as(paid.ada).get("/admin/statement").text
    assert client_as(paid.imani).get("/admin/statement/year.csv").status_code == 403
