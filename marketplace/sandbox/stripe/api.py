"""From an HTTP request to a handler and back: key check, parameters, idempotency, faults, expansion."""

import socket
import time
from typing import Any, cast

from flask import Blueprint, Response, current_app, jsonify, request

from marketplace.sandbox.stripe import idempotency
from marketplace.sandbox.stripe.call import Call, Endpoint, expand
from marketplace.sandbox.stripe.delivery import Deliverer
from marketplace.sandbox.stripe.error import StripeRefusal
from marketplace.sandbox.stripe.fault import Fault, FaultPlan, refusal
from marketplace.sandbox.stripe.file import describe
from marketplace.sandbox.stripe.param import check, read_form
from marketplace.sandbox.stripe.state import Json, State, new_id
from marketplace.sandbox.stripe.table import ENDPOINTS

BEFORE_THE_KEY = (409, 429)


class Sandbox:
    """What the stand-in's pages share: its memory, its deliveries, its faults, its addresses and keys."""

    def __init__(self, state: State, deliverer: Deliverer, public_url: str | None, keys: tuple[str, ...]) -> None:
        self.state = state
        self.deliverer = deliverer
        self.faults = FaultPlan()
        self.public_url = public_url
        self.keys = keys

    def base(self) -> str:
        """The address a browser reaches this server at."""
        return (self.public_url or request.host_url).rstrip("/")


def the_sandbox() -> Sandbox:
    """The stand-in that serves this request."""
    return cast(Sandbox, current_app.extensions["stripe_sandbox"])


def make_api() -> Blueprint:
    """A route for every row of the table."""
    api = Blueprint("api", __name__)
    for endpoint in ENDPOINTS:
        name = f"{endpoint.verb} {endpoint.path}".replace(".", "_")
        api.add_url_rule(endpoint.path, endpoint=name, view_func=_view(endpoint), methods=[endpoint.verb])
    return api


def _view(endpoint: Endpoint) -> Any:
    def view(**idents: str) -> Response:
        sandbox = the_sandbox()
        started, arrived = time.monotonic(), time.time()
        request_id = new_id("req_", 14)
        fault = sandbox.faults.take(request.method, request.path)
        if fault and fault.kind == "drop":
            hang_up()
        try:
            status, body, replayed = _answer(sandbox, endpoint, idents, request_id, fault)
        except StripeRefusal as error:
            status, body, replayed = error.status, error.body, False
        sandbox.state.note_call(
            request.method, request.path, request.headers.get("Idempotency-Key", ""), status, arrived
        )
        sandbox.deliverer.wake()
        if fault and fault.kind == "drop_after":
            hang_up()
        return _response(status, body, replayed, request_id, time.monotonic() - started)

    return view


def _response(status: int, body: Json, replayed: bool, request_id: str, seconds: float) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.headers["Request-Id"] = request_id
    response.headers["Server-Timing"] = f"total;dur={seconds * 1000:.1f}"
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", "")
    if key := request.headers.get("Idempotency-Key"):
        response.headers["Idempotency-Key"] = key
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    if status == 429:
        response.headers["Stripe-Should-Retry"] = "false"
    return response


def hang_up() -> None:
    """Close the connection without a word. Only the development server of werkzeug lends its socket."""
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


def _answer(
    sandbox: Sandbox, endpoint: Endpoint, idents: dict[str, str], request_id: str, fault: Fault | None
) -> tuple[int, Json, bool]:
    _check_key(sandbox)
    if fault and fault.kind == "status" and fault.status in BEFORE_THE_KEY:
        raise refusal(fault)
    if fault and fault.kind == "drop":
        return 499, {}, False
    params = check(_incoming(), endpoint.params)
    account = request.headers.get("Stripe-Account") or request.headers.get("Stripe-Context") or ""
    key = request.headers.get("Idempotency-Key") if endpoint.verb == "POST" else None
    call = Call(
        sandbox.state,
        params,
        account=account,
        base=sandbox.base(),
        version=request.headers.get("Stripe-Version", ""),
        key=key,
        request_id=request_id,
    )
    if key is None:
        status, body = _execute(call, endpoint, idents, fault)
        return status, body, False
    if kept := idempotency.claim(sandbox.state, account, key, endpoint.verb, request.path, params):
        return *kept, True
    try:
        status, body = _execute(call, endpoint, idents, fault)
    finally:
        idempotency.let_go(sandbox.state, account, key)
    return status, body, False


def _check_key(sandbox: Sandbox) -> None:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if not given:
        raise StripeRefusal(401, "invalid_request_error", "You did not provide an API key.")
    if not given.startswith(("sk_", "rk_")) or (sandbox.keys and given not in sandbox.keys):
        raise StripeRefusal(401, "invalid_request_error", f"Invalid API Key provided: {given[:8]}***")


def _incoming() -> Json:
    if request.method == "GET" or request.path.startswith("/v1/"):
        source = request.args if request.method == "GET" else request.form
        form = read_form(list(source.items(multi=True)))
        return form | {name: describe(part.filename or "", part.read()) for name, part in request.files.items()}
    data = request.get_json(silent=True)
    if request.get_data() and not isinstance(data, dict):
        raise StripeRefusal(400, "invalid_request_error", "The body is no JSON object.")
    return data or {}


def _execute(call: Call, endpoint: Endpoint, idents: dict[str, str], fault: Fault | None) -> tuple[int, Json]:
    """Run the handler and keep its answer, both or neither. A refusal keeps what was written before it."""
    if fault and fault.kind == "delay":
        time.sleep(fault.seconds)
    with call.state.transaction():
        try:
            if fault and fault.kind == "status":
                raise refusal(fault)
            body = endpoint.do(call, **idents)
            status = 200
            for path in call.params.get("expand") or []:
                expand(call.state, body, path)
        except StripeRefusal as error:
            status, body = error.status, error.body
        if call.key:
            idempotency.keep(call.state, call.account, call.key, status, body)
    return status, body
