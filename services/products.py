"""Products, shops and brands as they are read. All of them are public."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.errors import Invalid
from core.reads import OneRead, Order, PageRead, any_of, everything
from services import selections

BEYOND_ANY_PRICE = 2**53
# of a text, as much as a cursor takes; the id breaks ties
LEADING = 200


class PriceWithoutCurrency(Invalid):
    """Amounts of two currencies do not compare."""

    code = "PRICE_WITHOUT_CURRENCY"


def _requires_currency(wanted: ProductFilter | None) -> None:
    if wanted is None or wanted.currency is None:
        message = "Prices in different currencies do not compare: name the `currency`."
        raise PriceWithoutCurrency(message, path=("filter", "currency"))


newest = Order("newest", (models.Product.created_at, models.Product.id))
# what has no price stands last either way
cheapest = Order(
    "cheapest",
    (func.coalesce(models.Product.price_minor, BEYOND_ANY_PRICE), models.Product.id),
    descending=False,
    requires=_requires_currency,
)
dearest = Order(
    "dearest", (func.coalesce(models.Product.price_minor, -1), models.Product.id), requires=_requires_currency
)

by_ids = OneRead(models.Product, models.Product.id, everything)
by_uids = OneRead(models.Product, models.Product.uid, everything)
of_revisions = PageRead(
    "products.of_revisions",
    models.Product,
    match=lambda key: models.RevisionProduct.revision_id == key,
    key_type=BigInteger(),
    visible=everything,
    orders=(Order("position", (models.RevisionProduct.position,), descending=False),),
    target=models.RevisionProduct.product_id,
)


def _products(name: str, match: Any) -> PageRead[models.Product]:
    return PageRead(
        name,
        models.Product,
        match=match,
        key_type=BigInteger(),
        visible=everything,
        orders=(newest, cheapest, dearest),
    )


of_shops = _products("products.of_shops", lambda key: models.Product.shop_id == key)
of_brands = _products("products.of_brands", lambda key: models.Product.brand_id == key)
# one list of all products: its key is always 0
listed = _products("products.listed", lambda key: key == 0)

shops_by_ids = OneRead(models.Shop, models.Shop.id, everything)
shops_by_uids = OneRead(models.Shop, models.Shop.uid, everything)
brands_by_ids = OneRead(models.Brand, models.Brand.id, everything)
brands_by_uids = OneRead(models.Brand, models.Brand.uid, everything)


def _named(name: str, model: Any) -> PageRead[Any]:
    """One list of all rows of a table with names: its key is always 0."""
    return PageRead(
        name,
        model,
        match=lambda key: key == 0,
        key_type=BigInteger(),
        visible=everything,
        orders=(
            Order("name", (func.left(func.lower(model.name), LEADING), model.id), descending=False),
            Order("newest", (model.created_at, model.id)),
        ),
    )


shops_listed: PageRead[models.Shop] = _named("shops.listed", models.Shop)
brands_listed: PageRead[models.Brand] = _named("brands.listed", models.Brand)


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """Values within one part are alternatives, parts add up; empty means no condition. `categories` are written
    category:code and take in what lies under them. Amounts are minor units of `currency`, both inclusive.
    """

    on_shelf: bool | None = None
    shops: tuple[UUID, ...] = ()
    brands: tuple[UUID, ...] = ()
    categories: tuple[str, ...] = ()
    currency: str | None = None
    price_from: int | None = None
    price_to: int | None = None

    @property
    def text(self) -> str:
        """What names the filter: equal filters, equal text."""
        several = (sorted(map(str, self.shops)), sorted(map(str, self.brands)), sorted(self.categories))
        return repr((self.on_shelf, several, self.currency, self.price_from, self.price_to))

    async def condition(self, session: AsyncSession, caller: Caller) -> ColumnElement[bool]:
        """The condition on `products` rows; UnknownTag where a category does not exist, PriceWithoutCurrency."""
        if self.price_from is not None or self.price_to is not None:
            _requires_currency(self)
        parts = list(_plain(self))
        if self.categories:
            ids = await selections.tag_ids(session, caller, self.categories, part="categories")
            parts.append(models.Product.category_id == any_of(ids))
        return and_(true(), *parts)


def _plain(wanted: ProductFilter) -> Iterator[ColumnElement[bool]]:
    product = models.Product
    if wanted.on_shelf is not None:
        yield product.is_on_shelf.is_(wanted.on_shelf)
    if wanted.shops:
        yield product.shop_id.in_(select(models.Shop.id).where(models.Shop.uid.in_(wanted.shops)))
    if wanted.brands:
        yield product.brand_id.in_(select(models.Brand.id).where(models.Brand.uid.in_(wanted.brands)))
    if wanted.currency is not None:
        yield product.currency == wanted.currency
    if wanted.price_from is not None:
        yield product.price_minor >= wanted.price_from
    if wanted.price_to is not None:
        yield product.price_minor <= wanted.price_to


@dataclass(frozen=True, slots=True)
class NameFilter:
    """Rows of a table whose name begins with `start`, which is in lower case."""

    model: type[models.Shop | models.Brand]
    start: str

    @property
    def text(self) -> str:
        """What names the filter."""
        return repr(self.start)

    async def condition(self, session: AsyncSession, caller: Caller) -> ColumnElement[bool]:  # noqa: ARG002  (the protocol's)
        """The condition on rows of the table."""
        return func.starts_with(func.lower(self.model.name), self.start)
