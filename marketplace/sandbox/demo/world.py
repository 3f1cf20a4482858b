"""The whole made-up trade as plain values: the same people, prices, hours and audiences every time it is asked for."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from marketplace.domain.flavour import VOCABULARY, Flavour
from marketplace.sandbox.demo.roster import ROSTER, Origin
from marketplace.sandbox.demo.trade import PAST_TITLES, ROLES
from marketplace.sandbox.network.figures import TASTES, MadeUpAccount, make_account

NETWORK_SEED: Final = 7
"""The stand-in for the networks is started with it, so that its figures go on where the demo's history ends."""

PASSWORD: Final = "curtain-call"  # the demo's own, shown on its sign-in page
"""Every demo account's password."""

MIRA: Final = "mira@reelforge.example"
IMANI: Final = "imani@actors.example"
DANA: Final = "dana@marquee.example"

Week = tuple[tuple[int, int, int], ...]
"""Weekly hours as (weekday from 0 = Monday, from minute, to minute)."""


@dataclass(frozen=True, slots=True)
class Playing:
    """A flavour an actor shows, how strong and how openly."""

    flavour: str
    intensity: str
    display: str


@dataclass(frozen=True, slots=True)
class Reel:
    """A clip to be made: what is played, in order, in equal parts."""

    title: str
    role: str
    playings: tuple[Playing, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """An actor of the demo.

    `hourly` is in whole US dollars, `handles` are (network, handle); `number` also fixes the drawn look.
    """

    number: int
    slug: str
    email: str
    origin: Origin
    born_on: date
    ages: tuple[int, int]
    union: str
    headline: str
    bio: str
    skills: tuple[str, ...]
    credits: tuple[tuple[str, str, int], ...]
    boundaries: tuple[str, ...]
    hourly: int
    minimum_minutes: int
    cancellation: str
    rush_bp: int
    hours: Week
    reels: tuple[Reel, ...]
    handles: tuple[tuple[str, str], ...]
    published: bool
    verified: bool


@cache
def people() -> tuple[Person, ...]:
    """Everyone on the roster."""
    return tuple(_person(number, origin) for number, origin in enumerate(ROSTER))


def audience(network: str, handle: str) -> MadeUpAccount:
    """The made-up account behind a handle, as the stand-in for the networks shows it."""
    return make_account(NETWORK_SEED, network, handle.lower())


def slug_of(name: str) -> str:
    """A name as part of an address: lower-case ASCII and hyphens."""
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS)).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())


# letters that have no decomposition
_LETTERS: Final = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ß": "ss", "'": ""})


def _person(number: int, origin: Origin) -> Person:
    chance = random.Random(f"person {number}")
    slug = slug_of(origin.name)
    rich = number == 0
    young = 25 if rich else chance.randrange(18, 52)
    shown = _IMANI_SHOWS if rich else _playings(chance, chance.randrange(4, 11))
    size = 5.35 if rich else min(6.3, max(3.2, chance.gauss(4.5, 0.65)))
    return Person(
        number=number,
        slug=slug,
        email=f"{slug.split('-')[0]}@actors.example" if number < 2 else f"{slug}@actors.example",
        origin=origin,
        born_on=date(2026 - young - chance.randrange(3, 8), chance.randrange(1, 13), chance.randrange(1, 29)),
        ages=(young, young + chance.randrange(8, 16)),
        union=_union(chance, origin.country),
        headline=_headline(shown),
        bio=_bio(chance, shown),
        skills=tuple(chance.sample(_SKILLS, chance.randrange(2, 6))),
        credits=_credits(chance, 6 if rich else chance.randrange(1, 6)),
        boundaries=tuple(chance.sample(_BOUNDARIES, chance.choice((0, 1, 1, 2)))),
        hourly=180 if rich else _hourly(chance, size),
        minimum_minutes=chance.choice((60, 120, 120, 120, 180)),
        cancellation="standard" if rich else chance.choice(("flexible", "standard", "standard", "firm")),
        rush_bp=chance.choice((0, 0, 1500, 2500)),
        hours=_WEEKS[0] if rich else chance.choice(_WEEKS),
        reels=_reels(chance, shown, 4 if rich else None),
        handles=_handles(chance, slug, size, 4 if rich else None),
        published=number not in _UNPUBLISHED,
        verified=rich or chance.random() < 0.7,
    )


_UNPUBLISHED: Final = (21, 44)
_IMANI_SHOWS: Final = (
    Playing("cold-fury", "high", "contained"),
    Playing("held-back-tears", "medium", "contained"),
    Playing("determination", "high", "natural"),
    Playing("disdain", "medium", "contained"),
    Playing("composure", "low", "contained"),
    Playing("relief", "medium", "released"),
    Playing("indignation", "high", "natural"),
    Playing("dread", "medium", "contained"),
    Playing("humiliation", "high", "contained"),
    Playing("tenderness", "medium", "natural"),
    Playing("dawning-realisation", "high", "natural"),
    Playing("triumph", "high", "released"),
)


def _playings(chance: random.Random, count: int) -> tuple[Playing, ...]:
    """Flavours of two or three families somebody is at home in, and a few from anywhere."""
    homes = chance.sample([family.slug for family in VOCABULARY.families], 3)
    near = [flavour for home in homes for flavour in VOCABULARY.of_family(home)]
    chosen: dict[str, Flavour] = {}
    while len(chosen) < count:
        flavour = chance.choice(near if chance.random() < 0.7 else VOCABULARY.flavours)
        chosen[flavour.slug] = flavour
    return tuple(_playing(chance, flavour) for flavour in chosen.values())


def _playing(chance: random.Random, flavour: Flavour) -> Playing:
    intensity, display = _OWN_WAY.get(flavour.slug, (None, None))
    return Playing(
        flavour.slug,
        intensity or chance.choices(("low", "medium", "high"), (2, 5, 4))[0],
        display or chance.choices(("contained", "natural", "released"), (4, 5, 2))[0],
    )


# flavours that are only themselves when played one way
_OWN_WAY: Final = {
    "cold-fury": ("high", "contained"),
    "hot-rage": ("high", "released"),
    "held-back-tears": ("medium", "contained"),
    "terror": ("high", None),
    "elation": ("high", "released"),
    "neutral": ("low", "natural"),
    "composure": ("low", "contained"),
    "unease": ("low", None),
}


def _label(playing: Playing) -> str:
    return VOCABULARY.get(playing.flavour).label


def _reels(chance: random.Random, shown: Sequence[Playing], count: int | None) -> tuple[Reel, ...]:
    """Everything shown, dealt out to clips of two to seven flavours."""
    clips = count or max(1, -(-len(shown) // 7))
    return tuple(_reel(chance, shown[i::clips]) for i in range(clips))


def _reel(chance: random.Random, part: Sequence[Playing]) -> Reel:
    first, last = _label(part[0]), _label(part[-1])
    title = first if len(part) == 1 else f"{first} to {last[0].lower()}{last[1:]}"
    return Reel(title, f"{chance.choice(ROLES)}, {chance.choice(PAST_TITLES)}", tuple(part))


def _handles(chance: random.Random, slug: str, size: float, count: int | None) -> tuple[tuple[str, str], ...]:
    """Handles on some networks; of those a person might take, the one whose made-up audience has the wanted size."""
    number = count or chance.choices((0, 1, 2, 3, 4), (1, 4, 6, 4, 2))[0]
    networks = sorted(chance.sample(sorted(TASTES), number))
    return tuple((network, _handle(network, slug, size + chance.gauss(-0.1, 0.3))) for network in networks)


def _handle(network: str, slug: str, size: float) -> str:
    first, _, rest = slug.partition("-")
    last = rest.replace("-", "")
    shapes = _X_HANDLES if network == "x" else _HANDLES
    wanted = [shape.format(first=first, last=last, f=first[0], l=last[0]) for shape in shapes]
    # X allows 15 letters
    fitting = [handle for handle in wanted if network != "x" or len(handle) <= 15] or [f"{first}_{last}"[:15]]
    return min(fitting, key=lambda handle: abs(audience(network, handle).log_followers - size))


_X_HANDLES: Final = (
    "{first}_{last}",
    "{first}{last}",
    "{f}_{last}",
    "{first}_{l}",
    "{last}_{first}",
    "its_{first}",
    "{first}_acts",
    "{first}plays",
)
_HANDLES: Final = (
    "{first}.{last}",
    "{first}{last}",
    "its{first}{last}",
    "{first}{last}acts",
    "{f}{last}",
    "{first}.acts.{last}",
    "the{first}{last}",
    "{last}.{first}",
)


def _hourly(chance: random.Random, size: float) -> int:
    """80 to 400 dollars in steps of ten; an audience raises it a little."""
    return int(min(400, max(80, 10 * round(chance.gauss(19 + 5 * (size - 4.5), 6)))))


def _union(chance: random.Random, country: str) -> str:
    unions = {"US": "SAG-AFTRA", "CA": "ACTRA", "GB": "Equity", "IE": "Equity", "AU": "MEAA", "NZ": "Equity NZ"}
    return unions[country] if country in unions and chance.random() < 0.55 else "Non-union"


def _headline(shown: Sequence[Playing]) -> str:
    first, second = _label(shown[0]), _label(shown[1]).lower()
    return f"{first} and {second}, and the turn between them"


def _bio(chance: random.Random, shown: Sequence[Playing]) -> str:
    play = VOCABULARY.get(shown[0].flavour).play
    strength = f"What I am asked for most: {_label(shown[0]).lower()} ({play})."
    return " ".join((chance.choice(_TRAINING), strength, chance.choice(_WAYS), chance.choice(_ROOMS)))


def _credits(chance: random.Random, count: int) -> tuple[tuple[str, str, int], ...]:
    titles = chance.sample(PAST_TITLES, count)
    rows = [(title, chance.choice(ROLES), chance.choice((2023, 2024, 2025, 2025, 2026))) for title in titles]
    return tuple(sorted(rows, key=lambda row: (-row[2], row[0])))


_TRAINING: Final = (
    "Twelve years of small theatres, then forty vertical titles in two.",
    "Trained for the stage, at home in the close-up.",
    "Came to acting from radio drama; the voice still leads.",
    "A dancer first, so the body is never left out.",
    "Street theatre, dubbing booths and, since 2024, capture sessions.",
    "Three seasons of hospital soap taught me to cry on the first take.",
    "Puppeteer turned screen actor: I think in single movements.",
    "Improviser by training, line-perfect by habit.",
)
_WAYS: Final = (
    "I give each beat three readings, quiet, middle and loud, before you ask.",
    "Give me the action, not the adjective, and I will find the face.",
    "I play turns: the second in which one feeling becomes another.",
    "I keep my shoulders still and let the eyes work, which drives a generated face best.",
    "I like a brief with the line before mine in it.",
    "Pick-ups come back the same evening.",
)
_ROOMS: Final = (
    "Recording at home: grey wall, two soft lights, 4K at 60.",
    "Own booth, flat light, lavalier and boom.",
    "A quiet room with a ring light and a stubborn tripod.",
    "I book a small studio nearby; its cost is in my rate.",
)
_SKILLS: Final = (
    "Stage combat",
    "Salsa",
    "Sight reading",
    "Horse riding",
    "Lip sync",
    "Mime",
    "Wire work",
    "Piano",
    "Martial arts",
    "Dubbing",
    "Sign language",
    "Singing, alto",
    "Singing, baritone",
    "Crying on cue",
    "Screaming, safely",
    "Fencing",
)
_BOUNDARIES: Final = (
    "No nudity or implied nudity",
    "No scenes of self-harm",
    "No real-world politics",
    "No tobacco or gambling products",
    "No violence against children in the story",
    "At most ten minutes of screaming a session",
    "No religious mockery",
)


def _days(days: Sequence[int], *windows: tuple[float, float]) -> Week:
    return tuple((day, round(start * 60), round(end * 60)) for day in days for start, end in windows)


_WEEKS: Final[tuple[Week, ...]] = (
    _days(range(5), (9, 13), (14, 18)),
    _days(range(5), (10, 18)),
    _days(range(4), (8.5, 12.5), (13.5, 16)),
    _days((0, 2, 4), (9, 17)) + _days((5,), (10, 15)),
    _days((1, 2, 3), (13, 21)),
    _days(range(5), (17, 22)) + _days((5, 6), (10, 18)),
    _days((5, 6), (9, 19)),
    _days(range(6), (11, 16)),
    _days((0, 1, 3, 4), (7, 12), (16, 19)),
    _days((0, 1, 2, 3, 4), (19, 24)),
)
