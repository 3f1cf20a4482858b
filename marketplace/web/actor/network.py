"""An actor's networks and score: proving handles, letting them count, and what the score is made of."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Refused
from marketplace.gateways.network.base import NetworkError
from marketplace.services import actor as actors
from marketplace.services import social_proof
from marketplace.services.score import find_newest_score, network_table, score_history
from marketplace.services.social_proof import NETWORKS
from marketplace.web import chart
from marketplace.web.actor import blueprint
from marketplace.web.guard import actor, the_actor
from marketplace.web.media import NETWORK_STAND_IN, outside
from marketplace.web.transaction import now, reading, unit_of_work

HISTORY = timedelta(days=183)


@blueprint.get("/network")
@actor
def networks() -> ResponseReturnValue:
    """The score with its history and parts, and the handles it comes from."""
    return _page(200)


@blueprint.post("/network")
@actor
def connect_network() -> ResponseReturnValue:
    """Name a handle; the page then shows the code that proves it."""
    try:
        with unit_of_work() as db:
            social_proof.begin_proof(
                db,
                actor_id=the_actor().actor_id,
                network=request.form.get("network", ""),
                handle=request.form.get("handle", ""),
                now=now(),
            )
    except Refused as refusal:
        return _page(422, {getattr(refusal, "field", None) or "handle": refusal.sentence})
    return redirect(url_for("actor.networks", _anchor="handles"), 303)


@blueprint.post("/network/<int:account_id>/check")
@actor
def check_network(account_id: int) -> ResponseReturnValue:
    """Look for the code on the profile. The network is asked outside any transaction."""
    who = the_actor()
    row = social_proof.get_account(reading(), actor_id=who.actor_id, social_account_id=account_id)
    try:
        bio = _read_bio(row.network, row.handle)
        with unit_of_work() as db:
            social_proof.confirm_proof(db, actor_id=who.actor_id, social_account_id=account_id, bio=bio, now=now())
        flash(f"{NETWORKS.get(row.network, row.network)} is proved and counts from now on.", "ok")
    except Refused as refusal:
        flash(refusal.sentence, "warn")
    except NetworkError as error:
        flash(f"The network did not answer ({error.code.replace('_', ' ')}). Nothing was changed. Try again.", "warn")
    return redirect(url_for("actor.networks", _anchor="handles"), 303)


@blueprint.post("/network/<int:account_id>/count")
@actor
def count_network(account_id: int) -> ResponseReturnValue:
    """Let a proved handle count, or no longer."""
    is_in = request.form.get("is_in") == "1"
    with unit_of_work() as db:
        actor_id = the_actor().actor_id
        social_proof.set_opt_in(db, actor_id=actor_id, social_account_id=account_id, is_in=is_in, now=now())
    flash("It counts from now on." if is_in else "It no longer counts. Your score follows in a moment.", "ok")
    return redirect(url_for("actor.networks", _anchor="handles"), 303)


@blueprint.post("/network/<int:account_id>/disconnect")
@actor
def disconnect_network(account_id: int) -> ResponseReturnValue:
    """Take a handle away."""
    with unit_of_work() as db:
        social_proof.disconnect(db, actor_id=the_actor().actor_id, social_account_id=account_id, now=now())
    flash("Disconnected. Its part of the score is gone.", "ok")
    return redirect(url_for("actor.networks", _anchor="handles"), 303)


def _read_bio(network: str, handle: str) -> str:
    gateway = outside().networks.get(network)
    if gateway is None:
        raise Refused("This network cannot be asked here. Nothing was changed.", code="no_gateway")
    found = gateway.find_accounts([handle])[handle]
    if isinstance(found, NetworkError):
        raise found
    return found.bio or ""


def _page(status: int, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    db, who = reading(), the_actor()
    points = score_history(db, actor_id=who.actor_id, since=now() - HISTORY)
    by_day = {point.at.date(): point for point in points}
    rows = network_table(db, actor_id=who.actor_id, now=now())
    page = render_template(
        "actor/network.html",
        me=actors.get_actor(db, who.actor_id),
        score=find_newest_score(db, actor_id=who.actor_id),
        history=chart.score_history([chart.Reading(on, one.points, one.low, one.high) for on, one in by_day.items()]),
        points=points,
        rows=rows,
        parts=chart.stack([row["share"] for row in rows]),
        accounts=social_proof.list_accounts(db, who.actor_id),
        names=NETWORKS,
        errors=errors or {},
        typed=request.form,
        stand_in=current_app.config[NETWORK_STAND_IN],
    )
    return page, status
