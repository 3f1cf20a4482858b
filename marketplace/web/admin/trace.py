"""Trace anything: one field for any number, id, key, mail or name; one page with the whole way of a booking's money."""

from __future__ import annotations

from typing import Final

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.services.trace import Trace, read_trace
from marketplace.services.trace_find import LONGEST, find_traced
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import choice
from marketplace.web.guard import admin
from marketplace.web.navigation import link_to
from marketplace.web.trace_line import TABS, Line, Tab, lines_of, posting_words
from marketplace.web.transaction import reading
from marketplace.web.whereabouts import picture_of

KNOWN: Final = (
    ("A booking", "12, bk_12, bk_12_ab34"),
    ("A payout, a payment, a refund of ours", "po_12, pay_12, re_12"),
    ("Anything of Stripe’s", "cs_…, pi_…, ch_…, re_…, tr_…, trr_…, du_…, po_…, txn_…, acct_…, evt_…"),
    ("A document", "INV-2026-000012"),
    ("A key of a call to Stripe or of the books", "transfer:bk_12:v1, charge:ch_…"),
    ("A person", "a mail address, or part of the name of an actor or platform"),
)
"""The forms that can be looked for, with examples."""


@blueprint.get("/trace")
@admin
def trace() -> ResponseReturnValue:
    """The field; what it finds is shown at once, or offered to choose from."""
    text = request.args.get("q", "").strip()
    found = find_traced(reading(), text)
    if found.booking_id is not None:
        return redirect(url_for("admin.trace_booking", booking_id=found.booking_id, q=text, what=found.what), 303)
    return render_template("admin/trace/find.html", q=text[:LONGEST], found=found, known=KNOWN)


@blueprint.get("/trace/<int:booking_id>")
@admin
def trace_booking(booking_id: int) -> str:
    """Where each cent of one booking is, and everything that happened to it in order."""
    found = read_trace(reading(), booking_id)
    tab, lines = Tab(choice("only", [*Tab], Tab.ALL)), lines_of(found)
    shown = [line for line in lines if tab in (Tab.ALL, line.tab)]
    return render_template(
        "admin/trace/show.html",
        trace=found,
        booking=found.booking,
        lines=[(line, _href(line)) for line in shown],
        tabs=_tabs(found, lines, tab),
        tab_name=TABS[tab],
        posting_words=posting_words,
        q=request.args.get("q", "")[:LONGEST],
        what=request.args.get("what", "")[:40],
        picture=picture_of(found.whereabouts, found.booking.currency),
    )


def _tabs(found: Trace, lines: list[Line], current: Tab) -> list[tuple[str, str, int, bool]]:
    def count(tab: Tab) -> int:
        return len(lines) if tab == Tab.ALL else sum(line.tab == tab for line in lines)

    def href(tab: Tab) -> str:
        only = None if tab == Tab.ALL else tab
        return url_for("admin.trace_booking", booking_id=found.booking.id, q=request.args.get("q") or None, only=only)

    return [(words, href(tab), count(tab), tab == current) for tab, words in TABS.items()]


_PAGES: Final = {
    "payout": ("admin.payout_detail", "payout_id"),
    "dispute": ("admin.dispute", "booking_id"),
    "refund": ("admin.refund_detail", "refund_id"),
    "command": ("admin.command_detail", "command_id"),
    "event": ("admin.event_detail", "event_id"),
    "document": ("admin.document", "document_id"),
    "mismatch": ("admin.reconciliation", ""),
}
"""The page of each kind of thing, and the argument that takes its id; "" where one page has them all."""


def _href(line: Line) -> str:
    """The page of what a line is about, "" where it has none."""
    if line.about is None or line.about[0] not in _PAGES:
        return ""
    endpoint, argument = _PAGES[line.about[0]]
    values = {argument: str(line.about[1])} if argument else {}
    return link_to(endpoint, **values)
