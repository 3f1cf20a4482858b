"""A year of every actor for the tax office, as a CSV."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, request

from marketplace.domain.money import Money
from marketplace.domain.statement import FIRST_YEAR, LAST_YEAR
from marketplace.services.tax_year import read_tax_year
from marketplace.web import typed
from marketplace.web.admin import blueprint
from marketplace.web.csv_file import Cell, send_csv
from marketplace.web.guard import admin
from marketplace.web.transaction import now, reading

HEADER = (
    "Year", "Actor", "Name", "Country", "Account at Stripe", "Sessions", "Gross", "Marketplace fees", "Earned",
    "Refunded", "Currency",
)  # fmt: skip


@blueprint.get("/statement/year.csv")
@admin
def tax_year() -> Response:
    """The year asked for, else the last one that is over."""
    year = typed.whole_number(request.args.get("year", "")) or now().year - 1
    year = min(max(year, FIRST_YEAR), LAST_YEAR)
    return send_csv(f"tax-year-{year}", HEADER, _rows(year))


def _rows(year: int) -> Iterator[list[Cell]]:
    """Read while they are sent, when the view has long returned: the session is asked for here, not before."""
    for one in read_tax_year(reading(), year):
        figures = (one.gross_minor, one.fee_minor, one.earned_minor, one.refunded_minor)
        yield [
            year, one.actor_id, one.name, one.country, one.stripe_account_id, one.sessions,
            *(Money(minor, one.currency).major for minor in figures), one.currency,
        ]  # fmt: skip
