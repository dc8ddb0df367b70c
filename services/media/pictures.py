"""Looks into a picture: its size, how it is stored, whether it moves or lets something through, what it looks like.

The head is read first, and a picture of more pixels or frames than the limits allow is refused before any is unpacked. Then all of
it is decoded once, from top to bottom, so that one that is cut short or damaged is refused. What it looks like (likeness.py) is
told of its first frame.

`colour_space` is one of `srgb` (without a profile, or with that of sRGB), `display-p3`, `adobe-rgb`, `rgb` (by another
profile, or linear), `grey`, `cmyk`, `lab`, `other`. `bit_depth` counts the bits of one channel; a palette's colours have 8.

Of a TIFF the first page is the picture. libvips shows the still of a moving PNG (APNG): its frames and their times are read
from their heads, and only the still is decoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyvips

from services.media import likeness, segments, vips, whereabouts
from services.media.facts import Flaw, Limits, PictureFacts, Refused
from services.media.segments import Segment, View

# Browsers show a frame for 100 ms that asks for 10 ms or less.
_SHORTEST_MS, _INSTEAD_MS = 10, 100

_FRAMES = {"image", "ANMF", "fcTL"}  # as GIF, WebP and PNG have them

# What libjpeg only warns of although pixels are made up; it warns too of what does no harm, such as bytes between segments.
_DAMAGE = ("premature end", "bad Huffman code", "found marker")

_COLOUR_SPACES = {
    "b-w": "grey", "grey16": "grey", "srgb": "srgb", "rgb": "srgb", "rgb16": "srgb", "scrgb": "rgb", "cmyk": "cmyk", "lab": "lab",
    "labs": "lab", "labq": "lab",
}  # fmt: skip
_PROFILES = ((b"Display P3", "display-p3"), (b"Adobe RGB", "adobe-rgb"), (b"sRGB", "srgb"))
_BIT_DEPTHS = {"uchar": 8, "ushort": 16, "uint": 32, "float": 32, "double": 64}


@dataclass(frozen=True)
class Motion:
    """How many frames there are, and how long all of them take; None when there is one."""

    frame_count: int
    duration_ms: int | None


def probe(path: Path, media_type: str, limits: Limits) -> PictureFacts:
    """The facts of the picture at `path`, which by its first bytes is of `media_type`. Raises Refused."""
    with segments.viewed(path) as view:
        parts = segments.parts(view, media_type)
        # before a decoder looks through all of them to say how many there are
        if sum(part.name in _FRAMES for part in parts) > limits.frames:
            raise Refused(Flaw.TOO_MANY_FRAMES, f"it has more than the {limits.frames:,} frames that are taken")
        has_location = whereabouts.checked(view, media_type, parts)
        motion_of_png = _motion_of_png(view, parts)
    head = vips.opened(path, media_type)
    motion = motion_of_png or _motion(head)
    _check(head, motion, limits)
    width, height = _upright(head)
    with vips.damage_is_refused():
        has_transparency = _has_transparency(path, media_type, head, motion)
        small = _small(path, media_type)
    return PictureFacts(
        media_type=media_type,
        has_location=has_location,
        width=width,
        height=height,
        orientation=vips.orientation(head),
        has_transparency=has_transparency,
        frame_count=motion.frame_count,
        duration_ms=motion.duration_ms,
        colour_space=_colour_space(head),
        bit_depth=_bit_depth(head),
        dominant_colours=likeness.dominant_colours(small),
        white_background=likeness.white_background(small),
        sharpness=likeness.sharpness(small),
        perceptual_hash=likeness.perceptual_hash(small),
    )


def _motion_of_png(view: View, parts: list[Segment]) -> Motion | None:
    """By the frame control chunks of a PNG that says that it moves (W3C, third edition, 11.3.6); None when it does not."""
    if not any(part.name == "acTL" for part in parts):
        return None
    delays = [_delay(view[part.body : part.body_end]) for part in parts if part.name == "fcTL"]
    return _moving(delays) if len(delays) > 1 else None


def _delay(control: bytes) -> int:
    """Milliseconds that a frame of a PNG is shown: a fraction of seconds, of hundredths when the lower part is 0."""
    above, below = int.from_bytes(control[20:22]), int.from_bytes(control[22:24]) or 100
    return above * 1_000 // below


def _motion(head: pyvips.Image) -> Motion:
    if head.get("vips-loader").startswith(("gif", "webp")) and vips.number(head, "n-pages", 1) > 1:
        return _moving(head.get("delay") if head.get_typeof("delay") else [0] * head.get("n-pages"))
    return Motion(1, None)


def _moving(delays: list[int]) -> Motion:
    return Motion(len(delays), sum(delay if delay > _SHORTEST_MS else _INSTEAD_MS for delay in delays))


def _check(head: pyvips.Image, motion: Motion, limits: Limits) -> None:
    if head.width * head.height * motion.frame_count > limits.pixels:
        frames = f" x {motion.frame_count} frames" if motion.frame_count > 1 else ""
        detail = f"{head.width} x {head.height}{frames} are more than the {limits.pixels:,} pixels that are taken"
        raise Refused(Flaw.TOO_MANY_PIXELS, detail)


def _has_transparency(path: Path, media_type: str, head: pyvips.Image, motion: Motion) -> bool:
    """Whether any pixel of any frame lets something through. A still without alpha is not read here."""
    if not head.hasalpha() and motion.frame_count == 1:
        return False
    every = vips.opened(path, media_type, frames=-1)
    if not every.hasalpha():
        every.avg()  # for the damage that it may show
        return False
    opaque = {"uchar": 255, "ushort": 65535}.get(every.format, 1)
    return bool(every[every.bands - 1].min() < opaque)


def _small(path: Path, media_type: str) -> pyvips.Image:
    """The copy that is measured; a JPEG is refused where the decoder had to make pixels up."""
    if media_type != "image/jpeg":
        return likeness.copy_of(vips.opened(path, media_type))
    try:
        return likeness.copy_of(vips.opened(path, media_type, fail_on="warning"))
    except pyvips.Error as error:
        if any(word in str(error) for word in _DAMAGE):
            raise
    return likeness.copy_of(vips.opened(path, media_type))


def _upright(head: pyvips.Image) -> tuple[int, int]:
    return (head.height, head.width) if vips.orientation(head) >= 5 else (head.width, head.height)


def _colour_space(head: pyvips.Image) -> str:
    plain = _COLOUR_SPACES.get(head.interpretation, "other")
    if plain != "srgb" or not head.get_typeof("icc-profile-data"):
        return plain
    profile = head.get("icc-profile-data").replace(b"\0", b"")  # its name may be UTF-16
    return next((word for name, word in _PROFILES if name in profile), "rgb")


def _bit_depth(head: pyvips.Image) -> int:
    if head.get_typeof("palette"):
        return 8
    return vips.number(head, "bits-per-sample", _BIT_DEPTHS.get(head.format, 8))
