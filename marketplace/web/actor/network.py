"""An actor's networks and score: proving handles, letting them count, and what the score is made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Refused
from marketplace.domain.network import name_of
from marketplace.gateways.network.base import NetworkError
from marketplace.services import actor as actors
from marketplace.services import social_proof
from marketplace.services.score import find_newest_score, network_table, score_history
from marketplace.services.social_proof import Claim
from marketplace.web import chart
from marketplace.web.actor import blueprint
from marketplace.web.guard import actor, the_actor
from marketplace.web.media import NETWORK_STAND_IN, outside
from marketplace.web.transaction import now, reading, unit_of_work

HISTORY: Final = timedelta(days=183)
TO_PROVE: Final = "handles_to_prove"
# in the order that actors name them most; shown are those that can be asked
NETWORKS: Final = ("tiktok", "instagram", "youtube", "x")


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
        claim = _claim(request.form.get("network", ""), request.form.get("handle", ""))
        social_proof.check_claim(reading(), claim)
    except Refused as refusal:
        return _page(422, {getattr(refusal, "field", None) or "handle": refusal.sentence})
    _remember([*_named(), (claim.network, claim.handle)])
    return redirect(url_for("actor.networks", _anchor="handles"), 303)


@blueprint.post("/network/prove")
@actor
def prove_network() -> ResponseReturnValue:
    """Look for the code on the profile. The network is asked outside any transaction."""
    try:
        claim = _claim(request.form.get("network", ""), request.form.get("handle", ""))
        bio = _read_bio(claim)
        with unit_of_work() as db:
            source = outside().networks[claim.network].source
            social_proof.confirm_proof(db, claim, bio=bio, source=source, now=now())
        _forget(claim.network, claim.handle)
        flash(f"{name_of(claim.network)} is proved and counts from now on.", "ok")
    except Refused as refusal:
        flash(refusal.sentence, "warn")
    except NetworkError as error:
        flash(f"The network did not answer ({error.code.replace('_', ' ')}). Nothing was changed. Try again.", "warn")
    return redirect(url_for("actor.networks", _anchor="handles"), 303)


@blueprint.post("/network/forget")
@actor
def forget_network() -> ResponseReturnValue:
    """Leave a handle that is not proved."""
    _forget(request.form.get("network", ""), request.form.get("handle", ""))
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
        social_proof.disconnect(db, actor_id=the_actor().actor_id, social_account_id=account_id)
    flash("Disconnected. Its part of the score is gone.", "ok")
    return redirect(url_for("actor.networks", _anchor="handles"), 303)


def _offered() -> dict[str, str]:
    """The networks that can be asked here, and so proved, by their names."""
    return {network: name_of(network) for network in NETWORKS if network in outside().networks}


def _claim(network: str, handle: str) -> Claim:
    secret = current_app.config["SECRET_KEY"]
    actor_id = the_actor().actor_id
    return social_proof.make_claim(
        secret=secret, actor_id=actor_id, network=network, handle=handle, networks=_offered().keys()
    )


def _named() -> list[tuple[str, str]]:
    """The handles that this actor has named in this browser and not proved yet; nothing of them is stored here."""
    kept = session.get(TO_PROVE, {})
    is_theirs = kept.get("actor") == the_actor().actor_id
    return [(network, handle) for network, handle in kept.get("handles", [])] if is_theirs else []


def _remember(pairs: Iterable[tuple[str, str]]) -> None:
    chosen = list(dict.fromkeys(pairs))[-social_proof.MOST_ACCOUNTS :]
    session[TO_PROVE] = {"actor": the_actor().actor_id, "handles": chosen}


def _forget(network: str, handle: str) -> None:
    _remember(pair for pair in _named() if pair != (network, handle))


def _read_bio(claim: Claim) -> str:
    found = outside().networks[claim.network].find_accounts([claim.handle])[claim.handle]
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
        claims=[_claim(network, handle) for network, handle in _named() if network in _offered()],
        offered=_offered(),
        name_of=name_of,
        errors=errors or {},
        typed=request.form,
        stand_in=current_app.config[NETWORK_STAND_IN],
    )
    return page, status
