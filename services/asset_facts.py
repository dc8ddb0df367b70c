"""From the row of an asset to what the engine of channels sees of the file."""

from __future__ import annotations

from typing import TypeVar

import models
from models import AssetFactsSource
from services.channels.facts import AssetFacts

Known = TypeVar("Known", bool, int, str)


def of(asset: models.Asset, base_url: str) -> AssetFacts:
    """Facts of a file. Measured ones are `probed`; all else is somebody's word, or not known."""
    frames = _known(asset, "frame_count", int)
    is_measured = asset.facts_source is AssetFactsSource.PROBED
    return AssetFacts(
        uid=str(asset.uid),
        kind=asset.kind.value,
        media_type=asset.media_type,
        bytes=asset.byte_count,
        width=asset.width,
        height=asset.height,
        duration_ms=asset.duration_ms,
        bitrate=asset.bitrate,
        has_alt_text=bool(asset.alternative_text) or None,
        is_animated=None if frames is None else frames > 1,
        has_transparency=_known(asset, "has_transparency", bool),
        white_background=_known(asset, "white_background", int),
        url=asset.url if asset.sha256 is None else f"{base_url}/assets/{asset.uid}",
        perceptual_hash=_known(asset, "perceptual_hash", str) if is_measured else None,
        source="probed" if is_measured else "declared",
    )


def _known(asset: models.Asset, name: str, kind: type[Known]) -> Known | None:
    """A fact that has no column; None where it is not of the kind it should be, as an import may have it."""
    value = asset.facts.get(name)
    return value if type(value) is kind else None
