"""An actor's page: what it shows, in whose time, at what price, and what it never says."""

from __future__ import annotations

import re
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.models import Actor, Booking, Brief, Score
from tests.services.stage import NOW, add_actor, add_clip, add_member, at
from tests.statements import counted
from tests.web.page_check import LARGEST_PAGE, faults, weight
from tests.web.public.conftest import Fill

NETWORK = {
    "network": "tiktok", "handle": "imani", "followers": 412_000, "engagement_rate": 0.078, "reach": 52_000.0,
    "share": 0.7, "fetched_at": (NOW - timedelta(hours=2)).isoformat(), "error": None,
}  # fmt: skip
STALE = NETWORK | {"network": "x", "share": 0.3, "fetched_at": (NOW - timedelta(days=5)).isoformat()}


def add_imani(db: Session) -> None:
    """An actor in Lagos with everything a page can show."""
    imani = add_actor(
        db, "Imani Okafor", zone="Africa/Lagos", languages=("en", "yo"), verified=True, score=82.0,
        flavours=[("cold-fury", "high", "contained"), ("awe", "low", "natural")],
    )  # fmt: skip
    imani.slug, imani.bio, imani.boundaries, imani.skills = "imani", "Plays turns.", ["No nudity"], ["Salsa"]
    imani.credits = [["The Silent Heir", "Lead", 2023]]
    for weeks in range(10):
        db.add(_score(imani, weeks))


def _score(actor: Actor, weeks: int) -> Score:
    points = 82.0 - weeks
    return Score(
        actor_id=actor.id, at=NOW - timedelta(weeks=weeks), method="SCS-1", constants_sha256="0", points=points,
        low=points - 3, high=points + 3, reach=52_000, reach_low=30_000, reach_high=90_000, confidence="high",
        networks=[NETWORK, STALE], snapshot_ids=[], components={}, explanation="Typical post: about 52,000 viewers.",
    )  # fmt: skip


SHOWN = (
    *("Imani Okafor", "Identity verified", "Likely 79 to 85", "Up 9 in six months", "TikTok", "412,000", "7.8%"),
    *("2 h ago", "5 d ago", "Cold fury", "Plays turns.", "No nudity", "The Silent Heir", "English, Yoruba"),
)


def starts(page: str) -> list[tuple[str, str]]:
    """The starts offered: (here, there)."""
    return re.findall(r"<b>(\d\d:\d\d)</b>(?:<span[^>]*>(\d\d:\d\d) in [^<]*</span>)?", page)


def test_the_page_shows_all_and_parses_strictly(client: FlaskClient, fill: Fill) -> None:
    fill(add_imani)
    answer = client.get("/actor/imani")
    page = answer.text
    assert answer.status_code == 200
    assert faults(page) == []
    assert weight(page) <= LARGEST_PAGE
    for words in SHOWN:
        assert words in page, words


def test_being_listed_is_said_not_to_be_consent_and_money_is_held(client: FlaskClient, fill: Fill) -> None:
    fill(add_imani)
    page = client.get("/actor/imani").text
    assert "not consent" in page
    assert "held until you accept" in page
    assert "escrow" not in page.lower()


def test_times_are_the_viewers_with_the_actors_beside_them(client: FlaskClient, fill: Fill) -> None:
    fill(add_imani)
    client.set_cookie("zone", "Asia/Tokyo")
    page = client.get("/actor/imani?day=2026-11-25").text
    assert ("17:00", "09:00") in starts(page)
    assert "Tokyo" in page
    assert "8 hours behind" in page or "8 h behind" in page
    client.set_cookie("zone", "Africa/Lagos")
    assert ("09:00", "") in starts(client.get("/actor/imani?day=2026-11-25").text)


def test_an_unknown_zone_in_the_cookie_is_ignored(client: FlaskClient, fill: Fill) -> None:
    fill(add_imani)
    client.set_cookie("zone", "Mars/Olympus")
    assert "UTC" in client.get("/actor/imani").text


def test_a_booked_time_is_not_offered(client: FlaskClient, fill: Fill) -> None:
    def with_booking(db: Session) -> None:
        add_imani(db)
        imani = db.query(Actor).filter_by(slug="imani").one()
        member = add_member(db)
        brief = Brief(platform_id=member.platform_id, project="Heir", created_at=NOW)
        db.add(brief)
        db.flush()
        db.add(
            Booking(
                platform_id=member.platform_id,
                member_id=member.id,
                actor_id=imani.id,
                brief_id=brief.id,
                state="confirmed",
                starts_at=at(25, 8),
                ends_at=at(25, 15),
                busy_from=at(25, 8),
                busy_until=at(25, 15),
                actor_zone="Africa/Lagos",
                platform_zone="UTC",
                currency="USD",
                total_minor=0,
                fee_minor=0,
                net_minor=0,
                quote={},
                cancellation="standard",
                request_token="t",
                created_at=NOW,
                updated_at=NOW,
            )
        )

    fill(with_booking)
    page = client.get("/actor/imani?day=2026-11-25").text
    assert "Wednesday 25 November, " not in page
    assert "Thursday 26 November, " in page


def test_the_price_is_all_in_and_says_who_receives_what(client: FlaskClient, fill: Fill) -> None:
    fill(add_imani)
    page = client.get("/actor/imani?minutes=180&usage=series/12_months").text
    assert "$675.00" in page  # 3 hours at $180 and a quarter for the series
    assert "$54.00" in page  # 8 % of it
    assert "$729.00" in page
    assert "Imani receives" in page


def test_nonsense_in_the_address_becomes_what_is_usual(client: FlaskClient, fill: Fill) -> None:
    fill(add_imani)
    answer = client.get("/actor/imani?minutes=-7&usage=everything/forever&day=yesterday&slot=soon&weeks=99999&clip=x")
    assert answer.status_code == 200
    assert "2 hours of capture" in answer.text


def test_a_picked_start_is_kept_in_the_form_of_the_request(client: FlaskClient, fill: Fill) -> None:
    fill(add_imani)
    page = client.get("/actor/imani?day=2026-11-26&slot=2026-11-26T12:00:00Z").text
    assert re.search(r'value="2026-11-26T12:00:00Z" checked form="book"', page)
    assert "Free cancellation until Tue 24 Nov, 12:00" in page


def test_later_weeks_can_be_turned_to(client: FlaskClient, fill: Fill) -> None:
    fill(add_imani)
    page = client.get("/actor/imani?weeks=1").text
    assert "December 2026 to January 2027" in page or "December" in page
    assert faults(page) == []


def test_an_actor_without_rate_clips_or_score_has_a_page_all_the_same(client: FlaskClient, fill: Fill) -> None:
    def add(db: Session) -> None:
        add_actor(db, "New Person", hourly_minor=None, score=None, hours=None).slug = "new"

    fill(add)
    page = client.get("/actor/new").text
    for words in ("No clips yet", "No rate yet", "has no score yet"):
        assert words in page
    assert faults(page) == []


def test_an_unlisted_actor_is_not_found(client: FlaskClient, fill: Fill) -> None:
    def add(db: Session) -> None:
        add_actor(db, "Hidden Person", listed=False).slug = "hidden"

    fill(add)
    answer = client.get("/actor/hidden")
    assert answer.status_code == 404
    assert "Hidden Person" not in answer.text


def test_clips_that_may_not_be_shown_are_not_there(client: FlaskClient, fill: Fill) -> None:
    def add(db: Session) -> None:
        actor = add_actor(db, "Shy Person")
        actor.slug = "shy"
        add_clip(db, actor, "terror", shown=False)

    fill(add)
    assert "Terror" not in client.get("/actor/shy").text


def test_a_long_reel_costs_as_many_statements_as_a_short_one(
    client: FlaskClient, database: Database, fill: Fill
) -> None:
    fill(add_imani)
    with counted(database) as few:
        client.get("/actor/imani")

    def more(db: Session) -> None:
        imani = db.query(Actor).filter_by(slug="imani").one()
        for _ in range(8):
            add_clip(db, imani, "terror")

    fill(more)
    with counted(database) as many:
        client.get("/actor/imani")
    assert len(many) == len(few)


def test_a_start_that_is_not_free_for_so_long_is_said_and_never_quietly_swapped(
    client: FlaskClient, fill: Fill
) -> None:
    fill(add_imani)
    page = client.get("/actor/imani?day=2026-11-26&slot=2026-11-26T16:00:00Z&minutes=240").text
    assert "is not free for 4 hours" in page
    assert "is chosen instead" in page
    kept = client.get("/actor/imani?day=2026-11-26&slot=2026-11-26T12:00:00Z&minutes=120").text
    assert "is chosen instead" not in kept
