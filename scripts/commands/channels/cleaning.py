"""`headwater channels clean-out`: who has to leave channels by the rules of their packs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import select

import models
from core.caller import SYSTEM
from core.ids import global_id
from scripts.console import AsJson, err, out, say, stop_asked, with_runtime
from services import clean_outs
from services.channels import installing
from services.runtime import Runtime

INTERRUPTED = 130
"""The exit code of what was stopped by Ctrl-C."""
MOST_LINES = 20
"""Creators of each channel that the terminal shows; --json has all."""


@dataclass(frozen=True, slots=True)
class Found:
    """A clean-out as far as it came, with whom it warned or sent away."""

    channel: models.Channel
    run: models.CleanOut
    told: list[tuple[models.CleanOutVerdict, models.Creator]]


def clean_out(
    keys: Annotated[
        list[str] | None, typer.Argument(help="Keys of channels. Default: all whose pack says who has to leave.")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Rehearse it: nobody's right is ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at all who come into these channels and end the right of those who have to leave by `clean_out` of the pack.

    Once in each period (a week or a month, as the pack says): again in the same one it goes on where it was stopped, or
    changes nothing. What was accepted stays. Nothing begins it by itself: put it into your scheduler.
    """
    found, is_stopped = with_runtime(lambda runtime: _cleaned(runtime, keys, dry_run=dry_run))
    if as_json:
        say([_json(one) for one in found], as_json=True, text="")
    else:
        _tell(found, dry_run=dry_run)
    if is_stopped:
        raise typer.Exit(INTERRUPTED)


async def _cleaned(runtime: Runtime, keys: Sequence[str] | None, *, dry_run: bool) -> tuple[list[Found], bool]:
    found: list[Found] = []
    with _progress() as bar, stop_asked() as stop:
        names = keys or await _all(runtime)
        for key in names:
            task = bar.add_task(key, total=None, seen=0)
            async with runtime.db.session() as session:
                run = await clean_outs.begin(session, SYSTEM, key, is_rehearsal=dry_run, clock=runtime.clock)
            is_over = False
            while not is_over and not stop.is_set():
                async with runtime.db.session() as session:
                    is_over = await clean_outs.step(session, SYSTEM, run.id, clock=runtime.clock)
                    run = await session.get_one(models.CleanOut, run.id)
                bar.update(task, seen=run.seen_count)
            found.append(await _found(runtime, run))
            if stop.is_set():
                return found, not is_over or len(found) < len(names)
    return found, False


async def _all(runtime: Runtime) -> list[str]:
    async with runtime.db.session() as session:
        catalogue = await installing.catalogue(session)
    return [key for key, entry in catalogue.by_key.items() if entry.compiled.pack.clean_out is not None]


async def _found(runtime: Runtime, run: models.CleanOut) -> Found:
    verdict = models.CleanOutVerdict
    async with runtime.db.session() as session:
        channel = await session.get_one(models.Channel, run.channel_id)
        rows = await session.execute(
            select(verdict, models.Creator)
            .join(models.Creator, models.Creator.id == verdict.creator_id)
            .where(verdict.clean_out_id == run.id)
            .order_by(verdict.is_out.desc(), models.Creator.handle)
        )
        return Found(channel, run, [(said, creator) for said, creator in rows])


def _tell(found: Sequence[Found], *, dry_run: bool) -> None:
    if not found:
        out.print("nothing to do: no pack in force says who has to leave")
    would = "would be " if dry_run else ""
    for one in found:
        run = one.run
        out.print(
            f"{one.channel.key} {run.period}: {run.seen_count:,} looked at, {would}warned {run.warned_count:,},"
            f" {would}out {run.out_count:,}{'' if run.finished_at else ' (not over)'}",
            markup=False,
            highlight=False,
        )
        if one.told:
            made = Table("creator", "", "because")
            for said, creator in one.told[:MOST_LINES]:
                because = "\n".join(finding["message_en"] for finding in said.findings)
                made.add_row(creator.handle, "out" if said.is_out else "warned", because)
            out.print(made)
        if len(one.told) > MOST_LINES:
            out.print(f"… and {len(one.told) - MOST_LINES:,} more: --json has all")


def _json(one: Found) -> dict[str, Any]:
    run = one.run
    return {
        "id": global_id("CleanOut", run.uid),
        "channel": one.channel.key,
        "period": run.period,
        "dry_run": run.is_rehearsal,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at and run.finished_at.isoformat(),
        "seen": run.seen_count,
        "warned": run.warned_count,
        "out": run.out_count,
        "creators": [
            {
                "id": global_id("Creator", creator.uid),
                "handle": creator.handle,
                "out": said.is_out,
                "findings": said.findings,
            }
            for said, creator in one.told
        ],
    }


def _progress() -> Progress:
    """How many of whom: nobody knows ahead how many come into a channel."""
    columns = (TextColumn("{task.description}"), TextColumn("{task.fields[seen]:,} looked at"), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True)
