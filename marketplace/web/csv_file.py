"""CSV files: numbers stay numbers, and no text that somebody typed becomes a formula in whoever's spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from flask import Response, stream_with_context

Cell = str | int | Decimal | date | None

# what spreadsheets take for the beginning of a formula, the wide forms of East Asian keyboards included
FORMULA: Final = frozenset("=+-@\t\r\n＝＋－＠")
BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it Excel reads UTF-8 as the machine's old code page and spoils every name with an accent."""


def cell(value: Cell) -> str:
    """One cell as it is written.

    Numbers are typed, so a negative amount is written plainly and stays one. Text that begins like a formula, also
    behind blanks, gets an apostrophe in front: spreadsheets then show it as the text it is.
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if not isinstance(value, str):
        return str(value)
    is_formula = value[:1] in FORMULA or value.lstrip()[:1] in FORMULA
    return f"'{value}" if value and is_formula else value


def rows_of(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The file piece by piece, quoted by the csv module, lines ended as RFC 4180 has it."""
    line = io.StringIO()
    write = csv.writer(line, lineterminator="\r\n")
    line.write(BYTE_ORDER_MARK)
    write.writerow([cell(one) for one in header])
    yield line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        write.writerow([cell(one) for one in row])
        yield line.getvalue()


def send_csv(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """An answer that streams the rows as they are read."""
    answer = Response(stream_with_context(rows_of(header, rows)), content_type="text/csv; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename=file_name(name, "csv"))
    return answer


def file_name(name: str, ending: str) -> str:
    """A name that every system takes and that cannot carry a header of its own: letters, digits, dots, dashes."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:100]
    return f"{plain or 'file'}.{ending}"
