"""A request is sent, kept as a draft or asked for as a pencil; it says its price and what it runs into before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party, State
from marketplace.domain.boundary import Crossed, Limits
from marketplace.domain.errors import Conflict, Invalid, NotFound, Refused, SlotTaken
from marketplace.domain.money import Money
from marketplace.domain.rate import Territory, Usage, UsageScope, UsageTerm
from marketplace.models import Actor, Booking, BookingEvent, Brief, Member, Notice, Rate
from marketplace.services.booking_request import (
    BeatAsk,
    NotTold,
    PriceChanged,
    Request,
    discard_draft,
    request_booking,
)
from marketplace.services.booking_step import By, quote_of
from marketplace.services.boundary import get_limits, save_limits
from marketplace.services.consent import draft_terms
from tests.services.stage import NOW, ONE_TITLE, PURPOSE, Story, add_actor, add_member, ask_for, at, request

LOUD = BeatAsk("cold-fury", "high", "released")
KISS = "The scene holds kissing: a kiss on the mouth, played or completed by a model."


class Desk:
    """A member of a platform, and an actor to ask."""

    def __init__(self, db: Session, **actor: Any) -> None:
        self.db, self.member, self.actor = db, add_member(db), add_actor(db, **actor)
        self.by = By(Party.PLATFORM, self.member.account_id)

    def ask(self, **changes: Any) -> Request:
        return replace(ask_for(self.actor, at(30, 10)), **changes)

    def send(self, ask: Request, *, member: Member | None = None, days: float = 0) -> Booking:
        who = member or self.member
        made = request_booking(
            self.db, platform_id=who.platform_id, member_id=who.id, by=By(Party.PLATFORM, who.account_id), ask=ask,
            fee_bp=800, now=NOW + timedelta(days=days),
        )  # fmt: skip
        return self.db.get_one(Booking, made, populate_existing=True)

    def limit(self, most_intense: int = 6, **topics: str) -> None:
        save_limits(self.db, actor_id=self.actor.id, limits=Limits.read(topics, most_intense), now=NOW)

    def count(self, model: type[Booking | Notice | Brief]) -> int:
        return len(self.db.scalars(select(model.id)).all())


@pytest.fixture
def desk(db: Session) -> Desk:
    return Desk(db)


# price and usage


def test_a_request_names_its_usage_in_full_and_the_consent_repeats_it(desk: Desk) -> None:
    usage = Usage(UsageScope.SERIES, UsageTerm.MONTHS_24, Territory.COUNTRY, place="Japan")
    booking = desk.send(desk.ask(usage=usage, take_sets=2, pickups=1))
    assert booking.usage == {
        "scope": "series", "term": "24_months", "territory": "country", "exclusivity": "none", "place": "Japan",
        "take_sets": 2, "pickups": 1,
    }  # fmt: skip
    assert draft_terms(booking).usage == usage
    assert "Where: one country (Japan)." in draft_terms(booking).sentences()


def test_a_country_without_its_name_is_not_asked_for(desk: Desk) -> None:
    with pytest.raises(Invalid) as refusal:
        desk.send(desk.ask(usage=replace(ONE_TITLE, territory=Territory.COUNTRY)))
    assert refusal.value.field == "place"


def test_wider_use_and_extras_are_priced_as_the_row_says(desk: Desk) -> None:
    row = desk.db.scalars(select(Rate)).one()
    row.territory, row.exclusivity = {"country": 0, "worldwide": 2500}, {"none": 0, "category": 5000}
    row.revision_minor, row.pickups_included = 4_000, 2
    usage = Usage.read("one_title", "12_months", "worldwide", "category")
    quote = quote_of(desk.send(desk.ask(usage=usage, pickups=2)))
    assert [(line.code, line.amount.minor) for line in quote.lines] == [
        ("session", 36_000), ("usage", 0), ("territory", 9_000), ("exclusivity", 18_000), ("pickup", 8_000),
    ]  # fmt: skip
    assert quote.pickups_included == 4
    with pytest.raises(Invalid, match="does not offer that usage"):
        desk.send(desk.ask(usage=Usage.read("one_title", "12_months", "region", "none", "Africa")))


@pytest.mark.parametrize(("currency", "hourly", "total"), [("JPY", 25_000, 54_000), ("KWD", 55_555, 120_000)])
def test_currencies_without_and_with_three_decimals_are_asked_for_in_what_can_be_charged(
    db: Session, currency: str, hourly: int, total: int
) -> None:
    desk = Desk(db, currency=currency, hourly_minor=hourly)
    booking = desk.send(desk.ask())
    assert (booking.currency, booking.total_minor) == (currency, total)


def test_an_offer_replaces_the_list_price_and_stands_beside_it(desk: Desk) -> None:
    booking = desk.send(desk.ask(offered=Money(30_000, "USD"), shown_total_minor=32_400))
    quote = quote_of(booking)
    assert ([line.code for line in quote.lines], quote.net.minor, quote.fee.minor) == (["offer"], 30_000, 2_400)
    assert quote.list_price == Money(36_000, "USD")
    with pytest.raises(PriceChanged):
        desk.send(desk.ask(offered=Money(30_000, "USD"), shown_total_minor=38_880))


def test_an_actor_without_a_rate_can_be_made_an_offer_in_the_platforms_currency(db: Session) -> None:
    desk = Desk(db, hourly_minor=None)
    with pytest.raises(Refused, match="not set a rate"):
        desk.send(desk.ask())
    with pytest.raises(Invalid, match="Make the offer in USD"):
        desk.send(desk.ask(offered=Money(30_000, "EUR")))
    booking = desk.send(desk.ask(offered=Money(30_000, "USD")))
    assert (booking.total_minor, booking.cancellation, quote_of(booking).list_price) == (32_400, "standard", None)


def test_an_offer_below_reason_names_the_bounds_and_asks_for_nothing(desk: Desk) -> None:
    with pytest.raises(Invalid, match=r"between 10\.00 USD and"):
        desk.send(desk.ask(offered=Money(500, "USD")))
    assert desk.count(Booking) == 0


# boundaries


def test_what_the_actor_never_plays_stops_the_request_with_the_reason(desk: Desk) -> None:
    desk.limit(nudity="never", kissing="ask")
    with pytest.raises(Crossed, match="Imani does not play nudity"):
        desk.send(desk.ask(topics=("kissing", "nudity")))
    assert (desk.count(Booking), desk.count(Brief), desk.count(Notice)) == (0, 0, 0)


def test_what_must_be_asked_first_is_told_to_the_platform_and_put_to_the_actor(desk: Desk) -> None:
    desk.limit(kissing="ask")
    with pytest.raises(NotTold):
        desk.send(desk.ask(topics=("kissing",), told=()))
    booking = desk.send(desk.ask(topics=("kissing",), told=(KISS,)))
    assert (booking.asks_yes, booking.brief.topics) == ([KISS], ["kissing"])


def test_a_session_with_more_loud_beats_than_the_cap_asks_for_a_yes(desk: Desk) -> None:
    desk.limit(most_intense=2)
    assert desk.send(desk.ask(beats=(LOUD, LOUD))).asks_yes == []
    booking = desk.send(desk.ask(beats=(LOUD, LOUD, LOUD)))
    assert booking.asks_yes == [
        "The session asks for 3 beats of high intensity played out loud; the limit set for one session is 2."
    ]


def test_limits_set_later_leave_what_was_asked_alone(desk: Desk) -> None:
    booking = desk.send(desk.ask(topics=("smoking",)))
    desk.limit(smoking="never")
    assert booking.asks_yes == []
    assert get_limits(desk.db, desk.actor.id) == Limits.read({"smoking": "never"}, 6)
    with pytest.raises(NotFound):
        get_limits(desk.db, 10**6)


# drafts and pencils


def test_a_draft_is_the_platforms_alone_until_it_is_sent(desk: Desk) -> None:
    draft = desk.send(desk.ask(is_draft=True, purpose="", topics=("weapons",)))
    assert (draft.state, draft.deadline_at, draft.brief.topics) == (State.DRAFT, at(30, 10), ["weapons"])
    assert desk.count(Notice) == 0
    sent = desk.send(desk.ask(draft_id=draft.id, token="another", purpose=PURPOSE, message="Now"))
    assert (sent.id, sent.state, sent.message, sent.brief.topics) == (draft.id, State.REQUESTED, "Now", [])
    assert sent.deadline_at == at(26, 9)
    assert (desk.count(Notice), desk.count(Brief)) == (1, 1)
    events = desk.db.execute(select(BookingEvent.step, BookingEvent.before, BookingEvent.after))
    assert [tuple(row) for row in events] == [("draft", None, "draft"), ("send", "draft", "requested")]


def test_a_draft_is_written_over_as_a_whole(desk: Desk) -> None:
    draft = desk.send(desk.ask(is_draft=True))
    changed = desk.ask(
        is_draft=True, draft_id=draft.id, minutes=180, starts_at=at(30, 12), beats=(LOUD, LOUD), project="Crown",
        asked_as="pencil",
    )  # fmt: skip
    again = desk.send(changed)
    assert (again.id, again.state, again.total_minor, again.asked_as) == (draft.id, State.DRAFT, 58_320, "pencil")
    assert (again.starts_at, again.ends_at, again.busy_until) == (at(30, 12), at(30, 15), at(30, 15))
    assert (again.brief.project, [beat.display for beat in again.brief.beats]) == ("Crown", ["released", "released"])


def test_the_forms_own_token_continues_its_draft_too(desk: Desk) -> None:
    draft = desk.send(desk.ask(token="form", is_draft=True))
    assert desk.send(desk.ask(token="form")).id == draft.id
    assert desk.db.get_one(Booking, draft.id).state == State.REQUESTED
    assert desk.send(desk.ask(token="form", is_draft=True)).state == State.REQUESTED


def test_sending_a_draft_checks_price_time_and_limits_anew(desk: Desk, db: Session) -> None:
    draft = desk.send(desk.ask(is_draft=True, topics=("kissing",)))
    again = desk.ask(draft_id=draft.id, topics=("kissing",), shown_total_minor=draft.total_minor)
    row = db.scalars(select(Rate)).one()
    row.hourly_minor = 20_000
    with pytest.raises(PriceChanged):
        desk.send(again)
    row.hourly_minor = 18_000
    desk.limit(kissing="never")
    with pytest.raises(Crossed):
        desk.send(again)
    desk.limit()
    Story.of(
        db, platform_id=add_member(db, "Veloura").platform_id, actor_id=desk.actor.id, starts_at=at(30, 10), now=NOW
    ).accept()
    with pytest.raises(SlotTaken):
        desk.send(again)
    assert db.get_one(Booking, draft.id).state == State.DRAFT
    with pytest.raises(Refused, match="too near"):
        desk.send(replace(again, starts_at=NOW + timedelta(hours=1)))


def test_a_discarded_draft_is_not_sent_after_all(desk: Desk) -> None:
    draft = desk.send(desk.ask(is_draft=True))
    discard_draft(desk.db, booking_id=draft.id, platform_id=desk.member.platform_id, by=desk.by, now=NOW)
    assert desk.db.get_one(Booking, draft.id).state == State.WITHDRAWN
    with pytest.raises(Conflict, match="This draft is gone"):
        desk.send(desk.ask(draft_id=draft.id))
    assert desk.count(Notice) == 0


def test_another_platforms_draft_is_not_found(desk: Desk) -> None:
    draft, stranger = desk.send(desk.ask(is_draft=True)), add_member(desk.db, "Veloura")
    with pytest.raises(NotFound):
        desk.send(desk.ask(draft_id=draft.id), member=stranger)
    with pytest.raises(NotFound):
        discard_draft(desk.db, booking_id=draft.id, platform_id=stranger.platform_id, by=desk.by, now=NOW)


def test_a_draft_stays_with_its_actor(desk: Desk) -> None:
    draft, other = desk.send(desk.ask(is_draft=True)), add_actor(desk.db, "Kwame Mensah")
    with pytest.raises(Invalid, match="stays with its actor"):
        desk.send(replace(ask_for(other, at(30, 10)), draft_id=draft.id))


def test_a_draft_whose_brief_is_too_vague_is_kept_but_not_sent(desk: Desk) -> None:
    draft = desk.send(desk.ask(is_draft=True, purpose="AI"))
    with pytest.raises(Invalid) as refusal:
        desk.send(desk.ask(draft_id=draft.id, purpose="AI"))
    assert refusal.value.field == "purpose"


def test_a_pencil_is_asked_for_like_a_booking_and_says_so(desk: Desk) -> None:
    pencil = desk.send(desk.ask(asked_as="pencil"))
    assert (pencil.state, pencil.asked_as) == (State.REQUESTED, "pencil")
    assert request(desk.db, desk.member, desk.actor, at(30, 10)) != pencil.id


def test_drafts_hold_no_time_and_count_for_nothing(desk: Desk) -> None:
    desk.send(desk.ask(is_draft=True))
    assert desk.send(desk.ask()).state == State.REQUESTED
    assert desk.db.get_one(Actor, desk.actor.id).listed
