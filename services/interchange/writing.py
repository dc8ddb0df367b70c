"""Records into the database: in batches, each one transaction that also says how far the import came.

Killed anywhere and started again with the same input, an import goes on after its last batch and ends with the same
counts. Imported again, unchanged records change nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock, SystemClock
from core.db import Database
from core.errors import Conflict
from core.ids import new_uid
from models import Consumer, ImportRun, ImportState
from services import outbox, reopening
from services.interchange.batches import OUTCOMES, Batch, Outcome, Reading, Seen, read
from services.interchange.files import Files, Staged
from services.interchange.refusals import Line, Reject
from services.interchange.tables import Connection

BATCH_LINES = 500
BATCH_BYTES = 4 * 1024 * 1024
SHOWN_REJECTS = 20


class AlreadyImporting(Conflict):
    """Another process imports the same input at this moment."""

    code = "ALREADY_IMPORTING"


@dataclass(slots=True)
class ImportReport:
    """What came of an import: counts by type and outcome, the first rejects, whether it was stopped on the way."""

    input_name: str
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    records_done: int = 0
    resumed_at: int = 0
    rejects: list[Reject] = field(default_factory=list)
    rejects_path: Path | None = None
    warnings: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    undated: int = 0
    is_preview: bool = False
    is_stopped: bool = False

    def total(self, outcome: str) -> int:
        return sum(counts[outcome] for counts in self.counts.values())

    @property
    def rejected(self) -> int:
        return self.total("rejected")

    def as_json(self) -> dict[str, Any]:
        return {
            "input": self.input_name,
            "preview": self.is_preview,
            "stopped": self.is_stopped,
            "records": self.records_done,
            "resumed_at": self.resumed_at,
            "totals": {outcome: self.total(outcome) for outcome in OUTCOMES},
            "counts": self.counts,
            "rejects": [reject.shown for reject in self.rejects],
            "undated": self.undated,
            "warnings": self.warnings,
            "rejects_file": str(self.rejects_path) if self.rejects_path and self.rejected else None,
        }


Progress = Callable[[ImportReport], None]


@dataclass(slots=True)
class Importing:
    """An import on its way."""

    db: Database
    clock: Clock
    report: ImportReport
    run: UUID | None = None
    seen: Seen | None = None
    rejects_size: int = 0
    files: Files | None = None

    async def write(self, reading: Reading) -> None:
        staged = await self._staged(reading)
        if self.files is not None:
            await self.files.place(self.db, staged)
        async with self.db.session() as session:
            if self.run is not None:
                await self._check_turn(session)
            if self.files is not None:
                await self.files.keep(session, staged)
            connection = await raw(session)
            batch = Batch(connection, self.clock.now(), self.report.input_name, seen=self.seen)
            outcome = await batch.write(reading)
            if self.files is not None and outcome.rejects:
                await self.files.drop_unused(session, staged)
            await reopening.reopen(session, outcome.measured)
            await _mark(session, outcome)
            merged = Outcome({type_: dict(counts) for type_, counts in self.report.counts.items()})
            merged.add(Outcome(outcome.counts))
            size = self._set_aside(outcome.rejects)
            if self.run is not None:
                await self._note(session, len(reading.lines), merged.counts, size)
        if self.files is not None:
            await self.files.clear(staged)
        self.report.counts, self.rejects_size = merged.counts, size
        self.report.notes += outcome.notes
        self.report.records_done += len(reading.lines)
        self.report.rejects += outcome.rejects[: max(0, SHOWN_REJECTS - len(self.report.rejects))]

    async def _staged(self, reading: Reading) -> list[Staged]:
        """The bytes that come with the records, before the transaction: a film takes longer than one may."""
        if self.files is None:
            return []
        if self.seen is None:
            return await self.files.stage(reading)
        for digest in await self.files.look(reading):
            self.seen.add("blobs", digest)
        return []

    async def _check_turn(self, session: AsyncSession) -> None:
        """Lock the run; that it stands where we left it shows that nobody else works on the same input."""
        statement = select(ImportRun.records_done).where(ImportRun.uid == self.run).with_for_update()
        if (await session.execute(statement)).scalar_one() != self.report.records_done:
            raise AlreadyImporting(f"{self.report.input_name} is being imported by another process; wait for it.")

    async def _note(self, session: AsyncSession, count: int, counts: dict[str, dict[str, int]], size: int) -> None:
        await session.execute(
            update(ImportRun)
            .where(ImportRun.uid == self.run)
            .values(records_done=ImportRun.records_done + count, counts={"by_type": counts, "rejects_size": size})
        )

    def _set_aside(self, rejects: Sequence[Reject]) -> int:
        """Append to the rejects file before the commit that counts them; what a crash leaves too much is cut off."""
        if self.report.rejects_path is None or not rejects:
            return self.rejects_size
        with self.report.rejects_path.open("r+b" if self.rejects_size else "wb") as file:
            file.truncate(self.rejects_size)
            file.seek(self.rejects_size)
            file.writelines(reject.written() for reject in rejects)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()


async def import_records(
    db: Database,
    lines: Iterable[Line],
    *,
    input_name: str,
    digest: str | None = None,
    rejects_path: Path | None = None,
    progress: Progress | None = None,
    dry_run: bool = False,
    stopped: Callable[[], bool] = lambda: False,
    files: Files | None = None,
    clock: Clock | None = None,
) -> ImportReport:
    """Import all lines and report. `digest` names the input, so that a broken import of it goes on where it was;
    `dry_run` compares and counts but writes nothing; `stopped` is asked after every batch; `files` are the bytes of assets. AlreadyImporting when
    another process is at the same input.
    """
    clock = clock or SystemClock()
    report = ImportReport(input_name, rejects_path=None if dry_run else rejects_path, is_preview=dry_run)
    work = Importing(db, clock, report, seen=Seen() if dry_run else None, files=files)
    if not dry_run:
        await _open_run(work, digest)
    async with aclosing(_readings(lines, report)) as readings:
        async for reading in readings:
            await work.write(reading)
            if progress:
                progress(report)
            if stopped():
                report.is_stopped = True
                break
    report.warnings += [sentence.format(count=count) for sentence, count in sorted(report.notes.items())]
    if report.is_stopped:
        return report
    if work.run is not None:
        await _finish(work)
    return report


async def _readings(lines: Iterable[Line], report: ImportReport) -> AsyncGenerator[Reading, None]:
    """The batches, each read while the database is busy with the one before."""
    batches = _batches(lines, skip=report.records_done)

    def following() -> Reading | None:
        batch = next(batches, None)
        return None if batch is None else read(batch, report.input_name)

    ahead = asyncio.create_task(asyncio.to_thread(following))
    try:
        while (reading := await ahead) is not None:
            ahead = asyncio.create_task(asyncio.to_thread(following))
            yield reading
    finally:
        # a thread is not cancelled, only waited for; what it says matters no more
        await asyncio.gather(ahead, return_exceptions=True)


def _batches(lines: Iterable[Line], *, skip: int) -> Iterator[list[Line]]:
    batch: list[Line] = []
    size = 0
    for place, line in enumerate(lines):
        if place < skip:
            continue
        batch.append(line)
        size += len(line.text)
        if len(batch) >= BATCH_LINES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


async def _open_run(work: Importing, digest: str | None) -> None:
    """Begin a run, or take up the one of the same input that did not finish."""
    async with work.db.session() as session:
        uid = new_uid()
        await session.execute(
            insert(ImportRun)
            .values(uid=uid, input_name=work.report.input_name, input_digest=digest)
            .on_conflict_do_nothing()
        )
        same = ImportRun.input_digest == digest if digest else ImportRun.uid == uid
        statement = select(ImportRun).where(same, ImportRun.state == ImportState.RUNNING)
        run = (await session.execute(statement)).scalar_one()
    work.run = run.uid
    work.report.records_done = work.report.resumed_at = run.records_done
    work.report.counts = run.counts.get("by_type", {})
    work.rejects_size = _standing_rejects(work, run.counts.get("rejects_size", 0))


def _standing_rejects(work: Importing, size: int) -> int:
    """How much of the rejects file stands; a file that was moved away or cut since is begun anew."""
    path = work.report.rejects_path
    return size if path is not None and path.is_file() and path.stat().st_size >= size else 0


async def _finish(work: Importing) -> None:
    async with work.db.session() as session:
        await session.execute(
            update(ImportRun)
            .where(ImportRun.uid == work.run)
            .values(state=ImportState.FINISHED, finished_at=work.clock.now())
        )


async def _mark(session: AsyncSession, outcome: Outcome) -> None:
    """What is new concerns the index; of what changed, or of contents, the distributor hears as well."""
    for (kind, fresh), ids in outcome.marks.items():
        new_besides = fresh and kind is not kind.CONTENT and kind is not kind.CHANNEL
        consumers = (Consumer.INDEX,) if new_besides else None
        await outbox.mark(session, kind, ids, urgency=outbox.BULK, consumers=consumers)


async def raw(session: AsyncSession) -> Connection:
    """The asyncpg connection under a session, within the session's transaction."""
    connection = await session.connection()
    # asyncpg must be in the transaction before we speak to it past SQLAlchemy, which begins one at the first statement
    await connection.exec_driver_sql("SELECT 1")
    driver: Connection | None = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    return driver
