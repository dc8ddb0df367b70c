"""Products, shops and brands: what content leads readers to buy."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.content_filters import ContentFilter, ContentOrder
from api.graphql.context import Info
from api.graphql.fields import column, many, one, page
from api.graphql.ids import Id, identity, uid_of
from api.graphql.nodes import Node, findable
from api.graphql.product_filters import BrandFilter, NameOrder, ProductFilter, ProductOrder, ShopFilter
from api.graphql.rows import shape, shows
from api.graphql.words import BigInt
from models import caps
from services import assets, content_lists, products, tags

# ISO 4217: currencies without minor units, and those with three places
_NO_PLACES = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_THREE_PLACES = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])


@strawberry.type(description="An amount of money.")
class Money:
    minor: BigInt = strawberry.field(description="The amount in minor units of the currency: 19900 is 199.00 yuan.")
    currency: str = strawberry.field(description="The currency, as ISO 4217 writes it.")

    @strawberry.field(description="The amount as a decimal text with the currency's own number of places.")
    def amount(self) -> str:
        places = 0 if self.currency in _NO_PLACES else 3 if self.currency in _THREE_PLACES else 2
        return f"{Decimal(self.minor).scaleb(-places):.{places}f}"


@strawberry.type(description="A property of a product, such as capacity.")
class ProductAttribute:
    name: str = strawberry.field(description="What it is a property of.")
    value: str = strawberry.field(description="What it is for this product.")


def _attributes(stored: Mapping[str, Any]) -> list[ProductAttribute]:
    return [ProductAttribute(name=name, value=str(value)) for name, value in sorted(stored.items())]


def _score(hundredths: int | None) -> float | None:
    return None if hundredths is None else hundredths / 100


@shows(models.Brand)
@strawberry.type(description="The name under which products are made.")
class Brand(Node):
    row: strawberry.Private[models.Brand]

    id: strawberry.ID = identity("Brand")
    name: str = column("name", description="What it is called.")
    description: str = column("description", description="What it stands for. May be empty.")
    products: paging.Connection[refs.ProductRef] = page(
        products.of_brands, key="id", filters=ProductFilter, orders=ProductOrder, description="Its products."
    )


@shows(models.Shop)
@strawberry.type(description="A shop, with its three service scores from 0 to 5 where they are known.")
class Shop(Node):
    row: strawberry.Private[models.Shop]

    id: strawberry.ID = identity("Shop")
    name: str = column("name", description="What it is called.")
    description_score: float | None = column(
        "description_score", convert=_score, description="How well goods match their description."
    )
    service_score: float | None = column("service_score", convert=_score, description="How well customers are served.")
    logistics_score: float | None = column("logistics_score", convert=_score, description="How well goods arrive.")
    products: paging.Connection[refs.ProductRef] = page(
        products.of_shops, key="id", filters=ProductFilter, orders=ProductOrder, description="Its products."
    )


@shows(models.Product)
@strawberry.type(description="Something to buy.")
class Product(Node):
    row: strawberry.Private[models.Product]

    id: strawberry.ID = identity("Product")
    title: str = column("title", description="What it is called in the shop.")
    description: str = column("description", description="What the shop says of it. May be empty.")
    url: str | None = column("url", description="Where it can be bought.")
    language: str = column("language", description="The language of title and description.")
    is_on_shelf: bool = column("is_on_shelf", description="Whether it can be bought now.")
    attributes: list[ProductAttribute] = column(
        "attributes", convert=_attributes, description="Its properties, by name."
    )
    shop: refs.ShopRef | None = one(products.shops_by_ids, key="shop_id", description="Who sells it.")
    brand: refs.BrandRef | None = one(
        products.brands_by_ids, key="brand_id", description="Under which name it is made."
    )
    category: refs.TagRef | None = one(
        tags.current_by_ids,
        key="category_id",
        description="What kind of product it is: a tag of the taxonomy category.",
    )
    pictures: list[refs.AssetRef] = many(
        assets.of_products, key="id", most=caps.MOST_PICTURES, description="Its pictures; the first is the main one."
    )
    created_at: datetime = column("created_at", description="When it was added.")
    changed_at: datetime | None = column("changed_at", description="When it last changed; null if it never did.")
    contents: paging.Connection[refs.ContentRef] = page(
        content_lists.of_products,
        key="id",
        filters=ContentFilter,
        orders=ContentOrder,
        description="Contents that lead to it.",
    )

    @strawberry.field(description="Its main picture; null where it has none.")
    async def picture(self, info: Info) -> refs.AssetRef | None:
        pictures = await info.context.load(assets.of_products, self.row.id)
        return shape(pictures[0]) if pictures else None

    @strawberry.field(description="What it costs; null if unknown.")
    def price(self) -> Money | None:
        return money(self.row.price_minor, self.row.currency)

    @strawberry.field(description="What it cost before a reduction, or is recommended to cost; null if unknown.")
    def list_price(self) -> Money | None:
        return money(self.row.list_price_minor, self.row.currency)


def money(minor: int | None, currency: str | None) -> Money | None:
    return None if minor is None or currency is None else Money(minor=BigInt(minor), currency=currency)


findable("Brand", products.brands_by_uids)
findable("Shop", products.shops_by_uids)
findable("Product", products.by_uids)


@strawberry.type
class ProductQuery:
    @strawberry.field(description="The product with this id; null if there is none.")
    async def product(self, info: Info, id: Id) -> Product | None:
        found = await info.context.load(products.by_uids, uid_of(id, "Product", "id"))
        return shape(found)  # type: ignore[no-any-return]  # a Product by registration

    @strawberry.field(description="The shop with this id; null if there is none.")
    async def shop(self, info: Info, id: Id) -> Shop | None:
        found = await info.context.load(products.shops_by_uids, uid_of(id, "Shop", "id"))
        return shape(found)  # type: ignore[no-any-return]  # a Shop by registration

    @strawberry.field(description="The brand with this id; null if there is none.")
    async def brand(self, info: Info, id: Id) -> Brand | None:
        found = await info.context.load(products.brands_by_uids, uid_of(id, "Brand", "id"))
        return shape(found)  # type: ignore[no-any-return]  # a Brand by registration

    shops: paging.Connection[Shop] = page(
        products.shops_listed, key=None, filters=ShopFilter, orders=NameOrder, description="All shops."
    )
    brands: paging.Connection[Brand] = page(
        products.brands_listed, key=None, filters=BrandFilter, orders=NameOrder, description="All brands."
    )
    # last: from here on the name is this field's
    products: paging.Connection[Product] = page(
        products.listed, key=None, filters=ProductFilter, orders=ProductOrder, description="All products."
    )
