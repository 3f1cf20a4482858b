"""An actor's earnings: what is held, in review and sent, why something waits, and the payout account at Stripe."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.dispute import POLICY
from marketplace.domain.errors import Refused
from marketplace.domain.payout import State
from marketplace.gateways.payment.base import PaymentError
from marketplace.services import bank_payout, connect
from marketplace.services.document import payout_documents
from marketplace.services.earning import list_statement
from marketplace.services.outbox_run import run_command
from marketplace.services.payout_pace import read_pace
from marketplace.services.payout_read import earnings_of
from marketplace.web import terms
from marketplace.web.actor import blueprint
from marketplace.web.address import public_url
from marketplace.web.document import issue_wanted
from marketplace.web.guard import actor, the_actor
from marketplace.web.media import outside
from marketplace.web.transaction import now, reading, unit_of_work


@blueprint.get("/earnings")
@actor
def earnings() -> ResponseReturnValue:
    """The statement, newest first."""
    who = the_actor()
    issue_wanted(actor_id=who.actor_id)
    db = reading()
    rows = list_statement(db, who.actor_id, now=now())
    return render_template(
        "actor/earnings.html",
        sums=earnings_of(db, who.actor_id, now=now()),
        rows=rows,
        papers=payout_documents(db, who.actor_id, [row.booking_id for row in rows]),
        hold_pace=read_pace(db, State.HELD, now=now()),
        account=connect.payout_account_of(db, who.actor_id),
        bank_payout=bank_payout.last_bank_payout(db, who.actor_id),
        why_failed=bank_payout.why_failed,
        currency=terms.currency(),
        policy=POLICY,
    )


@blueprint.post("/payout-account")
@actor
def open_payout_account() -> ResponseReturnValue:
    """Open the account at Stripe if there is none yet, and lead to Stripe's own onboarding pages."""
    who = the_actor()
    with unit_of_work() as db:
        command_id = connect.open_account(db, actor_id=who.actor_id, now=now())
    try:
        if command_id is not None:
            _make(command_id)
        with unit_of_work() as db:
            account = connect.stripe_account_of(db, who.actor_id)
        if account is None:
            raise Refused("Stripe is opening your account. Try again in a minute. Nothing else was changed.")
        back = url_for("actor.payout_account_back", _external=True)
        link = outside().payment.create_onboarding_link(account, return_url=back, refresh_url=back)
    except (PaymentError, Refused) as error:
        sentence = error.sentence if isinstance(error, Refused) else "Stripe did not answer. Nothing was changed."
        flash(sentence, "warn")
        return redirect(url_for("actor.earnings"), 303)
    return redirect(link.url, 303)


def _make(command_id: int) -> None:
    """Have the account made at once; refuses, in a sentence, where Stripe has refused it."""
    made = run_command(outside().payment, unit_of_work, command_id, base_url=public_url(current_app), clock=now)
    if made in ("refused", "dead"):
        raise Refused("Stripe would not open your account. The marketplace has been told. Nothing else was changed.")


@blueprint.get("/payout-account/back")
@actor
def payout_account_back() -> ResponseReturnValue:
    """Back from Stripe: ask it how the account stands, since coming back says nothing."""
    account = connect.stripe_account_of(reading(), the_actor().actor_id)
    if account is not None:
        try:
            seen = outside().payment.get_account(account)
            with unit_of_work() as db:
                connect.note_account(db, seen, now=now())
        except PaymentError:
            flash("Stripe did not answer. Your account is looked at again in a while.", "warn")
    return redirect(url_for("actor.earnings"), 303)
