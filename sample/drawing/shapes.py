"""The small language of flat drawings: one shape a line, in a box of 100 by 100 whose y grows downwards.

main rect 20 30 60 50 6          a rectangle: x, y, width, height, and the radius of its corners
accent- oval 50 50 20 10         an ellipse: centre and radii
ink/40 path M 10 90 C 20 60 80 60 90 90 Z      as in SVG, absolute: M L H V C Q Z
wood line 4 M 10 10 L 90 90      a stroke of that width along a path
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

Point = tuple[float, float]
CURVE_STEPS = 14
OVAL_STEPS = 56
CORNER_STEPS = 7


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled outline, or a stroke where it has a width."""

    colour: str
    points: tuple[Point, ...]
    width: float = 0


@cache
def parse(text: str) -> tuple[Shape, ...]:
    return tuple(_shape(line.split()) for line in text.splitlines() if line.strip())


def _shape(words: list[str]) -> Shape:
    colour, verb, *rest = words
    match verb:
        case "rect":
            return Shape(colour, tuple(rectangle(*map(float, rest))))
        case "oval":
            return Shape(colour, tuple(oval(*map(float, rest))))
        case "path":
            return Shape(colour, tuple(_path(rest)))
        case "line":
            return Shape(colour, tuple(_path(rest[1:])), float(rest[0]))
        case _:
            raise ValueError(f"{verb} is no shape")


def oval(x: float, y: float, radius_x: float, radius_y: float) -> Iterator[Point]:
    for step in range(OVAL_STEPS):
        angle = step * math.tau / OVAL_STEPS
        yield x + radius_x * math.cos(angle), y + radius_y * math.sin(angle)


def rectangle(x: float, y: float, width: float, height: float, radius: float = 0) -> Iterator[Point]:
    if not radius:
        yield from ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
        return
    radius = min(radius, width / 2, height / 2)
    corners = (
        (x + width - radius, y + radius, -math.pi / 2),
        (x + width - radius, y + height - radius, 0.0),
        (x + radius, y + height - radius, math.pi / 2),
        (x + radius, y + radius, math.pi),
    )
    for centre_x, centre_y, start in corners:
        for step in range(CORNER_STEPS + 1):
            angle = start + step * math.pi / 2 / CORNER_STEPS
            yield centre_x + radius * math.cos(angle), centre_y + radius * math.sin(angle)


def _path(words: list[str]) -> Iterator[Point]:
    numbers: list[float] = []
    here: Point = (0, 0)
    command = "M"
    for word in [*words, "Z"]:
        if not word.isalpha():
            numbers.append(float(word))
            continue
        for point in _drawn(command, numbers, here):
            here = point
            yield point
        command, numbers = word, []


def _drawn(command: str, numbers: list[float], here: Point) -> Iterator[Point]:
    pairs = list(zip(numbers[::2], numbers[1::2], strict=False))
    match command:
        case "M" | "L":
            yield from pairs
        case "H":
            yield numbers[0], here[1]
        case "V":
            yield here[0], numbers[0]
        case "Q" | "C":
            degree = 2 if command == "Q" else 3
            for start in range(0, len(pairs), degree):
                curve = pairs[start : start + degree]
                yield from bezier([here, *curve])
                here = curve[-1]
        case _:
            return


def bezier(points: list[Point]) -> Iterator[Point]:
    for step in range(1, CURVE_STEPS + 1):
        share = step / CURVE_STEPS
        level = points
        while len(level) > 1:
            level = [(a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share) for a, b in pairwise(level)]
        yield level[0]
