"""Brands, shops, products and the selection pools that channels draw from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Identified, Imported


class Brand(Identified, Imported, Created, Base):
    __tablename__ = "brands"

    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")


class Shop(Identified, Imported, Created, Base):
    """A shop, with its three service scores (DSR) in hundredths: 460 is 4.60 of 5."""

    __tablename__ = "shops"

    name: Mapped[str]
    description_score: Mapped[int | None]
    service_score: Mapped[int | None]
    logistics_score: Mapped[int | None]

    @classmethod
    def imported_args(cls) -> tuple[object, ...]:
        within = "BETWEEN 0 AND 500"
        return (
            *super().imported_args(),
            CheckConstraint(
                f"description_score {within} AND service_score {within} AND logistics_score {within}",
                name="scores_in_range",
            ),
        )


class Product(Identified, Imported, Created, Base):
    """What content leads readers to buy. Money in minor units of `currency` (ISO 4217)."""

    __tablename__ = "products"

    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    url: Mapped[str | None]
    language: Mapped[str] = mapped_column(server_default="zh")
    shop_id: Mapped[int | None] = mapped_column(ForeignKey("shops.id"), index=True)
    brand_id: Mapped[int | None] = mapped_column(ForeignKey("brands.id"), index=True)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("tags.id"), index=True)
    price_minor: Mapped[int | None]
    list_price_minor: Mapped[int | None]
    currency: Mapped[str | None]
    is_on_shelf: Mapped[bool] = mapped_column(server_default=text("true"))
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    version: Mapped[int] = mapped_column(server_default="1")
    changed_at: Mapped[datetime | None]

    @classmethod
    def imported_args(cls) -> tuple[object, ...]:
        return (
            *super().imported_args(),
            CheckConstraint("price_minor >= 0 AND list_price_minor >= 0", name="prices_not_negative"),
            CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
            CheckConstraint("price_minor IS NULL OR currency IS NOT NULL", name="price_has_currency"),
            Index("ix_products_newest", text("created_at DESC"), text("id DESC")),
        )


class ProductAsset(Base):
    """A product's pictures, in order; the first one is the main picture."""

    __tablename__ = "product_assets"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    position: Mapped[int]
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id"), index=True)

    __table_args__ = (PrimaryKeyConstraint("product_id", "position"),)


class Pool(Identified, Created, Base):
    """A selection of products that a channel allows."""

    __tablename__ = "pools"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]


class PoolProduct(Base):
    __tablename__ = "pool_products"

    pool_id: Mapped[int] = mapped_column(ForeignKey("pools.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))

    __table_args__ = (PrimaryKeyConstraint("pool_id", "product_id"), Index("ix_pool_products_product_id", "product_id"))
