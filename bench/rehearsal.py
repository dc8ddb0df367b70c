"""What a rehearsal costs: `python -m bench.rehearsal [--contents N] [--batch N]`.

So many contents are submitted to one channel with the rules of a shipped pack; then a version with another limit is rehearsed
over all of them, batch by batch, as a worker does it. Printed: submissions a second, the share of the engine in it, statements
a batch, and the memory of the process after each tenth: it must not grow with what was looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import event, insert, select, text, update

import models
from bench.open_packs import shipped
from core import migrations
from core.caller import SYSTEM
from core.clock import SystemClock
from core.db import Database
from core.ids import new_uid
from core.postgres import embedded
from services import rehearsals
from services.channels import installing
from services.channels.packs import Pack
from services.channels.shapes import LinkShape
from services.rehearsals import AT_ONCE, Rehearser
from tests import make

BASE = "https://headwater.example"
KEY = "weitao.article"
THEN = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
PARAGRAPH = "一把壶用了三年，每天早上烧水泡茶。The handle stays cool, the lid closes well, and it pours without a drop beside. 😀"
AT_A_TIME = 1_000


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--contents", type=int, default=10_000)
    asked.add_argument("--batch", type=int, default=AT_ONCE)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="headwater-rehearsal-", dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        with embedded(Path(place) / "data") as server:
            asyncio.run(_measure(server.dsn, given.contents, given.batch))


async def _measure(dsn: str, contents: int, batch: int) -> None:
    db = Database(dsn)
    await migrations.upgrade(db)
    # gates are of creators, files are not looked into here: all may come
    (pack,) = (one.model_copy(update={"gates": None, "accepts_declared": True}) for one in shipped() if one.key == KEY)
    async with db.session() as session:
        await installing.install(session, SYSTEM, pack)
    await _submitted(db, contents)
    async with db.session() as session:
        await session.execute(text("ANALYZE"))  # as autovacuum would have by then
        row = await rehearsals.rehearse(session, SYSTEM, _changed(pack), clock=SystemClock())
    await _rehearse(db, row, batch)
    await db.close()


def _changed(pack: Pack) -> Pack:
    """The pack with titles of at most ten, and with another parameter in its links."""
    rules = tuple(
        rule.model_copy(update={"max": 10}) if rule.kind == "text.length" and rule.field == "title" else rule  # type: ignore[attr-defined]  # of that kind
        for rule in pack.rules
    )
    link = LinkShape(params={"from": "rehearsed"})
    return pack.model_copy(update={"rules": rules, "rendering": pack.rendering.model_copy(update={"link": link})})


async def _submitted(db: Database, contents: int) -> None:
    """Contents with a body, a cover and products, and a submission of each."""
    async with db.session() as session:
        creator, shop = await make.creator(session, followers_count=9_000), await make.shop(session)
        products = [await make.product(session, title=f"水壶 {number}", shop_id=shop.id) for number in range(3)]
        cover = await make.asset(session, width=750, height=422, facts_source=models.AssetFactsSource.DECLARED)
        channel = (await session.scalars(select(models.Channel).where(models.Channel.key == KEY))).one()
        known = {"creator": creator.id, "cover": cover.id, "channel": channel.id, "pack": channel.pack_version_id or 0}
        linked = [product.id for product in products]
    for first in range(0, contents, AT_A_TIME):
        await _some(db, first, min(AT_A_TIME, contents - first), linked, **known)


async def _some(
    db: Database, first: int, count: int, products: Sequence[int], *, creator: int, cover: int, channel: int, pack: int
) -> None:
    spans: list[dict[str, Any]] = [{"text": PARAGRAPH, "marks": [], "href": None}]
    body = [{"type": "paragraph", "spans": spans}] * 8
    async with db.session() as session:

        async def added(table: Any, rows: list[dict[str, Any]]) -> list[int]:
            made = await session.scalars(insert(table).returning(table.id, sort_by_parameter_order=True), rows)
            return list(made)

        own = {"creator_id": creator, "format": models.Format.ARTICLE, "language": "zh", "tag_ids": []}
        dated = {"published_at": THEN, "changed_at": THEN}
        ids = await added(models.Content, [own | dated | {"group_uid": new_uid()} for _ in range(count)])
        sealed = {"number": 1, "summary": "用了三年，好在哪里，不好在哪里。", "body": body, "details": {}}
        live = {"state": models.RevisionState.LIVE, "sealed_at": THEN, "published_at": THEN}
        titled = [{"title": f"三年的水壶 {first + n}" if n % 2 else "一把用了三年的不锈钢水壶"} for n in range(count)]
        rows = [sealed | live | titled[n] | {"content_id": id_} for n, id_ in enumerate(ids)]
        revisions = await added(models.Revision, rows)
        content, revision = models.Content, models.Revision
        of_content = select(revision.id).where(revision.content_id == content.id).scalar_subquery()
        await session.execute(
            update(content).where(content.live_revision_id.is_(None)).values(live_revision_id=of_content)
        )
        used = {"position": 0, "use": models.AssetUse.COVER, "asset_id": cover}
        await session.execute(insert(models.RevisionAsset), [used | {"revision_id": one} for one in revisions])
        linked = [
            {"revision_id": one, "position": place, "product_id": product}
            for one in revisions
            for place, product in enumerate(products)
        ]
        await session.execute(insert(models.RevisionProduct), linked)
        sent = {"channel_id": channel, "pack_version_id": pack, "state": models.SubmissionState.DELIVERED}
        pairs = zip(ids, revisions, strict=True)
        await session.execute(
            insert(models.Submission), [sent | {"content_id": id_, "revision_id": one} for id_, one in pairs]
        )


async def _rehearse(db: Database, row: models.Rehearsal, batch: int) -> None:
    statements = 0

    @event.listens_for(db.engine.sync_engine, "before_cursor_execute")
    def _count(*_: Any) -> None:
        nonlocal statements
        statements += 1

    rehearser, process, steps, slowest = (
        Rehearser(db, clock=SystemClock(), base_url=BASE, batch=batch),
        psutil.Process(),
        0,
        0.0,
    )
    began, cpu = time.perf_counter(), process.cpu_times()
    print(f"{'looked at':>10} {'seconds':>8} {'a second':>9} {'memory':>8}")
    done, told = 0, 0
    while row.finished_at is None:
        at = time.perf_counter()
        await rehearser.step(row.id)
        slowest, steps = max(slowest, time.perf_counter() - at), steps + 1
        async with db.session() as session:
            row = await session.get_one(models.Rehearsal, row.id)
        done = row.done_count
        if done - told >= row.total_count // 10 or row.finished_at is not None:
            told, seconds = done, time.perf_counter() - began
            memory = process.memory_info().rss / 2**20
            print(f"{done:>10,} {seconds:>8.1f} {done / seconds:>9,.0f} {memory:>5.0f} MB")
    after = process.cpu_times()
    print(f"state {row.state}; {row.failure or ''} counts {row.counts}; codes {row.codes}")
    print(f"{statements / steps:.1f} statements a batch of {batch}; the slowest batch took {slowest:.2f} s")
    print(f"CPU of this process {after.user - cpu.user + after.system - cpu.system:.1f} s")


if __name__ == "__main__":
    main()
