"""Pictures of products: alone on white, and laid out together on a coloured ground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from sample.drawing import colours, library
from sample.drawing.canvas import Canvas, Place
from sample.drawing.luck import Luck

WHITE = (255, 255, 255)
GROUNDS = ("#efe4d6", "#dfe7e1", "#e6e2ee", "#f3ddcf", "#dde8ee", "#f2e7c9", "#e3ded6", "#d9e3d3")
# How many stand in each row, by the number of products and whether the picture is wider than high.
ROWS_WIDE = {1: (1,), 2: (2,), 3: (3,), 4: (4,), 5: (3, 2), 6: (3, 3), 7: (4, 3), 8: (4, 4)}
ROWS_HIGH = {1: (1,), 2: (1, 1), 3: (1, 2), 4: (2, 2), 5: (2, 3), 6: (2, 2, 2), 7: (2, 3, 2), 8: (3, 2, 3)}


@dataclass(frozen=True, slots=True)
class Look:
    """How a product looks: an object in two colours."""

    object: str
    main: str
    accent: str

    @property
    def palette(self) -> dict[str, str]:
        return {"main": self.main, "accent": self.accent}


def alone(look: Look, width: int, height: int) -> Image.Image:
    """One product in the middle of white, with a soft shadow: what shops call a packshot."""
    canvas = Canvas(width, height, WHITE)
    place = _centred(look, width / 2, height / 2, min(width, height) * 0.64)
    reach = library.bounds(look.object)
    left, right = place.of((reach.left, 100))[0], place.of((reach.right, 100))[0]
    foot = place.of((50, reach.bottom))[1]
    canvas.shadow((left + right) / 2, foot, (right - left) * 0.52, place.height * 0.04, 0.30)
    canvas.draw(library.objects()[look.object], place, look.palette)
    return canvas.finished()


def _centred(look: Look, x: float, y: float, side: float, angle: float = 0) -> Place:
    """The place at which the object's longer side measures `side` and its middle lies on the point."""
    reach = library.bounds(look.object)
    height = side / reach.side * 100
    scale = height / 100
    across, down = (reach.left + reach.right) / 2 - 50, (reach.top + reach.bottom) / 2 - 100
    return Place(x - across * scale, y - down * scale, height, angle)


def laid_out(looks: Sequence[Look], width: int, height: int, luck: Luck) -> Image.Image:
    ground = colours.rgb(luck.one_of(GROUNDS))
    canvas = Canvas(width, height, ground)
    canvas.gradient(colours.mix(ground, colours.LIGHT, 0.35), colours.mix(ground, colours.DARK, 0.07), 0, height)
    _decorate(canvas, ground, luck)
    rows = (ROWS_WIDE if width >= height * 1.2 else ROWS_HIGH)[len(looks)]
    waiting = iter(looks)
    for row, count in enumerate(rows):
        cell_height = height * 0.86 / len(rows)
        for column in range(count):
            cell_width = width * 0.9 / count
            x = width * 0.05 + cell_width * (column + 0.5)
            middle = height * 0.07 + cell_height * (row + 0.5)
            _lay(canvas, next(waiting), x, middle, min(cell_width, cell_height) * 0.72, luck)
    return canvas.finished()


def _lay(canvas: Canvas, look: Look, x: float, middle: float, side: float, luck: Luck) -> None:
    angle = luck.between(-5, 5)
    canvas.shadow(x + side * 0.03, middle + side * 0.06, side * 0.40, side * 0.42, 0.11)
    canvas.draw(library.objects()[look.object], _centred(look, x, middle, side, angle), look.palette)


def _decorate(canvas: Canvas, ground: colours.Rgb, luck: Luck) -> None:
    """Large quiet shapes behind the things, so that the ground is a place and not a colour."""
    pale, deep = colours.mix(ground, WHITE, 0.45), colours.mix(ground, colours.DARK, 0.06)
    reach = max(canvas.width, canvas.height)
    left = luck.between(-0.05, 0.2) * canvas.width
    canvas.oval(left, canvas.height * luck.between(0.75, 1.05), reach * 0.33, reach * 0.33, pale)
    canvas.oval(canvas.width - left * 0.6, canvas.height * luck.between(-0.1, 0.2), reach * 0.27, reach * 0.27, deep)


def looks_of(keys: Sequence[str], looks: Mapping[str, Look]) -> list[Look]:
    return [looks[key] for key in keys]
