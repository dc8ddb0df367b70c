"""What an engine must do for search: take documents with versions, answer candidates, counts and scans, swap indexes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.errors import Conflict, Unavailable
from search.documents import Change
from search.matching import TextQuery
from search.query import Facet, Filters, Kind, Matching, Order


class IndexAway(Unavailable):
    """The engine does not answer, or refused; nothing else of the product depends on it."""

    code = "INDEX_AWAY"


class IndexNeedsRebuild(Unavailable):
    """There is no index, or it is damaged or of another format: the indexer makes a new one from PostgreSQL."""

    code = "INDEX_NEEDS_REBUILD"


class IndexHasAWriter(Conflict):
    """Another process writes this index."""

    code = "INDEX_HAS_A_WRITER"


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the engine. `skip` and `limit` cut the order of candidates; `below` continues order NEWEST, `above`
    continues it the other way: then the oldest above it comes first.

    `text` None means: whatever passes the filters. Counts of a facet leave out the filter on that same facet, so
    each number is the total after choosing that value instead; tags, which add up, are counted with every filter.
    """

    text: TextQuery | None
    filters: Filters = field(default_factory=Filters)
    order: Order = Order.RELEVANCE
    limit: int = 200
    skip: int = 0
    below: int | None = None
    above: int | None = None
    facets: tuple[Facet, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that matches: its BM25 sum (0 in order NEWEST) and its recency."""

    kind: Kind
    id: int
    version: int
    recency: int
    score: float


@dataclass(frozen=True, slots=True)
class Candidates:
    """The asked part of the matches, how many match in all, and the counts."""

    found: tuple[Candidate, ...]
    total: int
    matching: Matching
    facets: Mapping[Facet, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: taken, or left because the index already had a newer version of it."""

    taken: int
    already_newer: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index holds of one object; `is_buried` for a tombstone."""

    id: int
    version: int
    is_buried: bool


class SearchBackend(Protocol):
    """Reading needs nothing first. Writing is for one process at a time, after `open_for_writing`.

    Every method may raise IndexAway; all but `start_generation` and `drop_generation` raise IndexNeedsRebuild when
    there is no usable index.
    """

    async def search(self, request: Request) -> Candidates:
        """Candidates in order, from what was committed."""

    async def count(self, kind: Kind | None = None) -> int:
        """How many objects can be found (tombstones are not counted), as of the last commit."""

    async def scan(self, kind: Kind, *, after: int, limit: int) -> Sequence[Entry]:
        """Entries with ids above `after`, ascending, tombstones included, as of the last commit."""

    async def open_for_writing(self) -> None:
        """Take the writer's place. IndexHasAWriter; IndexNeedsRebuild, after which `start_generation` is allowed."""

    async def write(self, changes: Sequence[Change]) -> Written:
        """Take each change unless the index has a newer version of that object; an equal version is written again.

        Nothing can be found, or survives a crash, before `commit`. While a generation is being built, both get it.
        """

    async def commit(self) -> None:
        """Make durable and findable what was written. Only then may the marks that led to it be cleared."""

    async def purge(self, *, buried_before: datetime) -> None:
        """Forget tombstones older than this: by then no older version can still be on its way."""

    async def start_generation(self) -> None:
        """Begin an empty index beside the one in use, dropping one that was begun and not finished."""

    async def fill(self, changes: Sequence[Change]) -> Written:
        """Like `write`, into the begun generation only."""

    async def swap(self) -> None:
        """Commit the begun generation, let it answer from now on, and drop the one it replaces."""

    async def drop_generation(self) -> None:
        """Give up the begun generation, if there is one."""

    async def close(self) -> None:
        """Release files, connections and the writer's place. What was not committed is lost."""
