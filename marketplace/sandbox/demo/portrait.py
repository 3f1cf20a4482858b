"""Portraits of people who do not exist: studio silhouettes in two hues with a backlight, and no face."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from PIL import Image, ImageChops, ImageFilter, ImageOps

from marketplace.sandbox.demo.colour import Rgb, oklch
from marketplace.sandbox.demo.figure import Figure, Look, draw, look_of

WIDTH, HEIGHT = 480, 600


def portrait(seed: int) -> bytes:
    """A WebP picture of person number `seed`, 480 x 600 pixels, 10 to 20 KB; the same bytes every time."""
    look = look_of(seed)
    picture = paint(look, draw(look, WIDTH))
    file = BytesIO()
    picture.save(file, "WEBP", quality=82, method=4)
    return file.getvalue()


def paint(look: Look, figure: Figure) -> Image.Image:
    """The person before a lit ground, in the size of the figure's masks."""
    size = figure.body.size
    ground = glow(
        size,
        _light_at(look),
        1.12,
        oklch(0.85, 0.085, look.hue),
        oklch(0.56, 0.105, look.second_hue),
        oklch(0.27, 0.07, look.second_hue),
    )
    ground.paste(person(look, size, figure, strength=0.34), mask=figure.body)
    return _vignetted(ground)


def person(look: Look, size: tuple[int, int], figure: Figure, *, strength: float) -> Image.Image:
    """Skin, hair and cloth as a dark picture with light along one edge; `strength` is that light's, 0 to 1."""
    picture = _slope(size, look, (0.43, 0.07), (0.19, 0.035))
    picture.paste(_slope(size, look, (0.36, 0.06), (0.15, 0.03)), mask=figure.cloth)
    picture.paste(_slope(size, look, (0.30, 0.055), (0.13, 0.025)), mask=figure.hair)
    rim = rim_light(figure.body, lit_left=look.lit_left).point(lambda level: round(level * strength))
    picture.paste(oklch(0.92, 0.06, look.hue), mask=rim)
    return picture


def rim_light(body: Image.Image, *, lit_left: bool) -> Image.Image:
    """Where light from one side grazes the outline: a soft band inside the mask."""
    width = body.width
    shifted = ImageChops.offset(body, (1 if lit_left else -1) * width // 12, width // 40)
    band = ImageChops.subtract(body, shifted).filter(ImageFilter.GaussianBlur(width / 26))
    return ImageChops.multiply(band, body)


def glow(size: tuple[int, int], at: tuple[float, float], reach: float, near: Rgb, middle: Rgb, far: Rgb) -> Image.Image:
    """A light on a wall: `at` in shares of the size, `reach` in heights; grain keeps the gradient from banding."""
    level = falloff(size, at, reach)
    return ImageOps.colorize(ImageChops.add(level, _grain(size), offset=-128), black=near, mid=middle, white=far)


def falloff(size: tuple[int, int], at: tuple[float, float], reach: float) -> Image.Image:
    """Distance from a light, 0 at its middle and 255 at `reach` heights from it and beyond."""
    radius = round(size[1] * reach / 1.0)
    disc = _disc(radius)
    level = Image.new("L", size, 255)
    level.paste(disc, (round(size[0] * at[0]) - radius, round(size[1] * at[1]) - radius))
    return level


@cache
def _disc(radius: int) -> Image.Image:
    return Image.radial_gradient("L").resize((2 * radius, 2 * radius), Image.Resampling.BICUBIC)


@cache
def _grain(size: tuple[int, int]) -> Image.Image:
    return Image.effect_noise(size, 3.0)


def _light_at(look: Look) -> tuple[float, float]:
    return (0.2 if look.lit_left else 0.8, 0.26)


def _slope(size: tuple[int, int], look: Look, bright: tuple[float, float], dark: tuple[float, float]) -> Image.Image:
    slope = (
        Image.linear_gradient("L")
        .rotate(90 + (38 if look.lit_left else 142), Image.Resampling.BILINEAR)
        .crop((38, 38, 218, 218))
    )
    near, far = oklch(*bright, look.hue), oklch(*dark, look.second_hue)
    return ImageOps.colorize(slope.resize(size, Image.Resampling.BICUBIC), black=near, white=far)


def _vignetted(picture: Image.Image) -> Image.Image:
    shade = falloff(picture.size, (0.5, 0.42), 1.3).point(lambda level: max(0, level - 110) * 2 // 3)
    picture.paste((0, 0, 0), mask=shade)
    return picture
