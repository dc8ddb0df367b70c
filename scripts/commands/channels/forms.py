"""`headwater channels form`: what a channel asks of a draft, as a JSON Schema or as a list of fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

import models
from core.caller import SYSTEM
from scripts.commands.channels.folders import FOLDER, Key, pack_of
from scripts.console import AsJson, out, say, with_runtime
from services import channel_forms
from services.channels import versions
from services.channels.forms import Language, channel_form
from services.runtime import Runtime

HEADS: dict[Language, tuple[str, str, str]] = {
    "en": ("field", "asks", "weighs"),
    "zh": ("字段", "要求", "程度"),
}
PARTS: dict[Language, Mapping[str, str]] = {
    "en": {
        "block": "must",
        "warn": "should",
        "score": "score",
        "required": "required",
        "checklist": "Looked at by people",
        "cuts": "Shortened by the channel",
        "only": "Decided only when it is planned or submitted",
    },
    "zh": {
        "block": "必须",
        "warn": "建议",
        "score": "扣分",
        "required": "必填",
        "checklist": "人工查看",
        "cuts": "渠道会截短",
        "only": "只在规划或投稿时判定",
    },
}


def form(
    key: Key,
    format_: Annotated[
        models.Format, typer.Argument(metavar="FORMAT", case_sensitive=False, help="The format of the draft.")
    ],
    *,
    language: Annotated[str, typer.Option("--language", help="The language of its words: en or zh.")] = "en",
    file: Annotated[
        Path | None, typer.Option("--file", help="A pack on disk instead of the one in force; needs no database.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What a channel asks of a draft of a format, field by field. With --json it is the JSON Schema (2020-12) of such a
    draft, as interfaces get it.
    """
    spoken = _spoken(language)
    if file is not None:
        schema = channel_form(pack_of(key, FOLDER, file), format_.value, spoken)
    else:
        schema = with_runtime(lambda runtime: _in_force(runtime, key, format_, spoken))
    if as_json:
        say(schema, as_json=True, text="")
        return
    _tell(schema, spoken)


def _spoken(language: str) -> Language:
    match language:
        case "en":
            return "en"
        case "zh":
            return "zh"
    raise typer.BadParameter("Forms speak en and zh.")


async def _in_force(runtime: Runtime, key: str, format_: models.Format, language: Language) -> dict[str, Any]:
    async with runtime.db.session() as session:
        found = await channel_forms.of_channel(session, SYSTEM, key, format_, [language])
        if found is None:
            # says which keys are near
            await versions.entry(session, key)
            raise versions.NoSuchChannel(f"The pack of {key} cannot be read by this version.", path=("channel",))
    return found.form.schema


def _tell(schema: Mapping[str, Any], language: Language) -> None:
    said = PARTS[language]
    fields = Table(*HEADS[language], title=Text(schema["title"]), title_justify="left")
    for _, label, rows in sorted(_fields(schema, said)):
        for number, (asks, weighs) in enumerate(rows):
            fields.add_row(Text("" if number else label), Text(asks), weighs)
    out.print(fields)
    checks = [(one["says"], said[one["severity"]]) for one in schema["x-headwater-checklist"]]
    cuts = [(one["says"], "") for one in schema["x-headwater-cuts"]]
    only = [(f"{one['code']} ({one['place']})", said[one["severity"]]) for one in schema["x-headwater-only-rules"]]
    for name, rows in (("checklist", checks), ("cuts", cuts), ("only", only)):
        if rows:
            out.print(_listed(said[name], rows))


def _listed(title: str, rows: list[tuple[str, str]]) -> Table:
    made = Table(title=title, title_justify="left", show_header=False)
    for says, weighs in rows:
        made.add_row(Text(says), *([weighs] if weighs else []))
    return made


def _fields(schema: Mapping[str, Any], said: Mapping[str, str]) -> Iterator[tuple[int, str, list[tuple[str, str]]]]:
    """Every field with hints, in whatever depth: its place in the order, its name, and what is asked of it."""
    needed = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        hints = part.get("x-headwater-ui")
        if hints is None:
            yield from _fields(part, said)
            continue
        rows = [(said["required"], said["block"])] if name in needed else []
        # what people look at has a list of its own
        asked = [rule for rule in part.get("x-headwater", ()) if rule["severity"] != "manual"]
        rows += [(_asks(rule), said[rule["severity"]]) for rule in asked]
        yield hints["order"], hints["label"], rows or [("", "")]


def _asks(rule: Mapping[str, Any]) -> str:
    return f"{rule['says']} {rule['only']}" if "only" in rule else str(rule["says"])
