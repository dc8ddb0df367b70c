"""What an import refuses: one record, with everything that is wrong with it, in a form that can be mended and fed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
from pydantic import ValidationError

MARK = "rejected"
SHOWN = 10


class Refused(Exception):  # noqa: N818  (named after what happened)
    """A record cannot be taken, and where and why."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(reason)
        self.problems = [(where, reason)]


@dataclass(frozen=True, slots=True)
class Line:
    """One record as it came in: its number in the input (from 1) and its JSON text."""

    number: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Reject:
    line: Line
    problems: Sequence[tuple[str, str]]
    input_name: str = field(default="")

    @property
    def shown(self) -> str:
        """One line for people: file, line, field, reason."""
        what = "; ".join(f"{where}: {reason}" if where else reason for where, reason in self.problems)
        return f"{self.input_name}:{self.line.number}: {what}"

    def written(self) -> bytes:
        """The line of the rejects file: the record with its reasons, or the raw text when it was no JSON object."""
        told: dict[str, Any] = {
            "file": self.input_name,
            "line": self.line.number,
            "problems": [{"field": where, "reason": reason} for where, reason in self.problems],
        }
        given = _object(self.line.text)
        body = {"text": self.line.text.decode("utf-8", "replace")} if given is None else given
        return orjson.dumps({MARK: told} | body) + b"\n"


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return given if isinstance(given, dict) else None


def mended(text: bytes) -> bytes:
    """A line of a rejects file as the record that it holds; any other line as it is."""
    if b'"' + MARK.encode() + b'"' not in text:
        return text
    given = _object(text)
    if given is None or MARK not in given:
        return text
    given.pop(MARK)
    return given["text"].encode() if list(given) == ["text"] else orjson.dumps(given)


def type_of(text: bytes) -> str:
    """What a refused line says it is; empty when that is no type of ours."""
    given = (_object(text) or {}).get("type")
    return given if isinstance(given, str) and given.isidentifier() and len(given) <= 20 else ""


def of_validation(error: ValidationError, *, nested: bool = True) -> list[tuple[str, str]]:
    """The reasons of pydantic, by field, without our own classes' names."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    # the first step of a path in a union is the type of the record
    first = 1 if nested else 0
    return [
        (".".join(str(step) for step in one["loc"][first:]), one["msg"].removeprefix("Value error, ")) for one in found
    ][:SHOWN]


def of_database(error: asyncpg.PostgresError) -> list[tuple[str, str]]:
    """What the database itself refused; its rules are the last guard behind our own checks."""
    given = error.as_dict()
    where = given.get("constraint_name") or given.get("column_name") or ""
    return [(where, given.get("detail") or given.get("message") or str(error))]
