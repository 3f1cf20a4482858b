"""What is mailed: a switch for every topic, and the link in each mail that turns one off without signing in."""

from __future__ import annotations

from typing import Any, Final

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.services.notice_switch import WORDS, Topic, list_switches, read_token, set_switch, switch_off
from marketplace.web.auth import blueprint
from marketplace.web.guard import public, signed_in, the_principal
from marketplace.web.transaction import reading, unit_of_work

SECRET: Final = "MARQUEE_SWITCH_SECRET"


@blueprint.get("/notice/switch")
@signed_in
def notice_switches() -> ResponseReturnValue:
    """Every topic this person hears about, and whether it is mailed."""
    who = the_principal()
    return render_template(
        "auth/notice_switch.html", switches=list_switches(reading(), account_id=who.account_id, role=who.role)
    )


@blueprint.post("/notice/switch")
@signed_in
def set_notice_switches() -> ResponseReturnValue:
    """Mail the topics that are ticked, and no others."""
    who, ticked = the_principal(), set(request.form.getlist("topic"))
    with unit_of_work() as db:
        for switch in list_switches(db, account_id=who.account_id, role=who.role):
            if (switch.topic in ticked) != switch.by_mail:
                set_switch(db, account_id=who.account_id, topic=switch.topic, by_mail=not switch.by_mail)
    flash("Saved. What is not mailed is still told here.", "ok")
    return redirect(url_for("auth.notice_switches"), 303)


@blueprint.get("/notice/stop/<token>")
@public
def ask_to_stop(token: str) -> ResponseReturnValue:
    """The button that stops a topic's mails: programs that look at links before people do change nothing."""
    _, topic = _read(token)
    return render_template("auth/notice_stop.html", topic=WORDS[topic][0].lower(), token=token, is_done=False)


@blueprint.post("/notice/stop/<token>")
@public
def stop_notices(token: str) -> ResponseReturnValue:
    """Stop a topic's mails: from the page's button, or from a mail program's own (RFC 8058), signed in or not."""
    account_id, topic = _read(token)
    with unit_of_work() as db:
        switch_off(db, account_id=account_id, topic=topic)
    return render_template("auth/notice_stop.html", topic=WORDS[topic][0].lower(), token=token, is_done=True)


def _read(token: str) -> tuple[int, Topic]:
    return read_token(current_app.config[SECRET], token)


@blueprint.record_once
def take_it_from_mail_programs(state: Any) -> None:
    """The signature in the address stands in for our form's token, which a mail program does not have."""
    state.app.extensions["csrf"].exempt(stop_notices)
