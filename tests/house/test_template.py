"""Templates: nothing inline that the content policy would refuse, and no word we do not use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = sorted([*(ROOT / "templates").rglob("*.html"), *(ROOT / "marketplace").rglob("*.html")])
PAGES = [path for path in TEMPLATES if "mail" not in path.parts]
FORBIDDEN = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "an inline style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"\sstyle=", re.IGNORECASE),
    "an event attribute": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "a script address": re.compile(r"javascript:", re.IGNORECASE),
    "something htmx evaluates": re.compile(r"hx-on|hx-vals=[\"']js:|hx-trigger=[\"'][^\"']*\["),
    "an unescaped value": re.compile(r"\|\s*safe\b"),
}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_holds_nothing_that_the_content_policy_refuses(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    assert [name for name, pattern in FORBIDDEN.items() if pattern.search(text)] == []


def test_every_form_that_posts_carries_our_token() -> None:
    form = re.compile(r"<form\b[^>]*method=\"post\".*?</form>", re.DOTALL | re.IGNORECASE)
    bare = [
        f"{path.relative_to(ROOT)}: {found[:80]}"
        for path in (ROOT / "templates").rglob("*.html")
        for found in form.findall(path.read_text())
        if "csrf" not in found
    ]
    assert bare == []


def test_money_is_held_until_accepted_and_never_called_otherwise() -> None:
    word = "escr" + "ow"
    said = [
        str(path.relative_to(ROOT))
        for folder in ("marketplace", "workers", "templates", "migrations")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".html", ".txt", ".js", ".css", ".json"} and word in path.read_text().lower()
    ]
    assert said == []
    assert word not in (ROOT / "README.md").read_text().lower()
