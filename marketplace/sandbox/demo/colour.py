"""Colour of the demo's pictures: OKLCH to sRGB, and a light and a ground for each flavour family."""

from __future__ import annotations

from math import cos, radians, sin
from typing import Final

Rgb = tuple[int, int, int]

FAMILY_LIGHT: Final[dict[str, tuple[float, float, float]]] = {
    "anger": (0.66, 0.19, 27),
    "joy": (0.83, 0.15, 86),
    "sadness": (0.66, 0.12, 252),
    "fear": (0.60, 0.15, 305),
    "contempt": (0.72, 0.12, 148),
    "surprise": (0.74, 0.12, 200),
    "love": (0.73, 0.14, 0),
    "shame": (0.62, 0.11, 340),
    "power": (0.72, 0.15, 55),
    "stillness": (0.76, 0.03, 265),
}
"""Lightness, chroma and hue (degrees) of the light that falls when a family is played."""


def oklch(lightness: float, chroma: float, hue: float) -> Rgb:
    """The nearest sRGB of an OKLCH colour (lightness 0-1, hue in degrees), after Ottosson's published matrices."""
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _encode(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _encode(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _encode(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _encode(linear: float) -> int:
    bounded = min(max(linear, 0.0), 1.0)
    curved = 12.92 * bounded if bounded <= 0.0031308 else 1.055 * bounded ** (1 / 2.4) - 0.055
    return round(255 * curved)
