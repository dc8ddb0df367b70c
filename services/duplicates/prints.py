"""Prints of texts and pictures: short forms in which near copies have much in common, with bands by which to find them.

Texts: every run of three tokens is hashed once; one-permutation hashing (Li, Owen, Zhang, 2012) keeps the smallest hash of
each of 192 bins, an empty bin takes that of another by a fixed order of its own (Shrivastava, 2017). Equal places of two
sketches over all places estimate how many of their runs both texts have, of all that either has. Three places are a band.

Pictures: 64 bits (services/media/likeness.py) in four bands of sixteen. Of two that differ in at most seven bits, some band
differs in at most one, so whoever looks up every band with each of its bits turned finds all of them.
"""

from __future__ import annotations

import re
import struct
import zlib
from functools import lru_cache
from hashlib import blake2b
from operator import eq
from typing import NamedTuple

from search import analysis

VERSION = 1
"""Grows when the same text or picture would give another print."""

RUN = 3
BINS = 192
ROWS = 3
SHORT = 50
"""Texts of fewer tokens are compared as a whole: one of them is another, or it is not."""

LEAST_PERCENT = 50
MOST_BITS = 7
"""Texts that have less in common, and pictures that differ in more bits, are no copies of each other for anybody."""

_HASH = re.compile("[0-9a-f]{16}")
_PICTURE_BANDS = 4
_BAND_BITS = 16
_SKETCH = struct.Struct(f"<{BINS}I")


class TextPrint(NamedTuple):
    """`digest` is of all tokens in their order; sketch and bands are of texts that are long enough."""

    digest: bytes
    sketch: bytes | None = None
    bands: tuple[int, ...] = ()


def of_text(text: str) -> TextPrint | None:
    """The print of a text, whatever its case, width, spaces and signs; None of one without a letter or digit."""
    tokens = analysis.characters(analysis.fold(text))
    if not tokens:
        return None
    digest = blake2b("\n".join(tokens).encode(), digest_size=16).digest()
    if len(tokens) < SHORT:
        return TextPrint(digest)
    sketch = _sketch(tokens)
    return TextPrint(digest, sketch, bands_of(sketch))


def bands_of(sketch: bytes) -> tuple[int, ...]:
    """Signed 32-bit numbers, of which two texts have at least one in common when they are much alike."""
    width = 4 * ROWS
    return tuple(
        (zlib.crc32(sketch[at : at + width], at + 1) ^ 0x80000000) - 0x80000000 for at in range(0, 4 * BINS, width)
    )


def percent(one: TextPrint, other: TextPrint) -> int:
    """How much of two texts is the same: twice the runs of three tokens that both have, of the runs of either, in percent.

    Estimated from the sketches, with an error of some three points; 100 is said of equal texts alone.
    """
    if one.digest == other.digest:
        return 100
    if one.sketch is None or other.sketch is None:
        return 0
    both: int = sum(map(eq, memoryview(one.sketch).cast("I"), memoryview(other.sketch).cast("I")))
    return min(99, 200 * both // (BINS + both))


def of_picture(perceptual_hash: str) -> int | None:
    """The signed number that a hash is stored as; None of a plain surface, which is like every other, and of what is no hash."""
    number = int(perceptual_hash, 16) if _HASH.fullmatch(perceptual_hash) else 0
    return (number ^ 1 << 63) - (1 << 63) if number else None


def bits_apart(one: int, other: int) -> int:
    """In how many of their 64 bits two pictures differ."""
    return ((one ^ other) & (1 << 64) - 1).bit_count()


def picture_bands(picture: int) -> tuple[int, ...]:
    """The bands of a picture, each with its place in the number."""
    mask = (1 << _BAND_BITS) - 1
    return tuple(place << _BAND_BITS | picture >> place * _BAND_BITS & mask for place in range(_PICTURE_BANDS))


def picture_probes(picture: int) -> tuple[int, ...]:
    """The bands of all pictures that differ from this one in at most seven bits have one of these among them."""
    return tuple(
        band ^ turned for band in picture_bands(picture) for turned in (0, *(1 << bit for bit in range(_BAND_BITS)))
    )


def _sketch(tokens: list[str]) -> bytes:
    least: list[int | None] = [None] * BINS
    for run in {" ".join(tokens[at : at + RUN]) for at in range(len(tokens) - RUN + 1)}:
        hashed = int.from_bytes(blake2b(run.encode(), digest_size=8).digest())
        place, value = hashed % BINS, hashed >> 32
        known = least[place]
        if known is None or value < known:
            least[place] = value
    filled = [_lent(least, place) if value is None else value for place, value in enumerate(least)]
    return _SKETCH.pack(*filled)


def _lent(least: list[int | None], place: int) -> int:
    """What an empty bin takes: that of the first bin, in its own order, which has something."""
    return next(value for lender in _lenders(place) if (value := least[lender]) is not None)


@lru_cache(maxsize=BINS)
def _lenders(place: int) -> tuple[int, ...]:
    order = {lender: blake2b(struct.pack("<HH", place, lender), digest_size=8).digest() for lender in range(BINS)}
    return tuple(sorted(order, key=order.__getitem__))
