"""`headwater doctor`: looks at the installation from top to bottom and says what is wrong and what to do."""

from __future__ import annotations

import asyncio
import base64
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import typer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core import migrations
from core.clock import SystemClock
from core.db import Database
from core.errors import DomainError
from core.ids import new_uid
from core.settings import Settings
from core.store import NothingThere, open_store
from scripts.commands import channels, stats
from scripts.console import AsJson, out, say, settings
from search.backend import IndexAway, IndexNeedsRebuild
from search.query import Kind
from services import access, outbox, stuck, tagging
from services.channels.checking import check
from services.media.facts import Refused
from services.media.sandbox import Ended, NotStarted
from services.runtime import open_database, open_index, open_sandbox

MARKS = {"good": "[green]✓[/]", "warning": "[yellow]![/]", "bad": "[red]✗[/]"}
LEAST_FREE_BYTES = 1_000_000_000
LATE_SECONDS = 60

PICTURE = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing looked at: how it is, and what to do when it is not good."""

    what: str
    state: Literal["good", "warning", "bad"]
    says: str


def doctor(*, as_json: AsJson = False) -> None:
    """Check settings, disk, store, sandbox, database, schema, backlog, assets, submissions, tags, packs, index. Exit code 1 when one is bad.

    It leaves nothing behind, and can run beside everything else.
    """
    found = asyncio.run(_all(settings()))
    if as_json:
        say([asdict(each) for each in found], as_json=True, text="")
    else:
        for each in found:
            out.print(f"{MARKS[each.state]} {each.what}: {each.says}", highlight=False, soft_wrap=True)
    if any(each.state == "bad" for each in found):
        raise typer.Exit(1)


async def _all(chosen: Settings) -> list[Diagnosis]:
    found = [_disk(chosen), _packs(), await _store(chosen), await _sandbox(chosen)]
    try:
        async with open_database(chosen, patient=True) as db:
            found += [each async for each in _database(db)]
            found.append(await _index(chosen, db))
    except DomainError as error:
        found.append(Diagnosis("database", "bad", error.message))
    return found


def _disk(chosen: Settings) -> Diagnosis:
    folder = next(each for each in (chosen.data, *chosen.data.parents) if each.exists())
    free = shutil.disk_usage(folder).free
    says = f"{free / 1e9:.1f} GB free at {chosen.data}"
    return Diagnosis("disk", "good" if free > LEAST_FREE_BYTES else "warning", says)


def _packs() -> Diagnosis:
    report = check(channels.FOLDER)
    if report.is_good:
        return Diagnosis("packs", "good", f"{len(report.packs)} packs, {report.examples_count} examples")
    return Diagnosis("packs", "warning", f"{report.problems[0].message} (see: headwater channels check)")


async def _store(chosen: Settings) -> Diagnosis:
    """Whether bytes can be put there, come out again, and be taken away."""
    place = chosen.asset_store or str(chosen.data / "assets")
    key, content = f"checks/{new_uid()}", b"headwater doctor was here"
    try:
        store = open_store(chosen.asset_store, chosen.data / "assets")
        await store.put(key, content)
        read = await store.read(key)
        await store.delete(key)
    except (DomainError, NothingThere) as error:
        says = error.message if isinstance(error, DomainError) else "what is put there is not there afterwards"
        return Diagnosis("store of assets", "bad", f"{place}: {says} (the log says why)")
    return Diagnosis("store of assets", "good" if read == content else "bad", f"{place} takes and gives files")


async def _sandbox(chosen: Settings) -> Diagnosis:
    """Whether a child process can be started that looks into a picture."""
    sandbox = open_sandbox(chosen)
    with tempfile.TemporaryDirectory(prefix="headwater-") as folder:
        picture = Path(folder, "picture.png")
        await asyncio.to_thread(picture.write_bytes, PICTURE)
        try:
            facts = await sandbox.probe(picture, Path(folder, "served"))
        except (Refused, NotStarted, Ended) as error:
            return Diagnosis("sandbox", "bad", f"no file can be looked into: {error}")
        finally:
            await sandbox.close()
    return Diagnosis("sandbox", "good", f"looks into files ({facts.media_type})")


async def _assets(session: AsyncSession) -> Diagnosis:
    """Files that nobody looked into for long, and those that an import brought and that are refused."""
    waiting, oldest, refused = await stats.blobs(session, SystemClock())
    late = oldest > LATE_SECONDS
    advice = " (is a worker running?)" if late else " (see: headwater assets probe)" if refused else ""
    says = f"{waiting} files wait to be looked into, {refused} are refused{advice}"
    return Diagnosis("assets", "warning" if late or refused else "good", says)


async def _stuck(session: AsyncSession) -> AsyncIterator[Diagnosis]:
    """Submissions that stand where they should have left, by cause."""
    found = await stuck.counts(session)
    if not found:
        yield Diagnosis("submissions", "good", "none is stuck")
    for cause, count in found.items():
        state: Literal["warning", "bad"] = "bad" if cause is stuck.StuckCause.DISTRIBUTION_FAILED else "warning"
        what = cause.value.lower().replace("_", " ")
        yield Diagnosis(f"submissions, {what}", state, f"{count}. {stuck.ADVICE[cause].en}")


async def _database(db: Database) -> AsyncIterator[Diagnosis]:
    async with db.session() as session:
        version = await session.scalar(select(func.current_setting("server_version")))
    address = db.url.set(drivername="postgresql").render_as_string(hide_password=True)
    programs = f"; pg_dump and the other programs lie in {db.server.binaries}" if db.server else ""
    yield Diagnosis("database", "good", f"PostgreSQL {version} at {address}{programs}")
    pending = await migrations.pending(db)
    if pending:
        yield Diagnosis("schema", "bad", "migrations are pending: run headwater migrate")
        return
    yield Diagnosis("schema", "good", f"at {migrations.head()}")
    async with db.session() as session:
        for consumer, figures in (await outbox.backlog(session)).items():
            late, failed = figures["oldest_seconds"] > LATE_SECONDS, figures["failing"] or figures["parked"]
            state: Literal["good", "warning", "bad"] = (
                "bad" if figures["parked"] else "warning" if late or failed else "good"
            )
            says = ", ".join(f"{figures[name]:.0f} {name}" for name in ("waiting", "failing", "parked"))
            advice = " (see: headwater stats)" if failed else " (is a worker running?)" if late else ""
            yield Diagnosis(f"{consumer.lower()} backlog", state, says + advice)
        for what, counts in (await stats.schedules(session, SystemClock())).items():
            wrong = counts["overdue"] or counts["failed"]
            state = "bad" if counts["overdue"] else "warning" if wrong else "good"
            advice = " (is a worker running?)" if counts["overdue"] else " (their editors see why)" if wrong else ""
            says = f"{counts['overdue']} overdue, {counts['failed']} refused when they came due"
            yield Diagnosis(f"schedules of {what}", state, says + advice)
        yield await _assets(session)
        async for each in _stuck(session):
            yield each
        apart = await tagging.disagreements(session)
        says = "taggings and arrays agree" if not apart else f"{apart} contents differ between taggings and tag_ids"
        yield Diagnosis("tags", "bad" if apart else "good", says)


async def _index(chosen: Settings, db: Database) -> Diagnosis:
    index = open_index(chosen)
    try:
        indexed = await index.count(Kind.CONTENT)
    except IndexNeedsRebuild:
        return Diagnosis("index", "warning", "there is none yet: a worker makes it")
    except IndexAway as error:
        return Diagnosis("index", "bad", error.message)
    finally:
        await index.close()
    async with db.session() as session:
        public = await session.scalar(select(func.count()).select_from(models.Content).where(access.public_contents()))
    state: Literal["good", "warning"] = "good" if indexed == public else "warning"
    return Diagnosis("index", state, f"{indexed} contents indexed, {public} public")
