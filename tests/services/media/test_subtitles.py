"""Subtitles: cues are counted, and whatever is not subtitles is refused in linear time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from services.media import subtitles
from services.media.facts import Flaw, Refused, SubtitlesFacts

VTT = "text/vtt"
SRT = "application/x-subrip"


def probed(folder: Path, content: bytes | str, media_type: str = VTT) -> SubtitlesFacts:
    path = folder / "words"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return subtitles.probe(path, media_type)


def refused(folder: Path, content: bytes | str, media_type: str = VTT) -> tuple[Flaw, str]:
    with pytest.raises(Refused) as told:
        probed(folder, content, media_type)
    return told.value.flaw, told.value.detail


@pytest.mark.parametrize(
    ("content", "media_type", "cues", "end_ms"),
    [
        ("WEBVTT\n\n00:01.000 --> 00:02.500\nHello\n", VTT, 1, 2_500),
        (
            "\ufeffWEBVTT - a film\r\n\r\nfirst\r\n01:00:01.000 --> 01:00:09.040 align:start\r\n你好\r\n",
            VTT,
            1,
            3_609_040,
        ),
        ("WEBVTT\n\nNOTE nothing\n\n00:05.000 --> 00:09.000\nlate\n\n00:01.000 --> 00:02.000\nearly", VTT, 2, 9_000),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<b onclick='x'>Bold</b> <script>alert(1)</script>\n", VTT, 1, 2_000),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nthis way\n--> that way\n", VTT, 1, 2_000),
        ("1\n00:00:01,000 --> 00:00:02,500\nHello\n\n2\n00:00:03.000 --> 0:00:04.750\nthere\n", SRT, 2, 4_750),
        ("\ufeff1\r00:00:01,000 --> 00:00:02,500\rold Mac\r", SRT, 1, 2_500),
    ],
)
def test_cues_are_counted_and_the_last_end_is_known(tmp_path, content, media_type, cues, end_ms):
    expected = SubtitlesFacts(media_type=media_type, cue_count=cues, duration_ms=end_ms)

    assert probed(tmp_path, content, media_type) == expected


@pytest.mark.parametrize(
    ("content", "media_type", "flaw", "detail"),
    [
        ("", VTT, Flaw.EMPTY_FILE, "the file has no bytes"),
        ("Hello", VTT, Flaw.BROKEN_FILE, "it does not begin with WEBVTT"),
        ("WEBVTTX\n\n00:01.000 --> 00:02.000\na", VTT, Flaw.BROKEN_FILE, "it does not begin with WEBVTT"),
        ("WEBVTT\n\nnothing said\n", VTT, Flaw.BROKEN_FILE, "there is no cue in it"),
        ("<html>\n<p>1</p>", SRT, Flaw.BROKEN_FILE, "there is no cue in it"),
        ("WEBVTT\n\n00:01,000 --> 00:02,000\na", VTT, Flaw.BROKEN_FILE, "the times in line 3 cannot be read"),
        ("1\n00:00:01,000 -->\na", SRT, Flaw.BROKEN_FILE, "the times in line 2 cannot be read"),
        ("1\n00:00:61,000 --> 00:01:02,000\na", SRT, Flaw.BROKEN_FILE, "the times in line 2 cannot be read"),
        (
            "WEBVTT\n\n00:03.000 --> 00:02.000\na",
            VTT,
            Flaw.BROKEN_FILE,
            "the cue in line 3 ends before it begins, or days later",
        ),
        (
            "WEBVTT\n\n00:03.000 --> 999:00:02.000\na",
            VTT,
            Flaw.BROKEN_FILE,
            "the cue in line 3 ends before it begins, or days later",
        ),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nä".encode("utf-16"), VTT, Flaw.BROKEN_FILE, "it is not UTF-8"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nä".encode("latin-1"), VTT, Flaw.BROKEN_FILE, "it is not UTF-8"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\n\0", VTT, Flaw.BROKEN_FILE, "it is not text"),
        ("WEBVTT", "image/png", Flaw.UNSUPPORTED_FILE, "image/png is not subtitles"),
    ],
)
def test_what_is_not_subtitles_is_refused_with_the_line(tmp_path, content, media_type, flaw, detail):
    assert refused(tmp_path, content, media_type) == (flaw, detail)


def test_subtitles_of_more_than_five_million_bytes_are_refused_and_those_of_exactly_that_are_not(tmp_path):
    head = "WEBVTT\n\n00:01.000 --> 00:02.000\n"
    fits = head + "a" * (subtitles.MOST_BYTES - len(head))

    assert probed(tmp_path, fits).cue_count == 1
    assert refused(tmp_path, fits + "a")[0] is Flaw.FILE_TOO_LARGE


@pytest.mark.parametrize(
    ("before", "part", "count", "after"),
    [
        ("", "0", 4_900_000, " --> 00:02.000"),
        ("", "-->", 1_600_000, ""),
        ("00:01.000 --> ", "0:", 2_400_000, ""),
        ("", " ", 4_900_000, ""),
    ],
)
@pytest.mark.parametrize("media_type", [VTT, SRT])
def test_one_line_of_five_megabytes_is_refused_at_once(tmp_path, before, part, count, after, media_type):
    line = before + part * count + after
    began = time.perf_counter()

    flaw, _ = refused(tmp_path, f"WEBVTT\n\n{line}", media_type)

    assert flaw is Flaw.BROKEN_FILE
    # a pattern that tries again from every place would need hours
    assert time.perf_counter() - began < 1
