"""Products with their brands, shops and pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.datasets.reading import SYNTHETIC, Row, dice, line, link, prose, rows

SHOPS = 24
ATTRIBUTES = 30
# The catalogue does not say its currency; euros are our reading of a European one.
ICECAT_CURRENCY = "EUR"


def brands(folder: Path) -> Iterator[Row]:
    for row in rows(folder, "brands_litemall_zh"):
        yield _brand("litemall", str(row["id"]), row["name"], row["desc"])
    for source, name, field in (
        ("mall", "products_mall_zh", "brand_name"),
        ("icecat", "products_icecat_en", "supplier"),
    ):
        for brand in sorted({line(row[field], 200) for row in rows(folder, name)} - {""}):
            yield _brand(source, brand, brand, "")


def _brand(source: str, key: str, name: str, description: str) -> Row:
    found = {"name": line(name, 200), "description": prose(description)}
    return {"type": "brand", "source": source, "external_key": key} | found


def shops() -> Iterator[Row]:
    """Made-up shops: the data sets know none."""
    for number in range(SHOPS):
        chance = dice(f"shop:{number}")
        yield {
            "type": "shop", "source": SYNTHETIC, "external_key": f"shop/{number}", "name": f"示例店铺 {number + 1:02}",
            "description_score": 440 + chance.randrange(60), "service_score": 440 + chance.randrange(60),
            "logistics_score": 440 + chance.randrange(60),
        }  # fmt: skip


def _shop(key: str) -> str:
    return f"{SYNTHETIC}:shop/{dice(f'shop-of:{key}').randrange(SHOPS)}"


def pictures(folder: Path) -> Iterator[Row]:
    for source, key, urls in _pictured(folder):
        for place, url in enumerate(urls):
            yield {"type": "asset", "source": source, "external_key": f"{key}/{place}", "kind": "IMAGE", "url": url}


def _pictured(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    for row in rows(folder, "products_litemall_zh"):
        yield "litemall", f"product/{row['id']}", _litemall_urls(row)
    for row in rows(folder, "products_mall_zh"):
        yield "mall", f"product/{row['id']}", _links(row["pic"])
    for row in rows(folder, "products_icecat_en"):
        yield "icecat", f"product/{row['id']}", _links(row["img_high"] or row["img_low"])


def _links(*urls: str | None) -> list[str]:
    return [found for url in urls if (found := link(url))]


def _litemall_urls(row: Row) -> list[str]:
    return _links(row["pic_url"], *(row["gallery"] or ()))[:6]


def _pictures(source: str, key: str, urls: list[str]) -> list[str]:
    return [f"{source}:product/{key}/{place}" for place in range(len(urls))]


def products(folder: Path) -> Iterator[Row]:
    yield from map(_litemall, rows(folder, "products_litemall_zh"))
    yield from map(_mall, rows(folder, "products_mall_zh"))
    yield from map(_icecat, rows(folder, "products_icecat_en"))


def _product(source: str, key: str, title: str, urls: list[str], **fields: object) -> Row:
    return {
        "type": "product", "source": source, "external_key": key, "title": line(title) or f"{source} {key}",
        "shop": _shop(f"{source}:{key}"), "pictures": _pictures(source, key, urls),
    } | fields  # fmt: skip


def _cents(amount: float | None) -> int | None:
    return None if amount is None else round(amount * 100)


def _litemall(row: Row) -> Row:
    category = next((one for one in (row["category_id"],) if row["category_path"]), None)
    return _product(
        "litemall", str(row["id"]), row["name"], _litemall_urls(row),
        description=prose(row["brief"]), price_minor=_cents(row["retail_price"]),
        list_price_minor=_cents(row["counter_price"]), currency="CNY", is_on_shelf=bool(row["is_on_sale"]),
        category=category and f"category:litemall-{category}",
        brand=f"litemall:{row['brand_id']}" if row["brand_id"] and row["brand_name"] else None,
        attributes={line(one["attribute"], 100): line(one["value"]) for one in row["attributes"] or ()},
    )  # fmt: skip


def _mall(row: Row) -> Row:
    return _product(
        "mall", str(row["id"]), row["name"], _links(row["pic"]),
        description=prose(row["description"]), price_minor=_cents(row["price"]),
        list_price_minor=_cents(row["original_price"]), currency="CNY", is_on_shelf=bool(row["publish_status"]),
        brand=f"mall:{line(row['brand_name'], 200)}" if line(row["brand_name"]) else None,
    )  # fmt: skip


def _icecat(row: Row) -> Row:
    attributes = {name.removeprefix("attr_"): value for name, value in row.items() if name.startswith("attr_")}
    kept = {
        name: line(value) if isinstance(value, str) else value
        for name, value in list(attributes.items())[:ATTRIBUTES]
        if isinstance(value, str | int | float | bool)
    }
    return _product(
        "icecat", row["id"], row["title"] or row["name"], _links(row["img_high"] or row["img_low"]),
        description=prose(row["short_description"]), language="en", price_minor=row["price"],
        currency=None if row["price"] is None else ICECAT_CURRENCY,
        brand=f"icecat:{line(row['supplier'], 200)}" if line(row["supplier"]) else None,
        attributes=kept | {"ean": (row["ean"] or [])[:4]},
    )  # fmt: skip
