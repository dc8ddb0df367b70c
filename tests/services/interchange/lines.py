"""Records as lines, for tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from core.db import Database
from services.interchange.exporting import ExportReport, export_records
from services.interchange.refusals import Line
from services.interchange.writing import ImportReport, import_records


def of(*records: dict[str, Any] | bytes) -> list[Line]:
    texts = [record if isinstance(record, bytes) else orjson.dumps(record) for record in records]
    return [Line(number, text) for number, text in enumerate(texts, start=1)]


async def feed(db: Database, *records: dict[str, Any] | bytes, **options: Any) -> ImportReport:
    return await import_records(db, of(*records), input_name="test.ndjson", **options)


async def exported(db: Database) -> list[bytes]:
    report = ExportReport()
    found = [line async for line in export_records(db, report)]
    assert not report.doubtful, "\n".join(report.doubtful)
    return found


def outcomes(report: ImportReport) -> dict[str, int]:
    return {outcome: report.total(outcome) for outcome in ("new", "changed", "unchanged", "rejected")}


def types(lines: Iterable[bytes]) -> list[str]:
    return [orjson.loads(line)["type"] for line in lines]
