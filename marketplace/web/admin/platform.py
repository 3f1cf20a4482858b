"""Platforms: the new ones to vet, all others to look up, suspend and restore."""

from __future__ import annotations

from typing import Final

from flask.typing import ResponseReturnValue

from marketplace.services import account, account_list
from marketplace.web.admin import blueprint
from marketplace.web.admin.standing import Kind, decide, detail_page, list_page
from marketplace.web.guard import admin

PLATFORM: Final = Kind(
    about="platform",
    tabs=account_list.PLATFORM_TABS,
    count=account_list.count_platforms,
    list=account_list.list_platforms,
    read=account_list.read_platform,
    approve="vet",
    approved="Vetted.",
    do_approve=account.vet_platform,
)


@blueprint.get("/platform")
@admin
def platforms() -> str:
    """A page of platforms."""
    return list_page(PLATFORM)


@blueprint.get("/platform/<int:platform_id>")
@admin
def platform_detail(platform_id: int) -> str:
    """One platform with its members, bookings and trail."""
    return detail_page(PLATFORM, platform_id)


@blueprint.post("/platform/<int:platform_id>")
@admin
def decide_platform(platform_id: int) -> ResponseReturnValue:
    """Vet, suspend or restore."""
    return decide(PLATFORM, platform_id)
