"""From rows to facts: everything the channel engine wants to know of many contents, in a number of statements that does
not depend on how many they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

import structlog
from pydantic import ValidationError
from sqlalchemy import Date, false, func, null, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.reads import any_of
from models import blocks
from services import asset_facts, product_facts, revision_facts, tag_facts
from services.channels.engine import CompiledPack
from services.channels.facts import (
    AssetFacts,
    ContentFacts,
    CreatorFacts,
    Facts,
    Likeness,
    ProductFacts,
    TagFacts,
)
from services.duplicates.looking import Asked, Looked, look
from services.track_records import TrackRecords, track_records

log = structlog.get_logger()

COUNTED = timedelta(days=30)
Which = Literal["live", "draft", "waiting"]
WHICH: dict[Which, Any] = {
    "live": models.Content.live_revision_id,
    "draft": models.Content.draft_revision_id,
    "waiting": models.Content.waiting_revision_id,
}
BEFORE = frozenset({models.RevisionState.DRAFT, models.RevisionState.IN_REVIEW, models.RevisionState.SCHEDULED})
"""The states from which a revision may still go out."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A content with the revision looked at, what the engine sees of it, and what stands beside it in feeds."""

    content: models.Content
    revision: models.Revision
    creator: models.Creator
    facts: Facts
    assets: dict[str, models.Asset]
    labels: tuple[str, ...]

    @property
    def body(self) -> tuple[blocks.Block, ...]:
        """The body as typed blocks."""
        return self.facts.content.body

    @property
    def snapshot(self) -> bytes:
        """The canonical form of what can change around a sealed revision: creator, products, files, tags."""
        bare = replace(
            self.facts.content, title="", summary="", text="", paragraphs=(), links=(), details={}, body=(), notes={}
        )
        return replace(self.facts, content=bare).to_json()


def recalled(revision: models.Revision, snapshot: bytes) -> Facts:
    """The facts as they were decided on: the words of the sealed revision, the rest from the snapshot.

    pydantic.ValidationError for a snapshot or words that this version cannot read.
    """
    pinned = Facts.from_json(snapshot)
    body, details = revision_facts.read_parts(models.Format(pinned.content.format), revision)
    return replace(pinned, content=replace(pinned.content, **revision_facts.words(revision, body, details)))


async def gather(
    session: AsyncSession,
    ids: Sequence[int],
    *,
    at: datetime,
    base_url: str,
    which: Which = "live",
    skip_unreadable: bool = False,
    judges: Collection[CompiledPack] = (),
) -> dict[int, Gathered]:
    """Facts by content id. A content without the revision asked for is absent. Visibility is the caller's business.

    `judges` are the packs that the facts are for: what is dear to count is counted where one of them asks.

    A stored body that this version cannot read is a ValidationError, or, for who reads many, left out and logged.
    """
    wanted = WHICH[which]
    rows = await session.execute(
        select(models.Content, models.Revision, models.Creator)
        .join(models.Revision, models.Revision.id == wanted)
        .join(models.Creator, models.Creator.id == models.Content.creator_id)
        .where(models.Content.id == any_of(ids))
        .execution_options(populate_existing=True)
    )
    found = [(content, revision, creator) for content, revision, creator in rows]
    ids_of_revisions = [revision.id for _, revision, _ in found]
    assets = await _assets(session, ids_of_revisions)
    products = await product_facts.linked(session, product_facts.links(ids_of_revisions), base_url) if found else {}
    return await _all_around(
        session, found, assets, products, at=at, base_url=base_url, skip_unreadable=skip_unreadable, judges=judges
    )


async def gather_unsaved(
    session: AsyncSession,
    content: models.Content,
    revision: models.Revision,
    creator: models.Creator,
    *,
    asset_ids: Sequence[tuple[models.AssetUse, int]],
    product_ids: Sequence[int],
    at: datetime,
    base_url: str,
    judges: Collection[CompiledPack],
) -> Gathered:
    """The facts of a revision that has no row yet: rows are only read."""
    rows = await session.scalars(select(models.Asset).where(models.Asset.id == any_of(id_ for _, id_ in asset_ids)))
    by_id = {asset.id: asset for asset in rows}
    assets = {revision.id: [(use, by_id[id_]) for use, id_ in asset_ids]}
    products = (
        await product_facts.linked(session, product_facts.links_of(revision.id, product_ids), base_url)
        if product_ids
        else {}
    )
    found = await _all_around(
        session, [(content, revision, creator)], assets, products, at=at, base_url=base_url, judges=judges
    )
    return found[content.id]


async def _all_around(
    session: AsyncSession,
    found: Sequence[tuple[models.Content, models.Revision, models.Creator]],
    assets: Mapping[int, list[tuple[models.AssetUse, models.Asset]]],
    products: Mapping[int, list[ProductFacts]],
    *,
    at: datetime,
    base_url: str,
    skip_unreadable: bool = False,
    judges: Collection[CompiledPack] = (),
) -> dict[int, Gathered]:
    """These revisions with tags, creators, what these published, and what comes near to them."""
    tags = await tag_facts.by_ids(
        session, {tag_id for content, revision, _ in found for tag_id in _tag_ids(content, revision)}
    )
    creators = await facts_of_creators(session, {creator.id: creator for _, _, creator in found}, at)
    records = await track_records(session, judges, creators, [content.id for content, _, _ in found], at)
    gathered = {}
    for content, revision, creator in found:
        around = (
            _before(content, creators[creator.id], at, records),
            assets.get(revision.id, []),
            products.get(revision.id, []),
            tags,
            base_url,
        )
        try:
            gathered[content.id] = _gathered(content, revision, creator, *around)
        except ValidationError:
            if not skip_unreadable:
                raise
            log.exception("content.unreadable", content=str(content.uid), revision=revision.number)
    asked = Asked.by(judges)
    if asked and gathered:
        near = await look(session, [looked(one) for one in gathered.values()], asked)
        gathered = {id_: compared(one, near[id_].likenesses(asked)) for id_, one in gathered.items()}
    return gathered


def looked(gathered: Gathered) -> Looked:
    """What copies of a content are looked for by."""
    content = gathered.content
    return Looked(content.id, content.group_uid, content.creator_id, gathered.revision.id, gathered.facts.content)


def compared(gathered: Gathered, duplicates: tuple[Likeness, ...]) -> Gathered:
    """The same content, knowing what it comes near to."""
    content = replace(gathered.facts.content, duplicates=duplicates)
    return replace(gathered, facts=replace(gathered.facts, content=content))


def _tag_ids(content: models.Content, revision: models.Revision) -> list[int]:
    """The tags that go with a revision: one that is still to go out brings those that the content will have."""
    if revision.state in BEFORE and revision.tag_ids is not None:
        return revision.tag_ids
    return content.tag_ids


async def _assets(
    session: AsyncSession, revision_ids: Sequence[int]
) -> dict[int, list[tuple[models.AssetUse, models.Asset]]]:
    used: dict[int, list[tuple[models.AssetUse, models.Asset]]] = defaultdict(list)
    if revision_ids:
        link = models.RevisionAsset
        rows = await session.execute(
            select(link.revision_id, link.use, models.Asset)
            .join(models.Asset, models.Asset.id == link.asset_id)
            .where(link.revision_id == any_of(revision_ids))
            .order_by(link.revision_id, link.position)
        )
        for revision_id, use, asset in rows:
            used[revision_id].append((use, asset))
    return used


async def facts_of_creators(
    session: AsyncSession, creators: dict[int, models.Creator], at: datetime
) -> dict[int, CreatorFacts]:
    """What the engine sees of these creators, by id: whatever they published counts."""
    if not creators:
        return {}
    ids = sorted(creators)
    grouped: dict[str, dict[int, set[str]]] = {}
    for name, column, table in (
        ("fields", models.CreatorField.field_code, models.CreatorField),
        ("roles", models.CreatorRole.role_code, models.CreatorRole),
    ):
        grouped[name] = defaultdict(set)
        for creator_id, code in await session.execute(
            select(table.creator_id, column).where(table.creator_id == any_of(ids))
        ):
            grouped[name][creator_id].add(code)
    joined, departed = await memberships_of(session, ids, at)
    recent = dict(
        (
            await session.execute(
                select(models.Content.creator_id, func.count())
                .where(
                    models.Content.creator_id == any_of(ids),
                    models.Content.is_live,
                    models.Content.published_at > at - COUNTED,
                )
                .group_by(models.Content.creator_id)
            )
        ).all()
    )
    return {
        creator.id: CreatorFacts(
            uid=str(creator.uid),
            handle=creator.handle,
            name=creator.name,
            kind=creator.kind.value,
            level=creator.level,
            fields=frozenset(grouped["fields"][creator.id]),
            roles=frozenset(grouped["roles"][creator.id]),
            scores={
                "quality": creator.quality_score,
                "health": creator.health_score,
                "index": creator.index_score,
                "fan_value": creator.fan_value,
            },
            followers_count=creator.followers_count,
            certified_on=creator.certified_on,
            published_30d_count=recent.get(creator.id, 0),
            is_seller=creator.is_seller,
            invited_channels=frozenset(joined[creator.id]),
            connected_channels=frozenset(joined[creator.id]),
            departed_channels=dict(departed[creator.id]),
        )
        for creator in creators.values()
    }


async def memberships_of(
    session: AsyncSession, ids: Sequence[int], at: datetime
) -> tuple[dict[int, set[str]], dict[int, dict[str, date | None]]]:
    """The keys of the channels that these creators belong to, and of those that ended their right with the day of return.

    Zones differ: a day that may be over somewhere is left to the engine.
    """
    joined: dict[int, set[str]] = defaultdict(set)
    departed: dict[int, dict[str, date | None]] = defaultdict(dict)
    member, gone = models.ChannelMember, models.ChannelDeparture
    members = select(member.channel_id, member.creator_id, false().label("is_gone"), null().cast(Date).label("until"))
    departures = select(gone.channel_id, gone.creator_id, true().label("is_gone"), gone.until)
    both = (
        members.where(member.creator_id == any_of(ids))
        .union_all(departures.where(gone.creator_id == any_of(ids), or_(gone.until.is_(None), gone.until >= at.date())))
        .subquery()
    )
    rows = await session.execute(
        select(both.c.creator_id, models.Channel.key, both.c.is_gone, both.c.until)
        .join(models.Channel, models.Channel.id == both.c.channel_id)
        .order_by(models.Channel.key)
    )
    for creator_id, key, is_gone, until in rows:
        if is_gone:
            departed[creator_id][key] = until
        else:
            joined[creator_id].add(key)
    return joined, departed


def _before(content: models.Content, creator: CreatorFacts, at: datetime, records: TrackRecords) -> CreatorFacts:
    """The creator without this content: what they published counts the others, before it is live as afterwards."""
    creator = records.told(creator, content.creator_id, content.id)
    counted = content.is_live and content.published_at is not None and content.published_at > at - COUNTED
    count = creator.published_30d_count
    return replace(creator, published_30d_count=count - 1) if counted and count else creator


def _gathered(
    content: models.Content,
    revision: models.Revision,
    creator: models.Creator,
    creator_facts: CreatorFacts,
    used: list[tuple[models.AssetUse, models.Asset]],
    products: list[ProductFacts],
    tags: dict[int, tag_facts.KnownTag],
    base_url: str,
) -> Gathered:
    body, details = revision_facts.read_parts(content.format, revision)
    tag_ids = _tag_ids(content, revision)
    by_use: dict[models.AssetUse, list[AssetFacts]] = defaultdict(list)
    for use, asset in used:
        by_use[use].append(asset_facts.of(asset, base_url))
    by_taxonomy: dict[str, list[TagFacts]] = defaultdict(list)
    # of a tag and one merged into it, whose uses are still to be moved, one is shown
    shown = {tags[tag_id].facts.uid: tags[tag_id] for tag_id in tag_ids}.values()
    for tag in shown:
        by_taxonomy[tag.taxonomy].append(tag.facts)
    facts = ContentFacts(
        uid=str(content.uid),
        format=content.format.value,
        language=content.language,
        **revision_facts.words(revision, body, details),
        covers=tuple(by_use[models.AssetUse.COVER]),
        pictures=tuple(by_use[models.AssetUse.PICTURE]),
        anchors=revision_facts.anchors(details, by_use[models.AssetUse.PICTURE]),
        videos=tuple(by_use[models.AssetUse.VIDEO]),
        tags={taxonomy: tuple(found) for taxonomy, found in by_taxonomy.items()},
        published_at=content.published_at,
        is_original=revision.is_original,
        url=f"{base_url}/contents/{content.uid}",
    )
    labels = tuple(tag.label(content.language) for tag in shown)
    return Gathered(
        content,
        revision,
        creator,
        Facts(facts, creator_facts, tuple(products)),
        {str(asset.uid): asset for _, asset in used},
        labels,
    )
