"""Debts and write-offs: what the page shows, who may propose, who may decide."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.models import Account, Audit, WriteOff
from marketplace.services import ledger
from marketplace.services.account import Decider, give_role
from marketplace.services.write_off import propose_write_off
from tests.web.page_check import faults
from tests.web.scene import Scene, no_jobs

ClientAs = Callable[[Account], FlaskClient]
WHY = "The actor has left and cannot be reached."


def owe(database: Database, scene: Scene) -> None:
    """Imani owes 92.59 from a refund after her payout."""
    debt = books.draft(
        "refund:re_1",
        "refund",
        [(books.receivable_from(scene.actor_id), Money(9_259, "USD"))],
        [(books.STRIPE, Money(9_259, "USD"))],
        booking_id=scene.booking_id,
    )
    with database.unit_of_work(no_jobs) as db:
        ledger.post(db, debt, now=scene.now)


def test_the_page_is_sound_without_any_debt(client_as: ClientAs, scene: Scene) -> None:
    page = client_as(scene.ada).get("/admin/write-off").text
    assert "Nobody owes anything" in page
    assert faults(page) == []


def test_one_admin_proposes_and_another_gives_it_up(client_as: ClientAs, scene: Scene, database: Database) -> None:
    owe(database, scene)
    ada, bo = client_as(scene.ada), client_as(scene.bo)
    page = ada.get("/admin/write-off").text
    assert "owes $92.59" in page
    assert 'value="92.59"' in page
    assert faults(page) == []
    address = f"/admin/write-off/propose/{scene.actor_id}"
    for amount, words in (("much", WHY), ("92.60", WHY), ("92.59", "gone")):
        answer = ada.post(address, data={"amount": amount, "currency": "USD", "words": words})
        assert answer.status_code == 422
        assert faults(answer.text) == []
    assert ada.post(address, data={"amount": "1", "currency": "ZZZ", "words": WHY}).status_code == 400
    page = ada.post(address, data={"amount": "92.59", "currency": "USD", "words": WHY}, follow_redirects=True).text
    assert "You have proposed this. Another admin decides." in page
    assert faults(page) == []
    with database.reading() as db:
        number = db.scalars(select(WriteOff.id)).one()
    decide = f"/admin/write-off/{number}"
    assert ada.post(decide, data={"step": "make", "words": WHY}).status_code == 409
    assert bo.post(decide, data={"step": "make", "words": ""}).status_code == 422
    assert bo.post(decide, data={"step": "nonsense", "words": WHY}).status_code == 400
    page = bo.post(decide, data={"step": "make", "words": WHY}, follow_redirects=True).text
    assert "Nobody owes anything" in page
    assert "Ada Admin, then Bo Admin" in page
    assert faults(page) == []


# case 14
def test_nobody_decides_on_their_own_debt_and_the_try_is_kept(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    owe(database, scene)
    with database.unit_of_work(no_jobs) as db:
        give_role(db, db.get_one(Account, scene.imani.id), "admin")
        by = Decider(scene.ada.id)
        amount = Money(9_259, "USD")
        number = propose_write_off(db, actor_id=scene.actor_id, amount=amount, by=by, words=WHY, now=scene.now)
    answer = client_as(scene.imani).post(f"/admin/write-off/{number}", data={"step": "make", "words": WHY})
    assert answer.status_code == 403
    with database.reading() as db:
        row = db.scalars(select(Audit).where(Audit.about == "write_off").order_by(Audit.id.desc())).first()
        assert row is not None
        assert (row.about_id, row.step, row.principal_id) == (number, "refuse", scene.imani.id)
