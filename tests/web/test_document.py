"""Documents on pages and as PDF: the same words on both, the same bytes each time, and only for whom they are."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime

import pypdf
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.domain import ledger as books
from marketplace.domain.document import Issuer
from marketplace.domain.money import Money
from marketplace.models import Account, Actor, Booking, Document, Platform, Posting
from marketplace.services import ledger
from marketplace.services.document import issue_document
from marketplace.web.document import describe, draw
from marketplace.web.pdf import Sheet
from tests.web.page_check import sound
from tests.web.scene import Scene, no_jobs, scene

__all__ = ["scene"]

ClientAs = Callable[[Account], FlaskClient]
NAMES = ["Zażółć Gęślą", "Ελένη Παπαδοπούλου", "Наталія Щербак", "Ọláṣùnkànmí Adébáyọ̀", "Nguyễn Thị Ái"]
PRICES = ["€12.50", "₦900.00", "£1.00", "¥900", "₴5.00", "−$3.00"]


def text_of(data: bytes) -> str:
    """Everything that a PDF says, page by page."""
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def post(database: Database, draft: books.PostingDraft, now: datetime) -> int:
    with database.unit_of_work(no_jobs) as db:
        assert ledger.post(db, draft, now=now)
        return db.scalars(select(Posting.id).where(Posting.event_key == draft.event_key)).one()


def charge(database: Database, scene: Scene) -> int:
    amount = Money(38_880, "USD")
    return post(
        database, books.charge_captured(charge_id="ch_1", booking_id=scene.booking_id, amount=amount), scene.now
    )


def send(database: Database, scene: Scene) -> int:
    made = books.transfer_made(
        transfer_id="tr_1", booking_id=scene.booking_id, actor_id=scene.actor_id, amount=Money(36_000, "USD")
    )
    return post(database, made, scene.now)


def issue(database: Database, posting_id: int, now: datetime) -> int:
    with database.unit_of_work(no_jobs) as db:
        made = issue_document(db, posting_id=posting_id, issuer=Issuer("Marquee Ltd", "1 Stage Street"), now=now)
    assert made is not None
    return made


def test_whoever_opens_their_documents_finds_those_of_a_minute_ago(
    scene: Scene, database: Database, client_as: ClientAs
) -> None:
    charge(database, scene)
    page = sound(client_as(scene.mira).get("/platform/document"))
    assert "INV-2026-000001" in page
    assert "$388.80" in page
    assert "INV-2026-000001" in sound(client_as(scene.mira).get("/platform/document"))
    with database.reading() as db:
        assert len(db.scalars(select(Document)).all()) == 1


def test_a_platform_reads_its_invoice_on_a_page_and_as_a_pdf(
    scene: Scene, database: Database, client_as: ClientAs
) -> None:
    document_id = issue(database, charge(database, scene), scene.now)
    browser = client_as(scene.mira)
    page = sound(browser.get(f"/platform/document/{document_id}"))
    answer = browser.get(f"/platform/document/{document_id}/pdf")
    said = text_of(answer.data)
    for words in ("INV-2026-000001", "Marquee Ltd", "1 Stage Street", "ReelForge", "Imani Okafor", "Heiress", "ch_1"):
        assert words in page
        assert words in said
    for amount in ("$360.00", "$28.80", "$388.80"):
        assert amount in page
        assert amount in said
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == "inline; filename=INV-2026-000001.pdf"
    assert page.count("btn-main") == 1


def test_an_actor_finds_the_payout_statement_from_the_earnings_and_the_booking(
    scene: Scene, database: Database, client_as: ClientAs
) -> None:
    send(database, scene)
    browser = client_as(scene.imani)
    earnings = sound(browser.get("/actor/earnings"))
    with database.reading() as db:
        document_id = db.scalars(select(Document.id)).one()
    href = f"/actor/document/{document_id}"
    assert href in earnings
    assert href in sound(browser.get(f"/actor/booking/{scene.booking_id}"))
    page = sound(browser.get(href))
    assert "PAY-2026-000001" in page
    assert "$360.00" in page
    assert "PAY-2026-000001" in text_of(browser.get(f"{href}/pdf").data)


def test_the_booking_page_of_a_platform_leads_to_its_invoice(
    scene: Scene, database: Database, client_as: ClientAs
) -> None:
    document_id = issue(database, charge(database, scene), scene.now)
    page = sound(client_as(scene.mira).get(f"/platform/booking/{scene.booking_id}"))
    assert f'href="/platform/document/{document_id}"' in page


# case 40
def test_a_document_is_found_by_those_it_is_for_and_by_admins_alone(
    scene: Scene, database: Database, client_as: ClientAs
) -> None:
    invoice = issue(database, charge(database, scene), scene.now)
    payout = issue(database, send(database, scene), scene.now)
    for path in ("", "/pdf"):
        found = {
            (who.id, paper): client_as(who).get(f"/{room}/document/{paper_id}{path}").status_code
            for who, room in ((scene.mira, "platform"), (scene.other_member, "platform"), (scene.imani, "actor"),
                              (scene.other_actor, "actor"), (scene.ada, "admin"))
            for paper, paper_id in (("invoice", invoice), ("payout", payout))
        }  # fmt: skip
        theirs = {(scene.mira.id, "invoice"), (scene.imani.id, "payout")}
        theirs |= {(scene.ada.id, "invoice"), (scene.ada.id, "payout")}
        assert {one for one, status in found.items() if status == 200} == theirs
        assert set(found.values()) == {200, 404}


# the PDF itself ----------------------------------------------------------------------------------


def test_a_pdf_has_the_same_bytes_whenever_it_is_made(scene: Scene, database: Database, app: Flask) -> None:
    document_id = issue(database, charge(database, scene), scene.now)
    with database.reading() as db, app.test_request_context():
        paper = describe(db.get_one(Document, document_id))
    made = [draw(paper).to_bytes() for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].startswith(b"%PDF-")
    about = pypdf.PdfReader(io.BytesIO(made[0])).metadata
    assert about is not None
    assert about.creation_date == scene.now.replace(microsecond=0)


def test_a_pdf_says_names_and_amounts_in_latin_greek_and_cyrillic() -> None:
    sheet = Sheet("Names", "Names", datetime(2026, 11, 23, tzinfo=UTC))
    sheet.heading("Names", "of people")
    for name in NAMES:
        sheet.paragraph(name)
    sheet.grid(["What", "Amount"], [["Price", price] for price in PRICES], widths=[3, 1], amounts=1, totals=1)
    said = text_of(sheet.to_bytes())
    assert [one for one in (*NAMES, *PRICES) if one not in said] == []


@pytest.mark.parametrize("length", [0, 1, 200])
def test_a_pdf_breaks_long_tables_and_names_its_pages(length: int) -> None:
    sheet = Sheet("Lines", "Lines of a test", datetime(2026, 11, 23, tzinfo=UTC))
    sheet.grid(["What", "Amount"], [[f"Line {n}", str(n)] for n in range(length)], widths=[3, 1], amounts=1)
    reader = pypdf.PdfReader(io.BytesIO(sheet.to_bytes()))
    assert (len(reader.pages) > 1) == (length > 100)
    for number, page in enumerate(reader.pages, start=1):
        assert f"Page {number} of {len(reader.pages)}" in page.extract_text()
        assert "Lines of a test" in page.extract_text()


# case 39
def test_what_people_call_themselves_stays_text_on_page_and_pdf(
    scene: Scene, database: Database, client_as: ClientAs
) -> None:
    nasty = "<b>x</b> ${7*7} (a\\) =1+1"
    with database.unit_of_work(no_jobs) as db:
        db.get_one(Platform, scene.platform_id).name = nasty
        booking = db.get_one(Booking, scene.booking_id)
        booking.brief.project = "=1+1 \\) Tj"
        db.get_one(Actor, booking.actor_id).city = nasty
    document_id = issue(database, charge(database, scene), scene.now)
    browser = client_as(scene.mira)
    page = sound(browser.get(f"/platform/document/{document_id}"))
    assert "<b>x</b>" not in page
    said = text_of(browser.get(f"/platform/document/{document_id}/pdf").data)
    assert nasty in said
    assert "=1+1 \\) Tj" in said
