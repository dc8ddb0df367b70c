"""`headwater channels install | rollback`: what rules channels from now on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import typer

from core.caller import SYSTEM
from scripts.commands.channels.folders import FOLDER, AllowUnknown, Key, PacksOrFile, tell, written
from scripts.console import AsJson, say, with_runtime
from services import packs
from services.channels import installing, versions
from services.channels.checking import Report
from services.channels.checking import check as check_folder
from services.channels.known import known_here
from services.channels.packs import MalformedPack
from services.channels.vocabulary import Vocabulary, unknown_words
from services.runtime import Runtime


def install(
    folder: PacksOrFile = FOLDER,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only the pack of this key; repeatable.")] = None,
    *,
    allow_unknown: AllowUnknown = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put packs in force. Nothing is installed while any pack of the folder is malformed: what rules now goes on.

    Tags, fields, roles and pools that a pack names which would change must be in the database. Submissions keep the version
    that they were decided by. A starting server installs nothing by itself, but into an empty database.
    """
    report = check_folder(folder) if folder.is_dir() else None
    if report is not None and not report.is_good:
        tell(report)
        raise typer.Exit(1)

    async def work(runtime: Runtime) -> list[str]:
        async with runtime.db.session() as session:
            if report is None:
                found = [await packs.checked(session, written(folder), allows_unknown_words=allow_unknown)]
            else:
                found = [each.pack for each in report.packs]
            in_force = (await installing.catalogue(session)).by_key
            news = [
                pack
                for pack in found
                if (not only or pack.key in only)
                and (pack.key not in in_force or in_force[pack.key].compiled.digest != pack.digest)
            ]
            if report is not None and not allow_unknown:
                _refuse_unknown(report, {pack.key for pack in news}, await known_here(session))
            if not dry_run:
                await installing.install_platforms(session, report.platforms if report else ())
                for pack in news:
                    await installing.install(session, SYSTEM, pack)
            return [pack.key for pack in news]

    changed = with_runtime(work)
    verb = "would install" if dry_run else "installed"
    text = f"{verb} {len(changed)}: {', '.join(changed)}" if changed else "nothing to do: all packs are in force"
    say({"changed": changed, "dry_run": dry_run}, as_json=as_json, text=text)


def _refuse_unknown(report: Report, keys: Collection[str], known: Vocabulary) -> None:
    """MalformedPack for words in the packs of these keys that the vocabulary does not have."""
    problems = [
        each.problem("UNKNOWN_WORD", path, reason)
        for each in report.packs
        if each.pack.key in keys
        for path, reason in unknown_words(each.pack, known)
    ]
    if problems:
        raise MalformedPack(problems[0].message, problems=problems)


def rollback(
    key: Key,
    to: Annotated[
        str | None,
        typer.Option("--to", help="The version, by its digest or how it begins. Default: the one that ruled before."),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a version that ruled a channel before in force again, from the database: no file is needed.

    It adds to the history and takes nothing from it. Submissions keep the version that they were decided by.
    """

    async def work(runtime: Runtime) -> tuple[str, str]:
        async with runtime.db.session() as session:
            channel = await versions.entry(session, key)
            before = await versions.in_force(session, channel)
            wanted = await (
                versions.earlier(session, channel) if to is None else versions.version(session, channel, to)
            )
            versions.readable(channel, wanted)
            if not dry_run:
                await versions.roll_back(session, SYSTEM, channel, wanted)
            return before.digest, wanted.digest

    before, after = with_runtime(work)
    verb = "would go back" if dry_run else "went back"
    said = f"{key}: {verb} from {before[:12]} to {after[:12]}"
    text = said if before != after else f"nothing to do: {key} is ruled by {after[:12]}"
    value = {"key": key, "before": before, "after": after, "changed": before != after, "dry_run": dry_run}
    say(value, as_json=as_json, text=text)
