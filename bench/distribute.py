"""What it costs to bring contents to many channels, beside a bare COPY of the same rows: `python -m bench.distribute`.

A database with contents that were just published and with channels that take everything is copied twice. In each copy worker
processes distribute (one, then four); then the rows that they wrote are copied out, and in by COPY into the same tables of a
third copy, with all indexes and foreign keys, in one transaction. Wall time, CPU of the workers, CPU of PostgreSQL, and the
ratio. The least that can be paid is the COPY: it decides nothing, and waits for one commit.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random

import asyncpg
import psutil
from sqlalchemy import select

import models
from bench.open_packs import opened, shipped
from core import migrations
from core.caller import SYSTEM
from core.db import Database
from core.postgres import embedded
from models import Consumer, DirtyKind
from services import outbox
from services.channels import installing
from tests import make

ROOT = Path(__file__).resolve().parent.parent
PARAGRAPH = "A kettle that pours without a drop beside it, and a handle that stays cool. 三年了，每天早上烧水泡茶。"
WORDS = (
    "kettle handle spout lid water steam boil pour cool heavy light steel copper glass morning tea coffee kitchen table shelf"
    " three years every day since then with without under over beside against slowly quickly never always"
    " 水壶 把手 壶嘴 盖子 热水 早晨 泡茶 厨房 桌子 三年 每天 从来 慢慢 很快 不锈钢 玻璃 轻便 结实 好用 推荐"
)
WRITTEN = (
    "content_prints", "fact_snapshots", "submissions", "decisions", "submission_events", "quota_uses", "quota_counters", "feed_items", "feed_contents",
    "streams", "stream_events",
)  # fmt: skip
"""What a distributor adds rows to, each after those that it refers to."""


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    workers_cpu: float
    postgres_cpu: float

    @property
    def cpu(self) -> float:
        return self.workers_cpu + self.postgres_cpu


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--contents", type=int, default=600)
    asked.add_argument("--channels", type=int, nargs="*", default=[10, 114])
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="headwater-distributing-", dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        with embedded(Path(place) / "data") as server:
            print("| channels | processes | contents a second | workers' CPU | PostgreSQL's CPU | COPY | wall | CPU |")
            print("|---|---|---|---|---|---|---|---|")
            for channels in given.channels:
                asyncio.run(_measure(server.dsn, given.contents, channels))


async def _measure(dsn: str, contents: int, channels: int) -> None:
    base, postmaster = f"base_{channels}", await _postmaster(dsn)
    await _sql(dsn, f"CREATE DATABASE {base}")
    await _fill(_on(dsn, base), contents, channels)
    for processes in (1, 4):
        name = f"distributed_{channels}_{processes}"
        await _sql(dsn, f"CREATE DATABASE {name} TEMPLATE {base}", "CHECKPOINT")
        done = _distribute(postmaster, _on(dsn, name), processes)
        copied, rows = await _copy(postmaster, dsn, base, name)
        print(
            f"| {channels} | {processes} | {contents / done.seconds:,.0f} | {done.workers_cpu:.1f} s | {done.postgres_cpu:.1f} s"
            f" | {rows:,} rows in {copied.seconds:.1f} s, CPU {copied.cpu:.1f} s | {done.seconds / copied.seconds:.1f}"
            f" | {done.cpu / copied.cpu:.1f} |",
            flush=True,
        )
        await _sql(dsn, f"DROP DATABASE {name}")


async def _fill(dsn: str, contents: int, channels: int) -> None:
    """Channels that take everything, and contents of twenty creators that are marked and not distributed yet."""
    db = Database(dsn, statement_timeout_ms=0)
    await migrations.upgrade(db)
    async with db.session() as session:
        for pack in shipped()[:channels]:
            await installing.install(session, SYSTEM, opened(pack))
    async with db.session() as session:
        topic = await make.taxonomy(session)
        tags = [await make.tag(session, topic, f"topic-{number}") for number in range(20)]
        creators = [await make.creator(session, name=f"Creator{number}") for number in range(20)]
        for creator in creators:
            key = f"creator.{creator.handle}"
            await installing.ensure_feed(session, key, models.FeedKind.CREATOR, creator_id=creator.id)
        products = [await make.product(session, title=f"Kettle {number}") for number in range(40)]
        covers = [await make.asset(session) for _ in range(40)]
        for number in range(contents):
            await make.content(
                session,
                creators[number % 20],
                title=f"Kettle number {number}",
                text=_text(number),
                summary=PARAGRAPH,
                tags=tuple(tags[(number + step) % 20] for step in range(4)),
                products=(products[number % 40], products[(number + 7) % 40]),
                covers=(covers[number % 40],),
            )
    async with db.session() as session:
        ids = (await session.scalars(select(models.Content.id))).all()
        await outbox.mark(session, DirtyKind.CONTENT, ids, consumers=[Consumer.DISTRIBUTION])
    await db.close()


def _text(number: int) -> str:
    """A text of its own: contents that are all copies of each other would measure how these are found."""
    chosen = Random(number)
    return ". ".join(" ".join(chosen.choices(WORDS.split(), k=12)) for _ in range(16))


def _distribute(postmaster: int, dsn: str, processes: int) -> Cost:
    """What the processes cost beyond what as many cost that find nothing to do: starting is not distribution."""
    environment = {**os.environ, "DATABASE_URL": dsn, "HEADWATER_LOG_LEVEL": "error"}
    before = _postgres_cpu(postmaster)
    seconds, cpu = _work(environment, processes)
    after = _postgres_cpu(postmaster)
    idle_seconds, idle_cpu = _work(environment, processes)
    return Cost(seconds - idle_seconds, cpu - idle_cpu, after - before)


def _work(environment: dict[str, str], processes: int) -> tuple[float, float]:
    """Wall and CPU seconds of so many workers side by side, until nothing is left to do."""
    words = ["worker", "--until-drained", "--only", "distribute", "--distributors", "1", "--json"]
    command = [sys.executable, "-m", "scripts.cli", *words]
    began, cpu = time.perf_counter(), 0.0
    for process in [
        subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(processes)
    ]:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"a worker ended with {process.returncode}")
        cpu += usage.ru_utime + usage.ru_stime
    return time.perf_counter() - began, cpu


async def _copy(postmaster: int, dsn: str, base: str, distributed: str) -> tuple[Cost, int]:
    """The rows of the distributed database, by COPY into another copy of where it began."""
    written = await _written(_on(dsn, distributed))
    await _sql(dsn, f"CREATE DATABASE copied TEMPLATE {base}", "CHECKPOINT")
    connection = await asyncpg.connect(_on(dsn, "copied"), timeout=60)
    rows = 0
    own, before, began = time.process_time(), _postgres_cpu(postmaster), time.perf_counter()
    async with connection.transaction():
        for table, columns, body in written:
            said = await connection.copy_to_table(table, source=BytesIO(body), columns=columns, format="binary")
            rows += int(said.split()[-1])
    seconds = time.perf_counter() - began
    await connection.close()
    cost = Cost(seconds, time.process_time() - own, _postgres_cpu(postmaster) - before)
    await _sql(dsn, "DROP DATABASE copied")
    return cost, rows


async def _written(dsn: str) -> list[tuple[str, list[str], bytes]]:
    """Each table with its columns and rows as COPY gives them; the way back from a submission to its decision goes with
    neither, since each would have to be there before the other.
    """
    connection = await asyncpg.connect(dsn, timeout=60)
    found = []
    for table in WRITTEN:
        columns = [column.name for column in models.Base.metadata.tables[table].columns if column.name != "decision_id"]
        body = BytesIO()
        await connection.copy_from_query(f"SELECT {', '.join(columns)} FROM {table}", output=body, format="binary")
        found.append((table, columns, body.getvalue()))
    await connection.close()
    return found


def _postgres_cpu(postmaster: int) -> float:
    """CPU seconds of all processes of the server, those that ended included."""
    root = psutil.Process(postmaster)
    total = 0.0
    processes: Sequence[psutil.Process] = [root, *root.children(recursive=True)]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


async def _postmaster(dsn: str) -> int:
    connection = await asyncpg.connect(dsn, timeout=60)
    folder = await connection.fetchval("SHOW data_directory")
    await connection.close()
    return int((Path(folder) / "postmaster.pid").read_text().split()[0])


def _on(dsn: str, name: str) -> str:
    return dsn.replace("/headwater?", f"/{name}?")


async def _sql(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(_on(dsn, "postgres"), timeout=60)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


if __name__ == "__main__":
    main()
