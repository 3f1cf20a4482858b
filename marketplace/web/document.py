"""Documents as people read them: one description in words for the page and the PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel import Locale
from flask import Response, render_template

from marketplace.domain.document import Kind
from marketplace.models import Document
from marketplace.services import document as documents
from marketplace.web import show, terms
from marketplace.web.pdf import Sheet, send_pdf
from marketplace.web.transaction import now, reading, unit_of_work

COUNTRIES = Locale.parse(show.LOCALE).territories
MOST_ISSUED_ON_SIGHT = 20

NOTES = {
    Kind.INVOICE: "Paid. The payment is held until the takes are accepted, then the actor’s part is passed on.",
    Kind.CREDIT_NOTE: "Refunded to where the payment came from, unless agreed otherwise.",
    Kind.CORRECTION: "The refund was sent back by the bank it went to, so the credit is taken back. The amount is owed "
    "to you and will be paid in another way, with a credit note of its own.",
    Kind.PAYOUT: "Sent to your account at Stripe, which pays it to your bank.",
}
NETTED_WHOLE = "Nothing was sent: all of it went to earlier debts."
REFERENCES = {
    "payment": "Payment",
    "charge": "Charge",
    "refund": "Refund",
    "transfer": "Transfer",
    "payout": "Payout",
}


@dataclass(frozen=True)
class Paper:
    """A document in words: who to whom, what for, priced lines and what they come to, references, and a note."""

    id: int
    heading: str
    number: str
    issued_on: str
    issuer: tuple[str, ...]
    to: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str], ...]
    totals: tuple[tuple[str, str], ...]
    note: str
    currency: str
    issued_at: datetime
    booking_id: int | None
    kind: Kind


def describe(document: Document) -> Paper:
    """A document in words. Dates are of UTC, the session's time is on the clock of whom it is made out to."""
    facts, kind = document.facts, Kind(document.kind)
    return Paper(
        id=document.id,
        heading=kind.heading,
        number=documents.full_number(document),
        issued_on=show.day(document.issued_at),
        issuer=_lines_of(facts["issuer"]["name"], facts["issuer"]["address"], _tax(facts["issuer"]["tax_number"])),
        to=_recipient(facts["to"]),
        facts=tuple(_facts(facts)),
        lines=tuple((line["words"], show.money(line["amount_minor"], document.currency)) for line in facts["lines"]),
        totals=tuple(_totals(facts, kind, document.currency)),
        note=NETTED_WHOLE if kind == Kind.PAYOUT and not document.amount_minor else NOTES[kind],
        currency=document.currency,
        issued_at=document.issued_at,
        booking_id=document.booking_id,
        kind=kind,
    )


def _lines_of(*lines: str) -> tuple[str, ...]:
    return tuple(line for line in lines if line)


def _tax(number: str) -> str:
    return f"Tax number {number}" if number else ""


def _recipient(to: dict[str, str]) -> tuple[str, ...]:
    country = COUNTRIES.get(to["country"], to["country"])
    attention = f"Attention of {to['attention']}" if to["attention"] else ""
    return _lines_of(to["name"], attention, to["place"], country)


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    booking, original = facts["booking"], facts.get("original")
    what = "Change order" if booking["is_extra"] else "Performance capture"
    rows = [
        ("Original", f"{original['number']} of {show.day(_at(original['issued_at']))}" if original else ""),
        ("For", f"{what}: {booking['project']}"),
        ("Actor", booking["actor"]),
        ("Platform", booking["platform"]),
        ("Session", f"{show.when_long(_at(booking['starts_at']), booking['zone'])}, {_length(booking)}"),
        ("Flavours", show.count_of(booking["flavours"], "flavour", "flavours") if booking["flavours"] else ""),
        ("Takes", show.count_of(booking["takes"], "take", "takes") if booking["takes"] is not None else ""),
        ("Usage rights", booking["usage"]),
        ("Booking", f"{booking['id']} ({booking['reference']})"),
        ("Date of payment", show.day(_at(facts["at"]))),
    ]
    references = [(REFERENCES[name], value) for name, value in facts["references"].items()]
    return [(label, value) for label, value in (*rows, *references) if value]


def _length(booking: dict[str, Any]) -> str:
    return show.length_of(booking["minutes"])


def _totals(facts: dict[str, Any], kind: Kind, currency: str) -> list[tuple[str, str]]:
    total = show.money(facts["total_minor"], currency)
    if kind == Kind.PAYOUT:
        return [("Sent", total)]
    fee = f"Marketplace fee, {show.percent_bp(facts['fee_bp'])}" + (
        f", {facts['fee_words']}" if "fee_words" in facts else ""
    )
    words = {Kind.INVOICE: "Total paid", Kind.CREDIT_NOTE: "Total credited", Kind.CORRECTION: "Total taken back"}[kind]
    return [
        ("Subtotal", show.money(facts["subtotal_minor"], currency)),
        (fee, show.money(facts["fee_minor"], currency)),
        (words, total),
    ]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# pages -------------------------------------------------------------------------------------------


def show_document(document: Document, *, pdf_href: str, back: Sequence[tuple[str, str]]) -> str:
    """The page of a document; `back` are links to where it belongs."""
    return render_template("document/show.html", paper=describe(document), pdf_href=pdf_href, back=back)


def send_document(document: Document) -> Response:
    """The PDF of a document."""
    paper = describe(document)
    return send_pdf(paper.number, draw(paper))


def draw(paper: Paper) -> Sheet:
    """The sheet of a document."""
    foot = f"{paper.heading} {paper.number} · {paper.issuer[0]}"
    sheet = Sheet(f"{paper.heading} {paper.number}", foot, paper.issued_at)
    sheet.heading(paper.heading, f"{paper.number} · issued {paper.issued_on}")
    sheet.side_by_side([("From", paper.issuer), ("To", paper.to)])
    sheet.facts(paper.facts)
    rows = [*paper.lines, *paper.totals]
    sheet.grid(["", paper.currency], rows, widths=[3, 1], amounts=1, totals=1)
    sheet.paragraph(
        f"{paper.note} All amounts are in {paper.currency}; dates are of UTC unless a zone stands beside them.", 110, 9
    )
    return sheet


def issue_wanted(*, platform_id: int | None = None, actor_id: int | None = None) -> None:
    """Whoever opens their papers finds those of a minute ago: issue what the timetable has not come to yet."""
    wanted = documents.find_undocumented(
        reading(), platform_id=platform_id, actor_id=actor_id, limit=MOST_ISSUED_ON_SIGHT
    )
    for posting_id in wanted:
        with unit_of_work() as db:
            documents.issue_document(db, posting_id=posting_id, issuer=terms.issuer(), now=now())
