"""`headwater channels diff --live`: what other versions of packs would change for all that is live."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column, Table

import models
from core.caller import SYSTEM
from core.errors import Problem
from core.ids import global_id
from models import RehearsalState
from scripts.commands.channels.folders import FOLDER, pack_of
from scripts.console import err, out, say, stop_asked, with_runtime
from services import rehearsals
from services.channels import checking, versions
from services.channels.packs import MalformedPack, Pack, parse_pack
from services.channels.rehearsal import Change
from services.rehearsals import Rehearser, Titled
from services.runtime import Runtime

INTERRUPTED = 130
"""The exit code of what was stopped by Ctrl-C."""

MOST_LINES = 5
"""Samples of each kind that the terminal shows; --json has all that were kept."""

COLOURS = {Change.NEWLY_FAILING: "red", Change.NEWLY_PASSING: "green", Change.NEWLY_MATCHING: "cyan"}


@dataclass(slots=True)
class Found:
    """The rehearsals by the keys of their channels, the keys of packs that nothing rules yet, and names for samples."""

    rows: dict[str, models.Rehearsal] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    titled: dict[int, Titled] = field(default_factory=dict)
    is_stopped: bool = False


def rehearse(names: Sequence[str], file: Path | None, version: str | None, *, as_json: bool) -> None:
    """Rehearse these packs one after the other, and tell what they would change."""
    given = [] if version is not None else _given(names, file)

    async def work(runtime: Runtime) -> Found:
        packs = given or [await _stored(runtime, name, version or "") for name in names]
        return await _rehearsed(runtime, packs)

    found = with_runtime(work)
    if as_json:
        say(_json(found), as_json=True, text="")
    else:
        _tell(found)
    if found.is_stopped:
        raise typer.Exit(INTERRUPTED)


def _given(names: Sequence[str], file: Path | None) -> list[Pack]:
    """The packs that files, folders and keys name; every mistake in any of them is told, and then nothing is done."""
    packs: list[Pack] = []
    problems: list[Problem] = []
    for name in names:
        if file is not None or not Path(name).exists():
            packs.append(pack_of(name, FOLDER, file))
            continue
        for path in _files(Path(name)):
            pack, wrong = _read(path)
            packs += [pack] if pack else []
            problems += wrong
    keys = [pack.key for pack in packs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    problems += [Problem("DUPLICATE_KEY", f"{key} is given more than once") for key in twice]
    if problems:
        raise MalformedPack("\n".join(problem.message for problem in problems), problems=problems)
    return packs


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = [file for file in sorted(path.rglob("*.toml")) if file.name != checking.PLATFORMS]
    if not files:
        raise typer.BadParameter(f"{path} holds no pack.")
    return files


def _read(file: Path) -> tuple[Pack | None, list[Problem]]:
    name = str(file)
    try:
        text = checking.text_of(file, name)
        pack = parse_pack(text, name)
    except MalformedPack as error:
        return None, list(error.problems)
    return pack, list(checking.faults(checking.CheckedPack(name, pack, text)))


async def _stored(runtime: Runtime, key: str, digest: str) -> Pack:
    async with runtime.db.session() as session:
        channel = await versions.entry(session, key)
        return versions.readable(channel, await versions.version(session, channel, digest))


async def _rehearsed(runtime: Runtime, packs: Sequence[Pack]) -> Found:
    found = Found()
    with _progress() as bar, stop_asked() as stop:
        for pack in packs:
            if stop.is_set():
                found.is_stopped = True
                break
            try:
                async with runtime.db.session() as session:
                    row = await rehearsals.rehearse(session, SYSTEM, pack, clock=runtime.clock)
            except versions.NoSuchChannel:
                if len(packs) == 1:
                    raise
                found.new.append(pack.key)
                continue
            found.rows[pack.key] = await _worked_off(runtime, row, pack.key, bar, stop)
            found.is_stopped = found.rows[pack.key].state is RehearsalState.CANCELLED
    async with runtime.db.session() as session:
        found.titled = await rehearsals.titles(session, SYSTEM, found.rows.values())
    return found


async def _worked_off(
    runtime: Runtime, row: models.Rehearsal, key: str, bar: Progress, stop: asyncio.Event
) -> models.Rehearsal:
    """The rehearsal at its end: worked off here, beside workers where there are any; called off when that is asked."""
    rehearser = Rehearser(runtime.db, clock=runtime.clock, base_url=runtime.settings.base_url)
    task = bar.add_task(key, total=None)
    while row.finished_at is None:
        await rehearser.step(row.id)
        async with runtime.db.session() as session:
            row = await session.get_one(models.Rehearsal, row.id)
            if stop.is_set() and row.finished_at is None:
                return await rehearsals.cancel(session, SYSTEM, row.uid, clock=runtime.clock)
        bar.update(task, completed=row.done_count, total=row.total_count)
    bar.update(task, completed=row.done_count, total=row.done_count)
    return row


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


def _tell(found: Found) -> None:
    told = [(key, row) for key, row in found.rows.items() if not _is_same(row)]
    columns = [Column(change.value.lower().replace("_", " "), justify="right") for change in Change]
    if told:
        counts = Table(
            "channel", Column("looked at", justify="right"), *columns, title="Would change", title_justify="left"
        )
        for key, row in told:
            is_whole = row.state is RehearsalState.DONE
            looked = str(row.done_count) if is_whole else f"{row.done_count} of {row.total_count}"
            counts.add_row(key, looked, *[str(one.count) if one.count else "-" for one in rehearsals.changed(row)])
        out.print(counts)
        _tell_samples(found, told)
    for key, row in told:
        if row.failure:
            err.print(f"{key}: {row.failure}", markup=False, highlight=False, soft_wrap=True)
    same = len(found.rows) - len(told)
    if same:
        out.print("nothing would change" if not told and same == 1 else f"{same} of the packs are in force as they are")
    if found.new:
        out.print(f"nothing rules these yet, so nothing is submitted to them: {', '.join(found.new)}", soft_wrap=True)


def _tell_samples(found: Found, told: Sequence[tuple[str, models.Rehearsal]]) -> None:
    lines = [line for key, row in told for line in _lines(key, row, found.titled)]
    if not lines:
        return
    samples = Table("channel", "would be", "content", "codes", title="For example", title_justify="left")
    for line in lines:
        samples.add_row(*line)
    out.print(samples)


def _lines(key: str, row: models.Rehearsal, titled: Mapping[int, Titled]) -> Iterator[tuple[str, ...]]:
    for one in rehearsals.changed(row):
        for sample in one.samples[:MOST_LINES]:
            name = titled.get(sample.content_id)
            said = [f"+ {code}" for code in sample.new_codes] + [f"- {code}" for code in sample.gone_codes]
            colour = COLOURS.get(one.change, "yellow")
            kind = f"[{colour}]{one.change.value.lower().replace('_', ' ')}[/]"
            yield key, kind, escape(name.title) if name else "-", ", ".join(said) or "-"


def _is_same(row: models.Rehearsal) -> bool:
    return row.pack_version_id == row.compared_id


def _json(found: Found) -> dict[str, Any]:
    return {
        "rehearsals": [_one(key, row, found.titled) for key, row in found.rows.items()],
        "new": found.new,
        "stopped": found.is_stopped,
    }


def _one(key: str, row: models.Rehearsal, titled: Mapping[int, Titled]) -> dict[str, Any]:
    return {
        "id": global_id("Rehearsal", row.uid),
        "key": key,
        "state": row.state,
        "same": _is_same(row),
        "done": row.done_count,
        "total": row.total_count,
        "failure": row.failure,
        "new_codes": row.codes,
        "changes": {
            one.change.value: {"count": one.count, "samples": [_sample(each, titled) for each in one.samples]}
            for one in rehearsals.changed(row)
        },
    }


def _sample(sample: rehearsals.Sample, titled: Mapping[int, Titled]) -> dict[str, Any]:
    name = titled.get(sample.content_id)
    return {
        "content": global_id("Content", name.uid) if name else None,
        "title": name.title if name else None,
        "before": sample.before,
        "after": sample.after,
        "new_codes": list(sample.new_codes),
        "gone_codes": list(sample.gone_codes),
    }
