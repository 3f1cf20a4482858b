"""What every page must be: valid HTML 5 by the strict parser, free of inline script and style, and small."""

from __future__ import annotations

import gzip
import re

import html5lib
from werkzeug.test import TestResponse

INLINE = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]+\sstyle\s*=", re.IGNORECASE),
    "an event attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"=\s*[\"']?\s*javascript:", re.IGNORECASE),
    "htmx evaluation": re.compile(
        r"hx-on|hx-(?:vals|headers)\s*=\s*[\"']js:|hx-trigger\s*=\s*[\"'][^\"']*\[", re.IGNORECASE
    ),
}
LARGEST_PAGE = 12 * 1024  # bytes, compressed


def faults(page: str) -> list[str]:
    """Everything wrong with a page, in words; empty when it is as it must be."""
    found = [words for words, pattern in INLINE.items() if pattern.search(page)]
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(page)
    found += [f"HTML: {code} {data} at {at}" for at, code, data in parser.errors]
    ids = re.findall(r'\sid="([^"]*)"', page)
    found += [f"the id {name!r} twice" for name in sorted({name for name in ids if ids.count(name) > 1})]
    if "{{" in page or "{%" in page:
        found.append("an unrendered template tag")
    return found


def weight(page: str) -> int:
    """How many bytes the page takes on the way."""
    return len(gzip.compress(page.encode(), 9, mtime=0))


def sound(answer: TestResponse, status: int = 200) -> str:
    """The page of an answer, which has that status and is as every page must be."""
    page: str = answer.text
    assert answer.status_code == status, page
    assert (found := faults(page)) == [], found
    assert (bytes_sent := weight(page)) <= LARGEST_PAGE, bytes_sent
    return page
