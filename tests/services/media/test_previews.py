"""Stills and previews: upright, in the right place of the film, no larger and no heavier than asked."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from services.media import films, previews
from services.media.facts import Flaw, Limits, Refused
from tests.services.media.encoded import CANARY, Film, box_at, film, sound

LIGHT, WHITE = 215, 255
"""The right half and the upper left corner of what is shown, in full range."""


def shown(path: Path, at_ms: int | None = None) -> Image.Image:
    target = path.with_name("still.png")
    previews.still(path, target, at_ms)
    return Image.open(target).convert("L")


def previewed(path: Path, width: int = 32, height: int = 32, seconds: int = 5) -> films.FilmFacts:
    target = path.with_name("preview")
    previews.preview(path, target, width, height, seconds)
    facts = films.probe(target, "video/mp4", Limits())
    assert isinstance(facts, films.FilmFacts)
    return facts


def grey(number: int) -> int:
    """How light the left half of a frame is."""
    return round((60 + number % 100 - 16) * 255 / 219)


@pytest.mark.parametrize(
    ("rotation", "size", "corner", "light"),
    [
        (0, (64, 32), (4, 2), (60, 28)),
        (90, (32, 64), (29, 4), (4, 60)),
        (180, (64, 32), (59, 29), (4, 4)),
        (270, (32, 64), (2, 59), (28, 4)),
    ],
)
def test_a_still_stands_upright(tmp_path, rotation, size, corner, light):
    still = shown(film(tmp_path / "a.mp4", Film(width=64, height=32, rotation=rotation)))

    assert still.size == size
    assert still.getpixel(corner) == pytest.approx(WHITE, abs=6)
    assert still.getpixel(light) == pytest.approx(LIGHT, abs=6)


def test_a_still_has_square_pixels(tmp_path):
    path = film(tmp_path / "a.mp4", Film(width=48, height=36, sample_aspect_ratio=Fraction(4, 3)))

    assert shown(path).size == (64, 36)


@pytest.mark.parametrize(
    ("wanted", "at_ms", "frame"),
    [
        (Film(frames=50), None, 0),
        (Film(frames=50, black_frames=3), None, 3),
        # beyond the first tenth nobody looks
        (Film(frames=50, black_frames=8), None, None),
        (Film(is_black=True), None, None),
        (Film(frames=50), 4_000, 20),
        (Film(frames=50), 4_199, 20),
        (Film(frames=50), 4_200, 21),
        (Film(frames=50), 3_600_000, 49),
        (Film(frames=50, container="webm"), 4_000, 20),
    ],
)
def test_a_still_is_of_the_first_frame_that_is_not_black_or_of_that_asked_for(tmp_path, wanted, at_ms, frame):
    left = shown(film(tmp_path / "a", wanted), at_ms).getpixel((4, 28))

    assert left == pytest.approx(0 if frame is None else grey(frame), abs=3)


def test_a_film_that_stays_black_for_long_is_not_decoded_to_its_end(tmp_path, monkeypatch):
    path = film(tmp_path / "a.mp4", Film(frames=600, rate=1, width=16, height=16, black_frames=55, options={}))
    looked = []
    is_telling = previews._is_telling
    monkeypatch.setattr(previews, "_is_telling", lambda frame: looked.append(frame.pts) or is_telling(frame))
    monkeypatch.setattr(previews, "EACH_FRAME", 10)

    previews.still(path, tmp_path / "still.png")

    # after the first ten only those frames that stand for themselves: one in twelve here
    assert len(looked) < 20


def test_a_still_of_a_sound_and_of_what_is_broken_is_refused(tmp_path):
    with pytest.raises(Refused) as refused:
        previews.still(sound(tmp_path / "a.mp3", "mp3"), tmp_path / "still.png")
    assert refused.value.flaw is Flaw.UNSUPPORTED_FILE

    (tmp_path / "b.mp4").write_bytes(b"#EXTM3U\nhttp://127.0.0.1:9/a.ts\n")
    with pytest.raises(Refused) as refused:
        previews.preview(tmp_path / "b.mp4", tmp_path / "preview", 32, 32)
    assert refused.value.flaw is Flaw.BROKEN_FILE
    assert not (tmp_path / "preview").exists()


def test_a_preview_is_what_the_form_for_short_videos_asks_for(tmp_path):
    made = previewed(
        film(
            tmp_path / "a.mp4",
            Film(frames=80, rate=10, width=64, height=36, sound_frames=60, metadata={"location": CANARY}),
        ),
        32,
        32,
    )

    assert (made.container, made.video_codec, made.has_sound, made.has_location) == ("mp4", "h264", False, False)
    assert (made.width, made.height, made.duration_ms, made.frame_rate) == (32, 18, 5_000, 10.0)
    content = (tmp_path / "preview").read_bytes()
    assert box_at(content, "moov") < box_at(content, "mdat")
    with av.open(str(tmp_path / "preview")) as container:
        assert container.streams.video[0].pix_fmt == "yuv420p"


@pytest.mark.parametrize(
    ("wanted", "within", "size", "duration_ms", "rate"),
    [
        (Film(width=64, height=36, rotation=90, frames=5), (100, 32), (18, 32), 1_000, 5.0),
        (Film(width=64, height=36, frames=5), (640, 360), (64, 36), 1_000, 5.0),
        (Film(width=66, height=34, frames=5), (21, 21), (20, 10), 1_000, 5.0),
        (Film(width=48, height=36, sample_aspect_ratio=Fraction(4, 3), frames=5), (64, 64), (64, 36), 1_000, 5.0),
        (Film(frames=60, rate=60), (32, 32), (32, 32), 1_000, 30.0),
        (Film(frames=75, rate=15, container="webm"), (32, 32), (32, 32), 5_000, 15.0),
        (Film(frames=76, rate=15), (32, 32), (32, 32), 5_000, 15.0),
    ],
)
def test_a_preview_fits_and_keeps_its_ratio(tmp_path, wanted, within, size, duration_ms, rate):
    made = previewed(film(tmp_path / "a", wanted), *within)

    assert (made.width, made.height, made.rotation) == (*size, 0)
    assert (made.duration_ms, made.frame_rate) == (duration_ms, rate)


@pytest.mark.parametrize("seconds", [1, 3])
def test_a_preview_of_noise_stays_below_what_is_allowed(tmp_path, seconds):
    path = tmp_path / "noise.mkv"
    with av.open(str(path), "w", format="matroska") as made:
        stream = made.add_stream("mjpeg", rate=15, width=192, height=192)
        stream.pix_fmt = "yuvj420p"
        for number in range(15 * seconds):
            frame = av.VideoFrame(192, 192, "yuvj420p")
            for plane in frame.planes:
                # the same noise each time
                plane.update(hashlib.shake_128(bytes([number, plane.line_size % 251])).digest(plane.buffer_size))
            frame.pts = number
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))

    assert films.probe(path, "video/x-matroska", Limits()).bitrate > 2 * previews.BITS_A_SECOND

    made = previewed(path, 192, 192)
    assert made.duration_ms == 1_000 * seconds
    with av.open(str(tmp_path / "preview")) as container:
        # each frame of the film stands for itself; those of the preview do not
        assert [packet.is_keyframe for packet in container.demux(video=0) if packet.size].count(True) == 1
    assert previews.BITS_A_SECOND // 3 < made.bitrate <= previews.BITS_A_SECOND
