"""Documents: issued soon after what they are about, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.services import document
from workers.sweep import one_by_one
from workers.task import Tools


def issue_documents(tools: Tools) -> None:
    """Issue what is wanted since a while before the newest document."""
    with tools.reading() as db:
        wanted = document.find_undocumented(db, since=document.recent(db, now=tools.now()))
    _issue(tools, wanted)


def issue_forgotten_documents(tools: Tools) -> None:
    """Issue whatever is wanted, however old: what once failed and has been put right since."""
    with tools.reading() as db:
        wanted = document.find_undocumented(db)
    _issue(tools, wanted)


def _issue(tools: Tools, wanted: Sequence[int]) -> None:
    one_by_one("document_not_issued", wanted, lambda posting_id: _issue_one(tools, posting_id))


def _issue_one(tools: Tools, posting_id: int) -> None:
    with tools.unit_of_work() as db:
        document.issue_document(db, posting_id=posting_id, issuer=tools.settings.issuer, now=tools.now())
