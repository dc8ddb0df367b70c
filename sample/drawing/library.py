"""The drawings that stand in files: objects, and scenes put together from them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sample.drawing import shapes
from sample.drawing.shapes import Shape

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Thing:
    """An object in a scene: where it stands (shares of the picture), how tall (a share of the stage), its colours."""

    name: str
    x: float
    y: float
    height: float
    main: str = "main"
    accent: str = "accent"
    angle: float = 0


@dataclass(frozen=True, slots=True)
class Scene:
    zh: str
    en: str
    backdrop: str
    palettes: tuple[str, ...]
    things: tuple[Thing, ...]


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text("utf-8"))


@cache
def objects() -> dict[str, tuple[Shape, ...]]:
    found = _toml("objects.toml") | _toml("props.toml")
    return {name: shapes.parse(text) for name, text in found.items()}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far an object reaches within its box."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def side(self) -> float:
        return max(self.right - self.left, self.bottom - self.top)


@cache
def bounds(name: str) -> Bounds:
    points = [point for shape in objects()[name] for point in shape.points]
    across, down = [x for x, _ in points], [y for _, y in points]
    return Bounds(min(across), min(down), max(across), max(down))


@cache
def palettes() -> dict[str, dict[str, str]]:
    return _toml("palettes.toml")


@cache
def scenes() -> dict[str, Scene]:
    return {
        name: Scene(
            given["zh"],
            given["en"],
            given["backdrop"],
            tuple(given["palettes"]),
            tuple(_thing(line) for line in given["things"]),
        )
        for name, given in _toml("scenes.toml").items()
    }


def _thing(line: str) -> Thing:
    """`tent 0.5 0.86 0.4 main accent`, the colours and an angle at the end only where needed."""
    name, x, y, height, *rest = line.split()
    angle = float(rest.pop()) if rest and _is_number(rest[-1]) else 0.0
    main, accent = (rest + ["main", "accent"][len(rest) :])[:2]
    return Thing(name, float(x), float(y), float(height), main, accent, angle)


def _is_number(word: str) -> bool:
    return word.lstrip("-").replace(".", "", 1).isdigit()
