"""Every route as everybody: nobody enters uninvited, and no one reads or changes what is another's.

Routes are taken from the application itself, so a new one is walked from its first day; one with a new kind of
argument fails here until it is said what to put in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from marketplace.db import Database
from marketplace.domain import ledger as books
from marketplace.domain.document import Issuer
from marketplace.domain.money import Money
from marketplace.models import (
    Account,
    Base,
    Booking,
    BookOut,
    Brief,
    CalendarSource,
    CaptureSession,
    ChangeOrder,
    Dispute,
    DisputeEvidence,
    Document,
    ExtraHours,
    Mismatch,
    OutboxCommand,
    Payment,
    Posting,
    Refund,
    Shortlisted,
    SocialAccount,
    StripeEvent,
    Take,
    TakeNote,
    Upload,
    WriteOff,
)
from marketplace.services import ledger
from marketplace.services.document import issue_document
from marketplace.web.guard import Entry, entry_of
from marketplace.web.transaction import CLOCK
from tests.services.stage import Story, add_clip
from tests.web.page_check import faults
from tests.web.scene import Scene, build, no_jobs

pytestmark = pytest.mark.both_engines

ClientAs = Callable[[Account], FlaskClient]
SECRET = "Vera-confesses-on-the-roof"
OWNED = {
    "document_id",
    "booking_id",
    "extra_id",
    "take_id",
    "clip_id",
    "account_id",
    "book_out_id",
    "extra_hours_id",
    "source_id",
    "token",
    "payout_id",
    "flag_id",
    "refund_id",
    "dispute_id",
    "evidence_id",
    "write_off_id",
    "event_id",
    "command_id",
    "mismatch_id",
}
ROLE = {Entry.MEMBER: "member", Entry.ACTOR: "actor", Entry.ADMIN: "admin"}
# they ask Stripe something, which is not there in these tests
ASKS_STRIPE = {
    "actor.open_payout_account", "actor.open_bank_pages", "actor.payout_account_back", "platform.booking_paid",
}  # fmt: skip
# signs in as the first platform's member, for that is what it is for
SIGNS_IN = "auth.demo_sign_in"
# without these the form of the request is refused before anybody looks whose thing it is
HEADERS = {"actor.send_piece": {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}}
# answered by the extension itself: a link that is not whole, a code that is wrong
OF_THE_EXTENSION = "security."


@dataclass(frozen=True)
class Place:
    """One address with one method."""

    endpoint: str
    method: str
    path: str
    entry: Entry | None
    arguments: frozenset[str]

    def __str__(self) -> str:
        return f"{self.method} {self.path} ({self.endpoint})"


@pytest.fixture
def values(app: Flask, database: Database) -> tuple[Scene, dict[str, list[Any]]]:
    """The scene, with private things of Imani's and Mira's in it, and what to put in place of each argument."""
    with database.unit_of_work(no_jobs) as db:
        scene = build(db)
        things = _private_things(db, scene)
    app.extensions[CLOCK] = lambda: scene.now
    return scene, things


def _private_things(db: Session, scene: Scene) -> dict[str, list[Any]]:
    story = Story(db, starts_at=scene.now + timedelta(days=5), now=scene.now)
    asked = db.get_one(Booking, story.id)
    extra = db.get_one(Booking, Story(db, starts_at=scene.now + timedelta(days=6), now=scene.now).id)
    extra.is_extra = True
    for booking in db.scalars(select(Booking)):
        booking.message = SECRET
        booking.platform_id, booking.member_id = scene.platform_id, _member_of(db, scene)
        booking.actor_id = scene.actor_id
    for brief in db.scalars(select(Brief)):
        brief.synopsis = brief.project = SECRET
        brief.platform_id = scene.platform_id
    session = db.scalars(select(CaptureSession)).first()
    take = db.scalars(select(Take)).first()
    assert session is not None
    assert take is not None
    take.note = SECRET
    clip = add_clip(db, asked.actor, "cold-fury", shown=False)
    clip.title = SECRET
    out = BookOut(
        actor_id=scene.actor_id, starts_at=scene.now, ends_at=scene.now + timedelta(days=1), reason=SECRET,
        created_at=scene.now,
    )  # fmt: skip
    opened = ExtraHours(
        actor_id=scene.actor_id, starts_at=scene.now, ends_at=scene.now + timedelta(hours=1), created_at=scene.now
    )
    source = CalendarSource(
        actor_id=scene.actor_id, label=SECRET, address=f"https://x.example/{SECRET}", next_fetch_at=scene.now,
        created_at=scene.now - timedelta(days=1),
    )  # fmt: skip
    handle = SocialAccount(actor_id=scene.actor_id, network="x", handle="imani", source="x", created_at=scene.now)
    upload = Upload(
        token="t" * 43, account_id=scene.imani.id, purpose="clip", filename=f"{SECRET}.mp4", content_type="video/mp4",
        bytes=10, created_at=scene.now,
    )  # fmt: skip
    note = TakeNote(take_id=take.id, account_id=scene.mira.id, at_ms=0, words=SECRET, created_at=scene.now)
    payment = db.scalars(select(Payment).where(Payment.booking_id == scene.booking_id)).one()
    refund = Refund(
        payment_id=payment.id, booking_id=scene.booking_id, state="refused", currency="USD", amount_minor=100,
        reason=SECRET, created_at=scene.now, updated_at=scene.now,
    )  # fmt: skip
    order = ChangeOrder(
        booking_id=scene.booking_id, extra_id=extra.id, number=1, party="platform", words=SECRET, created_at=scene.now
    )
    saved = Shortlisted(platform_id=scene.platform_id, actor_id=scene.actor_id, note=SECRET, created_at=scene.now)
    event = StripeEvent(
        id="evt_matrix", type="charge.succeeded", payload={"words": SECRET}, created_at=scene.now, received_at=scene.now
    )
    call = OutboxCommand(
        kind="refund.create", about="refund", about_id=0, idempotency_key="refund:matrix:v1", params={"words": SECRET},
        state="unknown", next_at=scene.now, created_at=scene.now,
    )  # fmt: skip
    differs = Mismatch(
        key="refund:re_1", kind="amount_differs", state="open", booking_id=scene.booking_id, event_key="refund:re_1",
        currency="USD", says=SECRET, first_seen_at=scene.now, last_seen_at=scene.now,
    )  # fmt: skip
    db.add_all([out, opened, source, handle, upload, note, saved, refund, order, event, call, differs])
    db.flush()
    papers = [_paper(db, scene, kind) for kind in ("invoice", "payout")]
    clip.actor_id = scene.actor_id
    return {
        "booking_id": [scene.booking_id, asked.id],
        "extra_id": [extra.id],
        "take_id": [take.id],
        "clip_id": [clip.id],
        "account_id": [handle.id],
        "book_out_id": [out.id],
        "extra_hours_id": [opened.id],
        "source_id": [source.id],
        "token": [upload.token],
        "payout_id": [scene.payout_id],
        "flag_id": [scene.flag_id],
        "refund_id": [refund.id],
        "dispute_id": [(disputed := _dispute(db, scene, payment)).id],
        "evidence_id": [_evidence(db, scene, disputed).id],
        "write_off_id": [_write_off(db, scene).id],
        "document_id": papers,
        "event_id": [event.id],
        "command_id": [call.id],
        "mismatch_id": [differs.id],
        "platform_id": [scene.platform_id],
        "actor_id": [scene.actor_id],
        "slug": [_slug_of(db, scene)],
        "role": ["member"],
        "key": ["clip/3f/" + "0" * 40 + ".mp4"],
        "digest": ["x"],
        "path": ["app.css"],
        "filename": ["x.css"],
        "letter_id": ["20261123T090000000000-abcdef"],
        "number": [0],
    }


def _paper(db: Session, scene: Scene, kind: str) -> int:
    """A document made out to the platform, or to the actor; its id."""
    draft = books.charge_captured(charge_id=f"ch_{kind}", booking_id=scene.booking_id, amount=Money(100, "USD"))
    ledger.post(db, draft, now=scene.now)
    posting_id = db.scalars(select(Posting.id).where(Posting.event_key == f"charge:ch_{kind}")).one()
    invoice = db.scalar(select(Document))
    if kind == "invoice" or invoice is None:
        return issue_document(db, posting_id=posting_id, issuer=Issuer(SECRET), now=scene.now) or 0
    theirs = Document(
        kind="payout", series="PAY-2026", number=1, posting_id=posting_id, actor_id=scene.actor_id,
        booking_id=scene.booking_id, currency="USD", amount_minor=100, issued_at=scene.now,
        facts=invoice.facts | {"references": {"transfer": SECRET}},
    )  # fmt: skip
    db.add(theirs)
    db.flush()
    return theirs.id


def _dispute(db: Session, scene: Scene, payment: Payment) -> Dispute:
    row = Dispute(
        payment_id=payment.id, booking_id=scene.booking_id, stripe_dispute_id="du_1", state="open", currency="USD",
        amount_minor=100, reason="fraudulent", evidence_words=SECRET, evidence_state="draft", opened_at=scene.now,
    )  # fmt: skip
    db.add(row)
    db.flush()
    return row


def _evidence(db: Session, scene: Scene, dispute: Dispute) -> DisputeEvidence:
    row = DisputeEvidence(
        dispute_id=dispute.id, kind="receipt", file_key=f"evidence/3f/{'0' * 40}.pdf", file_name="receipt.pdf",
        media_type="application/pdf", size=10, account_id=scene.ada.id, created_at=scene.now,
    )  # fmt: skip
    db.add(row)
    db.flush()
    return row


def _write_off(db: Session, scene: Scene) -> WriteOff:
    row = WriteOff(
        actor_id=scene.actor_id, state="proposed", currency="USD", amount_minor=100, reason=SECRET,
        proposed_by_id=scene.ada.id, proposed_at=scene.now,
    )  # fmt: skip
    db.add(row)
    db.flush()
    return row


def _member_of(db: Session, scene: Scene) -> int:
    return db.scalars(select(Booking.member_id).where(Booking.id == scene.booking_id)).one()


def _slug_of(db: Session, scene: Scene) -> str:
    return db.scalars(select(Booking).where(Booking.id == scene.booking_id)).one().actor.slug


def places(app: Flask, values: dict[str, list[Any]]) -> list[Place]:
    """Every address of the application with every method."""
    return [place for rule in app.url_map.iter_rules() for place in _places_of(app, rule, values)]


def _places_of(app: Flask, rule: Rule, values: dict[str, list[Any]]) -> Iterator[Place]:
    unknown = rule.arguments - set(values)
    assert not unknown, f"{rule}: say in this test what to put in place of {unknown}"
    several = [name for name in rule.arguments if len(values[name]) > 1]
    for index in range(len(values[several[0]]) if several else 1):
        chosen = {name: values[name][index if name in several else 0] for name in rule.arguments}
        with app.test_request_context():
            path = app.url_map.bind("localhost").build(rule.endpoint, chosen, method=_a_method(rule))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Place(rule.endpoint, method, path, entry_of(app, rule.endpoint), frozenset(rule.arguments))


def _a_method(rule: Rule) -> str:
    return min(rule.methods or {"GET"})


def visit(browser: FlaskClient, place: Place) -> TestResponse:
    return browser.open(place.path, method=place.method, headers=HEADERS.get(place.endpoint))


def role_of(scene: Scene, who: Account) -> str:
    return {scene.mira.id: "member", scene.other_member.id: "member", scene.ada.id: "admin"}.get(who.id, "actor")


def test_everybody_is_let_in_where_the_route_says_and_nowhere_else(
    app: Flask, client_as: ClientAs, values: tuple[Scene, dict[str, list[Any]]]
) -> None:
    scene, things = values
    wrong = []
    for place in places(app, things):
        answer = visit(app.test_client(), place)
        sent_away = answer.status_code in (302, 303) and "/sign-in" in (answer.location or "")
        if place.entry not in (Entry.PUBLIC, None) and not sent_away:
            wrong.append(f"nobody: {place} answered {answer.status_code}")
        for who in (scene.other_member, scene.other_actor, scene.ada):
            if place.entry in ROLE and ROLE[place.entry] == role_of(scene, who):
                continue
            answer = visit(client_as(who), place)
            expected = 403 if place.entry in ROLE or place.entry is None else None
            if answer.status_code == 500 or (expected and answer.status_code != expected):
                wrong.append(f"{who.name} ({role_of(scene, who)}): {place} answered {answer.status_code}")
    assert wrong == []


# case 40
def test_what_is_anothers_is_not_found_and_not_changed(
    app: Flask, client_as: ClientAs, database: Database, values: tuple[Scene, dict[str, list[Any]]]
) -> None:
    scene, things = values
    before = dump(database, scene)
    wrong = []
    for place in places(app, things):
        for who in (scene.other_member, scene.other_actor):
            if place.endpoint == SIGNS_IN or (place.endpoint in ASKS_STRIPE and not place.arguments & OWNED):
                continue
            answer = visit(client_as(who), place)
            is_theirs = place.entry in ROLE and place.arguments & OWNED
            if is_theirs and answer.status_code not in (403, 404):
                wrong.append(f"{who.name}: {place} answered {answer.status_code}")
            if SECRET.encode() in answer.data:
                wrong.append(f"{who.name}: {place} shows what is private")
        if place.endpoint != SIGNS_IN and SECRET.encode() in visit(app.test_client(), place).data:
            wrong.append(f"nobody: {place} shows what is private")
    assert wrong == []
    assert {name: rows for name, rows in dump(database, scene).items() if rows != before[name]} == {}


def test_every_page_of_ones_own_is_there_and_sound(
    app: Flask, client_as: ClientAs, values: tuple[Scene, dict[str, list[Any]]]
) -> None:
    scene, things = values
    wrong = []
    for place in places(app, things):
        if place.method != "GET" or place.endpoint in ASKS_STRIPE or place.endpoint.startswith(OF_THE_EXTENSION):
            continue
        who = {Entry.MEMBER: scene.mira, Entry.ACTOR: scene.imani, Entry.ADMIN: scene.ada}.get(
            place.entry or Entry.PUBLIC, scene.mira
        )
        answer = visit(client_as(who), place)
        if answer.status_code not in (200, 204, 302, 303, 404, 409, 503):
            wrong.append(f"{who.name}: {place} answered {answer.status_code}")
        if answer.status_code == 200 and answer.mimetype == "text/html":
            wrong += [f"{place}: {fault}" for fault in faults(answer.text)]
    assert wrong == []


def dump(database: Database, scene: Scene) -> dict[str, list[tuple[Any, ...]]]:
    """Every row there is, but for what belongs to the two strangers alone: their accounts, pages and notices."""
    strangers = {scene.other_member.id, scene.other_actor.id}
    with database.reading() as db:
        return {
            table.name: [
                tuple(row)
                for row in db.execute(select(table).order_by(*table.primary_key.columns))
                if not _belongs_to(table.name, row._mapping, strangers, scene)
            ]
            for table in Base.metadata.sorted_tables
        }


def _belongs_to(table: str, row: Any, strangers: set[int], scene: Scene) -> bool:
    if table == "webhook_refusal" or (table == "notice" and row["key"].startswith("webhook:")):
        return True  # that they knocked at Stripe's door is counted, and told of
    if table == "account":
        return row["id"] in strangers
    if "account_id" in row and row["account_id"] in strangers:
        return True
    if "principal_id" in row and row["principal_id"] in strangers:
        return True
    owner = row.get("platform_id") if table != "platform" else row["id"]
    if owner is not None and owner != scene.platform_id:
        return True
    actor = row.get("actor_id") if table != "actor" else row["id"]
    return actor is not None and actor != scene.actor_id
