"""CSV: whatever people type stays text, whatever is a number stays one, and names of files carry nothing else."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from marketplace.web.csv_file import BYTE_ORDER_MARK, FORMULA, Cell, cell, file_name, rows_of, send_csv

ATTACKS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\u00a0=1",
    "＝1+1",
    "＠SUM(1)",
    '=HYPERLINK("http://x.example";"y")',
]


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


# case 39
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_would_be_a_formula_is_text(attack: str) -> None:
    (_, row) = read("".join(rows_of(["Name"], [[attack]])))
    assert row == [f"'{attack}"]


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4), max_size=5))
def test_no_text_begins_a_formula_and_none_breaks_out_of_its_cell(rows: list[list[str]]) -> None:
    back = read("".join(rows_of(["a", "b"], rows)))[1:]
    assert back == [[cell(one) for one in row] for row in rows]
    assert not any(one[:1] in FORMULA or one.lstrip()[:1] in FORMULA for row in back for one in row if one)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("-12.50"), "-12.50"),
        (Decimal(0), "0"),
        (Decimal("1E+3"), "1000"),
        (-7, "-7"),
        (None, ""),
        ("", ""),
        (date(2026, 11, 23), "2026-11-23"),
        ("Zoë, “Ω”", "Zoë, “Ω”"),
    ],
)
def test_numbers_stay_numbers_and_harmless_text_stays_as_it_is(value: str | int | Decimal | None, written: str) -> None:
    assert cell(value) == written


def test_a_file_begins_with_the_mark_that_excel_wants_and_ends_its_lines_as_the_standard_has_it() -> None:
    text = "".join(rows_of(["Ω"], [["б"]]))
    assert text == "\ufeffΩ\r\nб\r\n"


def test_rows_are_taken_one_by_one() -> None:
    taken: list[int] = []

    def rows() -> Iterator[list[Cell]]:
        for number in range(3):
            taken.append(number)
            yield [number]

    pieces = rows_of(["n"], rows())
    assert next(pieces)
    assert taken == []
    next(pieces)
    assert taken == [0]


# case 39
@pytest.mark.parametrize(
    "name", ['x"\r\nSet-Cookie: a=b', "../../etc/passwd", "a;b=c", "名前", "", "\x00", "." * 9, "x" * 500]
)
def test_the_name_of_a_file_carries_no_header_and_no_path(app: Flask, name: str) -> None:
    plain = file_name(name, "csv")
    assert plain.removesuffix(".csv").strip("-.")
    assert set(plain) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert len(plain) <= 104
    with app.test_request_context():
        headers = send_csv(name, ["a"], []).headers
    assert headers["Content-Disposition"] == f"attachment; filename={plain}"
    assert "Set-Cookie" not in headers
