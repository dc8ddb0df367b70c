"""Where the parts of a picture's file lie, read without decoding any: what is a picture, what is said beside it."""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from services.media.facts import Flaw, Refused

PART_COUNT = 100_000
"""More parts than this no honest picture has (a PNG of 100 MB in pieces of 8 KiB has 13,000)."""

BLOCK_COUNT = 2_000_000
"""Sub-blocks of a GIF, each of up to 255 bytes, over all its frames."""

TAIL = "tail"
"""The name of what follows after the end of the picture: cameras put films and further pictures there."""

View = mmap.mmap


class Segment(NamedTuple):
    """A part: from `start` to `end` in the file, what it holds from `body` to `body_end`."""

    name: str
    start: int
    body: int
    body_end: int
    end: int


@contextmanager
def viewed(path: Path) -> Iterator[View]:
    """The bytes of a file that is not empty, in memory only where they are looked at."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        yield view


def parts(view: View, media_type: str) -> list[Segment]:
    """The parts of a JPEG, PNG, WebP or GIF, all of them and in order: together they are the file. None of others.

    Raises Refused when the file ends before its picture does, or has parts without number.
    """
    walk = _WALKS.get(media_type)
    found = list(islice(walk(view), PART_COUNT + 1)) if walk else []
    if len(found) > PART_COUNT:
        raise too_many_parts()
    return found


def cut_short() -> Refused:
    return Refused(Flaw.BROKEN_FILE, "the file ends before the picture does")


def too_many_parts() -> Refused:
    return Refused(Flaw.BROKEN_FILE, "the file is cut into more parts than a picture has")


# A marker that is neither a stuffed byte nor a restart within a scan nor filling.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_BARE_MARKERS = {0x01, 0xD8}


def _jpeg(view: View) -> Iterator[Segment]:
    """ITU-T T.81, B.1: markers with lengths, and the data of scans up to the next marker (named "scan")."""
    at = 0
    while True:
        found = _MARKER.search(view, at)
        if found is None:
            raise cut_short()
        if found.start() > at:
            yield Segment("scan", at, at, found.start(), found.start())
        at, code = found.start(), view[found.start() + 1]
        if code == 0xD9:
            break
        length = 0 if code in _BARE_MARKERS else int.from_bytes(view[at + 2 : at + 4])
        end = at + 2 + length
        # one that reaches beyond the end is followed by no marker
        yield Segment(_jpeg_name(code), at, min(at + 4, end), end, end)
        at = end
    yield Segment("EOI", at, at + 2, at + 2, at + 2)
    yield from _tail(view, at + 2)


def _jpeg_name(code: int) -> str:
    if 0xE0 <= code <= 0xEF:
        return f"APP{code - 0xE0}"
    return {0xD8: "SOI", 0xDA: "SOS", 0xFE: "COM"}.get(code, f"{code:02X}")


def _png(view: View) -> Iterator[Segment]:
    """PNG (W3C, third edition), 5.3: length, name, content and check sum, up to IEND."""
    yield Segment("signature", 0, 0, 8, 8)
    at, name = 8, ""
    while name != "IEND":
        length, raw = int.from_bytes(view[at : at + 4]), view[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(view):
            raise cut_short()
        if not raw.isalpha():
            raise Refused(Flaw.BROKEN_FILE, "the picture is damaged: a chunk has no name")
        name = raw.decode("ascii")
        yield Segment(name, at, at + 8, end - 4, end)
        at = end
    yield from _tail(view, at)


def _webp(view: View) -> Iterator[Segment]:
    """WebP container (RFC 9649, 2): chunks of even length within one RIFF."""
    whole = 8 + int.from_bytes(view[4:8], "little")
    if whole > len(view):
        raise cut_short()
    yield Segment("RIFF", 0, 0, 12, 12)
    at = 12
    while at + 8 <= whole:
        length = int.from_bytes(view[at + 4 : at + 8], "little")
        if at + 8 + length > whole:
            raise cut_short()
        end = min(at + 8 + length + length % 2, whole)
        yield Segment(view[at : at + 4].decode("latin-1"), at, at + 8, at + 8 + length, end)
        at = end
    yield from _tail(view, at)


def _gif(view: View) -> Iterator[Segment]:
    """GIF89a: images ("image") and extensions (by their label in hexadecimal, "FE" a comment) up to the trailer.

    Old programs leave the trailer out: a file that ends behind a whole block is taken as it is.
    """
    try:
        at = 13 + _gif_colours(view[10])
        yield Segment("head", 0, 0, at, at)
        blocks = images = 0
        while (at < len(view) or not images) and (sort := view[at]) != 0x3B:
            if sort not in {0x2C, 0x21}:
                raise Refused(Flaw.BROKEN_FILE, "the picture is damaged: a block is of no known sort")
            name = "image" if sort == 0x2C else f"{view[at + 1]:02X}"
            body = at + 2 if sort == 0x21 else at + 11 + _gif_colours(view[at + 9])
            end, count = _gif_blocks(view, body)
            blocks += count
            if blocks > BLOCK_COUNT:
                raise too_many_parts()
            images += sort == 0x2C
            yield Segment(name, at, body, end, end)
            at = end
    except IndexError:
        raise cut_short() from None
    if at < len(view):
        yield Segment("trailer", at, at, at + 1, at + 1)
    yield from _tail(view, at + 1)


def _gif_colours(flags: int) -> int:
    """How many bytes the table of colours takes that `flags` announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks(view: View, at: int) -> tuple[int, int]:
    """Where the sub-blocks that begin at `at` end, and how many there are."""
    count = 0
    while length := view[at]:
        at += length + 1
        count += 1
        if count > BLOCK_COUNT:
            break
    return at + 1, count


def _tail(view: View, at: int) -> Iterator[Segment]:
    if at < len(view):
        yield Segment(TAIL, at, at, len(view), len(view))


_WALKS: dict[str, Callable[[View], Iterator[Segment]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
}
