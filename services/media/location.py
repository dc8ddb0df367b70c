"""Where films and sounds say where they were made: in what is said of the whole, beside the picture, in words, on covers."""

from __future__ import annotations

from typing import Any

import av
from av.container import InputContainer

# as telephones, cameras and editors name it: "location", "com.apple.quicktime.location.ISO6709", "GPSCoordinates", "xyz"
NAMES = ("location", "gps", "geo", "xyz", "latitude", "longitude")
# what drones write under the picture at each second: [latitude: 48.8577], GPS(2.2950, 48.8577, 15)
WORDS = (b"gps", b"latitude", b"longitude")


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
        # a cover is a picture with a camera's notes in it, or is not: we do not look closer
        return b"Exif" in bytes(packet)
    return False


def is_cover(stream: av.stream.Stream) -> bool:
    """A picture of a sound that does not move."""
    return stream.type == "video" and bool(stream.disposition & av.stream.Disposition.attached_pic)


def _names_a_place(said: dict[str, str]) -> bool:
    return any(
        any(name in (value if key == "xmp" else key).casefold() for name in NAMES) for key, value in said.items()
    )
