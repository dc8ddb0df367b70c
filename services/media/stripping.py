"""Writes a picture anew without what tells where it was made, and without anything else that is said beside it.

JPEG, PNG, WebP and GIF keep their pixels bit for bit: parts of the file are left out, and what turns the picture upright is said
by an EXIF of that alone. So does an AVIF, whose EXIF and XMP are written over where they stand. A TIFF is itself such a directory:
its first page is written anew with the same pixels. Colour profiles stay. What follows after the end of a picture goes.
"""

from __future__ import annotations

import shutil
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from services.media import boxes, exif, segments, vips
from services.media.segments import Segment, View

_COPIED = 1 << 20

# Ancillary chunks that belong to the picture: its colours, its transparency, its frames. All others may say anything.
_PNG_KEPT = frozenset(
    (
        *("signature", "tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "cICP", "mDCV", "cLLI", "bKGD", "hIST", "pHYs"),
        *("acTL", "fcTL", "fdAT"),
    )
)
_WEBP_KEPT = frozenset({"VP8 ", "VP8L", "ALPH", "ANIM", "ANMF", "ICCP"})
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04
_GIF_KEPT = frozenset({"head", "image", "01", "F9", "trailer"})
_GIF_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")

Piece = Segment | bytes
"""A part as it stands in the source, or bytes of ours."""


def without_location(path: Path, media_type: str, target: Path) -> None:
    """Write the picture at `path` to `target`, saying nothing but itself. Raises Refused when it is damaged."""
    if media_type == "image/tiff":
        _tiff(path, target)
    elif media_type == "image/avif":
        _avif(path, target)
    else:
        orientation = vips.orientation(vips.opened(path, media_type))
        with segments.viewed(path) as view, target.open("wb") as file:
            parts = segments.parts(view, media_type)
            _write(file, view, _KEPT[media_type](view, parts, orientation))


def _write(file: BinaryIO, view: View, pieces: Iterable[Piece]) -> None:
    for piece in pieces:
        if isinstance(piece, bytes):
            file.write(piece)
        else:
            starts = range(piece.start, piece.end, _COPIED)
            file.writelines(view[at : min(at + _COPIED, piece.end)] for at in starts)


def _jpeg(view: View, parts: list[Segment], orientation: int) -> Iterator[Piece]:
    """After the first part, and after JFIF, which must be the next where it is, comes what turns it."""
    said = b"Exif\0\0" + exif.oriented(orientation)
    turning = b"\xff\xe1" + struct.pack(">H", len(said) + 2) + said if orientation > 1 else b""
    for part in parts:
        if part.name == segments.TAIL:
            return
        if part.name in {"SOI", "APP0"} or not _is_said(view, part):
            if turning and part.name not in {"SOI", "APP0"}:
                yield turning
                turning = b""
            if not _is_said(view, part):
                yield part


def _is_said(view: View, part: Segment) -> bool:
    """Whether a part of a JPEG is said beside the picture. Decoders need to know JFIF, Adobe's colours and the profile."""
    if not part.name.startswith("APP"):
        return part.name == "COM"
    head = view[part.body : part.body + 12]
    kept = {"APP0": b"JFIF\0", "APP2": b"ICC_PROFILE\0", "APP14": b"Adobe"}.get(part.name)
    return kept is None or not head.startswith(kept)


def _png(_: View, parts: list[Segment], orientation: int) -> Iterator[Piece]:
    for part in parts:
        if part.name == "IDAT" and orientation > 1:
            yield _chunk(b"eXIf", exif.oriented(orientation))
            orientation = 1
        # the names of chunks that no decoder can do without begin with a capital
        if part.name in _PNG_KEPT or part.name[0].isupper():
            yield part


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _webp(view: View, parts: list[Segment], orientation: int) -> Iterator[Piece]:
    """The head says how long all of it is, so that is reckoned first. EXIF stands at the end, where it belongs."""
    kept: list[Piece] = []
    for part in parts:
        if part.name == "VP8X":
            kept.append(_features(view[part.start : part.end], has_exif=orientation > 1))
        elif part.name in _WEBP_KEPT:
            kept.append(part)
            if part.end % 2:  # the last one came without its filling byte
                kept.append(b"\0")
    if orientation > 1:
        said = exif.oriented(orientation)
        kept.append(b"EXIF" + struct.pack("<I", len(said)) + said)
    length = 4 + sum(len(piece) if isinstance(piece, bytes) else piece.end - piece.start for piece in kept)
    yield b"RIFF" + struct.pack("<I", length) + b"WEBP"
    yield from kept


def _features(chunk: bytes, *, has_exif: bool) -> bytes:
    """The chunk that says what others there are."""
    flags = chunk[8] & ~(_WEBP_EXIF | _WEBP_XMP) | (_WEBP_EXIF if has_exif else 0)
    return chunk[:8] + bytes([flags]) + chunk[9:]


def _gif(view: View, parts: list[Segment], _: int) -> Iterator[Piece]:
    for part in parts:
        application = view[part.body + 1 : part.body + 12] if part.name == "FF" else b""
        if part.name in _GIF_KEPT or application in _GIF_APPLICATIONS:
            yield part


def _avif(path: Path, target: Path) -> None:
    """Lengths and places stay as they are; EXIF becomes one without fields, all other words become blanks.

    Its orientation is not in the EXIF (ISO/IEC 23008-12, 6.5.10).
    """
    shutil.copyfile(path, target)
    with segments.viewed(path) as view:
        pieces = boxes.spoken(view)
    with target.open("r+b") as file:
        for piece in pieces:
            empty = b"\0\0\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" if piece.sort == "Exif" else b""
            filling = b"\0" if piece.sort == "Exif" else b" "
            length = piece.end - piece.start
            file.seek(piece.start)
            file.write(empty.ljust(length, filling) if len(empty) <= length else filling * length)


def _tiff(path: Path, target: Path) -> None:
    page = vips.opened(path, "image/tiff")
    with vips.damage_is_refused():
        # libvips writes down how it lies, whatever else is left out
        page.tiffsave(str(target), compression="deflate", predictor="horizontal", keep="icc")


_KEPT: dict[str, Callable[[View, list[Segment], int], Iterator[Piece]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
}
