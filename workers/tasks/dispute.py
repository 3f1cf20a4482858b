"""Evidence on its way to a platform's bank: each file first, then the words with them, as a call of the outbox."""

from __future__ import annotations

from marketplace.gateways.payment.base import EvidenceFile, PaymentRefused
from marketplace.gateways.storage.base import Missing
from marketplace.jobs import Job
from marketplace.services import evidence
from marketplace.services.evidence import ToUpload
from workers.sweep import one_by_one
from workers.task import Tools, task


@task(Job.SEND_EVIDENCE)
def send_evidence(tools: Tools, dispute_id: int) -> None:
    """Upload what Stripe does not have, and ask for the submission. A file that Stripe refuses is left out; one whose
    answer is lost is uploaded again with its own key."""
    with tools.reading() as db:
        waiting = evidence.list_to_upload(db, dispute_id)
    refused = [file.file_name for file in waiting if not _upload(tools, file)]
    with tools.unit_of_work() as db:
        evidence.ask_to_submit(db, dispute_id=dispute_id, refused=refused, now=tools.now())


def _upload(tools: Tools, file: ToUpload) -> bool:
    """Whether Stripe has taken the file; raises where nobody can know yet."""
    try:
        with tools.outside.storage.open(file.file_key) as stream:
            content = stream.read()
        made = tools.outside.payment.upload_evidence(
            EvidenceFile(file.file_name, content), idempotency_key=f"file:{file.file_key}"
        )
    except (PaymentRefused, Missing):
        return False
    with tools.unit_of_work() as db:
        evidence.note_uploaded(db, evidence_id=file.id, stripe_file_id=made)
    return True


def sweep_evidence(tools: Tools) -> None:
    """Send what a lost message or a failed upload left behind."""
    with tools.reading() as db:
        waiting = evidence.find_unsent(db)
    one_by_one("evidence_not_sent", waiting, lambda dispute_id: send_evidence(tools, dispute_id))
