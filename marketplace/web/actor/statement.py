"""An actor's own statement and payout statements."""

from __future__ import annotations

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.statement import Side, Subject
from marketplace.services.document import get_document, list_documents
from marketplace.web import typed
from marketplace.web.actor import blueprint
from marketplace.web.document import describe, issue_wanted, send_document, show_document
from marketplace.web.guard import actor, the_actor
from marketplace.web.statement import Place, show_statement
from marketplace.web.statement_file import send_statement_csv, send_statement_pdf
from marketplace.web.transaction import reading


def _place() -> Place:
    return Place(
        Subject(Side.ACTOR, the_actor().actor_id),
        "Statement",
        "actor.statement",
        booking="actor.booking",
        document="actor.document",
        back=(("Earnings", url_for("actor.earnings")),),
        more=(("Payout statements", url_for("actor.documents"), "document-duplicate"),),
    )


@blueprint.get("/statement")
@actor
def statement() -> ResponseReturnValue:
    """What was earned, sent and taken back, day by day."""
    return show_statement(_place())


@blueprint.get("/statement.csv")
@actor
def statement_csv() -> Response:
    """The same for a spreadsheet."""
    return send_statement_csv(_place())


@blueprint.get("/statement.pdf")
@actor
def statement_pdf() -> Response:
    """The same to print and keep."""
    return send_statement_pdf(_place())


@blueprint.get("/document")
@actor
def documents() -> str:
    """The actor's payout statements, newest first."""
    who, page = the_actor(), typed.page_number(request.args.get("page", ""))
    issue_wanted(actor_id=who.actor_id)
    found, pages = list_documents(reading(), actor_id=who.actor_id, page=page)
    return render_template(
        "document/list.html",
        papers=[describe(one) for one in found],
        page=min(page, pages),
        pages=pages,
        endpoint="actor.document",
        statement_href=url_for("actor.statement"),
        empty="Each payout has a statement of its own: what you earned, what was taken off, what was sent.",
    )


@blueprint.get("/document/<int:document_id>")
@actor
def document(document_id: int) -> str:
    """One of them."""
    found = get_document(reading(), document_id, actor_id=the_actor().actor_id)
    back = [("Payout statements", url_for("actor.documents")), *_to_booking(found.booking_id)]
    return show_document(found, pdf_href=url_for("actor.document_pdf", document_id=document_id), back=back)


@blueprint.get("/document/<int:document_id>/pdf")
@actor
def document_pdf(document_id: int) -> Response:
    """One of them to print and keep."""
    return send_document(get_document(reading(), document_id, actor_id=the_actor().actor_id))


def _to_booking(booking_id: int | None) -> list[tuple[str, str]]:
    if booking_id is None:
        return []
    return [(f"Booking {booking_id}", url_for("actor.booking", booking_id=booking_id))]
