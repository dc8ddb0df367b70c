"""What readers of a feed are shown changes: the feed says so; what they are not shown changes: it says nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from models import DirtyKind, FeedEvent
from services import outbox, publishing
from services.distribution import Distributor
from tests import make
from tests.services.packs import install, pack

KEY = "test.all"


@pytest.fixture
async def distributor(db: Database, clock: FixedClock) -> Distributor:
    await install(db, pack(KEY))
    return Distributor(db, clock=clock, base_url="https://headwater.example")


async def published(db: Database, clock: FixedClock, distributor: Distributor) -> models.Content:
    """A content with a product, a tag and a cover, as its feed first told of it."""
    async with db.session() as session:
        creator = await make.creator(session)
        tag = await make.tag(session, await make.taxonomy(session), "tea")
        content = await make.content(
            session,
            creator,
            live=False,
            tags=(tag,),
            products=(await make.product(session),),
            covers=(await make.asset(session),),
        )
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    await distributor.drain()
    return content


async def change(db: Database, model: type[Any], kind: DirtyKind | None, **values: Any) -> None:
    """Change the one row there is, and mark it; or, without a kind of its own, the contents."""
    async with db.session() as session:
        row = (await session.scalars(select(model))).one()
        for name, value in values.items():
            setattr(row, name, value)
        contents = list(await session.scalars(select(models.Content.id)))
        await outbox.mark(session, kind or DirtyKind.CONTENT, [row.id] if kind else contents)


async def told(db: Database) -> list[FeedEvent]:
    async with db.session() as session:
        item, feed = models.FeedItem, models.Feed
        rows = await session.scalars(
            select(item.event).join(feed, feed.id == item.feed_id).where(feed.key == KEY).order_by(item.position)
        )
        return list(rows)


@pytest.mark.parametrize(
    ("model", "kind", "values"),
    [
        (models.Product, DirtyKind.PRODUCT, {"price_minor": 9_900}),
        (models.Product, DirtyKind.PRODUCT, {"title": "Another kettle"}),
        (models.Product, DirtyKind.PRODUCT, {"is_on_shelf": False}),
        (models.Tag, DirtyKind.TAG, {"labels": {"en": "Tea leaves", "zh": "茶叶"}}),
        (models.Creator, DirtyKind.CREATOR, {"name": "Ada L."}),
        (models.Asset, None, {"url": "https://pictures.example/moved.jpg"}),
    ],
    ids=["price", "product's title", "on shelf", "tag's label", "creator's name", "picture's address"],
)
async def test_what_readers_are_shown_changes(
    db: Database,
    clock: FixedClock,
    distributor: Distributor,
    model: type[Any],
    kind: DirtyKind | None,
    values: dict[str, Any],
):
    await published(db, clock, distributor)

    await change(db, model, kind, **values)
    await distributor.drain()

    assert await told(db) == [FeedEvent.PUBLISHED, FeedEvent.UPDATED]


@pytest.mark.parametrize(
    ("model", "kind", "values"),
    [
        (models.Product, DirtyKind.PRODUCT, {"description": "Nobody shows this."}),
        (models.Creator, DirtyKind.CREATOR, {"followers_count": 12}),
        (models.Content, None, {}),
    ],
    ids=["description", "followers", "nothing"],
)
async def test_what_readers_are_not_shown_changes(
    db: Database,
    clock: FixedClock,
    distributor: Distributor,
    model: type[Any],
    kind: DirtyKind | None,
    values: dict[str, Any],
):
    await published(db, clock, distributor)

    await change(db, model, kind, **values)
    await distributor.drain()

    assert await told(db) == [FeedEvent.PUBLISHED]
