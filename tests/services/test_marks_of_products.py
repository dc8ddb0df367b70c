"""Whoever changes what channels watch of a product leaves a mark for the distributor: by mutation, import or clean-up."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from services import goods
from tests.services.interchange import lines

READING = {"product_facts.py"}
SERVICES = Path(__file__).parents[2] / "services"
POOL = {"type": "pool", "code": "best", "name": "The best"}
SHOP = {"type": "shop", "source": "x", "external_key": "corner", "name": "Corner", "service_score": 480}
BRAND = {"type": "brand", "source": "x", "external_key": "leaf", "name": "Leaf"}
KETTLE = {
    "type": "product",
    "source": "x",
    "external_key": "kettle",
    "title": "Kettle",
    "shop": "x:corner",
    "brand": "x:leaf",
    "price_minor": 19_900,
    "currency": "CNY",
    "pools": ["best"],
}
Write = Callable[[Database, models.Product, FixedClock], Awaitable[Any]]


def updates(**parts: Any) -> Write:
    async def write(db: Database, product: models.Product, clock: FixedClock) -> None:
        async with db.session() as session:
            await goods.update(session, SYSTEM, product.uid, parts, clock=clock)

    return write


def imports(record: dict[str, Any], **parts: Any) -> Write:
    async def write(db: Database, _product: models.Product, _clock: FixedClock) -> None:
        report = await lines.feed(db, record | parts)
        assert lines.outcomes(report)["changed"] == 1

    return write


async def scores(db: Database, product: models.Product, _clock: FixedClock) -> None:
    async with db.session() as session:
        shop = await session.get_one(models.Shop, product.shop_id)
        await goods.update_shop(session, SYSTEM, shop.uid, {"service_score": 450})


WRITERS = {
    "shelf": updates(is_on_shelf=False),
    "price": updates(price_minor=17_900),
    "scores of the shop": scores,
    "shelf, imported": imports(KETTLE, is_on_shelf=False),
    "price, imported": imports(KETTLE, price_minor=17_900),
    "pools, imported": imports(KETTLE, pools=[]),
    "scores of the shop, imported": imports(SHOP, service_score=450),
    "name of the brand, imported": imports(BRAND, name="Leaves"),
}


@pytest.mark.parametrize("writer", WRITERS)
async def test_a_change_marks_the_product(db: Database, clock: FixedClock, writer: str):
    report = await lines.feed(db, POOL, SHOP, BRAND, KETTLE)
    assert lines.outcomes(report)["rejected"] == 0
    async with db.session() as session:
        product = (await session.scalars(select(models.Product))).one()
        await session.execute(text("DELETE FROM dirty_marks"))

    await WRITERS[writer](db, product, clock)

    async with db.session() as session:
        mark = models.DirtyMark
        marked = select(mark.kind, mark.object_id).where(mark.consumer == models.Consumer.DISTRIBUTION)
        assert (await session.execute(marked)).all() == [(models.DirtyKind.PRODUCT, product.id)]


def test_nobody_else_writes_what_lies_in_a_pool():
    """Whoever begins to is to be among the writers above."""
    naming = {
        str(path.relative_to(SERVICES))
        for path in SERVICES.rglob("*.py")
        if re.search(r"PoolProduct|pool_products", path.read_text())
    }

    assert naming - READING == {"interchange/kinds/catalogue.py"}
