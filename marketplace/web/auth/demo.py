"""One-click sign-in for the demo: the first platform member, actor and admin, for whoever looks around."""

from __future__ import annotations

from typing import Final, cast

from flask import abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import UserMixin, login_user
from sqlalchemy import select

from marketplace.models import Account, Role
from marketplace.web.address import own_path
from marketplace.web.auth import blueprint
from marketplace.web.guard import find_principal, public
from marketplace.web.transaction import reading

ROLES: Final = ("member", "actor", "admin", "second_admin")
HOME: Final = {"member": "public.browse", "actor": "actor.home", "admin": "admin.payouts"}
IS_DEMO = "MARQUEE_DEMO"


@blueprint.get("/home")
@public
def home() -> ResponseReturnValue:
    """Where each kind of person starts after signing in."""
    principal = find_principal()
    endpoint = HOME.get(principal.role, "") if principal else ""
    return redirect(url_for(endpoint) if endpoint in current_app.view_functions else "/", 303)


@blueprint.get("/demo")
@public
def demo() -> ResponseReturnValue:
    """The people of the demo, one button each; the second admin for what two have to decide."""
    only_in_demo()
    people = {role: _first(role) for role in ROLES}
    return render_template("auth/demo.html", people={role: who for role, who in people.items() if who})


@blueprint.post("/demo/<any(member, actor, admin, second_admin):role>")
@public
def demo_sign_in(role: str) -> ResponseReturnValue:
    """Sign in as the first account with that role. Exists in the demo only.

    It counts as having shown who one is, as a password and a code do; where the form says so it leads on to `next`.
    """
    only_in_demo()
    account = _first(role)
    if account is None:
        abort(404)
    login_user(cast(UserMixin, account), authn_via=["demo"])
    reading().commit()
    return redirect(own_path(request.form.get("next", "")) or url_for("auth.home"), 303)


def role_to_show_again() -> str:
    """The one-click role of whoever is signed in, "" outside the demo and for people of one's own."""
    who = find_principal()
    if not current_app.config[IS_DEMO] or who is None:
        return ""
    return next((role for role in ROLES if (found := _first(role)) and found.id == who.account_id), "")


def only_in_demo() -> None:
    """Not found outside the demo."""
    if not current_app.config[IS_DEMO]:
        abort(404)


def _first(role: str) -> Account | None:
    name, place = ("admin", 1) if role == "second_admin" else (role, 0)
    theirs = select(Account).join(Account.roles).where(Role.name == name, Account.active)
    return reading().scalar(theirs.order_by(Account.id).offset(place).limit(1))


@blueprint.app_context_processor
def shown_again() -> dict[str, object]:
    """Let the page that asks for a password offer the one click instead, in the demo."""
    return {"role_to_show_again": role_to_show_again}
