"""Assets over GraphQL: what is known and said of them, lists, folders, uses, and changes of one or many."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Scope
from core.ids import global_id, new_uid
from core.store import Store
from models import AssetFactsSource, AssetKind
from services.assets import keeping
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.doing import do, id_of, operator, recorded
from tests.services.assets.test_uses import everywhere

FACTS = """query ($id: ID!) { asset(id: $id) { facts { __typename source mediaType format hasLocation
  ... on ImageFacts { width height orientation hasTransparency frameCount isAnimated colourSpace bitDepth
    dominantColours { colour percent } whiteBackgroundPercent sharpness perceptualHash }
  ... on VideoFacts { width durationMs bitrate container videoCodec audioCodec hasSound frameRate rotation headerDurationMs }
  ... on AudioFacts { durationMs container audioCodec sampleRate channelCount }
  ... on SubtitlesFacts { durationMs cueCount }
} } }"""
PICTURE = {
    "orientation": 6, "has_transparency": False, "frame_count": 1, "colour_space": "srgb", "bit_depth": 8,
    "dominant_colours": [{"colour": "#ffffff", "percent": 90}], "white_background": 100, "sharpness": 12,
    "perceptual_hash": "00ff00ff00ff00ff", "has_location": True,
}  # fmt: skip


async def probed(session: AsyncSession, creator: models.Creator, **values: Any) -> models.Asset:
    blob = models.Blob(sha256=bytes([len(values)]) * 32, media_type="x", byte_count=1)
    session.add(blob)
    await session.flush()
    known = {"facts_source": AssetFactsSource.PROBED, "sha256": blob.sha256, "creator_id": creator.id}
    return await make.asset(session, **known, **values)


async def test_a_picture_tells_its_facts_and_where_it_was_made_to_nobody_else(api: Asking, session: AsyncSession):
    creator = await make.creator(session)
    asset = await probed(session, creator, facts=PICTURE)
    await make.content(session, creator, covers=(asset,))

    shown = (await api.data(FACTS, id=id_of(asset)))["asset"]["facts"]
    own = (await api.as_(make.acting_as(creator)).data(FACTS, id=id_of(asset)))["asset"]["facts"]

    assert shown == {
        "__typename": "ImageFacts", "source": "PROBED", "mediaType": "image/jpeg", "format": "JPEG", "hasLocation": None,
        "width": 1200, "height": 800, "orientation": 6, "hasTransparency": False, "frameCount": 1, "isAnimated": False,
        "colourSpace": "srgb", "bitDepth": 8, "dominantColours": [{"colour": "#ffffff", "percent": 90}],
        "whiteBackgroundPercent": 100, "sharpness": 12, "perceptualHash": "00ff00ff00ff00ff",
    }  # fmt: skip
    assert own == shown | {"hasLocation": True}


async def test_films_sound_and_subtitles_tell_theirs_and_what_nobody_knows_is_null(api: Asking, session: AsyncSession):
    creator = await make.creator(session)
    author = api.as_(make.acting_as(creator))
    of: dict[str, Any] = {"creator_id": creator.id, "width": None, "height": None}
    film = await probed(
        session, creator, kind=AssetKind.VIDEO, media_type="video/mp4", duration_ms=9000, bitrate=800,
        facts={"container": "mp4", "video_codec": "h264", "has_sound": False, "frame_rate": 25, "rotation": 90},
    )  # fmt: skip
    said = {"facts_source": AssetFactsSource.DECLARED}
    sound = await make.asset(
        session, **of, **said, kind=AssetKind.AUDIO, facts={"sample_rate": "44100", "channel_count": True}
    )
    words = await make.asset(
        session, **of, **said, kind=AssetKind.SUBTITLES, facts={"cue_count": 3}, media_type="text/vtt"
    )
    unknown = await make.asset(session, **of)

    async def facts(asset: models.Asset) -> Any:
        return (await author.data(FACTS, id=id_of(asset)))["asset"]["facts"]

    assert await facts(film) == {
        "__typename": "VideoFacts", "source": "PROBED", "mediaType": "video/mp4", "format": "MP4", "hasLocation": None,
        "width": 1200, "durationMs": 9000, "bitrate": 800, "container": "mp4", "videoCodec": "h264", "audioCodec": None,
        "hasSound": False, "frameRate": 25.0, "rotation": 90, "headerDurationMs": None,
    }  # fmt: skip
    # an import may say anything: what is no number is not known
    assert await facts(sound) == {
        "__typename": "AudioFacts", "source": "DECLARED", "mediaType": "image/jpeg", "format": "JPEG", "hasLocation": None,
        "durationMs": None, "container": None, "audioCodec": None, "sampleRate": None, "channelCount": None,
    }  # fmt: skip
    assert ((await facts(words))["cueCount"], (await facts(words))["format"]) == (3, "WebVTT")
    assert await facts(unknown) is None


async def test_what_is_told_to_its_own_side_is_null_for_others(api: Asking, session: AsyncSession):
    creator, eve = await make.creator(session), await make.creator(session, name="Eve")
    folder = models.AssetFolder(creator_id=creator.id, name="2026")
    session.add(folder)
    tag = await make.tag(session, await make.taxonomy(session), "tea")
    await session.flush()
    values = {"file_name": "lake.jpg", "origin": "Ada's desk", "folder_id": folder.id, "retired_at": make.EARLY}
    asset = await make.asset(session, creator_id=creator.id, **values, expires_at=make.EARLY, created_at=make.EARLY)
    session.add(models.AssetTag(asset_id=asset.id, tag_id=tag.id, position=0))
    await make.content(session, creator, title="Shown", covers=(asset,))
    query = """query ($id: ID!) { asset(id: $id) { fileName source createdAt expiresAt retiredAt isExpired isUsed usesCount
      folder { name path } tags { code } creator { name }
      uses(first: 5) { nodes { place state where { __typename } revision { title } } } } }"""

    own = (await api.as_(make.acting_as(creator)).data(query, id=id_of(asset)))["asset"]
    narrow = api.as_(make.acting_as(creator, Scope.FEED_READ))
    others = [await one.data(query, id=id_of(asset)) for one in (api, api.as_(make.acting_as(eve)), narrow)]

    when = make.EARLY.isoformat()
    assert own == {
        "fileName": "lake.jpg", "source": "Ada's desk", "createdAt": when, "expiresAt": when, "retiredAt": when,
        "isExpired": True, "isUsed": True, "usesCount": 1, "folder": {"name": "2026", "path": ["2026"]},
        "tags": [{"code": "tea"}], "creator": {"name": "Ada"},
        "uses": {"nodes": [
            {"place": "COVER", "state": "LIVE", "where": {"__typename": "Article"}, "revision": {"title": "Shown"}}
        ]},
    }  # fmt: skip
    assert [one["asset"] for one in others] == [
        dict.fromkeys(own) | {"isExpired": True, "tags": [], "creator": {"name": "Ada"}}
    ] * 3


@pytest.mark.parametrize("place", ["live content", "product", "avatar", "homepage", "answer", "draft", None])
async def test_an_asset_is_found_by_everybody_while_something_visible_shows_it(
    api: Asking, session: AsyncSession, place: str | None
):
    creator = await make.creator(session)
    asset = await make.asset(session, creator_id=creator.id)
    if place in {"live content", "draft"}:
        await make.content(session, creator, covers=(asset,), live=place != "draft")
    if place == "product":
        session.add(models.ProductAsset(product_id=(await make.product(session)).id, position=0, asset_id=asset.id))
    if place == "avatar":
        creator.avatar_id = asset.id
    if place == "homepage":
        page = models.Homepage(creator_id=creator.id)
        session.add(page)
        await session.flush()
        blocks, live = [{"type": "hero", "image": str(asset.uid)}], models.HomepageState.LIVE
        row = models.HomepageVersion(homepage_id=page.id, number=1, state=live, blocks=blocks, published_at=make.EARLY)
        session.add(row)
    if place == "answer":
        question = await make.content(session, creator, format=models.Format.QNA)
        answer = await make.answer(session, question, creator)
        answer.body = [{"type": "image", "asset": str(asset.uid)}]
    await session.flush()
    query = "query ($id: ID!) { node(id: $id) { ... on Asset { kind } } asset(id: $id) { kind } }"

    found = await api.data(query, id=id_of(asset))
    creator.suspended_at = make.EARLY
    await session.flush()
    hidden = await api.data(query, id=id_of(asset))

    there = {"kind": "IMAGE"} if place not in {"draft", None} else None
    assert found == {"node": there, "asset": there}
    left = there if place == "product" else None
    assert hidden == {"node": left, "asset": left}


async def test_assets_are_narrowed_and_ordered(api: Asking, session: AsyncSession):
    ada, eve = await make.creator(session), await make.creator(session, name="Eve")
    folder = models.AssetFolder(creator_id=ada.id, name="2026")
    session.add(folder)
    await session.flush()
    scene = await make.taxonomy(session, "scene", is_tree=True)
    outdoors = await make.tag(session, scene, "outdoors")
    camping = await make.tag(session, scene, "camping", parent=outdoors)

    async def asset(name: str, **values: Any) -> models.Asset:
        return await make.asset(session, file_name=f"{name}.jpg", creator_id=ada.id, **values)

    tent = await asset("Tent", folder_id=folder.id, byte_count=10, width=750, height=422)
    film = await asset("film", kind=AssetKind.VIDEO, byte_count=30, width=749, retired_at=make.EARLY)
    await asset("lake", alternative_text="100% blue", byte_count=20, expires_at=make.EARLY, created_at=make.EARLY)
    await make.asset(session, file_name="theirs.jpg", creator_id=eve.id)
    await make.asset(session, file_name="house.jpg")
    session.add(models.AssetTag(asset_id=tent.id, tag_id=camping.id, position=0))
    await make.content(session, ada, covers=(film,), live=False)
    await session.flush()
    author, op = api.as_(make.acting_as(ada)), api.as_(make.operator())
    query = """query ($h: String!, $f: AssetFilter, $o: AssetOrder) {
      creator(handle: $h) { assets(first: 9, filter: $f, order: $o) { totalCount nodes { fileName } } } }"""

    async def found(order: str = "OLDEST", **filter_: Any) -> str:
        page = (await author.data(query, h=ada.handle, f=filter_, o=order))["creator"]["assets"]
        assert page["totalCount"] == len(page["nodes"])
        return " ".join(one["fileName"].removesuffix(".jpg") for one in page["nodes"])

    assert await found() == "Tent film lake"
    assert await found("NEWEST") == "lake film Tent"
    assert await found("NAME") == "film lake Tent"
    assert await found("LARGEST") == "film lake Tent"
    assert await found(kinds=["VIDEO"]) == "film"
    assert await found(folderIds=[id_of(folder)]) == await found(inFolder=True) == "Tent"
    assert await found(inFolder=False) == "film lake"
    assert await found(tags=["scene:outdoors"]) == await found(tags=["scene:camping", "scene:outdoors"]) == "Tent"
    assert await found(contains="TEN") == "Tent"
    assert await found(contains="0% B") == "lake"
    assert await found(contains="_") == ""
    assert await found(isUsed=True) == await found(isRetired=True) == "film"
    assert await found(isUsed=False) == "Tent lake"
    assert await found(isRetired=False, minWidth=750) == "Tent lake"
    assert await found(minHeight=423) == "film lake"
    assert await found(expiresBefore="2027-01-01T00:00:00Z") == "lake"
    assert await found(addedBefore="2026-11-02T00:00:00Z") == "lake"
    assert await found(factsSources=["PROBED"]) == ""
    assert await author.codes(query, h=ada.handle, f={"tags": ["scene:nowhere"]}) == ["UNKNOWN_TAG"]
    assert await author.codes(query, h=ada.handle, f={"contains": "x" * 101}) == ["FILTER_TEXT_TOO_LONG"]
    usable = "query ($f: AssetFilter) { assets(first: 9, order: NAME, filter: $f) { nodes { fileName } } }"

    async def all_of(asking: Asking, **filter_: Any) -> list[str]:
        return [one["fileName"] for one in (await asking.data(usable, f=filter_))["assets"]["nodes"]]

    assert await all_of(author) == ["film.jpg", "house.jpg", "lake.jpg", "Tent.jpg"]
    assert await all_of(op, creatorIds=[id_of(eve)]) == ["theirs.jpg"]
    assert await all_of(op, ofHouse=True) == await all_of(api.as_(make.acting_as(eve)), ofHouse=True) == ["house.jpg"]
    assert await api.codes(usable) == ["NOT_SIGNED_IN"]
    assert await api.as_(make.acting_as(ada, Scope.FEED_READ)).codes(usable) == ["MISSING_SCOPE"]


async def test_nobody_else_sees_that_there_are_assets_or_folders(api: Asking, session: AsyncSession):
    creator = await make.creator(session)
    await make.asset(session, creator_id=creator.id)
    query = "query ($h: String!) { creator(handle: $h) { assets(first: 1) { totalCount } assetFolders(first: 1) { totalCount } } }"

    for asking in (api, api.as_(make.acting_as(await make.creator(session)))):
        assert (await asking.data(query, h=creator.handle))["creator"] == {"assets": None, "assetFolders": None}


async def test_a_creator_keeps_assets_in_folders(api: Asking, session: AsyncSession):
    ada, eve = await make.creator(session), await make.creator(session, name="Eve")
    author = api.as_(await make.author(session, ada))
    mine, theirs = await make.asset(session, creator_id=ada.id), await make.asset(session, creator_id=eve.id)
    shows = (
        "folder { id name path parent { name } folders(first: 9) { nodes { name } } assets(first: 9) { totalCount } }"
    )

    top = await do(author, "createAssetFolder", shows, creatorId=id_of(ada), name="2026")
    within = await do(author, "createAssetFolder", shows, creatorId=id_of(ada), name="Spring", parentId=top["id"])
    again = await do(author, "createAssetFolder", shows, creatorId=id_of(ada), name="2026")
    moved = await do(
        author, "moveAssets", "results { asset { folder { name } } problems { code path } }",
        assetIds=[id_of(mine), id_of(theirs)], folderId=within["id"],
    )  # fmt: skip
    renamed = await do(author, "renameAssetFolder", shows, folderId=within["id"], name="Summer")
    full = await do(author, "deleteAssetFolder", "deletedId", folderId=within["id"])
    inside = await do(author, "moveAssetFolder", shows, folderId=top["id"], parentId=within["id"])
    up = await do(author, "moveAssetFolder", "folder { path }", folderId=within["id"], parentId=None)
    gone = await do(author, "deleteAssetFolder", "deletedId", folderId=within["id"], moveContentToId=None)
    listed = "query ($h: String!, $f: AssetFolderFilter) { creator(handle: $h) { assetFolders(first: 9, filter: $f) { nodes { name } } } }"

    assert (top["path"], within["path"], within["parent"]) == (["2026"], ["2026", "Spring"], {"name": "2026"})
    assert again == [("FOLDER_EXISTS", "name")]
    assert moved == [
        {"asset": {"folder": {"name": "Spring"}}, "problems": []},
        {"asset": None, "problems": [{"code": "NO_SUCH_ASSET", "path": ["input", "assetIds", "1"]}]},
    ]
    assert (renamed["name"], renamed["assets"]) == ("Summer", {"totalCount": 1})
    assert full == [("FOLDER_NOT_EMPTY", "")]
    assert inside == [("FOLDER_CYCLE", "parentId")]
    assert up == {"path": ["Summer"]}
    assert gone == within["id"]
    roots = await author.data(listed, h=ada.handle, f={"onlyRoots": True})
    assert roots["creator"]["assetFolders"]["nodes"] == [{"name": "2026"}]
    await session.refresh(mine)
    assert mine.folder_id is None
    assert await do(author, "renameAssetFolder", shows, folderId=gone, name="Gone") == [("NO_SUCH_FOLDER", "folderId")]


async def test_one_asset_or_many_are_described(api: Asking, session: AsyncSession):
    ada = await make.creator(session)
    author = api.as_(await make.author(session, ada))
    tag = await make.tag(session, await make.taxonomy(session), "tea")
    one, two = [await make.asset(session, creator_id=ada.id) for _ in range(2)]
    until = (api.clock.now() + timedelta(days=1)).isoformat()
    shows = "asset { fileName source expiresAt focalPoint { x y } tags { code } credit }"

    said = await do(
        author, "updateAsset", shows, assetId=id_of(one), fileName="a/lake.jpg", source="Ada", expiresAt=until,
        focalPoint={"x": 0.5, "y": 0.125}, tags=["topic:tea"],
    )  # fmt: skip
    taken = await do(author, "updateAsset", shows, assetId=id_of(one), expiresAt=None, focalPoint=None, tags=[])
    changes = [
        {"assetId": id_of(one), "credit": "Ada"},
        {
            "assetId": id_of(two),
            "credit": "Ada",
            "focalPoint": {"x": 2, "y": 0},
            "tags": [f"topic:{tag.code}", "topic:no"],
        },
        {"assetId": global_id("Asset", new_uid()), "credit": "Ada"},
    ]
    many = await do(author, "updateAssets", "results { id asset { credit } problems { code path } }", assets=changes)

    assert said == {
        "fileName": "lake.jpg", "source": "Ada", "expiresAt": until, "focalPoint": {"x": 0.5, "y": 0.125},
        "tags": [{"code": "tea"}], "credit": "",
    }  # fmt: skip
    assert (taken["expiresAt"], taken["focalPoint"], taken["tags"]) == (None, None, [])
    assert [one["asset"] for one in many] == [{"credit": "Ada"}, None, None]
    assert [[(told["code"], ".".join(told["path"])) for told in one["problems"]] for one in many[1:]] == [
        [("FOCAL_POINT_OUTSIDE", "input.assets.1.focalPoint"), ("UNKNOWN_TAG", "input.assets.1.tags.1")],
        [("NO_SUCH_ASSET", "input.assets.2.assetId")],
    ]
    assert await do(author, "updateAssets", "results { id }", assets=[]) == [("TOO_MANY_ITEMS", "assets")]
    assert await recorded(session) == ["asset.described"] * 3


async def test_assets_are_retired_restored_and_deleted(api: Asking, session: AsyncSession, store: Store):
    ada = await make.creator(session)
    author = replace(api.as_(await make.author(session, ada)), store=store)
    sha256 = await keeping.keep(session, store, b"bytes", "image/png")
    loose = await make.asset(session, creator_id=ada.id, sha256=sha256, url=None)
    used, link = [await make.asset(session, creator_id=ada.id) for _ in range(2)]
    await make.content(session, ada, title="Tea", covers=(used,))
    ids, key = [id_of(one) for one in (used, loose, link)], {"idempotencyKey": "once"}
    shows = "asset { retiredAt }"

    assert await do(author, "retireAsset", shows, assetId=ids[0]) == {"retiredAt": api.clock.now().isoformat()}
    assert await do(author, "restoreAsset", shows, assetId=ids[0]) == {"retiredAt": None}
    retired = await do(author, "retireAssets", "results { asset { retiredAt } }", assetIds=ids)
    restored = await do(author, "restoreAssets", "results { asset { retiredAt } }", assetIds=ids)
    assert [bool(one["asset"]["retiredAt"]) for one in (*retired, *restored)] == [True] * 3 + [False] * 3
    assert await do(author, "deleteAsset", "deletedId", assetId=ids[0]) == [("ASSET_IN_USE", "assetId")]
    for _ in range(2):
        assert await do(author, "deleteAsset", "deletedId", assetId=ids[1], **key) == ids[1]
    several = await do(author, "deleteAssets", "results { isDeleted problems { code path } }", assetIds=ids)
    gone = [{"isDeleted": False, "problems": [{"code": "NO_SUCH_ASSET", "path": ["input", "assetIds", "1"]}]}]
    assert several[1:] == [*gone, {"isDeleted": True, "problems": []}]
    assert several[0]["problems"] == [{"code": "ASSET_IN_USE", "path": ["input", "assetIds", "0"]}]
    assert list(await session.scalars(select(models.Asset.id))) == [used.id]
    assert [entry.key async for entry in store.entries("")] == []


async def test_an_operator_tends_the_files_of_the_house(api: Asking, session: AsyncSession):
    of_house = await make.asset(session, file_name="logo.png")
    author = api.as_(await make.author(session, await make.creator(session)))
    op = api.as_(await operator(session))

    assert await do(author, "retireAsset", "asset { id }", assetId=id_of(of_house)) == [("NO_SUCH_ASSET", "assetId")]
    assert (await do(op, "updateAsset", "asset { credit }", assetId=id_of(of_house), credit="House")) == {
        "credit": "House"
    }
    assert await do(op, "deleteAsset", "deletedId", assetId=id_of(of_house)) == id_of(of_house)


async def test_lists_of_assets_cost_the_same_for_one_and_for_many(api: Asking, session: AsyncSession):
    creator = await make.creator(session)
    query = """query ($h: String!) { creator(handle: $h) { assets(first: 100) { nodes {
      fileName folder { path } tags { code } isUsed usesCount facts { source }
      uses(first: 5) { nodes { where { id } revision { title } } } } } } }"""
    counts = []
    for number in (1, 9, 30):
        for _ in range(number):
            asset = await make.asset(session, creator_id=creator.id)
            await make.content(session, creator, covers=(asset,), live=False)
        with api.statements() as seen:
            await api.as_(make.acting_as(creator)).data(query, h=creator.handle)
        counts.append(len(seen))

    assert counts[0] == counts[1] == counts[2] <= 10


async def test_uses_lead_to_whatever_shows_the_asset(api: Asking, session: AsyncSession):
    creator = await make.creator(session)
    asset = await make.asset(session, creator_id=creator.id)
    await everywhere(session, creator, asset)
    query = """query ($id: ID!) { asset(id: $id) { uses(first: 20) { totalCount nodes {
      place state where { __typename id } revision { state } } } } }"""

    uses = (await api.as_(make.acting_as(creator)).data(query, id=id_of(asset)))["asset"]["uses"]

    found = [(one["state"], one["place"], one["where"]["__typename"]) for one in uses["nodes"]]
    assert uses["totalCount"] == len(found) == 14
    assert found[:5] == [
        ("LIVE", "COVER", "Article"), ("LIVE", "PICTURE", "Product"), ("LIVE", "AVATAR", "Creator"),
        ("LIVE", "BLOCK", "Homepage"), ("LIVE", "BODY", "Answer"),
    ]  # fmt: skip
    states = [one["revision"]["state"] for one in uses["nodes"] if one["revision"]]
    assert states == ["LIVE", "SCHEDULED", "IN_REVIEW", "DRAFT", "LIVE", "DROPPED", "SUPERSEDED"]
