"""Where bytes are kept by key: a folder, or a bucket of S3, Google Cloud Storage or Azure. Knows nothing of what they are."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import obstore
import structlog
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from core.errors import Misconfigured, Unavailable

log = structlog.get_logger()

CHUNK = 1 << 20
"""Bytes that are read or written at once."""

PART = 8 << 20
"""Bytes of a part of what is written piece by piece; a bucket takes 10,000 of them, which makes 80 GB."""

PARTS_AT_ONCE = 2
"""Parts on their way at the same time: with PART this is all the memory that a write takes, however large it is."""

LARGEST_COPY = 5 << 30
"""What S3 copies in one request; larger objects go through this process."""

BUCKETS = ("s3", "s3a", "gs", "az", "adl", "abfs", "abfss", "azure")

KEY = re.compile(r"(?!.{901})[A-Za-z0-9][A-Za-z0-9._-]{0,199}(/[A-Za-z0-9][A-Za-z0-9._-]{0,199})*")
"""Names that mean the same in every store; none leads out of the folder, hides there, or looks like an unfinished write."""

UNFINISHED = re.compile(r".+#\d+")
"""What a write into a folder is called until it is whole."""

COPY = "headwater-"
"""How the names of copies begin that `file` makes."""

FULL = ("os error 27", "os error 28", "os error 122")
"""File too large for the file system, no space left, quota exceeded: the client tells them only in words."""


class StoreAway(Unavailable):
    """The store does not answer, or does not let us in."""

    code = "STORE_AWAY"


class StoreFull(Unavailable):
    """There is no room for this in the store."""

    code = "STORE_FULL"


class NothingThere(Exception):  # noqa: N818  (named after what happened)
    """The store has nothing under this key."""


@dataclass(frozen=True, slots=True)
class Patience:
    """With a bucket: how long it may say nothing, and how often a request is tried again that failed or got no answer.

    A whole transfer has no limit of time: the client's own of 30 seconds would cut films in two.
    """

    quiet: timedelta = timedelta(seconds=60)
    retries: int = 3


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in the store: its key, its bytes, when it was written."""

    key: str
    byte_count: int
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Store:
    """Objects by key ("ab/abcd…"). Each is written whole or not at all, and then outlives a power failure.

    `folder` is where they lie on this machine. `scratch` is for what is needed for a while, such as copies of those that lie
    elsewhere: what stays there was left behind. A key that is not like KEY is a ValueError. Everything may raise StoreAway.
    """

    objects: ObjectStore
    scratch: Path
    folder: Path | None = None

    async def put(self, key: str, content: bytes | AsyncIterable[bytes]) -> None:
        """Write an object, in place of one that is there; StoreFull. When `content` breaks off, nothing is written."""
        with _told(_checked(key), missing=StoreAway):
            # several parts only for what comes in pieces: a bucket takes a small object in one request
            await obstore.put_async(
                self.objects,
                key,
                content,
                use_multipart=not isinstance(content, bytes),
                chunk_size=PART,
                max_concurrency=PARTS_AT_ONCE,
            )
            if self.folder is not None:
                await asyncio.to_thread(_make_last, self.folder / key)

    async def read(self, key: str) -> bytes:
        """A whole object, for small ones; NothingThere."""
        with _told(_checked(key)):
            return bytes(await (await obstore.get_async(self.objects, key)).bytes_async())

    async def stream(
        self, key: str, start: int = 0, end: int | None = None, *, piece: int = CHUNK
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` up to before `end`, in pieces of about `piece` bytes; NothingThere before the first.

        `start` lies within the object, and `end` after it.
        """
        with _told(_checked(key)):
            options = {"range": (start, end)} if end is not None else {"range": {"offset": start}} if start else {}
            found = await obstore.get_async(self.objects, key, options=options)  # type: ignore[arg-type]  # both forms are its own
            async for part in found.stream(min_chunk_size=piece):
                yield bytes(part)

    async def byte_count(self, key: str) -> int | None:
        """The size of an object; None when there is none."""
        try:
            with _told(_checked(key)):
                return int((await obstore.head_async(self.objects, key))["size"])
        except NothingThere:
            return None

    async def copy(self, source: str, target: str) -> None:
        """Give an object a second key, in place of one that has it; NothingThere."""
        count = await self.byte_count(source) if self.folder is None else 0
        if count is not None and count > LARGEST_COPY:
            await self.put(target, self.stream(source))
            return
        with _told(_checked(source)):
            await obstore.copy_async(self.objects, source, _checked(target))
            if self.folder is not None:
                await asyncio.to_thread(_make_last, self.folder / target)

    async def delete(self, key: str) -> None:
        """Take an object away; nothing happens when there is none."""
        with suppress(NothingThere), _told(_checked(key)):
            await obstore.delete_async(self.objects, key)

    async def entries(self, prefix: str = "") -> AsyncIterator[Entry]:
        """What lies under a prefix ("uploads/"), in no order; with none, everything."""
        below = _checked(prefix.rstrip("/")) if prefix else None
        with _told(prefix):
            async for batch in obstore.list(self.objects, prefix=below):
                for found in batch:
                    yield Entry(found["path"], found["size"], found["last_modified"])

    @asynccontextmanager
    async def file(self, key: str) -> AsyncIterator[Path]:
        """An object as a file to read, for as long as the block runs: itself, or a copy. NothingThere."""
        if self.folder is not None:
            path = self.folder / _checked(key)
            if not await asyncio.to_thread(path.is_file):
                raise NothingThere(key)
            yield path
            return
        await asyncio.to_thread(_private_folder, self.scratch)
        with tempfile.NamedTemporaryFile(prefix=COPY, dir=self.scratch, delete=False) as copy:
            path = Path(copy.name)
            try:
                with _told(key):
                    async for piece in self.stream(key):
                        await asyncio.to_thread(copy.write, piece)
                    await asyncio.to_thread(copy.flush)
                yield path
            finally:
                path.unlink(missing_ok=True)

    async def remove_unfinished(self, before: datetime) -> int:
        """Take away what was left behind before then by writers that were killed; how many files that were.

        A bucket keeps the parts of such writes where no listing shows them: a rule of its own ends them (operating.md).
        """
        in_scratch = await self.remove_scratch(before)
        if self.folder is None:
            return in_scratch
        return in_scratch + await asyncio.to_thread(_removed, self.folder, before.timestamp(), UNFINISHED)

    async def remove_scratch(self, before: datetime) -> int:
        """Take away what killed processes left in `scratch` before then, with the folders around it; how many files that
        were.
        """
        return await asyncio.to_thread(_removed, self.scratch, before.timestamp())


def open_store(url: str, folder: Path, *, patience: Patience = PATIENCE) -> Store:
    """The store of this URL ("s3://bucket/prefix"); with none, the folder. Credentials come from the environment.

    Misconfigured for a URL that names no store we know, and for a folder that cannot be made.
    """
    scratch = folder.parent / "scratch"
    scheme, _, rest = url.partition("://")
    if not url or (scheme == "file" and rest.startswith("/")):
        place = Path(rest) if url else folder
        _private_folder(place)
        return Store(LocalStore(place, mkdir=True, automatic_cleanup=True), scratch, place)
    if scheme not in BUCKETS or not rest:
        raise Misconfigured(
            "HEADWATER_ASSET_STORE: give file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix."
        )
    retries = {"max_retries": patience.retries, "retry_timeout": timedelta(seconds=20)}
    client = {
        "connect_timeout": timedelta(seconds=5),
        "read_timeout": patience.quiet,
        "timeout": timedelta(days=1),
        "allow_http": True,  # only for whoever sets an endpoint that is so, such as one in the same rack
    }
    try:
        return Store(from_url(url, retry_config=retries, client_options=client), scratch)  # type: ignore[call-overload]  # the URL decides which
    except (BaseError, ValueError) as error:
        raise Misconfigured(f"HEADWATER_ASSET_STORE: {error}".splitlines()[0]) from error


def _removed(folder: Path, before: float, names: re.Pattern[str] | None = None) -> int:
    """Take away what is older, of these names, and the folder around it when it is empty then; how many files that were."""
    named = (path for path in folder.rglob("*") if names is None or names.fullmatch(path.name))
    # looked at before any is taken, which makes the folder around it young; what lies in a folder comes before it
    old = sorted((path for path in named if _is_older(path, before)), reverse=True)
    count = 0
    for path in old:
        with suppress(OSError):  # others lie in it, or whoever wrote it has finished it
            if path.is_dir():
                path.rmdir()
                continue
            path.unlink()
            count += 1
            if path.parent != folder:
                path.parent.rmdir()
    return count


def _is_older(path: Path, before: float) -> bool:
    try:
        return path.lstat().st_mtime < before
    except FileNotFoundError:
        return False


def _private_folder(folder: Path) -> None:
    """Make a folder that only its owner can look into; one that is there stays as it is."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"The folder {folder} of assets cannot be made: {error.strerror}.") from error


def _make_last(path: Path) -> None:
    """Have the disk keep a file and its name: its row in the database will say that it is there."""
    for each in (path, path.parent):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _checked(key: str) -> str:
    if not KEY.fullmatch(key):
        raise ValueError(f"{key[:100]!r} is no key of a store")
    return key


@contextmanager
def _told(key: str, *, missing: type[Exception] = NothingThere) -> Iterator[None]:
    """What went wrong in the store, in our words; the log has its own. `missing` is what it means that nothing is there."""
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        if missing is not NothingThere:
            log.warning("store.missing", key=key, says=_first_line(error))
            raise missing("The store of assets is not there; operators: see the log.") from error
        raise NothingThere(key) from error
    except (BaseError, OSError) as error:
        log.warning("store.failed", key=key, failure=type(error).__name__, says=_first_line(error))
        if any(sign in str(error) for sign in FULL):
            raise StoreFull("The store of assets is full; try again later.") from error
        raise StoreAway("The store of assets does not answer; try again shortly.") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
