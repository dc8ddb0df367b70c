"""Keys of pictures: what is drawn, in which variant, in which shape.

product/camp-stove                     a product alone on white
flatlay/camp-stove+tunnel-tent@wide    products laid out on a coloured ground
figure/woman-coat@tall                 somebody in an outfit
avatar/man-akuan                       a portrait
camp-night/two@wide                    a scene; the variant changes colours and arrangement
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sample.drawing import library

SHAPES = {
    "wide": (1200, 675),
    "cover": (900, 506),
    "square": (1080, 1080),
    "tall": (1080, 1440),
    "portrait": (1080, 1920),
    "banner": (1500, 500),
}
FIXED_SHAPES = {"avatar": (512, 512), "product": SHAPES["square"]}
WORD = re.compile(r"^[a-z0-9][a-z0-9-]*$")
MOST_PRODUCTS = 8


class NoSuchPicture(ValueError):  # noqa: N818  (named after what happened)
    """A key that names nothing we can draw."""


@dataclass(frozen=True, slots=True)
class PictureKey:
    """`motif` is product, flatlay, figure, avatar or a scene; `subject` the rest of the name."""

    text: str
    motif: str
    subject: str
    width: int
    height: int

    @property
    def products(self) -> tuple[str, ...]:
        return tuple(self.subject.split("+")) if self.motif in {"product", "flatlay"} else ()


def parse(text: str) -> PictureKey:
    name, at, shape = text.partition("@")
    motif, _, subject = name.partition("/")
    size = SHAPES.get(shape) if at else FIXED_SHAPES.get(motif)
    if size is None:
        raise NoSuchPicture(f"give a shape after @, one of {', '.join(SHAPES)}")
    parts = subject.split("+")
    if motif == "flatlay":
        if not 1 <= len(parts) <= MOST_PRODUCTS:
            raise NoSuchPicture(f"lay out 1 to {MOST_PRODUCTS} products")
    elif len(parts) > 1:
        raise NoSuchPicture("only a flatlay joins several with +")
    if motif not in {"product", "flatlay", "figure", "avatar"} and motif not in library.scenes():
        raise NoSuchPicture(f"there is no motif {motif}; there are {', '.join(library.scenes())}")
    if not all(WORD.match(part) for part in parts) and (subject or motif not in library.scenes()):
        raise NoSuchPicture("names are lower-case words joined by hyphens")
    return PictureKey(text, motif, subject, *size)


NAMES = {
    "product": "白底商品图 · A product on white",
    "flatlay": "商品平铺图 · Products laid out",
    "figure": "穿搭全身图 · A whole outfit",
    "avatar": "头像 · A portrait",
}
