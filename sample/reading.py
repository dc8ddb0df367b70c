"""Reads the sample's files: TOML, and Markdown with TOML between two lines of plus signs before it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sample.naming import FOLDER

FENCE = "+++\n"
Shape = TypeVar("Shape", bound=BaseModel)


class BadSample(Exception):  # noqa: N818  (named after what happened)
    """A file of the sample that cannot become a record; the message names file, key and reason."""


@dataclass(frozen=True, slots=True)
class Page:
    """A file with front matter: what stands between the fences, and the Markdown after them."""

    path: Path
    front: dict[str, Any]
    body: str

    @property
    def key(self) -> str:
        return self.path.name.split(".")[0]


def toml(path: Path) -> dict[str, Any]:
    return _toml(path.read_text("utf-8"), path)


def page(path: Path) -> Page:
    before, fence, rest = path.read_text("utf-8").partition(FENCE)
    front, closing, body = rest.partition(FENCE)
    if before.strip() or not fence or not closing:
        raise BadSample(f"{short(path)}: begin with TOML between two lines of +++")
    return Page(path, _toml(front, path), body.strip())


def shaped(shape: type[Shape], given: dict[str, Any], path: Path) -> Shape:
    """What a file says, in its shape; everything wrong with it at once."""
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        reasons = [
            f"{'.'.join(map(str, one['loc'])) or '(the whole)'}: {one['msg']}"
            for one in error.errors(include_url=False)
        ]
        raise BadSample("\n".join(f"{short(path)}: {reason}" for reason in reasons)) from error


def short(path: Path) -> str:
    return path.relative_to(FOLDER.parent).as_posix() if path.is_relative_to(FOLDER.parent) else str(path)


def _toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSample(f"{short(path)}: not TOML: {error}") from error
