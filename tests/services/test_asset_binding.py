"""Retired and expired assets are bound nowhere anew, stay where they stood, and expired ones go out with nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import FixedClock
from core.errors import DomainError
from models import AssetKind, Format, blocks, formats
from services import answers, contents, goods, homepages, profiles, publishing, scheduling
from services.homepages import drafting
from tests import make

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
UNFIT = [("ASSET_RETIRED", {"retired_at": LONG_AGO}), ("ASSET_EXPIRED", {"expires_at": LONG_AGO})]


def draft(cover: models.Asset) -> contents.Draft:
    return contents.Draft(title="Tea", details=formats.ArticleDetails(), covers=(cover.uid,))


def body(asset: models.Asset) -> tuple[Any, ...]:
    return (blocks.Image(asset=asset.uid),)


def told(refused: pytest.ExceptionInfo[DomainError]) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(one.code, one.path) for one in refused.value.problems]


async def make_unfit(session: AsyncSession, asset: models.Asset, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(asset, name, value)
    await session.flush()


@pytest.mark.parametrize(("code", "values"), UNFIT)
async def test_a_draft_keeps_what_it_named_and_names_nothing_unfit_anew(
    session: AsyncSession, clock: FixedClock, code: str, values: dict[str, Any]
):
    creator = await make.creator(session)
    author = await make.author(session, creator)
    old, other = [await make.asset(session, creator_id=creator.id) for _ in range(2)]
    content = await contents.create(session, author, creator.uid, draft(old), language="en", clock=clock)
    await make_unfit(session, old, values)
    await make_unfit(session, other, values)

    _, kept = await contents.edit(session, author, content.uid, draft(old), expected_revision="1.1", clock=clock)
    with pytest.raises(DomainError) as edited:
        await contents.edit(session, author, content.uid, draft(other), expected_revision="1.2", clock=clock)
    with pytest.raises(DomainError) as begun:
        await contents.create(session, author, creator.uid, draft(old), language="zh", clock=clock)

    assert kept.edition == 2
    assert told(edited) == told(begun) == [(code, ("covers", 0))]


@pytest.mark.parametrize(("code", "values"), UNFIT)
async def test_answers_products_avatars_and_pages_hold_to_it_too(
    session: AsyncSession, clock: FixedClock, code: str, values: dict[str, Any]
):
    creator = await make.creator(session)
    author = await make.author(session, creator)
    old, other = [await make.asset(session, creator_id=creator.id) for _ in range(2)]
    asked = await make.content(session, creator, format=Format.QNA)
    answer = await make.answer(session, asked, creator)
    answer.body = blocks.dump(body(old))
    product = await make.product(session, shop_id=(await make.shop(session)).id)
    session.add(models.ProductAsset(product_id=product.id, position=0, asset_id=old.id))
    creator.avatar_id = old.id
    home = models.Homepage(creator_id=creator.id)
    session.add(home)
    await session.flush()
    session.add(models.HomepageVersion(homepage_id=home.id, number=1, blocks=[{"type": "hero", "image": str(old.uid)}]))
    await make_unfit(session, old, values)
    await make_unfit(session, other, values)
    operator = make.operator()

    async def page(asset: models.Asset) -> list[tuple[str, tuple[str | int, ...]]]:
        named = {"blocks": [{"type": "hero", "title": "Hi", "image": asset.uid}]}
        return [(one.code, one.path) for one in await drafting.flaws(session, author, creator.id, named)]

    async def refused(work: Any) -> list[tuple[str, tuple[str | int, ...]]]:
        with pytest.raises(DomainError) as error:
            await work
        return told(error)

    await answers.edit(session, author, answer.uid, body(old), clock=clock)
    await profiles.update(session, author, creator.uid, avatar=old.uid)
    assert await page(old) == []
    assert await refused(answers.edit(session, author, answer.uid, body(other), clock=clock)) == [
        (code, ("body", 0, "image", "asset"))
    ]
    assert await refused(profiles.update(session, author, creator.uid, avatar=other.uid)) == [(code, ("avatar",))]
    pictures = {"pictures": [old.uid, other.uid]}
    assert await refused(goods.update(session, operator, product.uid, pictures, clock=clock)) == [
        (code, ("pictures", 1))
    ]
    assert [one for one, _ in await page(other)] == [code]


async def test_nothing_goes_out_with_what_has_expired(session: AsyncSession, clock: FixedClock):
    creator = await make.creator(session)
    author = await make.author(session, creator)
    fresh, over = [await make.asset(session, creator_id=creator.id) for _ in range(2)]
    film = await make.asset(session, creator_id=creator.id, kind=AssetKind.VIDEO, retired_at=LONG_AGO)
    content = await make.content(session, creator, covers=(fresh, over), live=False)
    revision_id = content.draft_revision_id
    session.add(models.RevisionAsset(revision_id=revision_id, position=9, use=models.AssetUse.VIDEO, asset_id=film.id))
    await make_unfit(session, over, {"expires_at": LONG_AGO})

    with pytest.raises(DomainError) as published:
        await publishing.publish(session, author, content.uid, clock=clock)
    with pytest.raises(DomainError) as scheduled:
        await scheduling.schedule(session, author, content.uid, at="2027-01-01T09:00:00", time_zone="UTC", clock=clock)

    assert told(published) == told(scheduled) == [("ASSET_EXPIRED", ("content",))]
    assert published.value.message == "COVER 2 has expired: take another asset, or give it more time."
    # what is retired goes out where it stood
    over.expires_at = None
    await session.flush()
    await publishing.publish(session, author, content.uid, clock=clock)
    assert await session.scalar(select(models.Content.live_revision_id)) == revision_id


async def test_a_page_goes_out_with_nothing_that_has_expired(session: AsyncSession, clock: FixedClock):
    creator = await make.creator(session)
    author = await make.author(session, creator)
    asset = await make.asset(session, creator_id=creator.id, expires_at=LONG_AGO)
    home = models.Homepage(creator_id=creator.id)
    session.add(home)
    await session.flush()
    session.add(
        models.HomepageVersion(homepage_id=home.id, number=1, blocks=[{"type": "hero", "image": str(asset.uid)}])
    )
    await session.flush()

    with pytest.raises(DomainError) as refused:
        await homepages.publish(session, author, creator.uid, clock=clock)
    asset.expires_at = None
    await session.flush()

    assert told(refused) == [("ASSET_EXPIRED", ("creator",))]
    assert (await homepages.publish(session, author, creator.uid, clock=clock)).state is models.HomepageState.LIVE
