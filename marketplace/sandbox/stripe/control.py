"""Controls under /_sandbox/: what a test, or a person at the demo, makes happen in the outside world."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from marketplace.sandbox.stripe.account import change_bank, deauthorize, set_standing
from marketplace.sandbox.stripe.api import the_sandbox
from marketplace.sandbox.stripe.bank_payout import arrive, cancel, fail_bank_payout, pay_out
from marketplace.sandbox.stripe.call import Call
from marketplace.sandbox.stripe.dispute import open_dispute, settle_dispute
from marketplace.sandbox.stripe.error import missing
from marketplace.sandbox.stripe.fault import Fault
from marketplace.sandbox.stripe.refund import fail_refund
from marketplace.sandbox.stripe.state import Json

control = Blueprint("control", __name__, url_prefix="/_sandbox")
API_VERSION = "2026-10-28.endive"


def _call() -> Call:
    sandbox = the_sandbox()
    return Call(sandbox.state, _body(), base=sandbox.base(), version=API_VERSION)


def _body() -> Json:
    given: Any = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def _done(body: Any) -> Response:
    the_sandbox().deliverer.wake()
    return jsonify(body)


@control.post("/fault")
def plan_fault() -> Response:
    """Plan a fault; the fields are those of `Fault`."""
    the_sandbox().faults.add(Fault(**_body()))
    return _done({"planned": True})


@control.delete("/fault")
def clear_faults() -> Response:
    """Forget planned faults."""
    the_sandbox().faults.clear()
    return _done({"planned": False})


@control.post("/clock")
def move_clock() -> Response:
    """Move the clock: `advance` in seconds."""
    state = the_sandbox().state
    state.set("clock_offset", str(int(state.setting("clock_offset", "0")) + int(_body()["advance"])))
    return _done({"now": state.now})


@control.post("/delivery")
def set_delivery() -> Response:
    """Switch sending on or off (`auto`), and mix its order (`shuffle`)."""
    state = the_sandbox().state
    for name in ("auto", "shuffle"):
        if name in _body():
            state.set(name, "yes" if _body()[name] else "no")
    return _done({name: state.setting(name) for name in ("auto", "shuffle")})


@control.post("/deliver")
def deliver() -> Response:
    """Send one event `copies` times at the same moment; gives the statuses."""
    sandbox = the_sandbox()
    event = sandbox.state.find_any(_body()["event"])
    if event is None:
        raise missing("event", _body()["event"])
    return jsonify({"statuses": sandbox.deliverer.send_copies(event, int(_body().get("copies", 1)))})


@control.get("/delivery")
def count_deliveries() -> Response:
    """How many deliveries wait, and how many were answered."""
    rows = the_sandbox().state.run("SELECT done, count(*) FROM delivery GROUP BY done")
    counts = {int(done): int(count) for done, count in rows}
    return jsonify({"waiting": counts.get(0, 0), "answered": counts.get(1, 0)})


@control.get("/call")
def list_calls() -> Response:
    """The calls that came in, oldest first; `at` in seconds since 1970."""
    rows = the_sandbox().state.run("SELECT method, path, key, status, at FROM call ORDER BY id")
    return jsonify([{"method": r[0], "path": r[1], "key": r[2], "status": r[3], "at": r[4]} for r in rows])


@control.post("/dispute")
def make_dispute() -> Response:
    """The customer of `charge` disputes it, wholly or by `amount`."""
    call = _call()
    with call.state.transaction():
        reason = call.params.get("reason", "fraudulent")
        return _done(open_dispute(call, call.params["charge"], call.params.get("amount"), reason))


@control.post("/dispute/<ident>/<outcome>")
def end_dispute(ident: str, outcome: str) -> Response:
    """The bank decides: `won` or `lost`."""
    call = _call()
    with call.state.transaction():
        return _done(settle_dispute(call, ident, won=outcome == "won"))


@control.post("/refund/<ident>/fail")
def make_refund_fail(ident: str) -> Response:
    """A refund comes back from the customer's bank."""
    call = _call()
    with call.state.transaction():
        return _done(fail_refund(call, ident))


@control.post("/account/<ident>/<standing>")
def change_account(ident: str, standing: str) -> Response:
    """Make an account `active`, `restricted` or `closed`, or have it take our access away (`deauthorized`)."""
    call = _call()
    with call.state.transaction():
        return _done(deauthorize(call, ident) if standing == "deauthorized" else set_standing(call, ident, standing))


@control.post("/account/<ident>/bank/<verb>")
def change_bank_account(ident: str, verb: str) -> Response:
    """The bank account behind an account is `created`, `updated` or `deleted`."""
    call = _call()
    with call.state.transaction():
        return _done(change_bank(call, ident, verb))


@control.post("/bank-payout")
def make_bank_payout() -> Response:
    """Pay `amount` of `account` (the platform's own when left out) to its bank; `at_once` or on its way."""
    call = _call()
    with call.state.transaction():
        amount, currency = int(call.params["amount"]), call.params.get("currency", "usd")
        at_once = bool(call.params.get("at_once", True))
        return _done(pay_out(call, amount, currency, call.params.get("account", ""), at_once=at_once))


@control.post("/bank-payout/<ident>/<outcome>")
def end_bank_payout(ident: str, outcome: str) -> Response:
    """A bank payout of `account` that is on its way is `paid` or `canceled`."""
    call = _call()
    with call.state.transaction():
        do = arrive if outcome == "paid" else cancel
        return _done(do(call, ident, call.params.get("account", "")))


@control.post("/bank-payout/<ident>/fail")
def make_bank_payout_fail(ident: str) -> Response:
    """A bank payout of `account` comes back."""
    call = _call()
    with call.state.transaction():
        return _done(fail_bank_payout(call, ident, call.params.get("account", "")))
