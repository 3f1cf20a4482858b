"""Hosted pages: checkout with a card field, the bank's question, and onboarding of a connected account."""

import re

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from marketplace.sandbox.stripe import account, checkout
from marketplace.sandbox.stripe.api import the_sandbox
from marketplace.sandbox.stripe.call import Call
from marketplace.sandbox.stripe.state import Json

page = Blueprint("page", __name__, template_folder="template")
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
API_VERSION = "2026-10-28.endive"
TRY_THESE = [
    ("4242 4242 4242 4242", "pays"),
    ("4000 0025 0000 3155", "the bank asks first"),
    ("4000 0000 0000 0002", "declined"),
    ("4000 0000 0000 9995", "declined: too little on the account"),
    ("4000 0000 0000 0077", "pays, and the money is available at once"),
    ("4000 0000 0000 0341", "can be saved, is declined when charged later"),
]


def _call() -> Call:
    sandbox = the_sandbox()
    return Call(sandbox.state, base=sandbox.base(), version=API_VERSION)


@page.app_template_filter("amount")
def show_amount(minor: int, currency: str) -> str:
    """An amount for people; the stand-in only knows currencies of two decimals, and yen."""
    return f"{minor} {currency.upper()}" if currency == "jpy" else f"{minor / 100:.2f} {currency.upper()}"


def _checkout_page(session: Json, *, problem: str | None = None, bank: str | None = None, email: str = "") -> str:
    email = email or session["customer_email"] or ""
    return render_template("checkout.html", session=session, problem=problem, bank=bank, email=email, cards=TRY_THESE)


@page.get("/c/pay/<ident>")
def show_checkout(ident: str) -> str | tuple[str, int]:
    """The page where the customer pays or saves a card."""
    call = _call()
    with call.state.transaction():
        session = checkout.current(call, ident)
    if session["status"] != "open":
        return render_template("over.html", session=session), 410
    return _checkout_page(session)


@page.post("/c/pay/<ident>")
def submit_checkout(ident: str) -> AnyResponse | str | tuple[str, int]:
    """Try the card; the bank's question comes on a page of its own."""
    call = _call()
    number = "".join(filter(str.isdigit, request.form.get("number", "")))
    answer = request.form.get("bank")
    confirmed = None if answer is None else answer == "confirm"
    with call.state.transaction():
        session = checkout.current(call, ident)
        if session["status"] != "open":
            return render_template("over.html", session=session), 410
        email = request.form.get("email", "") or session["customer_email"] or ""
        if not ADDRESS.fullmatch(email.strip()):
            return _checkout_page(session, problem="Enter your email address: the receipt goes there."), 402
        outcome = checkout.pay(call, session, number, email, confirmed=confirmed)
    the_sandbox().deliverer.wake()
    if outcome is None:
        return redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", ident), code=303)
    if outcome == "bank":
        return _checkout_page(session, bank=number, email=email)
    return _checkout_page(session, problem=outcome, email=email), 402


@page.get("/setup/e/<ident>/<token>")
def show_onboarding(ident: str, token: str) -> AnyResponse | str:
    """The page where an actor would give Stripe their data: it asks for nothing real."""
    call = _call()
    link = call.get("account_link", token)
    if link["used"] or link["expires"] < call.now:
        return redirect(link["refresh_url"], code=303)
    return render_template("onboarding.html", account=call.get("v2.core.account", ident))


@page.post("/setup/e/<ident>/<token>")
def submit_onboarding(ident: str, token: str) -> AnyResponse:
    """Complete onboarding, or leave it for later; the link works once."""
    call = _call()
    with call.state.transaction():
        link = call.get("account_link", token)
        if link["used"] or link["expires"] < call.now:
            return redirect(link["refresh_url"], code=303)
        link["used"] = True
        call.state.save(link)
        if request.form.get("do") == "complete":
            account.set_standing(call, ident, "active")
    the_sandbox().deliverer.wake()
    return redirect(link["return_url"] or link["refresh_url"], code=303)
