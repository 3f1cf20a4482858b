"""The flavour vocabulary: families, flavours, how strong and how openly each is played, and which lie near."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from importlib.resources import files
from typing import Any, Final, TypeVar

from marketplace.domain.errors import Invalid


class Intensity(IntEnum):
    """How strong. Three steps, because people shown the same clip cannot agree on five."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """The step as people and the vocabulary file say it."""
        return self.name.lower()

    @classmethod
    def read(cls, word: str) -> Intensity:
        """The step a form or a row names; refuses any other word."""
        return _step(cls, word)


class Display(IntEnum):
    """How much of it shows, apart from how strong it is: cold fury is high and contained."""

    CONTAINED = 1
    NATURAL = 2
    RELEASED = 3

    @property
    def word(self) -> str:
        """The step as people and the vocabulary file say it."""
        return self.name.lower()

    @classmethod
    def read(cls, word: str) -> Display:
        """The step a form or a row names; refuses any other word."""
        return _step(cls, word)


_Step = TypeVar("_Step", bound=IntEnum)


def _step(steps: type[_Step], word: str) -> _Step:
    for step in steps:
        if step.name.lower() == word:
            return step
    raise Invalid(f"“{word}” is not a step of {steps.__name__.lower()}.", code=steps.__name__.lower())


class UnknownFlavour(Invalid):
    """A flavour was named that the vocabulary does not have."""


@dataclass(frozen=True, slots=True)
class Family:
    """A family of flavours ("anger"): the level of filters and colours."""

    slug: str
    label: str


@dataclass(frozen=True, slots=True)
class Flavour:
    """One nuance an actor can play. `play` is the line a director could give; `near` lists look-alikes' slugs."""

    slug: str
    family: str
    label: str
    play: str
    near: frozenset[str]
    goemotions: str
    ekman6: str


@dataclass(frozen=True)
class Vocabulary:
    """One version of the whole vocabulary. `retired` maps a slug no longer used to the one that replaced it."""

    version: str
    families: tuple[Family, ...]
    flavours: tuple[Flavour, ...]
    retired: Mapping[str, str]

    @cached_property
    def _by_slug(self) -> dict[str, Flavour]:
        return {flavour.slug: flavour for flavour in self.flavours}

    def find(self, slug: str) -> Flavour | None:
        """The flavour called `slug` now or in an older version, or None."""
        return self._by_slug.get(self.retired.get(slug, slug))

    def get(self, slug: str) -> Flavour:
        """The flavour called `slug`; refuses one the vocabulary never had."""
        flavour = self.find(slug)
        if flavour is None:
            raise UnknownFlavour(f"There is no flavour called “{slug}”. Choose one from the list.", code="flavour")
        return flavour

    def of_family(self, family: str) -> tuple[Flavour, ...]:
        """The flavours of one family, in the file's order; none for an unknown family."""
        return tuple(flavour for flavour in self.flavours if flavour.family == family)


def parse_vocabulary(text: str) -> Vocabulary:
    """Read a vocabulary file.

    Refuses (ValueError) repeated slugs, unknown families, `near` links that are one-sided or lead nowhere, retired
    slugs that lead nowhere, and steps of intensity or display other than ours.
    """
    data = json.loads(text)
    vocabulary = Vocabulary(
        version=data["version"],
        families=tuple(Family(f["slug"], f["label"]) for f in data["families"]),
        flavours=tuple(_flavour(f) for f in data["flavours"]),
        retired=data["retired"],
    )
    _check_steps(data)
    _check_names(vocabulary)
    _check_near(vocabulary)
    return vocabulary


def _flavour(row: Mapping[str, Any]) -> Flavour:
    return Flavour(
        slug=row["slug"],
        family=row["family"],
        label=row["label"],
        play=row["play"],
        near=frozenset(row["near"]),
        goemotions=row["goemotions"],
        ekman6=row["ekman6"],
    )


def _check_steps(data: Mapping[str, Any]) -> None:
    for name, steps in (("intensity", Intensity), ("display", Display)):
        if data[name] != [step.word for step in steps]:
            raise ValueError(f"the vocabulary's {name} steps are not {[step.word for step in steps]}")


def _check_names(vocabulary: Vocabulary) -> None:
    slugs = [flavour.slug for flavour in vocabulary.flavours]
    if len(set(slugs)) != len(slugs):
        raise ValueError("a flavour is listed twice")
    families = {family.slug for family in vocabulary.families}
    if strangers := {f.slug for f in vocabulary.flavours if f.family not in families}:
        raise ValueError(f"flavours of unknown families: {sorted(strangers)}")
    if lost := {old for old, new in vocabulary.retired.items() if new not in slugs or old in slugs}:
        raise ValueError(f"retired flavours that lead nowhere: {sorted(lost)}")


def _check_near(vocabulary: Vocabulary) -> None:
    near = {flavour.slug: flavour.near for flavour in vocabulary.flavours}
    for slug, others in near.items():
        if slug in others:
            raise ValueError(f"{slug} is near itself")
        if one_sided := {other for other in others if slug not in near.get(other, ())}:
            raise ValueError(f"{slug} is near {sorted(one_sided)}, which do not say so")


VOCABULARY: Final = parse_vocabulary(files("marketplace.domain").joinpath("flavours.json").read_text("utf-8"))
"""The vocabulary in use. It is part of the program, read once when the program is loaded."""
