"""The list of somebody's bookings under tabs; the same for both sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import render_template, request, url_for

from marketplace.domain.booking import Party
from marketplace.services.booking_page import BookingList, Tab
from marketplace.web import typed

TAB_WORDS: Final = {
    Tab.ALL: "All",
    Tab.TO_DO: "For you to do",
    Tab.WAITING: "Waiting",
    Tab.UPCOMING: "Paid and coming",
    Tab.DONE: "Completed",
    Tab.ENDED: "Called off",
}


def list_page(party: Party, read: Callable[[Tab, int], BookingList]) -> str:
    """The page and the tab that the address asks for; `read` finds what is on it."""
    asked = request.args.get("tab", "")
    tab = Tab(asked) if asked in set(Tab) else Tab.ALL
    found = read(tab, typed.page_number(request.args.get("page", "")))
    tabs = [
        (words, url_for(f"{party}.bookings", tab=one), found.counts[one], one == tab)
        for one, words in TAB_WORDS.items()
    ]
    return render_template(f"{party}/booking/list.html", found=found, tabs=tabs)
