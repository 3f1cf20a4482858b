"""What no request may hold, whatever page it is for: numbers beyond any row's, and characters no text has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from flask import Flask, abort, request
from werkzeug.routing import IntegerConverter, Map

from marketplace.web.typed import LARGEST

NUL: Final = "\0"
FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class RowNumber(IntegerConverter):
    """<int:...> in a route: a whole number that the database can look for; a larger one is no such page."""

    regex = r"[0-9]{1,19}"

    def __init__(self, map: Map, *args: Any, **options: Any) -> None:
        options.setdefault("max", LARGEST)
        super().__init__(map, *args, **options)


def install(app: Flask) -> None:
    """Read numbers of routes with a bound. Call it before any route is added."""
    app.url_map.converters["int"] = RowNumber


def refuse_nul(app: Flask) -> None:
    """Answer 400 to a request with a NUL in it: PostgreSQL keeps no text with one, so nothing can be found by it.

    It reads the form: call it after whatever decides who may send one.
    """

    @app.before_request
    def check() -> None:
        if any(NUL in text for text in _texts()):
            abort(400)


def _texts() -> Iterable[str]:
    yield request.path
    for name, value in request.args.items(multi=True):
        yield from (name, value)
    if request.mimetype in FORMS:
        for name, value in request.form.items(multi=True):
            yield from (name, value)
        for name, file in request.files.items(multi=True):
            yield from (name, file.filename or "")
    yield from request.cookies.values()
