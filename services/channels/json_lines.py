"""On which line of a JSON text each key stands, and which stands twice; readers of JSON do not say."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from services.channels.lines import Path

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


@dataclass(slots=True)
class _Open:
    """An object or array that is being read: where it stands, and the step to what comes next in it."""

    path: Path
    step: str | int | None


@dataclass(frozen=True, slots=True)
class JsonLines:
    """Line numbers from 1 by path, and the paths of keys that their object has already, with their lines."""

    by_path: Mapping[Path, int] = field(default_factory=dict)
    twice: Mapping[Path, int] = field(default_factory=dict)


def json_lines(text: str) -> JsonLines:
    """The lines of a text that can be read as JSON: of an object's value that of its key, of an array's its own."""
    ends = [match.start() for match in re.finditer("\n", text)]
    by_path: dict[Path, int] = {}
    twice: dict[Path, int] = {}
    around: list[_Open] = []
    for match in _TOKEN.finditer(text):
        mark, line = match[0], bisect_right(ends, match.start() - 1) + 1
        inside = around[-1] if around else None
        if mark in "}]":
            around.pop()
        elif mark == ",":
            inside.step = inside.step + 1 if isinstance(inside.step, int) else None  # type: ignore[union-attr]  # as JSON has it
        elif inside is not None and inside.step is None:
            inside.step = str(orjson.loads(mark))
            path = (*inside.path, inside.step)
            (twice if path in by_path else by_path).setdefault(path, line)
        elif mark != ":":
            path = () if inside is None or inside.step is None else (*inside.path, inside.step)
            by_path.setdefault(path, line)
            if mark in "{[":
                around.append(_Open(path, None if mark == "{" else 0))
    return JsonLines(by_path, twice)
