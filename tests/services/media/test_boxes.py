"""The items of an AVIF are found within bounds."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from services.media import boxes, segments
from services.media.boxes import Item
from services.media.facts import Flaw, Refused


def box(sort: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + sort + body


def item(number: int, sort: bytes) -> bytes:
    """An entry of version 2, without a name."""
    return box(b"infe", b"\2\0\0\0", struct.pack(">HH", number, 0), sort, b"\0")


def names(*entries: bytes) -> bytes:
    return box(b"iinf", b"\0\0\0\0", struct.pack(">H", len(entries)), *entries)


def places(*items: bytes, count: int | None = None) -> bytes:
    """Version 1: offsets, lengths and bases of four bytes."""
    return box(b"iloc", b"\1\0\0\0", b"\x44\x40", struct.pack(">H", len(items) if count is None else count), *items)


def place(number: int, *extents: tuple[int, int], method: int = 0, base: int = 0) -> bytes:
    head = struct.pack(">HHHIH", number, method, 0, base, len(extents))
    return head + b"".join(struct.pack(">II", *extent) for extent in extents)


def found(tmp_path: Path, *boxes_of_meta: bytes, before: bytes = b"", after: bytes = bytes(64)) -> list[Item]:
    path = tmp_path / "picture"
    path.write_bytes(before + box(b"meta", bytes(4), *boxes_of_meta) + after)
    with segments.viewed(path) as view:
        return boxes.spoken(view)


def test_what_is_said_is_found_piece_by_piece_and_pictures_are_not(tmp_path: Path) -> None:
    listed = names(item(1, b"av01"), item(2, b"Exif"), item(3, b"mime"))
    where = places(place(1, (0, 9)), place(2, (5, 4), (20, 3), base=10), place(3, (7, 2)))
    assert found(tmp_path, listed, where) == [Item("Exif", 15, 19), Item("Exif", 30, 33), Item("mime", 7, 9)]


def test_items_may_lie_in_the_box_itself(tmp_path: Path) -> None:
    listed, where = names(item(2, b"Exif")), places(place(2, (3, 4), method=1))
    [piece] = found(tmp_path, listed, where, box(b"idat", b"...Exif..."))
    assert (tmp_path / "picture").read_bytes()[piece.start : piece.end] == b"Exif"


def test_boxes_may_say_their_length_in_eight_bytes_or_not_at_all(tmp_path: Path) -> None:
    wide = b"\0\0\0\1free" + struct.pack(">Q", 20) + bytes(4)
    endless = b"\0\0\0\0mdat" + bytes(64)
    assert found(tmp_path, names(item(2, b"Exif")), places(place(2, (5, 4))), before=wide, after=endless)


@pytest.mark.parametrize(
    "where",
    [
        pytest.param(places(place(2, (0, 1 << 20))), id="an item behind the end"),
        pytest.param(places(place(2, (5, 4)), count=9), id="fewer items than announced"),
        pytest.param(places(place(2, (5, 4))[:-4]), id="an item without its length"),
        pytest.param(b"\0\0\0\4iloc", id="a box smaller than its head"),
        pytest.param(b"\0\1\0\0iloc", id="a box larger than the one around it"),
    ],
)
def test_what_reaches_beyond_the_end_is_cut_short(tmp_path: Path, where: bytes) -> None:
    with pytest.raises(Refused, match="ends before"):
        found(tmp_path, names(item(2, b"Exif")), where)


def test_pieces_without_number_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "ITEM_COUNT", 100)
    assert len(found(tmp_path, names(item(2, b"Exif")), places(place(2, *[(5, 4)] * 100)))) == 100
    with pytest.raises(Refused, match="more parts") as caught:
        found(tmp_path, names(item(2, b"Exif")), places(place(2, *[(5, 4)] * 101)))
    assert caught.value.flaw is Flaw.BROKEN_FILE
