"""Makes a rendition of a picture or a film: a size, a crop, another format, a still, a short preview. Runs in the sandbox.

A picture comes out upright, in sRGB with 8 bits, without any metadata. COVER fills the size that is asked for, and makes a
smaller picture larger, since channels ask for exact sizes; INSIDE never does. Of a moving picture the first frame is taken.
JPEG has no transparency: what shows through is white.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import av
import pyvips

from services.media import previews, vips
from services.media.recipes import MEDIA_TYPES, Fit, Format, Made, Recipe, covering, inside

__all__ = ["Made", "Recipe", "render"]

WRITTEN: dict[Format, dict[str, Any]] = {
    # where differences stop being seen in photographs at the size they are shown in
    Format.JPEG: {"Q": 82, "optimize_coding": True, "interlace": True},
    Format.WEBP: {"Q": 80, "effort": 4},
    # a megapixel takes 0.2 s at effort 3, and 0.8 s at the usual 4: somebody waits for it
    Format.AVIF: {"Q": 60, "effort": 3, "compression": "av1"},
    Format.PNG: {"compression": 6},
}

HELD = 32_000_000
"""The most pixels that are held in memory to find what draws the eye; beyond that the middle is kept."""

MIDDLE = (500, 500)


def render(path: Path, recipe: Recipe, target: Path) -> Made:
    """Write to `target` what the recipe says of the file at `path`; Refused when it cannot be made."""
    if recipe.format is Format.MP4:
        previews.preview(path, target, recipe.width, recipe.height)
        return _made(target, recipe, _size_of_film(target))
    if not recipe.is_film:
        return _picture(path, recipe, target)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        still = Path(folder) / "still.png"
        previews.still(path, still)
        return _picture(still, recipe, target)


def _picture(path: Path, recipe: Recipe, target: Path) -> Made:
    with vips.damage_is_refused():
        image = _fitted(path, recipe)
        if recipe.format is Format.JPEG and image.hasalpha():
            image = image.flatten(background=[255, 255, 255])
        _write(image, recipe.format, target)
    return _made(target, recipe, (image.width, image.height))


def _fitted(path: Path, recipe: Recipe) -> pyvips.Image:
    """The picture in the size of the recipe, not reckoned before it is written."""
    wanted = (recipe.width, recipe.height)
    width, height = _upright(path)
    if recipe.fit is Fit.INSIDE:
        return _scaled(path, inside(width, height, wanted))
    across, down = covering(width, height, wanted)
    image = _scaled(path, (across, down))
    if (across, down) == wanted:
        return image
    if recipe.focal is None and across * down <= HELD:
        return image.copy_memory().smartcrop(*wanted, interesting="attention")
    x, y = recipe.focal or MIDDLE
    return image.crop(_start(x, across, wanted[0]), _start(y, down, wanted[1]), *wanted)


def _start(focal: int, length: int, kept: int) -> int:
    """Where the part that is kept begins, so that the focal point is in its middle as far as the edges let it."""
    return min(max(0, focal * length // 1_000 - kept // 2), length - kept)


def _upright(path: Path) -> tuple[int, int]:
    """Width and height when it is looked at as it was meant."""
    header = pyvips.Image.new_from_file(str(path), access="sequential")
    is_lying = header.get_typeof("orientation") and header.get("orientation") in {5, 6, 7, 8}
    return (header.height, header.width) if is_lying else (header.width, header.height)


def _scaled(path: Path, size: tuple[int, int]) -> pyvips.Image:
    """Upright, in this size and in sRGB; the decoder makes it smaller as far as it can, so that a large one costs little."""
    width, height = size
    image = pyvips.Image.thumbnail(str(path), width, height=height, size="force", output_profile="srgb")
    return image.colourspace("srgb").cast("uchar")


def _write(image: pyvips.Image, written_as: Format, target: Path) -> None:
    writers = {
        Format.JPEG: image.jpegsave,
        Format.WEBP: image.webpsave,
        Format.AVIF: image.heifsave,
        Format.PNG: image.pngsave,
    }
    writers[written_as](str(target), keep="none", **WRITTEN[written_as])


def _size_of_film(path: Path) -> tuple[int, int]:
    with av.open(str(path), format="mp4") as film:
        stream = film.streams.video[0]
        return stream.width, stream.height


def _made(target: Path, recipe: Recipe, size: tuple[int, int]) -> Made:
    with target.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    width, height = size
    return Made(
        media_type=MEDIA_TYPES[recipe.format],
        byte_count=target.stat().st_size,
        width=width,
        height=height,
        sha256=digest,
    )
