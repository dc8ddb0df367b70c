"""What a file is, is told by its bytes."""

from __future__ import annotations

import pytest

from services.media import sniffing
from tests.services.media import drawn


def ftyp(first: bytes, *others: bytes) -> bytes:
    body = first + b"\0\0\0\0" + b"".join(others)
    return (len(body) + 8).to_bytes(4) + b"ftyp" + body + b"\0\0\0\x08free"


def mpeg_frames() -> bytes:
    """Two frames of layer III: MPEG-1, 128 kbit/s, 44,100 Hz, 417 bytes each."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * 2


def aac_frames() -> bytes:
    """Two ADTS frames of 20 bytes."""
    return (b"\xff\xf1\x50\x80\x02\x9f\xfc" + bytes(13)) * 2


TAKEN = [
    *((drawn.saved(drawn.quarters(), media_type), media_type) for media_type in drawn.MEDIA_TYPES),
    (b"II+\0\x08\0\0\0", "image/tiff"),
    (b"GIF87a\x01\0\x01\0", "image/gif"),
    (ftyp(b"isom", b"isom", b"iso2", b"avc1", b"mp41"), "video/mp4"),
    (ftyp(b"mp42"), "video/mp4"),
    (ftyp(b"XXXX", b"mp42"), "video/mp4"),
    (ftyp(b"mif1", b"avif", b"miaf"), "image/avif"),
    (ftyp(b"qt  "), "video/quicktime"),
    (b"\0\0\0\x08wide\0\0\x10\0mdat", "video/quicktime"),
    (ftyp(b"M4A ", b"M4A ", b"mp42", b"isom"), "audio/mp4"),
    (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webmB\x87\x81\x04", "video/webm"),
    (b"\x1a\x45\xdf\xa3\xa3B\x86\x81\x01B\x82\x88matroskaB\x87\x81\x04", "video/x-matroska"),
    (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
    (mpeg_frames(), "audio/mpeg"),
    (aac_frames(), "audio/aac"),
    (b"OggS\0\x02" + bytes(22) + b"\x01\x1e\x01vorbis"[2:], "audio/ogg"),
    (b"OggS\0\x02" + bytes(22) + b"OpusHead", "audio/ogg"),
    (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
    (b"fLaC\0\0\0\x22", "audio/flac"),
    (b"WEBVTT", "text/vtt"),
    (b"\xef\xbb\xbfWEBVTT - words\n\n", "text/vtt"),
    (b"1\r\n00:00:01,000 --> 00:00:02,500\r\nHello\r\n", "application/x-subrip"),
    (b"\xef\xbb\xbf\n\n12\n0:00:01.0 --> 0:00:02.5\nHello\n", "application/x-subrip"),
]

REFUSED = [
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- drawn -->\n<!DOCTYPE svg>\n<svg/>", "SVG"),
    (ftyp(b"heic", b"mif1", b"heic"), "HEIC"),
    (ftyp(b"mif1", b"heic"), "HEIC"),
    (ftyp(b"avis", b"avif", b"avis"), "moving AVIF"),
    (b"BM\x36\x30\0\0\0\0\0\0\x36\0\0\0", "BMP"),
    (b"\xff\x0a\x00", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"%PDF-1.7", "PDF"),
    (b"PK\x03\x04\x14\0", "archive"),
    (b"\x7fELF\x02\x01", "program"),
    (b"#!/bin/sh\nrm", "program"),
    (b"<!DOCTYPE html><script>alert(1)</script>", "web page"),
    (b"II*\0\x10\0\0\0CR\x02\0", "raw"),
    (ftyp(b"3gp5", b"3gp4"), "3GP"),
    (b"RIFF\x24\0\0\0AVI LIST", "MP4 or WebM"),
    (b"WEBVTTX\n", "no file of a kind"),
    (b"1\nnot a time\n", "no file of a kind"),
    (b"\xff\xfb\x90\x00" + bytes(413) + b"no second frame", "no file of a kind"),
    (b"\x89PNG\r\n\x1a\n", "no file of a kind"),
    (b"plain words", "no file of a kind"),
    (b"\0", "no file of a kind"),
    (b"", "no file of a kind"),
]


@pytest.mark.parametrize(("head", "media_type"), TAKEN, ids=lambda value: value if isinstance(value, str) else "")
def test_files_are_known_by_their_first_bytes(head: bytes, media_type: str) -> None:
    assert sniffing.media_type_of(head[: sniffing.HEAD_BYTES]) == media_type
    assert media_type in sniffing.KINDS


def test_every_media_type_that_is_taken_is_recognised() -> None:
    assert {media_type for _, media_type in TAKEN} == set(sniffing.KINDS)


@pytest.mark.parametrize(("head", "word"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_not_taken_is_told_what_it_is_and_what_to_do(head: bytes, word: str) -> None:
    assert sniffing.media_type_of(head) is None
    assert word in sniffing.why_not(head)


def test_patterns_take_no_longer_for_hostile_bytes() -> None:
    """Blanks, digits and the beginnings of tags without end: a pattern that goes back and forth would not return."""
    for hostile in (
        b" " * 65_536,
        b"1" * 65_536,
        b"<!--" * 16_384,
        b"1\n" * 32_768,
        b"<?xml " + b"<" * 65_000,
        b"\n" * 65_536,
    ):
        assert sniffing.media_type_of(hostile) is None
        sniffing.why_not(hostile)
