"""`headwater channels list | show`: the channels there are, and all that the pack of one says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.table import Column, Table
from sqlalchemy import select

import models
from core.caller import SYSTEM
from scripts.commands.channels.folders import FOLDER, pack_in, pack_of, table
from scripts.console import AsJson, out, say, with_runtime
from services.channels import canaries, versions
from services.channels.packs import Pack
from services.channels.reading import ChannelFilter
from services.channels.sheets import Section, sheet
from services.runtime import Runtime

NONE = typer.BadParameter("Give the key of a channel, or --file with a pack.")


@dataclass(frozen=True, slots=True)
class Shown:
    """A pack, and what of its channel stands in the database."""

    pack: Pack
    history: Sequence[versions.Install] = ()
    canaries: Sequence[tuple[models.PackCanary, models.PackVersion]] = ()


def list_(
    kind: Annotated[
        list[models.ChannelKind] | None,
        typer.Option("--kind", case_sensitive=False, help="Only channels of this kind; repeatable."),
    ] = None,
    form: Annotated[
        list[models.Format] | None,
        typer.Option("--format", case_sensitive=False, help="Only entries that take this format; repeatable."),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option("--language", help="Only entries that take this language; repeatable.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """The channels of this installation, with the version of the pack that rules each.

    An entry takes a format or a language when its pack names it, or names none.
    """
    wanted = ChannelFilter(tuple(kind or ()), tuple(form or ()), tuple(language or ()))

    async def work(runtime: Runtime) -> list[tuple[models.Channel, str | None]]:
        async with runtime.db.session() as session:
            rows = await session.execute(
                select(models.Channel, models.PackVersion.digest)
                .outerjoin(models.PackVersion, models.PackVersion.id == models.Channel.pack_version_id)
                .where(await wanted.condition(session, SYSTEM))
                .order_by(models.Channel.key)
            )
            return [(channel, digest) for channel, digest in rows]

    found = with_runtime(work)
    if as_json:
        listed = [
            {"key": channel.key, "kind": channel.kind, "names": channel.names, "pack": digest}
            for channel, digest in found
        ]
        say(listed, as_json=True, text="")
        return
    # keys are there to be copied, however narrow the terminal is
    longest = max((len(channel.key) for channel, _ in found), default=0)
    made = Table(Column("key", no_wrap=True, min_width=longest), "kind", "name", "名称", "pack")
    for channel, digest in found:
        if digest:
            made.add_row(channel.key, channel.kind.lower(), channel.names["en"], channel.names["zh"], digest[:12])
    out.print(made)


def show(
    key: Annotated[str | None, typer.Argument(help="The key of the channel; not needed with --file.")] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", help="A pack on disk instead of the one in force; needs no database.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Everything that the pack of a channel says: what it takes, gates, rules, quota, audit, rendering, facts, examples.

    Below it the canaries that run, and the history: which version ruled since when, put there by whom and how.
    """
    if file is not None:
        shown = Shown(pack_of(key, FOLDER, file) if key else pack_in(file))
    elif key is not None:
        shown = with_runtime(lambda runtime: _installed(runtime, key))
    else:
        raise NONE
    if as_json:
        say(_json(shown), as_json=True, text="")
        return
    out.print(f"{shown.pack.key}  {shown.pack.digest[:12]}", markup=False, highlight=False)
    for section in (*sheet(shown.pack), *_canaries(shown), *_history(shown)):
        out.print(table(section))


async def _installed(runtime: Runtime, key: str) -> Shown:
    async with runtime.db.session() as session:
        channel = await versions.entry(session, key)
        found = await versions.in_force(session, channel)
        tried = await canaries.running(session, channel)
        return Shown(versions.readable(channel, found), await versions.history(session, channel), tried)


def _canaries(shown: Shown) -> list[Section]:
    rows = [(of.digest[:12], f"{one.percent} %", _at(one.started_at), one.started_by) for one, of in shown.canaries]
    return [Section("Canaries", ("version", "creators", "since", "started by"), tuple(rows))] if rows else []


def _history(shown: Shown) -> list[Section]:
    rows = [(one.digest[:12], _at(one.installed_at), one.installed_by, _how(one.step)) for one in shown.history]
    return [Section("History", ("version", "in force from", "put there by", "how"), tuple(rows))] if rows else []


def _at(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _how(step: models.InstallStep) -> str:
    return step.lower().replace("_", " ")


def _json(shown: Shown) -> dict[str, Any]:
    return {
        "key": shown.pack.key,
        "digest": shown.pack.digest,
        "pack": orjson.loads(shown.pack.canonical()),
        "canaries": [
            {
                "digest": of.digest,
                "percent": one.percent,
                "started_at": one.started_at.isoformat(),
                "started_by": one.started_by,
            }
            for one, of in shown.canaries
        ],
        "history": [
            {
                "digest": one.digest,
                "installed_at": one.installed_at.isoformat(),
                "installed_by": one.installed_by,
                "step": one.step.value,
            }
            for one in shown.history
        ],
    }
