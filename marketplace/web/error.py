"""What people see when something does not work: a refusal's own sentence, or a page that leaks nothing."""

from __future__ import annotations

import structlog
from flask import Flask, current_app, g, render_template, request, session
from flask_wtf.csrf import CSRFError, generate_csrf
from jinja2 import TemplateNotFound
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from marketplace.domain.errors import Refused
from marketplace.web.address import came_from
from marketplace.web.transaction import drop_session
from marketplace.web.viewer import viewer_zone

log = structlog.get_logger("marquee.web")

FORM_TOO_OLD = (
    "This form had been open for too long, or was sent from elsewhere. Nothing was changed. Open its page again and "
    "send it once more; your browser’s back button may still have what you typed."
)
BUSY = "The database is busy. Nothing was changed. Please try again in a moment."
MET_ANOTHER = "Somebody else changed the same thing at the same moment. Nothing was changed. Please try again."


def install(app: Flask) -> None:
    """Answer refusals, HTTP errors and surprises with pages of ours."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(CSRFError, lambda _error: error_page(400, FORM_TOO_OLD))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(IntegrityError, _met_another)
    app.register_error_handler(Exception, _surprise)


def error_page(status: int, sentence: str | None = None) -> tuple[str, int]:
    """The page for a status; `sentence` says what happened and what did not."""
    context = {"status": status, "sentence": sentence, "request_id": g.get("request_id"), "back": came_from()}
    render = _render_alone if status >= 500 else render_template
    try:
        return render(f"error/{status}.html", **context), status
    except TemplateNotFound:
        return render("error/400.html" if status < 500 else "error/500.html", **context), status


def _render_alone(template: str, **context: object) -> str:
    """The page as nobody sees it, without a look into the database: what broke may be the database itself.

    Rendering as usual would ask every context processor, and they ask who is signed in.
    """
    g.principal = None
    plain = {
        "request": request,
        "session": session,
        "csrf_token": generate_csrf,
        "principal": None,
        "viewer_zone": viewer_zone(),
    }
    return current_app.jinja_env.get_template(template).render(plain | context)


def _refused(error: Refused) -> tuple[str, int]:
    log.info("refused", code=error.code, status=error.status)
    return error_page(error.status, error.sentence)


def _http_error(error: HTTPException) -> tuple[str, int] | HTTPException:
    if error.code is None or error.code < 400:
        return error  # a redirect in the clothes of an exception
    return error_page(error.code)


def _database_error(error: OperationalError) -> tuple[str, int]:
    log.error("database_error", exc_info=error)
    drop_session()
    return error_page(503, BUSY)


def _met_another(error: IntegrityError) -> tuple[str, int]:
    """A rule of the database that a service had looked at before: two were at it together."""
    log.error("integrity_error", exc_info=error)
    drop_session()
    return error_page(409, MET_ANOTHER)


def _surprise(error: Exception) -> tuple[str, int]:
    log.error("unexpected_error", exc_info=error)
    drop_session()
    return error_page(500)
