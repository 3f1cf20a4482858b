"""Stories of one booking's life in a real browser: negotiation on a phone, pencils and a challenge, a late cancel."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from tests.journey.person import Person

pytestmark = pytest.mark.browser

PURPOSE = "Episode 9, scene 2: he waits at the door and does not knock."
OTHER_PLATFORM = "arjun@nightcandle.example"
PHONE = {"width": 390, "height": 844}


ASKED = "Nothing is charged until Imani accepts and you pay."
PENCILLED = "A pencil costs nothing."


def choose(person: Person, weekday: str) -> str:
    """Find a time of Imani's on the first such weekday in December; the address of the form for it."""
    person.go("/actor/imani-okafor")
    day = person.page.get_by_role("link", name=re.compile(rf"^{weekday}.* December")).first
    person.go(day.get_attribute("href") or "")
    person.press("Request to book")
    person.page.wait_for_url("**/platform/booking/new?**")
    return person.page.url.removeprefix(person.site)


def request(person: Person, title: str, form: str, *, button: str = "Request to book", says: str = ASKED) -> int:
    """Ask Imani for the time that `form` is about."""
    person.go(form)
    person.page.get_by_label("Title").fill(title)
    person.page.get_by_label("What the takes are for").fill(PURPOSE)
    person.page.get_by_label("Flavour", exact=True).first.select_option(label="Cold fury")
    person.press(button)
    person.sees(says)
    return int(person.page.url.rstrip("/").rpartition("/")[2])


def pay(person: Person, booking: int) -> None:
    """On the hosted page, with a card that works."""
    person.waits_until(f"/platform/booking/{booking}", lambda: person.button(re.compile("^Pay")).count() > 0, "Pay")
    person.press(re.compile("^Pay"))
    person.page.get_by_label("Email").fill("accounts@platform.example")
    person.page.get_by_label("Card number").fill("4242 4242 4242 4242")
    person.page.get_by_role("button", name=re.compile("^Pay")).click()
    person.page.wait_for_url(f"{person.site}/**")
    person.waits_for(f"/platform/booking/{booking}", "Confirmed")


def test_an_actor_answers_an_offer_on_a_phone_with_other_terms(site: str, browser: Browser) -> None:
    mira = Person.arrive(browser, site).sign_in("member")
    booking = request(mira, "The Door", choose(mira, "Fri"))
    imani = Person.arrive(browser, site, viewport=PHONE).sign_in("actor")
    imani.go(f"/actor/booking/{booking}")
    imani.sees("You receive")
    imani.press("Make a counter-offer")
    imani.page.get_by_label("The actor receives").fill("414.00")
    imani.page.get_by_label("Why").fill("For this scene I work with a coach.")
    imani.press("Show what changes")
    imani.sees("$414.00")
    imani.press("Send this counter-offer")
    mira.go(f"/platform/booking/{booking}")
    mira.sees("For this scene I work with a coach.")
    mira.press("Accept these terms")
    pay(mira, booking)
    imani.go(f"/actor/booking/{booking}")
    imani.sees("Confirmed")
    assert mira.faults == imani.faults == []


def test_a_platform_challenges_the_pencil_before_its_own_and_one_of_two_confirms(site: str, browser: Browser) -> None:
    arjun = Person.arrive(browser, site).sign_in_with(OTHER_PLATFORM)
    mira = Person.arrive(browser, site).sign_in("member")
    imani = Person.arrive(browser, site, viewport=PHONE).sign_in("actor")
    form = choose(arjun, "Tue")
    first = request(arjun, "First Pencil", form, button="Ask for a pencil", says=PENCILLED)
    second = request(mira, "Second Pencil", form, button="Ask for a pencil", says=PENCILLED)
    for booking, place in ((first, 1), (second, 2)):
        imani.go(f"/actor/booking/{booking}")
        imani.press(f"Give pencil number {place}")
    mira.go(f"/platform/booking/{second}")
    mira.sees("Your pencil is number 2")
    assert "Nightcandle" not in mira.words()
    mira.press("Challenge the first pencil")
    arjun.go(f"/platform/booking/{first}")
    arjun.sees("A platform behind you asked you to decide")
    arjun.press(re.compile("^Confirm and pay"))
    pay(arjun, first)
    mira.go(f"/platform/booking/{second}")
    mira.sees("A booking holds this time now")
    assert arjun.faults == mira.faults == imani.faults == []


def test_a_late_cancel_says_its_amounts_before_the_click(site: str, browser: Browser) -> None:
    mira = Person.arrive(browser, site).sign_in("member")
    imani = Person.arrive(browser, site).sign_in("actor")
    booking = request(mira, "Called Off", choose(mira, "Wed"))
    imani.go(f"/actor/booking/{booking}")
    imani.press("Accept and hold the time")
    pay(mira, booking)
    mira.press("Cancel this booking")
    back = re.search(r"You get back (\$[\d.]+)", mira.words())
    assert back is not None
    mira.press(f"Cancel and get back {back[1]}")
    mira.waits_until(f"/platform/booking/{booking}", lambda: "Cancelled" in mira.words(), "Cancelled")
    assert mira.faults == imani.faults == []
