"""EXIF of strangers: directories of fields, as TIFF has them, walked within bounds and never trusted."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple, Protocol

ENTRY_COUNT = 50_000
"""Fields that are looked at in one file. A camera writes a few hundred; directories that lead in circles end here."""

GPS = 0x8825
_EXIF, _INTEROPERABILITY = 0x8769, 0xA005
_POINTERS = (_EXIF, GPS, _INTEROPERABILITY)
_GPS_VERSION = 0

# bytes of one value by the code of its type: TIFF 6.0, section 2, and the types that BigTIFF adds
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


class Bytes(Protocol):
    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> bytes: ...


class Field(NamedTuple):
    """A field of the directory of that name, and where in the data its values stand (as it says: perhaps nowhere)."""

    directory: str
    tag: int
    start: int
    end: int


class TooManyFields(Exception):  # noqa: N818  (named after what happened)
    """The directories have more fields than anybody needs, or lead in circles."""


class Layout(NamedTuple):
    """How numbers are written: their order, and the widths of TIFF or of BigTIFF."""

    order: str
    big: bool

    def entry(self, raw: bytes) -> tuple[int, int, int]:
        """Tag, type and count."""
        values: tuple[int, int, int] = struct.unpack(
            self.order + ("HHQ" if self.big else "HHI"), raw[: 12 if self.big else 8]
        )
        return values

    def number(self, raw: bytes) -> int:
        """The number that fills these bytes."""
        return int.from_bytes(raw, "little" if self.order == "<" else "big")


def fields(data: Bytes, start: int = 0) -> Iterator[Field]:
    """All fields of the EXIF (or TIFF) that begins at `start`: of its directories ("0", "1", …) and of those they point to.

    What does not fit into the data ends it, without an error. Raises TooManyFields.
    """
    layout = _layout(data[start : start + 4])
    if layout is None:
        return
    first = layout.number(data[start + 8 : start + 16] if layout.big else data[start + 4 : start + 8])
    waiting, seen, left = [("0", first)], set[int](), ENTRY_COUNT
    while waiting:
        name, at = waiting.pop()
        if at in seen or not 8 <= at < len(data) - start:
            continue
        seen.add(at)
        for field in _directory(data, start, name, at, layout):
            left -= 1
            if left < 0:
                raise TooManyFields
            yield field
            if field.tag in _POINTERS and field.end - field.start in {4, 8}:
                waiting.append((f"{field.tag:x}", layout.number(data[field.start : field.end])))
        following = _next(data, start + at, layout)
        if following and name.isdecimal() and len(name) < 5:
            waiting.append((str(int(name) + 1), following))


def has_place(data: Bytes, start: int = 0) -> bool:
    """Whether there is a field of GPS that says more than its version. Raises TooManyFields."""
    return any(field.directory == f"{GPS:x}" and field.tag != _GPS_VERSION for field in fields(data, start))


def oriented(orientation: int) -> bytes:
    """An EXIF that says how to turn the picture, and nothing else."""
    # big-endian, one directory at 8 with one field: tag 0x112, one short
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)


def _layout(head: bytes) -> Layout | None:
    return {
        b"II*\0": Layout("<", big=False),
        b"MM\0*": Layout(">", big=False),
        b"II+\0": Layout("<", big=True),
        b"MM\0+": Layout(">", big=True),
    }.get(head)


def _directory(data: Bytes, start: int, name: str, at: int, layout: Layout) -> Iterator[Field]:
    width, inline = (20, 8) if layout.big else (12, 4)
    first = start + at + (8 if layout.big else 2)
    for number in range(_count(data, start + at, layout)):
        raw = data[first + number * width : first + (number + 1) * width]
        if len(raw) < width:
            return
        tag, sort, count = layout.entry(raw)
        size = count * _WIDTHS.get(sort, 1)
        value = first + (number + 1) * width - inline
        if size > inline:
            value = start + layout.number(raw[-inline:])
        yield Field(name, tag, value, value + size)


def _count(data: Bytes, at: int, layout: Layout) -> int:
    return layout.number(data[at : at + (8 if layout.big else 2)])


def _next(data: Bytes, at: int, layout: Layout) -> int:
    """Where the directory after the one at `at` begins; 0 when it is the last."""
    width, head, inline = (20, 8, 8) if layout.big else (12, 2, 4)
    end = at + head + _count(data, at, layout) * width
    return layout.number(data[end : end + inline])
