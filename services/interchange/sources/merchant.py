"""Google Merchant product feeds, as RSS, Atom or TSV: products with their brand, price and pictures."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, BinaryIO
from xml.etree.ElementTree import Element

from services.interchange import bodies
from services.interchange.records import uid_for
from services.interchange.sources import trees
from services.interchange.sources.base import KEY_LENGTH, Defaults, Found, Unreadable, asset, line, source_of

GOOGLE = "{http://base.google.com/ns/1.0}"
ATOM = "{http://www.w3.org/2005/Atom}"
PRICE = re.compile(r"^\s*(?:([A-Z]{3})\s*)?(\d[\d,]*(?:\.\d+)?)\s*([A-Z]{3})?\s*$")
# currencies whose minor unit is not a hundredth (ISO 4217)
MINOR_DIGITS = dict.fromkeys(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"], 0
) | (dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3))
PICTURES = 20
KNOWN = frozenset(
    [
        "id",
        "title",
        "description",
        "link",
        "image_link",
        "additional_image_link",
        "price",
        "sale_price",
        "availability",
        "brand",
    ]
)
if TYPE_CHECKING:
    from _csv import Reader as CsvReader  # csv itself gives its type no name

csv.field_size_limit(1_000_000)

Fields = dict[str, list[str]]


def xml(file: BinaryIO, name: str, defaults: Defaults) -> Iterator[Found]:
    """The items of an RSS or Atom product feed."""
    elements = enumerate(trees.elements(file, frozenset({"item", f"{ATOM}entry"})), start=1)
    for number, records in _records(((number, _of_element(one)) for number, one in elements), name, defaults):
        yield Found(number, records)


def tsv(file: BinaryIO, name: str, defaults: Defaults) -> Iterator[Found]:
    """The rows of a tab-separated product feed; its first row names the columns."""
    texts = (raw.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace") for raw in file)
    reader = csv.reader(texts, delimiter="\t")
    try:
        for number, records in _records(_rows(reader), name, defaults):
            yield Found(number, records, is_line=True)
    except csv.Error as error:
        raise Unreadable(f"Line {reader.line_num} of this product feed cannot be read: {error}.") from error


def _rows(reader: CsvReader) -> Iterator[tuple[int, Fields]]:
    """The rows with what stands in them, by the line on which each begins (one in quotes may go over several)."""
    head = [column.strip().lower().replace(" ", "_") for column in next(reader, [])]
    if not {"id", "title"} <= set(head):
        raise Unreadable("The first row of a product feed names its columns, id and title among them.")
    number = reader.line_num + 1
    for row in reader:
        found: Fields = {}
        for column, value in zip(head, row, strict=False):
            if value.strip():
                found.setdefault(column, []).append(value.strip())
        if found:
            yield number, found
        number = reader.line_num + 1


def _of_element(element: Element) -> Fields:
    found: Fields = {}
    for child in element:
        tag = child.tag.removeprefix(GOOGLE).removeprefix(ATOM)
        value = child.get("href", "") if tag == "link" and not (child.text or "").strip() else child.text or ""
        if value.strip() and "{" not in tag:
            found.setdefault(tag, []).append(value.strip())
    return found


def _records(
    given: Iterator[tuple[int, Fields]], name: str, defaults: Defaults
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    brands: set[str] = set()
    for number, fields in given:
        source = source_of(_first(fields, "link"), name)
        brand = line(_first(fields, "brand"), 200)
        records = list(_product(fields, source, brand, defaults))
        if brand and f"{source}\0{brand}" not in brands:
            brands.add(f"{source}\0{brand}")
            records.insert(0, {"type": "brand", "source": source, "external_key": f"brand/{brand}", "name": brand})
        yield number, records


def _first(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "")


def _product(fields: Fields, source: str, brand: str, defaults: Defaults) -> Iterator[dict[str, Any]]:
    urls = [*fields.get("image_link", ()), *_split(fields.get("additional_image_link", ()))]
    pictures = [found for url in dict.fromkeys(urls) if (found := asset(url))][:PICTURES]
    yield from pictures
    full, currency = _price(_first(fields, "price"))
    sale, sale_currency = _price(_first(fields, "sale_price"))
    on_sale = sale is not None and sale_currency == currency
    availability = _first(fields, "availability").lower().replace(" ", "_")
    yield {
        "type": "product", "source": source, "external_key": line(_first(fields, "id"), KEY_LENGTH),
        "title": line(bodies.plain(_first(fields, "title"))),
        "description": bodies.plain(_first(fields, "description"))[:100_000],
        "url": bodies.link(_first(fields, "link")), "language": defaults.language,
        "brand": str(uid_for(source, f"brand/{brand}")) if brand else None,
        "price_minor": sale if on_sale else full, "list_price_minor": full if on_sale else None, "currency": currency,
        "is_on_shelf": availability in {"", "in_stock", "preorder", "backorder"},
        "attributes": {
            line(name, 100): line("; ".join(values), 2_000)
            for name, values in sorted(fields.items()) if name not in KNOWN
        },
        "pictures": [picture["uid"] for picture in pictures],
    }  # fmt: skip


def _split(values: Any) -> list[str]:
    """A TSV gives several pictures in one cell, separated by commas."""
    return [url.strip() for value in values for url in re.split(r",(?=https?://)", value)]


def _price(text: str) -> tuple[int | None, str | None]:
    """`15.00 USD` in minor units; nothing when it cannot be read (then the product has no price)."""
    found = PRICE.match(text)
    currency = found and (found[1] or found[3])
    if not found or not currency:
        return None, None
    try:
        amount = Decimal(found[2].replace(",", "")).scaleb(MINOR_DIGITS.get(currency, 2))
    except InvalidOperation:
        return None, None
    return (int(amount), currency) if amount == amount.to_integral_value() and amount < 10**15 else (None, None)
