"""The bytes of assets: served while something that everybody may see uses them, and not a moment longer."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import models
from core.caller import SYSTEM, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import new_uid
from services import accounts, assets, homepages, keys, publishing
from tests import make
from tests.api.door import Door, opened

BYTES = b"\xff\xd8\xff\xe0 not quite a picture"


@pytest.fixture
async def door(db: Database, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(db, clock, data=tmp_path) as there:
        yield there


@pytest.fixture
async def picture(door: Door, tmp_path: Path) -> models.Asset:
    async with door.db.session() as session:
        digest = await assets.keep(session, door.store, BYTES, "image/jpeg")
        return await make.asset(session, sha256=digest)


async def status(door: Door, asset: models.Asset) -> int:
    return (await door.get(f"/assets/{asset.uid}")).status_code


async def test_an_asset_that_nothing_shows_is_not_there(door: Door, picture: models.Asset):
    assert await door.problem(f"/assets/{picture.uid}") == (404, "NO_SUCH_ASSET")


@pytest.mark.parametrize("name", ["x", "00000000-0000-0000-0000-000000000000", "%00"])
async def test_what_is_no_asset_is_404_with_a_code(door: Door, name: str):
    assert await door.problem(f"/assets/{name}") == (404, "NO_SUCH_ASSET")


async def test_a_cover_is_served_while_its_content_is_live(door: Door, picture: models.Asset):
    async with door.db.session() as session:
        draft = await make.content(session, await make.creator(session), covers=(picture,), live=False)
    before = await status(door, picture)
    async with door.db.session() as session:
        await publishing.publish(session, SYSTEM, draft.uid, clock=door.clock)
    answer = await door.get(f"/assets/{picture.uid}")

    await door.withdraw(draft)

    assert before == 404
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, BYTES, "image/jpeg")
    assert await status(door, picture) == 404


async def test_a_cover_of_a_superseded_revision_is_gone(door: Door, picture: models.Asset):
    content = await door.live(covers=(picture,))
    before = await status(door, picture)

    await door.revise(content, title="Without a picture")

    assert (before, await status(door, picture)) == (200, 404)


async def test_the_pictures_of_a_suspended_creator_are_gone(door: Door, picture: models.Asset):
    async with door.db.session() as session:
        ada = await make.creator(session, avatar_id=picture.id)
        await make.content(session, ada, covers=(picture,))
    before = await status(door, picture)

    async with door.db.session() as session:
        await publishing.suspend(session, SYSTEM, ada.uid, reason="spam", clock=door.clock)

    assert (before, await status(door, picture)) == (200, 404)


async def test_an_author_sees_the_pictures_of_their_drafts(door: Door, picture: models.Asset):
    async with door.db.session() as session:
        ada, eve = await make.creator(session, name="Ada"), await make.creator(session, name="Eve")
        await make.content(session, ada, covers=(picture,), live=False)
        holders = ((ada, Scope.CONTENT_WRITE), (eve, Scope.CONTENT_WRITE), (ada, Scope.FEED_READ))
        secrets = [await key_of(session, creator, scope, door.clock) for creator, scope in holders]

    answers = [
        await door.client.get(f"/assets/{picture.uid}", headers={"Authorization": f"Bearer {secret}"})
        for secret in secrets
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert answers[0].headers["cache-control"] == "private, no-cache"
    assert await status(door, picture) == 404


async def key_of(session, creator: models.Creator, scope: Scope, clock: FixedClock) -> str:
    account = await accounts.create(session, SYSTEM, creator.name, clock=clock)
    session.add(models.Identity(account_id=account.id, kind=models.IdentityKind.CREATOR, creator_id=creator.id))
    await session.flush()
    return (await keys.create(session, SYSTEM, account.uid, "desk", [scope], clock=clock)).secret


async def test_the_picture_of_a_product_is_served(door: Door, picture: models.Asset):
    async with door.db.session() as session:
        product = await make.product(session)
        session.add(models.ProductAsset(product_id=product.id, position=0, asset_id=picture.id))

    assert await status(door, picture) == 200


async def test_an_asset_that_lives_elsewhere_is_not_served_by_us(door: Door):
    async with door.db.session() as session:
        linked = await make.asset(session)
        await make.content(session, await make.creator(session), covers=(linked,))

    assert await status(door, linked) == 404


async def test_the_bytes_have_a_tag(door: Door, picture: models.Asset):
    await door.live(covers=(picture,))
    first = await door.get(f"/assets/{picture.uid}")

    again = await door.client.get(f"/assets/{picture.uid}", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["etag"] == f'"{hashlib.sha256(b"image/jpeg" + BYTES).hexdigest()[:32]}"'
    assert first.headers["x-content-type-options"] == "nosniff"
    assert (again.status_code, again.content) == (304, b"")


async def test_bytes_that_are_missing_are_not_called_an_absence_of_the_database(door: Door):
    async with door.db.session() as session:
        session.add(models.Blob(sha256=bytes(32), media_type="image/png", byte_count=1))
        await session.flush()
        lost = await make.asset(session, uid=new_uid(), sha256=bytes(32))
        await make.content(session, await make.creator(session), covers=(lost,))

    assert await door.problem(f"/assets/{lost.uid}") == (404, "NO_SUCH_ASSET")


async def test_the_pictures_of_a_homepage_are_served_from_wherever_they_stand_on_it(door: Door, picture: models.Asset):
    name = str(picture.uid)
    places = [
        {"type": "hero", "image": name},
        {"type": "banner", "image": name},
        {"type": "links", "links": [{"title": "x", "image": name}]},
        {"type": "rich_text", "body": [{"type": "gallery", "images": [{"type": "image", "asset": name}]}]},
        {"type": "tabs", "tabs": [{"title": "x", "blocks": [{"type": "banner", "image": name}]}]},
    ]
    async with door.db.session() as session:
        ada = await make.creator(session)
        page = models.Homepage(creator_id=ada.id)
        session.add(page)
        await session.flush()
        version = models.HomepageVersion(
            homepage_id=page.id, number=1, state=models.HomepageState.LIVE, published_at=door.clock.now()
        )
        session.add(version)
        await session.flush()
    assert await status(door, picture) == 404

    for block in places:
        version.blocks = [{"type": "live"}, block]
        async with door.db.session() as session:
            await session.merge(version)
        assert await status(door, picture) == 200, block
    async with door.db.session() as session:
        await publishing.suspend(session, SYSTEM, ada.uid, reason="spam", clock=door.clock)
    assert await status(door, picture) == 404


async def test_the_pictures_of_a_page_that_is_not_published_are_for_its_author_and_for_a_preview(
    door: Door, picture: models.Asset
):
    async with door.db.session() as session:
        ada = await make.creator(session)
        author = await make.author(session, ada)
        picture.creator_id = ada.id
        await session.merge(picture)
        account = await session.get_one(models.Account, author.account_id)
        await accounts.act_as(session, SYSTEM, account.uid, ada)
        key = (await keys.create(session, SYSTEM, account.uid, "editor", ["creator:write"], clock=door.clock)).secret
        other = await make.asset(session, sha256=picture.sha256)
        blocks = [{"type": "banner", "image": str(picture.uid)}]
        draft = homepages.PageDraft.model_validate({"blocks": blocks})
        version = await homepages.save(session, author, ada.uid, draft, expected_revision=None, clock=door.clock)
        links = await homepages.preview(session, author, [version.id], hours=1, now=door.clock.now())
    token = links[version.id].token
    path = f"/assets/{picture.uid}"

    owned = await door.client.get(path, headers={"Authorization": f"Bearer {key}"})
    seen = await door.get(path, preview=token)

    assert (owned.status_code, seen.status_code) == (200, 200)
    assert seen.headers["cache-control"] == "private, no-cache"
    assert await door.problem(path) == (404, "NO_SUCH_ASSET")
    assert await door.problem(f"/assets/{other.uid}", preview=token) == (404, "NO_SUCH_ASSET")
    assert await door.problem(path, preview=token[:-1]) == (400, "MALFORMED_PREVIEW")
    assert await door.problem(path, size=3) == (400, "BAD_PARAMETER")
    async with door.db.session() as session:
        await homepages.discard(session, author, ada.uid, expected_revision="1.1", clock=door.clock)
    assert await door.problem(path, preview=token) == (410, "PREVIEW_OVER")
