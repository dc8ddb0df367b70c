"""Draws the pictures of the sample: flat, in quiet colours, and the same every time."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import Image

from sample.drawing import goods, keys, library, people, scenes
from sample.drawing.goods import Look
from sample.drawing.keys import SHAPES, NoSuchPicture, PictureKey, parse
from sample.drawing.luck import Luck

__all__ = ["SHAPES", "Look", "NoSuchPicture", "PictureKey", "describe", "draw", "draw_all", "encode", "parse"]

JPEG_QUALITY = 85
# Few colours and hard edges: as PNG a portrait is small and exact.
AS_PNG = frozenset({"avatar"})
AS_WEBP = frozenset({"flatlay"})
WEBP_QUALITY = 86


def draw(key: PictureKey, looks: Mapping[str, Look]) -> Image.Image:
    """The picture that a key names; `looks` tells how the products look."""
    luck = Luck(key.text.partition("@")[0])
    match key.motif:
        case "product":
            return goods.alone(looks[key.subject], key.width, key.height)
        case "flatlay":
            return goods.laid_out([looks[product] for product in key.products], key.width, key.height, luck)
        case "figure":
            return people.figure(key.subject, key.width, key.height, luck)
        case "avatar":
            return people.avatar(key.subject, key.width, luck)
        case _:
            return scenes.drawn(key.motif, key.width, key.height, luck)


def encode(key: PictureKey, image: Image.Image) -> tuple[str, bytes]:
    """The file's ending and its bytes."""
    held = io.BytesIO()
    if key.motif in AS_PNG:
        image.quantize(128, dither=Image.Dither.NONE).save(held, "PNG", optimize=True)
        return "png", held.getvalue()
    if key.motif in AS_WEBP:
        image.save(held, "WEBP", quality=WEBP_QUALITY, method=0)
        return "webp", held.getvalue()
    image.save(held, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return "jpg", held.getvalue()


def draw_all(folder: Path, wanted: Iterable[str], looks: Mapping[str, Look]) -> dict[str, Path]:
    """Draw what is wanted into the folder, by key; a picture that stands there already is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    there = {path.stem: path for path in folder.iterdir() if path.suffix != ".part"}
    return {text: there.get(_stem(text)) or _saved(folder, parse(text), looks) for text in wanted}


def _saved(folder: Path, key: PictureKey, looks: Mapping[str, Look]) -> Path:
    ending, content = encode(key, draw(key, looks))
    path = folder / f"{_stem(key.text)}.{ending}"
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
    return path


def _stem(text: str) -> str:
    return text.replace("/", "--")


def describe(text: str) -> str:
    """What a picture shows, in Chinese and English, for those who cannot see it."""
    key = parse(text)
    if key.motif in library.scenes():
        scene = library.scenes()[key.motif]
        return f"{scene.zh} · {scene.en}"
    return keys.NAMES[key.motif]
