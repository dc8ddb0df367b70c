"""Keeping the index equal to the database: rebuild behind the one in use, and reconcile by comparing versions."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from search.backend import Entry, SearchBackend
from search.documents import Change
from search.query import Kind

_SCANNED_AT_ONCE = 5_000


async def rebuild(
    backend: SearchBackend,
    batches: AsyncIterable[Sequence[Change]],
    *,
    filled: Callable[[int], None] | None = None,
) -> int:
    """Fill a new generation and let it take over; how many changes it took.

    While this runs the same process goes on with `write` and `commit`, which reach both generations; a newer
    version that came in that way is not overwritten by an older row of the stream. When this is cut short, by an
    error or by cancelling, the old generation answers on; run it again.
    """
    await backend.start_generation()
    count = 0
    try:
        async for batch in batches:
            written = await backend.fill(batch)
            count += written.taken
            if filled is not None:
                filled(len(batch))
        await backend.swap()
    except BaseException:
        await backend.drop_generation()
        raise
    return count


@dataclass(frozen=True, slots=True)
class Drift:
    """Ids that differ: not in the index, there in an older version, there without right, or newer than the truth.

    What is `ahead` cannot be mended by writing, since older versions are refused: the database was set back, and the
    index has to be rebuilt.
    """

    missing: tuple[int, ...] = ()
    stale: tuple[int, ...] = ()
    surplus: tuple[int, ...] = ()
    ahead: tuple[int, ...] = ()

    @property
    def is_none(self) -> bool:
        return not (self.missing or self.stale or self.surplus or self.ahead)


ReadTruth = Callable[[int, int], Awaitable[Sequence[tuple[int, int]]]]
"""(after, limit) -> up to `limit` pairs (id, version) of what may be found, with ids above `after`, ascending."""


async def drift(backend: SearchBackend, kind: Kind, truth: ReadTruth) -> AsyncIterator[Drift]:
    """Compare in ranges of ids; one Drift for each range. Mark what is in it dirty and the indexer mends it.

    The index may run behind by what is being written just now: run it when things are quiet, or look twice.
    """
    after = 0
    while True:
        rows = await truth(after, _SCANNED_AT_ONCE)
        last = rows[-1][0] if len(rows) == _SCANNED_AT_ONCE else None
        entries = await _entries(backend, kind, after, last)
        yield compare(dict(rows), entries)
        if last is None:
            return
        after = last


async def _entries(backend: SearchBackend, kind: Kind, after: int, last: int | None) -> list[Entry]:
    """What the index holds above `after`, up to and with `last` (None: to the end)."""
    entries: list[Entry] = []
    while True:
        part = await backend.scan(kind, after=after, limit=_SCANNED_AT_ONCE)
        entries += [entry for entry in part if last is None or entry.id <= last]
        if len(part) < _SCANNED_AT_ONCE or (last is not None and part[-1].id >= last):
            return entries
        after = part[-1].id


def compare(truth: dict[int, int], entries: Sequence[Entry]) -> Drift:
    """What has to be mended in one range: `truth` maps the ids that may be found to their versions."""
    held = {entry.id: entry.version for entry in entries if not entry.is_buried}
    return Drift(
        missing=tuple(sorted(truth.keys() - held.keys())),
        stale=tuple(sorted(number for number, version in truth.items() if held.get(number, version) < version)),
        surplus=tuple(sorted(held.keys() - truth.keys())),
        ahead=tuple(sorted(number for number, version in truth.items() if held.get(number, version) > version)),
    )
