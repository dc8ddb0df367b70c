"""Whatever authors, auditors, channels, operators, the clock and accidents do, in any order: no illegal step, no lost quota,
feeds as the states say, and every decision explained.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.submission_world import ACTIONS, World, unexplained, wrong
from core.clock import FixedClock
from core.db import Database
from tests.databases import Shelf

# every action once, in any order, on anything
STEPS = st.tuples(st.permutations(sorted(ACTIONS)), st.integers(0, 999)).map(
    lambda made: [(name, made[1] + place * 7) for place, name in enumerate(made[0])]
)


async def drive(url: str, steps: list[tuple[str, int]]) -> None:
    db = Database(url, pool=5, statement_timeout_ms=20_000, lock_timeout_ms=15_000)
    try:
        world = await World.made(db, FixedClock(datetime(2026, 11, 24, 8, 0, tzinfo=UTC)), contents=5)
        # begin where something is at channels, and one of three more than a day takes
        for name, n in [
            ("publish", 0),
            ("publish", 12),
            ("publish", 24),
            ("edit", 2),
            ("distribute", 0),
            *steps,
            ("mark twice", 0),
            ("distribute", 0),
        ]:
            await world.do(name, n)
            assert await wrong(world) == [], name
        assert await unexplained(world) == []
    finally:
        await db.close()


# a failure is told as it is: to look for a shorter one takes minutes
@settings(
    phases=[Phase.generate],
    max_examples=2,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(steps=STEPS)
def test_no_illegal_state_no_lost_quota_and_every_one_explained(shelf: Shelf, steps: list[tuple[str, int]]):
    async def whole() -> None:
        name = await shelf.take()
        try:
            await drive(shelf.url(name), steps)
        finally:
            await shelf.give_back(name)

    asyncio.run(whole())
