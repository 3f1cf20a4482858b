"""For machines that watch us: /healthz says that we run, /readyz whether all we depend on does."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from marketplace.services.health import troubles
from marketplace.web.guard import public
from marketplace.web.transaction import now, reading

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """This process answers; asks nobody else."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """200 when the database answers, the timetable ticks and nothing waits too long; else 503 with the reasons."""
    try:
        wrong = troubles(reading(), now=now())
    except SQLAlchemyError:
        wrong = ["The database does not answer"]
    return jsonify(status="not ready" if wrong else "ready", troubles=wrong), 503 if wrong else 200
