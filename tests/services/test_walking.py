"""Lists are walked forward and backward while rows come and go: what stays is met once, in order, with honest ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import ANONYMOUS
from core.cursors import UnknownCursor
from core.reads import Page, Window
from services import products
from tests.core.forging import forged

MOST_MET = 40
START = datetime(2026, 11, 1, tzinfo=UTC)
CNY = products.ProductFilter(currency="CNY")
# equal ones are many, so that ids must break ties; None is a product without a price
Place = tuple[int, int | None]
PLACES = st.tuples(st.integers(0, 2), st.sampled_from([None, 0, 100]))
CHANGES = st.lists(st.one_of(PLACES, st.integers(0, 9)), max_size=6)


@dataclass
class List:
    """The products of a brand, and what happens to them."""

    session: AsyncSession
    brand: models.Brand
    order: str
    ids: list[int] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)
    before: set[int] = field(default_factory=set)

    async def insert(self, *places: Place) -> None:
        rows = [
            models.Product(
                title="Cup",
                brand_id=self.brand.id,
                created_at=START + timedelta(days=day),
                price_minor=price,
                currency="CNY",
            )
            for day, price in places
        ]
        self.session.add_all(rows)
        await self.session.flush()
        self.ids += [row.id for row in rows]

    async def change(self, change: Place | int) -> None:
        """Insert a row at a place, or delete one by number."""
        if isinstance(change, tuple):
            await self.insert(change)
        elif self.ids:
            gone = self.ids.pop(change % len(self.ids))
            self.deleted.add(gone)
            await self.session.execute(delete(models.Product).where(models.Product.id == gone))

    async def page(self, window: Window) -> Page[models.Product]:
        found = await products.of_brands(
            self.session, ANONYMOUS, [self.brand.id], window=window, order=self.order, filters=CNY
        )
        page = found[self.brand.id]
        assert isinstance(page, Page)
        return page

    async def walk(self, size: int, changes: Sequence[Place | int], *, backward: bool) -> list[int]:
        """The ids in the order in which they are met, one change between two pages."""
        met: list[int] = []
        cursor: str | None = None
        waiting = list(changes)
        while True:
            window = Window(last=size, before=cursor) if backward else Window(first=size, after=cursor)
            page = await self.page(window)
            rows = page.rows[::-1] if backward else page.rows
            met += [row.id for row in rows]
            assert len(met) <= MOST_MET, "this walk has no end"
            further, behind = (page.has_previous, page.has_next) if backward else (page.has_next, page.has_previous)
            here = [row.id for row in (await self.page(Window(first=100))).rows][:: -1 if backward else 1]
            ends = (here[0], here[-1]) if here else (None, None)
            if rows:
                assert (behind, further) == (ends[0] != rows[0].id, ends[1] != rows[-1].id)
            if not further:
                return met
            cursor = page.cursors[0] if backward else page.cursors[-1]
            if waiting:
                await self.change(waiting.pop(0))


@pytest.mark.parametrize("order", ["newest", "cheapest", "dearest"])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(PLACES, max_size=7), changes=CHANGES, size=st.integers(1, 3), backward=st.booleans())
async def test_what_stays_is_met_once_and_in_order(
    session: AsyncSession, order: str, places: list[Place], changes: list[Place | int], size: int, backward: bool
) -> None:
    async with session.begin_nested() as undone:
        brand = models.Brand(name="Northlight")
        session.add(brand)
        await session.flush()
        rows = List(session, brand, order)
        await rows.insert(*places)
        there = list(rows.ids)

        met = await rows.walk(size, changes, backward=backward)
        stayed = set(there) - rows.deleted
        afterwards = await rows.walk(size, (), backward=False)
        reverse = await rows.walk(size, (), backward=True)

        assert len(met) == len(set(met)), "nothing twice"
        assert stayed <= set(met), "nothing skipped"
        assert afterwards == reverse[::-1]
        assert sorted(afterwards) == sorted(rows.ids)
        ahead = met[::-1] if backward else met
        assert [id_ for id_ in ahead if id_ in stayed] == [id_ for id_ in afterwards if id_ in stayed]
        await undone.rollback()


async def test_a_page_that_emptied_says_what_stands_on_its_other_side(session: AsyncSession) -> None:
    brand = models.Brand(name="Northlight")
    session.add(brand)
    await session.flush()
    rows = List(session, brand, "newest")
    await rows.insert((0, 1), (1, 1), (2, 1))
    first = await rows.page(Window(first=1))
    await rows.change(1)
    await rows.change(0)

    emptied = await rows.page(Window(first=1, after=first.cursors[0]))
    await rows.change(0)
    alone = await rows.page(Window(first=1, after=first.cursors[0]))

    assert (emptied.rows, emptied.has_previous, emptied.has_next) == ([], True, False)
    assert (alone.rows, alone.has_previous, alone.has_next) == ([], False, False)


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"[1]",
        b'["2026-11-01T00:00:00Z",1]',
        b'[{"t":1},"1"]',
        b'[{"t":1},true]',
        b'[{"t":1},1.5]',
        b'[{"t":1},null]',
        b'[{"t":1},9223372036854775808]',
        b'[{"t":1},1,1]',
        b"[1,1]",
    ],
)
async def test_a_genuine_cursor_over_values_of_no_row_is_unknown(session: AsyncSession, payload: bytes) -> None:
    scope = products.of_brands.scope(7, products.newest)

    with pytest.raises(UnknownCursor):
        await products.of_brands(
            session, ANONYMOUS, [7], window=Window(first=1, after=forged(scope, payload)), order="newest"
        )
