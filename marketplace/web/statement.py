"""Statements as people read them: a page with a picture, a CSV that streams, and a PDF, all of the same lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid
from marketplace.domain.money import Money
from marketplace.domain.statement import (
    ACCOUNT_WORDS,
    Period,
    Side,
    Subject,
    month_named,
    month_of,
    months_back,
    words_of,
)
from marketplace.services import statement as statements
from marketplace.services.statement import Balance, Line, Summary
from marketplace.web import chart, show, terms, typed
from marketplace.web.csv_file import Cell, send_csv
from marketplace.web.document import issue_wanted
from marketplace.web.pdf import Sheet, send_pdf
from marketplace.web.transaction import now, reading

MOST_PDF_LINES: Final = 1_000


class Wording(NamedTuple):
    """What the figures of a statement are called, by its side."""

    opening: str
    plus: str
    minus: str
    closing: str
    effect: str
    aside: str
    aside_plus: str
    aside_minus: str
    says: str


WORDING: Final = {
    Side.ACTOR: Wording(
        "Owed at the start", "Earned or returned", "Sent or taken back", "Owed at the end", "Amount",
        "Debt settled", "Debts settled from payouts", "",
        "What the marketplace owed the actor, less what the actor owed it. Money that a platform has paid is not here "
        "before it is earned.",
    ),
    Side.PLATFORM: Wording(
        "Held at the start", "Paid in", "Passed on or returned", "Held at the end", "Held", "Paid",
        "Paid by the platform", "Returned to the platform",
        "What the marketplace held for the platform until work was accepted, and refunds it owed.",
    ),
    Side.MARKETPLACE: Wording(
        "At Stripe at the start", "Came in", "Went out", "At Stripe at the end", "At Stripe", "Result", "Income",
        "Costs", "What the marketplace had at Stripe, and what it earned and spent.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a statement's pages are: `endpoint`, and the same with _csv and _pdf; what its lines lead to."""

    subject: Subject
    title: str
    endpoint: str
    values: dict[str, Any] = field(default_factory=dict)
    booking: str | None = None
    document: str | None = None
    back: tuple[tuple[str, str], ...] = ()
    more: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Asked:
    """What of it was asked for."""

    period: Period
    currency: str
    currencies: tuple[str, ...]
    query: dict[str, str]
    problems: dict[str, str]


class Bar(NamedTuple):
    """A figure with its words and the length of its bar in percent."""

    words: str
    amount: Money
    percent: float


def read_asked(place: Place) -> Asked:
    """The period and the currency of the address; what makes no sense is said on the page of this month."""
    problems: dict[str, str] = {}
    try:
        period = _period(request.args, now().date())
    except Invalid as refusal:
        period, problems = month_of(now().date()), {refusal.field or "from": refusal.sentence}
    currencies = tuple(statements.currencies_of(reading(), place.subject)) or (terms.currency(),)
    usual = terms.currency() if terms.currency() in currencies else currencies[0]
    currency = request.args.get("currency", usual)
    currency = currency if currency in currencies else usual
    days = {"month": period.month} if period.month else {"from": str(period.first), "to": str(period.last)}
    return Asked(period, currency, currencies, {**days, "currency": currency}, problems)


def _period(given: Any, today: date) -> Period:
    month = month_named(given.get("month", ""))
    if month is not None:
        return month
    first, last = typed.day(given.get("from", "")), typed.day(given.get("to", ""))
    if first is None and last is None:
        return month_of(today)
    return Period(first or month_of(last or today).first, last or max(first or today, today))


# the page ----------------------------------------------------------------------------------------


def show_statement(place: Place) -> ResponseReturnValue:
    """The page: figures with their picture, and a page of lines."""
    subject = place.subject
    if subject.side != Side.MARKETPLACE:
        issue_wanted(**{f"{subject.side}_id": subject.id})
    db, asked = reading(), read_asked(place)
    summary = statements.summarise(db, subject, asked.currency, asked.period)
    page = min(typed.page_number(request.args.get("page", "")), summary.pages)
    whole = subject.side == Side.MARKETPLACE
    body = render_template(
        "statement/show.html",
        place=place,
        asked=asked,
        errors=asked.problems,
        side=subject.side,
        words_of=words_of,
        wording=WORDING[subject.side],
        summary=summary,
        bars=bars_of(summary, subject.side),
        books=books_of(statements.trial_balance(db, asked.currency, asked.period), asked.currency) if whole else (),
        lines=statements.list_lines(db, subject, asked.period, summary, page),
        page=page,
        months=_months(asked),
        period=period_words(asked.period),
    )
    return body, 422 if asked.problems else 200


def _months(asked: Asked) -> list[tuple[str, str]]:
    """The months to choose from, newest first, those of the books and the one that is shown."""
    today, begun = now().date(), statements.first_posting_at(reading())
    months = months_back(begun.date() if begun else today, today)
    if asked.period.month and asked.period not in months:
        months.append(asked.period)
    return [("", "Other days"), *((one.month, period_words(one)) for one in months)]


def period_words(period: Period) -> str:
    """A period as people say it: "November 2026", "3 Nov 2026 to 9 Nov 2026"."""
    if period.month:
        return f"{period.first:%B %Y}"
    return f"{show.day(period.first)} to {show.day(period.last)}"


def bars_of(summary: Summary, side: Side) -> list[Bar]:
    """The figures of a period beside each other, the longest bar for the largest."""
    words = WORDING[side]
    rows = [
        (words.opening, summary.opening_minor),
        (words.plus, summary.plus_minor),
        (words.minus, -summary.minus_minor),
        (words.closing, summary.closing_minor),
        (words.aside_plus, summary.aside_plus_minor),
        (words.aside_minus, -summary.aside_minus_minor),
    ]
    if side == Side.ACTOR and not summary.aside_plus_minor:
        rows = rows[:4]
    return _bars([row for row in rows if row[0]], summary.currency)


def _bars(rows: list[tuple[str, int]], currency: str) -> list[Bar]:
    lengths = chart.lengths([minor for _, minor in rows])
    return [Bar(words, Money(minor, currency), wide) for (words, minor), wide in zip(rows, lengths, strict=True)]


class Account(NamedTuple):
    """A row of the trial balance in words, debit plus; the bar compares the balances at the end."""

    words: str
    opening: Money
    debit: Money
    credit: Money
    closing: Money
    percent: float


def books_of(rows: list[Balance], currency: str) -> list[Account]:
    """The trial balance as the page draws it."""
    lengths = chart.lengths([row.closing_minor for row in rows])
    return [_account(row, currency, wide) for row, wide in zip(rows, lengths, strict=True)]


def _account(row: Balance, currency: str, percent: float) -> Account:
    return Account(
        ACCOUNT_WORDS[row.kind],
        Money(row.opening_minor, currency),
        Money(row.debit_minor, currency),
        Money(row.credit_minor, currency),
        Money(row.closing_minor, currency),
        percent,
    )


# files -------------------------------------------------------------------------------------------


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


def address(place: Place, suffix: str = "", **values: Any) -> str:
    """The address of a statement's page or, with a suffix, of one of its files."""
    return url_for(place.endpoint + suffix, **place.values, **values)
