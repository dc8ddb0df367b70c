"""`headwater stats`: backlog, lag and parked work; how much there is of everything."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import Clock
from scripts.console import AsJson, out, say, with_runtime
from services import erasure, firing, outbox, scheduling
from services.assets.uploading import MOVING
from services.homepages import scheduling as homepage_scheduling
from services.runtime import Runtime

RUNS_SHOWN = 5
COUNTED = (
    models.Creator,
    models.Content,
    models.Revision,
    models.Product,
    models.Tag,
    models.Asset,
    models.Channel,
    models.Submission,
    models.Feed,
    models.FeedItem,
)


def stats(*, as_json: AsJson = False) -> None:
    """What waits for the workers and for how long, what is parked and why, and how much there is of everything."""
    found = with_runtime(_collect)
    if as_json:
        say(found, as_json=True, text="")
        return
    backlog = Table(
        "consumer", "waiting", "failing", "parked", "oldest waits (s)", title="Backlog", title_justify="left"
    )
    for consumer, figures in found["backlog"].items():
        shown = ("waiting", "failing", "parked", "oldest_seconds")
        backlog.add_row(consumer.lower(), *(str(figures[name]) for name in shown))
    out.print(backlog)
    _alert(found)
    for run in found["imports"]:
        out.print(f"import of {run['input']}: {run['state'].lower()}, {run['records']:,} records")
    states = Table("state", "submissions", title="Submissions", title_justify="left")
    for state, count in found["submissions"].items():
        states.add_row(state.lower().replace("_", " "), str(count))
    out.print(states)
    _tell_assets(found["assets"])
    rows = Table("what", "rows", title="Rows", title_justify="left")
    for name, count in found["rows"].items():
        rows.add_row(name, f"{count:,}")
    out.print(rows)
    out.print(f"database: {found['database_bytes'] / 1e6:,.0f} MB")


def _tell_assets(found: dict[str, Any]) -> None:
    table = Table("kind", "assets", "held here", "linked", "retired", title="Assets", title_justify="left")
    for kind, counts in found["kinds"].items():
        table.add_row(kind.lower(), *(f"{counts[name]:,}" for name in ("all", "held", "linked", "retired")))
    out.print(table)
    out.print(
        f"{found['originals']:,} originals ({found['original_bytes'] / 1e6:,.0f} MB), {found['renditions']:,} renditions"
        f" ({found['rendition_bytes'] / 1e6:,.0f} MB); {found['waiting']:,} wait to be looked into, {found['refused']:,} refused"
    )


def _alert(found: dict[str, Any]) -> None:
    """What somebody has to look at."""
    for what in ("parked", "failing"):
        for mark in found[what]:
            out.print(f"[red]{what}[/] {mark['consumer']} {mark['kind']} {mark['id']}: {mark['failure']}")
    for what, figures in found["schedules"].items():
        for state in ("overdue", "failed"):
            if figures[state]:
                out.print(f"[red]{state}[/] schedules of {what}: {figures[state]}")
    if found["erasures"]:
        out.print(f"erasures that still remove words: {found['erasures']}")


async def schedules(session: AsyncSession, clock: Clock) -> dict[str, dict[str, int]]:
    """What should have gone out at a set time and did not, and what was refused then: by what it is."""
    before = clock.now() - firing.OVERDUE
    return {
        "contents": await scheduling.overdue(session, before),
        "homepages": await homepage_scheduling.overdue(session, before),
    }


async def blobs(session: AsyncSession, clock: Clock) -> tuple[int, float, int]:
    """How many files wait to be looked into, the seconds that the oldest does, and how many are refused that assets have."""
    blob = models.Blob
    waits = blob.probe_state == models.ProbeState.WAITING
    refused = func.count().filter(blob.probe_state == models.ProbeState.REFUSED)
    row = await session.execute(select(func.count().filter(waits), func.min(blob.created_at).filter(waits), refused))
    waiting, since, failed = row.one()
    return waiting, (clock.now() - since).total_seconds() if since else 0.0, failed


async def assets(session: AsyncSession, clock: Clock) -> dict[str, Any]:
    """Assets by kind and by whether we hold the bytes; what the store holds; what is on its way."""
    asset, blob, made, upload = models.Asset, models.Blob, models.Rendition, models.AssetUpload
    kinds = select(asset.kind, func.count(), func.count(asset.sha256), func.count(asset.retired_at))
    uploads = select(upload.state, func.count()).where(upload.state.in_(MOVING)).group_by(upload.state)
    waiting, oldest, refused = await blobs(session, clock)
    return {
        "kinds": {
            kind.value: {"all": every, "held": held, "linked": every - held, "retired": retired}
            for kind, every, held, retired in await session.execute(kinds.group_by(asset.kind).order_by(asset.kind))
        },
        "originals": await session.scalar(select(func.count()).select_from(blob)),
        "original_bytes": int(await session.scalar(select(func.coalesce(func.sum(blob.byte_count), 0))) or 0),
        "renditions": await session.scalar(select(func.count(made.etag))),
        "rendition_bytes": int(await session.scalar(select(func.coalesce(func.sum(made.byte_count), 0))) or 0),
        "waiting": waiting,
        "oldest_seconds": round(oldest, 1),
        "refused": refused,
        "uploads": {state.value: count for state, count in await session.execute(uploads)},
    }


async def _marks(session: AsyncSession, such: ColumnElement[bool]) -> list[dict[str, Any]]:
    """The twenty marks of this kind that were left first, with what went wrong."""
    mark = models.DirtyMark
    rows = await session.scalars(select(mark).where(such).order_by(mark.marked_at).limit(20))
    return [{"consumer": one.consumer, "kind": one.kind, "id": one.object_id, "failure": one.failure} for one in rows]


async def _collect(runtime: Runtime) -> dict[str, Any]:
    async with runtime.db.session() as session:
        mark = models.DirtyMark
        parked = await _marks(session, mark.parked_at.is_not(None))
        failing = await _marks(session, mark.parked_at.is_(None) & (mark.attempts > 0))
        states = await session.execute(
            select(models.Submission.state, func.count())
            .group_by(models.Submission.state)
            .order_by(models.Submission.state)
        )
        return {
            "backlog": await outbox.backlog(session),
            "parked": parked,
            "failing": failing,
            "schedules": await schedules(session, runtime.clock),
            "assets": await assets(session, runtime.clock),
            "erasures": await erasure.unfinished(session),
            "imports": [
                {"input": run.input_name, "state": run.state, "records": run.records_done, "started_at": run.started_at}
                for run in await session.scalars(
                    select(models.ImportRun).order_by(models.ImportRun.id.desc()).limit(RUNS_SHOWN)
                )
            ],
            "submissions": {state.value: count for state, count in states},
            "rows": {
                model.__tablename__: await session.scalar(select(func.count()).select_from(model)) for model in COUNTED
            },
            "database_bytes": await session.scalar(text("SELECT pg_database_size(current_database())")),
        }
