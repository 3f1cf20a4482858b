"""Portraits: whatever picture people send is drawn anew, so that nothing of the file itself is kept or served."""

from __future__ import annotations

from io import BytesIO
from typing import BinaryIO, Final

from PIL import Image, ImageOps, UnidentifiedImageError

from marketplace.gateways.media.video import UnusableMedia

PORTRAIT_SIZE: Final = (480, 600)
MOST_PIXELS: Final = 40_000_000
FORMATS: Final = ("JPEG", "PNG", "WEBP")


def portrait(file: BinaryIO) -> bytes:
    """The picture in `file` cropped to 4:5 a little above its middle, 480 x 600, as WebP without any metadata.

    Refuses what is not JPEG, PNG or WebP, smaller than the result on a side, or enormous.
    """
    try:
        with Image.open(file, formats=FORMATS) as picture:
            _check_size(picture)
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise UnusableMedia("This is not a picture we can read. Send JPEG, PNG or WebP. Nothing was changed.") from None
    answer = BytesIO()
    ImageOps.fit(upright, PORTRAIT_SIZE, Image.Resampling.LANCZOS, centering=(0.5, 0.35)).save(
        answer, "WEBP", quality=84
    )
    return answer.getvalue()


def _check_size(picture: Image.Image) -> None:
    wide, high = picture.size
    if wide * high > MOST_PIXELS:
        raise UnusableMedia("The picture has more than 40 million pixels. Send a smaller one. Nothing was changed.")
    if min(wide, high) < PORTRAIT_SIZE[0]:
        raise UnusableMedia("The picture is too small: each side needs at least 480 pixels. Nothing was changed.")
