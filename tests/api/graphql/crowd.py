"""A crowded world: each list of the schema has more rows than the largest page that is asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.ids import new_uid
from tests import make
from tests.api.graphql import world as worlds

SIZE = 100
THEN = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ALWAYS = Range(date(2026, 1, 1), None)


@dataclass
class Crowd:
    """Who asks, and of each type with lists a row whose lists are full, with another one."""

    caller: Caller
    full: dict[str, Any] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)


async def many(session: AsyncSession, model: Any, row: Callable[[int], dict[str, Any]], first: int = 1) -> list[int]:
    """A row for each number from the first, written at once; their ids in that order, where the table has them."""
    rows = [row(number) for number in range(first, SIZE + 1)]
    if not hasattr(model, "id"):
        await session.execute(insert(model), rows)
        return []
    ids = await session.scalars(insert(model).returning(model.id, sort_by_parameter_order=True), rows)
    return list(ids)


async def _row(session: AsyncSession, model: Any, id_: int) -> Any:
    return await session.get(model, id_)


async def build(session: AsyncSession) -> Crowd:
    """The world, and an operator with an account who sees all of it."""
    account = await make.account(session)
    session.add(models.Instance(authority="headwater.example", authority_on=THEN.date()))
    crowd = Crowd(replace(make.operator(), account_id=account.id))
    world = await _vocabulary(session, crowd)
    await _people(session, crowd, world, account)
    await _contents(session, crowd, world)
    await _around_contents(session, crowd, world, account)
    await _assets(session, crowd, world)
    await _channels(session, crowd, world)
    await _own(session, crowd, world, account)
    return crowd


async def _vocabulary(session: AsyncSession, crowd: Crowd) -> worlds.World:
    taxonomy = await make.taxonomy(session, "scene", is_tree=True)
    top = await make.tag(session, taxonomy, "top")
    labels = {"en": "Scene", "zh": "场景"}
    await many(session, models.Taxonomy, lambda n: {"code": f"t-{n}", "is_tree": False, "labels": labels})
    below = {"taxonomy_id": taxonomy.id, "parent_id": top.id, "labels": labels}
    tags = await many(session, models.Tag, lambda n: {**below, "code": f"tag-{n}"})
    await session.execute(
        update(models.Tag)
        .where(models.Tag.id.in_(tags))
        .values(path=[top.id, 0])
        .execution_options(synchronize_session=False)
    )
    proposed = {"taxonomy_id": taxonomy.id, "labels": labels, "state": models.TagState.PROPOSED}
    await many(session, models.Tag, lambda n: {**proposed, "code": f"proposed-{n}"})
    aliases = {"tag_id": top.id, "taxonomy_id": taxonomy.id, "language": "en"}
    await many(session, models.TagAlias, lambda n: {**aliases, "alias": f"Name {n}", "folded": f"name {n}"})
    shop, brand, asset = await make.shop(session), models.Brand(name="Northlight"), await make.asset(session)
    session.add(brand)
    await session.flush()
    await many(session, models.Shop, lambda n: {"name": f"Shop {n}"})
    await many(session, models.Brand, lambda n: {"name": f"Brand {n}"})
    goods = {"shop_id": shop.id, "brand_id": brand.id, "category_id": top.id, "price_minor": 100, "currency": "CNY"}
    products = await many(session, models.Product, lambda n: {**goods, "title": f"Cup {n}"})
    await many(
        session, models.ProductAsset, lambda n: {"product_id": products[n - 1], "position": 0, "asset_id": asset.id}
    )
    product = await _row(session, models.Product, products[0])
    ada, eve = await make.creator(session, avatar_id=asset.id), await make.creator(session, name="Eve")
    crowd.full |= {"Taxonomy": taxonomy, "Tag": top, "Shop": shop, "Brand": brand, "Product": product, "Creator": ada}
    crowd.other |= {"Product": await _row(session, models.Product, products[1]), "Creator": eve}
    crowd.other["Tag"] = await _row(session, models.Tag, tags[0])
    return worlds.World(ada, eve, top, taxonomy, product, asset, await make.channel(session, "test"))


async def _people(session: AsyncSession, crowd: Crowd, world: worlds.World, account: models.Account) -> None:
    kind = {"kind": models.CreatorKind.SELF_MEDIA, "avatar_id": world.asset.id}
    creators = await many(session, models.Creator, lambda n: {**kind, "name": "Bob", "handle": f"bob-{n}"})
    organisation = models.Organisation(handle="house", name="House")
    session.add(organisation)
    await session.flush()
    await many(session, models.Organisation, lambda n: {"handle": f"house-{n}", "name": "House"})
    signed = {"organisation_id": organisation.id, "period": ALWAYS, "share_basis_points": 100}
    await many(session, models.Contract, lambda n: {**signed, "creator_id": creators[n - 1]})
    accounts = await many(session, models.Account, lambda _: {"name": "Cy"})
    joined = {"organisation_id": organisation.id, "period": ALWAYS, "role": models.OrganisationRole.EDITOR}
    await many(session, models.OrganisationMember, lambda n: {**joined, "account_id": accounts[n - 1]})
    await many(session, models.Follow, lambda n: {"account_id": accounts[n - 1], "creator_id": world.creator.id})
    await many(session, models.Follow, lambda n: {"account_id": account.id, "creator_id": creators[n - 1]})
    session.add(models.Follow(account_id=account.id, creator_id=world.creator.id))
    crowd.caller = replace(crowd.caller, creator_ids=frozenset(creators))
    acts = {"account_id": account.id, "kind": models.IdentityKind.CREATOR}
    await many(session, models.Identity, lambda n: {**acts, "creator_id": creators[n - 1]})
    page = models.Homepage(creator_id=world.creator.id)
    session.add(page)
    await session.flush()
    old = {"homepage_id": page.id, "state": models.HomepageState.SUPERSEDED, "published_at": THEN}
    versions = await many(session, models.HomepageVersion, lambda n: {**old, "number": n})
    crowd.full |= {"Organisation": organisation, "Homepage": await _row(session, models.HomepageVersion, versions[0])}


async def _contents(session: AsyncSession, crowd: Crowd, world: worlds.World) -> None:
    """A group with a content in each of a hundred languages; questions, as they have the most lists of their own."""
    own = {
        "creator_id": world.creator.id,
        "format": models.Format.QNA,
        "group_uid": new_uid(),
        "tag_ids": [world.tag.id],
    }
    ids = await many(session, models.Content, lambda n: {**own, "language": f"en-{n:03}"})
    words = {"title": "Which one?", "sealed_at": THEN, "published_at": THEN, "body": [], "details": {}}
    live = {**words, "number": 1, "state": models.RevisionState.LIVE}
    revisions = await many(
        session,
        models.Revision,
        lambda n: {**live, "content_id": ids[n - 1], "published_at": THEN + timedelta(minutes=n)},
    )
    await session.execute(
        update(models.Content)
        .where(models.Revision.content_id == models.Content.id)
        .values(
            live_revision_id=models.Revision.id,
            published_at=models.Revision.published_at,
            changed_at=THEN,
        )
        .execution_options(synchronize_session=False)
    )
    product, asset = world.product.id, world.asset.id
    await many(
        session,
        models.RevisionProduct,
        lambda n: {"revision_id": revisions[n - 1], "position": 0, "product_id": product},
    )
    cover = {"position": 0, "use": models.AssetUse.COVER, "asset_id": asset}
    await many(session, models.RevisionAsset, lambda n: {**cover, "revision_id": revisions[n - 1]})
    world.public = [await _row(session, models.Content, id_) for id_ in ids]
    crowd.full |= {"Content": world.public[0], "Revision": await _row(session, models.Revision, revisions[0])}
    crowd.other |= {"Content": world.public[1]}


async def _around_contents(session: AsyncSession, crowd: Crowd, world: worlds.World, account: models.Account) -> None:
    """What readers, editors and operators leave at contents; the first content has a hundred of each."""
    first, revision, who = crowd.full["Content"].id, crowd.full["Revision"].id, account.id
    await many(
        session,
        models.RevisionProduct,
        lambda n: {"revision_id": revision, "position": n, "product_id": world.product.id + n - 1},
        first=2,
    )
    old = {"content_id": first, "title": "Old", "body": [], "details": {}, "sealed_at": THEN, "published_at": THEN}
    superseded = {**old, "state": models.RevisionState.SUPERSEDED}
    revisions = await many(session, models.Revision, lambda n: {**superseded, "number": n + 1})
    asked = {"organisation_id": crowd.full["Organisation"].id, "content_id": first, "asked_by_id": who}
    over = {**asked, "state": models.ReviewState.APPROVED, "decided_at": THEN, "decided_by_id": who}
    await many(session, models.Review, lambda n: {**over, "revision_id": revisions[n - 1]})
    refused = {"content_id": first, "account_id": who, "text": "Please.", "state": models.AppealState.REFUSED}
    await many(session, models.Appeal, lambda _: {**refused, "decided_at": THEN, "decided_by_id": who})
    said = {"content_id": first, "account_id": who, "text": "Nice."}
    comments = await many(session, models.Comment, lambda _: said)
    await many(session, models.Comment, lambda _: {**said, "parent_id": comments[0]})
    await many(session, models.Comment, lambda _: {**said, "state": models.CommentState.HIDDEN})
    liked = [row.id for row in world.public]
    await many(session, models.Like, lambda n: {"account_id": who, "content_id": liked[n - 1]})
    await many(session, models.Save, lambda n: {"account_id": who, "content_id": liked[n - 1]})
    answer = {"content_id": first, "creator_id": world.creator.id, "body": [], "published_at": THEN}
    await many(session, models.Answer, lambda _: answer)
    live = await make.content(session, world.creator, format=models.Format.LIVE)
    session.add(models.LiveRoom(content_id=live.id, starts_at=THEN))
    await session.flush()
    await many(session, models.LiveMessage, lambda _: {"content_id": live.id, "account_id": who, "text": "Hi."})
    shown = {"content_id": live.id, "product_id": world.product.id, "pushed_at": THEN, "ended_at": THEN}
    await many(session, models.LivePush, lambda _: shown)
    crowd.full |= {"Comment": await _row(session, models.Comment, comments[0]), "Live": live}


async def _assets(session: AsyncSession, crowd: Crowd, world: worlds.World) -> None:
    """Folders beside each other and in one of them, which holds assets; the world's own asset is used a hundred times."""
    folder = {"creator_id": world.creator.id}
    folders = await many(session, models.AssetFolder, lambda n: {**folder, "name": f"Folder {n}"})
    await many(session, models.AssetFolder, lambda n: {**folder, "name": f"Inner {n}", "parent_id": folders[0]})
    kept = {**folder, "folder_id": folders[0], "kind": models.AssetKind.IMAGE}
    await many(session, models.Asset, lambda n: {**kept, "url": f"https://pictures.example/{n}"})
    crowd.full |= {"Asset": world.asset, "AssetFolder": await _row(session, models.AssetFolder, folders[0])}


async def _channels(session: AsyncSession, crowd: Crowd, world: worlds.World) -> None:
    """Entries of one channel, and a submission of the first content to each."""
    entry = {"kind": models.ChannelKind.PLATFORM, "names": {"en": "Entry"}, "time_zone": "UTC"}
    channels = await many(
        session, models.Channel, lambda n: {**entry, "parent_id": world.channel.id, "key": f"test.{n}"}
    )
    body = {"digest": "0" * 64, "body": {}}
    packs = await many(session, models.PackVersion, lambda n: {**body, "channel_id": channels[n - 1]})
    first, revision = crowd.full["Content"].id, crowd.full["Revision"].id
    sent = {"content_id": first, "revision_id": revision, "state": models.SubmissionState.DELIVERED}
    submissions = await many(
        session,
        models.Submission,
        lambda n: {**sent, "channel_id": channels[n - 1], "pack_version_id": packs[n - 1]},
    )
    audited = models.PackVersion(**body, channel_id=world.channel.id)
    session.add(audited)
    await session.flush()
    waiting = {
        "channel_id": world.channel.id,
        "pack_version_id": audited.id,
        "state": models.SubmissionState.HUMAN_AUDIT,
        "state_since": THEN,
    }
    await many(
        session,
        models.Submission,
        lambda n: {
            **waiting,
            "content_id": world.public[n - 1].id,
            "revision_id": world.public[n - 1].live_revision_id,
        },
    )
    session.add(models.FactSnapshot(digest=bytes(32), body={}))
    await session.flush()
    said = {
        "submission_id": submissions[0],
        "revision_id": revision,
        "pack_version_id": packs[0],
        "snapshot_digest": bytes(32),
        "outcome": models.Outcome.ELIGIBLE,
        "engine_version": "1",
        "decided_at": THEN,
    }
    await many(session, models.Decision, lambda n: {**said, "attempt": n})
    step = {"submission_id": submissions[0], "to_state": models.SubmissionState.DELIVERED, "actor": "op", "at": THEN}
    by = {"taken_by": models.SubmissionActor.CHANNEL, "reason_codes": ["unclear"]}
    await many(session, models.SubmissionEvent, lambda n: {**step, **by, "attempt": n})
    versions = {"channel_id": channels[0], "pack_version_id": packs[0], "compared_id": packs[0]}
    await many(session, models.Rehearsal, lambda _: {**versions, "requested_by": "op"})
    put = {"channel_id": world.channel.id, "pack_version_id": audited.id, "installed_by": "op"}
    await many(session, models.PackInstall, lambda _: put)
    looked = {"channel_id": channels[0], "pack_version_id": packs[0], "period": "2026-11", "is_rehearsal": True}
    looks = await many(session, models.CleanOut, lambda _: {**looked, "started_at": THEN, "started_by": "op"})
    out = {"is_out": False, "findings": []}
    creators = list(await session.scalars(select(models.Creator.id).order_by(models.Creator.id)))
    await many(
        session,
        models.CleanOutVerdict,
        lambda n: {**out, "clean_out_id": looks[-1], "creator_id": creators[n]},
    )
    crowd.full |= {"Channel": world.channel, "Submission": await _row(session, models.Submission, submissions[0])}
    crowd.full["CleanOut"] = await _row(session, models.CleanOut, looks[-1])


async def _own(session: AsyncSession, crowd: Crowd, world: worlds.World, account: models.Account) -> None:
    """What accounts hold for themselves: keys, applications and their documents."""
    key = {"account_id": account.id, "name": "Key", "secret_hash": bytes(32), "scopes": []}
    await many(session, models.ApiKey, lambda n: {**key, "prefix": f"prefix-{n}"})
    applications = await many(
        session, models.Application, lambda n: {"key": f"app-{n}", "name": "App", "account_id": account.id}
    )
    upload = {"account_id": account.id, "creator_id": world.creator.id, "byte_count": 9, "expires_at": THEN}
    await many(session, models.AssetUpload, lambda _: upload)
    own = {"application_id": applications[0], "text": "{ viewer { name } }", "name": "Viewer"}
    await many(session, models.TrustedDocument, lambda n: {**own, "sha256": n.to_bytes(32, "big")})
    gone = await many(session, models.Account, lambda _: {"name": "Gone"})
    await many(session, models.Erasure, lambda n: {"account_id": gone[n - 1], "asked_by_id": account.id})
    crowd.full |= {"Account": account, "Application": await _row(session, models.Application, applications[0])}
