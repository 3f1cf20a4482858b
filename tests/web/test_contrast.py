"""Every colour token is readable where it stands, in both themes: WCAG 2.2, 4.5 for text and 3 for control edges."""

from __future__ import annotations

import math
import re
from functools import cache

import pytest

from tests.web.gallery import FAMILIES, STATIC

Rgb = tuple[float, float, float]
THEMES = ("light", "dark")
TEXT = 4.5
EDGE = 3.0
TINT = 0.15  # share of a family's fill in the tint behind its word; see .chip

GROUNDS = ("bg", "surface", "sunken")
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "ink-2", "ink-3") for ground in GROUNDS),
    *(("accent", ground, TEXT) for ground in ("bg", "surface", "accent-soft")),
    ("on-ink", "ink", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-stage", "stage", TEXT),
    ("edge", "bg", EDGE),
    ("edge", "surface", EDGE),
    ("accent", "surface", EDGE),
    *((tone, ground, TEXT) for tone in ("ok", "warn", "bad", "info") for ground in ("surface", f"{tone}-soft")),
    *(("ink", f"{tone}-soft", TEXT) for tone in ("ok", "warn", "bad", "info")),
    *(("ink-2", "accent-soft", TEXT) for _ in (1,)),
    ("ink-3", "accent-soft", TEXT),
    *(("on-fill", family, TEXT) for family in FAMILIES),
]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_a_token_is_readable_on_its_ground(front: str, back: str, least: float, theme: str) -> None:
    assert contrast(rgb(front, theme), rgb(back, theme)) >= least


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_familys_word_is_readable_on_its_own_tint(family: str, theme: str) -> None:
    tint = mix(oklab(family, theme), oklab("surface", theme), TINT)
    assert contrast(rgb(f"{family}-ink", theme), tint) >= TEXT
    hovered = mix(oklab(family, theme), oklab("surface", theme), 0.26)
    assert contrast(rgb(f"{family}-ink", theme), hovered) >= TEXT


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_familys_dot_stands_out_from_the_stage(family: str, theme: str) -> None:
    assert contrast(rgb(family, theme), rgb("stage", theme)) >= EDGE


def test_no_two_families_look_alike() -> None:
    """Distance in OKLab between any two fills; 0.02 is a just noticeable difference side by side."""
    fills = {family: oklab(family, "light") for family in FAMILIES}
    near = [
        (one, other, round(math.dist(fills[one], fills[other]), 3))
        for at, one in enumerate(FAMILIES)
        for other in FAMILIES[at + 1 :]
        if math.dist(fills[one], fills[other]) < 0.08
    ]
    assert near == []


def contrast(one: Rgb, other: Rgb) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Rgb) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """color-mix(in oklab, one share, other)."""
    light, green, blue = (a * share + b * (1 - share) for a, b in zip(one, other, strict=True))
    return _to_srgb(light, green, blue)


def rgb(token: str, theme: str) -> Rgb:
    return _to_srgb(*oklab(token, theme))


def oklab(token: str, theme: str) -> Rgb:
    value = tokens()[token]
    found = re.findall(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)", value)
    assert len(found) in (1, 2), f"--{token}: {value}"
    light, chroma, hue = (float(part) for part in found[0 if theme == "light" else -1])
    return light, chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))


@cache
def tokens() -> dict[str, str]:
    text = (STATIC / "css" / "tokens.css").read_text()
    return dict(re.findall(r"--([\w-]+): ([^;]+);", text))


def _to_srgb(light: float, green_red: float, blue_yellow: float) -> Rgb:
    """OKLab to gamma-encoded sRGB, clipped to the gamut (Ottosson 2020)."""
    long = (light + 0.3963377774 * green_red + 0.2158037573 * blue_yellow) ** 3
    middle = (light - 0.1055613458 * green_red - 0.0638541728 * blue_yellow) ** 3
    short = (light - 0.0894841775 * green_red - 1.2914855480 * blue_yellow) ** 3
    return (
        _encoded(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short),
        _encoded(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short),
        _encoded(-0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short),
    )


def _encoded(part: float) -> float:
    part = min(1.0, max(0.0, part))
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
