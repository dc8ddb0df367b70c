"""Inputs of all formats as lines of our own: opened, told apart by their content, read as a stream."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

from services.interchange.refusals import Line
from services.interchange.sources import feeds, merchant, ndjson, wordpress
from services.interchange.sources.base import Defaults, Found, Undated, Unreadable, dumped
from services.interchange.sources.detection import HEAD_BYTES, InputFormat, detect

GZIP = b"\x1f\x8b"
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error)
READERS: dict[InputFormat, Callable[[BinaryIO, str, Defaults], Iterator[Found]]] = {
    InputFormat.FEED: feeds.xml,
    InputFormat.JSON_FEED: feeds.json,
    InputFormat.WORDPRESS: wordpress.records,
    InputFormat.MERCHANT: merchant.xml,
    InputFormat.MERCHANT_TSV: merchant.tsv,
}


@dataclass(slots=True)
class Source:
    """An open input: its lines, and how many of its bytes have been read. Used with `with`, it is closed after."""

    name: str
    format: InputFormat
    size: int | None
    digest: str | None
    _file: BinaryIO
    bytes_read: Callable[[], int]
    close: Callable[[], None]
    defaults: Defaults
    undated: Undated = field(default_factory=Undated)  # what was read of it so far had no readable date

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lines(self) -> Iterator[Line]:
        """The records: lines of our own format by their number; what a foreign one becomes, by its row or item.
        Unreadable where the input breaks off.
        """
        try:
            yield from self._own() if self.format is InputFormat.NDJSON else self._foreign()
        except BROKEN as error:
            raise Unreadable(f"This packed file breaks off or is damaged: {error}.") from error

    def _own(self) -> Iterator[Line]:
        for number, text in enumerate(ndjson.texts(self._file), start=1):
            if text.strip():
                yield Line(number, text)

    def _foreign(self) -> Iterator[Line]:
        for record in self.defaults.before:
            yield Line(0, dumped(record), is_item=True)
        for found in READERS[self.format](self._file, self.name, self.defaults):
            if found.undated is not None:
                self.undated.add(found)
            for record in found.records:
                yield Line(found.number, dumped(record), is_item=not found.is_line, problems=found.problems)


def open_file(
    path: Path, *, name: str | None = None, format_: InputFormat | None = None, defaults: Defaults | None = None
) -> Source:
    """The input in a file, packed with gzip or not; OSError when it cannot be read, Unreadable when it is none of ours."""
    raw = path.open("rb")
    size = path.stat().st_size
    digest = _digest(raw)
    return _opened(raw, name or path.name, size, digest, format_, defaults or Defaults())


def open_stream(
    stream: BinaryIO, *, name: str = "stdin", format_: InputFormat | None = None, defaults: Defaults | None = None
) -> Source:
    """The input of a pipe: no size, no digest, so no going on where it was; but importing again does no harm."""
    head = stream.read(HEAD_BYTES)
    chosen = format_ or detect(head)
    if chosen is not InputFormat.NDJSON:
        # a foreign format may have to be read twice, and is small enough to be held
        held = io.BytesIO(head + stream.read(feeds.FEED_BYTES))
        return _opened(held, name, None, None, chosen, defaults or Defaults())
    pipe = _Pipe(head, stream)
    file = cast("BinaryIO", io.BufferedReader(pipe, HEAD_BYTES))
    return Source(name, chosen, None, None, file, pipe.tell, stream.close, defaults or Defaults())


class _Pipe(io.RawIOBase):
    """A pipe with what was already read of it put back, that knows how much went through."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self.head, self.stream, self.count = io.BytesIO(head), stream, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.head.read(len(buffer)) or self.stream.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)

    def tell(self) -> int:
        return self.count


def _digest(file: io.BufferedReader) -> str:
    found = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return found


def _opened(
    raw: BinaryIO,
    name: str,
    size: int | None,
    digest: str | None,
    format_: InputFormat | None,
    defaults: Defaults,
) -> Source:
    packed = raw.read(2) == GZIP
    raw.seek(0)
    file = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
    try:
        chosen = format_ or detect(file.read(HEAD_BYTES))
        file.seek(0)
    except BROKEN as error:
        raw.close()
        raise Unreadable(f"{name}: this packed file breaks off or is damaged: {error}.") from error
    except (Unreadable, OSError):
        raw.close()
        raise
    # the same file under other defaults makes other records
    named = digest and hashlib.sha256(repr((digest, chosen.value, defaults)).encode()).hexdigest()
    return Source(name, chosen, size, named, file, raw.tell, raw.close, defaults)


__all__ = ["Defaults", "InputFormat", "Source", "Unreadable", "detect", "open_file", "open_stream"]
