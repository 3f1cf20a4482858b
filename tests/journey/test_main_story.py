"""The main story, in a real browser, by all three people: found, asked, paid, captured, accepted, paid out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journey.person import Person
from tests.video import a_video

pytestmark = pytest.mark.browser

PURPOSE = "Episode 3, scene 4: she finds the letter and does not raise her voice."


def test_a_platform_books_an_actor_who_is_paid(site: str, browser: Browser, tmp_path: Path) -> None:
    mira = Person.arrive(browser, site).sign_in("member")
    booking = ask(mira)
    imani = Person.arrive(browser, site, viewport={"width": 390, "height": 844}).sign_in("actor")
    accept_and_sign(imani, booking)
    pay(mira, booking)
    mira.waits_for(f"/platform/booking/{booking}", "Confirmed")
    mira.press("Start the session now")
    mira.press("Start the session")
    deliver(imani, booking, tmp_path)
    accept_takes(mira, booking)
    dana = Person.arrive(browser, site).sign_in("admin")
    approve(dana, booking)
    imani.waits_for("/actor/earnings", "The Letter")
    imani.waits_until("/actor/earnings", lambda: is_on_its_way(imani), "The Letter ... On its way, arrives by")
    for person in (mira, imani, dana):
        assert person.faults == []


def ask(mira: Person) -> int:
    """Find Imani by flavour and score, choose a day and a time, say what for."""
    mira.go("/actor?flavour=cold-fury&score=50&sort=score")
    mira.press("Imani Okafor")
    day = mira.page.get_by_role("link", name=re.compile(r"^Thu.* December")).first
    mira.go(day.get_attribute("href") or "")
    mira.press("Request to book")
    mira.page.locator("main form").first.evaluate("form => form.noValidate = true")
    mira.press("Request to book")
    mira.sees("Name the title the takes are for")
    mira.page.get_by_label("Title").fill("The Letter")
    mira.page.get_by_label("What the takes are for").fill(PURPOSE)
    mira.page.get_by_label("Flavour", exact=True).first.select_option(label="Cold fury")
    mira.press("Request to book")
    mira.sees("Nothing is charged until Imani accepts and you pay.")
    return int(mira.page.url.rstrip("/").rpartition("/")[2])


def accept_and_sign(imani: Person, booking: int) -> None:
    """Answer on a phone and sign the consent, which is a step of its own."""
    imani.go("/actor/booking")
    imani.go(f"/actor/booking/{booking}")
    imani.sees(PURPOSE)
    imani.press("Accept and hold the time")
    imani.page.get_by_label("Your full name").fill("Imani Okafor")
    imani.press("Sign")


def pay(mira: Person, booking: int) -> None:
    """By card on the hosted page, first with one that is declined."""
    mira.waits_until(f"/platform/booking/{booking}", lambda: mira.button(re.compile("^Pay")).count() > 0, "Pay")
    mira.press(re.compile("^Pay"))
    page = mira.page
    page.get_by_label("Email").fill("mira@reelforge.example")
    page.get_by_label("Card number").fill("4000 0000 0000 0002")
    page.get_by_role("button", name=re.compile("^Pay")).click()
    page.get_by_label("Card number").fill("4242 4242 4242 4242")
    page.get_by_role("button", name=re.compile("^Pay")).click()
    page.wait_for_url(f"{mira.site}/**")
    mira.look()


def deliver(imani: Person, booking: int, folder: Path) -> None:
    """Upload a take and hand it over."""
    take = folder / "take-1.mp4"
    take.write_bytes(a_video(4.0))
    imani.go(f"/actor/session/{booking}")
    imani.page.set_input_files("input[type=file]", take)
    with imani.page.expect_navigation():  # the script sends the file, then opens the page anew
        imani.button("Send take").click()
    imani.look()
    imani.waits_until(f"/actor/session/{booking}", lambda: imani.button("Deliver takes").count() > 0, "Deliver takes")
    imani.press("Deliver takes")


def accept_takes(mira: Person, booking: int) -> None:
    """Watch, select and accept."""
    mira.go(f"/platform/booking/{booking}/session")
    mira.press("Select this take")
    mira.press("Accept 1 take")
    mira.press("Accept and start the payout")
    mira.sees("Completed")


def approve(dana: Person, booking: int) -> None:
    """Find the payout in the queue and approve it."""
    dana.go("/admin/payout")
    search = dana.page.get_by_role("searchbox", name="Search payouts")
    search.fill("The Letter")
    search.press("Enter")
    dana.page.wait_for_url("**q=The+Letter*")
    dana.press("Imani Okafor")
    dana.sees("$360.00")
    dana.page.locator('main button[name="step"][value="approve"]').click()
    dana.page.wait_for_load_state()
    dana.look()


def is_on_its_way(imani: Person) -> bool:
    """Whether the statement says that this booking's money was transferred and when the bank has it."""
    return re.search(r"The Letter (Payout statement )?On its way Arrives by", imani.words()) is not None
