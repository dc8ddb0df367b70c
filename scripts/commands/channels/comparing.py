"""`headwater channels diff`: what another version of a pack would change."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from scripts.commands.channels.folders import FOLDER, pack_of
from scripts.commands.channels.rehearsing import rehearse
from scripts.console import AsJson, say, with_runtime
from services.channels import versions
from services.channels.comparing import changes
from services.channels.packs import Pack
from services.runtime import Runtime


def diff(
    names: Annotated[
        list[str],
        typer.Argument(help="The key of the channel. With --live several, and files and folders of packs as well."),
    ],
    file: Annotated[
        Path | None, typer.Option("--file", help="Compare with the pack in this file. Default: that of channels/.")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="Compare with this version: its digest, or how it begins.")
    ] = None,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Rehearse it: what it would change for all that is live, with samples.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What would change if another version of a pack ruled instead of the one in force: by meaning, not by line.

    Exit code 1 when they differ. With --live it is 0: all that is live is judged by both, and nothing is changed by that.
    """
    if file is not None and version is not None:
        raise typer.BadParameter("Give --file or --version, not both.")
    if live:
        rehearse(names, file, version, as_json=as_json)
        return
    key = _only(names)
    given = pack_of(key, FOLDER, file) if version is None else None

    async def work(runtime: Runtime) -> tuple[Pack, Pack]:
        async with runtime.db.session() as session:
            channel = await versions.entry(session, key)
            before = versions.readable(channel, await versions.in_force(session, channel))
            if given is not None:
                return before, given
            return before, versions.readable(channel, await versions.version(session, channel, version or ""))

    before, after = with_runtime(work)
    found = changes(before, after)
    lines = [f"{key}: {before.digest[:12]} → {after.digest[:12]}", *map(str, found)] if found else [f"{key}: the same"]
    value = {"key": key, "before": before.digest, "after": after.digest, "changes": [asdict(one) for one in found]}
    say(value, as_json=as_json, text="\n".join(lines))
    if found:
        raise typer.Exit(1)


def _only(names: list[str]) -> str:
    if len(names) > 1:
        raise typer.BadParameter("Give one key, or --live.")
    return names[0]
