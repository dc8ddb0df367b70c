"""Shops and products: one file a shop."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

from pydantic import Field

from sample import picture_records
from sample.naming import FOLDER, Key, Part, named, uid
from sample.reading import BadSample, shaped, short, toml
from services.interchange.records import ProductRecord, ShopRecord


class Shop(Part):
    name: str
    description_score: int
    service_score: int
    logistics_score: int


class Drawn(Part):
    """How the product looks: an object of drawing/objects.toml in these colours."""

    as_: str = Field(alias="as")
    main: str = Field(pattern="^#[0-9a-f]{6}$")
    accent: str = Field(pattern="^#[0-9a-f]{6}$")


class Product(Part):
    title: str
    description: str
    category: Key
    brand: Key
    language: Literal["zh", "en"] = "zh"
    currency: Literal["CNY", "USD"] = "CNY"
    price_minor: int
    list_price_minor: int | None = None
    is_on_shelf: bool = True
    attributes: dict[str, Any]
    pools: tuple[Key, ...] = ()
    drawn: Drawn


class ShopFile(Part):
    shop: Shop
    products: dict[Key, Product]


@cache
def shop_files() -> dict[str, ShopFile]:
    """The shops by key, in the order of their files."""
    return {path.stem: shaped(ShopFile, toml(path), path) for path in sorted((FOLDER / "products").glob("*.toml"))}


@cache
def looks() -> dict[str, Drawn]:
    """How each product looks, by its key."""
    found: dict[str, Drawn] = {}
    for shop, file in shop_files().items():
        for key, product in file.products.items():
            if key in found:
                raise BadSample(f"{short(FOLDER / 'products' / shop)}.toml: the key {key} stands twice")
            found[key] = product.drawn
    return found


def own_pictures(product: str) -> tuple[str, str]:
    """The pictures of a product: alone on white, then laid on a coloured ground."""
    return f"product/{product}", f"flatlay/{product}@square"


def shops() -> Iterator[ShopRecord]:
    for key, file in shop_files().items():
        yield ShopRecord.model_validate(named("shop", key) | file.shop.model_dump())


def products() -> Iterator[ProductRecord]:
    for shop, file in shop_files().items():
        for key, given in file.products.items():
            # the address stands under a name that is reserved for examples: nobody's shop
            yield ProductRecord.model_validate(
                named("product", key)
                | given.model_dump(exclude={"category", "brand", "drawn", "description"})
                | {
                    "description": given.description.strip(),
                    "url": f"https://{shop}.example/items/{key}",
                    "shop": uid("shop", shop),
                    "brand": uid("brand", given.brand),
                    "category": f"category:{given.category}",
                    "pictures": tuple(picture_records.uid_of(picture) for picture in own_pictures(key)),
                }
            )
