"""What the engine of channels sees of the products that revisions lead to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, Subquery, bindparam, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.reads import any_of
from services import asset_facts, tag_facts
from services.channels.facts import ProductFacts


def links(revision_ids: Sequence[int]) -> Subquery:
    """Which products these revisions lead to."""
    link = models.RevisionProduct
    linked = select(link.revision_id, link.product_id, link.position)
    return linked.where(link.revision_id == any_of(revision_ids)).subquery()


def links_of(revision_id: int, product_ids: Sequence[int]) -> Subquery:
    """The same for a revision that has no rows."""
    given = bindparam(None, list(product_ids), type_=ARRAY(BigInteger))
    listed = func.unnest(given).table_valued("product_id", with_ordinality="position").render_derived()
    return select(literal(revision_id).label("revision_id"), listed.c.product_id, listed.c.position).subquery()


async def linked(session: AsyncSession, links: Subquery, base_url: str) -> dict[int, list[ProductFacts]]:
    """The products behind these links in order, by revision."""
    found_for: dict[int, list[ProductFacts]] = defaultdict(list)
    link = links.c
    main = models.ProductAsset
    rows = await session.execute(
        select(link.revision_id, models.Product, models.Shop, models.Brand.name, models.Asset)
        .join(models.Product, models.Product.id == link.product_id)
        .outerjoin(models.Shop, models.Shop.id == models.Product.shop_id)
        .outerjoin(models.Brand, models.Brand.id == models.Product.brand_id)
        .outerjoin(main, (main.product_id == models.Product.id) & (main.position == 0))
        .outerjoin(models.Asset, models.Asset.id == main.asset_id)
        .order_by(link.revision_id, link.position)
    )
    found = [row for row in rows]  # noqa: C416  (a list: it is read twice)
    pools = await _pools(session, {product.id for _, product, *_ in found})
    categories = await tag_facts.by_ids(
        session, {product.category_id for _, product, *_ in found if product.category_id}
    )
    for revision_id, product, shop, brand, image in found:
        category = categories.get(product.category_id or 0)
        found_for[revision_id].append(
            ProductFacts(
                uid=str(product.uid),
                title=product.title,
                price_minor=product.price_minor,
                currency=product.currency,
                shop_uid=str(shop.uid) if shop else None,
                shop=shop.name if shop else None,
                shop_scores=_shop_scores(shop),
                brand=brand,
                categories=frozenset((category.facts.code, *category.facts.ancestors) if category else ()),
                pools=frozenset(pools[product.id]),
                is_on_shelf=product.is_on_shelf,
                url=product.url,
                image=asset_facts.of(image, base_url) if image else None,
            )
        )
    return found_for


def _shop_scores(shop: models.Shop | None) -> dict[str, int]:
    if shop is None:
        return {}
    scores = {
        "description": shop.description_score,
        "service": shop.service_score,
        "logistics": shop.logistics_score,
    }
    return {name: score for name, score in scores.items() if score is not None}


async def _pools(session: AsyncSession, product_ids: set[int]) -> dict[int, list[str]]:
    pools: dict[int, list[str]] = defaultdict(list)
    if product_ids:
        rows = await session.execute(
            select(models.PoolProduct.product_id, models.Pool.code)
            .join(models.Pool, models.Pool.id == models.PoolProduct.pool_id)
            .where(models.PoolProduct.product_id == any_of(product_ids))
        )
        for product_id, code in rows:
            pools[product_id].append(code)
    return pools
