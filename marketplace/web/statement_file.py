"""Statements as files: a CSV that streams and a PDF, of the same lines as the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flask import Response

from marketplace.domain.errors import Invalid
from marketplace.domain.money import Money
from marketplace.domain.statement import Side, words_of
from marketplace.services import statement as statements
from marketplace.services.statement import Line, Summary
from marketplace.web import show, terms
from marketplace.web.csv_file import Cell, send_csv
from marketplace.web.pdf import Sheet, send_pdf
from marketplace.web.statement import WORDING, Asked, Place, bars_of, books_of, period_words, read_asked
from marketplace.web.transaction import reading

MOST_PDF_LINES: Final = 1_000


def send_statement_csv(place: Place) -> Response:
    """Every line of the period, streamed."""
    asked = _asked_for_file(place)
    return send_csv(_file_name(place, asked), _header(place.subject.side), _rows(place, asked))


def _header(side: Side) -> list[str]:
    words = WORDING[side]
    return [
        "Date (UTC)", "Time (UTC)", "What", "Booking", "Project", "Actor", "Platform", "Reference", "Document",
        words.effect, words.aside, "Balance", "Currency",
    ]  # fmt: skip


def _rows(place: Place, asked: Asked) -> Iterator[list[Cell]]:
    """Read while they are sent, when the view has long returned: the session is asked for here, not before."""
    side, db = place.subject.side, reading()
    summary = statements.summarise(db, place.subject, asked.currency, asked.period)
    yield _edge(WORDING[side].opening, summary.opening_minor, summary.currency)
    balance = summary.opening_minor
    for line in statements.read_lines(db, place.subject, asked.period, summary):
        balance = line.balance_minor
        yield [
            line.at.date(), f"{line.at:%H:%M:%S}", words_of(side, line.kind), line.booking_id, line.project,
            line.actor, line.platform, line.stripe_id, line.document,
            *(Money(minor, summary.currency).major for minor in _figures(line)), summary.currency,
        ]  # fmt: skip
    yield _edge(WORDING[side].closing, balance, summary.currency)


def _edge(words: str, balance_minor: int, currency: str) -> list[Cell]:
    """The first or the last row: a balance alone."""
    return [None, None, words, *[None] * 8, Money(balance_minor, currency).major, currency]


def _figures(line: Line) -> tuple[int, int, int]:
    return line.effect_minor, line.aside_minor, line.balance_minor


def send_statement_pdf(place: Place) -> Response:
    """The period as a PDF; refuses (Invalid) one with more lines than anybody prints."""
    asked = _asked_for_file(place)
    summary = statements.summarise(reading(), place.subject, asked.currency, asked.period)
    if summary.count > MOST_PDF_LINES:
        raise Invalid(
            f"This period has {show.grouped(summary.count)} lines, and a PDF holds {show.grouped(MOST_PDF_LINES)}. "
            "Choose fewer days, or take the CSV. Nothing was made."
        )
    lines = list(statements.read_lines(reading(), place.subject, asked.period, summary))
    return send_pdf(_file_name(place, asked), draw(place, asked, summary, lines))


def _asked_for_file(place: Place) -> Asked:
    asked = read_asked(place)
    for name, sentence in asked.problems.items():
        raise Invalid(sentence, field=name)
    return asked


def _file_name(place: Place, asked: Asked) -> str:
    """Of numbers and days alone: nothing that anybody typed."""
    whose = f"-{place.subject.side}-{place.subject.id}" if place.subject.id is not None else "-marketplace"
    return f"statement{whose}-{asked.period.name}-{asked.currency}"


def draw(place: Place, asked: Asked, summary: Summary, lines: list[Line]) -> Sheet:
    """The sheet of a statement; the end of its period is the only time in it."""
    side, currency = place.subject.side, asked.currency
    words, period = WORDING[side], period_words(asked.period)
    sheet = Sheet(f"{place.title}, {period}", f"{place.title}, {period} · {terms.issuer().name}", asked.period.until)
    sheet.heading(place.title, f"{period} · {currency}")
    sheet.paragraph(f"{words.says} All amounts are in {currency}; days end at midnight UTC.", 110, 9)
    totals = [(bar.words, show.money(bar.amount)) for bar in bars_of(summary, side)]
    sheet.grid(["Summary", currency], totals, widths=[3, 1], amounts=1)
    if side == Side.MARKETPLACE:
        _draw_books(sheet, asked)
    if lines:
        header = ["Date", "What", "Document", words.effect, words.aside, "Balance"]
        rows = [_sheet_row(side, line, currency) for line in lines]
        sheet.grid(header, rows, widths=[1.5, 4.6, 2.2, 1.8, 1.7, 1.9], amounts=3, size=8)
    else:
        sheet.paragraph("No money moved in this period.")
    return sheet


def _draw_books(sheet: Sheet, asked: Asked) -> None:
    accounts = books_of(statements.trial_balance(reading(), asked.currency, asked.period), asked.currency)
    header = ["Trial balance, debit plus", "At the start", "Debits", "Credits", "At the end"]
    rows = [
        [one.words, *(show.money(part) for part in (one.opening, one.debit, one.credit, one.closing))]
        for one in accounts
    ]
    sheet.grid(header, rows, widths=[3, 1.4, 1.4, 1.4, 1.4], amounts=4, size=8.5)


def _sheet_row(side: Side, line: Line, currency: str) -> list[str]:
    other = line.platform if side == Side.ACTOR else line.actor
    booking = f"booking {line.booking_id}" if line.booking_id else None
    about = ", ".join(part for part in (line.project, other, booking) if part)
    what = "\n".join(part for part in (words_of(side, line.kind), about) if part)
    figures = [show.money(minor, currency) for minor in _figures(line)]
    if not line.aside_minor:
        figures[1] = ""
    return [show.day(line.at), what, line.document or "", *figures]
