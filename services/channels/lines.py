"""On which line of a TOML text each key stands; the standard library's reader does not say."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
# the longer quotes first: """ also begins with "
_STRINGS = tuple(
    re.compile(form, re.DOTALL)
    for form in (
        r'"""(?:\\.|[^\\])*?"{3,5}(?!")',
        r"'''.*?'{3,5}(?!')",
        r'"((?:\\.|[^"\\])*)"',
        r"'([^']*)'",
    )
)
_SCALAR = re.compile(r"[^,\]}#\n]+")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_PLAIN = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def lines(text: str) -> Mapping[Path, int]:
    """Line numbers from 1 by path ("rules", 3, "max"), for a text that the standard library could read.

    A table has the line of its head. What nests deeper than Python can follow is left out.
    """
    reader = _Reader(text)
    with suppress(RecursionError):
        reader.document()
    return reader.found


def line_of(found: Mapping[Path, int], path: Path) -> int:
    """The line of what stands at the path, or of the nearest thing around it; 1 for the whole."""
    return next((found[path[:size]] for size in range(len(path), 0, -1) if path[:size] in found), 1)


class _Reader:
    """Goes through the text once, and notes where each path begins."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.found: dict[Path, int] = {}
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._elements: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._head()
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _head(self) -> Path:
        start, of_many = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if of_many else 1
        path: Path = ()
        keys = self._keys()
        for depth, key in enumerate(keys, 1):
            path = (*path, key)
            self._note(path, start)
            if of_many and depth == len(keys):
                self._elements[path] = self._elements.get(path, 0) + 1
            if path in self._elements:
                path = (*path, self._elements[path] - 1)
                self._note(path, start)
        self.at += 2 if of_many else 1
        return path

    def _pair(self, table: Path) -> None:
        start, path = self.at, table
        for key in self._keys():
            path = (*path, key)
            self._note(path, start)
        self.at += 1  # the sign of equality
        self._skip(_SPACE)
        self._value(path)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(self._key())
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _key(self) -> str:
        for form in (_BARE_KEY, *_STRINGS[2:]):
            match = form.match(self.text, self.at)
            if match is not None:
                self.at = match.end()
                if form is _BARE_KEY:
                    return match[0]
                return _ESCAPE.sub(_meant, match[1]) if match[0].startswith('"') else match[1]
        raise ValueError(f"there is no key at {self.at}")

    def _value(self, path: Path) -> None:
        mark = self.text[self.at]
        if mark in {'"', "'"}:
            match = next(match for form in _STRINGS if (match := form.match(self.text, self.at)))
            self.at = match.end()
        elif mark == "[":
            self._inside(path, "]")
        elif mark == "{":
            self._inside(path, "}")
        else:
            self._skip(_SCALAR)

    def _inside(self, path: Path, end: str) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip(_BLANK)
            mark = self.text[self.at]
            if mark == end:
                self.at += 1
                return
            if mark == ",":
                self.at += 1
            elif end == "}":
                self._pair(path)
            else:
                self._note((*path, index), self.at)
                self._value((*path, index))
                index += 1

    def _skip(self, what: re.Pattern[str]) -> None:
        match = what.match(self.text, self.at)
        self.at = match.end() if match is not None else self.at

    def _note(self, path: Path, at: int) -> None:
        self.found.setdefault(path, bisect_right(self._ends, at - 1) + 1)


def _meant(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _PLAIN.get(match[3], match[3])
