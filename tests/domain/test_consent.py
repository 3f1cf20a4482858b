"""Consent is specific, signed by its actor under the very terms that were shown, and denies training by default."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from marketplace.domain.consent import Signature, Terms, check_specific, digest, sign
from marketplace.domain.errors import Invalid
from marketplace.domain.rate import Exclusivity, Territory, Usage, UsageScope, UsageTerm

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TERMS = Terms(
    booking_id=42,
    platform="ReelForge",
    actor="Imani Okafor",
    project="Heiress",
    character="Vera",
    purpose="Driving performance for Vera in episodes 3 to 8.",
    usage=Usage(UsageScope.ONE_TITLE, UsageTerm.MONTHS_12),
)


def test_training_is_denied_unless_it_is_granted_by_name() -> None:
    assert TERMS.training is False
    assert "No model may be trained on the takes." in TERMS.sentences()
    assert "Models may be trained on the takes." in replace(TERMS, training=True).sentences()


def test_the_terms_name_who_what_where_and_how_long() -> None:
    text = " ".join(TERMS.sentences())
    for part in ("ReelForge", "booking 42", "Heiress", "as Vera", "episodes 3 to 8", "one title, 12 months"):
        assert part in text
    assert "Where: worldwide." in text
    assert "Not exclusive. The actor may perform for anyone else meanwhile." in text


def test_the_terms_name_the_country_and_what_exclusivity_keeps_the_actor_from() -> None:
    usage = replace(TERMS.usage, territory=Territory.COUNTRY, place="Japan", exclusivity=Exclusivity.CATEGORY)
    text = " ".join(replace(TERMS, usage=usage).sentences())
    assert "Where: one country (Japan)." in text
    assert "Exclusive in its category. Meanwhile the actor performs in no other title of the same category." in text
    assert replace(TERMS, usage=usage).to_json() == {
        "version": 2, "booking_id": 42, "platform": "ReelForge", "actor": "Imani Okafor", "project": "Heiress",
        "character": "Vera", "purpose": "Driving performance for Vera in episodes 3 to 8.",
        "usage_scope": "one_title", "usage_term": "12_months", "territory": "country", "place": "Japan",
        "exclusivity": "category", "training": False,
    }  # fmt: skip


def test_the_terms_still_say_as_whom() -> None:
    assert "as" not in replace(TERMS, character="").sentences()[0].split("“Heiress”")[1]


@pytest.mark.parametrize(
    ("vague", "field"),
    [
        (replace(TERMS, project=" "), "project"),
        (replace(TERMS, purpose="AI"), "purpose"),
        (replace(TERMS, purpose="Any AI use, for ever and everywhere"), "purpose"),
        (replace(TERMS, purpose="We may do whatever we like with it"), "purpose"),
        (replace(TERMS, purpose="x" * 1001), "purpose"),
        (replace(TERMS, usage=replace(TERMS.usage, territory=Territory.REGION)), "place"),
    ],
)
def test_terms_that_are_not_specific_are_refused(vague: Terms, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_specific(vague)
    assert refusal.value.field == field


def test_the_actor_signs_with_their_name_under_what_was_shown() -> None:
    assert sign(TERMS, "  imani   OKAFOR ", digest(TERMS), NOW) == Signature(digest(TERMS), "imani OKAFOR", NOW)


def test_another_name_or_terms_that_changed_meanwhile_are_refused() -> None:
    with pytest.raises(Invalid, match="Type your name"):
        sign(TERMS, "Imani", digest(TERMS), NOW)
    with pytest.raises(Invalid, match="terms have changed"):
        sign(replace(TERMS, training=True), "Imani Okafor", digest(TERMS), NOW)


def test_every_term_changes_the_digest() -> None:
    changed = [
        replace(TERMS, booking_id=43),
        replace(TERMS, platform="Other"),
        replace(TERMS, character="Mara"),
        replace(TERMS, training=True),
        replace(TERMS, usage=Usage(UsageScope.SERIES, UsageTerm.MONTHS_12)),
        replace(TERMS, usage=replace(TERMS.usage, exclusivity=Exclusivity.FULL)),
        replace(TERMS, usage=replace(TERMS.usage, territory=Territory.COUNTRY, place="Japan")),
        replace(TERMS, usage=replace(TERMS.usage, territory=Territory.COUNTRY, place="Korea")),
    ]
    assert len({digest(terms) for terms in [TERMS, *changed]}) == 9
