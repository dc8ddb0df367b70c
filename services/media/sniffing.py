"""What a file is by its first bytes, whatever its name or its sender says."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["IMAGE", "VIDEO", "AUDIO", "SUBTITLES"]

KINDS: dict[str, Kind] = {
    "image/jpeg": "IMAGE",
    "image/png": "IMAGE",
    "image/gif": "IMAGE",
    "image/webp": "IMAGE",
    "image/avif": "IMAGE",
    "image/tiff": "IMAGE",
    "video/mp4": "VIDEO",
    "video/quicktime": "VIDEO",
    "video/webm": "VIDEO",
    "video/x-matroska": "VIDEO",
    "audio/mpeg": "AUDIO",
    "audio/mp4": "AUDIO",
    "audio/aac": "AUDIO",
    "audio/ogg": "AUDIO",
    "audio/wav": "AUDIO",
    "audio/flac": "AUDIO",
    "text/vtt": "SUBTITLES",
    "application/x-subrip": "SUBTITLES",
}
"""The media types we take, and what kind of asset each makes. A film without pictures may turn out to be sound."""

HEAD_BYTES = 64 * 1024
"""How much of a file is enough to tell what it is."""

_STARTS = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n.{4}IHDR", re.DOTALL), "image/png"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBPVP8[ LX]", re.DOTALL), "image/webp"),
    (re.compile(rb"II\*\x00(?!.{4}CR)|MM\x00\*|II\+\x00\x08\x00|MM\x00\+\x00\x08", re.DOTALL), "image/tiff"),
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"OggS\x00.{23}(\x01vorbis|OpusHead|\x7fFLAC|Speex)", re.DOTALL), "audio/ogg"),
    (re.compile(rb"ID3[\x02-\x04]"), "audio/mpeg"),
    (re.compile(rb"(\xef\xbb\xbf)?WEBVTT([ \t\r\n]|\Z)"), "text/vtt"),
    (
        re.compile(
            rb"(\xef\xbb\xbf)?\s{0,64}\d{1,9}[ \t]{0,9}\r?[\n\r]\s{0,9}\d{1,3}:\d\d:\d\d[,.]\d{1,3} *--> *\d{1,3}:\d\d:\d\d"
        ),
        "application/x-subrip",
    ),
)

_FILM_BRANDS = frozenset(
    (
        *(b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"mp71"),
        *(b"avc1", b"dash", b"cmfc", b"M4V ", b"M4VH", b"M4VP", b"MSNV", b"NDSC", b"NDSH", b"f4v "),
    )
)
_SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P "})
_MOVING_AVIF = b"avis"
# what the first box of a QuickTime film may be called where it has no brand
_BARE_QUICKTIME = frozenset({b"moov", b"mdat", b"wide", b"pnot"})

_REASONS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"(\xef\xbb\xbf)?\s*<(\?xml|!--|!DOCTYPE svg|svg|svg:svg)[^\x00]*?<(svg:)?svg\b|\s*<svg\b", re.IGNORECASE),
     "an SVG is not taken: export it as PNG or WebP"),
    (re.compile(rb"....ftyp(heic|heix|heim|heis|hevc|hevx|mif1|msf1)", re.DOTALL),
     "a HEIC picture is not taken: save it as JPEG or AVIF"),
    (re.compile(rb"....ftyp.{0,4096}avis", re.DOTALL), "a moving AVIF is not taken: save it as WebP, or as an MP4 film"),
    (re.compile(rb"\xff\x0a|\x00\x00\x00\x0cJXL \r\n"), "a JPEG XL picture is not taken: save it as JPEG, WebP or AVIF"),
    (re.compile(rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51"), "a JPEG 2000 picture is not taken: save it as JPEG or AVIF"),
    (re.compile(rb"BM.{4}\x00\x00\x00\x00", re.DOTALL), "a BMP picture is not taken: save it as PNG"),
    (re.compile(rb"\x00\x00[\x01\x02]\x00"), "an icon file is not taken: save the picture as PNG"),
    (re.compile(rb"8BPS"), "a Photoshop document is not taken: export it as JPEG, PNG or WebP"),
    (re.compile(rb"%PDF"), "a PDF is not taken: export its pages as pictures"),
    (re.compile(rb"II\*\x00.{4}CR|FUJIFILMCCD-RAW", re.DOTALL), "a camera's raw file is not taken: develop it as JPEG"),
    (re.compile(rb"....ftyp(3g|k3g)", re.DOTALL), "a 3GP film is not taken: save it as MP4"),
    (re.compile(rb"RIFF.{4}AVI |FLV\x01|\x30\x26\xb2\x75\x8e\x66\xcf\x11|\x00\x00\x01\xba|G.{187}G", re.DOTALL),
     "a film of this kind is not taken: save it as MP4 or WebM"),
    (re.compile(rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ"), "an archive is not taken: add the files that are in it"),
    (re.compile(rb"\x7fELF|MZ|\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe|#!"), "a program is not taken"),
    (re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body|script|!--|\?php)", re.IGNORECASE),
     "a web page is not taken"),
)  # fmt: skip
_OTHERWISE = (
    "this is no file of a kind that is taken: JPEG, PNG, GIF, WebP, AVIF or TIFF, "
    "MP4, QuickTime, WebM or Matroska, MP3, M4A, AAC, Ogg, WAV or FLAC, WebVTT or SubRip"
)


def media_type_of(head: bytes) -> str | None:
    """The media type by the first `HEAD_BYTES` of a file, one of `KINDS`; None when it is nothing that we take."""
    for start, media_type in _STARTS:
        if start.match(head):
            return media_type
    return _by_brand(head) or _of_matroska(head) or _of_bare_sound(head)


def why_not(head: bytes) -> str:
    """A sentence for whoever sent a file that is none of `KINDS`: what it seems to be, and what to do."""
    return next((reason for start, reason in _REASONS if start.match(head)), _OTHERWISE)


def _by_brand(head: bytes) -> str | None:
    """ISO base media (ISO/IEC 14496-12, 4.3): the first brand says what it is, the later ones what it can be read as."""
    if head[4:8] in _BARE_QUICKTIME:
        return "video/quicktime"
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4]), len(head))
    first, *others = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    brands = {first, *others}
    if b"avif" in brands:
        return None if _MOVING_AVIF in brands else "image/avif"
    if first in _SOUND_BRANDS:
        return "audio/mp4"
    if first == b"qt  ":
        return "video/quicktime"
    return "video/mp4" if brands & _FILM_BRANDS and not first.startswith((b"hei", b"mif", b"msf")) else None


def _of_matroska(head: bytes) -> str | None:
    """EBML (RFC 8794): element 0x4282 among the first says which of its document types it is."""
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    found = re.search(rb"\x42\x82[\x84\x88](webm|matroska)", head[:256])
    return found and {b"webm": "video/webm", b"matroska": "video/x-matroska"}[found.group(1)]


def _of_bare_sound(head: bytes) -> str | None:
    """Frames of MPEG sound without a head of the file: two in a row, so that chance does not make sound of anything."""
    for media_type, length in (("audio/aac", _aac_length(head)), ("audio/mpeg", _mpeg_length(head))):
        if length and head[length : length + 2] and head[length] == 0xFF and head[length + 1] & 0xF6 == head[1] & 0xF6:
            return media_type
    return None


def _aac_length(head: bytes) -> int | None:
    """Bytes of the first ADTS frame (ISO/IEC 13818-7, 6.2)."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return None
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length >= 7 else None


_BITRATES = {
    # kbit/s by index for layer III: of MPEG-1, of MPEG-2 and 2.5 (ISO/IEC 11172-3, 2.4.2.3; 13818-3, 2.4.2.3)
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mpeg_length(head: bytes) -> int | None:
    """Bytes of the first frame of MPEG sound of layer III."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, bitrate, rate, padding = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or bitrate in {0, 15} or rate == 3:
        return None
    kilobits = _BITRATES[3 if version == 3 else 2][bitrate]
    return (144_000 if version == 3 else 72_000) * kilobits // _SAMPLE_RATES[version][rate] + padding
