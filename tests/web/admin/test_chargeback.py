"""A chargeback's page: the money, the evidence with its files, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import encode_multipart

from marketplace.db import Database
from marketplace.models import Account, Audit, Dispute, DisputeEvidence, Payment
from tests.web.page_check import faults
from tests.web.scene import Scene, no_jobs

ClientAs = Callable[[Account], FlaskClient]
PDF = b"%PDF-1.7\nwhat was agreed"
WHY = "The platform took part in the session and accepted the takes."


@pytest.fixture
def dispute_id(scene: Scene, database: Database) -> int:
    """The bank of Mira's platform disputes the payment."""
    with database.unit_of_work(no_jobs) as db:
        payment = db.scalars(select(Payment).where(Payment.booking_id == scene.booking_id)).one()
        row = Dispute(
            payment_id=payment.id, booking_id=scene.booking_id, stripe_dispute_id="du_1", state="open",
            currency="USD", amount_minor=payment.amount_minor, fee_minor=1_500, reason="product_not_received",
            opened_at=scene.now,
        )  # fmt: skip
        db.add(row)
        db.flush()
        return row.id


def row(database: Database, dispute_id: int) -> Dispute:
    with database.reading() as db:
        return db.get_one(Dispute, dispute_id)


def test_the_page_says_what_happened_and_proposes_an_answer(client_as: ClientAs, scene: Scene, dispute_id: int) -> None:
    browser = client_as(scene.ada)
    page = browser.get(f"/admin/chargeback/{dispute_id}")
    assert page.status_code == 200
    assert faults(page.text) == []
    for words in (
        "The service was not given", "$388.80", "$15.00", "Nothing of this booking has been paid out",
        "ReelForge booked", "1 take was delivered", "What was sold", "paid again when it is won",
    ):  # fmt: skip
        assert words in page.text
    listed = browser.get("/admin/dispute")
    assert faults(listed.text) == []
    assert f'href="/admin/chargeback/{dispute_id}"' in listed.text
    assert f'href="/admin/chargeback/{dispute_id}"' in browser.get(f"/admin/dispute/{scene.booking_id}").text


def test_words_are_kept_as_a_draft_and_sent_once(
    client_as: ClientAs, scene: Scene, database: Database, dispute_id: int
) -> None:
    browser, url = client_as(scene.ada), f"/admin/chargeback/{dispute_id}"
    assert browser.post(url, data={"step": "save", "words": WHY}).status_code == 303
    assert (row(database, dispute_id).evidence_state, row(database, dispute_id).evidence_words) == ("draft", WHY)
    short = browser.post(url, data={"step": "send", "words": "no"})
    assert short.status_code == 422
    assert faults(short.text) == []
    assert browser.post(url, data={"step": "send", "words": WHY}).status_code == 303
    assert row(database, dispute_id).evidence_state == "sending"
    page = browser.get(url)
    assert faults(page.text) == []
    assert "On its way" in page.text
    assert "Send to the bank" not in page.text
    assert browser.post(url, data={"step": "send", "words": WHY}).status_code == 409
    assert browser.post(url, data={"step": "forget"}).status_code == 400
    with database.reading() as db:
        audited = db.scalars(select(Audit).where(Audit.about == "dispute")).one()
    assert (audited.step, audited.principal_id, audited.ip) == ("send_evidence", scene.ada.id, "127.0.0.1")


def test_a_file_is_taken_by_its_bytes_and_can_be_removed(
    client_as: ClientAs, scene: Scene, database: Database, dispute_id: int
) -> None:
    browser, url = client_as(scene.ada), f"/admin/chargeback/{dispute_id}"

    def send(content: bytes, name: str = "../terms of work.exe", kind: str = "receipt") -> int:
        answer = browser.post(f"{url}/file", data={"kind": kind, "file": (BytesIO(content), name)})
        if answer.status_code != 303:
            assert faults(answer.text) == []
        return answer.status_code

    assert send(b"<script>alert(1)</script>", "terms.pdf") == 422
    assert send(PDF, kind="appeal") == 422
    assert send(b"") == 422
    assert send(PDF) == 303
    assert send(PDF) == 409
    with database.reading() as db:
        file = db.scalars(select(DisputeEvidence)).one()
    assert (file.file_name, file.media_type, file.size) == ("terms-of-work.pdf", "application/pdf", len(PDF))
    assert "terms-of-work.pdf" in browser.get(url).text
    assert browser.post(f"{url}/file/{file.id}/remove").status_code == 303
    with database.reading() as db:
        assert db.scalars(select(DisputeEvidence)).all() == []
    assert browser.post(f"{url}/file/{file.id}/remove").status_code == 404


def test_more_than_the_bank_takes_is_refused(client_as: ClientAs, scene: Scene, dispute_id: int) -> None:
    # encoded here: the test client would leave the file open that it writes a large form into
    cut, body = encode_multipart({"kind": "receipt", "file": (BytesIO(PDF + b"x" * 4_500_000), "terms.pdf")})
    answer = client_as(scene.ada).post(
        f"/admin/chargeback/{dispute_id}/file", data=body, content_type=f"multipart/form-data; boundary={cut}"
    )
    assert answer.status_code == 422
    assert "4.5 MB" in answer.text
