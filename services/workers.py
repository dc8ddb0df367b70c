"""The loops of a worker process: what it takes on, and that it stops in order."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Collection

import structlog

from services import deadlines, erasure, firing, idempotency, merging, outbox, rates, scheduling, streams
from services.assets import probing, retiring, sweeping, verifying
from services.assets.fetching import Fetcher
from services.assets.file_limits import FileLimits
from services.distribution import Distributor, Tally
from services.duplicates.filling import Filler
from services.homepages import scheduling as homepage_scheduling
from services.indexing import Indexer
from services.loops import POLL_SECONDS, Step, Wakeup, loop, pause
from services.rehearsals import Rehearser
from services.runtime import Runtime

log = structlog.get_logger()

TAG_USES_AT_ONCE = 500

FETCHERS = 2
"""Files that a worker fetches at once: a slow address does not keep all others waiting."""

SECONDS_TO_FINISH = 10
"""How long a probe may go on after a stop: then its child is ended, and another worker looks at the file from the start."""

SCHEDULED: tuple[firing.Due, ...] = (scheduling, homepage_scheduling)
"""All kinds of things that go live at a set time."""


class Work(enum.StrEnum):
    """What a worker process may take on."""

    DISTRIBUTE = "distribute"
    INDEX = "index"
    PROBE = "probe"


EVERYTHING = frozenset(Work)


async def run(runtime: Runtime, stop: asyncio.Event, *, work: Collection[Work] = EVERYTHING) -> None:
    """The loops of a worker process, until stopped; each finishes the step it is in."""
    wakeup = Wakeup(runtime.db, (outbox.CHANNEL,))
    steps: list[tuple[str, Step]] = []
    if Work.DISTRIBUTE in work:
        numbers = range(runtime.settings.distributors)
        steps += [(f"distributor-{number}", _distributing(_distributor(runtime))) for number in numbers]
        steps.append(("tag-mover", _moving_tags(runtime)))
        steps.append(("bucket-sweeper", rates.sweeper(runtime.db, runtime.settings, runtime.clock)))
        steps.append(("key-sweeper", idempotency.sweeper(runtime.db, runtime.clock)))
        steps.append(("stream-sweeper", streams.sweeper(runtime.db, runtime.clock)))
        steps.append(("asset-sweeper", retiring.sweeper(runtime.db, runtime.store, runtime.clock)))
        steps.append(("store-sweeper", verifying.sweeper(runtime.store, runtime.clock)))
        steps += _tending_uploads(runtime)
        steps.append(("scheduler", _firing(runtime)))
        steps.append(("deadline-keeper", _keeping_deadlines(runtime)))
        steps.append(("print-filler", Filler(runtime.db).step))
        steps.append(("eraser", _erasing(runtime)))
        steps.append(("rehearser", _rehearser(runtime).step))
    indexer = Indexer(runtime.db, runtime.index, clock=runtime.clock)
    if Work.INDEX in work:
        steps.append(("indexer", indexer.step))
    if Work.PROBE in work:
        steps += [(f"prober-{number}", _probing(runtime)) for number in range(runtime.settings.sandbox_places)]
        steps.append(("tidier", sweeping.tidier(runtime.store, runtime.clock)))
        steps += [(f"fetcher-{number}", _until(stop, _fetching(runtime))) for number in range(FETCHERS)]
    hastening = asyncio.create_task(_end_probes(runtime, stop))
    try:
        loops = [loop(name, step, wakeup.listener(), stop) for name, step in steps]
        await asyncio.gather(wakeup.run(stop), _watch(runtime, stop), *loops)
    finally:
        hastening.cancel()
        await indexer.close()


async def drain(runtime: Runtime, *, work: Collection[Work] = EVERYTHING) -> Tally:
    """Everything that waits, once: files looked into, what is due fired, then distributed by as many loops as the settings
    say, then indexed.
    """
    tally = Tally()
    if Work.PROBE in work:
        await _all(_fetching(runtime))
        await asyncio.gather(*(_all(_probing(runtime)) for _ in range(runtime.settings.sandbox_places)))
    if Work.DISTRIBUTE in work:
        for kind in SCHEDULED:
            while await firing.fire_one(runtime.db, kind, runtime.clock):
                pass
        await _all(_keeping_deadlines(runtime))
        loops = [_distributor(runtime).drain() for _ in range(runtime.settings.distributors)]
        tally = sum(await asyncio.gather(*loops), tally)
        await _all(_rehearser(runtime).step)
    if Work.INDEX in work:
        indexer = Indexer(runtime.db, runtime.index, clock=runtime.clock)
        try:
            while await indexer.step():
                pass
        finally:
            await indexer.close()
    return tally


async def _watch(runtime: Runtime, stop: asyncio.Event) -> None:
    """Stop when the embedded database is lost for good: somebody has to look, and a restart begins anew."""
    while not stop.is_set():
        if runtime.failure is not None:
            log.error("worker.database_lost", failure=runtime.failure)
            stop.set()
        await pause(stop, POLL_SECONDS)


async def _end_probes(runtime: Runtime, stop: asyncio.Event) -> None:
    await stop.wait()
    await asyncio.sleep(SECONDS_TO_FINISH)
    await runtime.sandbox.close()


def _fetching(runtime: Runtime) -> Step:
    return Fetcher.of(runtime.db, runtime.store, runtime.settings, runtime.clock).step


def _until(stop: asyncio.Event, step: Step) -> Step:
    """The same step, broken off by a stop: what takes long and can be begun anew keeps no worker from ending."""

    async def broken_off() -> bool:
        work, stopped = asyncio.ensure_future(step()), asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                await asyncio.wait({work})
            return not work.cancelled() and work.result()
        finally:
            work.cancel()
            stopped.cancel()

    return broken_off


def _tending_uploads(runtime: Runtime) -> list[tuple[str, Step]]:
    db, store, clock = runtime.db, runtime.store, runtime.clock
    return [
        ("upload-finisher", sweeping.finisher(db, store, runtime.settings, clock)),
        ("upload-sweeper", sweeping.sweeper(db, store, clock)),
        ("upload-cleaner", sweeping.cleaner(db, store, clock)),
    ]


async def _all(step: Step) -> None:
    while await step():
        pass


def _distributor(runtime: Runtime) -> Distributor:
    return Distributor(runtime.db, clock=runtime.clock, base_url=runtime.settings.base_url)


def _rehearser(runtime: Runtime) -> Rehearser:
    return Rehearser(runtime.db, clock=runtime.clock, base_url=runtime.settings.base_url)


def _distributing(distributor: Distributor) -> Step:
    async def step() -> bool:
        return (await distributor.step()).is_something

    return step


def _firing(runtime: Runtime) -> Step:
    async def step() -> bool:
        return await firing.step(runtime.db, SCHEDULED, runtime.clock)

    return step


def _keeping_deadlines(runtime: Runtime) -> Step:
    async def step() -> bool:
        return await deadlines.step(runtime.db, runtime.clock)

    return step


def _erasing(runtime: Runtime) -> Step:
    async def step() -> bool:
        return await erasure.step(runtime.db, runtime.store, runtime.clock)

    return step


def _probing(runtime: Runtime) -> Step:
    most = FileLimits.of(runtime.settings).of_kind

    async def step() -> bool:
        return await probing.step(runtime.db, runtime.store, runtime.sandbox, runtime.clock, most=most)

    return step


def _moving_tags(runtime: Runtime) -> Step:
    """The uses of merged tags move in batches; until they have, readers follow the alias."""

    async def step() -> bool:
        async with runtime.db.session() as session:
            return await merging.move_uses(session, TAG_USES_AT_ONCE, clock=runtime.clock) > 0

    return step
