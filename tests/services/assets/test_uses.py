"""Where assets are used: every place that can show one, in every state, what readers see first."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, insert, literal, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.reads import Window
from models import ContentState, Format, HomepageState, RevisionState, UsageKind, UsageState
from services.assets import uses
from tests import make


async def version(session: AsyncSession, content: models.Content, state: RevisionState, *assets: models.Asset) -> None:
    """A further version of a content, which shows these."""
    scheduled = {"scheduled_for": make.EARLY, "schedule_zone": "UTC"} if state is RevisionState.SCHEDULED else {}
    published = {"published_at": make.EARLY} if state is RevisionState.SUPERSEDED else {}
    sealed = None if state is RevisionState.DRAFT else make.EARLY
    revision = models.Revision(
        content_id=content.id, number=2, title=f"{state}", state=state, sealed_at=sealed, **scheduled, **published
    )
    session.add(revision)
    await session.flush()
    for place, asset in enumerate(assets):
        shown = {"use": models.AssetUse.PICTURE, "asset_id": asset.id}
        session.add(models.RevisionAsset(revision_id=revision.id, position=place, **shown))
    await session.flush()


async def page(session: AsyncSession, creator: models.Creator, state: HomepageState, blocks: list[Any]) -> None:
    home = await session.scalar(select(models.Homepage).where(models.Homepage.creator_id == creator.id))
    if home is None:
        home = models.Homepage(creator_id=creator.id)
        session.add(home)
        await session.flush()
    published = make.EARLY if state in {HomepageState.LIVE, HomepageState.SUPERSEDED} else None
    number = len((await session.scalars(select(models.HomepageVersion))).all()) + 1
    row = {"homepage_id": home.id, "number": number, "state": state, "blocks": blocks, "published_at": published}
    session.add(models.HomepageVersion(**row))
    await session.flush()


async def everywhere(session: AsyncSession, creator: models.Creator, asset: models.Asset) -> None:
    """The asset in every place that there is."""
    await make.content(session, creator, title="Live", covers=(asset,))
    await make.content(session, creator, title="Withdrawn", covers=(asset,), state=ContentState.WITHDRAWN)
    await make.content(session, creator, title="Draft", covers=(asset,), live=False)
    for state in (RevisionState.IN_REVIEW, RevisionState.SCHEDULED, RevisionState.SUPERSEDED, RevisionState.DROPPED):
        await version(session, await make.content(session, creator), state, asset)
    product = await make.product(session, title="Kettle")
    session.add(models.ProductAsset(product_id=product.id, position=0, asset_id=asset.id))
    creator.avatar_id = asset.id
    picture = {"type": "image", "asset": str(asset.uid)}
    await page(
        session, creator, HomepageState.LIVE, [{"type": "tabs", "tabs": [{"blocks": [{"image": str(asset.uid)}]}]}]
    )
    await page(session, creator, HomepageState.DRAFT, [{"type": "rich_text", "body": [picture]}])
    await page(session, creator, HomepageState.SUPERSEDED, [{"type": "hero", "image": str(asset.uid)}])
    question = await make.content(session, creator, format=Format.QNA)
    answer = models.AnswerState
    for state in (answer.VISIBLE, answer.TAKEN_DOWN):
        row = {"content_id": question.id, "creator_id": creator.id, "published_at": make.EARLY, "state": state}
        session.add(models.Answer(**row, body=[picture]))
    await session.flush()


async def test_every_place_that_shows_an_asset_is_found(session: AsyncSession):
    creator = await make.creator(session)
    asset, other = await make.asset(session, creator_id=creator.id), await make.asset(session, creator_id=creator.id)
    await everywhere(session, creator, asset)
    await everywhere(session, await make.creator(session, name="Eve"), other)

    found = (await uses.of_assets(session, make.acting_as(creator), [asset.id], window=Window(first=20)))[asset.id]

    seen = [(UsageState(one.state).name, UsageKind(one.kind).name, one.place, one.label) for one in found.rows]
    assert seen == [
        ("LIVE", "CONTENT", "COVER", "Live"),
        ("LIVE", "PRODUCT", "PICTURE", "Kettle"),
        ("LIVE", "CREATOR", "AVATAR", "Ada"),
        ("LIVE", "HOMEPAGE", "BLOCK", "Ada"),
        ("LIVE", "ANSWER", "BODY", "Ada"),
        ("WAITING", "CONTENT", "PICTURE", "SCHEDULED"),
        ("WAITING", "CONTENT", "PICTURE", "IN_REVIEW"),
        ("DRAFT", "CONTENT", "COVER", "Draft"),
        ("DRAFT", "HOMEPAGE", "BLOCK", "Ada"),
        ("HIDDEN", "CONTENT", "COVER", "Withdrawn"),
        ("HIDDEN", "ANSWER", "BODY", "Ada"),
        ("OLD", "CONTENT", "PICTURE", "DROPPED"),
        ("OLD", "CONTENT", "PICTURE", "SUPERSEDED"),
        ("OLD", "HOMEPAGE", "BLOCK", "Ada"),
    ]
    assert await uses.of_assets.count(session, make.operator(), [asset.id, other.id]) == {asset.id: 14, other.id: 14}


async def test_uses_are_turned_over_page_by_page_without_a_gap(session: AsyncSession):
    creator = await make.creator(session)
    asset = await make.asset(session, creator_id=creator.id)
    await everywhere(session, creator, asset)
    caller = make.acting_as(creator)

    whole = (await uses.of_assets(session, caller, [asset.id], window=Window(first=20)))[asset.id].rows
    turned: list[models.Usage] = []
    cursor = None
    while True:
        part = (await uses.of_assets(session, caller, [asset.id], window=Window(first=4, after=cursor)))[asset.id]
        turned += part.rows
        if not part.has_next:
            break
        cursor = part.cursors[-1]

    assert turned == whole


async def test_who_uses_an_asset_is_told_to_its_own_side_only(session: AsyncSession):
    creator, eve = await make.creator(session), await make.creator(session, name="Eve")
    own, of_house = await make.asset(session, creator_id=creator.id), await make.asset(session)
    for asset in (own, of_house):
        await make.content(session, creator, covers=(asset,))
    ids = [own.id, of_house.id]

    async def counted(caller: Any) -> list[int]:
        found = await uses.of_assets(session, caller, ids, window=Window(first=5))
        return [len(found[id_].rows) for id_ in ids]

    assert await counted(make.acting_as(creator)) == [1, 0]
    assert await counted(make.acting_as(eve)) == [0, 0]
    assert await counted(make.operator()) == [1, 1]
    # of the house's everybody who writes learns whether it is used, and no more
    assert await uses.used(session, make.acting_as(eve), ids) == {of_house.id: True}


@pytest.mark.parametrize("place", ["content", "product", "avatar", "page", "answer", None])
async def test_one_place_is_enough_to_be_used(session: AsyncSession, place: str | None):
    creator = await make.creator(session)
    asset = await make.asset(session, creator_id=creator.id)
    if place == "content":
        await version(session, await make.content(session, creator), RevisionState.SUPERSEDED, asset)
    if place == "product":
        product = await make.product(session)
        session.add(models.ProductAsset(product_id=product.id, position=0, asset_id=asset.id))
    if place == "avatar":
        creator.avatar_id = asset.id
    if place == "page":
        await page(session, creator, HomepageState.DROPPED, [{"type": "hero", "image": str(asset.uid)}])
    if place == "answer":
        question = await make.content(session, creator, format=Format.QNA)
        answer = await make.answer(session, question, creator, state=models.AnswerState.WITHDRAWN)
        answer.body = [{"type": "video", "asset": str(asset.uid)}]
    await session.flush()

    assert await uses.used(session, make.operator(), [asset.id]) == {asset.id: place is not None}
    seen, others = await uses.first_of(session, make.operator(), asset.id, 5)
    assert (len(seen), others) == (place is not None, 0)


async def test_an_asset_that_stands_everywhere_makes_nobody_read_all_places(session: AsyncSession):
    """Statistics then say that whichever asset is sought, the first row shows it."""
    creator = await make.creator(session)
    asset, other = await make.asset(session, creator_id=creator.id), await make.asset(session, creator_id=creator.id)
    content = await make.content(session, creator)
    numbers = func.generate_series(1, 2_000).column_valued("number")
    shown = (content.live_revision_id, numbers, "PICTURE", asset.id)
    values = select(*(one if one is numbers else literal(one) for one in shown))
    row = models.RevisionAsset
    await session.execute(insert(row).from_select((row.revision_id, row.position, row.use, row.asset_id), values))
    await session.execute(text("ANALYZE revision_assets"))

    bound = {"literal_binds": True, "render_postcompile": True}
    asked = select(models.Asset.id).where(~uses.is_used()).compile(dialect=postgresql.dialect(), compile_kwargs=bound)
    plan = "\n".join(await session.scalars(text(f"EXPLAIN {asked}".replace(":", "\\:"))))

    assert "using ix_revision_assets_asset_id" in plan
    assert "Seq Scan on revision_assets" not in plan
    assert await uses.used(session, make.operator(), [asset.id, other.id]) == {asset.id: True, other.id: False}
