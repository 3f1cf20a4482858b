"""Actors: those whose identity is to be checked, all others to look up, suspend and restore."""

from __future__ import annotations

from typing import Final

from flask.typing import ResponseReturnValue

from marketplace.services import account, account_list
from marketplace.web.admin import blueprint
from marketplace.web.admin.standing import Kind, decide, detail_page, list_page
from marketplace.web.guard import admin

ACTOR: Final = Kind(
    about="actor",
    tabs=account_list.ACTOR_TABS,
    count=account_list.count_actors,
    list=account_list.list_actors,
    read=account_list.read_actor,
    approve="verify",
    approved="Identity marked as checked.",
    do_approve=account.verify_actor,
)


@blueprint.get("/actor")
@admin
def actors() -> str:
    """A page of actors."""
    return list_page(ACTOR)


@blueprint.get("/actor/<int:actor_id>")
@admin
def actor_detail(actor_id: int) -> str:
    """One actor with their account, bookings and trail."""
    return detail_page(ACTOR, actor_id)


@blueprint.post("/actor/<int:actor_id>")
@admin
def decide_actor(actor_id: int) -> ResponseReturnValue:
    """Verify, suspend or restore."""
    return decide(ACTOR, actor_id)
