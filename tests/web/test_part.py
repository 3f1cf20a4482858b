"""The components: they render, parse strictly, run under the strict content policy and stay small."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask

from marketplace.web import asset
from tests.web.gallery import ROOT, STATIC, make_gallery
from tests.web.page_check import faults

TEMPLATES = ROOT / "templates"
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
ERRORS = (400, 403, 404, 409, 413, 422, 429, 500, 503)


@pytest.fixture(scope="module")
def app() -> Flask:
    return make_gallery()


def zipped(body: bytes) -> int:
    return len(gzip.compress(body, 9, mtime=0))


def test_every_component_renders_as_valid_html_without_inline_script_or_style(app: Flask) -> None:
    answer = app.test_client().get("/")
    assert answer.status_code == 200
    assert faults(answer.text) == []


def test_every_macro_is_on_the_gallery_page() -> None:
    exported = set(re.findall(r"{% set (\w+) = _", (TEMPLATES / "part" / "ui.html").read_text()))
    page = (Path(__file__).parent / "gallery.html").read_text() + (TEMPLATES / "layout" / "base.html").read_text()
    # drawn inside other components, or attributes alone
    inner = {"flavour_dot", "histogram", "icon", "morph", "morph_form", "portrait", "score_words", "signal"}
    assert exported - inner == set(re.findall(r"ui\.(\w+)\(", page)) - inner


def test_every_macro_is_offered_by_the_one_import() -> None:
    offered = (TEMPLATES / "part" / "ui.html").read_text()
    private = {"choices", "looks", "told_by", "below", "label_of", "turn"}
    for path in [TEMPLATES / name for name in re.findall(r"from '(part/\w+\.html)'", offered)]:
        for name in re.findall(r"{% macro (\w+)\(", path.read_text()):
            assert name in private or f"{{% set {name} = _{name} %}}" in offered, f"{name} of {path.name}"


@pytest.mark.parametrize("status", ERRORS)
def test_every_error_page_says_what_happened_and_is_valid(app: Flask, status: int) -> None:
    answer = app.test_client().get(f"/error/{status}")
    assert answer.status_code == status
    assert faults(answer.text) == []
    assert "<h1>" in answer.text


def test_no_template_carries_inline_script_style_or_evaluated_attributes() -> None:
    wrong = re.compile(r"<script(?![^>]*\bsrc=)|<style\b|\sstyle=|\son[a-z]+=|hx-on|js:|\|safe", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in TEMPLATES.rglob("*.html")
        if "mail" not in path.parts  # mail readers know inline style only
        for match in wrong.finditer(re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL))
    ]
    assert found == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.name))
def test_no_script_evaluates_text_or_writes_markup(path: Path) -> None:
    assert not re.search(
        r"\beval\(|new Function|innerHTML|outerHTML|document\.write|setTimeout\(\s*[\"']", path.read_text()
    )


def test_the_style_sheet_and_scripts_keep_their_budgets() -> None:
    assert zipped(asset.sheet_of(STATIC)) <= 14 * 1024
    own = sum(zipped(path.read_bytes()) for path in SCRIPTS)
    fetched = STATIC / "vendor" / "htmx.min.js"
    assert own + (zipped(fetched.read_bytes()) if fetched.is_file() else 0) <= 20 * 1024
    font = STATIC / "vendor" / "geist-latin-wght-normal.woff2"
    assert not font.is_file() or font.stat().st_size <= 30 * 1024


def test_a_style_sheet_has_one_declaration_a_line() -> None:
    for path in (STATIC / "css").rglob("*.css"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert line.count(";") <= 1, f"{path.name}:{number}"


def test_every_class_name_in_the_style_sheet_is_used_by_a_page() -> None:
    sheet = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", asset.sheet_of(STATIC).decode(), flags=re.DOTALL)
    selectors = [one for one in re.findall(r"([^{};]+){", sheet) if not one.strip().startswith("@")]
    named = {name for one in selectors for name in re.findall(r"\.([a-zA-Z][\w-]*)", one)}
    pages = "".join(path.read_text() for path in [*TEMPLATES.rglob("*.html"), *SCRIPTS])
    put_together = re.compile(r"(?:avatar|btn|htmx|note|shade|tag)-")  # by a macro or by htmx
    assert sorted(name for name in named if name not in pages and not put_together.match(name)) == []


def test_pages_work_without_the_fetched_files(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "tokens.css").write_text(":root { --ink: black; }")
    assets = asset.Assets(tmp_path)
    assert assets.url("vendor/htmx.min.js") == ""
    assert assets.missing == asset.FETCHED
    assert assets.url("app.css").endswith("/app.css")


def test_a_static_file_is_compressed_cached_for_good_and_renamed_when_it_changes(app: Flask, tmp_path: Path) -> None:
    url = asset.Assets(STATIC).url("app.css")
    answer = app.test_client().get(url, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.mimetype == "text/css"
    (tmp_path / "css").mkdir()
    sheet = tmp_path / "css" / "tokens.css"
    sheet.write_text(":root { --ink: black; }")
    before = asset.Assets(tmp_path).url("app.css")
    sheet.write_text(":root { --ink: navy; }")
    assert asset.Assets(tmp_path).url("app.css") != before


def test_a_path_outside_the_static_files_is_not_found(app: Flask) -> None:
    assert app.test_client().get("/asset/x/../../config.py").status_code == 404
    assert app.test_client().get("/asset/x/css/tokens.css").status_code == 404
