"""The drawn portraits and the generated clips are small, real, and the same every time."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from pathlib import Path

from PIL import Image

from marketplace.gateways.media.video import probe
from marketplace.sandbox.demo.clip import Moment, film
from marketplace.sandbox.demo.figure import COLLARS, HAIR, look_of
from marketplace.sandbox.demo.portrait import portrait
from marketplace.sandbox.demo.world import people


def test_a_portrait_is_a_small_webp_of_4_to_5() -> None:
    drawn = portrait(7)
    with Image.open(BytesIO(drawn)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (480, 600))
    assert len(drawn) < 40_000


def test_neighbours_look_different_and_all_hair_and_collars_occur() -> None:
    looks = [look_of(person.number) for person in people()]
    assert {look.hair for look in looks} == set(HAIR)
    assert {look.collar for look in looks} == set(COLLARS)
    assert all(one.hue != next_one.hue for one, next_one in pairwise(looks))


def test_a_clip_is_a_small_vertical_video_that_our_own_probe_lets_in(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    moments = [Moment("Cold fury", "anger", "high", "contained"), Moment("Relief", "joy", "medium", "released")]
    film(path, look_of(3), moments, seconds=4, slate="Imani Okafor")
    with path.open("rb") as file:
        video = probe(file, longest_ms=10_000)
    assert (video.codec, video.duration_ms, video.height > video.width) == ("h264", 4000, True)
    assert path.stat().st_size < 200_000


def test_a_clip_is_the_same_every_time(tmp_path: Path) -> None:
    moments = [Moment("Dread", "fear", "low", "natural")]
    for name in ("one.mp4", "two.mp4"):
        film(tmp_path / name, look_of(1), moments, seconds=1, seed=5)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()
