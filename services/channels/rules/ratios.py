"""The shape of pictures and videos: whether width and height make a ratio that a pack names."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def parsed(ratio: str) -> tuple[int, int]:
    """Width and height of a ratio like "16:9" or "1.91:1", as whole numbers. ValueError when one of them is zero."""
    return _parsed(ratio)


@lru_cache(maxsize=1024)
def _parsed(ratio: str) -> tuple[int, int]:
    width, _, height = ratio.partition(":")
    places = max(len(side.partition(".")[2]) for side in (width, height))
    sides = tuple(
        int(whole + part.ljust(places, "0")) for whole, _, part in (s.partition(".") for s in (width, height))
    )
    if 0 in sides:
        raise ValueError(f"{ratio!r} is no ratio: a side is zero")
    return sides[0], sides[1]


def _checked(ratio: str) -> str:
    parsed(ratio)
    return ratio


Ratio = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?:[0-9]+(\.[0-9]+)?$"), AfterValidator(_checked)]


def has_ratio(width: int, height: int, ratio: str, tolerance_percent: int) -> bool:
    """Whether width to height is the ratio, give or take so many percent of it.

    Without tolerance a side may still be off by less than one pixel: 750 × 422 is 16:9, since pixels are whole.
    """
    across, down = parsed(ratio)
    off = abs(width * down - height * across)
    return off < max(across, down) or off * 100 <= tolerance_percent * height * across


def lies_between(width: int, height: int, low: str, high: str) -> bool:
    """Whether width to height lies between the two ratios, both included, in whichever order they are named."""
    ends = [parsed(low), parsed(high)]
    ends.sort(key=lambda end: end[0] / end[1])
    (low_across, low_down), (high_across, high_down) = ends
    return width * low_down >= height * low_across and width * high_down <= height * high_across


def distance(width: int, height: int, ratio: str) -> float:
    """How far width to height is from the ratio, as a factor less one: 0 is equal, 1 is twice or half of it."""
    across, down = parsed(ratio)
    factor = (width * down) / (height * across)
    return max(factor, 1 / factor) - 1
