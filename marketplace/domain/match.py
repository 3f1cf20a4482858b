"""How well clips cover what a brief asks for: one deterministic rule that every reader can redo by hand.

fit = flavour (same 1, near 0.6, same family 0.45, else 0) x intensity (same 1, one step 0.7, two 0.35)
x display (the same steps) x confidence (share of viewers who saw it, or 0.5 while it is only claimed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from marketplace.domain.flavour import Display, Intensity, Vocabulary

SAME: Final = 1.0
NEAR: Final = 0.6
SAME_FAMILY: Final = 0.45
BY_STEP: Final = (1.0, 0.7, 0.35)
CLAIMED: Final = 0.5
GAP_BELOW: Final = 0.4


@dataclass(frozen=True, slots=True)
class Wanted:
    """One beat: the flavour to be seen, how strong, how openly. `weight` is positive; it shares out the coverage."""

    flavour: str
    intensity: Intensity
    display: Display
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What a clip shows. `verified_share` is 0-1: viewers who saw this flavour without being told; None: unchecked."""

    clip_id: int
    flavour: str
    intensity: Intensity
    display: Display
    verified_share: float | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """The best clip for one beat. `value` is 0-1; `clip_id` is None when no clip fits at all."""

    wanted: Wanted
    value: float
    clip_id: int | None
    why: str

    @property
    def is_gap(self) -> bool:
        """Whether the beat is left uncovered."""
        return self.value < GAP_BELOW


@dataclass(frozen=True, slots=True)
class Coverage:
    """How well one actor's clips cover a brief: `value` is 0-1, the weighted mean of the best fits."""

    value: float
    fits: tuple[Fit, ...]

    @property
    def gaps(self) -> tuple[Fit, ...]:
        """The beats no clip covers."""
        return tuple(fit for fit in self.fits if fit.is_gap)


def cover(beats: Sequence[Wanted], clips: Sequence[Shown], vocabulary: Vocabulary) -> Coverage:
    """The best fit for each beat and their weighted mean. Ties go to the lower clip id, so a reload says the same."""
    fits = tuple(best_fit(beat, clips, vocabulary) for beat in beats)
    weight = sum(beat.weight for beat in beats)
    value = sum(fit.value * fit.wanted.weight for fit in fits) / weight if weight else 0.0
    return Coverage(value, fits)


def best_fit(wanted: Wanted, clips: Sequence[Shown], vocabulary: Vocabulary) -> Fit:
    """The clip that fits `wanted` best, and why in words."""
    ranked = sorted(((-fit_of(wanted, clip, vocabulary), clip.clip_id, clip) for clip in clips), key=lambda r: r[:2])
    if not ranked or ranked[0][0] == 0:
        return Fit(wanted, 0.0, None, "no clip of this flavour, one near it, or its family")
    value, _, clip = ranked[0]
    return Fit(wanted, -value, clip.clip_id, _why(wanted, clip, vocabulary))


def fit_of(wanted: Wanted, shown: Shown, vocabulary: Vocabulary) -> float:
    """How well one clip fits one beat, 0-1."""
    return (
        _flavour_part(wanted, shown, vocabulary)
        * BY_STEP[abs(wanted.intensity - shown.intensity)]
        * BY_STEP[abs(wanted.display - shown.display)]
        * (CLAIMED if shown.verified_share is None else shown.verified_share)
    )


def _flavour_part(wanted: Wanted, shown: Shown, vocabulary: Vocabulary) -> float:
    want, have = vocabulary.get(wanted.flavour), vocabulary.get(shown.flavour)
    if want == have:
        return SAME
    if have.slug in want.near:
        return NEAR
    return SAME_FAMILY if want.family == have.family else 0.0


def _why(wanted: Wanted, shown: Shown, vocabulary: Vocabulary) -> str:
    have = vocabulary.get(shown.flavour)
    kind = {SAME: "the flavour itself", NEAR: f"near: {have.label.lower()}"}.get(
        _flavour_part(wanted, shown, vocabulary), f"same family: {have.label.lower()}"
    )
    return ", ".join([kind, f"{shown.intensity.word} and {shown.display.word}", _confidence(shown)])


def _confidence(shown: Shown) -> str:
    return "claimed" if shown.verified_share is None else f"seen by {shown.verified_share:.0%}"
