"""Scenes: a backdrop, and things in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PIL import Image

from sample.drawing import colours, library
from sample.drawing.backdrops import BACKDROPS
from sample.drawing.canvas import Canvas, Place
from sample.drawing.library import Thing
from sample.drawing.luck import Luck

# What hangs or leans throws no shadow on the ground.
HANGING = frozenset(
    {
        "pendant",
        "picture",
        "window",
        "curtain",
        "lantern-string",
        "mountain",
        "lighthouse",
        "blanket",
        "mirror",
        "towel",
    }
)
SIZE_SWING = 0.03
# How much nearer we stand to what is small; measured from where the things in front stand.
NEARER = {"table": 1.42, "kitchen": 1.42, "rain-window": 1.5, "room": 1.25, "window-wall": 1.3, "skyline": 1.2}
FRONT = 0.97
FAR = frozenset({"mountain", "lighthouse", "lantern-string"})


def drawn(name: str, width: int, height: int, luck: Luck) -> Image.Image:
    """The scene in the palette and arrangement that luck gives it."""
    scene = library.scenes()[name]
    palette = library.palettes()[luck.one_of(scene.palettes)]
    is_mirrored = luck.share() < 0.5
    canvas = Canvas(width, height, colours.rgb(palette["bottom"]))
    BACKDROPS[scene.backdrop](canvas, palette, luck)
    for thing in scene.things:
        _put(canvas, _nearer(thing, scene.backdrop), palette, luck, is_mirrored=is_mirrored)
    return canvas.finished()


def _nearer(thing: Thing, backdrop: str) -> Thing:
    """The thing as it looks from nearer: larger, and what stands on another still stands on it."""
    factor = NEARER.get(backdrop, 1.12)
    if thing.name in FAR:
        return thing
    if thing.name in HANGING:
        return replace(thing, height=thing.height * (1 + factor) / 2)
    return replace(thing, height=thing.height * factor, y=FRONT - (FRONT - thing.y) * factor)


def _put(canvas: Canvas, thing: Thing, palette: Mapping[str, str], luck: Luck, *, is_mirrored: bool) -> None:
    x = (1 - thing.x if is_mirrored else thing.x) * canvas.width
    tall = thing.height * canvas.stage * luck.between(1 - SIZE_SWING, 1 + SIZE_SWING)
    y = canvas.level(thing.y)
    reach = library.bounds(thing.name)
    if thing.name not in HANGING:
        half = (reach.right - reach.left) / 200 * tall
        canvas.shadow(x, y, half * 1.05, max(3.0, tall * 0.035), 0.28)
        y += tall * (100 - reach.bottom) / 100  # what does not fill its box stands on the ground all the same
    place = Place(x, y, tall, -thing.angle if is_mirrored else thing.angle, is_mirrored)
    colouring = {**palette, "main": _hexadecimal(thing.main, palette), "accent": _hexadecimal(thing.accent, palette)}
    canvas.draw(library.objects()[thing.name], place, colouring)


def _hexadecimal(word: str, palette: Mapping[str, str]) -> str:
    red, green, blue, _ = colours.named(word, palette)
    return f"#{red:02x}{green:02x}{blue:02x}"
