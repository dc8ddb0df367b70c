"""How lists of products, shops and brands are narrowed and ordered, wherever they stand."""

import enum

import strawberry

import models
from api.graphql.filtering import part, start, values
from api.graphql.ids import uids_of
from api.graphql.words import BigInt, described
from services import products


class ProductOrder(enum.StrEnum):
    NEWEST = "newest"
    CHEAPEST = "cheapest"
    DEAREST = "dearest"


described(
    ProductOrder,
    "The order of products.",
    {
        "NEWEST": "The latest added first.",
        "CHEAPEST": "The lowest price first, without a price last. Needs `filter.currency`: amounts of two do not compare.",
        "DEAREST": "The highest price first, without a price last. Needs `filter.currency`: amounts of two do not compare.",
    },
)


class NameOrder(enum.StrEnum):
    NAME = "name"
    NEWEST = "newest"


described(NameOrder, "The order of shops and brands.", {"NAME": "By name.", "NEWEST": "The latest added first."})


@strawberry.input(description="Which products to list. Values within one part are alternatives, parts add up.")
class ProductFilter:
    on_shelf: bool | None = part("Only those that can be bought now; with false only the others.")
    shop_ids: list[strawberry.ID] | None = part("Only of these shops.")
    brand_ids: list[strawberry.ID] | None = part("Only of these brands.")
    categories: list[str] | None = part("Only of one of these categories (category:code), or what lies under them.")
    currency: str | None = part("Only those priced in this currency (ISO 4217).")
    price_from: BigInt | None = part("At this price or more, in minor units. Needs `currency`.")
    price_to: BigInt | None = part("At this price or less, in minor units. Needs `currency`.")

    def wanted(self) -> products.ProductFilter | None:
        """What the domain understands; Invalid where an id is none, or a part names too many values."""
        found = products.ProductFilter(
            on_shelf=self.on_shelf,
            shops=uids_of(values(self.shop_ids, "shopIds"), "Shop", "filter", "shopIds"),
            brands=uids_of(values(self.brand_ids, "brandIds"), "Brand", "filter", "brandIds"),
            categories=values(self.categories, "categories"),
            currency=self.currency,
            price_from=self.price_from,
            price_to=self.price_to,
        )
        return None if found == products.ProductFilter() else found


@strawberry.input(description="Which shops to list.")
class ShopFilter:
    starts_with: str | None = part("Only those whose name begins with this, in any case; at most 100 characters.")

    def wanted(self) -> products.NameFilter | None:
        """What the domain understands; Invalid where the text is too long."""
        beginning = start(self.starts_with, "startsWith")
        return products.NameFilter(models.Shop, beginning) if beginning else None


@strawberry.input(description="Which brands to list.")
class BrandFilter:
    starts_with: str | None = part("Only those whose name begins with this, in any case; at most 100 characters.")

    def wanted(self) -> products.NameFilter | None:
        """What the domain understands; Invalid where the text is too long."""
        beginning = start(self.starts_with, "startsWith")
        return products.NameFilter(models.Brand, beginning) if beginning else None
