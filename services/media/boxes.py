"""The items of an AVIF: where in the file its EXIF and XMP lie, found without decoding anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from services.media.segments import View, cut_short, too_many_parts

ITEM_COUNT = 10_000
"""Items and pieces of items that are looked at: a picture of 80 megapixels in tiles has a few hundred."""

SPOKEN = frozenset({"Exif", "mime", "uri "})
"""The types of items that are no pictures."""


class Item(NamedTuple):
    """One piece of an item that says something: its type, and from where to where it lies in the file."""

    sort: str
    start: int
    end: int


class _Box(NamedTuple):
    sort: bytes
    body: int
    end: int


class _Reader:
    """Numbers of given widths, one after the other, big-endian; stops the walk where the file ends."""

    def __init__(self, view: View, at: int, end: int) -> None:
        self.view, self.at, self.end = view, at, end

    def number(self, width: int) -> int:
        if self.at + width > self.end:
            raise cut_short()
        self.at += width
        return int.from_bytes(self.view[self.at - width : self.at])


def spoken(view: View) -> list[Item]:
    """Where the items lie that are no pictures (ISO/IEC 14496-12, 8.11.3 and 8.11.6).

    Raises Refused when boxes or items reach beyond the end of the file, or are without number.
    """
    found: list[Item] = []
    for meta in _boxes(view, 0, len(view)):
        if meta.sort == b"meta":
            parts = {box.sort: box for box in _boxes(view, meta.body + 4, meta.end)}
            if b"iinf" in parts and b"iloc" in parts:
                sorts = dict(_sorts(view, parts[b"iinf"]))
                base = parts[b"idat"].body if b"idat" in parts else 0
                found += [item for item in _places(view, parts[b"iloc"], sorts, base) if item.sort in SPOKEN]
    return found


def _boxes(view: View, at: int, end: int) -> Iterator[_Box]:
    for _ in range(ITEM_COUNT):
        if at + 8 > end:
            return
        size, sort, body = int.from_bytes(view[at : at + 4]), view[at + 4 : at + 8], at + 8
        if size == 1:
            size, body = int.from_bytes(view[at + 8 : at + 16]), at + 16
        stop = end if size == 0 else at + size
        if not body <= stop <= end:
            raise cut_short()
        yield _Box(sort, body, stop)
        at = stop


def _sorts(view: View, iinf: _Box) -> Iterator[tuple[int, str]]:
    """The type of each item by its number."""
    head = 6 if view[iinf.body] == 0 else 8
    for entry in _boxes(view, iinf.body + head, iinf.end):
        version = view[entry.body]
        if entry.sort == b"infe" and version >= 2:
            read = _Reader(view, entry.body + 4, entry.end)
            number = read.number(2 if version == 2 else 4)
            read.number(2)
            yield number, view[read.at : read.at + 4].decode("latin-1")


def _places(view: View, iloc: _Box, sorts: dict[int, str], idat: int) -> Iterator[Item]:
    """The pieces of all items. Those that lie in the `idat` box are counted from its beginning."""
    read = _Reader(view, iloc.body, iloc.end)
    version = read.number(1)
    read.number(3)
    widths = read.number(2)
    offset_width, length_width, base_width = widths >> 12, widths >> 8 & 15, widths >> 4 & 15
    index_width = widths & 15 if version in {1, 2} else 0
    left = ITEM_COUNT
    for _ in range(read.number(4 if version == 2 else 2)):
        number = read.number(4 if version == 2 else 2)
        method = read.number(2) & 15 if version in {1, 2} else 0
        read.number(2)
        base = read.number(base_width) + (idat if method == 1 else 0)
        for _ in range(read.number(2)):
            left -= 1
            if left < 0:
                raise too_many_parts()
            read.number(index_width)
            start = base + read.number(offset_width)
            end = start + read.number(length_width)
            if end > len(view):
                raise cut_short()
            yield Item(sorts.get(number, ""), start, end)
