"""The vocabulary is whole, and a broken one is never loaded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from marketplace.domain.errors import Invalid
from marketplace.domain.flavour import VOCABULARY, Display, Intensity, UnknownFlavour, parse_vocabulary

GOOD: dict[str, Any] = {
    "version": "1.0",
    "families": [{"slug": "anger", "label": "Anger"}],
    "intensity": ["low", "medium", "high"],
    "display": ["contained", "natural", "released"],
    "flavours": [
        {
            "slug": slug,
            "family": "anger",
            "label": slug.title(),
            "play": "a line",
            "goemotions": "anger",
            "ekman6": "anger",
            "near": [other],
        }
        for slug, other in (("hot", "cold"), ("cold", "hot"))
    ],
    "retired": {"icy": "cold"},
}


def test_there_are_ten_families_and_seventy_two_flavours() -> None:
    assert VOCABULARY.version == "1.0"
    assert [family.slug for family in VOCABULARY.families] == [
        "anger", "joy", "sadness", "fear", "contempt", "surprise", "love", "shame", "power", "stillness",
    ]  # fmt: skip
    sizes = [len(VOCABULARY.of_family(family.slug)) for family in VOCABULARY.families]
    assert sizes == [10, 11, 8, 7, 6, 6, 7, 5, 7, 5]
    assert sum(sizes) == len(VOCABULARY.flavours) == 72


def test_each_flavour_has_a_line_to_play_and_is_found_by_its_slug() -> None:
    for flavour in VOCABULARY.flavours:
        assert VOCABULARY.get(flavour.slug) == flavour
        assert flavour.play
        assert flavour.label
    assert "menace" in VOCABULARY.get("cold-fury").near


def test_an_unknown_flavour_is_refused() -> None:
    assert VOCABULARY.find("hangry") is None
    with pytest.raises(UnknownFlavour):
        VOCABULARY.get("hangry")


def test_a_retired_flavour_leads_to_its_heir() -> None:
    assert parse_vocabulary(json.dumps(GOOD)).get("icy").slug == "cold"


@pytest.mark.parametrize(
    "fault",
    [
        {"flavours": GOOD["flavours"] + GOOD["flavours"][:1]},
        {"families": [{"slug": "joy", "label": "Joy"}]},
        {"flavours": [GOOD["flavours"][0], GOOD["flavours"][1] | {"near": []}]},
        {"flavours": [GOOD["flavours"][0] | {"near": ["nowhere"]}]},
        {"flavours": [GOOD["flavours"][0] | {"near": ["hot"]}]},
        {"retired": {"icy": "gone"}},
        {"retired": {"hot": "cold"}},
        {"intensity": ["weak", "strong"]},
        {"display": ["natural", "contained", "released"]},
    ],
)
def test_a_vocabulary_with_a_fault_is_not_loaded(fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        parse_vocabulary(json.dumps(GOOD | fault))


def test_steps_are_read_from_words() -> None:
    assert [Intensity.read(word) for word in ("low", "medium", "high")] == list(Intensity)
    assert [Display.read(step.word) for step in Display] == list(Display)
    for wrong in ("HIGH", "", "extreme"):
        with pytest.raises(Invalid):
            Intensity.read(wrong)
