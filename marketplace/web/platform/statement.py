"""A platform's own statement, and its invoices and credit notes."""

from __future__ import annotations

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.statement import Side, Subject
from marketplace.services.document import get_document, list_documents
from marketplace.web import typed
from marketplace.web.document import describe, issue_wanted, send_document, show_document
from marketplace.web.guard import member, the_member
from marketplace.web.platform import blueprint
from marketplace.web.statement import Place, show_statement
from marketplace.web.statement_file import send_statement_csv, send_statement_pdf
from marketplace.web.transaction import reading


def _place() -> Place:
    return Place(
        Subject(Side.PLATFORM, the_member().platform_id),
        "Statement",
        "platform.statement",
        booking="platform.booking",
        document="platform.document",
        more=(("Invoices and credit notes", url_for("platform.documents"), "document-duplicate"),),
    )


@blueprint.get("/statement")
@member
def statement() -> ResponseReturnValue:
    """What was paid, held, passed on and returned, day by day."""
    return show_statement(_place())


@blueprint.get("/statement.csv")
@member
def statement_csv() -> Response:
    """The same for a spreadsheet."""
    return send_statement_csv(_place())


@blueprint.get("/statement.pdf")
@member
def statement_pdf() -> Response:
    """The same to print and keep."""
    return send_statement_pdf(_place())


@blueprint.get("/document")
@member
def documents() -> str:
    """The platform's invoices, credit notes and corrections, newest first."""
    who, page = the_member(), typed.page_number(request.args.get("page", ""))
    issue_wanted(platform_id=who.platform_id)
    found, pages = list_documents(reading(), platform_id=who.platform_id, page=page)
    return render_template(
        "document/list.html",
        papers=[describe(one) for one in found],
        page=min(page, pages),
        pages=pages,
        endpoint="platform.document",
        statement_href=url_for("platform.statement"),
        empty="Each payment has an invoice, and each refund a credit note.",
    )


@blueprint.get("/document/<int:document_id>")
@member
def document(document_id: int) -> str:
    """One of them."""
    found = get_document(reading(), document_id, platform_id=the_member().platform_id)
    back = [("Documents", url_for("platform.documents")), *_to_booking(found.booking_id)]
    return show_document(found, pdf_href=url_for("platform.document_pdf", document_id=document_id), back=back)


@blueprint.get("/document/<int:document_id>/pdf")
@member
def document_pdf(document_id: int) -> Response:
    """One of them to print and keep."""
    return send_document(get_document(reading(), document_id, platform_id=the_member().platform_id))


def _to_booking(booking_id: int | None) -> list[tuple[str, str]]:
    if booking_id is None:
        return []
    return [(f"Booking {booking_id}", url_for("platform.booking", booking_id=booking_id))]
