"""Our own format: one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

LINE_BYTES = 8 * 1024 * 1024


def texts(file: BinaryIO) -> Iterator[bytes]:
    """The lines, empty ones too (they count); one that is too long comes cut, so that it is refused and no more."""
    while text := file.readline(LINE_BYTES):
        if not text.endswith(b"\n") and len(text) >= LINE_BYTES:
            _skip_rest(file)
            # the beginning shows which line it was; as JSON it cannot pass
            text = text[:2_000] + b" (this line is longer than 8 MiB)"
        yield text.rstrip(b"\r\n")


def _skip_rest(file: BinaryIO) -> None:
    while (rest := file.readline(LINE_BYTES)) and not rest.endswith(b"\n"):
        pass
