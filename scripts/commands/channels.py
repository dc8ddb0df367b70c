"""`headwater channels`: check packs, list what is in force, install what changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table
from sqlalchemy import select

import models
from core.caller import SYSTEM
from scripts.console import AsJson, err, out, say, with_runtime
from services.channels import installing
from services.channels.checking import Report
from services.channels.checking import check as check_folder
from services.runtime import Runtime

app = typer.Typer(help="Channels and the packs that rule them.", no_args_is_help=True)

FOLDER = Path(__file__).resolve().parents[2] / "channels"
Packs = Annotated[Path, typer.Argument(help="A folder of packs.", exists=True, file_okay=False)]


@app.command("check")
def check(folder: Packs = FOLDER, *, as_json: AsJson = False) -> None:
    """Validate every pack below a folder and run its examples; names file, key and reason of all that is wrong.

    It needs no database. Exit code 1 when anything is wrong.
    """
    report = check_folder(folder)
    if as_json:
        problems = [{"code": problem.code, "message": problem.message} for problem in report.problems]
        say(
            {"packs": len(report.packs), "examples": report.examples_count, "problems": problems}, as_json=True, text=""
        )
    else:
        _tell(report)
    if not report.is_good:
        raise typer.Exit(1)


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """The channels of this installation, with the version of the pack that rules each."""

    async def work(runtime: Runtime) -> list[tuple[models.Channel, str | None]]:
        async with runtime.db.session() as session:
            rows = await session.execute(
                select(models.Channel, models.PackVersion.digest)
                .outerjoin(models.PackVersion, models.PackVersion.id == models.Channel.pack_version_id)
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
    table = Table(Column("key", no_wrap=True, min_width=longest), "kind", "name", "名称", "pack")
    for channel, digest in found:
        if digest:
            table.add_row(channel.key, channel.kind.lower(), channel.names["en"], channel.names["zh"], digest[:12])
    out.print(table)


@app.command("install")
def install(
    folder: Packs = FOLDER,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only the pack of this key; repeatable.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put packs in force. Nothing is installed while any pack of the folder is malformed: what rules now goes on.

    Submissions keep the version that they were decided by. A starting server installs nothing by itself, but into an
    empty database.
    """
    report = check_folder(folder)
    if not report.is_good:
        _tell(report)
        raise typer.Exit(1)
    chosen = [each.pack for each in report.packs if not only or each.pack.key in only]

    async def work(runtime: Runtime) -> list[str]:
        async with runtime.db.session() as session:
            in_force = await installing.catalogue(session)
            news = [
                pack
                for pack in chosen
                if pack.key not in in_force.by_key or in_force.by_key[pack.key].compiled.digest != pack.digest
            ]
            if not dry_run:
                await installing.install_platforms(session, report.platforms)
                for pack in news:
                    await installing.install(session, SYSTEM, pack)
            return [pack.key for pack in news]

    changed = with_runtime(work)
    verb = "would install" if dry_run else "installed"
    text = f"{verb} {len(changed)}: {', '.join(changed)}" if changed else "nothing to do: all packs are in force"
    say({"changed": changed, "dry_run": dry_run}, as_json=as_json, text=text)


def _tell(report: Report) -> None:
    for problem in report.problems:
        err.print(problem.message, markup=False, highlight=False)
    word = "good" if report.is_good else f"{len(report.problems)} problems"
    out.print(f"{len(report.packs)} packs, {report.examples_count} examples: {word}")
