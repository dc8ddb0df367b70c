"""What is written without location: the same film, and no byte of where it was made."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest
from PIL import Image

from services.media import films, remuxing
from services.media.facts import Flaw, Limits, Refused
from tests.services.media.encoded import CANARY, Film, box_at, film, sound

PLACE = "com.apple.quicktime.location.ISO6709"


def copied(path: Path, media_type: str) -> Path:
    target = path.with_name("served")
    remuxing.without_location(path, media_type, target)
    return target


def told(path: Path, media_type: str) -> dict[str, object]:
    facts = films.probe(path, media_type, Limits()).model_dump()
    # a header more or less changes what there is on average
    facts.pop("bitrate")
    return facts


@pytest.mark.parametrize(
    ("container", "media_type", "wanted"),
    [
        ("mp4", "video/mp4", {"metadata": {PLACE: CANARY}, "rotation": 90, "sound_frames": 8}),
        ("mp4", "video/mp4", {"metadata": {"location": CANARY}, "codec": "libx265", "width": 64, "height": 64}),
        ("mov", "video/quicktime", {"metadata": {PLACE: CANARY}, "rotation": 270, "sound_frames": 8}),
        ("webm", "video/webm", {"metadata": {"LOCATION": CANARY}, "sound_frames": 8}),
        ("matroska", "video/x-matroska", {"metadata": {"LOCATION": CANARY}, "rotation": 180}),
    ],
)
def test_a_film_stays_what_it_is_but_for_the_place(tmp_path, container, media_type, wanted):
    path = film(tmp_path / "a", Film(container=container, **wanted))
    before = told(path, media_type)
    assert before.pop("has_location") is True

    served = copied(path, media_type)

    after = told(served, media_type)
    assert after.pop("has_location") is False
    assert after == before
    assert CANARY.encode() not in served.read_bytes()
    assert b"48.8577" not in served.read_bytes()
    assert b"loci" not in served.read_bytes()


def test_no_packet_of_picture_or_sound_changes(tmp_path):
    path = film(tmp_path / "a.mp4", Film(metadata={"location": CANARY}, sound_frames=8))

    served = copied(path, "video/mp4")

    with av.open(str(path)) as before, av.open(str(served)) as after:
        packets, others = (
            sorted((one.stream_index, one.pts, one.dts, bytes(one)) for one in film_.demux() if one.dts is not None)
            for film_ in (before, after)
        )
    assert packets == others


def test_the_index_stands_in_front_so_that_a_film_plays_while_it_is_fetched(tmp_path):
    path = film(tmp_path / "a.mp4", Film(metadata={"location": CANARY}))
    assert box_at(path.read_bytes(), "mdat") < box_at(path.read_bytes(), "moov")

    served = copied(path, "video/mp4").read_bytes()

    assert box_at(served, "moov") < box_at(served, "mdat")


def test_the_same_film_is_written_the_same(tmp_path):
    for container, media_type in (("mp4", "video/mp4"), ("webm", "video/webm")):
        path = film(tmp_path / "a", Film(container=container, metadata={"location": CANARY}))

        assert copied(path, media_type).read_bytes() == copied(path, media_type).read_bytes()


def test_apple_players_find_the_name_that_they_know(tmp_path):
    path = film(tmp_path / "a.mov", Film(container="mov", codec="libx265", codec_tag="hvc1", width=64, height=64))

    served = copied(path, "video/quicktime").read_bytes()

    assert b"hvc1" in served
    assert b"hev1" not in served


@pytest.mark.parametrize(
    ("container", "media_type"),
    [
        ("mp3", "audio/mpeg"),
        ("mp4", "audio/mp4"),
        ("ogg", "audio/ogg"),
        ("flac", "audio/flac"),
    ],
)
def test_a_sound_stays_what_it_is_but_for_the_place(tmp_path, cover, container, media_type):
    covered = cover if container in {"mp3", "mp4", "flac"} else b""
    path = sound(tmp_path / "a", container, metadata={"location": CANARY}, cover=covered)
    before = told(path, media_type)
    assert before.pop("has_location") is True

    served = copied(path, media_type)

    after = told(served, media_type)
    assert after.pop("has_location") is False
    assert after == before
    assert CANARY.encode() not in served.read_bytes()


def test_a_cover_may_hold_the_notes_of_a_camera_and_goes(tmp_path):
    noted = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = CANARY
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 27.0)})
    Image.new("RGB", (4, 4)).save(noted, "JPEG", exif=exif)
    path = sound(tmp_path / "a.mp3", "mp3", cover=noted.getvalue(), cover_codec="mjpeg")
    assert films.probe(path, "audio/mpeg", Limits()).has_location

    served = copied(path, "audio/mpeg")

    assert CANARY.encode() not in served.read_bytes()
    assert not films.probe(served, "audio/mpeg", Limits()).has_location


@pytest.mark.parametrize(
    ("words", "tells"), [("[latitude: 48.8577] [longitude: 2.295]", True), ("It was a mild evening.", False)]
)
def test_subtitles_of_a_drone_go_and_others_stay(tmp_path, words, tells):
    path = film(tmp_path / "a.mkv", Film(container="matroska", metadata={"location": CANARY}, words=words))

    served = copied(path, "video/x-matroska")

    assert (words.encode() in served.read_bytes()) is not tells


def test_a_track_of_data_may_hold_places_and_goes(tmp_path):
    path = film(tmp_path / "a.mp4", Film(data=b"\0\0GPS5" + CANARY.encode()))
    assert films.probe(path, "video/mp4", Limits()).has_location

    served = copied(path, "video/mp4")

    assert CANARY.encode() not in served.read_bytes()
    assert not films.probe(served, "video/mp4", Limits()).has_location


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(
            b"\0\0\0\x30uuid\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac<exif:GPSLatitude>48,51.",
            id="XMP",
        ),
        pytest.param(b"\0\0\0\x18free" + b"\0" * 4 + b"GPS 48.8577 ", id="a dash camera"),
        pytest.param(b"GPMF and no box at all: 48.8577", id="behind the end"),
    ],
)
def test_a_place_beside_the_streams_is_found_and_goes(tmp_path, box):
    path = film(tmp_path / "a.mp4", Film())
    assert not films.probe(path, "video/mp4", Limits()).has_location
    path.write_bytes(path.read_bytes() + box)
    assert films.probe(path, "video/mp4", Limits()).has_location

    served = copied(path, "video/mp4")

    assert not films.probe(served, "video/mp4", Limits()).has_location
    assert box[8:] not in served.read_bytes()


def test_a_file_that_breaks_on_the_way_is_refused(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + b"\x11" * 200)

    with pytest.raises(Refused) as refused:
        copied(path, "video/mp4")

    assert refused.value.flaw is Flaw.BROKEN_FILE
