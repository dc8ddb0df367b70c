"""Shops, brands and products as their merchants and operators tend them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Forbidden, NotFound
from models import Consumer, DirtyKind
from services import access, audit, names, outbox, profiles
from services.goods_reading import Wanted, read
from services.lives import NoSuchProduct
from services.objections import Objections

FIVE_STARS = 500
SCORES = ("description_score", "service_score", "logistics_score")


class NoSuchShop(NotFound):
    code = "NO_SUCH_SHOP"


class NoSuchBrand(NotFound):
    code = "NO_SUCH_BRAND"


async def create_shop(
    session: AsyncSession, caller: Caller, name: str, scores: Mapping[str, int | None], *, clock: Clock
) -> models.Shop:
    """A new shop, by an operator, with its service scores in hundredths where they are known."""
    access.require(caller, Scope.OPERATE)
    against = Objections()
    called = against.take(names.checked, name, "name")
    _check_scores(scores, against)
    against.check()
    shop = models.Shop(name=called, created_at=clock.now(), **scores)
    session.add(shop)
    await session.flush()
    audit.record(session, caller, "shop.created", shop)
    return shop


async def update_shop(
    session: AsyncSession, caller: Caller, uid: UUID, scores: Mapping[str, int | None], *, name: str | None = None
) -> models.Shop:
    """Change the name of a shop; operators its scores too, which channels ask for. What is not given stays."""
    access.require(caller, Scope.PRODUCT_WRITE)
    shop = await _locked_shop(session, caller, uid)
    if scores and not caller.is_operator:
        raise Forbidden("Service scores are what others say of a shop: only an operator changes them.")
    against = Objections()
    called = None if name is None else against.take(names.checked, name, "name")
    _check_scores(scores, against)
    against.check()
    if called is not None:
        shop.name = called
    for part, value in scores.items():
        setattr(shop, part, value)
    audit.record(session, caller, "shop.updated", shop, scores=dict(scores))
    await session.flush()
    await _mark_products(session, models.Product.shop_id == shop.id)
    return shop


async def create_brand(
    session: AsyncSession, caller: Caller, name: str, *, description: str = "", clock: Clock
) -> models.Brand:
    """A new brand, by an operator."""
    access.require(caller, Scope.OPERATE)
    against = Objections()
    called = against.take(names.checked, name, "name")
    against.take(names.prose, description, "description")
    against.check()
    brand = models.Brand(name=called, description=description, created_at=clock.now())
    session.add(brand)
    await session.flush()
    audit.record(session, caller, "brand.created", brand)
    return brand


async def update_brand(
    session: AsyncSession, caller: Caller, uid: UUID, *, name: str | None = None, description: str | None = None
) -> models.Brand:
    """Change what a brand is called and stands for, by an operator. What is None stays."""
    access.require(caller, Scope.OPERATE)
    statement = select(models.Brand).where(models.Brand.uid == uid).with_for_update(key_share=True)
    brand = (await session.scalars(statement)).one_or_none()
    if brand is None:
        raise NoSuchBrand("There is no such brand.")
    against = Objections()
    called = None if name is None else against.take(names.checked, name, "name")
    said = None if description is None else against.take(names.prose, description, "description")
    against.check()
    brand.name = brand.name if called is None else called
    brand.description = brand.description if said is None else said
    audit.record(session, caller, "brand.updated", brand)
    await session.flush()
    await _mark_products(session, models.Product.brand_id == brand.id)
    return brand


async def create(
    session: AsyncSession, caller: Caller, shop_uid: UUID, wanted: Wanted, *, clock: Clock
) -> models.Product:
    """A new product of a shop: by who acts as the shop, or an operator. Everything wrong is told at once."""
    access.require(caller, Scope.PRODUCT_WRITE)
    shop = await _locked_shop(session, caller, shop_uid)
    columns, pictures = await read(session, caller, wanted, None)
    product = models.Product(shop_id=shop.id, created_at=clock.now(), **columns)
    session.add(product)
    await session.flush()
    await _show(session, product, pictures or ())
    audit.record(session, caller, "product.created", product)
    await outbox.mark(session, DirtyKind.PRODUCT, [product.id])
    return product


async def update(session: AsyncSession, caller: Caller, uid: UUID, wanted: Wanted, *, clock: Clock) -> models.Product:
    """Change a product of a shop that the caller acts as, or as an operator any. What is not given stays; what is no change
    leaves no trace.
    """
    access.require(caller, Scope.PRODUCT_WRITE)
    product = await _locked(session, caller, uid)
    columns, pictures = await read(session, caller, wanted, product)
    changed = sorted(part for part, value in columns.items() if getattr(product, part) != value)
    if pictures is not None and list(pictures) != await _shown(session, product):
        await _show(session, product, pictures)
        changed.append("pictures")
    if not changed:
        return product
    for part, value in columns.items():
        setattr(product, part, value)
    product.version += 1
    product.changed_at = clock.now()
    audit.record(session, caller, "product.updated", product, parts=changed)
    await session.flush()
    await outbox.mark(session, DirtyKind.PRODUCT, [product.id])
    return product


async def hold(session: AsyncSession, uids: Sequence[UUID]) -> None:
    """Lock these products in order of their ids, as everybody does who locks several."""
    product = models.Product
    await session.execute(
        select(product.id).where(product.uid.in_(uids)).order_by(product.id).with_for_update(key_share=True)
    )


def _may_tend(caller: Caller, shop_id: int | None) -> bool:
    """Products of no shop are the operators'."""
    return caller.is_operator or shop_id in caller.shop_ids


async def _locked(session: AsyncSession, caller: Caller, uid: UUID) -> models.Product:
    statement = select(models.Product).where(models.Product.uid == uid).with_for_update(key_share=True)
    product = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if product is None:
        raise NoSuchProduct("There is no such product.")
    if not _may_tend(caller, product.shop_id):
        raise Forbidden("Only who acts as its shop, or an operator, may change this product.")
    return product


async def _locked_shop(session: AsyncSession, caller: Caller, uid: UUID) -> models.Shop:
    statement = select(models.Shop).where(models.Shop.uid == uid).with_for_update(key_share=True)
    shop = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if shop is None:
        raise NoSuchShop("There is no such shop.")
    if not _may_tend(caller, shop.id):
        raise Forbidden("Only who acts as this shop, or an operator, may do this.")
    return shop


def _check_scores(scores: Mapping[str, int | None], against: Objections) -> None:
    for part, value in scores.items():
        if value is not None and not 0 <= value <= FIVE_STARS:
            against.note(profiles.ScoreOutOfRange("A score of a shop is 0 to 5.", path=(part,)))


async def _shown(session: AsyncSession, product: models.Product) -> list[int]:
    link = models.ProductAsset
    found = select(link.asset_id).where(link.product_id == product.id).order_by(link.position)
    return list(await session.scalars(found))


async def _show(session: AsyncSession, product: models.Product, asset_ids: Sequence[int]) -> None:
    link = models.ProductAsset
    await session.execute(delete(link).where(link.product_id == product.id))
    rows = [{"product_id": product.id, "position": n, "asset_id": id_} for n, id_ in enumerate(asset_ids)]
    if rows:
        await session.execute(insert(link), rows)


async def _mark_products(session: AsyncSession, which: Any) -> None:
    """A shop's scores decide where its products may stand, and a brand's name is searched for with them."""
    ids = await session.scalars(select(models.Product.id).where(which))
    await outbox.mark(session, DirtyKind.PRODUCT, ids, urgency=outbox.BULK, consumers=list(Consumer))
