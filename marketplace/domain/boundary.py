"""What an actor will not play, or wants to be asked about first, and how much of it one session may hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from marketplace.domain.errors import Invalid
from marketplace.domain.flavour import Display, Intensity
from marketplace.domain.line import lowered

MOST_INTENSE: Final = 40
"""The highest cap an actor can set: more beats than this do not fit into a request."""


class Limit(StrEnum):
    """What an actor says about a topic. One that nothing is said about is open."""

    ASK = "ask"
    NEVER = "never"

    @property
    def label(self) -> str:
        """The limit as both sides read it."""
        return {"ask": "Ask me first", "never": "Never"}[self]


class Crossed(Invalid):
    """A request holds what the actor never plays."""

    code = "boundary"


@dataclass(frozen=True, slots=True)
class Topic:
    """Something a scene can hold that people may not want to play. `means` says what counts as it."""

    slug: str
    label: str
    means: str
    group: str


@dataclass(frozen=True)
class Topics:
    """One version of the list. `retired` maps a slug no longer used to the one that took its place."""

    version: str
    groups: tuple[str, ...]
    topics: tuple[Topic, ...]
    retired: Mapping[str, str]

    @cached_property
    def _by_slug(self) -> dict[str, Topic]:
        return {topic.slug: topic for topic in self.topics}

    def find(self, slug: str) -> Topic | None:
        """The topic called `slug` now or in an older version, or None."""
        return self._by_slug.get(self.retired.get(slug, slug))

    def get(self, slug: str) -> Topic:
        """The topic called `slug`; refuses one the list never had."""
        topic = self.find(slug)
        if topic is None:
            raise Invalid(f"There is no topic called “{slug}”. Choose from the list.", field="topic", code="topic")
        return topic

    def of_group(self, group: str) -> tuple[Topic, ...]:
        """The topics of one group in the file's order."""
        return tuple(topic for topic in self.topics if topic.group == group)

    def among(self, slugs: Iterable[str]) -> tuple[Topic, ...]:
        """The topics named, each once, in the file's order; refuses one the list never had."""
        named = {self.get(slug).slug for slug in slugs}
        return tuple(topic for topic in self.topics if topic.slug in named)


def parse_topics(text: str) -> Topics:
    """Read a file of topics; refuses (ValueError) repeated slugs, unknown groups and retired ones that lead nowhere."""
    data = json.loads(text)
    topics = Topics(
        version=data["version"],
        groups=tuple(data["groups"]),
        topics=tuple(Topic(row["slug"], row["label"], row["means"], row["group"]) for row in data["topics"]),
        retired=data["retired"],
    )
    slugs = [topic.slug for topic in topics.topics]
    if len(set(slugs)) != len(slugs):
        raise ValueError("a topic is listed twice")
    if strangers := {topic.group for topic in topics.topics} - set(topics.groups):
        raise ValueError(f"topics of unknown groups: {sorted(strangers)}")
    if lost := {old for old, new in topics.retired.items() if new not in slugs or old in slugs}:
        raise ValueError(f"retired topics that lead nowhere: {sorted(lost)}")
    return topics


TOPICS: Final = parse_topics(files("marketplace.domain").joinpath("topics.json").read_text("utf-8"))
"""The topics in use. They are part of the program, read once when the program is loaded."""


@dataclass(frozen=True, slots=True)
class Limits:
    """An actor's own limits: per topic, and how many released beats of high intensity one session may ask for."""

    topics: Mapping[str, Limit] = field(default_factory=lambda: MappingProxyType({}))
    most_intense: int = 6

    def __post_init__(self) -> None:
        """Refuse a cap beyond all reason."""
        if not 0 <= self.most_intense <= MOST_INTENSE:
            raise Invalid(
                f"The most loud beats in a session is between 0 and {MOST_INTENSE}.", field="most_intense", code="cap"
            )

    @classmethod
    def read(cls, topics: Mapping[str, Any], most_intense: int) -> Limits:
        """From a form or a row; refuses a topic or a limit that is not on the list."""
        try:
            limits = {TOPICS.get(slug).slug: Limit(said) for slug, said in topics.items()}
        except ValueError:
            raise Invalid("A topic is open, to be asked about, or never.", field="topic", code="topic") from None
        return cls(MappingProxyType(limits), most_intense)

    def of(self, limit: Limit) -> tuple[Topic, ...]:
        """The topics about which the actor says this."""
        return TOPICS.among(slug for slug, said in self.topics.items() if said == limit)

    def to_json(self) -> dict[str, str]:
        """The topics as a row keeps them."""
        return {slug: said.value for slug, said in self.topics.items()}


def count_intense(beats: Iterable[tuple[str, str]]) -> int:
    """How many of (intensity, display) are screams and sobs: high and released."""
    loud = (Intensity.HIGH.word, Display.RELEASED.word)
    return sum(1 for beat in beats if tuple(beat) == loud)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a request runs into: topics that forbid it, and sentences that the actor must say yes to."""

    never: tuple[Topic, ...] = ()
    asks: tuple[str, ...] = ()

    def check(self, first_name: str) -> None:
        """Refuse what the actor never plays, with the reason."""
        if self.never:
            names = _listed([topic.label.lower() for topic in self.never])
            raise Crossed(f"{first_name} does not play {names}. Nothing was requested.", field="topic")


def judge(limits: Limits, topics: Iterable[str], beats: Sequence[tuple[str, str]]) -> Verdict:
    """Hold what a scene contains (`topics` by name, `beats` as (intensity, display)) against an actor's limits."""
    held = TOPICS.among(topics)
    asked = [topic for topic in held if limits.topics.get(topic.slug) == Limit.ASK]
    asks = [f"The scene holds {topic.label.lower()}: {lowered(topic.means)}" for topic in asked]
    if (intense := count_intense(beats)) > limits.most_intense:
        asks.append(_load(intense, limits.most_intense))
    return Verdict(tuple(topic for topic in held if limits.topics.get(topic.slug) == Limit.NEVER), tuple(asks))


def _load(intense: int, most: int) -> str:
    beats = "1 beat" if intense == 1 else f"{intense} beats"
    return f"The session asks for {beats} of high intensity played out loud; the limit set for one session is {most}."


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} or {names[-1]}"
