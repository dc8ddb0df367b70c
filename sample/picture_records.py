"""Drawn pictures as assets: their facts are read from the bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import UUID

from PIL import Image

from models import AssetFactsSource, AssetKind
from sample import drawing
from sample.naming import named, uid
from sample.reading import BadSample
from services.interchange.records import AssetRecord

CREDIT = "Headwater sample"
LICENCE = "Apache-2.0"


def uid_of(key: str) -> UUID:
    return uid("picture", key)


def read(key: str) -> drawing.PictureKey:
    try:
        return drawing.parse(key)
    except drawing.NoSuchPicture as error:
        raise BadSample(f"{key}: {error}") from error


def assets(pictures: Mapping[str, Path]) -> Iterator[AssetRecord]:
    for key, path in pictures.items():
        content = path.read_bytes()
        with Image.open(path) as image:
            width, height, media_type = *image.size, Image.MIME[image.format or ""]
            # what rules about files block by; the rest is found when a worker looks into it
            facts = {"frame_count": getattr(image, "n_frames", 1), "has_transparency": image.has_transparency_data}
        yield AssetRecord.model_validate(
            named("picture", key)
            | {
                "kind": AssetKind.IMAGE,
                "sha256": hashlib.sha256(content).hexdigest(),
                "media_type": media_type,
                "byte_count": len(content),
                "width": width,
                "height": height,
                "facts_source": AssetFactsSource.PROBED,
                "facts": facts,
                "file_name": path.name,
                "alternative_text": drawing.describe(key),
                "credit": CREDIT,
                "licence": LICENCE,
            }
        )
