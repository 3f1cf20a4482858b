"""Videos are taken for what their bytes prove, and nothing else is let in."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import av
import pytest
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from PIL import Image

from marketplace.gateways.media.video import UnusableMedia, poster, probe, sniff

MINUTE_MS = 60_000


def make_video(
    path: Path,
    *,
    form: str = "mp4",
    codec: str = "libx264",
    seconds: float = 2,
    size: tuple[int, int] = (240, 320),
    sound: bool = False,
) -> bytes:
    with av.open(str(path), "w", format=form) as file:
        stream = file.add_stream(codec, rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        tone = file.add_stream("aac", rate=44100) if sound else None
        picture = Image.new("RGB", size, (150, 60, 60))
        for number in range(round(seconds * 10)):
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV has no types for it
            frame.pts = number
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        if tone is not None:
            assert isinstance(tone, AudioStream)
            silence = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
            silence.sample_rate, silence.pts = 44100, 0
            for plane in silence.planes:
                plane.update(bytes(plane.buffer_size))
            file.mux(tone.encode(silence))
            file.mux(tone.encode(None))
    return path.read_bytes()


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_video(tmp_path_factory.mktemp("video") / "a.mp4")


def test_a_video_is_probed(mp4: bytes) -> None:
    video = probe(BytesIO(mp4), longest_ms=MINUTE_MS)
    assert (video.content_type, video.codec, video.sound_codec) == ("video/mp4", "h264", None)
    assert (video.width, video.height, video.duration_ms, video.bytes) == (240, 320, 2000, len(mp4))
    assert video.frames_per_second == 10


def test_sound_is_named(tmp_path: Path) -> None:
    assert probe(BytesIO(make_video(tmp_path / "a.mp4", sound=True)), longest_ms=MINUTE_MS).sound_codec == "aac"


def test_webm_and_quicktime_are_known_by_their_first_bytes(tmp_path: Path) -> None:
    webm = probe(BytesIO(make_video(tmp_path / "a.webm", form="webm", codec="libvpx")), longest_ms=MINUTE_MS)
    assert (webm.content_type, webm.codec, webm.duration_ms) == ("video/webm", "vp8", 2000)
    assert (
        probe(BytesIO(make_video(tmp_path / "a.mov", form="mov")), longest_ms=MINUTE_MS).content_type
        == "video/quicktime"
    )


def test_a_recording_without_a_duration_is_measured_by_its_packets(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "a.webm", form="webm", codec="libvpx")
    place = whole.index(b"\x44\x89\x88")  # the EBML element of the duration
    unnamed = whole[:place] + b"\xec\x89" + whole[place + 2 :]  # "void" keeps the length
    assert 1900 <= probe(BytesIO(unnamed), longest_ms=MINUTE_MS).duration_ms <= 2000


def test_a_video_that_runs_too_long_is_refused_with_both_lengths(mp4: bytes) -> None:
    with pytest.raises(UnusableMedia, match=r"runs 2 seconds; at most 1 are allowed\. Nothing was saved\."):
        probe(BytesIO(mp4), longest_ms=1000)


# case 38
@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"hello",
        b"<html><script>alert(1)</script>",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"PK\x03\x04" + bytes(60),
        b"RIFF\x00\x00\x00\x00AVI LIST",
        b"\x89PNG\r\n\x1a\n" + bytes(60),
    ],
)
def test_what_is_no_video_is_refused_at_its_first_bytes(junk: bytes) -> None:
    with pytest.raises(UnusableMedia, match=r"not a video.*Nothing was saved"):
        sniff(junk)


def test_a_playlist_with_the_first_bytes_of_a_video_is_refused() -> None:
    disguised = b"\x00\x00\x00\x18ftypmp42#EXTM3U\nhttp://127.0.0.1/secret\n"
    with pytest.raises(UnusableMedia, match="something else"):
        probe(BytesIO(disguised), longest_ms=MINUTE_MS)


# case 38
@pytest.mark.parametrize("tail", [b"PK\x05\x06" + bytes(18), b"<script>alert(1)</script>", b"\x00"])
def test_a_video_with_something_else_behind_it_is_refused(mp4: bytes, tail: bytes) -> None:
    with pytest.raises(UnusableMedia, match=r"foreign data|something else"):
        probe(BytesIO(mp4 + tail), longest_ms=MINUTE_MS)


def test_markup_near_the_start_is_refused(mp4: bytes) -> None:
    page = b"<html><body>"
    free = (len(page) + 8).to_bytes(4, "big") + b"free" + page
    first = int.from_bytes(mp4[:4], "big")
    with pytest.raises(UnusableMedia, match="something else"):
        probe(BytesIO(mp4[:first] + free + mp4[first:]), longest_ms=MINUTE_MS)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_video_cut_short_is_refused(mp4: bytes, share: float) -> None:
    with pytest.raises(UnusableMedia):
        probe(BytesIO(mp4[: int(len(mp4) * share)]), longest_ms=MINUTE_MS)


def test_bytes_of_noise_inside_the_picture_data_do_not_end_the_program(mp4: bytes) -> None:
    place = mp4.index(b"mdat") + 4
    noisy = mp4[:place] + b"\xff" * 900 + mp4[place + 900 :]
    with pytest.raises(UnusableMedia):
        probe(BytesIO(noisy), longest_ms=MINUTE_MS)


def test_a_tiny_frame_and_a_foreign_codec_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableMedia, match="pixels a side"):
        probe(BytesIO(make_video(tmp_path / "s.mp4", size=(96, 96))), longest_ms=MINUTE_MS)
    with pytest.raises(UnusableMedia, match="codec"):
        probe(BytesIO(make_video(tmp_path / "m.mp4", codec="mpeg4")), longest_ms=MINUTE_MS)


def test_a_poster_is_a_small_webp_picture(mp4: bytes) -> None:
    with Image.open(BytesIO(poster(BytesIO(mp4)))) as picture:
        assert (picture.format, picture.size) == ("WEBP", (240, 320))


def test_a_wide_video_gets_a_poster_of_540_pixels(tmp_path: Path) -> None:
    wide = make_video(tmp_path / "w.mp4", size=(1280, 720))
    with Image.open(BytesIO(poster(BytesIO(wide)))) as picture:
        assert picture.size == (540, 303)
