"""Videos: what they are, whether they may be kept, and a poster of them.

The file is opened by the container it claims to be and never by guessing, from an open file and never by name: a
playlist that points at other files or addresses is not followed. A hostile file can still keep a decoder busy, so
callers that serve many people run this in a worker with a time limit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import Any, BinaryIO, Final

import av
import puremagic
from av.codec import CodecContext
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream
from PIL import Image

from marketplace.domain.errors import Invalid

MOST_PIXELS: Final = 4096
LEAST_PIXELS: Final = 160
POSTER_WIDTH: Final = 540
CODECS: Final = frozenset({"h264", "hevc", "vp8", "vp9", "av1"})
SOUND_CODECS: Final = frozenset({"aac", "mp3", "opus", "vorbis", "pcm_s16le", "pcm_s24le"})

_MATROSKA: Final = b"\x1a\x45\xdf\xa3"
_HEAD_BYTES: Final = 4096
_BOXES: Final = frozenset(
    {
        b"ftyp",
        b"moov",
        b"mdat",
        b"free",
        b"skip",
        b"wide",
        b"moof",
        b"mfra",
        b"sidx",
        b"ssix",
        b"styp",
        b"uuid",
        b"meta",
        b"pdin",
        b"prft",
        b"emsg",
    }
)
_MARKUP: Final = (b"<script", b"<html", b"<svg", b"<!doctype", b"<?php", b"<?xml", b"%pdf-", b"#extm3u", b"ffconcat")


class UnusableMedia(Invalid):
    """The file is not what it should be; nothing of it was kept."""

    code = "media"


@dataclass(frozen=True, slots=True)
class Video:
    """A probed video as it is watched: rotation is already applied to `width` and `height`."""

    content_type: str
    bytes: int
    duration_ms: int
    width: int
    height: int
    frames_per_second: float
    codec: str
    sound_codec: str | None


def sniff(head: bytes) -> str:
    """The content type that the first bytes of a file prove: "video/mp4", "video/quicktime" or "video/webm".

    Refuses anything else, so that an upload can be stopped after its first chunk.
    """
    if head[:4] == _MATROSKA:
        return "video/webm"
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    raise UnusableMedia(f"This is {_what_it_is(head)}, not a video. Send MP4, MOV or WebM. Nothing was saved.")


def probe(file: BinaryIO, *, longest_ms: int) -> Video:
    """What the video in `file` is; refuses what is no video, too long, too large, or something else besides."""
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    content_type = sniff(head)
    _check_only_video(file, head, content_type, size)
    with _opened(file, content_type) as container:
        stream = _picture_stream(container)
        frame = _first_frame(container, stream)
        quarter = frame.rotation % 180 != 0
        wide, high = (frame.height, frame.width) if quarter else (frame.width, frame.height)
        sound = next(iter(container.streams.audio), None)
        duration_ms = _duration_ms(container, stream)
        _check_length(duration_ms, longest_ms)
        return Video(
            content_type=content_type,
            bytes=size,
            duration_ms=duration_ms,
            width=wide,
            height=high,
            frames_per_second=round(float(stream.average_rate or stream.guessed_rate or Fraction(0)), 3),
            codec=_codec_of(stream),
            sound_codec=_codec_of(sound) if sound else None,
        )


def poster(file: BinaryIO) -> bytes:
    """A WebP picture, at most 540 pixels wide, of the moment a third into a video that `probe` has let through."""
    file.seek(0)
    content_type = sniff(file.read(_HEAD_BYTES))
    with _opened(file, content_type) as container:
        stream = _picture_stream(container)
        container.seek(_duration_ms(container, stream, by_reading=False) * 1000 // 3)
        frame = _first_frame(container, stream)
        picture = frame.to_image()
        upright = picture.rotate(frame.rotation, expand=True) if frame.rotation else picture
    if upright.width > POSTER_WIDTH:
        high = max(1, upright.height * POSTER_WIDTH // upright.width)
        upright = upright.resize((POSTER_WIDTH, high), Image.Resampling.LANCZOS)
    answer = BytesIO()
    upright.save(answer, "WEBP", quality=80)
    return answer.getvalue()


def _opened(file: BinaryIO, content_type: str) -> InputContainer:
    file.seek(0)
    try:
        return av.open(file, "r", format="matroska" if content_type == "video/webm" else "mp4")
    except (av.FFmpegError, ValueError, EOFError):
        raise UnusableMedia("The video cannot be read: it may be cut short. Nothing was saved.") from None


def _picture_stream(container: InputContainer) -> VideoStream:
    streams = container.streams.video
    if len(streams) != 1:
        raise UnusableMedia("The file must hold exactly one video track. Nothing was saved.")
    stream = streams[0]
    if _codec_of(stream) not in CODECS:
        raise UnusableMedia("This video codec is not supported. Send H.264, HEVC, VP8, VP9 or AV1. Nothing was saved.")
    if any(_codec_of(sound) not in SOUND_CODECS for sound in container.streams.audio):
        raise UnusableMedia("This sound codec is not supported. Send AAC, Opus or plain PCM. Nothing was saved.")
    sides = (stream.codec_context.width, stream.codec_context.height)
    if min(sides) < LEAST_PIXELS or max(sides) > MOST_PIXELS:
        raise UnusableMedia(f"Frames must measure {LEAST_PIXELS} to {MOST_PIXELS} pixels a side. Nothing was saved.")
    return stream


def _codec_of(stream: Stream) -> str:
    """The codec's name, or "" where this machine knows no decoder for it."""
    context: object = stream.codec_context
    return context.name if isinstance(context, CodecContext) else ""


def _first_frame(container: InputContainer, stream: VideoStream) -> Any:
    """The next frame that decodes: the only proof that the file holds pictures."""
    try:
        for frame in container.decode(stream):
            return frame
    except (av.FFmpegError, ValueError):
        pass
    raise UnusableMedia("The video cannot be read: no picture comes out of it. Nothing was saved.")


def _duration_ms(container: InputContainer, stream: VideoStream, *, by_reading: bool = True) -> int:
    if stream.duration is not None and stream.time_base is not None:
        return round(stream.duration * stream.time_base * 1000)
    if container.duration is not None:
        return round(container.duration / 1000)
    return _length_of_packets(container, stream) if by_reading else 0


def _length_of_packets(container: InputContainer, stream: VideoStream) -> int:
    """A browser's own recordings name no duration, so it is where their last packet ends."""
    container.seek(0)
    ends = [
        (packet.pts + (packet.duration or 0)) * packet.time_base
        for packet in container.demux(stream)
        if packet.pts is not None
    ]
    return round(max(ends, default=Fraction(0)) * 1000)


def _check_length(duration_ms: int, longest_ms: int) -> None:
    if duration_ms <= 0:
        raise UnusableMedia("The video has no length. Nothing was saved.")
    if duration_ms > longest_ms:
        allowed = f"at most {longest_ms // 1000} are allowed"
        raise UnusableMedia(f"The video runs {duration_ms / 1000:.0f} seconds; {allowed}. Nothing was saved.")


# something else too -------------------------------------------------------------------------------


def _check_only_video(file: BinaryIO, head: bytes, content_type: str, size: int) -> None:
    """Refuse a file that is a video to one program and a page, an archive or a script to another."""
    if any(mark in head.lower() for mark in _MARKUP):
        raise UnusableMedia("The file is a video and something else at once. Nothing was saved.")
    if content_type != "video/webm" and not _is_tiled(file, size):
        raise UnusableMedia("The video has foreign data in it, or is cut short. Nothing was saved.")


def _is_tiled(file: BinaryIO, size: int) -> bool:
    """Whether the boxes of an MP4 lie side by side from the first byte to the last, all of known kinds."""
    place = 0
    for kind, length in _boxes(file, size):
        if kind not in _BOXES:
            return False
        place += length
    return place == size


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    place = 0
    while place < size:
        file.seek(place)
        header = file.read(16).ljust(16, b"\0")
        length, kind = struct.unpack(">I4s", header[:8])
        if length == 1:
            length = struct.unpack(">Q", header[8:])[0]
        elif length == 0:  # the last box may say: as long as the file is
            length = size - place
        if length < 8:
            yield b"", 0
            return
        yield kind, length
        place += length


def _what_it_is(head: bytes) -> str:
    """What a stranger's file is, in words."""
    try:
        return f"a file of the kind {puremagic.from_string(head)}"
    except (puremagic.PureError, ValueError):
        return "an unknown kind of file"
