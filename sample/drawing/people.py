"""People: a figure in an outfit, and portraits; a portrait of what is not a person is an emblem."""

from __future__ import annotations

import tomllib
from functools import cache

from PIL import Image

from sample.drawing import colours, library, shapes
from sample.drawing.canvas import Canvas, Place
from sample.drawing.luck import Luck
from sample.drawing.shapes import Shape

SKINS = ("#f0c6a6", "#e8b796", "#d9a07a", "#b97a56", "#8d5a3c")
HAIRS = ("#2b2320", "#3c2a21", "#5a3825", "#24242c", "#6b4a2f")
# What is worn, upper and lower; the ground that goes with it.
OUTFITS = (
    ("#b79a7b", "#3b4252", "#5a2e26", "#efe4d6"),
    ("#35567a", "#cdbfa5", "#3b322c", "#dfe7e1"),
    ("#3f5e52", "#2f3640", "#8a4a2b", "#f2e7c9"),
    ("#a5566a", "#3a3f58", "#2b2d36", "#f3ddcf"),
    ("#c8713d", "#33475b", "#4a3a32", "#dde8ee"),
    ("#6d5a8c", "#d9cbb2", "#5a2e26", "#e6e2ee"),
)


@cache
def _drawings(part: str) -> dict[str, tuple[Shape, ...]]:
    text = (library.HERE / "people.toml").read_text("utf-8")
    return {name: shapes.parse(drawing) for name, drawing in tomllib.loads(text)[part].items()}


def _one(part: str, word: str, luck: Luck) -> tuple[Shape, ...]:
    """A drawing of the kind that the word begins with, the one it names where it names one."""
    found = _drawings(part)
    kind = "man-" if word.startswith("man-") else "woman-"
    names = [name for name in found if name.startswith(kind)]
    return found[word if word in found else luck.one_of(names)]


def _person(luck: Luck) -> dict[str, str]:
    main, accent, pop, ground = luck.one_of(OUTFITS)
    person = {"skin": luck.one_of(SKINS[:3]), "hair": luck.one_of(HAIRS)}
    return person | {"main": main, "accent": accent, "pop": pop, "ground": ground}


def figure(word: str, width: int, height: int, luck: Luck) -> Image.Image:
    """Somebody from head to foot, before a quiet wall."""
    palette = _person(luck)
    ground = colours.rgb(palette["ground"])
    canvas = Canvas(width, height, ground)
    floor = height * 0.86
    canvas.gradient(colours.mix(ground, colours.LIGHT, 0.3), ground, 0, floor)
    pale = colours.mix(ground, (255, 255, 255), 0.5)
    canvas.oval(width / 2, height * 0.46, min(width, height) * 0.4, min(width, height) * 0.4, pale)
    canvas.rectangle(0, floor, width, height - floor, colours.mix(ground, colours.DARK, 0.14))
    tall = height * 0.8 if width > height * 0.7 else height * 0.74
    foot = height * 0.93
    plant = Place(width * (0.5 - 0.36), foot - height * 0.02, min(height * 0.34, width * 0.4))
    canvas.draw(library.objects()["tall-plant"], plant, {"main": "#5f8b5c", "accent": palette["accent"]})
    canvas.shadow(width / 2, foot, tall * 0.16, tall * 0.018, 0.4)
    canvas.draw(_one("figures", word, luck), Place(width / 2, foot, tall, is_mirrored=luck.share() < 0.5), palette)
    return canvas.finished()


def avatar(word: str, side: int, luck: Luck) -> Image.Image:
    """A portrait for `man-…` and `woman-…`; else an emblem with the object that the word begins with."""
    palette = _person(luck)
    ground = colours.mix(colours.rgb(palette["main"]), colours.rgb(palette["ground"]), 0.72)
    canvas = Canvas(side, side, ground)
    canvas.oval(side / 2, side / 2, side * 0.43, side * 0.43, colours.mix(ground, (255, 255, 255), 0.35))
    if word.startswith(("man-", "woman-")):
        canvas.draw(_one("portraits", word, luck), Place(side / 2, side, side * 0.94), palette)
    elif emblem := emblem_of(word):
        reach = library.bounds(emblem)
        tall = side * 0.54 / reach.side * 100
        down = (reach.top + reach.bottom) / 2 - 100
        across = (reach.left + reach.right) / 2 - 50
        place = Place(side / 2 - across * tall / 100, side / 2 - down * tall / 100, tall)
        canvas.draw(library.objects()[emblem], place, {"main": palette["main"], "accent": palette["accent"]})
    else:
        _rings(canvas, palette, side)
    return canvas.finished()


def emblem_of(word: str) -> str | None:
    """The object that a word begins with, the longest name that fits: `mug-harbour` is a mug."""
    names = [name for name in library.objects() if word == name or word.startswith(f"{name}-")]
    return max(names, key=len, default=None)


def _rings(canvas: Canvas, palette: dict[str, str], side: int) -> None:
    for part, role in ((0.30, "main"), (0.21, "ground"), (0.13, "accent")):
        canvas.oval(side / 2, side / 2, side * part, side * part, colours.rgb(palette[role]))
