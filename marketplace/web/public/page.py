"""The first page and the pages of plain words: how scores work, fees, cancellation, consent, privacy."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from marketplace.domain.cancellation import Tier
from marketplace.domain.flavour import VOCABULARY
from marketplace.domain.money import Money
from marketplace.services.search import ActorFilter, Sort, search_actors
from marketplace.web import terms
from marketplace.web.guard import public
from marketplace.web.public import blueprint
from marketplace.web.transaction import now, reading

SHOWN = 6


@blueprint.get("/")
@public
def landing() -> ResponseReturnValue:
    """What this is for each of the three, and some of who is here."""
    found = search_actors(reading(), ActorFilter(sort=Sort.SCORE), 1, now(), size=SHOWN)
    return render_template("public/landing.html", found=found, families=VOCABULARY.families, fee_bp=terms.fee_bp())


@blueprint.get("/scores")
@public
def scores() -> ResponseReturnValue:
    """How the social score is made and what it does not say."""
    return render_template("public/scores.html")


@blueprint.get("/fees")
@public
def fees() -> ResponseReturnValue:
    """Who pays what, with an example."""
    price = Money(36_000, terms.currency())
    return render_template("public/fees.html", fee_bp=terms.fee_bp(), price=price, fee=price.share(terms.fee_bp()))


@blueprint.get("/cancellation")
@public
def cancellation() -> ResponseReturnValue:
    """What comes back when a booking is called off."""
    return render_template("public/cancellation.html", tiers=tuple(Tier))


@blueprint.get("/consent")
@public
def consent() -> ResponseReturnValue:
    """Being listed is not consent: what an actor agrees to, and when."""
    return render_template("public/consent.html")


@blueprint.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    """What is kept about whom, and what is never done."""
    return render_template("public/privacy.html")


@blueprint.get("/flavours")
@public
def flavours() -> ResponseReturnValue:
    """The vocabulary: every family, every flavour, and how it is played."""
    families = [(family, VOCABULARY.of_family(family.slug)) for family in VOCABULARY.families]
    return render_template("public/flavours.html", families=families, version=VOCABULARY.version)
