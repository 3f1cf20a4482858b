"""The way to an actor's own pages at Stripe, where they put their bank account in order."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from marketplace.gateways.payment.base import PaymentError, PaymentRefused
from marketplace.services import connect
from marketplace.web.actor import blueprint
from marketplace.web.guard import actor, the_actor
from marketplace.web.media import outside
from marketplace.web.transaction import reading


@blueprint.post("/payout-account/bank")
@actor
def open_bank_pages() -> ResponseReturnValue:
    """Lead to Stripe's pages of the account; to its onboarding where those cannot be opened."""
    account_id = connect.stripe_account_of(reading(), the_actor().actor_id)
    if account_id is None:
        flash("You have no payout account yet. Nothing was changed.", "warn")
        return redirect(url_for("actor.earnings"), 303)
    try:
        return redirect(_address(account_id), 303)
    except PaymentError:
        flash("Stripe did not answer. Try again in a minute. Nothing was changed.", "warn")
        return redirect(url_for("actor.earnings"), 303)


def _address(account_id: str) -> str:
    stripe = outside().payment
    try:
        return stripe.create_dashboard_link(account_id)
    except PaymentRefused:
        back = url_for("actor.payout_account_back", _external=True)
        return stripe.create_onboarding_link(account_id, return_url=back, refresh_url=back).url
