"""200 submissions driven by everybody who may, in random order, with accidents: `python -m bench.submissions [--steps N] [--seed N]`.

Authors publish, edit, withdraw and resubmit; auditors, channels and operators say what they may say; days pass, deadlines with
them; two distributors work at once, and one dies when nearly all is written. After every step each history must be one of the
table's, quotas must add up, and feeds must say what the states say; at the end every decision must be explained, and judged anew
must come to the same.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy import func, select

import models
from bench.submission_world import ACTIONS, World, unexplained, wrong
from core import migrations
from core.clock import FixedClock
from core.db import Database
from core.postgres import embedded

CONTENTS = 50
"""At four channels each."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--steps", type=int, default=2_000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    # accidents are part of it: their tracebacks would take longer than all the rest
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="headwater-submissions-", dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        with embedded(Path(place) / "data", durable=False) as server:
            asyncio.run(_drive(server.dsn, given.steps, given.seed))


async def _drive(dsn: str, steps: int, seed: int) -> None:
    db = Database(dsn, statement_timeout_ms=60_000)
    await migrations.upgrade(db)
    world = await World.made(db, FixedClock(datetime(2026, 11, 24, 8, 0, tzinfo=UTC)), contents=CONTENTS)
    started, faults = time.perf_counter(), 0
    for name, n in _steps(steps, seed):
        await world.do(name, n)
        for fault in await wrong(world):
            faults += 1
            print(f"after {name} {n}: {fault}")
    unclear = await unexplained(world)
    print(f"{steps} steps in {time.perf_counter() - started:.0f} s: {faults} faults, {len(unclear)} unexplained")
    await _tell(db, world)
    await db.close()


def _steps(steps: int, seed: int) -> Iterator[tuple[str, int]]:
    chance = random.Random(seed)
    for number in range(CONTENTS):
        yield "publish", number * 3
    yield "distribute", 0
    names = sorted(ACTIONS)
    for _ in range(steps):
        yield chance.choice(names), chance.randrange(1_000_000)
    yield "mark twice", 0
    yield "distribute", 0


async def _tell(db: Database, world: World) -> None:
    event, one = models.SubmissionEvent, models.Submission
    async with db.session() as session:
        states = dict(list(await session.execute(select(one.state, func.count()).group_by(one.state))))
        moves = await session.execute(
            select(event.from_state, event.to_state, event.taken_by, func.count())
            .group_by(event.from_state, event.to_state, event.taken_by)
            .order_by(func.count().desc())
        )
        print(f"{sum(states.values())} submissions:", _shown(Counter({s.value: n for s, n in states.items()})))
        for before, after, by, count in moves:
            print(f"  {count:6} {before and before.value} -> {after.value} by {by.value}")
    print("done:", _shown(world.counts))
    print("refused:", _shown(world.refused))


def _shown(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


if __name__ == "__main__":
    main()
