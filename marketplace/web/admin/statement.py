"""Statements as admins read them: the marketplace's own, any actor's and any platform's, and every document."""

from __future__ import annotations

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import NotFound
from marketplace.domain.statement import Side, Subject
from marketplace.models import Actor, Platform
from marketplace.services.document import get_document
from marketplace.web.admin import blueprint
from marketplace.web.document import send_document, show_document
from marketplace.web.guard import admin
from marketplace.web.statement import Place, show_statement
from marketplace.web.statement_file import send_statement_csv, send_statement_pdf
from marketplace.web.transaction import now, reading


def _whole() -> Place:
    years = (now().year - 1, now().year)
    return Place(
        Subject(Side.MARKETPLACE),
        "Statement of the marketplace",
        "admin.statement",
        document="admin.document",
        more=tuple(
            (f"Actors in {year}, for tax (CSV)", url_for("admin.tax_year", year=year), "table-cells") for year in years
        ),
    )


@blueprint.get("/statement")
@admin
def statement() -> ResponseReturnValue:
    """The marketplace: what is at Stripe, whose it is, what was earned and lost; the trial balance."""
    return show_statement(_whole())


@blueprint.get("/statement.csv")
@admin
def statement_csv() -> Response:
    """Every posting of the period, for a spreadsheet."""
    return send_statement_csv(_whole())


@blueprint.get("/statement.pdf")
@admin
def statement_pdf() -> Response:
    """The same to print and keep."""
    return send_statement_pdf(_whole())


# of one actor, of one platform -------------------------------------------------------------------


def _of_actor(actor_id: int) -> Place:
    found = reading().get(Actor, actor_id)
    if found is None:
        raise NotFound("There is no such actor.")
    return Place(
        Subject(Side.ACTOR, actor_id),
        f"Statement of {found.name}",
        "admin.actor_statement",
        {"actor_id": actor_id},
        document="admin.document",
        back=(("Actors", url_for("admin.actors")), (found.name, url_for("admin.actor_detail", actor_id=actor_id))),
    )


def _of_platform(platform_id: int) -> Place:
    found = reading().get(Platform, platform_id)
    if found is None:
        raise NotFound("There is no such platform.")
    return Place(
        Subject(Side.PLATFORM, platform_id),
        f"Statement of {found.name}",
        "admin.platform_statement",
        {"platform_id": platform_id},
        document="admin.document",
        back=(
            ("Platforms", url_for("admin.platforms")),
            (found.name, url_for("admin.platform_detail", platform_id=platform_id)),
        ),
    )


@blueprint.get("/statement/actor/<int:actor_id>")
@admin
def actor_statement(actor_id: int) -> ResponseReturnValue:
    """What one actor was owed, and sent."""
    return show_statement(_of_actor(actor_id))


@blueprint.get("/statement/actor/<int:actor_id>/csv")
@admin
def actor_statement_csv(actor_id: int) -> Response:
    """The same for a spreadsheet."""
    return send_statement_csv(_of_actor(actor_id))


@blueprint.get("/statement/actor/<int:actor_id>/pdf")
@admin
def actor_statement_pdf(actor_id: int) -> Response:
    """The same to print and keep."""
    return send_statement_pdf(_of_actor(actor_id))


@blueprint.get("/statement/platform/<int:platform_id>")
@admin
def platform_statement(platform_id: int) -> ResponseReturnValue:
    """What one platform paid, and what is held for it."""
    return show_statement(_of_platform(platform_id))


@blueprint.get("/statement/platform/<int:platform_id>/csv")
@admin
def platform_statement_csv(platform_id: int) -> Response:
    """The same for a spreadsheet."""
    return send_statement_csv(_of_platform(platform_id))


@blueprint.get("/statement/platform/<int:platform_id>/pdf")
@admin
def platform_statement_pdf(platform_id: int) -> Response:
    """The same to print and keep."""
    return send_statement_pdf(_of_platform(platform_id))


# documents ---------------------------------------------------------------------------------------


@blueprint.get("/document/<int:document_id>")
@admin
def document(document_id: int) -> str:
    """Any document."""
    found = get_document(reading(), document_id)
    back = [("Statement", url_for("admin.statement"))]
    return show_document(found, pdf_href=url_for("admin.document_pdf", document_id=document_id), back=back)


@blueprint.get("/document/<int:document_id>/pdf")
@admin
def document_pdf(document_id: int) -> Response:
    """Any document to print and keep."""
    return send_document(get_document(reading(), document_id))
