"""What the API tells of products that are no longer what they were when a submission was decided on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id
from services import goods, publishing
from services.distribution import Distributor
from tests import make
from tests.api.graphql.asking import Asking
from tests.services.packs import install, pack

FLAGS = """query ($id: ID!, $first: Int) { node(id: $id) { ... on Submission { flagsCount flags(first: $first) {
  code since isWithdrawing priceThen { amount } priceNow { amount currency } product { title } en: message(language: "en")
  zh: message(language: "zh") } } } }"""


@pytest.fixture
async def sold(api: Asking, session: AsyncSession, db: Database, clock: FixedClock) -> Any:
    """Two products of a content that was delivered; each goes off the shelf, the first at another price. Its author asks."""
    await install(db, pack("test.one"))
    ada = await make.creator(session)
    sold = [await make.product(session, title=title) for title in ("Kettle", "Pot")]
    content = await make.content(session, ada, live=False, products=tuple(sold))
    await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    distributor = Distributor(db, clock=clock, base_url="https://headwater.example")
    await distributor.drain()
    for product in sold:
        await goods.update(session, SYSTEM, product.uid, {"is_on_shelf": False}, clock=clock)
    await goods.update(session, SYSTEM, sold[0].uid, {"price_minor": 17_900}, clock=clock)
    await distributor.drain()
    return api.as_(await make.author(session, ada))


async def asked(api: Asking, session: AsyncSession, **variables: Any) -> Any:
    row = (await session.scalars(select(models.Submission))).one()
    return await api.data(FLAGS, id=global_id("Submission", row.uid), **variables)


async def test_its_author_reads_what_became_of_each_product(sold: Asking, session: AsyncSession, clock: FixedClock):
    found = (await asked(sold, session))["node"]

    known = {"since": clock.now().isoformat(), "isWithdrawing": False}
    gone = {"en": "A product went off the shelf.", "zh": "商品已下架。", "priceThen": None, "priceNow": None}
    price = {"priceThen": {"amount": "199.00"}, "priceNow": {"amount": "179.00", "currency": "CNY"}}
    assert found == {
        "flagsCount": 3,
        "flags": [
            {"code": "OFF_SHELF", "product": {"title": "Kettle"}, **gone, **known},
            {
                "code": "PRICE",
                "product": {"title": "Kettle"},
                "en": "The price of a product changed.",
                "zh": "商品价格已变动。",
                **price,
                **known,
            },
            {"code": "OFF_SHELF", "product": {"title": "Pot"}, **gone, **known},
        ],
    }


async def test_the_integration_of_the_channel_reads_them_too(sold: Asking, session: AsyncSession):
    row = (await session.scalars(select(models.Submission))).one()
    account = await make.account(session, name="Bot")
    scopes = frozenset({Scope.DELIVERY_WRITE})
    bot = Caller(name="bot", account_id=account.id, channel_ids=frozenset({row.channel_id}), scopes=scopes)

    found = (await asked(sold.as_(bot), session, first=1))["node"]

    assert (found["flagsCount"], [flag["code"] for flag in found["flags"]]) == (3, ["OFF_SHELF"])


@pytest.mark.parametrize(("wanted", "count"), [(True, 1), (False, 0), (None, 1)])
async def test_the_flagged_ones_are_a_list(sold: Asking, *, wanted: bool | None, count: int):
    asked = "query ($is: Boolean) { submissions(first: 10, filter: { isFlagged: $is }) { totalCount nodes { state } } }"

    found = (await sold.data(asked, **{"is": wanted}))["submissions"]

    assert (found["totalCount"], len(found["nodes"])) == (count, count)
