"""`headwater export`: all there is, as records that `headwater import` takes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from core.errors import Invalid
from scripts.console import AsJson, err, say, with_runtime
from services.interchange.exporting import ExportReport, export_files, export_records
from services.runtime import Runtime


class NotWritable(Invalid):
    """The file cannot be written: no folder, no right, no space."""

    code = "NOT_WRITABLE"


def run(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file to write. Default: standard output.")
    ] = None,
    *,
    assets: Annotated[
        Path | None, typer.Option("--assets", help="Also put the bytes of assets that we hold into this folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write everything as NDJSON, from one snapshot: vocabularies, accounts without secrets, creators, products,
    channels with their packs, contents with all revisions, homepages. The same database gives the same bytes.

    Submissions, feeds and ledgers are history and are not part of it.

    Example: headwater export -o everything.ndjson --assets files/
    """
    if output is None and as_json:
        raise typer.BadParameter("--json needs --output: standard output carries the records", param_hint="--json")

    async def work(runtime: Runtime) -> ExportReport:
        found = await export(runtime, output)
        if assets is not None:
            copied = await export_files(runtime.db, runtime.store, assets)
            err.print(f"{copied:,} files put into {assets}", highlight=False, markup=False)
        return found

    report = with_runtime(work)
    for doubt in report.doubtful:
        err.print(f"an import will refuse: {doubt}", highlight=False, markup=False)
    total = sum(report.counts.values())
    answer = {"output": str(output), "records": total, "counts": report.counts, "doubtful": report.doubtful}
    if output is not None:
        say(answer, as_json=as_json, text=f"{output}: {total:,} records")
    if report.doubtful:
        raise typer.Exit(1)


async def export(runtime: Runtime, output: Path | None) -> ExportReport:
    """Write the records; a file appears under its name only when it is whole."""
    report = ExportReport()
    if output is None:
        await _write(runtime, sys.stdout.buffer, report)
        return report
    unfinished = output.with_name(output.name + ".part")
    try:
        with unfinished.open("wb") as file:
            await _write(runtime, file, report)
        unfinished.replace(output)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise NotWritable(f"{output}: {error.strerror or error}") from error
    return report


async def _write(runtime: Runtime, file: BinaryIO, report: ExportReport) -> None:
    async for line in export_records(runtime.db, report):
        file.write(line)
    file.flush()
