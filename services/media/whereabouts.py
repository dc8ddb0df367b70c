"""Whether the file of a picture tells where it was made: GPS in EXIF, places in XMP and IPTC, in it and behind its end.

What is said beside a picture is bounded before any decoder sees it: EXIF to 1 MiB, everything together to 16 MiB (telephones
put a picture's depth there, which takes some), unpacked as well as packed, and EXIF whose fields claim more than is there is
refused: libraries make a copy of each field.
"""

from __future__ import annotations

import binascii
import re
import zlib
from collections.abc import Iterator
from itertools import islice

from services.media import boxes, exif, segments
from services.media.facts import Flaw, Refused
from services.media.segments import Segment, View

SPOKEN_BYTES = 16 << 20
EXIF_BYTES = 1 << 20
TIFF_BYTES = 64 << 10
_HEADS_TRIED = 50

# Names of properties whatever their prefix: exif:GPSLatitude, photoshop:City, Iptc4xmpExt:LocationCreated, as elements, as
# attributes and as PNG has them in keywords; and what films behind a picture call theirs. Rather one too many than one missed.
_XMP = re.compile(
    rb"GPS(?!VersionID)[A-Z][a-z]+|[:<](City|Country|CountryName|CountryCode|State|ProvinceState|Location|Sublocation"
    rb"|LocationCreated|LocationShown|WorldRegion)[\s>=/\"]|\xa9xyz|ISO6709"
)
# IIM 4.2, record 2: content location, city, sublocation, province, country; not empty
_IPTC = re.compile(rb"\x1c\x02[\x1a\x1b\x5a\x5c\x5f\x64\x65](\x00[^\x00]|[\x01-\x7f])", re.DOTALL)
_IPTC_IN_PHOTOSHOP = b"8BIM\x04\x04"
_TIFF = re.compile(rb"II\*\x00|MM\x00\*")

_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\x00"
_XMP_EXTENSION_HEAD = len(_XMP_EXTENSION) + 32 + 8
_PHOTOSHOP = b"Photoshop 3.0\x00"
_RAW_PROFILE = b"Raw profile type "

# fields of a TIFF that hold what other files have beside the picture, and where a map lies (GeoTIFF 1.1, 2.6)
_SPOKEN_TAGS = frozenset({700, 33723, 34377})
_MAP_TAGS = frozenset({33550, 33922, 34264, 34735})
_RAW_TAG = 50706


def checked(view: View, media_type: str, parts: list[Segment]) -> bool:
    """Whether the file of these parts tells where it was made. Raises Refused when what is said in it has no bounds."""
    if media_type == "image/tiff":
        return _tiff(view)
    # all blocks are gone through, so that those after the first that tells are checked too
    told_beside = [_told_by(block) for block in _BLOCKS[media_type](view, parts)]
    return any(told_beside) or any(told(view, part.start) for part in parts if part.name == segments.TAIL)


def told(data: bytes | View, start: int = 0) -> bool:
    """Whether these bytes, of whatever form, name a place."""
    if _XMP.search(data, start) or (data.find(_IPTC_IN_PHOTOSHOP, start) >= 0 and _IPTC.search(data, start)):
        return True
    return any(_has_place(data, found.start()) for found in islice(_TIFF.finditer(data, start), _HEADS_TRIED))


def _told_by(block: bytes) -> bool:
    """As `told`, of a block by itself, which may be UTF-16, or IPTC without a frame."""
    return (
        told(block)
        or bool(_XMP.search(block.replace(b"\0", b"")))
        or (block[:2] == b"\x1c\x02" and bool(_IPTC.search(block)))
    )


def _has_place(data: bytes | View, start: int) -> bool:
    try:
        return exif.has_place(data, start)
    except exif.TooManyFields:  # chance made it look like EXIF: the real one was checked
        return True


def _checked_exif(block: bytes) -> bytes:
    """EXIF as it is. Raises Refused when it is too large, or its fields point again and again at the same bytes."""
    if len(block) > EXIF_BYTES:
        raise _too_much("EXIF")
    starts_at = 6 if block.startswith(b"Exif\0\0") else 0
    try:
        claimed = sum(field.end - field.start for field in exif.fields(block, starts_at) if field.end <= len(block))
    except exif.TooManyFields:
        raise Refused(Flaw.BROKEN_FILE, "its EXIF has too many fields, or leads in circles") from None
    if claimed > 4 * len(block) + TIFF_BYTES:
        raise Refused(Flaw.BROKEN_FILE, "the fields of its EXIF hold more than there is")
    return block


def _too_much(what: str) -> Refused:
    return Refused(Flaw.BROKEN_FILE, f"its {what} is larger than is taken: save the picture without it")


def _bounded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    left = SPOKEN_BYTES
    for block in blocks:
        left -= len(block)
        if left < 0:
            raise _too_much("metadata")
        yield block


def _jpeg(view: View, parts: list[Segment]) -> Iterator[bytes]:
    said = [part for part in parts if part.name == "COM" or part.name.startswith("APP")]
    if sum(part.end - part.start for part in said) > SPOKEN_BYTES:
        raise _too_much("metadata")
    extended, photoshop = bytearray(), bytearray()
    for part in said:
        body = view[part.body : part.body_end]
        # both may be longer than a segment: what is cut in two is put together again
        if body.startswith(_XMP_EXTENSION):
            extended += body[_XMP_EXTENSION_HEAD:]
        elif body.startswith(_PHOTOSHOP):
            photoshop += body[len(_PHOTOSHOP) :]
        elif not body.startswith(b"ICC_PROFILE\0"):
            yield _checked_exif(body) if body.startswith(b"Exif\0\0") else body
    yield bytes(extended)
    yield bytes(photoshop)


def _png(view: View, parts: list[Segment]) -> Iterator[bytes]:
    return _bounded(_png_blocks(view, parts))


def _png_blocks(view: View, parts: list[Segment]) -> Iterator[bytes]:
    for part in parts:
        if part.name not in {"eXIf", "tEXt", "zTXt", "iTXt", "iCCP"}:
            continue
        if part.body_end - part.body > SPOKEN_BYTES:
            raise _too_much("metadata")
        body = view[part.body : part.body_end]
        if part.name == "eXIf":
            yield _checked_exif(body)
        elif part.name == "iCCP":
            yield b"\0" * len(_unpacked(body.partition(b"\0")[2][1:]))
        else:
            yield from _png_text(part.name, body)


def _png_text(name: str, body: bytes) -> Iterator[bytes]:
    """Keyword and text, unpacked; and what ImageMagick writes as a profile in hexadecimal, after its name and its length."""
    keyword, _, rest = body.partition(b"\0")
    if name == "zTXt":
        rest = _unpacked(rest[1:])
    elif name == "iTXt":
        is_packed, (_, _, text) = rest[:1] == b"\1", _three(rest[2:])
        rest = _unpacked(text) if is_packed else text
    yield keyword + b"=" + rest
    if keyword.startswith(_RAW_PROFILE):
        digits = b"".join(rest.split(b"\n", 3)[3:]).translate(None, b"\n\r ")
        try:
            profile = binascii.unhexlify(digits)
        except binascii.Error:
            return
        yield _checked_exif(profile) if profile.startswith(b"Exif\0\0") else profile


def _three(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """Language, the keyword in it, and the text of an iTXt."""
    language, _, rest = raw.partition(b"\0")
    translated, _, text = rest.partition(b"\0")
    return language, translated, text


def _unpacked(packed: bytes) -> bytes:
    """Nothing when it is damaged. Of what has no end, one byte more than is taken, so that it is refused with all the others."""
    try:
        return zlib.decompressobj().decompress(packed, SPOKEN_BYTES + 1)
    except zlib.error:
        return b""


def _webp(view: View, parts: list[Segment]) -> Iterator[bytes]:
    return _bounded(_webp_blocks(view, parts))


_WEBP_PICTURE = frozenset({"RIFF", "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", segments.TAIL})


def _webp_blocks(view: View, parts: list[Segment]) -> Iterator[bytes]:
    for part in parts:
        if part.name not in _WEBP_PICTURE:
            if part.body_end - part.body > SPOKEN_BYTES:
                raise _too_much("metadata")
            body = view[part.body : part.body_end]
            yield _checked_exif(body) if part.name == "EXIF" else body


def _gif(view: View, parts: list[Segment]) -> Iterator[bytes]:
    said = (part for part in parts if part.name not in {"head", "image", "F9", "trailer", segments.TAIL})
    return _bounded(view[part.start : min(part.end, part.start + SPOKEN_BYTES + 1)] for part in said)


def _avif(view: View, _: list[Segment]) -> Iterator[bytes]:
    pieces = boxes.spoken(view)
    if sum(piece.end - piece.start for piece in pieces) > SPOKEN_BYTES:
        raise _too_much("metadata")
    for piece in pieces:
        body = view[piece.start : piece.end]
        # four bytes say how far on the EXIF itself begins (ISO/IEC 23008-12, A.2.1)
        yield _checked_exif(body[4:]) if piece.sort == "Exif" else body


def _tiff(view: View) -> bool:
    """A TIFF is itself what EXIF is made of. Raises Refused for a camera's raw picture, which looks like one."""
    try:
        fields = list(exif.fields(view))
    except exif.TooManyFields:
        raise Refused(Flaw.BROKEN_FILE, "its directories have too many fields, or lead in circles") from None
    if any(field.tag == _RAW_TAG for field in fields):
        raise Refused(Flaw.UNSUPPORTED_FILE, "a camera's raw file is not taken: develop it as JPEG")
    said = [field for field in fields if field.tag in _SPOKEN_TAGS]
    if sum(field.end - field.start for field in said) > SPOKEN_BYTES:
        raise _too_much("metadata")
    return any(
        (field.directory == f"{exif.GPS:x}" and field.tag != 0) or field.tag in _MAP_TAGS for field in fields
    ) or any(_told_by(view[field.start : field.end]) for field in said)


_BLOCKS = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp, "image/gif": _gif, "image/avif": _avif}
