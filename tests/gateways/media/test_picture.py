"""Portraits are drawn anew, so nothing of the sender's file survives."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from marketplace.gateways.media.picture import portrait
from marketplace.gateways.media.video import UnusableMedia


def make_picture(form: str, size: tuple[int, int], **options: object) -> BytesIO:
    file = BytesIO()
    Image.new("RGB", size, (30, 90, 160)).save(file, form, **options)
    file.seek(0)
    return file


# case 38
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_becomes_a_portrait_without_metadata(form: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home, 12 Elm Street"
    answer = portrait(make_picture(form, (900, 700), exif=exif))
    assert b"Elm Street" not in answer
    with Image.open(BytesIO(answer)) as picture:
        assert (picture.format, picture.size, dict(picture.getexif())) == ("WEBP", (480, 600), {})


@pytest.mark.parametrize("junk", [b"", b"GIF89a" + bytes(30), b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_photograph_is_refused(junk: bytes) -> None:
    with pytest.raises(UnusableMedia, match="Nothing was changed"):
        portrait(BytesIO(junk))


def test_a_picture_cut_short_is_refused() -> None:
    whole = make_picture("JPEG", (900, 700)).getvalue()
    with pytest.raises(UnusableMedia):
        portrait(BytesIO(whole[: len(whole) // 2]))


def test_too_small_and_too_large_pictures_are_refused() -> None:
    with pytest.raises(UnusableMedia, match="too small"):
        portrait(make_picture("PNG", (479, 900)))
    with pytest.raises(UnusableMedia, match="million pixels"):
        portrait(make_picture("PNG", (8001, 5001)))
