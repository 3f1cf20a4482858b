"""Statements as people read them: whose and what is asked for, in words, and the page with its picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from flask import render_template, request
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
from marketplace.services.statement import Balance, Summary
from marketplace.web import chart, show, terms, typed
from marketplace.web.document import issue_wanted
from marketplace.web.transaction import now, reading


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
