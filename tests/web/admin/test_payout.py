"""The payout queue: what it shows, what each decision does, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from marketplace.db import Database
from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.domain.payout_risk import HIGH
from marketplace.models import Account, Audit, Booking, Mismatch, Payment, Payout, PayoutEvent
from marketplace.services import ledger
from marketplace.services.account import give_role
from marketplace.web.admin.payout import approved
from marketplace.web.terms import FOUR_EYES, UNDO_MINUTES
from marketplace.web.transaction import CLOCK
from tests.services.stage import Story
from tests.web.page_check import faults
from tests.web.scene import Scene, no_jobs

ClientAs = Callable[[Account], FlaskClient]
WORDS = "The bank letter is missing; please send it."


def state_of(database: Database, scene: Scene) -> tuple[str, int]:
    with database.reading() as db:
        payout = db.get_one(Payout, scene.payout_id)
        return payout.state, payout.approvals


def test_the_queue_shows_who_is_owed_what_and_why_to_look(client_as: ClientAs, scene: Scene) -> None:
    page = client_as(scene.ada).get("/admin/payout")
    assert page.status_code == 200
    assert faults(page.text) == []
    for words in ("Imani Okafor", "ReelForge", "$360.00", "First payout", "1 payout", "Needs review"):
        assert words in page.text


def test_every_tab_search_and_order_is_a_sound_page(client_as: ClientAs, scene: Scene) -> None:
    browser = client_as(scene.ada)
    for query in (
        "state=held",
        "state=sent",
        "state=nonsense",
        "order=size",
        "q=imani",
        "q=nobody",
        f"q=po_{scene.payout_id}",
    ):
        page = browser.get(f"/admin/payout?{query}")
        assert page.status_code == 200
        assert faults(page.text) == [], query
    assert "No payout matches" in browser.get("/admin/payout?q=nobody").text


def test_one_approval_sends_it_on_and_can_be_taken_back(client_as: ClientAs, scene: Scene, database: Database) -> None:
    browser = client_as(scene.ada)
    answer = browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"})
    assert answer.status_code == 303
    assert state_of(database, scene) == ("approved", 1)
    page = browser.get(answer.location).text
    assert "Take the approval back" in page
    assert faults(page) == []
    browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "undo"})
    assert state_of(database, scene)[0] == "review"


def test_an_approval_cannot_be_taken_back_after_ten_minutes(
    client_as: ClientAs, scene: Scene, database: Database, app: Flask
) -> None:
    browser = client_as(scene.ada)
    browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"})
    app.extensions[CLOCK] = lambda: scene.now + timedelta(minutes=11)
    answer = browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "undo"})
    assert answer.status_code == 409
    assert "time to take this back is over" in answer.text
    assert state_of(database, scene)[0] == "approved"


def test_holding_and_rejecting_need_words_and_keep_what_was_typed(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    browser = client_as(scene.ada)
    for step in ("hold", "reject"):
        answer = browser.post(f"/admin/payout/{scene.payout_id}", data={"step": step, "words": "short"})
        assert answer.status_code == 422
        assert "<title>Error:" in answer.text
        assert ">\nshort</textarea>" in answer.text
        assert faults(answer.text) == []
    assert state_of(database, scene)[0] == "review"
    browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "hold", "words": WORDS})
    assert state_of(database, scene)[0] == "held"
    assert WORDS in browser.get(f"/admin/payout/{scene.payout_id}").text


def test_above_the_limit_two_different_admins_must_approve(
    client_as: ClientAs, scene: Scene, database: Database, app: Flask
) -> None:
    app.config[FOUR_EYES] = 10_000
    ada, bo = client_as(scene.ada), client_as(scene.bo)
    first = ada.post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"}, follow_redirects=True)
    assert "second admin" in first.text
    assert state_of(database, scene) == ("review", 1)
    assert ada.post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"}).status_code == 409
    bo.post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"})
    assert state_of(database, scene) == ("approved", 2)


def paid_before(database: Database, scene: Scene) -> None:
    """Imani has had a payout before and the books show the payment, so that nothing speaks against this one."""
    with database.unit_of_work(no_jobs) as db:
        payment = db.scalars(select(Payment).where(Payment.booking_id == scene.booking_id)).one()
        paid = Money(payment.amount_minor, payment.currency)
        charge = books.charge_captured(charge_id="ch_1", booking_id=scene.booking_id, amount=paid)
        ledger.post(db, charge, now=scene.now)
        story = Story(db, starts_at=scene.now + timedelta(days=5), now=scene.now)
        db.get_one(Booking, story.id).actor_id = scene.actor_id
        db.flush()
        before = db.get_one(Payout, scene.payout_id)
        earlier = Payout(
            booking_id=story.id, actor_id=scene.actor_id, state="transferred", currency="USD",
            amount_minor=before.amount_minor, review_due_at=scene.now, transferred_at=scene.now - timedelta(days=9),
            created_at=scene.now - timedelta(days=10), updated_at=scene.now - timedelta(days=9),
        )  # fmt: skip
        db.add(earlier)


def test_several_are_approved_at_once_and_what_wants_a_look_is_refused_by_name(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    browser = client_as(scene.ada)
    asked = {"payout": [scene.payout_id, 999]}
    answer = browser.post("/admin/payout/approve", data=asked, follow_redirects=True)
    assert f"0 approved. 2 left: po_{scene.payout_id}: It needs a look of its own" in answer.text
    assert "first payout" in answer.text
    assert "po_999: There is no such payout." in answer.text
    assert state_of(database, scene)[0] == "review"
    paid_before(database, scene)
    answer = browser.post("/admin/payout/approve", data=asked, follow_redirects=True)
    assert "1 approved. 1 left: po_999" in answer.text
    assert state_of(database, scene)[0] == "approved"


def test_of_a_hundred_that_are_left_the_first_are_named_and_the_others_counted(
    client_as: ClientAs, scene: Scene
) -> None:
    asked = {"payout": list(range(900, 1000))}
    answer = client_as(scene.ada).post("/admin/payout/approve", data=asked, follow_redirects=True)
    assert "0 approved. 100 left: po_900: There is no such payout." in answer.text
    assert "And 90 more." in answer.text
    assert "po_910" not in answer.text


def test_what_came_up_since_the_list_was_drawn_is_not_approved_with_the_others(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    paid_before(database, scene)
    with database.unit_of_work(no_jobs) as db:
        db.execute(update(Payout).where(Payout.id == scene.payout_id).values(risk=0, reasons=[]))
    browser = client_as(scene.ada)
    assert "Tick po_" in browser.get("/admin/payout").text
    with database.unit_of_work(no_jobs) as db:
        db.add(open_mismatch(scene))
    answer = browser.post("/admin/payout/approve", data={"payout": [scene.payout_id]}, follow_redirects=True)
    assert "Our books and Stripe’s differ" in answer.text or "Our books and Stripe&#39;s differ" in answer.text
    assert state_of(database, scene)[0] == "review"


def open_mismatch(scene: Scene) -> Mismatch:
    return Mismatch(
        key="refund:re_1", kind="missing_here", state="open", booking_id=scene.booking_id, event_key="refund:re_1",
        currency="USD", says="Stripe has moved what we have not booked", first_seen_at=scene.now,
        last_seen_at=scene.now,
    )  # fmt: skip


def test_the_reasons_of_an_opened_payout_are_those_of_the_moment_with_what_they_rest_on(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    browser, address = client_as(scene.ada), f"/admin/payout/{scene.payout_id}"
    page = browser.get(address).text
    assert f'href="/admin/actor/{scene.actor_id}">the actor’s page</a>' in page
    paid_before(database, scene)
    with database.unit_of_work(no_jobs) as db:
        db.add(open_mismatch(scene))
    page = browser.get(address).text
    assert "Our books and Stripe" in page
    assert "2 reasons that no longer hold" in page
    assert faults(page) == []
    browser.post(address, data={"step": "hold", "words": WORDS})
    with database.reading() as db:
        stored = db.get_one(Payout, scene.payout_id)
        assert [(each["code"], "gone_at" in each) for each in stored.reasons] == [
            ("mismatch", True),
            ("mismatch", False),
            ("first_payout", True),
        ]
        assert stored.risk == HIGH


def test_a_question_waits_for_the_actor_and_a_hold_for_its_day(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    browser, address = client_as(scene.ada), f"/admin/payout/{scene.payout_id}"
    page = browser.get(address).text
    assert 'data-key="q"' in page
    question = "Which of your two names is on the account?"
    day = (scene.now + timedelta(days=4)).date()
    browser.post(address, data={"step": "ask", "words": question, "held_until": day.isoformat()})
    page = browser.get(address).text
    assert f"The actor is asked:</b> {question} Looked at again on" in page
    assert "Asked" in browser.get("/admin/payout?state=held").text
    assert faults(page) == []
    with database.reading() as db:
        row = db.get_one(Payout, scene.payout_id)
        assert row.held_until is not None
        assert (row.asked_at, row.held_until.date()) == (scene.now, day)


def test_a_day_that_is_no_day_or_too_far_is_said_beside_its_field(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    browser, address = client_as(scene.ada), f"/admin/payout/{scene.payout_id}"
    far = (scene.now + timedelta(days=60)).date().isoformat()
    for typed in ("tomorrow", far):
        answer = browser.post(address, data={"step": "hold", "words": WORDS, "held_until": typed})
        assert answer.status_code == 422
        assert 'id="held_until-error"' in answer.text
        assert WORDS in answer.text
        assert faults(answer.text) == []
    assert state_of(database, scene)[0] == "review"


def test_an_appeal_comes_first_and_only_another_admin_may_answer_it(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    ada, bo, address = client_as(scene.ada), client_as(scene.bo), f"/admin/payout/{scene.payout_id}"
    ada.post(address, data={"step": "reject", "words": WORDS})
    said = {"step": "appeal", "words": "The letter went to you on Monday."}
    assert client_as(scene.imani).post(f"/actor/payout/{scene.payout_id}", data=said).status_code == 303
    page = ada.get(address).text
    assert "Imani appeals:</b> The letter went to you on Monday." in page
    assert "another admin has to look at it" in page
    assert 'value="approve"' not in page
    assert ada.post(address, data={"step": "approve"}).status_code == 409
    page = bo.get("/admin/payout").text
    assert "1 appeal" in page
    assert 'value="approve"' in page
    bo.post(address, data={"step": "approve"})
    assert state_of(database, scene)[0] == "approved"


def test_a_search_looks_in_every_state_and_says_which(client_as: ClientAs, scene: Scene) -> None:
    browser = client_as(scene.ada)
    browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "hold", "words": WORDS})
    page = browser.get("/admin/payout?q=imani").text
    assert "On hold</span>" in page
    assert "in every state" in page
    assert faults(page) == []


def test_a_transfer_is_on_its_way_for_three_days_and_then_sent(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    paid_before(database, scene)
    browser = client_as(scene.ada)
    assert "Imani Okafor" in browser.get("/admin/payout?state=sent").text
    with database.unit_of_work(no_jobs) as db:
        lately = scene.now - timedelta(days=1)
        db.execute(update(Payout).where(Payout.state == "transferred").values(transferred_at=lately))
    assert "Imani Okafor" not in browser.get("/admin/payout?state=sent").text
    assert "Imani Okafor" in browser.get("/admin/payout?state=on_way").text


def test_the_queue_says_what_is_beyond_its_target_and_how_long_reviews_take(
    client_as: ClientAs, scene: Scene, app: Flask
) -> None:
    browser, address = client_as(scene.ada), f"/admin/payout/{scene.payout_id}"
    assert "Ended in the last 30 days: 0 reviews; 0 holds." in browser.get("/admin/payout").text
    app.extensions[CLOCK] = lambda: scene.now + timedelta(hours=49)
    assert "1 payout beyond 48 h" in browser.get("/admin/payout").text
    browser.post(address, data={"step": "hold", "words": WORDS})
    took = "1 review, median 2 d 4 h, 9 of 10 within 2 d 4 h; 0 holds."
    assert took in browser.get("/admin/payout").text


# case 14
def test_nobody_approves_what_comes_to_themselves_and_the_try_is_kept(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    with database.unit_of_work(no_jobs) as db:
        give_role(db, db.get_one(Account, scene.imani.id), "admin")
    answer = client_as(scene.imani).post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"})
    assert answer.status_code == 403
    assert state_of(database, scene) == ("review", 0)
    with database.reading() as db:
        row = db.scalars(select(Audit).where(Audit.about == "payout").order_by(Audit.id.desc())).first()
        assert row is not None
        assert (row.step, row.principal_id, row.ip) == ("refuse", scene.imani.id, "127.0.0.1")


# case 14
def test_a_member_of_a_platform_who_calls_an_admins_address_is_turned_away_and_it_is_kept_once_a_minute(
    client_as: ClientAs, scene: Scene, database: Database, app: Flask
) -> None:
    browser, address = client_as(scene.mira), f"/admin/payout/{scene.payout_id}"
    for _ in range(3):
        assert browser.post(address, data={"step": "approve"}).status_code == 403
    app.extensions[CLOCK] = lambda: scene.now + timedelta(minutes=2)
    assert browser.get("/admin/audit").status_code == 403
    assert state_of(database, scene) == ("review", 0)
    with database.reading() as db:
        rows = db.scalars(select(Audit).where(Audit.about == "account").order_by(Audit.id)).all()
        assert [(row.step, row.party, row.principal_id, row.after["path"]) for row in rows] == [
            ("refuse", "platform", scene.mira.id, address),
            ("refuse", "platform", scene.mira.id, "/admin/audit"),
        ]


def test_every_decision_lands_in_both_trails_with_who_and_from_where(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    client_as(scene.ada).post(f"/admin/payout/{scene.payout_id}", data={"step": "hold", "words": WORDS})
    with database.reading() as db:
        event = db.scalars(select(PayoutEvent).order_by(PayoutEvent.id.desc())).first()
        audit = db.scalars(select(Audit).where(Audit.about == "payout").order_by(Audit.id.desc())).first()
        assert event is not None
        assert audit is not None
        assert (event.principal_id, event.step, event.reason) == (scene.ada.id, "hold", WORDS)
        assert (audit.principal_id, audit.step, audit.reason, audit.ip) == (scene.ada.id, "hold", WORDS, "127.0.0.1")


def test_a_step_that_does_not_exist_and_a_payout_that_does_not(client_as: ClientAs, scene: Scene) -> None:
    browser = client_as(scene.ada)
    assert browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "send"}).status_code == 400
    assert browser.post("/admin/payout/999", data={"step": "approve"}).status_code == 404
    assert browser.get("/admin/payout/999").status_code == 404


def test_the_time_to_take_an_approval_back_is_the_one_that_is_set(
    client_as: ClientAs, scene: Scene, app: Flask
) -> None:
    app.config[UNDO_MINUTES] = 45
    browser = client_as(scene.ada)
    assert "45 minutes" in browser.get(f"/admin/payout/{scene.payout_id}").text
    answer = browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"}, follow_redirects=True)
    assert "It can be taken back for 45 minutes" in answer.text
    assert "10 minutes" not in answer.text
    assert approved(timedelta(minutes=1)).startswith("Approved. It can be taken back for a minute")
    assert approved(timedelta(0)) == "Approved. The transfer is made now."


def test_a_payout_above_the_limit_says_so_by_the_limit_of_the_moment(
    client_as: ClientAs, scene: Scene, app: Flask
) -> None:
    browser = client_as(scene.ada)
    assert "Over the limit" not in browser.get("/admin/payout").text
    app.config[FOUR_EYES] = 10_000
    page = browser.get("/admin/payout").text
    assert "Over the limit" in page
    assert "Above 100.00 USD two admins have to approve." in page


def test_a_rejected_payout_can_be_reviewed_again_or_refunded_by_somebody_else(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    ada, bo = client_as(scene.ada), client_as(scene.bo)
    address = f"/admin/payout/{scene.payout_id}"
    ada.post(address, data={"step": "reject", "words": WORDS})
    page = ada.get(address).text
    assert "Back to review" in page
    assert "Refund the platform" not in page
    assert faults(page) == []
    assert ada.post(address, data={"step": "resume", "words": ""}).status_code == 422
    ada.post(address, data={"step": "resume", "words": "It was found after all."})
    assert state_of(database, scene)[0] == "review"
    ada.post(address, data={"step": "reject", "words": WORDS})
    assert ada.post(address, data={"step": "give_back", "words": WORDS}).status_code == 409
    page = bo.get(address).text
    assert "Refund the platform" in page
    assert bo.post(address, data={"step": "give_back", "words": WORDS}).status_code == 303
    assert state_of(database, scene)[0] == "returned"
    assert faults(bo.get(address).text) == []
