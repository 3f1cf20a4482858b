"""Search finds whom it should, in the order it says, with counts that keep their word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.domain.availability import Interval
from marketplace.domain.errors import NotFound
from marketplace.domain.flavour import Display, Intensity
from marketplace.models import BookOut
from marketplace.services.actor_page import find_actor_page, get_actor_page
from marketplace.services.card import find_rows
from marketplace.services.search import ActorFilter, Sort, count_each, search_actors
from tests.services.stage import NOW, add_actor, add_clip, add_hours, at
from tests.statements import counted


def names(db: Session, filters: ActorFilter) -> list[str]:
    return [row.name for row in search_actors(db, filters, 1, NOW).rows]


def test_only_listed_actors_are_found(db: Session) -> None:
    add_actor(db, "Shown")
    add_actor(db, "Hidden", listed=False)
    page = search_actors(db, ActorFilter(), 1, NOW)
    assert ([row.name for row in page.rows], page.total, page.pages) == (["Shown"], 1, 1)


def test_a_card_holds_what_the_page_shows(db: Session) -> None:
    actor = add_actor(
        db, "Imani Okafor", languages=["en", "yo"], verified=True,
        flavours=[("menace", "low", "natural"), ("cold-fury", "high", "contained")],
    )  # fmt: skip
    (row,) = search_actors(db, ActorFilter(), 1, NOW).rows
    assert (row.id, row.slug, row.place, row.playing_age, row.verified) == (
        actor.id,
        actor.slug,
        "Lagos",
        "25–35",
        True,
    )
    assert (row.rate_minor, row.currency, row.score, row.score_low) == (18_000, "USD", 80.0, 77.0)
    assert row.languages == ("English", "Yoruba")
    assert [flavour.label for flavour in row.flavours] == ["Cold fury", "Menace"]
    assert row.next_free_at == at(24, 9)


def test_all_chosen_flavours_are_wanted_unless_any_will_do(db: Session) -> None:
    add_actor(db, "Both", flavours=[("cold-fury", "high", "contained"), ("menace", "low", "natural")])
    add_actor(db, "One", flavours=[("menace", "high", "natural")])
    add_actor(db, "None")
    wanted = ("cold-fury", "menace")
    assert names(db, ActorFilter(flavours=wanted)) == ["Both"]
    assert names(db, ActorFilter(flavours=wanted, any_flavour=True)) == ["Both", "One"]
    assert names(db, ActorFilter(flavours=("no-such-flavour",))) == []


def test_strength_and_openness_narrow_a_flavour(db: Session) -> None:
    add_actor(db, "Loud", flavours=[("cold-fury", "high", "released")])
    add_actor(db, "Quiet", flavours=[("cold-fury", "low", "contained")])
    only = ("cold-fury",)
    assert names(db, ActorFilter(flavours=only, intensity=Intensity.MEDIUM)) == ["Loud"]
    assert names(db, ActorFilter(flavours=only, display=Display.CONTAINED)) == ["Quiet"]


def test_a_clip_that_is_not_shown_finds_nobody(db: Session) -> None:
    actor = add_actor(db)
    add_clip(db, actor, "cold-fury", shown=False)
    assert names(db, ActorFilter(flavours=("cold-fury",))) == []
    assert search_actors(db, ActorFilter(), 1, NOW).rows[0].flavours == ()


@pytest.mark.parametrize("text", ["imani", "OKAF", "lagos", "cold fury", "yoruba", "imani lagos", "anger"])
def test_text_is_looked_for_in_names_towns_flavours_and_languages(db: Session, text: str) -> None:
    add_actor(db, "Imani Okafor", languages=["yo"], flavours=[("cold-fury", "high", "contained")])
    add_actor(db, "Jae Park", city="Seoul", languages=["ko"], flavours=[("delight", "high", "released")])
    assert names(db, ActorFilter(text=text)) == ["Imani Okafor"]


@pytest.mark.parametrize("text", ["100%", "_", "imani seoul", "' OR 1=1 --"])
def test_text_that_is_nowhere_finds_nobody(db: Session, text: str) -> None:
    add_actor(db, "Imani Okafor")
    assert names(db, ActorFilter(text=text)) == []


def test_rates_are_compared_within_one_currency(db: Session) -> None:
    add_actor(db, "Cheap", hourly_minor=9_000)
    add_actor(db, "Dear", hourly_minor=30_000)
    add_actor(db, "Yen", hourly_minor=10_000, currency="JPY")
    add_actor(db, "Unpriced", hourly_minor=None)
    assert names(db, ActorFilter(rate_to_minor=10_000)) == ["Cheap"]
    assert names(db, ActorFilter(rate_from_minor=10_000)) == ["Dear"]
    assert names(db, ActorFilter(rate_to_minor=10_000, currency="JPY")) == ["Yen"]


def test_score_age_language_and_check_mark_filter(db: Session) -> None:
    add_actor(db, "High", score=91, ages=(18, 22), languages=["fr"], verified=True)
    add_actor(db, "Low", score=40, ages=(40, 55))
    add_actor(db, "Unscored", score=None)
    assert names(db, ActorFilter(score_from=50)) == ["High"]
    assert names(db, ActorFilter(playing_age=45)) == ["Low"]
    assert names(db, ActorFilter(languages=("fr", "de"))) == ["High"]
    assert names(db, ActorFilter(verified=True)) == ["High"]


def test_orders_are_what_they_say(db: Session) -> None:
    fury = ("cold-fury", "high", "contained")
    add_actor(db, "Ann", score=50, hourly_minor=30_000, flavours=[fury])
    add_actor(db, "Bob", score=90, hourly_minor=10_000, flavours=[("cold-fury", "low", "contained")])
    add_actor(db, "cid", score=None, hourly_minor=20_000, flavours=[fury])
    assert names(db, ActorFilter()) == ["Bob", "Ann", "cid"]
    assert names(db, ActorFilter(flavours=("cold-fury",))) == ["Ann", "cid", "Bob"]
    assert names(db, ActorFilter(sort=Sort.RATE)) == ["Bob", "cid", "Ann"]
    assert names(db, ActorFilter(sort=Sort.NAME)) == ["Ann", "Bob", "cid"]
    assert all(sort.sentence for sort in Sort)


def test_available_means_free_for_long_enough_inside_the_window(db: Session) -> None:
    add_actor(db, "Free")
    booked_out = add_actor(db, "Out")
    db.add(BookOut(actor_id=booked_out.id, starts_at=at(25, 0), ends_at=at(26, 0), created_at=NOW))
    short = add_actor(db, "Short", hours=None)
    add_hours(db, short, 9, 10)
    add_actor(db, "Far", zone="Pacific/Auckland", hours=(9, 17))
    window = Interval(at(25, 8), at(25, 18))
    found = ActorFilter(available=window, length=timedelta(hours=2), sort=Sort.NAME)
    assert names(db, found) == ["Free"]
    assert names(db, ActorFilter(available=window, length=timedelta(hours=1), sort=Sort.NAME)) == ["Free", "Short"]


def test_counts_say_what_a_choice_would_find(db: Session) -> None:
    add_actor(
        db,
        "A",
        score=91,
        hourly_minor=9_000,
        flavours=[("cold-fury", "high", "contained"), ("hot-rage", "low", "released")],
    )
    add_actor(db, "B", score=42, hourly_minor=60_000, languages=["fr"], flavours=[("cold-fury", "high", "contained")])
    add_actor(db, "C", score=None, flavours=[("delight", "high", "released")])
    every = search_actors(db, ActorFilter(), 1, NOW).facets
    assert every.flavours == {"cold-fury": 2, "hot-rage": 1, "delight": 1}
    assert every.families == {"anger": 2, "joy": 1}
    assert every.languages == {"en": 2, "fr": 1}
    assert (every.rates[3], every.rates[7], every.rates[-1], sum(every.rates)) == (1, 1, 1, 3)
    assert (every.scores[18], every.scores[8], sum(every.scores)) == (1, 1, 2)

    chosen = search_actors(db, ActorFilter(flavours=("cold-fury",), languages=("fr",)), 1, NOW)
    assert chosen.total == 1
    assert chosen.facets.languages == {"en": 1, "fr": 1}  # of those with cold fury
    assert chosen.facets.flavours == {"cold-fury": 1}  # of those who speak French


@pytest.mark.parametrize(
    "filters",
    [
        ActorFilter(flavours=("cold-fury",)),
        ActorFilter(flavours=("cold-fury",), any_flavour=True),
        ActorFilter(families=("joy",)),
        ActorFilter(languages=("fr",)),
        ActorFilter(available=Interval(at(25, 8), at(25, 18))),
        ActorFilter(score_from=60),
    ],
)
def test_a_count_is_the_total_that_adding_its_choice_gives(db: Session, filters: ActorFilter) -> None:
    add_actor(db, "A", score=91, flavours=[("cold-fury", "high", "contained"), ("delight", "low", "released")])
    add_actor(db, "B", score=42, languages=["fr"], flavours=[("cold-fury", "high", "contained")])
    add_actor(db, "C", score=70, languages=["fr", "en"], hours=None, flavours=[("delight", "high", "released")])
    page = search_actors(db, filters, 1, NOW)
    for language, count in page.facets.languages.items():
        asked = ActorFilter(**{**vars(filters), "languages": (language,)})
        assert search_actors(db, asked, 1, NOW).total == count
    for flavour, count in page.facets.flavours.items():
        flavours = (flavour,) if filters.any_flavour else (*filters.flavours, flavour)
        asked = ActorFilter(**{**vars(filters), "flavours": flavours})
        assert search_actors(db, asked, 1, NOW).total == count


def test_pages_hold_every_actor_once_and_the_last_is_the_last(db: Session) -> None:
    for i in range(7):
        add_actor(db, f"Actor {i}", score=50)
    pages = [search_actors(db, ActorFilter(), number, NOW, size=3) for number in (1, 2, 3, 9)]
    assert [page.page for page in pages] == [1, 2, 3, 3]
    assert sorted(row.name for page in pages[:3] for row in page.rows) == [f"Actor {i}" for i in range(7)]


def test_an_empty_result_has_a_page_and_its_counts(db: Session) -> None:
    add_actor(db, languages=["en"])
    page = search_actors(db, ActorFilter(languages=("xx",)), 1, NOW)
    assert (page.rows, page.total, page.page, page.pages) == ((), 0, 1, 1)
    assert page.facets.languages == {"en": 1}


def test_more_rows_take_no_more_statements(db: Session) -> None:
    sent: list[int] = []
    for _ in range(3):
        for _ in range(4):
            add_actor(db, flavours=[("cold-fury", "high", "contained")])
        filters = ActorFilter(flavours=("cold-fury",), available=Interval(at(25, 8), at(25, 18)))
        with counted(db) as statements:
            search_actors(db, filters, 1, NOW)
        sent.append(len(statements))
    assert sent == [10, 10, 10]
    with counted(db) as statements:
        search_actors(db, ActorFilter(), 1, NOW)
    assert len(statements) == 6


def test_cards_of_chosen_actors_keep_their_order(db: Session) -> None:
    first, second, hidden = add_actor(db, "First"), add_actor(db, "Second"), add_actor(db, "Hidden", listed=False)
    assert [row.name for row in find_rows(db, [second.id, hidden.id, first.id], NOW)] == ["Second", "First"]


def test_an_actors_page_has_its_clips_prices_and_terms(db: Session) -> None:
    actor = add_actor(db, "Imani Okafor", flavours=[("cold-fury", "high", "contained")], cancellation="firm")
    add_clip(db, actor, "menace", shown=False)
    page = find_actor_page(db, actor.slug, NOW)
    assert page is not None
    assert (page.first_name, page.cancellation, page.score, page.history) == ("Imani", "firm", None, ())
    assert page.card is not None
    assert page.card.hour.minor == 18_000
    assert [(clip.title, clip.stretches[0].flavour.label) for clip in page.clips] == [("cold-fury", "Cold fury")]


def test_the_page_of_an_actor_who_is_not_listed_is_not_found(db: Session) -> None:
    hidden = add_actor(db, listed=False)
    assert find_actor_page(db, hidden.slug, NOW) is None
    with pytest.raises(NotFound):
        get_actor_page(db, "nobody", NOW)


def test_counts_of_several_searches_are_what_each_would_find(db: Session) -> None:
    add_actor(db, "Imani Okafor", score=82.0, flavours=[("cold-fury", "high", "contained")], verified=True)
    add_actor(db, "Kenji Morita", score=61.0, flavours=[("awe", "low", "natural")], hours=None)
    week = Interval(NOW, NOW + timedelta(days=7))
    several = [
        ActorFilter(),
        ActorFilter(text="kenji"),
        ActorFilter(available=week),
        ActorFilter(text="kenji", available=week),
        ActorFilter(verified=True, available=week, flavours=("cold-fury",)),
        ActorFilter(families=("surprise",), score_from=80),
    ]
    assert count_each(db, several, NOW) == [search_actors(db, one, 1, NOW).total for one in several]
    assert count_each(db, several, NOW) == [2, 1, 1, 0, 1, 0]
    assert count_each(db, [], NOW) == []
