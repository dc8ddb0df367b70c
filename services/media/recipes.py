"""What may be made of a file, and how large it will come out: plain values, without the decoders that make it."""

from __future__ import annotations

import enum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.media.facts import Pixels

Thousandths = Annotated[int, Field(ge=0, le=1_000)]


class Fit(enum.StrEnum):
    """COVER fills exactly the size that is asked for, INSIDE is as large as fits into it."""

    COVER = "cover"
    INSIDE = "inside"


class Format(enum.StrEnum):
    """What a rendition is written as; MP4 is a preview of a film, all others are pictures."""

    WEBP = "webp"
    AVIF = "avif"
    JPEG = "jpeg"
    PNG = "png"
    MP4 = "mp4"


MEDIA_TYPES = {
    Format.WEBP: "image/webp",
    Format.AVIF: "image/avif",
    Format.JPEG: "image/jpeg",
    Format.PNG: "image/png",
    Format.MP4: "video/mp4",
}


class Recipe(BaseModel):
    """One rendition of a picture, or of a film when `is_film`.

    `focal` are thousandths of width and height from the top left: what COVER keeps in the middle, as far as the edges let
    it. Without one the part that draws the eye is kept.
    """

    model_config = ConfigDict(frozen=True)

    width: Pixels
    height: Pixels
    fit: Fit
    format: Format
    focal: tuple[Thousandths, Thousandths] | None = None
    is_film: bool = False

    @property
    def name(self) -> str:
        """All that it depends on but the bytes, such as "750x422-cover-500_250.webp"."""
        kept = f"-{self.focal[0]}_{self.focal[1]}" if self.focal else "-auto"
        return f"{self.width}x{self.height}-{self.fit}{kept if self.fit is Fit.COVER else ''}.{self.format}"


class Made(BaseModel):
    """A rendition that was written: what it is, and the SHA-256 of its bytes in hexadecimal."""

    model_config = ConfigDict(frozen=True)

    media_type: str
    byte_count: int
    width: Pixels
    height: Pixels
    sha256: str


def inside(width: int, height: int, within: tuple[int, int]) -> tuple[int, int]:
    """How large a picture of this size comes out when it has to fit into another: never larger than it is."""
    across, down = within
    if width <= across and height <= down:
        return width, height
    # the side that touches is exact; whole numbers, so that whoever reckons gets the same
    if width * down > height * across:
        return across, max(1, (2 * height * across + width) // (2 * width))
    return max(1, (2 * width * down + height) // (2 * height)), down


def covering(width: int, height: int, size: tuple[int, int]) -> tuple[int, int]:
    """The least size of a picture in its own ratio that covers another: what is over on two edges is cut off."""
    across, down = size
    if width * down > height * across:
        return -(-width * down // height), down
    return across, -(-height * across // width)
