"""The index of one machine: tantivy in the data folder, one writer, any number of readers that follow its commits.

The folder holds one directory per generation, and `current.json`, which names the one that answers and its format.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TypeVar

import orjson
import tantivy

from search.backend import Candidates, Entry, IndexAway, IndexHasAWriter, IndexNeedsRebuild, Request, Written
from search.backends import tantivy_index
from search.backends.generation import Generation, open_index
from search.documents import INDEX_FORMAT, Change
from search.query import Kind

_FILLED_AT_ONCE = 50_000

Answer = TypeVar("Answer")
_Seen = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Reader:
    """A searcher over one commit of one generation, and what the files looked like when it was taken."""

    index: tantivy.Index
    searcher: tantivy.Searcher
    name: str
    seen: _Seen


class EmbeddedBackend:
    """`SearchBackend` over a folder. Opening is lazy; readers and the writer may be different processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        self._reader: _Reader | None = None
        self._lock: IO[bytes] | None = None
        self._current: Generation | None = None
        self._begun: Generation | None = None

    async def search(self, request: Request) -> Candidates:
        return await asyncio.to_thread(lambda: tantivy_index.search(self._searcher(), request))

    async def count(self, kind: Kind | None = None) -> int:
        return await asyncio.to_thread(lambda: tantivy_index.count(self._searcher(), kind))

    async def scan(self, kind: Kind, *, after: int, limit: int) -> Sequence[Entry]:
        return await asyncio.to_thread(lambda: tantivy_index.scan(self._searcher(), kind, after, limit))

    async def open_for_writing(self) -> None:
        await self._write_with(self._open)

    async def write(self, changes: Sequence[Change]) -> Written:
        return await self._write_with(lambda: self._into(self._targets(), changes))

    async def fill(self, changes: Sequence[Change]) -> Written:
        return await self._write_with(lambda: self._fill(changes))

    async def commit(self) -> None:
        await self._write_with(self._commit)

    async def purge(self, *, buried_before: datetime) -> None:
        await self._write_with(lambda: self._purge(int(buried_before.timestamp())))

    async def start_generation(self) -> None:
        await self._write_with(self._start)

    async def swap(self) -> None:
        await self._write_with(self._swap)

    async def drop_generation(self) -> None:
        await self._write_with(self._drop)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    # Reading

    def _searcher(self) -> tantivy.Searcher:
        """A searcher over the newest commit. Looking whether there is one costs two calls of stat."""
        with self._reading:
            reader = self._reader
            if reader is None or reader.seen != self._look(reader.name):
                reader = self._reader = self._follow()
            return reader.searcher

    def _look(self, name: str) -> _Seen:
        """What changes with every swap and commit: both files are replaced, never written over."""
        try:
            found = (self._folder / "current.json").stat(), (self._folder / name / "meta.json").stat()
        except FileNotFoundError:
            return ()
        return tuple((file.st_mtime_ns, file.st_ino) for file in found)

    def _follow(self) -> _Reader:
        """Load what the pointer names. The writer may swap and clean up while we read, so a failure is tried again."""
        for attempt in range(3):
            name = self._named()
            seen = self._look(name)
            try:
                index = open_index(self._folder / name)
            except IndexNeedsRebuild:
                if attempt == 2:
                    raise
            else:
                return _Reader(index, index.searcher(), name, seen)
        raise AssertionError

    def _named(self) -> str:
        """The generation that answers; IndexNeedsRebuild when there is none, or one of another format."""
        try:
            pointer = orjson.loads((self._folder / "current.json").read_bytes())
            name, version = str(pointer["generation"]), pointer["format"]
        except FileNotFoundError as error:
            raise IndexNeedsRebuild("There is no search index yet; the indexer makes one.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise IndexNeedsRebuild(f"{self._folder / 'current.json'} is damaged; rebuild the index.") from error
        if version != INDEX_FORMAT:
            raise IndexNeedsRebuild(f"The search index has format {version}; this program writes {INDEX_FORMAT}.")
        return name

    # Writing

    async def _write_with(self, work: Callable[[], Answer]) -> Answer:
        def alone() -> Answer:
            with self._writing:
                return self._guarded(work)

        return await asyncio.to_thread(alone)

    def _guarded(self, work: Callable[[], Answer]) -> Answer:
        """After an engine error, such as a full disk, its writer is dead: let go, so that the next write opens anew."""
        try:
            return work()
        except (ValueError, OSError) as error:
            self._let_go()
            raise IndexAway(
                f"The search index could not be written ({error}); write again what was not committed."
            ) from error

    def _open(self) -> None:
        self._take_lock()
        if self._current is None:
            name = self._named()
            self._current = Generation.open(self._folder / name)
            self._remove_all_but(name)

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = (self._folder / "writer.lock").open("wb")
        try:
            # The system gives the lock back when the process ends, however it ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise IndexHasAWriter(f"Another process writes the search index in {self._folder}.") from error
        self._lock = lock

    def _remove_all_but(self, name: str) -> None:
        """Clean up behind a swap or an interrupted rebuild. Readers keep what they have open."""
        for left in self._folder.iterdir():
            if left.is_dir() and left.name != name:
                shutil.rmtree(left)

    def _targets(self) -> list[Generation]:
        """Where a write has to go. What was let go after an error is opened again by whoever still has the lock."""
        if self._current is None and self._begun is None:
            if self._lock is None:
                raise IndexAway("The search index is not open for writing.")
            self._open()
        return [generation for generation in (self._current, self._begun) if generation is not None]

    def _filling(self) -> Generation:
        if self._begun is None:
            raise IndexAway("No new generation of the search index was begun.")
        return self._begun

    @staticmethod
    def _into(targets: Sequence[Generation], changes: Sequence[Change]) -> Written:
        """What the first of them, which is the one that answers, made of it."""
        written = [generation.write(changes) for generation in targets]
        return written[0]

    def _fill(self, changes: Sequence[Change]) -> Written:
        begun = self._filling()
        written = begun.write(changes)
        if len(begun.pending) > _FILLED_AT_ONCE:
            # Nobody reads it yet: committing early only bounds what has to be remembered.
            begun.commit()
        return written

    def _commit(self) -> None:
        for generation in self._targets():
            generation.commit()

    def _purge(self, second: int) -> None:
        for generation in self._targets():
            generation.purge(second)

    def _start(self) -> None:
        self._take_lock()
        self._drop()
        self._begun = Generation.create(self._folder / f"generation-{secrets.token_hex(6)}")

    def _swap(self) -> None:
        begun, replaced = self._filling(), self._current
        begun.commit()
        self._point_to(begun.path.name)
        self._current, self._begun = begun, None
        if replaced is not None:
            replaced.close()
        self._remove_all_but(begun.path.name)

    def _point_to(self, name: str) -> None:
        """Replace the pointer in one step that survives a power cut."""
        fresh = self._folder / "current.json.new"
        with fresh.open("wb") as file:
            file.write(orjson.dumps({"generation": name, "format": INDEX_FORMAT}))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / "current.json")
        directory = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _drop(self) -> None:
        if self._begun is not None:
            begun, self._begun = self._begun, None
            begun.close()
            shutil.rmtree(begun.path)

    def _let_go(self) -> None:
        """Give up the writers, whatever state they are in, so that their locks are free again."""
        for generation in filter(None, (self._current, self._begun)):
            # What is wrong with it is being told already.
            with contextlib.suppress(ValueError, OSError):
                generation.close()
        self._current = self._begun = None

    def _close(self) -> None:
        with self._writing, self._reading:
            self._let_go()
            self._reader = None
            if self._lock is not None:
                self._lock.close()
                self._lock = None
