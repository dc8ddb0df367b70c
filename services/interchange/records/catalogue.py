"""Records of what is sold and shown: brands, shops, products."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    Field,
    StringConstraints,
)

from models import caps
from models.texts import Line, Link, Prose, Title
from services.interchange.records.values import (
    Code,
    Json,
    Language,
    Minor,
    Ref,
    Sourced,
    Stars,
    TagCode,
)


class BrandRecord(Sourced):
    type: Literal["brand"] = "brand"
    name: Line
    description: Prose = ""


class ShopRecord(Sourced):
    """The three service scores in hundredths: 460 is 4.60 of 5."""

    type: Literal["shop"] = "shop"
    name: Line
    description_score: Stars | None = None
    service_score: Stars | None = None
    logistics_score: Stars | None = None


class ProductRecord(Sourced):
    """Money in minor units: 19900 with CNY is 199 yuan."""

    type: Literal["product"] = "product"
    title: Title
    description: Prose = ""
    url: Link | None = None
    language: Language = "zh"
    shop: Ref | None = None
    brand: Ref | None = None
    category: TagCode | None = None
    price_minor: Minor | None = None
    list_price_minor: Minor | None = None
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = None
    is_on_shelf: bool = True
    attributes: Json = Field(default_factory=dict)
    pictures: Annotated[tuple[Ref, ...], Field(max_length=caps.MOST_PICTURES)] = ()
    pools: tuple[Code, ...] = ()
