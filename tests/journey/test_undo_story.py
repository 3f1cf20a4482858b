"""Stories of money that goes back: a no-show that an admin decides, and a bank that takes a payment back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, FilePayload
from sqlalchemy import select

from marketplace.models import Dispute, Payout, Refund
from tests.journey.backstage import Backstage
from tests.journey.person import Person

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
WAS_THERE = "I was in the call for half an hour; the link led to another room."
DECISION = "The link was wrong for part of the time. Both sides bear a share of the lost session."
EVIDENCE = "The platform took part in the session, accepted the takes and uses them in its episodes."
PICTURE = b"\x89PNG\r\n\x1a\n" + b"the takes as they were accepted"


def test_an_admin_settles_a_no_show_dispute(site: str, browser: Browser, backstage: Backstage) -> None:
    booking = backstage.booking_of("Bautista Ferreyrol", "no_show_claimed")
    bautista = Person.arrive(browser, site, viewport=PHONE).sign_in_with(backstage.email_of("Bautista Ferreyrol"))
    contest(bautista, booking)
    can_be_paid(bautista)
    dana = Person.arrive(browser, site).sign_in("admin")
    settle(dana, booking)
    backstage.until(lambda db: db.scalar(select(Refund.state).where(Refund.booking_id == booking)) == "succeeded")
    payout = backstage.payout_of("Bautista Ferreyrol", "review")
    dana.waits_until(f"/admin/payout/{payout}", lambda: dana.button("Approve").count() > 0, "Approve")
    dana.sees("$270.00")
    dana.press("Approve")
    backstage.until(lambda db: db.get_one(Payout, payout).state == "transferred")
    dana.go(f"/admin/trace/{booking}")
    for words in ("Sent to the actor 55.56% $270.00", "Refunded to the platform 40% $194.40", "Charged $486.00"):
        dana.sees(words)
    mei = Person.arrive(browser, site).sign_in_with(backstage.email_of("Mei Rahmansia"))
    mei.go(f"/platform/booking/{booking}")
    mei.sees(DECISION)
    bautista.go(f"/actor/booking/{booking}")
    bautista.sees(DECISION)
    bautista.go("/actor/earnings")
    bautista.sees("$270.00")
    assert backstage.broken_rules() == []
    assert bautista.faults == dana.faults == mei.faults == []


def contest(bautista: Person, booking: int) -> None:
    """The actor says on a phone that it was otherwise."""
    bautista.go(f"/actor/booking/{booking}")
    bautista.sees("Tallscreen reports that you were not there.")
    bautista.page.get_by_label("What happened").fill(WAS_THERE)
    bautista.press("Contest the report")
    bautista.sees(WAS_THERE)


def can_be_paid(bautista: Person) -> None:
    """Through Stripe's own pages and back."""
    bautista.go("/actor/earnings")
    bautista.button("Set up payouts at Stripe").click()
    bautista.page.get_by_role("button", name="Agree and submit").click()
    bautista.page.wait_for_url("**/actor/earnings")
    bautista.sees("Update bank account at Stripe")


def settle(dana: Person, booking: int) -> None:
    """Both statements are read and the amounts seen before anything is decided."""
    dana.go("/admin/dispute")
    dana.page.locator(f'main a[href$="/admin/dispute/{booking}"]').click()
    dana.sees("We were in the call from the first minute and nobody joined.")
    dana.sees(WAS_THERE)
    dana.sees("No take was sent.")
    dana.look()
    dana.page.get_by_label("Back to the platform, in percent").fill("40")
    dana.page.get_by_label("Why, in words both sides read").fill(DECISION)
    dana.press("Show amounts")
    for words in ("Back to Tallscreen $194.40", "To Bautista Ferreyrol $270.00", "Marketplace fee kept $21.60"):
        dana.sees(words)
    dana.press("Settle by these amounts")
    dana.sees("Settled. Both sides read your words.")


def test_a_bank_takes_a_payment_back_after_its_payout(site: str, browser: Browser, backstage: Backstage) -> None:
    charge = backstage.charge_of(backstage.paid_booking_of("Ximena Orduñez"))
    at_stripe = backstage.stripe("dispute", charge=charge, amount=42_120, reason="product_not_received")["id"]
    dispute = backstage.until(lambda db: db.scalar(select(Dispute.id).where(Dispute.stripe_dispute_id == at_stripe)))
    dana = Person.arrive(browser, site).sign_in("admin")
    dana.go("/notice")
    dana.sees("A payment is disputed")
    defend(dana, dispute)
    dana.waits_for(f"/admin/chargeback/{dispute}", "The bank has it")
    sent = backstage.http.get(
        f"{backstage.settings.stripe_base}/v1/disputes/{at_stripe}",
        headers={"Authorization": f"Bearer {backstage.settings.stripe_key}"}, timeout=10,
    ).json()  # fmt: skip
    assert sent["status"] == "under_review"
    assert sent["evidence"]["uncategorized_text"] == EVIDENCE
    assert sent["evidence"]["service_documentation"].startswith("file_")
    backstage.stripe(f"dispute/{at_stripe}/lost")
    backstage.until(lambda db: db.get_one(Dispute, dispute).state == "lost")
    dana.go(f"/admin/chargeback/{dispute}")
    dana.sees("Who lost it")
    ximena = Person.arrive(browser, site, viewport=PHONE).sign_in_with(backstage.email_of("Ximena Orduñez"))
    ximena.go("/actor/earnings")
    ximena.sees("$390.00 is taken off your next payouts.")
    pay_the_next(dana, ximena, backstage)
    assert backstage.broken_rules() == []
    assert dana.faults == ximena.faults == []


def defend(dana: Person, dispute: int) -> None:
    """The evidence is proposed, written anew, has a file beside it, and goes to the bank."""
    dana.go("/admin/dispute")
    dana.page.locator(f'main a[href$="/admin/chargeback/{dispute}"]').click()
    dana.sees("The service was not given")
    dana.page.get_by_label("What it shows").select_option("service_documentation")
    picture = FilePayload(name="accepted takes.png", mimeType="image/png", buffer=PICTURE)
    dana.page.get_by_label("File", exact=True).set_input_files(picture)
    dana.press("Add the file")
    dana.sees("accepted-takes.png")
    dana.page.get_by_label("What the bank should know").fill(EVIDENCE)
    dana.press("Send to the bank")
    dana.sees("On its way to the bank.")


def pay_the_next(dana: Person, ximena: Person, backstage: Backstage) -> None:
    """The debt is taken off the next payout, and both sides see by how much."""
    payout = backstage.payout_of("Ximena Orduñez", "review")
    dana.go(f"/admin/payout/{payout}")
    dana.press("Approve")
    backstage.until(lambda db: db.get_one(Payout, payout).state == "transferred")
    dana.go(f"/admin/payout/{payout}")
    dana.sees("Owed from before −$390.00")
    ximena.go(f"/actor/payout/{payout}")
    ximena.sees("$130.00 from ReelForge")
    ximena.go("/actor/earnings")
    assert "is taken off your next payouts" not in ximena.words()


def test_the_books_hold_after_all_stories(backstage: Backstage) -> None:
    assert backstage.broken_rules() == []
