"""The commands of `headwater assets` that take their time: adding files, fetching, looking into them, checking the store."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.errors import Problem
from models import ProbeState
from scripts.commands.moderation import as_uid
from scripts.console import AsJson, err, say, stop_asked, with_runtime
from services import access, asset_adding
from services.asset_adding import Added, Outcome
from services.assets import verifying
from services.assets.file_limits import FileLimits
from services.assets.labels import Labels
from services.assets.probing import step
from services.runtime import Runtime

Source = TypeVar("Source")

UNFINISHED_AFTER = verifying.YOUNG
LONGEST_NAME = 40

AtOnce = Annotated[int, typer.Option("--at-once", min=1, max=64, help="How many files are at work at the same time.")]
Inside = Annotated[bool, typer.Option("--inside", help="Let addresses lead to inner networks and to any port.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Look into the files and say what would be; keep nothing.")]
Creator = Annotated[str | None, typer.Option("--creator", help="Whose they are: a handle. Default: the house's.")]


def add(
    paths: Annotated[
        list[str], typer.Argument(help="Files, folders (with --recursive), http(s) addresses.", show_default=False)
    ],
    creator: Creator = None,
    folder: Annotated[
        str | None, typer.Option("--folder", help="Where they shall lie, such as Spring/Studio; made where missing.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="A tag for each, as taxonomy:code; repeatable.")
    ] = None,
    alternative_text: Annotated[str, typer.Option("--alt", help="What they show, for those who cannot see it.")] = "",
    credit: Annotated[str, typer.Option("--credit", help="Whom to name.")] = "",
    licence: Annotated[str, typer.Option("--licence", help="How they may be used, such as CC-BY-4.0.")] = "",
    source: Annotated[str, typer.Option("--source", help="Where they come from: an address, or words.")] = "",
    at_once: AtOnce = 4,
    *,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Add all that lies in folders, but names that begin with a dot.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add pictures, films, sound and subtitles: each is looked into here and now, no worker is needed.

    What is refused is said with its code, and the rest goes on; the exit code is then 1. Ctrl-C stops after the files that
    are at work; the same command goes on from there: bytes that the creator has already are skipped, and an interrupted file
    continues where it was. Links inside of folders are not followed.

    Examples: headwater assets add -r pictures/ --creator ada --folder Spring  ·  headwater assets add a.jpg --dry-run
    """
    given = Labels(alternative_text, credit, licence, source, tags=tuple(tag or ()))
    way = tuple(part for part in (folder or "").split("/") if part)

    async def work(runtime: Runtime) -> list[Added]:
        async with runtime.db.session() as session:
            owner = await creator_of(session, creator) if creator else None
        ready = await asset_adding.prepared(runtime, owner, given, folder=way, is_rehearsal=dry_run)
        return await _added(ready, paths, at_once, is_recursive=recursive, quiet=as_json)

    _tell(with_runtime(work), as_json=as_json, dry_run=dry_run)


def _tell(found: Sequence[Added], *, as_json: bool, dry_run: bool = False) -> None:
    say([_as_json(one) for one in found], as_json=as_json, text=_summary(found, dry_run=dry_run))
    if any(one.outcome in {Outcome.REFUSED, Outcome.WAITING} for one in found):
        raise typer.Exit(1)


async def _added(
    ready: asset_adding.Adding, paths: Sequence[str], at_once: int, *, is_recursive: bool, quiet: bool
) -> list[Added]:
    """What became of each, in the order in which they were named."""
    sources = await asyncio.to_thread(lambda: list(_sources(paths, is_recursive=is_recursive)))
    return await _each(sources, lambda one: ready.add(one[0], follow=one[1]), lambda one: one[0], at_once, quiet=quiet)


async def _each(
    sources: Sequence[Source],
    do: Callable[[Source], Awaitable[Added]],
    named: Callable[[Source], str],
    at_once: int,
    *,
    quiet: bool,
) -> list[Added]:
    """What became of each of these, in their order; after a Ctrl-C of those that were at work."""
    found: dict[int, Added] = {}
    coming = enumerate(sources)
    with _progress("files", len(sources), quiet=quiet) as told, stop_asked() as asked:

        async def one_after_another() -> None:
            for place, source in coming:
                told(0, Path(named(source)).name)
                found[place] = await do(source)
                told(1, "")
                if asked.is_set():
                    return

        await asyncio.gather(*(one_after_another() for _ in range(at_once)))
    return [found[place] for place in sorted(found)]


def _sources(paths: Sequence[str], *, is_recursive: bool) -> Iterator[tuple[str, bool]]:
    for path in paths:
        if path.startswith(("http://", "https://")):
            yield path, True
        else:
            yield from asset_adding.within(Path(path), is_recursive=is_recursive)


def _summary(found: Sequence[Added], *, dry_run: bool) -> str:
    counts = {outcome: sum(1 for one in found if one.outcome is outcome) for outcome in Outcome}
    lines = [_line(one, dry_run=dry_run) for one in found]
    would = "would be " if dry_run else ""
    totals = f"{counts[Outcome.ADDED]:,} {would}added, {counts[Outcome.PRESENT]:,} there already"
    left = f", {counts[Outcome.WAITING]:,} wait for a worker" if counts[Outcome.WAITING] else ""
    return "\n".join([*lines, f"{totals}, {counts[Outcome.REFUSED]:,} refused{left}"])


def _line(one: Added, *, dry_run: bool) -> str:
    source = _shown(one.source)
    match one.outcome:
        case Outcome.REFUSED:
            assert one.problem is not None, "a refusal says why"
            return f"refused {source}: {one.problem.message} [{one.problem.code}]"
        case Outcome.WAITING:
            return f"waiting {source}: it did not answer yet; a worker tries it again"
        case Outcome.PRESENT:
            assert one.asset is not None, "it is there"
            return f"there already {source}: {one.asset.uid}"
        case Outcome.ADDED if dry_run or one.asset is None:
            return f"would be added {source}: {one.facts and one.facts.media_type}"
        case _:
            return f"added {source}: {one.asset.uid} {what_it_is(one.asset)}"


def _as_json(one: Added) -> dict[str, Any]:
    problem = one.problem or Problem("", "")
    return {
        "source": _shown(one.source),
        "outcome": one.outcome.value,
        "asset": str(one.asset.uid) if one.asset else None,
        "what": what_it_is(one.asset) if one.asset else one.facts and one.facts.media_type,
        "code": problem.code or None,
        "message": problem.message or None,
    }


def fetch(
    creator: Annotated[str | None, typer.Option("--creator", help="Only those of this creator: a handle.")] = None,
    at_once: AtOnce = 4,
    *,
    inside: Inside = False,
    as_json: AsJson = False,
) -> None:
    """Bring in the bytes of assets that are only linked, so that they are measured: rules that block trust nothing less.

    Each keeps its id and its uses. What cannot be had is said with its code, or left to a worker that tries it again; the
    exit code is then 1.

    Example: headwater assets fetch --creator ada
    """

    async def work(runtime: Runtime) -> list[Added]:
        async with runtime.db.session() as session:
            owner = await creator_of(session, creator) if creator else None
        wanted = await asset_adding.linked(runtime, owner)
        return await _each(
            wanted, lambda one: asset_adding.brought(runtime, one, inside=inside), lambda one: one.url or "", at_once,
            quiet=as_json,
        )  # fmt: skip

    _tell(with_runtime(work), as_json=as_json)


def probe(
    assets: Annotated[
        list[str] | None, typer.Argument(help="Assets to look into again: their uuids, or ids in the API.")
    ] = None,
    at_once: AtOnce = 4,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Look into all files again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look into the files that wait for it, as a worker does, and into those that are named once more.

    What a file is found to be now replaces what was known, and contents that show it are judged anew. Exit code 1 when
    files are refused that assets have.

    Examples: headwater assets probe  ·  headwater assets probe --all
    """

    async def work(runtime: Runtime) -> dict[str, Any]:
        async with runtime.db.session() as session:
            await verifying.look_again(session, None if everything else [as_uid(one) for one in assets or ()])
        looked = await _probed(runtime, at_once, quiet=as_json)
        async with runtime.db.session() as session:
            return {"looked_into": looked, "refused": await _refused(session)}

    found = with_runtime(work)
    lines = [f"refused {one['asset']}: {one['code']}" for one in found["refused"]]
    say(found, as_json=as_json, text="\n".join([*lines, f"looked into {found['looked_into']:,} files"]))
    if found["refused"]:
        raise typer.Exit(1)


async def _probed(runtime: Runtime, at_once: int, *, quiet: bool) -> int:
    looked = 0
    most = FileLimits.of(runtime.settings).of_kind
    with _progress("files", None, quiet=quiet) as told, stop_asked() as asked:

        async def one_after_another() -> None:
            nonlocal looked
            while not asked.is_set() and await step(
                runtime.db, runtime.store, runtime.sandbox, runtime.clock, most=most
            ):
                looked += 1
                told(1, "")

        await asyncio.gather(*(one_after_another() for _ in range(at_once)))
    return looked


async def _refused(session: AsyncSession) -> list[dict[str, str]]:
    blob, asset = models.Blob, models.Asset
    statement = select(asset.uid, blob.probe_failure).join(blob, blob.sha256 == asset.sha256)
    rows = await session.execute(statement.where(blob.probe_state == ProbeState.REFUSED).order_by(asset.id))
    return [{"asset": str(uid), "code": code or ""} for uid, code in rows]


def verify(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Compare sizes only, and read no file.")] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Take away what nobody knows, and have renditions that are missing made anew."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the store with the database: every file with its hash, what is missing, what nobody knows.

    It can run beside everything else. What is younger than a day counts as being on its way. Exit code 1 when a file is
    missing or is not what it was: bring those back from a backup, by their keys.

    Examples: headwater assets verify  ·  headwater assets verify --quick --repair
    """
    found, checked, swept = with_runtime(lambda runtime: _verified(runtime, quick=quick, repair=repair, quiet=as_json))
    answer = {
        "originals": checked,
        "unfinished_removed": swept,
        "found": [{"flaw": one.flaw, "key": one.key, "removed": one.is_mended} for one in found],
    }
    lines = [f"{one.flaw} {one.key}{' (taken away)' if one.is_mended else ''}" for one in found]
    lines += [f"took away {swept:,} unfinished files"] if swept else []
    say(answer, as_json=as_json, text="\n".join([*lines, f"{checked:,} originals compared, {len(found):,} flaws"]))
    if any(one.flaw in {verifying.Flaw.MISSING, verifying.Flaw.WRONG} and not one.is_mended for one in found):
        raise typer.Exit(1)


async def _verified(
    runtime: Runtime, *, quick: bool, repair: bool, quiet: bool
) -> tuple[list[verifying.Found], int, int]:
    checked = 0
    async with runtime.db.session() as session:
        total = await session.scalar(select(func.count()).select_from(models.Blob))
    with _progress("originals", total, quiet=quiet) as told:

        def seen(blob: models.Blob) -> None:
            nonlocal checked
            checked += 1
            told(1, blob.sha256.hex()[:12])

        looking = verifying.Verifying(runtime.db, runtime.store, runtime.clock, quick, repair, seen)
        found = [one async for one in looking.find()]
    before = runtime.clock.now() - UNFINISHED_AFTER
    return found, checked, await runtime.store.remove_unfinished(before) if repair else 0


async def creator_of(session: AsyncSession, handle: str) -> models.Creator:
    """The creator with this handle; NoSuchCreator."""
    found = await session.scalar(select(models.Creator).where(models.Creator.handle == handle))
    if found is None:
        raise access.NoSuchCreator(f"There is no creator {handle}.")
    return found


def what_it_is(asset: models.Asset) -> str:
    """In a few words, such as "image/jpeg 750x422" or "video/mp4 1080x1920 9.0 s"."""
    size = f"{asset.width}x{asset.height}" if asset.width and asset.height else None
    length = f"{asset.duration_ms / 1_000:.1f} s" if asset.duration_ms is not None else None
    return " ".join(filter(None, (asset.media_type or asset.kind.value.lower(), size, length)))


def _shown(path: str) -> str:
    """A path as text: names of files are bytes, and need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


@contextmanager
def _progress(what: str, total: int | None, *, quiet: bool) -> Iterator[Any]:
    """A bar on the terminal; the function that it gives adds to what is done and says what is at work."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(show_speed=True), TextColumn("{task.fields[at]}"),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task(what, total=total, at="")
        yield lambda count, name: bar.update(task, advance=count, at=_shown(name)[:LONGEST_NAME])
