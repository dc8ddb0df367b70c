"""Colours: mixing, and the short words by which drawings name them."""

from __future__ import annotations

import re
from collections.abc import Mapping

Rgb = tuple[int, int, int]
Rgba = tuple[int, int, int, int]

WORD = re.compile(r"^(?P<name>#[0-9a-f]{6}|[a-z]+)(?P<tone>[+-]*)(?:/(?P<alpha>\d+))?$")
LIGHT: Rgb = (255, 252, 245)
DARK: Rgb = (26, 28, 44)
STEP = 0.2

# What looks the same whatever the palette.
FIXED = {
    "ink": "#2b2d36",
    "white": "#ffffff",
    "paper": "#faf6ec",
    "wood": "#b98a5b",
    "metal": "#c3cad0",
    "glass": "#cfe3e8",
    "leaf": "#5f8b5c",
    "soil": "#6b4f3a",
    "skin": "#e8b796",
    "flame": "#f2994a",
    "gold": "#f2c14e",
    "red": "#c8553d",
}


def rgb(hexadecimal: str) -> Rgb:
    value = int(hexadecimal[1:], 16)
    return value >> 16, value >> 8 & 255, value & 255


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """`share` of the other colour in the one."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def toned(colour: Rgb, tone: str) -> Rgb:
    """Lighter by a step for each plus, darker for each minus."""
    for sign in tone:
        colour = mix(colour, LIGHT if sign == "+" else DARK, STEP)
    return colour


def named(word: str, palette: Mapping[str, str]) -> Rgba:
    """The colour that a word stands for: `main`, `accent-`, `#8fa9bd+`, `ink/30` (thirty percent opaque)."""
    found = WORD.match(word)
    if not found:
        raise ValueError(f"{word} is no colour")
    name = found["name"]
    plain = name if name.startswith("#") else palette.get(name) or FIXED[name]
    red, green, blue = toned(rgb(plain), found["tone"])
    return red, green, blue, round(int(found["alpha"] or 100) * 2.55)
