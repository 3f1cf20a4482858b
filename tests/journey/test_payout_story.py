"""Stories of payouts: an actor follows the money to a bank that sends it back, an admin clears the morning queue."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.payout_risk import is_new_bank
from marketplace.models import BankPayout, ConnectAccount, Payout
from tests.journey.backstage import Backstage
from tests.journey.person import Person

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
QUESTION = "Your bank account at Stripe is new. Did you change it yourself?"
ANSWER = "Yes, I moved to another bank last week."
HOLD = "The name at Stripe differs from your profile. Please put it right there."
UNDO_WITHIN = timedelta(minutes=30)


def test_an_actor_follows_the_money(site: str, browser: Browser, backstage: Backstage) -> None:
    payout = backstage.accept_takes(backstage.booking_of("Imani Okafor", "delivered"))
    account = backstage.stripe_account_of("Imani Okafor")
    backstage.stripe(f"account/{account}/bank/created")
    dana = Person.arrive(browser, site).sign_in("admin")
    ask(dana, payout)
    imani = Person.arrive(browser, site, viewport=PHONE).sign_in("actor")
    answer(imani, payout)
    dana.go(f"/admin/payout/{payout}")
    dana.sees(f"Imani answers: {ANSWER}")
    dana.page.keyboard.press("a")
    dana.page.wait_for_url("**/admin/payout/*state=review")
    dana.sees("Approved. The transfer is made now.")
    backstage.until(lambda db: db.get_one(Payout, payout).state == "transferred")
    read_papers(imani, payout)
    fail_at_the_bank(backstage, account)
    imani.go("/actor/earnings")
    imani.sees("$360.00 did not reach your bank. The bank account has been closed.")
    assert imani.button("Update bank account at Stripe").is_visible()
    dana.go(f"/admin/payout/{payout}")
    dana.sees("The bank sent the last payment back.")
    assert dana.faults == imani.faults == []


def ask(dana: Person, payout: int) -> None:
    """The reasons are read, and a question is put with the day on which it is looked at again."""
    dana.waits_for(f"/admin/payout/{payout}", "The payout account was set up or changed on")
    dana.press("Ask the actor")
    dana.sees("Say in a sentence why: the actor reads it.")
    dana.page.get_by_label("Why, in words the actor reads").fill(QUESTION)
    dana.page.get_by_label("Look at it again on").fill(f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}")
    dana.press("Ask the actor")
    dana.sees("Asked, and held until the actor answers.")


def answer(imani: Person, payout: int) -> None:
    """On a phone: earnings say that something is asked, the payout's own page why, until when and what to do."""
    imani.go("/actor/earnings")
    imani.sees("You are asked")
    imani.sees(QUESTION)
    imani.press("Answer")
    assert imani.page.url.endswith(f"/actor/payout/{payout}")
    imani.sees(f"“{QUESTION}”")
    imani.sees("The payout account was set up or changed on")
    day = datetime.now(UTC) + timedelta(days=3)
    assert re.search(rf"Next look\W+{day.day} {day:%b}", imani.words(), re.IGNORECASE), imani.words()
    imani.page.get_by_label("Your answer").fill(ANSWER)
    imani.press("Send the answer")
    imani.sees("It is in review again, and whoever decides reads your words.")


def read_papers(imani: Person, payout: int) -> None:
    """What was sent is told on the payout's page, on Earnings and on the statement, to be kept as CSV and PDF."""
    imani.go(f"/actor/payout/{payout}")
    imani.sees("On its way")
    imani.go("/actor/earnings")
    imani.press("Payout statement")
    imani.sees("$360.00")
    opens(imani, "PDF", "application/pdf", b"%PDF-")
    imani.go("/actor/earnings")
    imani.press("Statement")
    imani.sees("Owed at the end")
    opens(imani, "CSV", "text/csv", b"")
    opens(imani, "PDF", "application/pdf", b"%PDF-")


def opens(person: Person, link: str, content_type: str, beginning: bytes) -> None:
    """A file behind a link of the page comes as what it is."""
    href = person.button(link).get_attribute("href") or ""
    answer = person.page.request.get(f"{person.site}{href}")
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, content_type)
    assert len(answer.body()) > 100
    assert answer.body().startswith(beginning)


def fail_at_the_bank(backstage: Backstage, account: str) -> None:
    """Stripe pays to the actor's bank, which sends it back."""
    sent = backstage.stripe("bank-payout", account=account, amount=36_000)
    backstage.stripe(f"bank-payout/{sent['id']}/fail", account=account)

    def has_failed(db: Session) -> bool:
        return any(row.stripe_payout_id == sent["id"] and row.state == "failed" for row in db.query(BankPayout))

    backstage.until(has_failed)


def test_an_admin_clears_the_morning_queue(site: str, browser: Browser, backstage: Backstage) -> None:
    light, heavy = backstage.payout_of("Jae Haneulmin", "review"), backstage.payout_of("Oliver Penhallock", "review")
    approved = backstage.payout_of("Kityan Leungmore", "review")
    backstage.approve(approved, "Samir Okonjova", UNDO_WITHIN)
    dana = Person.arrive(browser, site).sign_in("admin")
    sort(dana)
    walk_by_keys(dana)
    show_who_it_is(dana, backstage)
    approve_several(dana, backstage, light, heavy)
    dana.go(f"/admin/payout/{heavy}")
    dana.page.get_by_label("Why, in words the actor reads").fill(HOLD)
    dana.page.get_by_label("Why, in words the actor reads").blur()
    dana.page.keyboard.press("h")
    dana.page.get_by_text("On hold. The actor reads your words.").wait_for()
    dana.go(f"/admin/payout/{approved}")
    dana.page.keyboard.press("u")
    dana.page.get_by_text("Taken back. The payout is in review again.").wait_for()
    states = backstage.read(lambda db: [db.get_one(Payout, one).state for one in (heavy, approved)])
    assert states == ["held", "review"]
    assert dana.faults == []


def sort(dana: Person) -> None:
    """The gravest first, or the largest."""
    dana.go("/admin/payout")
    levels = dana.page.locator("main table tbody tr").evaluate_all("rows => rows.map(row => row.innerText)")
    bare = [("None" in text) for text in levels]
    assert bare == sorted(bare), "what nothing speaks against comes last"
    dana.page.get_by_label("Sort").select_option(label="Largest first")
    dana.page.wait_for_url("**order=size*")
    found = dana.page.locator("main table tbody td.amount.bold").all_inner_texts()
    amounts = [float(text.strip("$€").replace(",", "")) for text in found]
    assert len(amounts) > 5
    assert amounts == sorted(amounts, reverse=True)


def walk_by_keys(dana: Person) -> None:
    """J opens the next payout, K the one before."""
    dana.page.keyboard.press("j")
    dana.page.wait_for_url(re.compile(r"/admin/payout/\d+"))
    first = dana.page.url
    dana.page.keyboard.press("j")
    dana.page.wait_for_function("before => location.href !== before", arg=first)
    dana.page.keyboard.press("k")
    dana.page.wait_for_url(first)
    dana.look()


def show_who_it_is(dana: Person, backstage: Backstage) -> None:
    """After a while a decision asks for who it is first, changes nothing, and leads back."""
    page = dana.page.url
    backstage.grow_stale(dana)
    dana.page.reload()
    dana.sees("It is a while since you signed in.")
    dana.page.keyboard.press("a")
    dana.page.wait_for_url("**/verify?**")
    dana.sees("Nothing was changed.")
    dana.look()
    dana.press("Yes, it is Dana")
    assert dana.page.url.partition("?")[0] == page.partition("?")[0]
    assert "It is a while since you signed in." not in dana.words()
    assert dana.button("Approve").is_visible()


def approve_several(dana: Person, backstage: Backstage, light: int, heavy: int) -> None:
    """Of what was ticked together, one has become doubtful meanwhile: it is left, by its name."""
    dana.go("/admin/payout")
    for payout in (light, heavy):
        dana.page.get_by_label(f"Tick po_{payout}", exact=True).check()
    account = backstage.stripe_account_of("Oliver Penhallock")
    backstage.stripe(f"account/{account}/bank/created")
    backstage.until(lambda db: _has_new_bank(db, heavy))
    dana.press("Approve the ticked")
    dana.sees(f"1 approved. 1 left: po_{heavy}: It needs a look of its own: The payout account was set up or changed")
    backstage.until(lambda db: db.get_one(Payout, light).state == "transferred")


def _has_new_bank(db: Session, payout: int) -> bool:
    actor_id = db.get_one(Payout, payout).actor_id
    account = db.scalars(select(ConnectAccount).where(ConnectAccount.actor_id == actor_id)).one()
    return account.bank_changed_at is not None and is_new_bank(account.bank_changed_at, datetime.now(UTC))
