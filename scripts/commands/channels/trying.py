"""`headwater channels canary`: try a version of a channel's rules on a share of its creators, stop that, or let it rule all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from scripts.commands.channels.folders import FOLDER, AllowUnknown, Key, with_key, written
from scripts.console import AsJson, say, with_runtime
from services import packs
from services.channels import canaries, versions
from services.runtime import Runtime


def canary(
    key: Key,
    percent: Annotated[
        int | None,
        typer.Option("--percent", help="Try it on this share of the channel's creators, 1 to 99; or change its share."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="The pack to try, as TOML or JSON. Default: that of channels/.")
    ] = None,
    version: Annotated[
        str | None,
        typer.Option("--version", help="A version that is kept here: its digest, or how it begins."),
    ] = None,
    *,
    stop: Annotated[bool, typer.Option("--stop", help="Try it no longer.")] = False,
    promote: Annotated[bool, typer.Option("--promote", help="Put it in force for all creators.")] = False,
    allow_unknown: AllowUnknown = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a version of a channel's pack rule for a share of its creators, beside the one in force: always the same ones.

    Whoever it has stays with it while it grows. --stop and --promote take the only canary of the channel, or the one that
    --version names. Submissions keep the version that they were decided by.
    """
    if [percent is not None, stop, promote].count(True) != 1:
        raise typer.BadParameter("Give --percent, --stop or --promote: exactly one of them.")
    if file is not None and (version is not None or percent is None):
        raise typer.BadParameter("--file goes with --percent alone.")
    text = _text(key, file) if percent is not None and version is None else None

    async def work(runtime: Runtime) -> dict[str, Any]:
        async with runtime.db.session() as session:
            channel = await versions.entry(session, key)
            before = await _shares(session, channel)
            if percent is not None:
                await packs.set_canary(
                    session,
                    SYSTEM,
                    key,
                    percent,
                    digest=version,
                    toml=text.text if text and text.form == "toml" else None,
                    json=text.text if text and text.form == "json" else None,
                    file=text and text.file,
                    allows_unknown_words=allow_unknown,
                )
            elif stop:
                await packs.stop_canary(session, SYSTEM, key, version)
            else:
                await packs.promote_canary(session, SYSTEM, key, version)
            after, rules = await _shares(session, channel), (await versions.in_force(session, channel)).digest
            if dry_run:
                await session.rollback()
            return {"key": key, "in_force": rules, "before": before, "after": after, "dry_run": dry_run}

    done = with_runtime(work)
    say(done, as_json=as_json, text="\n".join(_told(done)))


def _text(key: str, file: Path | None) -> packs.PackText:
    found = file or with_key(FOLDER, key)
    if found is None:
        raise versions.NoSuchChannel(f"{FOLDER} has no pack of {key}: name a file with --file, or a --version.")
    return written(found)


async def _shares(session: AsyncSession, channel: models.Channel) -> dict[str, int]:
    """The percentage of each canary, by its digest."""
    return {version.digest: one.percent for one, version in await canaries.running(session, channel)}


def _told(done: dict[str, Any]) -> list[str]:
    rest = 100 - sum(done["after"].values())
    head = f"{done['key']}: {'it would be so' if done['dry_run'] else 'from now on'}"
    shares = [
        (done["in_force"], rest, " (in force)"),
        *((digest, share, "") for digest, share in done["after"].items()),
    ]
    return [head, *(f"  {share:>3} %  {digest[:12]}{note}" for digest, share, note in shares)]
