"""What people see when something does not work: a refusal's own sentence, or a page that leaks nothing."""

from __future__ import annotations

import structlog
from flask import Flask, g, render_template
from flask_wtf.csrf import CSRFError
from jinja2 import TemplateNotFound
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from marketplace.domain.errors import Refused

log = structlog.get_logger("marquee.web")

FORM_TOO_OLD = (
    "This form had been open for too long, or was sent from elsewhere. Nothing was changed. Please try again."
)
BUSY = "The database is busy. Nothing was changed. Please try again in a moment."


def install(app: Flask) -> None:
    """Answer refusals, HTTP errors and surprises with pages of ours."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(CSRFError, lambda _error: error_page(400, FORM_TOO_OLD))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(Exception, _surprise)


def error_page(status: int, sentence: str | None = None) -> tuple[str, int]:
    """The page for a status; `sentence` says what happened and what did not."""
    context = {"status": status, "sentence": sentence, "request_id": g.get("request_id")}
    try:
        return render_template(f"error/{status}.html", **context), status
    except TemplateNotFound:
        return render_template("error/400.html" if status < 500 else "error/500.html", **context), status


def _refused(error: Refused) -> tuple[str, int]:
    log.info("refused", code=error.code, status=error.status)
    return error_page(error.status, error.sentence)


def _http_error(error: HTTPException) -> tuple[str, int] | HTTPException:
    if error.code is None or error.code < 400:
        return error  # a redirect in the clothes of an exception
    return error_page(error.code)


def _database_error(error: OperationalError) -> tuple[str, int]:
    log.error("database_error", exc_info=error)
    return error_page(503, BUSY)


def _surprise(error: Exception) -> tuple[str, int]:
    log.error("unexpected_error", exc_info=error)
    return error_page(500)
