"""Who may enter: every route says so, what says nothing lets nobody in and stops the start.

    @blueprint.get("/platform/booking/<int:booking_id>")
    @member
    def show(booking_id: int) -> str: ...

Being let in is not owning a thing: each query names the platform or actor whose thing it looks for, and what is
another's is not found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final, TypeVar

from flask import Flask, current_app, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_security.utils import check_and_update_authn_fresh
from sqlalchemy import select

from marketplace.domain.errors import Forbidden
from marketplace.models import Actor, Member
from marketplace.services.refused_entry import note_knock
from marketplace.web.address import came_from
from marketplace.web.transaction import now, reading, unit_of_work

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
MARK = "marquee_entry"
NEEDS_CODES = "MARQUEE_ADMINS_NEED_CODES"
FRESH_FOR: Final = timedelta(minutes=30)
"""An admin decides for so long after a password, and the code that goes with it, or after showing it again."""
PARTY: Final = {"member": "platform", "actor": "actor"}
LOOKS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Entry(StrEnum):
    """Who may enter a route."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    MEMBER = "member"
    ACTOR = "actor"
    ADMIN = "admin"


# routes of extensions, which cannot carry our mark; any other of theirs stays shut
ENTRY_OF = {
    "asset.show": Entry.PUBLIC,
    "security.login": Entry.PUBLIC,
    "security.logout": Entry.PUBLIC,
    "security.register": Entry.PUBLIC,
    "security.send_confirmation": Entry.PUBLIC,
    "security.confirm_email": Entry.PUBLIC,
    "security.forgot_password": Entry.PUBLIC,
    "security.reset_password": Entry.PUBLIC,
    "security.two_factor_token_validation": Entry.PUBLIC,
    "security.two_factor_rescue": Entry.PUBLIC,
    "security.two_factor_setup": Entry.SIGNED_IN,
    "security.two_factor_setup_validate": Entry.SIGNED_IN,
    "security.mf_recovery": Entry.PUBLIC,
    "security.mf_recovery_codes": Entry.SIGNED_IN,
    "security.change_password": Entry.SIGNED_IN,
    "security.verify": Entry.SIGNED_IN,
}


@dataclass(frozen=True)
class Principal:
    """Whoever is signed in. A member has a platform, an actor an actor's page; `role` is the one that counts."""

    account_id: int
    name: str
    email: str
    role: str
    zone: str
    member_id: int | None = None
    platform_id: int | None = None
    platform_name: str | None = None
    actor_id: int | None = None
    portrait: str | None = None


@dataclass(frozen=True)
class ActingMember:
    """A signed-in member with their platform."""

    account_id: int
    member_id: int
    platform_id: int


@dataclass(frozen=True)
class ActingActor:
    """A signed-in actor."""

    account_id: int
    actor_id: int


def public(view: View) -> View:
    """Anyone may enter."""
    return _mark(view, Entry.PUBLIC)


def signed_in(view: View) -> View:
    """Anyone with an account may enter."""
    return _mark(view, Entry.SIGNED_IN)


def member(view: View) -> View:
    """Members of a platform may enter; the view asks `the_member()` for whom it works."""
    return _mark(view, Entry.MEMBER)


def actor(view: View) -> View:
    """Actors may enter; the view asks `the_actor()` for whom it works."""
    return _mark(view, Entry.ACTOR)


def admin(view: View) -> View:
    """Admins may enter; the view asks `the_principal()` who it is."""
    return _mark(view, Entry.ADMIN)


def _mark(view: View, entry: Entry) -> View:
    setattr(view, MARK, entry)
    return view


def find_principal() -> Principal | None:
    """Whoever is signed in, or None; read once per request."""
    if "principal" not in g:
        g.principal = _load_principal()
    found: Principal | None = g.principal
    return found


def the_principal() -> Principal:
    """Whoever is signed in; refused for nobody."""
    principal = find_principal()
    if principal is None:
        raise Forbidden("Please sign in first. Nothing was changed.")
    return principal


def the_member() -> ActingMember:
    """The member who asks; refused for anyone else."""
    who = the_principal()
    if who.member_id is None or who.platform_id is None:
        raise Forbidden("This is for members of a platform. Nothing was changed.")
    return ActingMember(who.account_id, who.member_id, who.platform_id)


def the_actor() -> ActingActor:
    """The actor who asks; refused for anyone else."""
    who = the_principal()
    if who.actor_id is None:
        raise Forbidden("This is for actors. Nothing was changed.")
    return ActingActor(who.account_id, who.actor_id)


def _load_principal() -> Principal | None:
    if not current_user or not current_user.is_authenticated:
        return None
    account = current_user
    who = Principal(account.id, account.name, account.email, role="none", zone=account.zone)
    if account.has_role("admin"):
        return replace(who, role="admin")
    db = reading()
    if found := db.scalar(select(Member).where(Member.account_id == account.id)):
        of_platform = replace(who, platform_id=found.platform_id, platform_name=found.platform.name)
        return replace(of_platform, role="member", member_id=found.id)
    if row := db.execute(select(Actor.id, Actor.portrait_key).where(Actor.account_id == account.id)).first():
        return replace(who, role="actor", actor_id=row.id, portrait=portrait_url(row.portrait_key))
    return who


def portrait_url(key: str | None) -> str | None:
    """Where a portrait is served, if media are served here and there is one."""
    if key is None or "public.media" not in current_app.view_functions:
        return None
    return url_for("public.media", key=key)


def entry_of(app: Flask, endpoint: str) -> Entry | None:
    """What a route declares; None when it declares nothing."""
    marked: Entry | None = getattr(app.view_functions[endpoint], MARK, None)
    return ENTRY_OF.get(endpoint, marked)


def undeclared(app: Flask) -> list[str]:
    """Our own routes that do not say who may enter (those of extensions are simply shut)."""
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    return sorted(name for name in endpoints if not name.startswith("security.") and entry_of(app, name) is None)


def check_routes(app: Flask) -> None:
    """Refuse to start (RuntimeError) with a route that does not say who may enter; call it when all are there."""
    if missing := undeclared(app):
        raise RuntimeError(f"routes that do not say who may enter: {', '.join(missing)}")


def install(app: Flask) -> None:
    """Shut every door that was not declared open. Call it before anything that reads forms: nobody's file is taken
    in before it is known who sends it."""
    app.before_request(_let_in)
    app.context_processor(lambda: {"principal": find_principal()})
    app.jinja_env.globals.update(portrait=portrait_url, is_fresh=is_fresh)


def _let_in() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None  # no such page: the 404 says so
    entry = entry_of(current_app, request.endpoint)
    if entry is Entry.PUBLIC:
        return None
    if entry is None:
        raise Forbidden("This page is shut. Nothing was changed.")
    principal = find_principal()
    if principal is None:
        back = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("security.login", next=back), 303)
    if entry is not Entry.SIGNED_IN and principal.role != entry.value:
        if entry is Entry.ADMIN:
            _keep_knock(principal)
        raise Forbidden("You are signed in, but this page is for others. Nothing was changed.")
    if entry is Entry.ADMIN and current_app.config[NEEDS_CODES] and not current_user.tf_primary_method:
        flash("Admins sign in with one-time codes as well. Set them up to go on; nothing was changed.", "warn")
        return redirect(url_for("security.two_factor_setup"), 303)
    if entry is Entry.ADMIN and request.method not in LOOKS and not is_fresh():
        flash("It is a while since you signed in, so show once more that it is you. Nothing was changed.", "warn")
        return redirect(url_for("security.verify", next=came_from() or url_for("auth.home")), 303)
    return None


def is_fresh() -> bool:
    """Whether whoever is signed in has lately shown that it is they. No admin decides anything without."""
    fresh: bool = check_and_update_authn_fresh(FRESH_FOR, timedelta(0))
    return fresh


def _keep_knock(who: Principal) -> None:
    with unit_of_work() as db:
        note_knock(
            db,
            account_id=who.account_id,
            party=PARTY.get(who.role, "system"),
            method=request.method,
            path=request.path,
            ip=request.remote_addr,
            now=now(),
        )
