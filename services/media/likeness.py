"""What a picture looks like, measured on a copy of at most 512 pixels: colours, white background, sharpness, perceptual hash."""

from __future__ import annotations

import math
import operator
import statistics
from collections import defaultdict

import pyvips

from services.media.facts import Colour

SIDE = 512
"""The longer side of the copy that is measured, in pixels. A smaller picture stays as it is."""

WHITE = 245
"""Near white is what has at least this in each channel."""

OPAQUE = 250
"""From here on an alpha of 255 counts as white where the picture is; below, something else may show through."""

BORDER_PERCENT = 4
COLOUR_COUNT = 5
_COLOUR_SIDE = 96
_SHOWN = 128
_APART = 48.0
"""How far from each other two colours are that are told apart, in sRGB with 256 steps."""

_HASH_SIDE, _HASH_KEPT = 32, 8

Rgb = tuple[float, float, float]


def copy_of(image: pyvips.Image) -> pyvips.Image:
    """A small copy in memory, upright, in sRGB with 8 bits, with transparency where there is any.

    Reads the whole picture. What a profile says of its colours is heeded; one that cannot be read is left aside.
    """
    has_own_colours = image.interpretation != "cmyk"  # these are in sRGB when they come back, by their profile
    small = image.thumbnail_image(SIDE, height=SIDE, size="down").copy_memory()
    if has_own_colours and small.bands >= 3 and small.get_typeof("icc-profile-data"):
        try:
            small = small.icc_transform("srgb", embedded=True, intent="relative").copy_memory()
        except pyvips.Error:
            small = small.copy()
    return small.colourspace("srgb").cast("uchar").copy_memory()


def dominant_colours(small: pyvips.Image) -> tuple[Colour, ...]:
    """Up to five colours and how many percent of the picture each covers, the largest first; transparent pixels are none.

    Pixels are counted in boxes of 16 steps a channel. Going from the fullest box to the emptiest, one whose mean is near that of
    one before belongs to it. A colour is the mean of its fullest box, so that a plain surface keeps its own; what covers less
    than a percent is left out.
    """
    pixels = _pixels(small)
    boxes: dict[tuple[int, int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for red, green, blue, alpha in pixels:
        if alpha >= _SHOWN:
            boxes[red >> 4, green >> 4, blue >> 4].append((red, green, blue))
    found: list[tuple[Rgb, int]] = []
    for _, held in sorted(boxes.items(), key=lambda box: (-len(box[1]), box[0])):
        mean = _mean(held)
        near = next((at for at, (colour, _) in enumerate(found) if math.dist(colour, mean) < _APART), None)
        if near is None:
            found.append((mean, len(held)))
        else:
            found[near] = (found[near][0], found[near][1] + len(held))
    found.sort(key=lambda one: -one[1])
    shares = ((colour, 100 * count // len(pixels)) for colour, count in found[:COLOUR_COUNT])
    return tuple(Colour(colour=_written(colour), percent=percent) for colour, percent in shares if percent)


def white_background(small: pyvips.Image) -> int:
    """How many percent of the border are near white: of the pixels within 4 % of each side, at least one pixel.

    Transparent pixels are not white: what shows through is somebody else's. 100 only when all are.
    """
    white = (small[0] >= WHITE) & (small[1] >= WHITE) & (small[2] >= WHITE)
    if small.hasalpha():
        white = white & (small[3] >= OPAQUE)
    across, down = (max(1, side * BORDER_PERCENT // 100) for side in (small.width, small.height))
    width, height = small.width - 2 * across, small.height - 2 * down
    count: int = _count(white)
    whole: int = small.width * small.height
    if width > 0 and height > 0:
        count -= _count(white.crop(across, down, width, height))
        whole -= width * height
    return 100 * count // whole


def sharpness(small: pyvips.Image) -> int:
    """The variance of the Laplacian of the grey picture (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy",
    2000): with the four neighbours, grey from 0 to 255, transparent parts on white. 0 is a plain surface; two photographs
    in focus had 544 and 2,260, blurred by one pixel 57 and 224, by two 7 and 19.
    """
    if small.width * small.height == 1:
        return 0
    laplacian = _grey(small).cast("float").conv([[0, 1, 0], [1, -4, 1], [0, 1, 0]], precision="float")
    deviation: float = laplacian.deviate()
    return round(deviation**2)


def perceptual_hash(small: pyvips.Image) -> str:
    """64 bits that are the same for pictures that look alike, in hexadecimal: few bits differ where little does.

    After Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), 3.2.1: the grey picture in 32 by
    32 pixels, its cosine transform (DCT-II), of that the frequencies 1 to 8 across and down, without the constant part; a bit
    is set where one is above their median. Row by row, lowest frequency first, the first bit the highest. Plain surfaces are 0.
    """
    grey = _grey(small).thumbnail_image(_HASH_SIDE, height=_HASH_SIDE, size="force")
    raw = bytes(grey.cast("uchar").write_to_memory())
    rows = [raw[at : at + _HASH_SIDE] for at in range(0, _HASH_SIDE * _HASH_SIDE, _HASH_SIDE)]
    across = [[_dot(row, wave) for wave in _WAVES] for row in rows]
    # rounded, so that what is equal but for the last bits of floats is equal
    transformed = [round(_dot(column, wave), 3) for wave in _WAVES for column in zip(*across, strict=True)]
    median = statistics.median(transformed)
    return f"{sum(1 << 63 - at for at, value in enumerate(transformed) if value > median):016x}"


_WAVES = [
    [math.cos(math.pi / _HASH_SIDE * (at + 0.5) * frequency) for at in range(_HASH_SIDE)]
    for frequency in range(1, _HASH_KEPT + 1)
]


def _dot(values: bytes | list[float] | tuple[float, ...], wave: list[float]) -> float:
    return float(sum(map(operator.mul, values, wave)))


def _grey(small: pyvips.Image) -> pyvips.Image:
    on_white = small.flatten(background=[255, 255, 255]) if small.hasalpha() else small
    return on_white.colourspace("b-w")


def _pixels(small: pyvips.Image) -> list[tuple[int, int, int, int]]:
    """Red, green, blue and alpha of a still smaller copy."""
    tiny = small.thumbnail_image(_COLOUR_SIDE, height=_COLOUR_SIDE, size="down")
    raw = bytes((tiny if tiny.hasalpha() else tiny.bandjoin(255)).cast("uchar").write_to_memory())
    return list(zip(raw[0::4], raw[1::4], raw[2::4], raw[3::4], strict=True))


def _mean(pixels: list[tuple[int, int, int]]) -> Rgb:
    red, green, blue = (sum(channel) / len(pixels) for channel in zip(*pixels, strict=True))
    return red, green, blue


def _written(colour: Rgb) -> str:
    return "#" + "".join(f"{round(channel):02x}" for channel in colour)


def _count(mask: pyvips.Image) -> int:
    """How many pixels of a mask are set."""
    count: float = mask.avg() / 255 * mask.width * mask.height
    return round(count)
