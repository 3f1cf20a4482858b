"""The match rule can be redone by hand, and says why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.flavour import VOCABULARY, Display, Intensity
from marketplace.domain.match import Shown, Wanted, best_fit, cover, fit_of

HIGH, MEDIUM, LOW = Intensity.HIGH, Intensity.MEDIUM, Intensity.LOW
CONTAINED, NATURAL, RELEASED = Display.CONTAINED, Display.NATURAL, Display.RELEASED
WANTED = Wanted("cold-fury", HIGH, CONTAINED)


@pytest.mark.parametrize(
    ("shown", "fit"),
    [
        (Shown(1, "cold-fury", HIGH, CONTAINED, 0.8), 0.8),
        (Shown(1, "cold-fury", HIGH, CONTAINED), 0.5),
        (Shown(1, "menace", HIGH, CONTAINED, 1.0), 0.6),
        (Shown(1, "hot-rage", HIGH, CONTAINED, 1.0), 0.45),
        (Shown(1, "delight", HIGH, CONTAINED, 1.0), 0.0),
        (Shown(1, "cold-fury", MEDIUM, CONTAINED, 1.0), 0.7),
        (Shown(1, "cold-fury", LOW, RELEASED, 1.0), 0.35 * 0.35),
        (Shown(1, "hot-rage", HIGH, RELEASED, 0.6), 0.45 * 0.35 * 0.6),
    ],
)
def test_the_rule_is_a_product_of_four_parts(shown: Shown, fit: float) -> None:
    assert fit_of(WANTED, shown, VOCABULARY) == pytest.approx(fit)


def test_the_best_clip_wins_and_says_why() -> None:
    clips = [
        Shown(1, "hot-rage", HIGH, RELEASED, 0.9),
        Shown(2, "cold-fury", HIGH, CONTAINED),
        Shown(3, "menace", HIGH, CONTAINED),
    ]
    fit = best_fit(WANTED, clips, VOCABULARY)
    assert (fit.clip_id, fit.value, fit.is_gap) == (2, 0.5, False)
    assert fit.why == "the flavour itself, high and contained, claimed"
    assert best_fit(WANTED, clips[:1], VOCABULARY).why == "same family: hot rage, high and released, seen by 90%"
    assert best_fit(WANTED, clips[2:], VOCABULARY).why == "near: menace, high and contained, claimed"


def test_a_tie_goes_to_the_lower_clip_so_a_reload_says_the_same() -> None:
    clips = [Shown(7, "cold-fury", HIGH, CONTAINED), Shown(3, "cold-fury", HIGH, CONTAINED)]
    assert best_fit(WANTED, clips, VOCABULARY).clip_id == best_fit(WANTED, clips[::-1], VOCABULARY).clip_id == 3


def test_what_nobody_shows_is_a_gap() -> None:
    fit = best_fit(WANTED, [Shown(1, "delight", HIGH, CONTAINED, 1.0)], VOCABULARY)
    assert (fit.clip_id, fit.value, fit.is_gap) == (None, 0.0, True)


def test_coverage_is_the_weighted_mean_and_names_its_gaps() -> None:
    beats = [Wanted("humiliation", HIGH, CONTAINED, weight=1), Wanted("cold-fury", HIGH, CONTAINED, weight=3)]
    covered = cover(beats, [Shown(1, "cold-fury", HIGH, CONTAINED, 0.8)], VOCABULARY)
    assert covered.value == pytest.approx(0.6)
    assert [gap.wanted.flavour for gap in covered.gaps] == ["humiliation"]
    assert cover([], [], VOCABULARY).value == 0.0


def test_a_ranged_actor_covers_more_than_a_loud_one() -> None:
    beats = [
        Wanted("humiliation", HIGH, CONTAINED),
        Wanted("cold-fury", HIGH, CONTAINED),
        Wanted("held-back-tears", MEDIUM, CONTAINED),
        Wanted("triumph", MEDIUM, NATURAL),
    ]
    loud = [Shown(1, "hot-rage", HIGH, RELEASED, 0.9)]
    icy = [Shown(2, "cold-fury", HIGH, CONTAINED, 0.8)]
    ranged = [Shown(i, beat.flavour, beat.intensity, beat.display, 0.6) for i, beat in enumerate(beats)]
    values = [cover(beats, clips, VOCABULARY).value for clips in (loud, icy, ranged)]
    assert values == sorted(values)
    assert not cover(beats, ranged, VOCABULARY).gaps


SLUGS = st.sampled_from([flavour.slug for flavour in VOCABULARY.flavours])


@given(SLUGS, SLUGS, st.sampled_from(Intensity), st.sampled_from(Display), st.floats(0, 1))
def test_a_fit_is_a_share_and_near_works_both_ways(
    a: str, b: str, intensity: Intensity, display: Display, seen: float
) -> None:
    there = fit_of(Wanted(a, HIGH, CONTAINED), Shown(1, b, intensity, display, seen), VOCABULARY)
    back = fit_of(Wanted(b, HIGH, CONTAINED), Shown(1, a, intensity, display, seen), VOCABULARY)
    assert 0 <= there == back <= 1
