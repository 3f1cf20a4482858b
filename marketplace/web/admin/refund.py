"""Refunds: those that wait on top, all of them, one with its story, and a new one whose meaning is shown first."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid, Refused
from marketplace.domain.money import Money
from marketplace.domain.refund import Burden
from marketplace.services import refund, refund_back, refund_by_hand, refund_list, take_back
from marketplace.services.refund_by_hand import Basis
from marketplace.web import typed
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import choice, decider, decision, keeping_tries, page_number, words_of
from marketplace.web.error import error_page
from marketplace.web.guard import admin
from marketplace.web.transaction import now, reading, unit_of_work

STEPS: Final = frozenset({"retry", "drop", "again", "repaid"})
PARTS: Final = ("free", "fee", "unsent", "sent")
SAID: Final = {
    "retry": "Stripe is asked again.",
    "drop": "Dropped. Nothing is owed on this booking any more.",
    "again": "The refund is made once more.",
    "repaid": "Noted as repaid by bank.",
}


@blueprint.get("/refund")
@admin
def refunds() -> str:
    """What waits, longest first, then every refund there is."""
    return _page()


@blueprint.get("/refund/<int:refund_id>")
@admin
def refund_detail(refund_id: int) -> str:
    """One refund with its story."""
    return render_template("admin/refund/show.html", story=refund_list.read_story(reading(), refund_id), errors={})


@blueprint.post("/refund/<int:refund_id>")
@admin
def decide_refund(refund_id: int) -> ResponseReturnValue:
    """Try it again at Stripe, drop it with words, make one that came back again, or note that it was repaid."""
    asked = request.form.get("step", "")
    if asked not in STEPS:
        return error_page(400, "There is no such decision. Nothing was changed.")
    try:
        _decide(asked, refund_id)
    except Invalid as refusal:
        return _page(errors={f"words-{refund_id}": refusal.sentence}), refusal.status
    flash(SAID[asked], "ok")
    return redirect(url_for("admin.refunds"), 303)


def _decide(asked: str, refund_id: int) -> None:
    with unit_of_work() as db:
        if asked == "retry":
            refund.retry_refund(db, refund_id=refund_id, by=decider(), now=now())
        elif asked == "again":
            refund_back.make_again(db, refund_id=refund_id, by=decider(), now=now())
        elif asked == "repaid":
            refund_back.note_repaid(db, refund_id=refund_id, by=decider(), words=words_of(), now=now())
        else:
            refund.drop_refund(db, refund_id=refund_id, by=decider(), words=words_of(), now=now())


@blueprint.post("/refund/returned/<int:payout_id>")
@admin
def send_returned(payout_id: int) -> ResponseReturnValue:
    """Have what came back from an actor reviewed, to be sent to them again."""
    try:
        with keeping_tries("payout", payout_id), unit_of_work() as db:
            opened = take_back.reopen_payout(db, payout_id=payout_id, by=decision(words_of()), now=now())
    except Invalid as refusal:
        return _page(errors={f"returned-{payout_id}": refusal.sentence}), refusal.status
    flash("It waits for review again." if opened else "Nothing of it is the actor’s any more.", "ok")
    return redirect(url_for("admin.payout_detail", payout_id=payout_id), 303)


def _page(errors: dict[str, str] | None = None) -> str:
    tab, page = choice("state", refund_list.TABS, "all"), page_number()
    booking_id = typed.whole_number(request.args.get("booking", ""))
    rows, more = refund_list.list_refunds(reading(), states=refund_list.TABS[tab], booking_id=booking_id, page=page)
    waiting = refund_list.list_waiting(reading())
    returned = refund_list.list_returned(reading())
    facts: dict[str, Any] = {
        "waiting": waiting, "returned": returned, "rows": rows, "more": more, "page": page, "tab": tab,
        "booking_id": booking_id, "errors": errors or {}, "words": words_of(),
    }  # fmt: skip
    return render_template("admin/refund/list.html", **facts)


# by hand -----------------------------------------------------------------------------------------


@blueprint.get("/refund/new")
@admin
def new_refund() -> ResponseReturnValue:
    """The form for a booking's refund."""
    booking_id = typed.whole_number(request.args.get("booking", ""))
    if booking_id is None:
        return error_page(404, "Say which booking it is about.")
    return _form(refund_by_hand.read_basis(reading(), booking_id))


@blueprint.post("/refund/new")
@admin
def give_back() -> ResponseReturnValue:
    """Show what an amount means; give it back once exactly that has been shown."""
    booking_id = typed.whole_number(request.form.get("booking", ""))
    basis = refund_by_hand.read_basis(reading(), booking_id or 0)
    try:
        amount = Money.parse(request.form.get("amount", ""), basis.left.currency)
        burden = refund_by_hand.preview_refund(reading(), basis, amount)
    except Refused as refusal:
        return _form(basis, errors={"amount": refusal.sentence}), 422
    shown = _shown(amount.currency)
    if request.form.get("step") != "give" or shown != burden:
        return _form(basis, burden)
    try:
        with keeping_tries("booking", basis.booking.id), unit_of_work() as db:
            made = refund_by_hand.refund_by_hand(
                db, booking_id=basis.booking.id, amount=amount, shown=shown, by=decider(), words=words_of(), now=now()
            )
    except Invalid as refusal:
        return _form(basis, burden, {"words": refusal.sentence}), refusal.status
    flash(f"{amount} go back to the platform, which reads your words.", "ok")
    return redirect(url_for("admin.refund_detail", refund_id=made), 303)


def _shown(currency: str) -> Burden | None:
    """What the page before showed, part by part; None where it showed nothing."""
    minors = [typed.whole_number(request.form.get(f"shown_{part}", "")) for part in PARTS]
    if any(minor is None for minor in minors):
        return None
    return Burden(*(Money(minor or 0, currency) for minor in minors))


def _form(basis: Basis, burden: Burden | None = None, errors: dict[str, str] | None = None) -> str:
    facts: dict[str, Any] = {
        "basis": basis, "burden": burden, "errors": errors or {}, "amount": request.form.get("amount", "").strip(),
        "words": words_of(), "parts": PARTS,
    }  # fmt: skip
    return render_template("admin/refund/new.html", **facts)
