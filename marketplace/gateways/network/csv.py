"""Figures from a file of posts, one row each: what a network's own export or a crawl holds."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from marketplace.domain.network import spell_handle
from marketplace.gateways.network.base import PostFigures

REQUIRED: Final = ("account", "posted_at")
COLUMNS: Final = {
    "account": "handle or any stable name of the account, in small or capital letters; required in every row",
    "posted_at": "when the post appeared, ISO 8601; without a zone it is read as UTC; required in every row",
    "fetched_at": "when the figures of this row were read, likewise; without it, the time of the import",
    "post_id": "the network's id of the post; without it the time it appeared stands for it",
    "post_no": "the post's number within its account; tells posts of the same second apart",
    "followers": "followers of the account when read; whole number, empty if not shown",
    "views": "views of the post; whole number, empty if not shown",
    "likes": "likes of the post, likewise",
    "comments": "comments on the post, likewise",
    "shares": "shares or reposts of the post, likewise",
    "quotes": "quotes of the post, likewise",
}
"""The columns that are read, in any order; others are passed over."""

LARGEST: Final = 2**53


class BadFile(Exception):
    """The file as a whole cannot be read; nothing of it was."""


@dataclass(frozen=True, slots=True)
class PostRow:
    """A good row: the post, its account, and what was read of that account with it.

    Without ids in the file `post.external_id` is the time of the post, and `number` tells those of one second apart.
    """

    line: int
    account: str
    followers: int | None
    fetched_at: datetime
    post: PostFigures
    number: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is skipped, by the line it begins on (the heading is line 1), and why."""

    line: int
    reason: str


class _Unreadable(Exception):
    """One field makes no sense."""


def read_post_rows(lines: Iterable[str], *, now: datetime) -> Iterator[PostRow | BadRow]:
    """Read rows one by one, good and bad; `now` stands in for a missing `fetched_at`.

    Raises BadFile for a heading without the required columns, and for what is no text.
    """
    reader = csv.reader(_text(lines), strict=True)
    try:
        heading = [name.strip().lower() for name in next(reader, [])]
        _check_heading(heading)
        line = reader.line_num + 1
        for fields in reader:
            if fields:
                yield _row(line, heading, fields, now)
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadFile(f"line {reader.line_num}: {error}") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"it is not UTF-8 text after line {reader.line_num}") from error


def _text(lines: Iterable[str]) -> Iterator[str]:
    """The lines, without the byte order mark that spreadsheets put before the first; refuses zero bytes."""
    for number, line in enumerate(lines, start=1):
        if "\0" in line:
            raise BadFile(f"line {number} holds zero bytes: this is no text")
        yield line.removeprefix("\ufeff") if number == 1 else line


def _check_heading(heading: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in heading]
    if missing:
        raise BadFile(f"the first line names no column {' and no column '.join(missing)}")
    twice = sorted({name for name in heading if name in COLUMNS and heading.count(name) > 1})
    if twice:
        raise BadFile(f"the first line names {', '.join(twice)} more than once")


def _row(line: int, heading: Sequence[str], fields: Sequence[str], now: datetime) -> PostRow | BadRow:
    if len(fields) != len(heading):
        return BadRow(line, f"{len(fields)} fields where the heading has {len(heading)}")
    values = {name: field.strip() for name, field in zip(heading, fields, strict=True)}
    try:
        return _good_row(line, values, now)
    except _Unreadable as error:
        return BadRow(line, str(error))


def _good_row(line: int, values: dict[str, str], now: datetime) -> PostRow:
    account = spell_handle(values["account"])
    if not account or len(account) > 80 or not account.isprintable():
        raise _Unreadable("account is empty or too long" if len(account) > 80 or not account else "account is no name")
    posted_at = _moment(values, "posted_at")
    fetched_at = _moment(values, "fetched_at") if values.get("fetched_at") else now
    if posted_at > fetched_at:
        raise _Unreadable("the post was read before it appeared")
    post = PostFigures(
        external_id=(values.get("post_id") or posted_at.isoformat())[:80],
        posted_at=posted_at,
        views=_count(values, "views"),
        likes=_count(values, "likes"),
        comments=_count(values, "comments"),
        shares=_count(values, "shares"),
        quotes=_count(values, "quotes"),
    )
    return PostRow(line, account, _count(values, "followers"), fetched_at, post, values.get("post_no", ""))


def _moment(values: dict[str, str], name: str) -> datetime:
    if not values[name]:
        raise _Unreadable(f"{name} is empty")
    try:
        moment = datetime.fromisoformat(values[name])
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Unreadable(f"{name} is no time: {values[name][:40]!r}") from None


def _count(values: dict[str, str], name: str) -> int | None:
    """A whole number, also as spreadsheets write it (1200.0); None where it is empty or there is no such column."""
    text = values.get(name, "")
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        raise _Unreadable(f"{name} is no number: {text[:40]!r}") from None
    if not 0 <= number <= LARGEST or number != int(number):
        raise _Unreadable(f"{name} is no whole number from 0 up: {text[:40]!r}")
    return int(number)
