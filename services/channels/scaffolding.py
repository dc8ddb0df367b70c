"""The first draft of a pack: a file that passes the check as it is, and says in comments what to make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import orjson

from services.channels.packs import Kind
from services.channels.terms import FORMATS, Format

SHORTEST, LONGEST = 4, 60


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of an entry before anything else is. No formats or languages: it takes all."""

    key: str
    kind: Kind
    parent: str | None
    time_zone: str
    name_en: str
    name_zh: str
    formats: tuple[Format, ...] = ()
    languages: tuple[str, ...] = ()


def name_of(key: str) -> str:
    """A name to begin with: the words of the key."""
    words = key.replace(".", ": ").replace("-", " ")
    return words[:1].upper() + words[1:]


def place(draft: Draft) -> PurePosixPath:
    """Where the pack lies below the folder of packs: by kind and parent, as the others do."""
    if draft.parent is None or draft.kind == "syndication":
        return PurePosixPath(draft.kind, f"{draft.key}.toml")
    return PurePosixPath(draft.kind, draft.parent, f"{draft.key.removeprefix(f'{draft.parent}.')}.toml")


def scaffold(draft: Draft) -> str:
    """The text of the file."""
    parts = (_head(draft), _selector(draft), _gates(draft), _RULES, _QUOTA, _AUDIT, _RENDERING, *_examples(draft))
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _head(draft: Draft) -> str:
    parent = f"parent = {_quoted(draft.parent)}\n" if draft.parent else ""
    return f"""\
# A first draft of {draft.key}. Change what you know better and delete what you do not need; docs/packs.md has every part.
# headwater channels check says what is wrong with it, headwater channels install --only {draft.key} puts it in force.
schema = 1

key = {_quoted(draft.key)}
{parent}kind = {_quoted(draft.kind)}
time_zone = {_quoted(draft.time_zone)}  # quotas count days in it

[name]
en = {_quoted(draft.name_en)}
zh = {_quoted(draft.name_zh)}

# Say in a sentence what the entry shows, and to whom.
[description]
en = {_quoted(f"What {draft.name_en} shows.")}
zh = {_quoted(f"{draft.name_zh} 展示的内容。")}

# Where it is known from: captured, connector, spec or house. How sure: A read, B several agree, C recalled, D inferred.
# A part that is known from elsewhere says so with a source of its own. Never give a guess out as a fact.
[source]
provenance = "house"
confidence = "D"
note = "A first draft: our own defaults; nothing is known of the real entry."
"""


def _selector(draft: Draft) -> str:
    listed = {"formats": draft.formats, "languages": draft.languages}
    lines = [f"{name} = {_list(values)}" if values else f"# {name} = []  # all" for name, values in listed.items()]
    return "\n".join(
        (
            "# Which contents it is for. What is left out is not asked.",
            "[selector]",
            *lines,
            '# tags = [{ taxonomy = "category", any = ["apparel", "beauty"] }]  # what lies below a tag counts as the tag',
        )
    )


def _gates(draft: Draft) -> str:
    if draft.kind != "social":
        return """\
# Which creators may enter: one condition, or a tree of all, any and not.
# [gates]
# all = [{ level = { min = 2 } }, { field = { any = ["home"] } }]"""
    return """\
# Which creators may enter. Nothing goes to a network that the creator never joined.
[gates]
connected = {}
note = "The creator has linked an account there: a house default."
source = { provenance = "house", confidence = "D" }"""


_RULES = f"""\
# What it asks of a content. Severity: block stops it, warn tells, score takes weight from 100.
[[rules]]
kind = "text.length"
field = "title"
min = {SHORTEST}
max = {LONGEST}
unit = "graphemes"
source = {{ provenance = "house", confidence = "D", note = "So many fit on a card." }}

[[rules]]
kind = "image.min_size"
severity = "warn"
of = "covers"
width = 750
height = 422
source = {{ provenance = "house", confidence = "D", note = "Smaller covers look blurred on most screens." }}
"""

_QUOTA = """\
# How many it takes; without a number there is no limit.
# [quota]
# per_creator_per_day = 10"""

_AUDIT = """\
# Who looks at a submission, in this order: machine, human, trial. Deadlines are in hours.
[audit]
path = ["machine"]
# path = ["machine", "human"]
# human_hours = 48
# reasons = [{ code = "readability", text = { en = "It is hard to read.", zh = "可读性不足。" } }]"""

_RENDERING = f"""\
# What the channel is given. A field without a shape goes along as it is.
[rendering]
title = {{ fields = ["title"], max = {LONGEST} }}
picture = {{ from = ["covers", "pictures"], max = 1 }}

# What is known of it and no other part can say, so that nothing is lost, and why none can.
# [[facts]]
# text = "The page shows the three best pieces of a week."
# confidence = "C"
# note = "It ranks what is published: a pack judges one content."

# What must become of a content, told by what is given otherwise than in a content that the entry takes (docs/packs.md)."""


def _examples(draft: Draft) -> list[str]:
    found = [
        _example("a content as the entry wants it"),
        _example("a title that is too short", "text.length", f"content = {{ title_length = {SHORTEST - 1} }}"),
        _example("a title that is too long", "text.length", f"content = {{ title_length = {LONGEST + 1} }}"),
    ]
    other = next((form for form in FORMATS if form not in draft.formats), None)
    if draft.formats and other:
        found.append(_example("another format", "selector.format", f"content = {{ format = {_quoted(other)} }}"))
    if draft.languages:
        foreign = next(language for language in ("fr", "de") if language not in draft.languages)
        given = f"content = {{ language = {_quoted(foreign)} }}"
        found.append(_example("another language", "selector.language", given))
    if draft.kind == "social":
        code, given = "creator.connected", "creator = { is_connected = false }"
        found.append(_example("a creator who linked no account", code, given))
    return found


def _example(name: str, code: str = "", given: str = "") -> str:
    must = f'must = "fail"\ncodes = [{_quoted(code)}]\ngiven = {{ {given} }}' if code else 'must = "pass"'
    return f"[[examples]]\nname = {_quoted(name)}\n{must}"


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, values))}]"


def _quoted(text: str | None) -> str:
    """A basic string of TOML: JSON's own is one."""
    return orjson.dumps(text or "").decode()
