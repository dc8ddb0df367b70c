"""The asset centre: bytes kept once, what is known and said of them, and who may see them."""

from __future__ import annotations

from services.assets.describing import describe
from services.assets.keeping import Vanished, keep, key_of, place, remove_unused, rendition_key, take_in
from services.assets.reading import (
    NoSuchAsset,
    by_ids,
    by_uids,
    covers_of_revisions,
    of_products,
)
from services.assets.serving import AssetNotReady, File, Opening, Shown, file_of, made_file, shown

__all__ = [
    "AssetNotReady",
    "File",
    "NoSuchAsset",
    "Opening",
    "Shown",
    "Vanished",
    "by_ids",
    "by_uids",
    "covers_of_revisions",
    "describe",
    "file_of",
    "keep",
    "key_of",
    "made_file",
    "of_products",
    "place",
    "remove_unused",
    "rendition_key",
    "shown",
    "take_in",
]
