"""What an import refuses: one record, with everything that is wrong with it, in a form that can be mended and fed again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson

MARK = "rejected"
_TAKEN = re.compile(r"^Key \((?P<names>.+)\)=\((?P<values>.+)\) already exists\.$", re.DOTALL)


class Refused(Exception):  # noqa: N818  (named after what happened)
    """A record cannot be taken, and where and why."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(reason)
        self.problems = [(where, reason)]

    @classmethod
    def because(cls, problems: Sequence[tuple[str, str]]) -> Refused:
        refused = cls(*problems[0])
        refused.problems = list(problems)
        return refused


@dataclass(frozen=True, slots=True)
class Line:
    """One record as it came in: its JSON text, and the line of the input that it stands on, or that holds the row or
    item it was made of; `number` is that of an item, from 1, where the input has no lines to speak of (0: of none).
    `problems` are those that reading a foreign input found already.
    """

    number: int
    text: bytes
    is_item: bool = False
    problems: Sequence[tuple[str, str]] = ()

    @property
    def place(self) -> dict[str, int]:
        if not self.number:
            return {}
        return {"item" if self.is_item else "line": self.number}


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that was set aside. A problem of the record as a whole has no field, which is "" here, null in JSON."""

    line: Line
    problems: Sequence[tuple[str, str]]
    input_name: str = field(default="")

    @property
    def shown(self) -> str:
        """One line for people: file, line, field, reason."""
        what = "; ".join(f"{where}: {reason}" if where else reason for where, reason in self.problems)
        return f"{self.input_name}{self._place}: {what}"

    @property
    def _place(self) -> str:
        if not self.line.number:
            return ""
        return f", item {self.line.number}" if self.line.is_item else f":{self.line.number}"

    def as_json(self) -> dict[str, Any]:
        """File, line or item, and the problems by field."""
        problems = [{"field": where or None, "reason": reason} for where, reason in self.problems]
        return {"file": self.input_name, **self.line.place, "problems": problems}

    def written(self) -> bytes:
        """The line of the rejects file: the record with its reasons, or the raw text when it was no JSON object."""
        given = object_of(self.line.text)
        body = {"text": self.line.text.decode("utf-8", "replace")} if given is None else given
        return orjson.dumps({MARK: self.as_json()} | body) + b"\n"


def object_of(text: bytes) -> dict[str, Any] | None:
    """What a line says, if it is a JSON object."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return given if isinstance(given, dict) else None


def mended(text: bytes) -> bytes:
    """A line of a rejects file as the record that it holds; any other line as it is."""
    if b'"' + MARK.encode() + b'"' not in text:
        return text
    given = object_of(text)
    if given is None or MARK not in given:
        return text
    given.pop(MARK)
    return given["text"].encode() if list(given) == ["text"] else orjson.dumps(given)


def type_of(text: bytes) -> str:
    """What a refused line says it is; empty when that is no type of ours."""
    given = (object_of(text) or {}).get("type")
    return given if isinstance(given, str) and given.isidentifier() and len(given) <= 20 else ""


def of_database(error: asyncpg.PostgresError) -> list[tuple[str, str]]:
    """What the database itself refused; its rules are the last guard behind our own checks."""
    given = error.as_dict()
    detail = given.get("detail") or given.get("message") or str(error)
    if taken := _TAKEN.match(detail):
        return [("", f"there is another record already with this {taken['names']}: {taken['values']}")]
    return [(given.get("column_name") or "", f"the database refuses it: {detail}")]
