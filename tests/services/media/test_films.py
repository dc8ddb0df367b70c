"""Films and sounds: what a probe measures is what is there, at the edges of what channels ask; bad files are refused."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest

from services.media import films, opening, timelines
from services.media.facts import FilmFacts, Flaw, Limits, Refused, SoundFacts
from tests.services.channels.channel_facts import found, video
from tests.services.media.encoded import CANARY, Film, box_at, film, sound

MP4, MOV, WEBM, MATROSKA = "video/mp4", "video/quicktime", "video/webm", "video/x-matroska"
LIMITS = Limits()


def probed(path: Path, media_type: str = MP4, limits: Limits = LIMITS) -> FilmFacts | SoundFacts:
    return films.probe(path, media_type, limits)


def refused(path: Path, media_type: str = MP4, limits: Limits = LIMITS) -> tuple[Flaw, str]:
    with pytest.raises(Refused) as told:
        films.probe(path, media_type, limits)
    assert str(path.parent) not in told.value.detail
    return told.value.flaw, told.value.detail


def written(folder: Path, content: bytes, name: str = "film.mp4") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.fixture
def plain(tmp_path) -> bytes:
    """A film of two seconds with its index in front."""
    made = film(tmp_path / "plain.mp4", Film(sound_frames=8, options={"movflags": "+faststart"}))
    return made.read_bytes()


def test_every_fact_of_a_film_is_told(tmp_path):
    path = film(tmp_path / "a.mp4", Film(frames=25, rate=25, width=64, height=36, sound_frames=4))

    assert probed(path) == FilmFacts(
        media_type=MP4,
        container="mp4",
        video_codec="h264",
        audio_codec="aac",
        has_sound=True,
        width=64,
        height=36,
        duration_ms=1000,
        bitrate=path.stat().st_size * 8,
        frame_rate=25.0,
    )


@pytest.mark.parametrize(
    ("container", "codec", "media_type", "named", "sound_named"),
    [
        ("mp4", "libx264", MP4, "h264", "aac"),
        ("mp4", "mpeg4", MP4, "mpeg4", "aac"),
        ("mp4", "libx265", MP4, "hevc", "aac"),
        ("mp4", "libsvtav1", MP4, "av1", "aac"),
        ("mov", "libx264", MOV, "h264", "aac"),
        ("webm", "libvpx-vp9", WEBM, "vp9", "opus"),
        ("webm", "libvpx", WEBM, "vp8", "opus"),
        ("matroska", "libx264", MATROSKA, "h264", "aac"),
    ],
)
def test_containers_and_codecs_are_told_by_their_common_names(
    tmp_path, container, codec, media_type, named, sound_named
):
    side = 64 if codec in {"libsvtav1", "libx265"} else 32
    path = film(
        tmp_path / "a", Film(container=container, codec=codec, width=side, height=side, frames=5, sound_frames=4)
    )

    facts = probed(path, media_type)

    assert (facts.container, facts.video_codec, facts.audio_codec) == (container, named, sound_named)
    assert (facts.duration_ms, facts.frame_rate, facts.has_sound) == (1000, 5.0, True)


@pytest.mark.parametrize(
    ("frames", "rate", "duration_ms", "passes"),
    [
        (89, 10, 8_900, False),
        (224, 25, 8_960, False),
        (225, 25, 9_000, True),
        (226, 25, 9_040, True),
        (270, Fraction(30_000, 1_001), 9_009, True),
        (600, 1, 600_000, True),
        (601, 1, 601_000, False),
    ],
)
@pytest.mark.parametrize(("container", "media_type"), [("mp4", MP4), ("webm", WEBM)])
def test_a_rule_about_durations_decides_right_at_its_edges(
    tmp_path, frames, rate, duration_ms, passes, container, media_type
):
    path = film(tmp_path / "a", Film(frames=frames, rate=rate, width=16, height=16, container=container))

    measured = probed(path, media_type).duration_ms

    assert measured == pytest.approx(duration_ms, abs=1)
    rule = 'kind="video.duration"\nmin_seconds=9\nmax_seconds=600'
    assert (found(rule, videos=(video(duration_ms=measured),)) == []) is passes


def test_ten_minutes_and_one_frame_are_too_long(tmp_path):
    last = film(tmp_path / "a.mp4", Film(frames=601, width=16, height=16, times=[*range(0, 600_000, 1_000), 600_000]))

    # the last frame lasts no longer than one of those before: what counts is that it begins at ten minutes
    assert probed(last).duration_ms > 600_000


def test_the_filling_of_the_last_packet_of_a_sound_does_not_make_a_film_longer(tmp_path):
    # 71 times 1024 samples of 8 kHz are 9,088 ms: the last packet begins at 8,960
    path = film(tmp_path / "a.mp4", Film(frames=225, rate=25, width=16, height=16, sound_frames=71))
    assert probed(path).duration_ms == 9_000

    longer = film(tmp_path / "b.mp4", Film(frames=225, rate=25, width=16, height=16, sound_frames=72))
    assert probed(longer).duration_ms == 9_216


@pytest.mark.parametrize(
    ("wanted", "size", "rotation"),
    [
        (Film(width=64, height=36), (64, 36), 0),
        (Film(width=36, height=64), (36, 64), 0),
        (Film(width=64, height=36, rotation=90), (36, 64), 90),
        (Film(width=64, height=36, rotation=180), (64, 36), 180),
        (Film(width=64, height=36, rotation=270), (36, 64), 270),
        (Film(width=48, height=36, sample_aspect_ratio=Fraction(4, 3)), (64, 36), 0),
        (Film(width=48, height=36, sample_aspect_ratio=Fraction(4, 3), rotation=90), (36, 64), 90),
        (Film(width=64, height=36, rotation=90, container="matroska"), (36, 64), 90),
    ],
)
def test_width_and_height_are_those_of_the_upright_picture(tmp_path, wanted, size, rotation):
    facts = probed(film(tmp_path / "a", wanted), MATROSKA if wanted.container == "matroska" else MP4)

    assert ((facts.width, facts.height), facts.rotation) == (size, rotation)


def test_a_film_without_sound_and_a_black_one_are_films(tmp_path):
    facts = probed(film(tmp_path / "a.mp4", Film(is_black=True)))

    assert (facts.has_sound, facts.audio_codec, facts.duration_ms) == (False, None, 2_000)


def test_the_rate_of_a_film_whose_frames_come_unevenly_is_that_on_average(tmp_path):
    times = [0, 100, 200, 1_200, 1_300, 1_400, 3_000, 3_100]
    path = film(tmp_path / "a.mp4", Film(frames=8, times=times))

    facts = probed(path)

    assert facts.duration_ms == pytest.approx(3_200, abs=100)
    assert facts.frame_rate == pytest.approx(2.5, abs=0.1)


def test_a_header_that_lies_about_the_frame_rate_is_not_believed(tmp_path):
    honest = film(tmp_path / "a.mkv", Film(container="matroska")).read_bytes()
    # how long a frame lasts, in nanoseconds
    said = b"\x23\xe3\x83\x84" + (200_000_000).to_bytes(4, "big")
    assert honest.count(said) == 1

    lied = probed(written(tmp_path, honest.replace(said, said[:4] + (20_000_000).to_bytes(4, "big"))), MATROSKA)

    assert lied.frame_rate == pytest.approx(10 / 1.82, abs=0.01)


@pytest.mark.parametrize("bit_rate", [40_000, 200_000])
def test_the_bit_rate_is_that_of_the_whole_file(tmp_path, bit_rate):
    path = film(tmp_path / "a.mp4", Film(bit_rate=bit_rate, codec="mpeg4", frames=20))

    assert probed(path).bitrate == path.stat().st_size * 8 // 4


@pytest.mark.parametrize(
    ("container", "media_type", "codec", "duration_ms"),
    [
        ("mp3", "audio/mpeg", "mp3", 1_024),
        ("ipod", "audio/mp4", "aac", 1_024),
        ("adts", "audio/aac", "aac", 1_024),
        ("ogg", "audio/ogg", "opus", 171),
        ("wav", "audio/wav", "pcm_s16le", 1_024),
        ("flac", "audio/flac", "flac", 1_024),
    ],
)
def test_every_fact_of_a_sound_is_told(tmp_path, container, media_type, codec, duration_ms):
    path = sound(tmp_path / "a", container)

    facts = probed(path, media_type)

    # MP3 and AAC are filled up with a packet or two, where nothing says how much of them is filling
    slack = 260 if container in {"mp3", "adts"} else 1
    assert facts.duration_ms == pytest.approx(duration_ms, abs=slack)
    assert facts.bitrate == path.stat().st_size * 8_000 // facts.duration_ms
    assert (facts.kind, facts.media_type, facts.audio_codec) == ("AUDIO", media_type, codec)
    assert (facts.sample_rate, facts.channel_count) == (48_000 if container == "ogg" else 8_000, 1)


def test_a_film_named_as_a_sound_is_a_film_and_the_other_way_round(tmp_path):
    named_sound = probed(film(tmp_path / "a.m4a", Film()), "audio/mp4")
    named_film = probed(sound(tmp_path / "b.mp4", "ipod"), MP4)

    assert (named_sound.kind, named_sound.media_type) == ("VIDEO", MP4)
    assert (named_film.kind, named_film.media_type) == ("AUDIO", "audio/mp4")
    only_sound = sound(tmp_path / "c.webm", "webm")
    assert refused(only_sound, WEBM) == (
        Flaw.UNSUPPORTED_FILE,
        "it says video/webm and has nothing but sound in it",
    )


@pytest.mark.parametrize(
    ("container", "media_type"), [("mp3", "audio/mpeg"), ("mp4", "audio/mp4"), ("flac", "audio/flac")]
)
def test_a_sound_with_a_cover_is_a_sound(tmp_path, cover, container, media_type):
    facts = probed(sound(tmp_path / "a", container, cover=cover), media_type)

    assert (facts.kind, facts.has_location) == ("AUDIO", False)


def test_a_place_is_found_wherever_it_stands(tmp_path):
    name = "com.apple.quicktime.location.ISO6709"
    for number, (container, media_type, said) in enumerate(
        [
            ("mp4", MP4, {"location": CANARY}),
            ("mp4", MP4, {name: CANARY}),
            ("mov", MOV, {"location": CANARY}),
            ("mov", MOV, {name: CANARY}),
            ("matroska", MATROSKA, {"GPS_COORDINATES": CANARY}),
        ]
    ):
        path = film(tmp_path / str(number), Film(container=container, metadata=said))
        assert CANARY.encode() in path.read_bytes() or b"loci" in path.read_bytes()
        assert probed(path, media_type).has_location

    assert not probed(film(tmp_path / "none.mp4", Film(metadata={"title": "A walk"}))).has_location


def test_a_header_that_lies_about_the_duration_is_not_believed(tmp_path, plain):
    lie = bytearray(plain)
    # mvhd: version and flags, created, changed, units a second, duration
    at = box_at(plain, "moov", "mvhd") + 16
    lie[at : at + 4] = (100 * 3_600_000).to_bytes(4, "big")
    assert probed(written(tmp_path, bytes(lie))).duration_ms == 2_000

    honest = film(tmp_path / "a.mkv", Film(container="matroska")).read_bytes()
    said = b"\x44\x89\x88" + struct.pack(">d", 2_000)
    assert honest.count(said) == 1
    lied = probed(written(tmp_path, honest.replace(said, said[:3] + struct.pack(">d", 360_000_000))), MATROSKA)

    assert (lied.duration_ms, lied.header_duration_ms) == (2_000, timelines.LONGEST_MS)
    assert probed(written(tmp_path, honest), MATROSKA).header_duration_ms is None


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(lambda _: b"", id="nothing"),
        pytest.param(lambda film: film[: len(film) // 2], id="the second half is missing"),
        pytest.param(lambda film: film[:-1], id="the last byte is missing"),
        pytest.param(lambda film: film[: box_at(film, "moov") + 20], id="the index is cut"),
        pytest.param(lambda film: film[:40] + bytes(range(256)) * 20, id="noise behind an honest head"),
        pytest.param(
            lambda film: film[: box_at(film, "mdat") + 1] + b"\x55" * (len(film) - box_at(film, "mdat") - 1),
            id="noise as frames",
        ),
        pytest.param(lambda _: b"#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n", id="a playlist"),
        pytest.param(lambda _: b"ffconcat version 1.0\nfile /etc/passwd\n", id="a list of files"),
    ],
)
def test_what_is_not_a_whole_film_is_refused(tmp_path, plain, cut):
    flaw, _ = refused(written(tmp_path, cut(plain)))

    assert flaw is (Flaw.BROKEN_FILE if cut(plain) else Flaw.EMPTY_FILE)


def test_a_film_whose_index_at_the_end_is_missing_is_refused(tmp_path):
    whole = film(tmp_path / "a.mp4", Film()).read_bytes()
    assert box_at(whole, "mdat") < box_at(whole, "moov")

    for kept in (box_at(whole, "moov") - 8, box_at(whole, "moov") + 100):
        assert refused(written(tmp_path, whole[:kept]))[0] is Flaw.BROKEN_FILE


@pytest.mark.parametrize(("container", "media_type"), [("webm", WEBM), ("matroska", MATROSKA)])
def test_a_part_of_a_film_that_could_be_played_is_refused_too(tmp_path, container, media_type):
    whole = film(tmp_path / "a", Film(container=container, frames=60)).read_bytes()

    assert refused(written(tmp_path, whole[:-1]), media_type) == (Flaw.BROKEN_FILE, "the end of the file is missing")
    assert refused(written(tmp_path, whole[:300]), media_type)[0] is Flaw.BROKEN_FILE


def test_a_film_that_was_sent_while_it_was_made_is_one(tmp_path):
    path = film(tmp_path / "a", Film(container="webm", options={"live": "1"}))

    assert probed(path, WEBM).duration_ms == pytest.approx(2_000, abs=200)


def test_a_film_whose_frames_lie_in_another_file_is_refused_and_that_file_is_not_read(tmp_path):
    whole = film(tmp_path / "other.mov", Film(container="mov")).read_bytes()
    entry = box_at(whole, "moov", "trak", "mdia", "minf", "dinf", "dref") + 8
    # what QuickTime calls an alias: names in 150 bytes, which may be empty, and then the whole path as item 2
    address = str(tmp_path / "other.mov").encode().ljust(512, b"\0")
    reference = bytes(150) + b"\0\x02" + len(address).to_bytes(2, "big") + address + b"\xff\xff\0\0"
    box = (12 + len(reference)).to_bytes(4, "big") + b"alis" + b"\0\0\0\0" + reference
    path = written(tmp_path, _with_reference(whole, entry, box), "reference.mov")
    followed = {"enable_drefs": "1", "use_absolute_path": "1"}
    with av.open(str(path), container_options=followed) as container:
        # so there is something to be followed
        assert len(list(container.decode(video=0))) == 10

    assert refused(path, MOV)[0] is Flaw.BROKEN_FILE


def _with_reference(whole: bytes, entry: int, box: bytes) -> bytes:
    """Nothing but the index of a film, with `box` in place of the entry of its dref; no frames."""
    start = box_at(whole, "moov") - 8
    old = int.from_bytes(whole[entry : entry + 4], "big")
    index = bytearray(whole[start:])
    at = entry - start
    index[at : at + old] = box
    names = ("moov", "trak", "mdia", "minf", "dinf", "dref")
    for depth in range(1, len(names) + 1):
        size = box_at(whole, *names[:depth]) - 8 - start
        index[size : size + 4] = (int.from_bytes(index[size : size + 4], "big") + len(box) - old).to_bytes(4, "big")
    return bytes(index)


def test_twenty_streams_are_taken_and_one_more_is_not(tmp_path):
    for count in (8, 20, 21):
        path = tmp_path / f"{count}.mkv"
        with av.open(str(path), "w", format="matroska") as made:
            streams = [made.add_stream("pcm_s16le", rate=8_000, layout="mono") for _ in range(count)]
            for stream in streams:
                frame = av.AudioFrame(format="s16", layout="mono", samples=80)
                frame.sample_rate, frame.pts = 8_000, 0
                made.mux(stream.encode(frame))

    # Matroska with nothing but sound is not taken: what is told is that the streams were not too many
    for count in (8, 20):
        assert "nothing but sound" in refused(tmp_path / f"{count}.mkv", MATROSKA)[1]
    assert refused(tmp_path / "21.mkv", MATROSKA) == (Flaw.UNSUPPORTED_FILE, "it has 21 streams; 20 are taken")


def test_frames_of_as_many_pixels_as_allowed_are_taken_and_of_more_are_not(tmp_path):
    path = film(tmp_path / "a.mp4", Film(width=32, height=32))

    assert probed(path, limits=Limits(pixels=1_024)).width == 32
    assert refused(path, limits=Limits(pixels=1_023)) == (Flaw.TOO_MANY_PIXELS, "a frame has 32 x 32 pixels")


def test_more_packets_than_anybody_reads_are_refused(tmp_path, monkeypatch):
    path = film(tmp_path / "a.mp4", Film(frames=11))
    monkeypatch.setattr(timelines, "MOST_PACKETS", 10)

    # the last packet is the one that flushes the decoder
    assert refused(path) == (Flaw.TOO_MANY_FRAMES, "it has more than 10 packets")


def test_codecs_that_nobody_needs_are_not_decoded(tmp_path):
    path = film(tmp_path / "a", Film(container="matroska", codec="ffv1"))

    assert refused(path, MATROSKA) == (Flaw.UNSUPPORTED_FILE, "the picture is encoded as ffv1, which is not taken")
    with opening.opened(path, MATROSKA) as container:
        # only a decoder would tell, and none was started
        assert container.streams.video[0].pix_fmt is None
    assert refused(path, "image/png") == (Flaw.UNSUPPORTED_FILE, "image/png is neither a film nor a sound")


def test_whatever_byte_is_wrong_there_are_facts_or_a_refusal(tmp_path, plain):
    outcomes = set()
    for place in range(0, len(plain), max(1, len(plain) // 150)):
        flipped = bytearray(plain)
        flipped[place] ^= 0xFF
        try:
            outcomes.add(type(probed(written(tmp_path, bytes(flipped)))))
        except Refused as told:
            outcomes.add(told.flaw)

    assert outcomes >= {FilmFacts, Flaw.BROKEN_FILE}
