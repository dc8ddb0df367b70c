"""Where films and sounds say where they were made: in what is said of the whole, beside the picture, in words, on covers.

Rather one too many than one missed: what is served is then a copy without all that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.container import InputContainer

from services.media import whereabouts

# as telephones, cameras and editors name it: "location", "com.apple.quicktime.location.ISO6709", "GPSCoordinates", "xyz"
NAMES = ("location", "gps", "geo", "xyz", "latitude", "longitude")
# what drones write under the picture at each second: [latitude: 48.8577], GPS(2.2950, 48.8577, 15)
WORDS = (b"gps", b"latitude", b"longitude")
# boxes of an MP4 that FFmpeg passes over: of 3GPP, GoPro, dash cameras, and what action cameras put behind the end
BOXES = re.compile(rb"\xa9xyz|loci|GPMF|GPS[59U]|gps |GPS |freeGPS")
MP4 = (b"ftyp", b"moov", b"wide", b"free", b"skip", b"mdat")
PIECE, OVERLAP = 1 << 20, 1 << 16
# what holds nothing but pictures and sounds, and what is read already
PASSED_OVER = (b"mdat", b"ftyp")


def is_said_of(container: InputContainer) -> bool:
    """Whether the whole or one of its streams is labelled with a place, or has a track that may hold one."""
    return any(_names_a_place(one.metadata) for one in (container, *container.streams)) or any(
        may_hold_places(stream) for stream in container.streams
    )


def may_hold_places(stream: av.stream.Stream) -> bool:
    """A track of data beside the picture: cameras write positions into it, each in its own way, and we can read none.

    Not the clock of the recording, which says only when.
    """
    return stream.type not in {"video", "audio", "subtitle"} and "timecode" not in stream.metadata


def tells(packet: av.Packet[Any]) -> bool:
    """Whether the words of a subtitle or the cover of a sound say where they were made."""
    stream = packet.stream
    if stream.type == "subtitle":
        words = bytes(packet).lower()
        return any(word in words for word in WORDS)
    if is_cover(stream):
        return whereabouts.told(bytes(packet))
    return False


def is_cover(stream: av.stream.Stream) -> bool:
    """A picture of a sound that does not move."""
    return stream.type == "video" and bool(stream.disposition & av.stream.Disposition.attached_pic)


def is_said_beside(path: Path) -> bool:
    """Whether a box of an MP4 besides its samples names a place, or what stands behind its end."""
    with path.open("rb") as file:
        if file.read(8)[4:] not in MP4:
            return False
        return any(BOXES.search(part) or whereabouts.told(part) for part in _beside(file, path.stat().st_size))


def _beside(file: BinaryIO, byte_count: int) -> Iterator[bytes]:
    """What the boxes hold that hold no samples, piece by piece: any of them may be as long as the file."""
    for start, end in _boxes(file, byte_count):
        for at in range(start, end, PIECE):
            file.seek(at)
            yield file.read(min(end - at, PIECE + OVERLAP))


def _boxes(file: BinaryIO, byte_count: int) -> Iterator[tuple[int, int]]:
    """From where to where they lie; what is no box is the rest of the file."""
    at = 0
    while at < byte_count:
        file.seek(at)
        head = file.read(16)
        size, name = int.from_bytes(head[:4], "big"), head[4:8]
        if size == 1:
            size = int.from_bytes(head[8:], "big")
        end = at + size if size else byte_count
        if not at + 8 <= end <= byte_count:
            yield at, byte_count
            return
        if name not in PASSED_OVER:
            yield at, end
        at = end


def _names_a_place(said: dict[str, str]) -> bool:
    return any(
        any(name in key.casefold() for name in NAMES) or whereabouts.told(value.encode(errors="replace"))
        for key, value in said.items()
    )
