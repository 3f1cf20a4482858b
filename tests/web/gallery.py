"""A page with every component on it, rendered without a database: for tests, and to look at while designing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, render_template
from flask_wtf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader

from marketplace.domain.money import Money
from marketplace.domain.rate import Ask, RateCard, Usage, UsageScope, UsageTerm, make_quote
from marketplace.web import asset, chart, navigation, show, week
from marketplace.web.status import STATUS

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "marketplace" / "static"
AT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
FAMILIES = ("anger", "joy", "sadness", "fear", "contempt", "surprise", "love", "shame", "power", "stillness")


def make_gallery() -> Flask:
    """An application with one page."""
    app = Flask("gallery", static_folder=None)
    app.config.update(SECRET_KEY="gallery", TESTING=True)
    app.jinja_loader = ChoiceLoader([FileSystemLoader(ROOT / "templates"), FileSystemLoader(Path(__file__).parent)])
    CSRFProtect(app)
    assets = asset.Assets(STATIC)
    app.register_blueprint(asset.make_blueprint(assets))
    show.install(app.jinja_env)
    app.jinja_env.globals.update(
        navigation.GLOBALS, asset=assets.url, demo=True, portrait_url=lambda _: None, count_unread=lambda: 2
    )
    app.add_url_rule("/", "gallery", gallery)
    app.add_url_rule("/error/<int:status>", "error", error)
    return app


def gallery() -> str:
    """The page."""
    return render_template("gallery.html", **_context())


def error(status: int) -> tuple[str, int]:
    """An error page as visitors see it."""
    return render_template(
        f"error/{status}.html", status=status, sentence=None, request_id="0f3c", principal=None
    ), status


def _context() -> dict[str, Any]:
    picked = date(2026, 11, 24)
    weeks = week.rolling_weeks(
        date(2026, 11, 22),
        {picked + timedelta(days=step): 1 + step % 5 for step in range(0, 24, 2)},
        picked=picked,
        href=lambda on: f"?day={on}",
    )
    principal = SimpleNamespace(
        name="Ada Lund", email="ada@parallax.example", role="member", platform_name="Parallax AI", portrait=None
    )
    return {
        "principal": principal,
        "statuses": STATUS,
        "families": FAMILIES,
        "at": AT,
        "later": AT + timedelta(hours=3),
        "ranges": [
            {
                "label": name.capitalize(),
                "family": name,
                "total_width": 90 - 8 * at,
                "part_width": 60 - 5 * at,
                "part": 11 - at,
                "total": 14 - at,
            }
            for at, name in enumerate(FAMILIES)
        ],
        "spark": chart.sparkline([61, 64, 63, 70, 76, 82]),
        "history": chart.score_history(_readings(), flags=[(date(2026, 10, 12), "Jump discounted")]),
        "parts": chart.stack([34, 22, 16]),
        "bins": chart.histogram([0, 1, 4, 9, 14, 8, 3, 1], 0, 100),
        "clips": _clips(),
        "clip_href": lambda clip: f"?clip={clip.clip_id}#reel",
        "weeks": weeks,
        "title": week.title_of(weeks),
        "slots": [
            SimpleNamespace(value=str(hour), here=f"{hour}:00", there=f"{hour + 1}:00", is_picked=hour == 14)
            for hour in (9, 11, 14, 16)
        ],
        "quote": make_quote(
            RateCard(Money(18_000, "USD")),
            Ask(120, Usage(UsageScope.ONE_TITLE, UsageTerm.MONTHS_12), AT + timedelta(days=9)),
            800,
            AT,
        ),
        "cards": [
            _card("Imani Okafor", 82.0),
            _card("Alexandrina Konstantinopoulou-Weatherby", 61.0),
            _card("Kenji Morita", None),
        ],
        "page_href": lambda number: f"?page={number}",
    }


def _readings() -> list[chart.Reading]:
    start = date(2026, 6, 1)
    return [chart.Reading(start + timedelta(weeks=at), 70 + at * 0.5, 64 + at * 0.6, 78 + at * 0.3) for at in range(25)]


def _clips() -> list[SimpleNamespace]:
    seconds = (9, 16, 11, 14, 8)
    strip = chart.stack(seconds)
    names = (
        ("Steely", "power"),
        ("Cold fury", "anger"),
        ("Quiet shame", "shame"),
        ("Still", "stillness"),
        ("Awe", "surprise"),
    )
    return [
        SimpleNamespace(
            clip_id=at,
            starts=0,
            src=f"/media/{at}.mp4",
            poster=None,
            title=f"Clip {at}",
            label=label,
            family=family,
            seconds=length,
            x=part.x,
            width=part.width,
        )
        for at, ((label, family), length, part) in enumerate(zip(names, seconds, strip, strict=True))
    ]


def _card(name: str, score: float | None) -> SimpleNamespace:
    return SimpleNamespace(
        slug="x",
        name=name,
        portrait_key=None,
        verified=score is not None,
        place="Lagos",
        playing_age="25–35",
        languages=["English", "Yoruba", "French"],
        rate_minor=18000,
        currency="USD",
        score=score,
        score_low=score and score - 3,
        score_high=score and score + 3,
        confidence="high" if score else None,
        flavours=[
            SimpleNamespace(label="Cold fury", family="anger"),
            SimpleNamespace(label="Wounded pride", family="shame"),
            SimpleNamespace(label="Awe", family="surprise"),
        ],
        next_free_at=AT + timedelta(days=1) if score else None,
    )
