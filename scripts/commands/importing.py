"""`headwater import`: what others have, brought in: files, addresses, standard input."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from core import fetching
from core.errors import Invalid
from scripts.console import AsJson, err, say, stop_asked, with_runtime
from services.interchange import owners, sources
from services.interchange.files import Files
from services.interchange.sources import Defaults, InputFormat, Source
from services.interchange.writing import ImportReport, import_records
from services.runtime import Runtime


class NotReadable(Invalid):
    """The file is not there, or may not be read."""

    code = "NOT_READABLE"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asked for."""

    preview: bool
    format: InputFormat | None
    rejects: Path | None
    creator: str | None
    create_creator: str | None
    language: str
    tags: tuple[str, ...]
    inside: bool
    quiet: bool
    assets: Path | None = None


PLAIN = Wish(
    preview=False, format=None, rejects=None, creator=None, create_creator=None, language="en", tags=(), inside=False,
    quiet=False,
)  # fmt: skip


def run(
    inputs: Annotated[
        list[str], typer.Argument(help="Files, http(s) addresses, or - for standard input.", show_default=False)
    ],
    *,
    preview: Annotated[
        bool, typer.Option("--preview", "--dry-run", help="Check and count everything, write nothing.")
    ] = False,
    format_: Annotated[
        InputFormat | None, typer.Option("--format", help="The format, where its beginning does not tell.")
    ] = None,
    creator: Annotated[
        str | None, typer.Option("--creator", help="Whose contents a feed or a WordPress export brings: a handle.")
    ] = None,
    create_creator: Annotated[
        str | None, typer.Option("--create-creator", help="Make that creator, with this name, if it is not there.")
    ] = None,
    language: Annotated[str, typer.Option("--language", help="The language of a feed's contents, such as en.")] = "en",
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="A tag for each content, as taxonomy:code; repeatable.")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="Where refused records go. Default: INPUT.rejects.ndjson.")
    ] = None,
    inside: Annotated[
        bool, typer.Option("--inside", help="Let addresses lead to inner networks and to any port.")
    ] = False,
    assets: Annotated[
        Path | None, typer.Option("--assets", help="The folder with the bytes of assets that came with an export.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring contents, products and all else in.

    Formats, told apart by themselves: Headwater's NDJSON (docs/interchange.md), RSS, Atom, JSON Feed, WordPress exports,
    Google Merchant (RSS, Atom, TSV). Importing again changes only what changed. A bad record is set aside with its
    reasons in INPUT.rejects.ndjson, to be mended and imported again; the exit code is then 1. Ctrl-C stops after the
    batch; the same command goes on from there. Pictures stay links: nothing is downloaded.

    Examples: headwater import export.ndjson.gz  ·  headwater import https://blog.example/feed --creator ada
    """
    wish = Wish(preview, format_, rejects, creator, create_creator, language, tuple(tag or ()), inside, as_json, assets)

    async def work(runtime: Runtime) -> list[ImportReport]:
        return [await import_input(runtime, given, wish) for given in inputs]

    reports = with_runtime(work)
    say([report.as_json() for report in reports], as_json=as_json, text="\n".join(map(_told, reports)))
    if any(report.rejected or report.is_stopped for report in reports):
        raise typer.Exit(1)


async def import_input(runtime: Runtime, given: str, wish: Wish) -> ImportReport:
    """Import one file, address or standard input."""
    defaults = await _defaults(runtime, wish)
    if given == "-":
        source = sources.open_stream(sys.stdin.buffer, format_=wish.format, defaults=defaults)
        return await _import(runtime, source, wish, Path("stdin.rejects.ndjson"))
    if given.startswith(("http://", "https://")):
        with tempfile.NamedTemporaryFile(prefix="headwater-import-") as file:
            limits = fetching.Limits(inside=wish.inside)
            address = await fetching.fetch(given, cast("BinaryIO", file), limits=limits)
            file.flush()
            source = _opened(Path(file.name), address, wish, defaults)
            return await _import(runtime, source, wish, Path("fetched.rejects.ndjson"))
    path = Path(given)
    return await _import(runtime, _opened(path, path.name, wish, defaults), wish, Path(f"{given}.rejects.ndjson"))


async def import_file(runtime: Runtime, path: Path) -> ImportReport:
    """Import a file with a progress bar and tell what came of it: what `headwater run PATH` does first."""
    report = await import_input(runtime, str(path), PLAIN)
    err.print(_told(report), highlight=False, markup=False)
    return report


async def _defaults(runtime: Runtime, wish: Wish) -> Defaults:
    defaults = Defaults(language=wish.language, tags=wish.tags)
    if wish.creator is None:
        return defaults
    async with runtime.db.session() as session:
        uid, record = await owners.find(session, wish.creator, wish.create_creator, language=wish.language)
    return replace(defaults, creator=uid, before=(record,) if record else ())


def _opened(path: Path, name: str, wish: Wish, defaults: Defaults) -> Source:
    try:
        return sources.open_file(path, name=name, format_=wish.format, defaults=defaults)
    except OSError as error:
        raise NotReadable(f"{path}: {error.strerror or error}") from error


async def _import(runtime: Runtime, source: Source, wish: Wish, rejects: Path) -> ImportReport:
    with source, _progress(source, quiet=wish.quiet) as told, stop_asked() as asked:
        report = await import_records(
            runtime.db,
            source.lines(),
            input_name=source.name,
            digest=source.digest,
            rejects_path=wish.rejects or rejects,
            progress=told,
            dry_run=wish.preview,
            stopped=asked.is_set,
            files=Files(wish.assets or runtime.settings.data / "assets", runtime.store),
            clock=runtime.clock,
        )
    if source.undated.count:
        report.undated = source.undated.count
        report.warnings.append(source.undated.told())
    return report


class _Told:
    """A progress bar over bytes where the size is known, with the rate in records."""

    def __init__(self, source: Source, bar: Progress) -> None:
        self.source, self.bar = source, bar
        self.task = bar.add_task(source.name, total=source.size, rate="")

    def __call__(self, report: ImportReport) -> None:
        elapsed = self.bar.tasks[0].elapsed or 0.0
        done = report.records_done - report.resumed_at
        rate = f"{done / elapsed:,.0f} records/s" if elapsed > 0 else ""
        if report.rejected:
            rate += f", {report.rejected:,} refused"
        self.bar.update(self.task, completed=self.source.bytes_read(), rate=rate)


@contextmanager
def _progress(source: Source, *, quiet: bool) -> Iterator[_Told]:
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bar:
        yield _Told(source, bar)


def _told(report: ImportReport) -> str:
    totals = ", ".join(
        f"{report.total(outcome):,} {outcome}" for outcome in ("new", "changed", "unchanged", "rejected")
    )
    what = "preview" if report.is_preview else "imported"
    found = [f"{report.input_name}: {what}: {totals}"]
    if report.resumed_at:
        found.append(f"went on after record {report.resumed_at:,}")
    found += [f"  {reject.shown}" for reject in report.rejects]
    if report.rejected > len(report.rejects):
        found.append(f"  … and {report.rejected - len(report.rejects):,} more")
    if report.rejected and report.rejects_path:
        found.append(f"mend them in {report.rejects_path} and import that file")
    found += [f"  warning: {warning}" for warning in report.warnings]
    if report.is_stopped:
        found.append(f"stopped after {report.records_done:,} records; the same command goes on from there")
    return "\n".join(found)
