"""Evidence against a chargeback: a draft, then words and files that reach the bank once, whatever answers are lost."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.domain.errors import Conflict, Invalid
from marketplace.domain.evidence import LARGEST_FILE, check_file, media_type_of
from marketplace.gateways.payment.base import PaymentUnknown
from marketplace.models import Dispute, DisputeEvidence, Notice, OutboxCommand
from marketplace.services import evidence
from marketplace.services.account import Decider
from marketplace.services.evidence_text import propose_words
from tests.services.money_stage import MoneyStage
from workers.tasks.dispute import send_evidence, sweep_evidence

WHY = "The platform booked the session, took part in it and accepted the takes."
PDF = b"%PDF-1.7\n" + b"x" * 2_000


def disputed(stage: MoneyStage) -> int:
    """A booking whose payment the bank disputes; the dispute's id."""
    booking_id = stage.paid()
    payment = stage.payment(booking_id)
    stage.stand.control("dispute", charge=payment.charge_id, reason="product_not_received")
    stage.sync(payment.checkout_session_id or "")
    with stage.tools.reading() as db:
        return db.scalars(select(Dispute.id)).one()


def add(stage: MoneyStage, dispute_id: int, content: bytes = PDF, kind: str = "service_documentation") -> int:
    stored = stage.tools.outside.storage.put(
        BytesIO(content), kind="evidence", suffix=".pdf", content_type="application/pdf"
    )
    with stage.tools.unit_of_work() as db:
        return evidence.add_file(
            db, dispute_id=dispute_id, kind=kind, file_key=stored.key, file_name="report.pdf",
            media_type="application/pdf", size=stored.bytes, by=admin(stage), now=stage.now,
        )  # fmt: skip


def admin(stage: MoneyStage) -> Decider:
    return Decider(stage.add_admin(), ip="10.0.0.9")


def send(stage: MoneyStage, dispute_id: int) -> None:
    with stage.tools.unit_of_work() as db:
        evidence.send_evidence(db, dispute_id=dispute_id, words=WHY, by=admin(stage), now=stage.now)


def row(stage: MoneyStage, dispute_id: int) -> Dispute:
    with stage.tools.reading() as db:
        return db.get_one(Dispute, dispute_id)


def at_bank(stage: MoneyStage) -> dict[str, Any]:
    """The one dispute as Stripe has it."""
    (found,) = stage.stand.server.sandbox.state.all("dispute")
    return dict(found)


def test_words_facts_and_files_reach_the_bank_once(stage: MoneyStage) -> None:
    dispute_id = disputed(stage)
    add(stage, dispute_id)
    send(stage, dispute_id)
    assert row(stage, dispute_id).evidence_state == "sending"
    stage.work()
    said = at_bank(stage)
    (file,) = stage.stand.server.sandbox.state.all("file")
    assert (file["purpose"], file["type"], file["filename"], file["size"]) == (
        "dispute_evidence", "pdf", "report.pdf", len(PDF),
    )  # fmt: skip
    assert said["status"] == "under_review"
    assert said["evidence"]["uncategorized_text"] == WHY
    assert said["evidence"]["service_documentation"] == file["id"]
    assert "performance capture" in said["evidence"]["product_description"]
    assert said["evidence"]["customer_name"].endswith("ReelForge")
    assert said["evidence"]["service_date"]
    made = row(stage, dispute_id)
    assert made.evidence_state == "submitted"
    assert made.submitted_at is not None
    with stage.tools.unit_of_work() as db, pytest.raises(Conflict, match="already"):
        evidence.save_words(db, dispute_id=dispute_id, words=WHY, now=stage.now)
    stage.assert_sound()


@pytest.mark.parametrize("path", ["^/v1/files$", "^/v1/disputes/"])
def test_an_answer_that_is_lost_sends_nothing_twice(stage: MoneyStage, path: str) -> None:
    dispute_id = disputed(stage)
    add(stage, dispute_id)
    stage.stand.fault("drop_after", path, times=3)
    send(stage, dispute_id)
    with suppress(PaymentUnknown):  # the sweep comes back to it
        stage.work()
    stage.later(timedelta(minutes=20))
    sweep_evidence(stage.tools)
    stage.sweep()
    assert row(stage, dispute_id).evidence_state == "submitted"
    assert at_bank(stage)["evidence_details"]["submission_count"] == 1
    assert len(stage.stand.server.sandbox.state.all("file")) == 1
    stage.assert_sound()


def test_a_file_that_stripe_does_not_take_is_left_out_and_the_words_are_sent(stage: MoneyStage) -> None:
    dispute_id = disputed(stage)
    add(stage, dispute_id)
    add(stage, dispute_id, kind="receipt")
    stage.stand.fault("status", "^/v1/files$", status=400, code="file_upload_failed", times=1)
    send(stage, dispute_id)
    stage.work()
    said = at_bank(stage)["evidence"]
    assert "service_documentation" not in said
    assert said["receipt"].startswith("file_")
    assert row(stage, dispute_id).evidence_state == "submitted"
    with stage.tools.reading() as db:
        told = db.scalars(select(Notice.title).where(Notice.path == f"/admin/chargeback/{dispute_id}")).all()
    assert "A file was not sent to the bank" in told


def test_what_stripe_refuses_can_be_changed_and_sent_with_a_new_key(stage: MoneyStage) -> None:
    dispute_id = disputed(stage)
    stage.stand.fault("status", "^/v1/disputes/", status=400, code="parameter_invalid", times=1)
    send(stage, dispute_id)
    stage.work()
    assert row(stage, dispute_id).evidence_state == "refused"
    send(stage, dispute_id)
    stage.work()
    assert row(stage, dispute_id).evidence_state == "submitted"
    with stage.tools.reading() as db:
        keys = db.scalars(select(OutboxCommand.idempotency_key).where(OutboxCommand.kind == "dispute.submit")).all()
    assert [key.rpartition(":")[2] for key in keys] == ["v1", "v2"]


def test_an_upload_that_never_ran_is_found_by_the_sweep(stage: MoneyStage) -> None:
    dispute_id = disputed(stage)
    send(stage, dispute_id)
    stage.queue.clear()
    sweep_evidence(stage.tools)
    stage.work()
    assert row(stage, dispute_id).evidence_state == "submitted"
    send_evidence(stage.tools, dispute_id)
    assert at_bank(stage)["evidence_details"]["submission_count"] == 1


def test_files_are_one_of_each_kind_and_can_be_taken_out_again(stage: MoneyStage) -> None:
    dispute_id = disputed(stage)
    first = add(stage, dispute_id)
    with pytest.raises(Conflict):
        add(stage, dispute_id)
    with stage.tools.unit_of_work() as db:
        key = evidence.remove_file(db, dispute_id=dispute_id, evidence_id=first, by=admin(stage), now=stage.now)
    assert key.startswith("evidence/")
    add(stage, dispute_id)
    with stage.tools.reading() as db:
        assert len(db.scalars(select(DisputeEvidence)).all()) == 1


def test_a_decided_dispute_takes_no_evidence(stage: MoneyStage) -> None:
    dispute_id = disputed(stage)
    with stage.tools.unit_of_work() as db:
        evidence.save_words(db, dispute_id=dispute_id, words=WHY, now=stage.now)
    stage.stand.control(f"dispute/{row(stage, dispute_id).stripe_dispute_id}/lost")
    stage.sync(stage.payment(row(stage, dispute_id).booking_id).checkout_session_id or "")
    with stage.tools.unit_of_work() as db, pytest.raises(Conflict, match="decided"):
        evidence.send_evidence(db, dispute_id=dispute_id, words=WHY, by=admin(stage), now=stage.now)


def test_the_proposal_tells_what_the_records_say(stage: MoneyStage) -> None:
    dispute_id = disputed(stage)
    with stage.tools.reading() as db:
        words = propose_words(db, db.get_one(Dispute, dispute_id))
    assert "ReelForge booked Imani" in words
    assert "after the actor had accepted" in words


def test_only_what_a_bank_takes_is_kept() -> None:
    assert media_type_of(PDF) == "application/pdf"
    assert media_type_of(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert media_type_of(b"\x89PNG\r\n\x1a\n") == "image/png"
    assert media_type_of(b"<html>%PDF-") == ""
    assert check_file("receipt", "image/png", LARGEST_FILE, 0) == ".png"
    for kind, media_type, size in (
        ("appeal", "image/png", 1), ("receipt", "text/html", 1), ("receipt", "image/png", 0),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            check_file(kind, media_type, size, 0)
    with pytest.raises(Invalid, match=r"0\.5 MB are left"):
        check_file("receipt", "image/png", 600_000, 4_000_000)
