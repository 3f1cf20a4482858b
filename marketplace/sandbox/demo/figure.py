"""A drawn person without a face: build, hair and collar, chosen by a seed and drawn as masks."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Final

from PIL import Image

from marketplace.sandbox.demo.shape import Canvas, mirrored

HAIR: Final = ("crop", "quiff", "curls", "cloud", "long", "bob", "bun", "tail", "locs", "scarf", "waves", "bare")
COLLARS: Final = ("round", "shirt", "roll", "open")


@dataclass(frozen=True, slots=True)
class Look:
    """What stays the same in every picture of one person."""

    hair: str
    collar: str
    beard: bool
    broad: float
    hue: float
    second_hue: float
    flip: bool
    lit_left: bool
    curl_seed: int


@dataclass(frozen=True, slots=True)
class Figure:
    """Masks of one size: all of the person, what of it is hair, what is clothing."""

    body: Image.Image
    hair: Image.Image
    cloth: Image.Image


def look_of(seed: int) -> Look:
    """The look of person number `seed`; the same for ever, and neighbours differ in hair and hue."""
    chance = random.Random(f"look {seed}")
    hair = HAIR[(seed * 5 + chance.randrange(2)) % len(HAIR)]
    hue = _HUES[seed * 7 % len(_HUES)]
    return Look(
        hair=hair,
        collar=chance.choice(COLLARS),
        beard=hair in {"crop", "quiff", "bare", "locs", "waves"} and chance.random() < 0.4,
        broad=chance.uniform(0.86, 1.1),
        hue=hue,
        second_hue=_clear_of_olive((hue + chance.choice((26, -34, 44))) % 360),
        flip=chance.random() < 0.5,
        lit_left=chance.random() < 0.5,
        curl_seed=chance.randrange(1 << 30),
    )


# Olive and yellow grounds look murky behind a person, so no hue lies between 62 and 150.
_HUES: Final = (285, 20, 235, 350, 262, 40, 205, 312, 12, 245, 185, 330, 30, 275, 165, 220)


def _clear_of_olive(hue: float) -> float:
    if 62 < hue < 150:
        return 40 if hue < 106 else 178
    return hue


def draw(look: Look, width: int) -> Figure:
    """The person as masks `width` pixels wide and a quarter higher; drawn twice as large for smooth edges."""
    fine = width * 2
    body, hair, cloth = (Canvas(fine, flip=look.flip) for _ in range(3))
    _HAIR_BEHIND.get(look.hair, _nothing)(hair, look)
    _HAIR_BEHIND.get(look.hair, _nothing)(body, look)
    body.curve(_skin(look))
    behind = _without(hair.mask, _mask(fine, look, lambda canvas: canvas.curve(_skin(look))))
    front = _mask(fine, look, lambda canvas: _HAIR_FRONT[look.hair](canvas, look))
    if look.hair == "scarf":
        front = _without(front, _mask(fine, look, _face))
    if look.beard:
        front.paste(255, mask=_mask(fine, look, _beard))
    _COLLAR[look.collar](cloth, look)
    behind.paste(255, mask=front)
    body.mask.paste(255, mask=front)
    body.mask.paste(255, mask=cloth.mask)
    garment = _without(cloth.mask, front) if look.hair in {"long", "tail", "locs", "waves"} else cloth.mask
    size = (width, width * 5 // 4)
    return Figure(
        *(mask.resize(size, Image.Resampling.BOX) for mask in (body.mask, _without(behind, garment), garment))
    )


def _mask(width: int, look: Look, paint: Callable[[Canvas], None]) -> Image.Image:
    canvas = Canvas(width, flip=look.flip)
    paint(canvas)
    return canvas.mask


def _without(mask: Image.Image, cut: Image.Image) -> Image.Image:
    left = mask.copy()
    left.paste(0, mask=cut)
    return left


def _nothing(canvas: Canvas, look: Look) -> None:
    """Nothing is drawn behind the head."""


# the body -----------------------------------------------------------------------------------------


def _skin(look: Look) -> list[tuple[float, float]]:
    wide = look.broad
    head = [(0, 104), (24, 107), (46, 122), (59, 150), (62, 188), (57, 224), (46, 254), (33, 274)]
    neck = [(29, 290), (30, 322)]
    shoulders = [
        (42 * wide, 338),
        (84 * wide, 352),
        (124 * wide, 370),
        (148 * wide, 404),
        (160 * wide, 452),
        (168 * wide, 540),
    ]
    return mirrored([*head, *neck, *shoulders])


def _shoulders(canvas: Canvas, look: Look, neckline: list[tuple[float, float]]) -> None:
    wide = look.broad
    outer = [(86 * wide, 352), (126 * wide, 369), (151 * wide, 403), (163 * wide, 452), (172 * wide, 545)]
    canvas.curve(mirrored([*neckline, *outer, (0, 560)]))


def _round_collar(canvas: Canvas, look: Look) -> None:
    _shoulders(canvas, look, [(0, 372), (26, 364), (44, 342), (52, 338)])


def _shirt_collar(canvas: Canvas, look: Look) -> None:
    _shoulders(canvas, look, [(0, 412), (14, 388), (32, 352), (38, 326), (50, 334)])
    canvas.curve([(164, 322), (160, 340), (196, 400), (170, 410), (146, 348)])
    canvas.curve([(236, 322), (240, 340), (204, 400), (230, 410), (254, 348)])


def _roll_collar(canvas: Canvas, look: Look) -> None:
    _shoulders(canvas, look, [(0, 306), (22, 306), (34, 300), (38, 326), (54, 340)])


def _open_collar(canvas: Canvas, look: Look) -> None:
    _shoulders(canvas, look, [(0, 440), (20, 400), (48, 350), (60, 340)])


_COLLAR: Final[dict[str, Callable[[Canvas, Look], None]]] = {
    "round": _round_collar,
    "shirt": _shirt_collar,
    "roll": _roll_collar,
    "open": _open_collar,
}


# the hair -----------------------------------------------------------------------------------------


def _face(canvas: Canvas) -> None:
    canvas.curve(mirrored([(0, 130), (30, 136), (51, 166), (54, 204), (45, 244), (24, 270), (0, 276)]))


def _beard(canvas: Canvas) -> None:
    canvas.curve(
        mirrored([(0, 238), (18, 236), (30, 246), (50, 214), (63, 200), (60, 232), (48, 262), (32, 284), (0, 290)])
    )


def _cap(canvas: Canvas, hairline: float, lift: float = 0) -> None:
    """Hair close to the head: `hairline` is where the brow begins, `lift` how far it stands off the crown."""
    canvas.curve(
        mirrored(
            [
                (0, 92 - lift),
                (27, 96 - lift),
                (53, 113 - lift),
                (67, 148),
                (67, 192),
                (61, 204),
                (57, 176),
                (45, hairline),
                (0, hairline - 6),
            ]
        )
    )


def _crop(canvas: Canvas, _look: Look) -> None:
    _cap(canvas, 146)


def _quiff(canvas: Canvas, _look: Look) -> None:
    canvas.curve(
        [
            (140, 200),
            (130, 160),
            (138, 118),
            (166, 92),
            (206, 80),
            (248, 86),
            (270, 112),
            (272, 156),
            (262, 202),
            (254, 168),
            (238, 142),
            (206, 150),
            (172, 142),
            (150, 156),
            (146, 180),
        ]
    )


def _curls_front(canvas: Canvas, look: Look) -> None:
    _cap(canvas, 142, 4)
    _ring(canvas, look, radius=(62, 66), size=(17, 25), start=-1.12, end=0.12)


def _cloud_behind(canvas: Canvas, look: Look) -> None:
    canvas.disc(200, 158, 104, 98)
    _ring(canvas, look, radius=(92, 86), size=(15, 24), start=-1.25, end=0.25, middle=158)


def _cloud_front(canvas: Canvas, _look: Look) -> None:
    _cap(canvas, 144)


def _ring(
    canvas: Canvas,
    look: Look,
    *,
    radius: tuple[float, float],
    size: tuple[float, float],
    start: float,
    end: float,
    middle: float = 160,
) -> None:
    """Curls along an arc; `start` and `end` in half turns, -0.5 straight up."""
    chance = random.Random(look.curl_seed)
    count = 15
    for i in range(count):
        angle = pi * (start + (end - start) * i / (count - 1))
        canvas.disc(200 + radius[0] * cos(angle), middle + radius[1] * sin(angle), chance.uniform(*size))


def _long_behind(canvas: Canvas, _look: Look) -> None:
    canvas.curve(
        mirrored(
            [(0, 84), (44, 90), (80, 124), (92, 190), (98, 262), (108, 340), (96, 404), (60, 420), (44, 330), (0, 320)]
        )
    )


def _parted(canvas: Canvas, _look: Look) -> None:
    canvas.curve(
        [
            (214, 84),
            (176, 88),
            (140, 116),
            (122, 176),
            (124, 250),
            (140, 262),
            (142, 204),
            (158, 164),
            (196, 132),
            (222, 104),
        ]
    )
    canvas.curve(
        [
            (206, 86),
            (232, 88),
            (262, 116),
            (278, 176),
            (276, 250),
            (260, 262),
            (258, 204),
            (248, 164),
            (222, 130),
            (208, 104),
        ]
    )


def _bob_behind(canvas: Canvas, _look: Look) -> None:
    canvas.curve(mirrored([(0, 82), (46, 88), (82, 120), (94, 186), (96, 262), (80, 296), (48, 300), (0, 280)]))


def _fringe(canvas: Canvas, _look: Look) -> None:
    canvas.curve(
        mirrored(
            [(0, 84), (44, 88), (76, 120), (88, 184), (90, 258), (72, 282), (60, 240), (58, 186), (46, 172), (0, 168)]
        )
    )


def _bun_behind(canvas: Canvas, _look: Look) -> None:
    canvas.disc(200, 76, 36, 33)


def _tail_behind(canvas: Canvas, _look: Look) -> None:
    canvas.curve(
        [
            (236, 120),
            (272, 138),
            (300, 190),
            (296, 270),
            (306, 352),
            (290, 424),
            (258, 410),
            (262, 330),
            (256, 250),
            (248, 180),
        ]
    )


def _swept(canvas: Canvas, _look: Look) -> None:
    canvas.curve(
        [
            (136, 212),
            (130, 160),
            (144, 114),
            (182, 90),
            (226, 90),
            (258, 112),
            (272, 156),
            (270, 214),
            (260, 196),
            (254, 164),
            (226, 140),
            (186, 122),
            (160, 142),
            (146, 172),
        ]
    )


def _locs_behind(canvas: Canvas, look: Look) -> None:
    canvas.curve(mirrored([(0, 84), (44, 92), (72, 124), (82, 180), (84, 236), (60, 250), (0, 230)]))
    chance = random.Random(look.curl_seed)
    for place in (-84, -73, -62, -51, 51, 62, 73, 84):
        end = chance.uniform(296, 352)
        top, x = 200 + place * 0.8, 200 + place * chance.uniform(1.0, 1.12)
        canvas.curve(
            [(top - 8, 130), (x - 9, 220), (x - 9, end - 9), (x, end), (x + 9, end - 9), (x + 9, 220), (top + 8, 130)]
        )


def _scarf_behind(canvas: Canvas, _look: Look) -> None:
    canvas.curve(
        mirrored([(0, 82), (48, 90), (80, 126), (88, 190), (84, 250), (96, 310), (128, 364), (90, 400), (0, 410)])
    )


def _scarf_front(canvas: Canvas, _look: Look) -> None:
    """A cloth around the face: an outer and an inner edge joined under the chin, its end over one shoulder."""
    left = [(200, 84), (154, 92), (122, 128), (115, 196), (126, 256), (152, 300)]
    drape = [(120, 352), (112, 392), (150, 420), (214, 424), (278, 402), (288, 358), (254, 312)]
    right = [(274, 256), (285, 196), (278, 128), (246, 92)]
    canvas.curve([*left, *drape, *right])


def _waves_behind(canvas: Canvas, _look: Look) -> None:
    canvas.curve(
        mirrored(
            [(0, 80), (48, 88), (84, 122), (90, 172), (102, 220), (94, 270), (108, 318), (90, 350), (60, 340), (0, 310)]
        )
    )


def _waves_front(canvas: Canvas, _look: Look) -> None:
    canvas.curve(
        [
            (190, 84),
            (146, 98),
            (120, 150),
            (128, 204),
            (116, 254),
            (136, 276),
            (146, 222),
            (148, 178),
            (182, 150),
            (220, 116),
            (252, 158),
            (258, 214),
            (264, 274),
            (286, 254),
            (272, 204),
            (280, 150),
            (254, 98),
            (220, 82),
        ]
    )


def _bare(canvas: Canvas, _look: Look) -> None:
    """A shaved head has no outline of its own."""


_HAIR_BEHIND: Final[dict[str, Callable[[Canvas, Look], None]]] = {
    "cloud": _cloud_behind,
    "long": _long_behind,
    "bob": _bob_behind,
    "bun": _bun_behind,
    "tail": _tail_behind,
    "locs": _locs_behind,
    "scarf": _scarf_behind,
    "waves": _waves_behind,
}

_HAIR_FRONT: Final[dict[str, Callable[[Canvas, Look], None]]] = {
    "crop": _crop,
    "quiff": _quiff,
    "curls": _curls_front,
    "cloud": _cloud_front,
    "long": _parted,
    "bob": _fringe,
    "bun": _crop,
    "tail": _swept,
    "locs": _crop,
    "scarf": _scarf_front,
    "waves": _waves_front,
    "bare": _bare,
}
