"""Where bytes are kept by key: a folder, or a bucket of S3, Google Cloud Storage or Azure. Knows nothing of what they are."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from core.errors import Misconfigured, Unavailable

CHUNK = 1 << 20
"""Bytes that are read or written at once."""

BUCKETS = ("s3", "s3a", "gs", "az", "adl", "abfs", "abfss", "azure")


class StoreAway(Unavailable):
    """The store does not answer, or does not let us in."""

    code = "STORE_AWAY"


class NothingThere(Exception):  # noqa: N818  (named after what happened)
    """The store has nothing under this key."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in the store: its key, its bytes, when it was written."""

    key: str
    byte_count: int
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Store:
    """Objects by key ("blobs/ab/abcd…"). Each is written whole or not at all; `folder` is where they lie on this machine."""

    objects: ObjectStore
    folder: Path | None = None

    async def put(self, key: str, content: bytes | AsyncIterable[bytes]) -> None:
        """Write an object, in place of one that is there. When `content` breaks off, nothing is written."""
        with _told(key):
            # several parts only for what comes in pieces: a bucket takes a small object in one request
            await obstore.put_async(self.objects, key, content, use_multipart=not isinstance(content, bytes))

    async def read(self, key: str) -> bytes:
        """A whole object; NothingThere."""
        with _told(key):
            return bytes(await (await obstore.get_async(self.objects, key)).bytes_async())

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to before `end`, piece by piece; NothingThere before the first."""
        with _told(key):
            options = {"range": (start, end)} if end is not None else {"range": {"offset": start}} if start else {}
            found = await obstore.get_async(self.objects, key, options=options)  # type: ignore[arg-type]  # both forms are its own
            async for piece in found.stream(min_chunk_size=CHUNK):
                yield bytes(piece)

    async def byte_count(self, key: str) -> int | None:
        """The size of an object; None when there is none."""
        try:
            with _told(key):
                return int((await obstore.head_async(self.objects, key))["size"])
        except NothingThere:
            return None

    async def move(self, source: str, target: str) -> None:
        """Give an object another key, in place of one that has it; NothingThere."""
        with _told(source):
            await obstore.rename_async(self.objects, source, target)

    async def delete(self, key: str) -> None:
        """Take an object away; nothing happens when there is none."""
        with suppress(NothingThere), _told(key):
            await obstore.delete_async(self.objects, key)

    async def entries(self, prefix: str) -> AsyncIterator[Entry]:
        """What lies under a prefix ("uploads/"), in no order."""
        with _told(prefix):
            async for batch in obstore.list(self.objects, prefix=prefix.rstrip("/")):
                for found in batch:
                    yield Entry(found["path"], found["size"], found["last_modified"])

    @asynccontextmanager
    async def file(self, key: str) -> AsyncIterator[Path]:
        """An object as a file to read, for as long as the block runs: itself, or a copy. NothingThere."""
        if self.folder is not None:
            path = anyio.Path(self.folder / key)
            if not await path.is_file():
                raise NothingThere(key)
            yield Path(path)
            return
        with tempfile.NamedTemporaryFile(prefix="headwater-") as copy:
            async for piece in self.stream(key):
                copy.write(piece)
            copy.flush()
            yield Path(copy.name)


def open_store(url: str, folder: Path) -> Store:
    """The store of this URL ("s3://bucket/prefix"); with none, the folder. Credentials come from the environment.

    Misconfigured for a URL that names no store we know.
    """
    if not url:
        folder.mkdir(parents=True, exist_ok=True)
        return Store(LocalStore(folder, mkdir=True), folder)
    scheme, _, rest = url.partition("://")
    if scheme == "file" and rest.startswith("/"):
        return open_store("", Path(rest))
    if scheme not in BUCKETS or not rest:
        raise Misconfigured(
            "HEADWATER_ASSET_STORE: give file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix."
        )
    retries = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
    try:
        return Store(from_url(url, retry_config=retries, client_options={"timeout": timedelta(seconds=30)}))  # type: ignore[call-overload]  # the URL decides which
    except (BaseError, ValueError) as error:
        raise Misconfigured(f"HEADWATER_ASSET_STORE: {error}".splitlines()[0]) from error


@contextmanager
def _told(key: str) -> Iterator[None]:
    """What went wrong in the store, in our words."""
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise NothingThere(key) from error
    except BaseError as error:
        raise StoreAway("The store of assets does not answer; try again shortly.") from error
