"""The style sheet, scripts and fetched files: read once at start, served under one digest and cached for good."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
from flask import Blueprint, Response, abort, current_app, request

ASSETS = "marquee.assets"
SHEET = "app.css"
# The cascade's order is declared by @layer in tokens.css; files of one layer follow each other by name.
SHEETS = ("css/tokens.css", "css/base.css", "css/layout.css", "css/part/*.css", "css/page/*.css")
FONT_SHEET = "css/font.css"
FONTS = ("vendor/geist-latin-wght-normal.woff2", "vendor/geist-latin-ext-wght-normal.woff2")
FETCHED = ("vendor/htmx.min.js", *FONTS)
SERVED = ("js/*.js", "vendor/*", "*.svg", "*.json", "*.ico")
# a page may name a JSON file of addresses to fetch ahead; browsers take it under its own type only
MIMETYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".json": "application/speculationrules+json"}
IMMUTABLE = "public, max-age=31536000, immutable"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent: its bytes plain and, where that is smaller, compressed."""

    body: bytes
    zipped: bytes | None
    mimetype: str


class Assets:
    """All static files of `folder`, by the path under which pages ask for them."""

    def __init__(self, folder: Path, *, prefix: str = "/asset") -> None:
        """Read every file now: a page never waits for the disk, and a change needs a restart."""
        self._assets = {path: _asset(path, body) for path, body in _files(folder)}
        digest = hashlib.sha256()
        for path, asset in sorted(self._assets.items()):
            digest.update(path.encode() + b"\0" + asset.body)
        self._base = f"{prefix}/{digest.hexdigest()[:12]}"
        self.missing = tuple(path for path in FETCHED if path not in self._assets)

    def url(self, path: str) -> str:
        """The address of a file, new whenever a file changes; "" for one not there (the fetched may be)."""
        return f"{self._base}/{path}" if path in self._assets else ""

    def get(self, path: str) -> Asset | None:
        """The file under that path, whatever digest it was asked with: an old page still finds its style."""
        return self._assets.get(path)

    def warn_of_missing(self) -> None:
        """Say once, at start, that fetched files are not there; every page works without them."""
        if self.missing:
            log.warning("assets_missing", files=list(self.missing), remedy="run `make assets` (needs npm)")


def make_blueprint(assets: Assets, *, prefix: str = "/asset") -> Blueprint:
    """The one route that serves them. It is open to anyone and touches no session."""
    blueprint = Blueprint("asset", __name__, url_prefix=prefix)
    blueprint.record(lambda state: state.app.extensions.update({ASSETS: assets}))

    @blueprint.get("/<digest>/<path:path>")
    def show(digest: str, path: str) -> Response:
        asset = assets.get(path)
        if asset is None:
            abort(404)
        return _response(asset)

    return blueprint


def asset_url(path: str) -> str:
    """As `Assets.url`, of the application that is answering."""
    assets: Assets = current_app.extensions[ASSETS]
    return assets.url(path)


def _response(asset: Asset) -> Response:
    squeezed = asset.zipped is not None and request.accept_encodings["gzip"] > 0
    response = Response(asset.zipped if squeezed and asset.zipped else asset.body, mimetype=asset.mimetype)
    response.headers["Cache-Control"] = IMMUTABLE
    response.headers["Vary"] = "Accept-Encoding"
    if squeezed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    yield SHEET, sheet_of(folder)
    for pattern in SERVED:
        for path in sorted(folder.glob(pattern)):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(folder).as_posix(), path.read_bytes()


def sheet_of(folder: Path) -> bytes:
    """Every style sheet in order as one; the font's rules only when the font files are there."""
    parts = [path.read_text() for pattern in SHEETS for path in sorted(folder.glob(pattern))]
    if all((folder / font).is_file() for font in FONTS):
        parts.append((folder / FONT_SHEET).read_text())
    return "\n".join(parts).encode()


def _asset(path: str, body: bytes) -> Asset:
    mimetype = MIMETYPES.get(Path(path).suffix)
    zipped = gzip.compress(body, 9, mtime=0)
    return Asset(
        body=body,
        zipped=zipped if len(zipped) < len(body) * 0.95 else None,
        mimetype=mimetype or mimetypes.guess_type(path)[0] or "application/octet-stream",
    )
