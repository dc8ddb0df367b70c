"""The database as records: one snapshot, canonical lines, in the order in which an import wants them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError
from sqlalchemy import select, text

import models
from core.db import Database
from core.store import Store, open_store
from services import assets
from services.interchange import reasons
from services.interchange.kinds import KINDS, Kind
from services.interchange.kinds.assets import AssetFolders
from services.interchange.kinds.channels import Channels
from services.interchange.kinds.vocabulary import Tags
from services.interchange.records import VERSION, Record
from services.interchange.refusals import Refused
from services.interchange.tables import Connection
from services.interchange.writing import raw

PAGE = 500


@dataclass(slots=True)
class ExportReport:
    """How many records of each type were written, and which an import would not take back, with the reason."""

    counts: dict[str, int] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)


async def export_files(db: Database, store: Store, folder: Path) -> int:
    """Put the bytes of all assets that we hold into a folder, beside the records; how many were not there yet."""
    async with db.session() as session:
        used = select(models.Asset.id).where(models.Asset.sha256 == models.Blob.sha256).exists()
        blobs = (await session.execute(select(models.Blob.sha256, models.Blob.byte_count).where(used))).all()
    target, copied = open_store("", folder), 0
    for digest, byte_count in blobs:
        key = assets.key_of(digest)
        if await target.byte_count(key) != byte_count:
            await target.put(key, store.stream(key))
            copied += 1
    return copied


def line_of(record: Record) -> bytes:
    """A record in canonical form: what differs from the defaults, keys sorted, one line."""
    return _line(record.model_dump(mode="json", exclude_defaults=True), record)


def _line(given: dict[str, Any], record: Record | None = None) -> bytes:
    typed = given if record is None else {"type": getattr(record, "type", None)} | given
    return orjson.dumps(typed, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS) + b"\n"


async def export_records(db: Database, report: ExportReport | None = None) -> AsyncIterator[bytes]:
    """All lines of an export, from one snapshot. `report` is filled on the way."""
    report = report if report is not None else ExportReport()
    yield _line({"type": "headwater", "version": VERSION})
    async with _snapshot(db) as connection:
        for kind in KINDS.values():
            async for row in _rows(connection, kind):
                yield _written(kind, row, report)


@asynccontextmanager
async def _snapshot(db: Database) -> AsyncIterator[Connection]:
    async with db.session() as session:
        await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        yield await raw(session)


async def _rows(connection: Connection, kind: Kind[Any]) -> AsyncIterator[Mapping[str, Any]]:
    """The rows of a kind in order; of those that name each other, what is named comes first."""
    query = kind.query(kind.condition, ordered=True)
    if isinstance(kind, Tags | Channels | AssetFolders):
        for row in _named_first(kind, await connection.fetch(query)):
            yield row
        return
    async for row in connection.cursor(query, prefetch=PAGE):
        yield row


def _named_first(kind: Kind[Any], rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    waiting = list(rows)
    names = {row["_name"] for row in waiting}
    while waiting:
        ready = [row for row in waiting if not (kind.leans_on(row) & names)]
        # a circle cannot come about; should one stand all the same, it is written as it is
        ready = ready or waiting
        yield from ready
        names -= {row["_name"] for row in ready}
        waiting = [row for row in waiting if row["_name"] in names]


def _written(kind: Kind[Any], row: Mapping[str, Any], report: ExportReport) -> bytes:
    """The line of a row. What the format cannot vouch for is written as it stands, and reported."""
    type_ = kind.record.model_fields["type"].default
    report.counts[type_] = report.counts.get(type_, 0) + 1
    fields = kind.fields(row)
    try:
        record = kind.prepare(kind.record.model_validate(fields))
    except (ValidationError, Refused) as error:
        problems = error.problems if isinstance(error, Refused) else reasons.of_value(error, None)
        report.doubtful.append(f"{type_} {row['_name']}: {problems[0][0]}: {problems[0][1]}")
        return _line({"type": type_} | orjson.loads(orjson.dumps(fields, default=str)))
    return line_of(record)
