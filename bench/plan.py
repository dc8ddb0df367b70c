"""What a plan over all channels costs: `python -m bench.plan [--rounds N]`.

One content is judged at every shipped channel in three ways, interleaved, facts loaded beforehand: each channel alone, as if
nothing were shared; all with one dossier, so that a text is measured once; and the whole plan as it is served, with its
statements, without and with the renditions, which are made when somebody asks for them. The goal: a plan for all costs no more than so many times one, and a number of statements that does
not depend on the channels.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

import models
from bench.open_packs import opened, shipped
from core import migrations
from core.caller import SYSTEM
from core.clock import SystemClock
from core.db import Database
from core.postgres import embedded
from services import planning
from services.channels import installing
from services.channels.dossiers import Dossier
from services.channels.engine import CompiledPack, evaluate
from services.gathering import gather
from tests import make

BASE = "https://headwater.example"
PARAGRAPH = "一把壶用了三年，每天早上烧水泡茶。The handle stays cool, the lid closes well, and it pours without a drop beside. 😀"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=30)
    rounds = asked.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="headwater-plan-", dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        with embedded(Path(place) / "data") as server:
            asyncio.run(_measure(server.dsn, rounds))


async def _measure(dsn: str, rounds: int) -> None:
    db = Database(dsn)
    await migrations.upgrade(db)
    packs = [opened(pack) for pack in shipped()]
    async with db.session() as session:
        for pack in packs:
            await installing.install(session, SYSTEM, pack)
        content = await _content(session)
    now = SystemClock().now()
    async with db.session() as session:
        facts = (await gather(session, [content.id], at=now, base_url=BASE))[content.id].facts
    judges = [CompiledPack(pack) for pack in packs]
    rules = sum(len(judge.pack.rules) for judge in judges)

    def alone() -> None:
        for judge in judges:
            evaluate(judge, Dossier(facts, now), at=now, quota_used={})

    def together() -> None:
        dossier = Dossier(facts, now)
        for judge in judges:
            evaluate(judge, dossier, at=now, quota_used={})

    counted: list[int] = []
    whole: list[float] = []
    rendered: list[float] = []
    timed: dict[str, list[float]] = {"alone": [], "together": []}
    for _ in range(rounds):
        for name, work in (("alone", alone), ("together", together)):
            timed[name].append(_cpu(work))
        seconds, statements = await _plan(db, content, [pack.key for pack in packs])
        whole.append(seconds)
        rendered.append((await _plan(db, content, [pack.key for pack in packs], is_rendered=True))[0])
        counted.append(statements)
    few = (await _plan(db, content, [packs[0].key]))[1]
    one = statistics.median(timed["alone"]) / len(judges)
    print(f"| channels, rules | {len(judges)}, {rules} |")
    _row("each alone", timed["alone"], one, len(judges))
    _row("with one dossier", timed["together"], one, len(judges))
    _row("the plan as served", whole, one, len(judges))
    _row("with what each would be given", rendered, one, len(judges))
    print(f"| statements of a plan for 1 channel, for {len(judges)} | {few}, {statistics.median(counted):.0f} |")
    await db.close()


async def _content(session: AsyncSession) -> models.Content:
    creator = await make.creator(session)
    topic = await make.taxonomy(session)
    tags = [await make.tag(session, topic, f"topic-{number}") for number in range(4)]
    products = [await make.product(session, title=f"Kettle {number}") for number in range(6)]
    covers = [await make.asset(session) for _ in range(3)]
    return await make.content(
        session,
        creator,
        text=PARAGRAPH * 12,
        summary=PARAGRAPH,
        tags=tuple(tags),
        products=tuple(products),
        covers=tuple(covers),
    )


async def _plan(
    db: Database, content: models.Content, keys: Sequence[str], *, is_rendered: bool = False
) -> tuple[float, int]:
    """The CPU seconds of this process for a plan, and how many statements it sent."""
    sent: list[str] = []

    def note(*given: object) -> None:
        sent.append(str(given[2]))

    event.listen(db.engine.sync_engine, "before_cursor_execute", note)
    began = time.process_time()
    async with db.session() as session:
        plans = await planning.plan(session, SYSTEM, content.uid, keys, clock=SystemClock(), base_url=BASE)
        if is_rendered:
            for one in plans:
                _ = one.rendition
    seconds = time.process_time() - began
    event.remove(db.engine.sync_engine, "before_cursor_execute", note)
    return seconds, len(sent)


def _cpu(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _row(what: str, seconds: Sequence[float], one: float, channels: int) -> None:
    median = statistics.median(seconds)
    print(
        f"| {what} | {median * 1e3:.2f} ms, {median * 1e6 / channels:.1f} µs a channel,"
        f" {median / one:.0f} times one channel alone (goal: at most {channels}) |"
    )


if __name__ == "__main__":
    main()
