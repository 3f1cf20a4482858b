"""Rows of a file of posts: what is read, what is skipped and what is refused as a whole."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO

import pytest

from marketplace.gateways.network.csv import BadFile, BadRow, PostRow, read_post_rows

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEADING = "account,post_no,posted_at,fetched_at,followers,views,likes,comments,shares,saves\n"


def rows_of(*lines: str, heading: str = HEADING) -> list[PostRow | BadRow]:
    return list(read_post_rows(StringIO(heading + "".join(f"{line}\n" for line in lines)), now=NOW))


def good(*lines: str, heading: str = HEADING) -> PostRow:
    [row] = rows_of(*lines, heading=heading)
    assert isinstance(row, PostRow)
    return row


def test_a_row_holds_a_post_and_what_was_read_of_its_account() -> None:
    row = good("maya,3,2026-05-01 14:37:03,2026-05-30 02:56:52,19700,89500,800,50,23,39")
    assert (row.line, row.account, row.followers) == (2, "maya", 19_700)
    assert row.fetched_at == datetime(2026, 5, 30, 2, 56, 52, tzinfo=UTC)
    assert (row.post.external_id, row.number) == ("2026-05-01T14:37:03+00:00", "3")
    assert row.post.posted_at == datetime(2026, 5, 1, 14, 37, 3, tzinfo=UTC)
    assert (row.post.views, row.post.likes, row.post.comments, row.post.shares) == (89_500, 800, 50, 23)


@pytest.mark.parametrize("typed", ["maya.okafor", "@Maya.Okafor", " MAYA.OKAFOR "])
def test_a_handle_has_one_spelling(typed: str) -> None:
    assert good(f"{typed},3,2026-05-01 14:37:03,2026-05-30 02:56:52,,,800,,,").account == "maya.okafor"


def test_an_empty_figure_is_unknown_and_not_zero() -> None:
    row = good("maya,3,2026-05-01 14:37:03,2026-05-30 02:56:52,,,800,,,")
    assert (row.followers, row.post.views, row.post.comments) == (None, None, None)


def test_columns_may_come_in_any_order_and_most_may_be_missing() -> None:
    row = good("2026-05-01T10:00:00+07:00,@maya", heading="\ufeffPosted_At, Account\n")
    assert row.account == "maya"
    assert row.fetched_at == NOW
    assert row.post.posted_at == datetime(2026, 5, 1, 3, 0, tzinfo=UTC)
    assert row.post.external_id == "2026-05-01T03:00:00+00:00"
    assert row.post.likes is None


def test_the_networks_own_id_of_a_post_is_kept() -> None:
    assert good("maya,2026-05-01,7301", heading="account,posted_at,post_id\n").post.external_id == "7301"


def test_numbers_as_spreadsheets_write_them_are_read() -> None:
    assert good("maya,1,2026-05-01,2026-05-30,19700.0,1.2e6,,,,").post.views == 1_200_000


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("maya,1,2026-05-01", "3 fields where the heading has 10"),
        (",1,2026-05-01,2026-05-30,1,1,1,1,1,1", "account is empty"),
        ("maya,1,,2026-05-30,1,1,1,1,1,1", "posted_at is empty"),
        ("maya,1,yesterday,2026-05-30,1,1,1,1,1,1", "posted_at is no time: 'yesterday'"),
        ("maya,1,2026-05-01,later,1,1,1,1,1,1", "fetched_at is no time"),
        ("maya,1,2026-05-31,2026-05-30,1,1,1,1,1,1", "before it appeared"),
        ("maya,1,2026-05-01,2026-05-30,many,1,1,1,1,1", "followers is no number: 'many'"),
        ("maya,1,2026-05-01,2026-05-30,1,-1,1,1,1,1", "views is no whole number from 0 up"),
        ("maya,1,2026-05-01,2026-05-30,1,1.5,1,1,1,1", "views is no whole number"),
        ("maya,1,2026-05-01,2026-05-30,1,nan,1,1,1,1", "views is no whole number"),
        ("maya,1,2026-05-01,2026-05-30,1,inf,1,1,1,1", "views is no whole number"),
        ("maya,1,2026-05-01,2026-05-30,1,1e300,1,1,1,1", "views is no whole number"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_the_next_is_read(line: str, reason: str) -> None:
    first, bad, last = rows_of("maya,1,2026-05-01,,1,1,1,1,1,1", line, "maya,2,2026-05-01,,1,1,1,1,1,1")
    assert isinstance(bad, BadRow)
    assert bad.line == 3
    assert reason in bad.reason
    assert isinstance(first, PostRow)
    assert isinstance(last, PostRow)
    assert last.line == 4


def test_lines_are_counted_through_blank_lines_and_quoted_line_breaks() -> None:
    rows = rows_of("", '"ma\nya",1,2026-05-01,,1,1,1,1,1,1', "maya,1,never,,1,1,1,1,1,1")
    assert [row.line for row in rows] == [3, 5]
    assert all(isinstance(row, BadRow) for row in rows)


@pytest.mark.parametrize("heading", ["", "\n", "views,likes\n", "account,views\n", "account,account,posted_at\n"])
def test_a_file_without_the_needed_columns_is_refused_as_a_whole(heading: str) -> None:
    with pytest.raises(BadFile, match="first line"):
        rows_of("maya,5,6", heading=heading)


def test_what_is_no_text_is_refused_as_a_whole() -> None:
    with pytest.raises(BadFile, match="zero bytes"):
        rows_of("maya\0,1")
    with pytest.raises(BadFile, match="line 2"):
        rows_of('maya,"1')


def test_a_wrong_encoding_is_refused_as_a_whole() -> None:
    def lines() -> Iterator[str]:
        yield HEADING
        yield b"\xff\xfe".decode()

    with pytest.raises(BadFile, match="UTF-8"):
        list(read_post_rows(lines(), now=NOW))


def test_rows_are_read_one_by_one_and_not_all_at_once() -> None:
    def endless() -> Iterator[str]:
        yield HEADING
        while True:
            yield "maya,1,2026-05-01,,1,1,1,1,1,1\n"

    rows = read_post_rows(endless(), now=NOW)
    assert len([next(rows) for _ in range(1_000)]) == 1_000
