"""The story of an admin who is handed any name of some money and sees where each cent of it is."""

from __future__ import annotations

import re
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from marketplace.models import Booking, Payment
from tests.journey.backstage import Backstage
from tests.journey.person import Person

pytestmark = pytest.mark.browser


def test_an_admin_traces_anything(site: str, browser: Browser, backstage: Backstage) -> None:
    shared = select(Payment.booking_id).join(Booking).where(Payment.state == "partly_refunded")
    booking = backstage.read(lambda db: db.scalars(shared.order_by(Payment.id).limit(1)).one())
    platform = Person.arrive(browser, site).sign_in_with(backstage.email_of("Sanna Iverholt"))
    platform.go("/platform/document")
    invoice = platform.page.get_by_role("link", name=re.compile(r"^INV-\d{4}-\d{6}$")).last.inner_text()
    dana = Person.arrive(browser, site).sign_in("admin")
    dana.go("/admin/trace")
    for name in (backstage.charge_of(booking), f"bk_{booking}", invoice):
        field = dana.page.get_by_label("Any number, id, key, mail address or name")
        field.fill(name)
        field.press("Enter")
        dana.page.wait_for_url(f"**/admin/trace/{booking}?*q={quote_plus(name)}*")
        dana.look()
        dana.sees(f"“{name}” is")
    parts, charged = where_each_cent_is(dana)
    assert len(parts) >= 3
    assert sum(parts) == charged == 58_320
    dana.press("Audit trail of this booking")
    assert dana.faults == platform.faults == []


def where_each_cent_is(dana: Person) -> tuple[list[int], int]:
    """The parts of the table, in minor units, and what was charged."""
    rows = dana.page.get_by_role("table", name="Where each cent is").locator("tbody tr")
    amounts = [int(re.sub(r"[^\d-]", "", text)) for text in rows.locator("td.amount:last-child").all_inner_texts()]
    return amounts[:-1], amounts[-1]
