"""What happened between the demo's platforms and actors: which bookings there are, and how far each has come."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from marketplace.sandbox.demo.trade import HOUSES, TITLES, Title


@dataclass(frozen=True, slots=True)
class Story:
    """One booking.

    `actor` and `house` are places in their lists. `end` names where it has come to: a booking's state, or
    "payout_..." for a completed booking whose payout has come to that state. `days` is when the session is, from now.
    """

    actor: int
    house: int
    end: str
    days: float
    title: Title
    minutes: int = 120
    words: str = ""


_IMANI: Final = (
    ("payout_transferred", -96, "", 0),
    ("payout_transferred", -74, "", 6),
    ("payout_transferred", -45, "", 0),
    ("payout_partly_reversed", -38, "One of three takes could not be used; both sides agreed.", 3),
    ("payout_transferred", -31, "", 2),
    ("cancelled", -27, "The scene was written out.", 1),
    ("payout_rejected", -24, "You told us that the platform has paid you directly, so nothing is paid out here.", 4),
    ("payout_held", -13, "Your bank account is new. Please confirm it at Stripe; we look again then.", 5),
    ("payout_review", -2.6, "", 0),
    ("payout_approved", -5, "", 2),
    ("changes_requested", -4, "The second turn comes too fast. Please hold the stillness two seconds longer.", 0),
    ("disputed", -3.5, "Takes 1 and 2 are the same recording.", 6),
    ("delivered", -2, "", 0),
    ("in_session", -1, "", 3),
    ("declined", 3, "I am on stage that evening.", 4),
    ("withdrawn", 4, "", 0),
    ("confirmed", 3, "", 0),
    ("confirmed_signed", 5, "", 2),
    ("accepted", 6, "", 0),
    ("requested", 7, "", 0),
    ("requested", 8, "", 5),
    ("expired", 9, "", 3),
    ("draft", 10, "", 0),
    ("countered", 11, "The last beat needs a voice coach, so I ask for a little more.", 0),
    ("pencilled", 16, "", 2),
    ("pencilled", 16, "", 0),
    ("rescheduling", 21, "I have a fitting that morning. Could we do the day after?", 0),
    ("lapsed", 10, "", 4),
    ("confirmed_signed", 78, "", 0),  # far ahead: its card is saved, and charged near the day
)  # fmt: skip

_OTHERS: Final = (
    "payout_transferred", "payout_review", "requested", "payout_review", "confirmed_signed", "delivered",
    "payout_transferred", "payout_held", "payout_review", "accepted", "in_session", "payout_review",
    "payout_transferred", "payout_approved",
    "cancelled_by_actor", "payout_review", "disputed", "payout_review", "confirmed", "payout_reversed", "requested",
    "payout_review", "declined", "payout_transferred", "delivered", "payout_review", "no_show_claimed",
)  # fmt: skip
_DAYS: Final = {
    "payout_transferred": (-80, -18),
    "payout_review": (-3.4, -1.4),
    "payout_held": (-16, -10),
    "payout_approved": (-6, -5),
    "payout_reversed": (-40, -30),
    "requested": (4, 12),
    "accepted": (5, 9),
    "confirmed": (3, 8),
    "confirmed_signed": (2, 9),
    "delivered": (-4, -2),
    "in_session": (-2, -1),
    "no_show_claimed": (-1, -0.2),
    "disputed": (-8, -4),
    "declined": (3, 6),
    "cancelled_by_actor": (4, 7),
}
_WORDS: Final = {
    "payout_held": "This is your first payout and the name at Stripe differs from your profile. Please check it there.",
    "disputed": "The line was changed and the flavour with it.",
    "no_show_claimed": "We were in the call from the first minute and nobody joined.",
}


def stories(actors: int) -> Sequence[Story]:
    """All of them, the oldest session first. Half of the first actor's are with the first platform."""
    others = list(_of_others(actors))
    told = [*_of_imani(), *others, *_again(others)]
    return sorted(told, key=lambda story: story.days)


def _of_imani() -> Iterator[Story]:
    for place, (end, days, words, house) in enumerate(_IMANI):
        yield Story(0, house, end, days, TITLES[place % len(TITLES)], (120, 180, 120, 240)[place % 4], words)


def _of_others(actors: int) -> Iterator[Story]:
    chance = random.Random("bookings")
    for place, end in enumerate(_OTHERS):
        earliest, latest = _DAYS[end]
        words = _WORDS.get(end, "")
        # every third one is the first platform's, so that its own list is long
        house = 0 if place % 3 == 0 else chance.randrange(1, len(HOUSES) - 1)
        actor = 1 + (place * 5) % (actors - 1)
        yield Story(actor, house, end, chance.uniform(earliest, latest), chance.choice(TITLES), 180, words)


def _again(others: Sequence[Story]) -> Iterator[Story]:
    """Who was paid before has worked for the same platform again: nothing speaks against these payouts."""
    paid = [story for story in others if story.end == "payout_transferred"]
    for place, story in enumerate(paid):
        title = TITLES[(place + 3) % len(TITLES)]
        yield replace(story, end="payout_review", days=-1.5 - place / 4, title=title, minutes=120)
