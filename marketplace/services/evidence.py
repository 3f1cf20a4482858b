"""Evidence against a chargeback: words and files of admins, kept as a draft, then sent to the bank once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, NotFound
from marketplace.domain.evidence import EDITABLE, check_file, check_words
from marketplace.jobs import Job, enqueue
from marketplace.models import Dispute, DisputeEvidence, OutboxCommand
from marketplace.models.column import sum_of
from marketplace.services.account import Decider
from marketplace.services.audit import record_audit
from marketplace.services.evidence_text import texts_of
from marketplace.services.notice import notify_admins
from marketplace.services.outbox import add_command, has_open_command, next_version

OVERDUE = timedelta(minutes=5)
CLOSED = "The bank has decided this dispute. Nothing was changed."
SENT = "The evidence has gone to the bank already, which takes it once. Nothing was changed."


@dataclass(frozen=True, slots=True)
class ToUpload:
    """A file that Stripe does not have yet."""

    id: int
    file_key: str
    file_name: str


def get_dispute(db: Session, dispute_id: int, *, lock: bool = False) -> Dispute:
    """A dispute by its id; refuses one that is not there. With `lock` other writers of it wait."""
    query = select(Dispute).where(Dispute.id == dispute_id).execution_options(populate_existing=True)
    dispute = db.scalar(query.with_for_update() if lock else query)
    if dispute is None:
        raise NotFound("There is no such dispute.")
    return dispute


def files_of(db: Session, dispute_id: int) -> Sequence[DisputeEvidence]:
    """The files of a dispute, in the order in which they came."""
    files = select(DisputeEvidence).where(DisputeEvidence.dispute_id == dispute_id)
    return db.scalars(files.order_by(DisputeEvidence.id)).all()


# writing -----------------------------------------------------------------------------------------


def save_words(db: Session, *, dispute_id: int, words: str, now: datetime) -> None:
    """Keep the words as a draft."""
    dispute = _open(db, dispute_id)
    dispute.evidence_words, dispute.evidence_state = check_words(words), "draft"
    db.flush()


def room_left(db: Session, *, dispute_id: int, kind: str, media_type: str, size: int) -> str:
    """Ask before a file is put away: its suffix. Refuses what the bank does not take and a second file of one kind."""
    _open(db, dispute_id, lock=False)
    beside = db.scalar(select(sum_of(DisputeEvidence.size)).where(DisputeEvidence.dispute_id == dispute_id))
    suffix = check_file(kind, media_type, size, beside or 0)
    if any(file.kind == kind for file in files_of(db, dispute_id)):
        raise Conflict("The bank takes one file for each point. Remove the other one first. Nothing was kept.")
    return suffix


def add_file(
    db: Session,
    *,
    dispute_id: int,
    kind: str,
    file_key: str,
    file_name: str,
    media_type: str,
    size: int,
    by: Decider,
    now: datetime,
) -> int:
    """Note a file that has been put away; its id. Refuses what `room_left` refuses: another may have come first."""
    _open(db, dispute_id)
    room_left(db, dispute_id=dispute_id, kind=kind, media_type=media_type, size=size)
    row = DisputeEvidence(
        dispute_id=dispute_id,
        kind=kind,
        file_key=file_key,
        file_name=file_name,
        media_type=media_type,
        size=size,
        account_id=by.account_id,
        created_at=now,
    )
    db.add(row)
    db.flush()
    _audit(db, dispute_id, "add_file", by, file_name, now, kind=kind)
    return row.id


def remove_file(db: Session, *, dispute_id: int, evidence_id: int, by: Decider, now: datetime) -> str:
    """Take a file out again; the key under which it was kept, for the storage to forget."""
    _open(db, dispute_id)
    row = find_file(db, dispute_id=dispute_id, evidence_id=evidence_id)
    key, name = row.file_key, row.file_name
    db.delete(row)
    _audit(db, dispute_id, "remove_file", by, name, now)
    return key


def find_file(db: Session, *, dispute_id: int, evidence_id: int) -> DisputeEvidence:
    """A file of this dispute; another's is not found."""
    row = db.get(DisputeEvidence, evidence_id)
    if row is None or row.dispute_id != dispute_id:
        raise NotFound("There is no such file.")
    return row


def _open(db: Session, dispute_id: int, *, lock: bool = True) -> Dispute:
    dispute = get_dispute(db, dispute_id, lock=lock)
    if dispute.state != "open":
        raise Conflict(CLOSED)
    if dispute.evidence_state not in EDITABLE:
        raise Conflict(SENT)
    return dispute


# sending -----------------------------------------------------------------------------------------


def send_evidence(db: Session, *, dispute_id: int, words: str, by: Decider, now: datetime) -> None:
    """Send the words and files to the bank. It takes them once: from here on nothing of them changes."""
    dispute = _open(db, dispute_id)
    dispute.evidence_words, dispute.evidence_state = check_words(words), "sending"
    _audit(db, dispute_id, "send_evidence", by, dispute.evidence_words[:200], now, files=len(files_of(db, dispute_id)))
    enqueue(db, Job.SEND_EVIDENCE, dispute_id)


def list_to_upload(db: Session, dispute_id: int) -> list[ToUpload]:
    """What Stripe still wants before the evidence can be sent; nothing where it is not being sent."""
    if get_dispute(db, dispute_id).evidence_state != "sending":
        return []
    return [
        ToUpload(file.id, file.file_key, file.file_name)
        for file in files_of(db, dispute_id)
        if file.stripe_file_id is None
    ]


def note_uploaded(db: Session, *, evidence_id: int, stripe_file_id: str) -> None:
    """Stripe has the file."""
    row = db.get_one(DisputeEvidence, evidence_id)
    row.stripe_file_id = row.stripe_file_id or stripe_file_id


def ask_to_submit(db: Session, *, dispute_id: int, refused: Sequence[str], now: datetime) -> None:
    """All that Stripe takes is there: ask for the evidence to be submitted. `refused` are files it would not have."""
    dispute = get_dispute(db, dispute_id, lock=True)
    if dispute.evidence_state != "sending" or has_open_command(
        db, about="dispute", about_id=dispute_id, kind="dispute.submit"
    ):
        return
    key = next_version(db, f"evidence:{dispute.stripe_dispute_id}")
    add_command(
        db,
        kind="dispute.submit",
        about="dispute",
        about_id=dispute_id,
        key=key,
        params={
            "dispute_id": dispute.stripe_dispute_id,
            "amount_minor": dispute.amount_minor,
            "texts": {**texts_of(db, dispute), "uncategorized_text": dispute.evidence_words},
            "files": {file.kind: file.stripe_file_id for file in files_of(db, dispute_id) if file.stripe_file_id},
            "metadata": {"dispute": str(dispute_id), "command": key},
        },
        now=now,
    )
    if refused:
        words = (
            f"{', '.join(refused)}: Stripe did not take {'it' if len(refused) == 1 else 'them'}. The words are sent."
        )
        _tell(db, dispute, "files", "A file was not sent to the bank", words, now)


def note_submitted(db: Session, *, dispute_id: int, now: datetime) -> None:
    """The bank has the evidence."""
    dispute = get_dispute(db, dispute_id, lock=True)
    if dispute.evidence_state == "sending":
        dispute.evidence_state, dispute.submitted_at = "submitted", now


def note_submit_refused(db: Session, *, dispute_id: int, words: str, now: datetime) -> None:
    """Stripe would not have it: it can be changed and sent again while there is time."""
    dispute = get_dispute(db, dispute_id, lock=True)
    if dispute.evidence_state == "sending":
        dispute.evidence_state = "refused"
        _tell(db, dispute, f"refused:{now.isoformat()}", "Evidence was not sent to the bank", words, now)


def find_unsent(db: Session, *, limit: int = 50) -> Sequence[int]:
    """Disputes whose evidence a lost message or a failed upload left undone."""
    asked = select(OutboxCommand.id).where(
        OutboxCommand.about == "dispute",
        OutboxCommand.about_id == Dispute.id,
        OutboxCommand.kind == "dispute.submit",
        OutboxCommand.state.in_(("pending", "leased", "unknown", "done")),
    )
    waiting = select(Dispute.id).where(Dispute.evidence_state == "sending", Dispute.state == "open", ~asked.exists())
    return db.scalars(waiting.order_by(Dispute.evidence_due_at, Dispute.id).limit(limit)).all()


def _tell(db: Session, dispute: Dispute, event: str, title: str, words: str, now: datetime) -> None:
    notify_admins(
        db,
        key=f"dispute:{dispute.id}:{event}",
        kind="payment",
        title=title,
        words=words,
        path=f"/admin/chargeback/{dispute.id}",
        now=now,
    )


def _audit(db: Session, dispute_id: int, step: str, by: Decider, reason: str, now: datetime, **after: object) -> None:
    record_audit(
        db,
        about="dispute",
        about_id=dispute_id,
        step=step,
        party="admin",
        principal_id=by.account_id,
        before={},
        after=dict(after),
        reason=reason,
        ip=by.ip,
        now=now,
    )
