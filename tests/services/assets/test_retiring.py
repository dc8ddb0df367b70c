"""Retired assets stay where they are used; deleted ones go with their bytes, and only when nothing uses them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError
from core.ids import new_uid
from core.store import Store
from models import UploadState, formats
from services import contents
from services.assets import keeping, retiring
from tests import make

BYTES = b"as good as a picture"


async def kept(session: AsyncSession, store: Store, creator: models.Creator) -> models.Asset:
    """An asset whose bytes are in the store, with a rendition beside them."""
    sha256 = await keeping.keep(session, store, BYTES, "image/png")
    made = models.Rendition(sha256=sha256, name="1x1-cover.png", media_type="image/png", byte_count=1, etag="e")
    await session.merge(made)
    await session.flush()
    await store.put(keeping.rendition_key(sha256, "1x1-cover.png"), b"1")
    return await make.asset(session, creator_id=creator.id, sha256=sha256, url=None)


async def lying(store: Store) -> int:
    return len([one async for one in store.entries("")])


def draft(*covers: models.Asset) -> contents.Draft:
    return contents.Draft(title="Tea", details=formats.ArticleDetails(), covers=tuple(one.uid for one in covers))


async def test_an_asset_is_retired_and_restored_once(session: AsyncSession, clock: FixedClock):
    creator = await make.creator(session)
    author, asset = await make.author(session, creator), await make.asset(session, creator_id=creator.id)

    first = (await retiring.retire(session, author, asset.uid, clock=clock)).retired_at
    clock.move(timedelta(hours=1))
    again = (await retiring.retire(session, author, asset.uid, clock=clock)).retired_at
    await retiring.restore(session, author, asset.uid)
    restored = (await retiring.restore(session, author, asset.uid)).retired_at

    assert first == again is not None
    assert restored is None
    actions = await session.scalars(select(models.AuditEntry.action).order_by(models.AuditEntry.id))
    assert list(actions) == ["asset.retired", "asset.restored"]


async def test_what_nothing_uses_is_deleted_with_its_bytes(session: AsyncSession, db: Database, store: Store):
    creator = await make.creator(session)
    author, asset = await make.author(session, creator), await kept(session, store, creator)
    uid, tag = asset.uid, await make.tag(session, await make.taxonomy(session), "tea")
    session.add(models.AssetTag(asset_id=asset.id, tag_id=tag.id, position=0))
    bringing = {"expires_at": make.EARLY, "asset_uid": uid, "state": UploadState.FETCHING}
    upload = models.AssetUpload(
        creator_id=creator.id, account_id=author.account_id, url="https://a.example", **bringing
    )
    session.add(upload)
    await session.flush()

    digest = await retiring.delete(session, author, uid)
    assert await lying(store) == 2
    await retiring.clear(db, store, [digest, ""])

    assert await lying(store) == 0
    for table in (models.Asset, models.Blob, models.Rendition, models.AssetTag):
        assert (await session.execute(select(table))).all() == []
    await session.refresh(upload)
    assert upload.state is UploadState.EXPIRED
    entry = (await session.scalars(select(models.AuditEntry))).one()
    assert (entry.action, entry.details) == ("asset.deleted", {"uid": str(uid), "sha256": digest})


async def test_bytes_that_another_asset_has_stay(session: AsyncSession, db: Database, store: Store):
    creator, eve = await make.creator(session), await make.creator(session, name="Eve")
    asset, other = await kept(session, store, creator), await kept(session, store, eve)

    digest = await retiring.delete(session, await make.author(session, creator), asset.uid)
    await retiring.clear(db, store, [digest])

    assert await lying(store) == 2
    await session.refresh(other)
    assert other.sha256 == bytes.fromhex(digest)


async def test_what_something_uses_stays_and_the_places_are_named(session: AsyncSession, store: Store):
    creator = await make.creator(session)
    author, asset = await make.author(session, creator), await kept(session, store, creator)
    for title in ("One", "Two", "Three", "Four"):
        await make.content(session, creator, title=title, covers=(asset,), live=False)
    product = await make.product(session, title="Kettle")
    session.add(models.ProductAsset(product_id=product.id, position=0, asset_id=asset.id))
    creator.avatar_id = asset.id
    await session.flush()

    with pytest.raises(DomainError) as refused:
        await retiring.delete(session, author, asset.uid)

    assert [(one.code, one.path) for one in refused.value.problems] == [("ASSET_IN_USE", ("asset",))] * 5
    assert [one.message for one in refused.value.problems][:3] == [
        "It is used by a product (live), “Kettle”: retire it instead.",
        "It is used by a creator (live), “Ada”: retire it instead.",
        "It is used by a content (a draft), “Four”: retire it instead.",
    ]
    assert await session.scalar(select(models.Asset.id)) == asset.id
    assert await lying(store) == 2


async def test_places_that_the_caller_may_not_see_are_counted_without_their_titles(session: AsyncSession):
    creator, eve = await make.creator(session), await make.creator(session, name="Eve")
    asset = await make.asset(session, creator_id=creator.id)
    await make.content(session, eve, title="Published", covers=(asset,))
    for title in ("Planned", "Secret"):
        await make.content(session, eve, title=title, covers=(asset,), live=False)

    async def told(caller: Caller) -> list[str]:
        with pytest.raises(DomainError) as refused:
            await retiring.delete(session, caller, asset.uid)
        return [one.message.removesuffix(": retire it instead.") for one in refused.value.problems]

    published = "It is used by a content (live), “Published”"
    assert await told(await make.author(session, creator)) == [
        published,
        "It is used by 2 places that you may not see",
    ]
    assert await told(make.operator()) == [
        published,
        "It is used by a content (a draft), “Secret”",
        "It is used by a content (a draft), “Planned”",
    ]
    eve.suspended_at = make.EARLY
    await session.flush()
    assert await told(await make.author(session, creator)) == ["It is used by 3 places that you may not see"]


async def test_foreign_and_unknown_assets_look_alike(session: AsyncSession, clock: FixedClock):
    creator = await make.creator(session)
    eve = await make.author(session, await make.creator(session, name="Eve"))
    own, of_house = await make.asset(session, creator_id=creator.id), await make.asset(session)

    said = set()
    for uid in (own.uid, of_house.uid, new_uid()):
        for work in (
            retiring.retire(session, eve, uid, clock=clock),
            retiring.restore(session, eve, uid),
            retiring.delete(session, eve, uid),
        ):
            with pytest.raises(DomainError) as refused:
                await work
            said.add((refused.value.code, refused.value.message))

    assert said == {("NO_SUCH_ASSET", "There is no such asset, or it is not yours.")}


async def test_the_sweeper_takes_bytes_that_nobody_got_to(session: AsyncSession, store: Store, clock: FixedClock):
    creator = await make.creator(session)
    asset = await kept(session, store, creator)
    blob = (await session.scalars(select(models.Blob))).one()
    blob.created_at = clock.now() - timedelta(days=2)
    await session.flush()

    used = await retiring.sweep(session, store, clock=clock)
    await session.delete(asset)
    blob.created_at = clock.now() - timedelta(hours=23)
    await session.flush()
    new = await retiring.sweep(session, store, clock=clock)
    blob.created_at = clock.now() - timedelta(hours=25)
    await session.flush()
    unused = await retiring.sweep(session, store, clock=clock)

    assert (used, new, unused, await lying(store)) == (0, 0, 1, 0)


async def test_who_binds_and_who_deletes_at_once_agree(committed: Database, clock: FixedClock):
    """Whoever comes second finds what the first did: never a draft that names what is gone."""
    async with committed.session() as session:
        creator = await make.creator(session)
        author = await make.author(session, creator)
        assets = [await make.asset(session, creator_id=creator.id) for _ in range(8)]

    async def bind(asset: models.Asset) -> str:
        async with committed.session() as session:
            await contents.create(session, author, creator.uid, draft(asset), language="en", clock=clock)
        return "bound"

    async def delete(asset: models.Asset) -> str:
        async with committed.session() as session:
            await retiring.delete(session, author, asset.uid)
        return "deleted"

    async def told(work: asyncio.Future[str]) -> str:
        try:
            return await work
        except DomainError as error:
            return error.problems[0].code

    pairs = [(bind(one), delete(one)) if place % 2 else (delete(one), bind(one)) for place, one in enumerate(assets)]
    done = await asyncio.gather(*(told(asyncio.ensure_future(work)) for pair in pairs for work in pair))

    outcomes = [frozenset(done[place : place + 2]) for place in range(0, len(done), 2)]
    assert set(outcomes) <= {frozenset({"bound", "ASSET_IN_USE"}), frozenset({"deleted", "UNKNOWN_ASSET"})}
    async with committed.session() as session:
        there = set(await session.scalars(select(models.Asset.id)))
        shown = set(await session.scalars(select(models.RevisionAsset.asset_id)))
    assert shown == there
