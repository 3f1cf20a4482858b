"""One field traces anything, for admins alone, and the page it leads to shows the whole way of the money."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from marketplace.db import Database
from marketplace.domain.ledger import charge_captured
from marketplace.domain.money import Money
from marketplace.models import Account, Actor, Booking, Payment
from marketplace.services.booking import dispute_booking
from marketplace.services.ledger import post
from marketplace.web.trace_line import Tab
from tests.services.stage import Story
from tests.web.page_check import faults
from tests.web.scene import Scene, no_jobs

pytestmark = pytest.mark.both_engines

ClientAs = Callable[[Account], FlaskClient]


def page(browser: FlaskClient, path: str, **query: str) -> str:
    """A page that is as every page must be."""
    answer = browser.get(path, query_string=query or None)
    assert answer.status_code == 200, answer.text
    assert faults(answer.text) == []
    return answer.text


def test_only_admins_trace(client_as: ClientAs, scene: Scene) -> None:
    for who in (scene.mira, scene.imani):
        for path in ("/admin/trace", f"/admin/trace/{scene.booking_id}"):
            assert client_as(who).get(path).status_code in (403, 404)


def test_the_empty_field_says_what_can_be_traced(client_as: ClientAs, scene: Scene) -> None:
    shown = page(client_as(scene.ada), "/admin/trace")
    assert "INV-2026-000012" in shown
    assert "Nothing is called" not in shown


def test_a_number_leads_straight_to_the_whole_way_of_the_money(client_as: ClientAs, scene: Scene) -> None:
    browser = client_as(scene.ada)
    answer = browser.get("/admin/trace", query_string={"q": f"po_{scene.payout_id}"})
    assert answer.status_code == 303
    shown = page(browser, answer.headers["Location"])
    assert "is of this booking: payout" in shown
    assert "Where each cent is" in shown
    assert "Takes accepted" in shown
    assert f'href="/admin/payout/{scene.payout_id}"' in shown


def test_a_name_from_stripe_leads_there_too(client_as: ClientAs, scene: Scene, database: Database) -> None:
    with database.unit_of_work(no_jobs) as db:
        payment = db.query(Payment).filter_by(booking_id=scene.booking_id).one()
        payment.charge_id = "ch_3Test"
    answer = client_as(scene.ada).get("/admin/trace", query_string={"q": " ch_3Test "})
    assert answer.headers["Location"].startswith(f"/admin/trace/{scene.booking_id}?")


def test_the_timeline_is_narrowed_by_tabs(client_as: ClientAs, scene: Scene) -> None:
    browser = client_as(scene.ada)
    for tab in Tab:
        page(browser, f"/admin/trace/{scene.booking_id}", only=tab)
    assert "Session started" in page(browser, f"/admin/trace/{scene.booking_id}", only="steps")
    assert "Session started" not in page(browser, f"/admin/trace/{scene.booking_id}", only="stripe")


def test_a_person_leads_to_a_list_of_bookings(client_as: ClientAs, scene: Scene, database: Database) -> None:
    browser = client_as(scene.ada)
    with database.reading() as db:
        name = db.get_one(Actor, scene.actor_id).name
    for text in (scene.imani.email, name, f"platform {scene.platform_id}"):
        assert f'href="/admin/trace/{scene.booking_id}"' in page(browser, "/admin/trace", q=text)
    assert "has come to a payment" in page(browser, "/admin/trace", q="Kwame Mensah")


@pytest.mark.parametrize(
    "text",
    ["nothing like it", "<script>alert(1)</script>", "9" * 40, "%", "x" * 2000, "‮evil", "bk_1_", "../.."],
)
def test_what_is_not_found_is_said(client_as: ClientAs, scene: Scene, text: str) -> None:
    assert "Nothing is called" in page(client_as(scene.ada), "/admin/trace", q=text)


def test_a_booking_without_money_has_its_page_and_a_missing_one_does_not(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    browser = client_as(scene.ada)
    with database.unit_of_work(no_jobs) as db:
        db.query(Payment).filter_by(booking_id=scene.booking_id).one()
        db.get_one(Booking, scene.booking_id).state = "accepted"
    assert "No money has moved yet" in page(browser, f"/admin/trace/{scene.booking_id}", q="odd", what="<b>")
    assert browser.get("/admin/trace/999999").status_code == 404
    assert browser.get(f"/admin/trace/{2**70}").status_code == 404


def test_a_disputed_booking_shows_where_its_money_is_and_leads_to_its_trace(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    with database.unit_of_work(no_jobs) as db:
        story = Story(db, starts_at=scene.now + timedelta(days=3), now=scene.now).delivered()
        post(
            db,
            charge_captured(charge_id="ch_1", booking_id=story.id, amount=Money(38_880, "USD")),
            now=story.now,
        )
        dispute_booking(db, booking=story.booking, by=story.mira, reason="Out of focus.", now=story.now)
    shown = page(client_as(scene.ada), f"/admin/dispute/{story.id}")
    assert "Held until accepted" in shown
    assert "$388.80" in shown
    assert f'href="/admin/trace/{story.id}"' in shown
