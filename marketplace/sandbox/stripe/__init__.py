"""A Stripe-compatible server: the same requests, answers, errors, pages and events, and no real money."""

from collections.abc import Sequence
from pathlib import Path

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from marketplace.sandbox.stripe.api import Sandbox, make_api
from marketplace.sandbox.stripe.control import control
from marketplace.sandbox.stripe.delivery import Deliverer, WebhookTarget
from marketplace.sandbox.stripe.error import StripeRefusal
from marketplace.sandbox.stripe.page import page
from marketplace.sandbox.stripe.state import State

__all__ = ["WebhookTarget", "create_app"]


def create_app(
    state_path: Path | str,
    webhook_targets: Sequence[WebhookTarget] = (),
    *,
    public_url: str | None = None,
    secret_keys: tuple[str, ...] = (),
) -> Flask:
    """The server as a Flask app; its delivery thread runs from now on.

    `state_path` is its SQLite file, made if absent. `public_url` is the address browsers reach it at, when it is not
    the one requests come in by. Without `secret_keys` any key that looks like one (`sk_...`) is accepted.
    """
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it, its base class does not
    state = State(state_path)
    deliverer = Deliverer(state, webhook_targets)
    app.extensions["stripe_sandbox"] = Sandbox(state, deliverer, public_url, secret_keys)
    app.register_blueprint(make_api())
    app.register_blueprint(page)
    app.register_blueprint(control)
    app.register_error_handler(StripeRefusal, _refused)
    app.register_error_handler(404, _unknown_address)
    app.add_url_rule("/healthz", view_func=lambda: "ok")
    deliverer.start()
    return app


def _refused(error: StripeRefusal) -> tuple[Response, int]:
    return jsonify(error.body), error.status


def _unknown_address(error: HTTPException) -> tuple[Response, int]:
    message = f"Unrecognized request URL ({request.method}: {request.path})."
    return jsonify({"error": {"type": "invalid_request_error", "message": message}}), 404
