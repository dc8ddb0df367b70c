"""What a content must have before it goes out, by its format: a draft may lack it, readers may not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import models
from core.errors import Invalid
from models import Format

Details = Mapping[str, Any]

NEEDED: dict[Format, tuple[Callable[[Details], Any], str]] = {
    Format.GALLERY: (lambda own: own.get("pictures"), "A gallery needs a picture at least."),
    Format.SHORT_VIDEO: (
        lambda own: own.get("video") or own.get("video_url"),
        "A short video needs its film: give `videoId`, or `videoUrl`.",
    ),
    Format.RANKED_LIST: (lambda own: own.get("entries"), "A ranked list needs an entry at least."),
    Format.COLLOCATION: (
        lambda own: own.get("pieces") or own.get("anchors"),
        "A collocation needs a piece, or a product in its scene.",
    ),
    Format.ITEM_NOTE: (lambda own: own.get("product"), "A note on an item needs its product."),
}
"""By format: what says that the part is there, and what is told otherwise. The other formats need no more than a title."""


class Incomplete(Invalid):
    """The version lacks what its format is about."""

    code = "INCOMPLETE"


def missing(content: models.Content, revision: models.Revision) -> list[Incomplete]:
    """What the version lacks to go out; empty when it is whole."""
    is_there, message = NEEDED.get(content.format, (bool, ""))
    return [] if not message or is_there(revision.details) else [Incomplete(message, path=("content",))]
