"""Whether the end of a film or a sound is there: containers that say how far they reach are held to it."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from av.container import InputContainer

from services.media.facts import Flaw, Refused

EBML, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
"""What a Matroska file begins with, and what holds all the rest of it (RFC 8794, RFC 9559)."""


def check(path: Path, container: InputContainer) -> None:
    """Refused for a part of a file."""
    byte_count = path.stat().st_size
    if max(_last_sample(container), _end_of_segment(path)) > byte_count:
        raise Refused(Flaw.BROKEN_FILE, "the end of the file is missing")


def _last_sample(container: InputContainer) -> int:
    """An MP4 lists where its samples lie, in their order."""
    last = [stream.index_entries[-1] for stream in container.streams if len(stream.index_entries)]
    return max((entry.pos + entry.size for entry in last), default=0)


def _end_of_segment(path: Path) -> int:
    """Zero where it is not known: a film that was sent while it was made does not say."""
    with path.open("rb") as file:
        if file.read(4) != EBML:
            return 0
        file.seek(_length(file) or 0, 1)
        length = _length(file) if file.read(4) == SEGMENT else None
        return 0 if length is None else file.tell() + length


def _length(file: BinaryIO) -> int | None:
    """A number whose first byte tells by its zeros in front how many follow; all ones say that it is not known."""
    first = (file.read(1) or b"\0")[0]
    more = 8 - first.bit_length()
    bits = 7 * (more + 1)
    value = int.from_bytes(bytes([first]) + file.read(more), "big") & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value
