"""`headwater channels new | docs`: the first draft of a pack, in its place among the others; and the page about them all."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, cast

import typer

import models
from core.errors import Conflict, Invalid
from scripts.commands.channels.folders import FOLDER, Key, Packs, tell, with_key
from scripts.console import AsJson, out, say
from services.channels import checking, examples
from services.channels.catalogue_page import BEGIN, END, page
from services.channels.checking import check as check_folder
from services.channels.complaints import did_you_mean
from services.channels.engine import CompiledPack
from services.channels.packs import Kind, Platform, parse_pack, parse_platforms
from services.channels.scaffolding import Draft, name_of, place, scaffold


class PackExists(Conflict):
    """A file lies where the pack or the page would go, or another pack has the key: nothing is overwritten."""

    code = "PACK_EXISTS"


class UnknownParent(Invalid):
    """The parent is no platform of the folder."""

    code = "UNKNOWN_PARENT"


def new(
    key: Key,
    *,
    kind: Annotated[
        models.ChannelKind | None,
        typer.Option(
            "--kind", case_sensitive=False, help="What kind of place it is. Default: its parent's, or private."
        ),
    ] = None,
    parent: Annotated[
        str | None,
        typer.Option("--parent", help="A platform of platforms.toml. Default: the one whose key this one begins with."),
    ] = None,
    formats: Annotated[
        list[models.Format] | None,
        typer.Option("--format", case_sensitive=False, help="A format that it takes; repeatable. Default: all."),
    ] = None,
    languages: Annotated[
        list[str] | None, typer.Option("--language", help="A language that it takes; repeatable. Default: all.")
    ] = None,
    name_en: Annotated[
        str | None, typer.Option("--name-en", help="Its name in English. Default: from the key.")
    ] = None,
    name_zh: Annotated[
        str | None, typer.Option("--name-zh", help="Its name in Chinese. Default: the English one.")
    ] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="Its time zone. Default: its parent's, or UTC.")] = None,
    folder: Annotated[
        Path, typer.Option("--folder", help="The folder of packs.", exists=True, file_okay=False)
    ] = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Write the first draft of a pack: it passes the check, and its comments say what to do next. Overwrites nothing.

    It needs no database.
    """
    above = _parent(folder, key, parent)
    name = name_en or name_of(key)
    draft = Draft(
        key=key,
        kind=cast("Kind", kind.value.lower() if kind else above.kind if above else "private"),
        parent=above.key if above else None,
        time_zone=zone or (above.time_zone if above else "UTC"),
        name_en=name,
        name_zh=name_zh or name,
        formats=tuple(one.value for one in formats or ()),
        languages=tuple(languages or ()),
    )
    file = folder / _checked(draft)
    _write(folder, key, file, scaffold(draft))
    say({"key": key, "file": str(file)}, as_json=as_json, text=f"{file}: change it, then headwater channels check")


def docs(
    folder: Packs = FOLDER,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the page there instead of printing it.")
    ] = None,
    *,
    check: Annotated[
        Path | None, typer.Option("--check", help="Compare with this page; exit 1 when it is not current.")
    ] = None,
) -> None:
    """The catalogue of a folder of packs as a page of Markdown: a table of all entries, then all that each pack says.

    In a page that is there already only the part between its two marks is made anew; the words around it stay. It needs
    no database.
    """
    report = check_folder(folder)
    if not report.is_good:
        tell(report)
        raise typer.Exit(1)
    packs = {each.file: each.pack for each in report.packs}
    target = check or output
    current = target.read_text("utf-8") if target is not None and target.exists() else None
    if current is not None and not (BEGIN in current and END in current):
        raise PackExists(f"{target} is there and is no catalogue: it lacks the lines {BEGIN} and {END}.")
    way = None if target is None else Path(os.path.relpath(folder, target.resolve().parent)).as_posix()
    made = page(packs, current, way)
    if check is not None:
        if made != current:
            raise typer.Exit(1)
    elif output is not None:
        output.write_text(made, "utf-8")
    else:
        out.print(made, markup=False, highlight=False, soft_wrap=True, end="")


def _parent(folder: Path, key: str, given: str | None) -> Platform | None:
    file = folder / checking.PLATFORMS
    listed = parse_platforms(checking.text_of(file, str(file)), str(file)) if file.exists() else ()
    known = {platform.key: platform for platform in listed}
    if given is None:
        above = [".".join(key.split(".")[:depth]) for depth in range(key.count("."), 0, -1)]
        return next((known[one] for one in above if one in known), None)
    if given not in known:
        raise UnknownParent(f"{file} has no platform {given}: add it there first.{did_you_mean(given, known)}")
    return known[given]


def _checked(draft: Draft) -> str:
    """Where the draft goes; MalformedPack when the key, the zone or a language is none."""
    name = str(place(draft)) if re.fullmatch(r"[\w.-]+", draft.key) else draft.key
    pack = parse_pack(scaffold(draft), name)
    failed = [said for _, said in examples.failures(CompiledPack(pack))]
    if failed:
        raise AssertionError(f"a draft is made wrong: {failed}")
    return name


def _write(folder: Path, key: str, file: Path, text: str) -> None:
    taken = with_key(folder, key)
    if taken is not None:
        raise PackExists(f"{taken} has the key {key} already.")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as made:
            made.write(text)
    except FileExistsError as error:
        raise PackExists(f"{file} is there already: nothing was written.") from error
