"""libvips with the limits under which it reads files of strangers: whoever decodes or draws pictures gets it from here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyvips

from services.media.facts import Flaw, Refused

LOADERS = {
    "image/jpeg": "jpegload",
    "image/png": "pngload",
    "image/gif": "gifload",
    "image/webp": "webpload",
    "image/avif": "heifload",
    "image/tiff": "tiffload",
}
"""The loader of each media type. Files are never opened by what libvips takes them for."""

# What libvips 8.18 says of every TIFF in 8-bit Lab.
_LAB = "bad labq format"

# What libvips, libheif, libjpeg and GLib say when the memory of the process has an end: WebP and AVIF are unpacked as a whole.
_SHORTAGES = ("out of memory", "Memory allocation error", "Insufficient memory", "Error creating thread")

_PAGED = {"image/gif", "image/webp"}
_OPEN_CLASSES = ("Jpeg", "Png", "Nsgif", "Webp", "Heif", "Tiff")


def _bounded() -> None:
    """No cache of past operations, no threads (a process looks at one file at a time), no loader but those we take."""
    pyvips.cache_set_max(0)
    pyvips.cache_set_max_mem(0)
    pyvips.cache_set_max_files(0)
    pyvips.concurrency_set(1)
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for name in _OPEN_CLASSES:
        pyvips.operation_block_set(f"VipsForeignLoad{name}", False)


_bounded()


def opened(path: Path, media_type: str, *, frames: int = 1, fail_on: str = "error") -> pyvips.Image:
    """The picture as its file has it, read from top to bottom once. `frames` -1 means all of them, one below the other.

    Only the head is read here; damage further down shows when pixels are asked for (see `damage_is_refused`).
    Raises Refused when the head is none.
    """
    options: dict[str, object] = {"access": "sequential", "fail_on": fail_on}
    if media_type in _PAGED:
        options["n"] = frames
    with damage_is_refused():
        return pyvips.Operation.call(LOADERS[media_type], str(path), **options)


@contextmanager
def damage_is_refused() -> Iterator[None]:
    """Refused for whatever libvips cannot do. What it says of that names paths and our insides, so it is not passed on.

    It may say it in bytes of the file, which are no text: then it still has it on its mind, and would say it of the next file.
    """
    try:
        yield
    except (pyvips.Error, UnicodeDecodeError) as error:
        pyvips.vips_lib.vips_error_clear()
        if any(word in str(error) for word in _SHORTAGES):
            detail = "to unpack it takes more memory than there is for one picture: make it smaller, or save it as JPEG"
            raise Refused(Flaw.TOO_MANY_PIXELS, detail) from error
        if _LAB in str(error):
            raise Refused(Flaw.UNSUPPORTED_FILE, "a TIFF in Lab of 8 bits cannot be read: save it in RGB") from error
        raise Refused(Flaw.BROKEN_FILE, "the picture is damaged, or not all of it is there") from error


def orientation(head: pyvips.Image) -> int:
    """How the picture is to be turned, as EXIF counts (1-8); 1 for what EXIF does not know."""
    said = number(head, "orientation", 1)
    return said if 1 <= said <= 8 else 1


def number(head: pyvips.Image, name: str, otherwise: int) -> int:
    """What the head says under this name."""
    return int(head.get(name)) if head.get_typeof(name) else otherwise
