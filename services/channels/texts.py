"""The text that a pack is written in: TOML or, under a name that ends in .json, JSON; its values, and where each stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from services.channels.json_lines import json_lines
from services.channels.lines import Path, line_of, lines

DEEP = "nested too deeply"
LEAST, MOST = -(2**63), 2**63 - 1


class TextError(ValueError):
    """The text is not what its name says; on which line, if that is known, and why."""

    def __init__(self, reason: str, line: int | None = None, path: Path = ()) -> None:
        super().__init__(reason)
        self.reason, self.line, self.path = reason, line, path


def is_json(name: str) -> bool:
    return name.endswith(".json")


def content_of(text: str, name: str) -> Any:
    """The values in the text; TextError."""
    return _of_json(text) if is_json(name) else _of_toml(text)


def lines_of(text: str, name: str) -> Mapping[Path, int]:
    """Line numbers from 1 by path, for a text whose content could be read."""
    return json_lines(text).by_path if is_json(name) else lines(text)


def _of_toml(text: str) -> Any:
    try:
        content = tomllib.loads(text)
        # TOML as Python reads it knows numbers of any size, and a database does not
        for path in _too_large(content):
            raise TextError("write a whole number of at most 64 bits", line_of(lines(text), path), path)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        line, column = (int(place[1]), int(place[2])) if place else (text.count("\n") + 1, 1)
        said = str(error)[: place.start()] if place else str(error).removesuffix(" (at end of document)")
        raise _no("TOML", said, line, column) from error
    except RecursionError as error:
        raise TextError(DEEP) from error
    return content


def _of_json(text: str) -> Any:
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if "depth limit" in error.msg:
            raise TextError(DEEP) from error
        raise _no("JSON", error.msg, error.lineno, error.colno) from error
    # of two values under one key readers keep one, and nothing is to be dropped unsaid
    for path, line in json_lines(text).twice.items():
        raise TextError("this key is here already", line, path)
    return content


def _too_large(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, int) and not LEAST <= value <= MOST:
        yield path
    elif isinstance(value, dict | list):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _too_large(item, (*path, step))


def _no(what: str, said: str, line: int, column: int) -> TextError:
    return TextError(f"not {what}: {said[:1].lower()}{said[1:]} (column {column})", line)
