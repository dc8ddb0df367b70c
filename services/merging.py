"""Merging tags: at once through an alias; the uses move with it, or in batches while reads follow the alias.

One step is always enough to follow a merge: what was merged into a tag goes along when that tag is merged itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, bindparam, func, select, text, true, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from models import DirtyKind, TagState
from services import access, audit, outbox, vocabularies

MOVED_AT_ONCE = 2_000
"""Up to this many uses move in the transaction of the merge itself (our own choice: about a second of writing)."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The tag that stands for both, how many uses were moved, and whether `move_uses` still has some to do."""

    tag: models.Tag
    moved_count: int
    is_complete: bool


async def merge(
    session: AsyncSession,
    caller: Caller,
    tag_uid: UUID,
    into_uid: UUID,
    *,
    clock: Clock,
    moved_at_once: int = MOVED_AT_ONCE,
) -> Merged:
    """From now on a tag means another one of its taxonomy, which takes over its names, its children and its uses.

    A target that was merged itself stands for what it was merged into. Merging again into the same changes nothing.
    TagCycle when the target stands below the tag, or means it already.
    """
    access.require(caller, Scope.OPERATE)
    tag = await vocabularies.locked(session, tag_uid)
    into = await _target(session, tag, into_uid)
    if tag.merged_into_id != into.id:
        _check(tag, into)
        await _become_alias(session, caller, tag, into)
    moved = 0
    if await _uses(session, tag, moved_at_once + 1) <= moved_at_once:
        moved = await move_uses(session, moved_at_once + 1, clock=clock, only=tag.id)
    await session.refresh(into)
    return Merged(into, moved, await _uses(session, tag, 1) == 0)


async def move_uses(session: AsyncSession, limit: int, *, clock: Clock, only: int | None = None) -> int:
    """Move up to `limit` uses of merged tags (of the one, or of all) to what they mean now; how many: 0 when none is left.

    A content or an asset that had both keeps one, at the earlier place; a confirmed tag wins over a proposed one.
    """
    which = models.Tag.id == only if only is not None else true()
    moved = await _move_taggings(session, limit, which, clock)
    if moved < limit:
        moved += await _move_categories(session, limit - moved, which, clock)
    if moved < limit:
        moved += await _move_asset_tags(session, limit - moved, which)
    return moved


async def _target(session: AsyncSession, tag: models.Tag, uid: UUID) -> models.Tag:
    into = await session.scalar(
        select(models.Tag).where(models.Tag.uid == uid).execution_options(populate_existing=True)
    )
    if into is None:
        raise vocabularies.NoSuchTag("There is no such tag to merge into.", path=("into",))
    if into.taxonomy_id != tag.taxonomy_id:
        raise vocabularies.OtherTaxonomy("Tags are merged within their taxonomy only.", path=("into",))
    if into.merged_into_id is None:
        return into
    return await session.get_one(models.Tag, into.merged_into_id, populate_existing=True)


def _check(tag: models.Tag, into: models.Tag) -> None:
    if tag.id == into.id:
        raise vocabularies.TagCycle("A tag cannot be merged into itself, nor into what means it already.")
    if tag.state is TagState.MERGED:
        raise vocabularies.TagIsMerged("This tag was merged into another one already: merge that one.")
    if tag.id in into.path:
        raise vocabularies.TagCycle("The target stands below the tag: move it out from under it first.")
    if into.state is not TagState.ACTIVE:
        raise vocabularies.TagNotActive(f"The target is {into.state.value.lower()}: activate it first.")


async def _become_alias(session: AsyncSession, caller: Caller, tag: models.Tag, into: models.Tag) -> None:
    audit.record(session, caller, "tag.merged", tag, into=into.code, state=tag.state.value, under=tag.parent_id)
    children = list(await session.scalars(select(models.Tag.id).where(models.Tag.parent_id == tag.id)))
    moved = await vocabularies.hang(session, children, into) if children else []
    await session.execute(
        update(models.Tag)
        .where(models.Tag.merged_into_id == tag.id)
        .values(merged_into_id=into.id, version=models.Tag.version + 1)
    )
    # it hangs nowhere any more: what stood above it does not stand above what it means now
    tag.state, tag.merged_into_id, tag.parent_id, tag.path = TagState.MERGED, into.id, None, [tag.id]
    tag.version += 1
    into.version += 1
    await session.flush()
    await session.execute(update(models.TagAlias).where(models.TagAlias.tag_id == tag.id).values(tag_id=into.id))
    await vocabularies.add_names(session, into, tag.labels)
    await outbox.mark(session, DirtyKind.TAG, [tag.id, *moved], urgency=outbox.BULK)
    # of the target only its names are new
    await outbox.mark(session, DirtyKind.TAG, [into.id], urgency=outbox.BULK, consumers=[models.Consumer.INDEX])


async def _uses(session: AsyncSession, tag: models.Tag, most: int) -> int:
    """How many contents, products and assets carry the tag, counted up to `most`."""
    contents = select(models.Tagging.content_id).where(models.Tagging.tag_id == tag.id)
    products = select(models.Product.id).where(models.Product.category_id == tag.id)
    assets = select(models.AssetTag.asset_id).where(models.AssetTag.tag_id == tag.id)
    some = contents.union_all(products, assets).limit(most).subquery()
    return await session.scalar(select(func.count()).select_from(some)) or 0


async def _move_taggings(session: AsyncSession, limit: int, which: ColumnElement[bool], clock: Clock) -> int:
    ids = await _locked_contents(session, limit, which)
    if not ids:
        return 0
    given = bindparam("ids", ids, type_=ARRAY(BigInteger))
    await session.execute(_DROP_DOUBLES.bindparams(given))
    await session.execute(_MOVE.bindparams(given))
    changed = await session.execute(_WRITE_ARRAYS.bindparams(given, now=clock.now()))
    await outbox.mark(session, DirtyKind.CONTENT, changed.scalars(), urgency=outbox.BULK)
    return len(ids)


async def _locked_contents(session: AsyncSession, limit: int, which: ColumnElement[bool]) -> list[int]:
    """Contents that carry a merged tag, locked in order of id like everywhere."""
    carrying = (
        select(models.Tagging.content_id)
        .join(models.Tag, models.Tag.id == models.Tagging.tag_id)
        .where(models.Tag.merged_into_id.is_not(None), which)
        .distinct()
        .order_by(models.Tagging.content_id)
        .limit(limit)
    )
    statement = select(models.Content.id).where(models.Content.id.in_(carrying)).order_by(models.Content.id)
    return list(await session.scalars(statement.with_for_update(key_share=True)))


_CURRENT = "coalesce(tags.merged_into_id, tags.id)"

_DROP_DOUBLES = text(
    "DELETE FROM taggings USING (SELECT content_id, tag_id, row_number() OVER ("  # noqa: S608  (nothing of a caller's)
    f" PARTITION BY content_id, {_CURRENT} ORDER BY is_confirmed DESC, position, tag_id) AS place"
    " FROM taggings JOIN tags ON tags.id = tag_id WHERE content_id = ANY(:ids)) AS ranked"
    " WHERE taggings.content_id = ranked.content_id AND taggings.tag_id = ranked.tag_id AND ranked.place > 1"
)
_MOVE = text(
    "UPDATE taggings SET tag_id = tags.merged_into_id FROM tags"
    " WHERE tags.id = taggings.tag_id AND tags.merged_into_id IS NOT NULL AND taggings.content_id = ANY(:ids)"
)
# what was there of the array decides nothing: the taggings are the truth, and what only proposals changed is not shown
_WRITE_ARRAYS = text(
    "UPDATE contents SET tag_ids = written.ids, version = version + 1, changed_at = :now FROM ("
    " SELECT one.id, ARRAY(SELECT tag_id FROM taggings WHERE content_id = one.id AND is_confirmed ORDER BY position)"
    " AS ids FROM unnest(CAST(:ids AS bigint[])) AS one(id)) AS written"
    " WHERE contents.id = written.id AND contents.tag_ids IS DISTINCT FROM written.ids RETURNING contents.id"
)


async def _move_categories(session: AsyncSession, limit: int, which: ColumnElement[bool], clock: Clock) -> int:
    product: Any = models.Product
    chosen = (
        select(product.id, models.Tag.merged_into_id.label("into_id"))
        .join(models.Tag, models.Tag.id == product.category_id)
        .where(models.Tag.merged_into_id.is_not(None), which)
        .order_by(product.id)
        .limit(limit)
        .with_for_update(of=product, key_share=True)
        .cte("chosen")
    )
    moved = await session.execute(
        update(product)
        .where(product.id == chosen.c.id)
        .values(category_id=chosen.c.into_id, version=product.version + 1, changed_at=clock.now())
        .returning(product.id)
        .execution_options(synchronize_session=False)
    )
    ids = list(moved.scalars())
    await outbox.mark(session, DirtyKind.PRODUCT, ids, urgency=outbox.BULK)
    return len(ids)


async def _move_asset_tags(session: AsyncSession, limit: int, which: ColumnElement[bool]) -> int:
    """Of assets nothing is shown by tag but their lists, so nobody has to hear of it."""
    worn = models.AssetTag
    carrying = (
        select(worn.asset_id)
        .join(models.Tag, models.Tag.id == worn.tag_id)
        .where(models.Tag.merged_into_id.is_not(None), which)
        .distinct()
        .order_by(worn.asset_id)
        .limit(limit)
    )
    asset = models.Asset
    locked = select(asset.id).where(asset.id.in_(carrying)).order_by(asset.id).with_for_update(key_share=True)
    ids = list(await session.scalars(locked))
    if ids:
        given = bindparam("ids", ids, type_=ARRAY(BigInteger))
        await session.execute(_DROP_DOUBLES_OF_ASSETS.bindparams(given))
        await session.execute(_MOVE_ASSETS.bindparams(given))
    return len(ids)


_DROP_DOUBLES_OF_ASSETS = text(
    "DELETE FROM asset_tags USING (SELECT asset_id, tag_id, row_number() OVER ("  # noqa: S608  (nothing of a caller's)
    f" PARTITION BY asset_id, {_CURRENT} ORDER BY position, tag_id) AS place"
    " FROM asset_tags JOIN tags ON tags.id = tag_id WHERE asset_id = ANY(:ids)) AS ranked"
    " WHERE asset_tags.asset_id = ranked.asset_id AND asset_tags.tag_id = ranked.tag_id AND ranked.place > 1"
)
_MOVE_ASSETS = text(
    "UPDATE asset_tags SET tag_id = tags.merged_into_id FROM tags"
    " WHERE tags.id = asset_tags.tag_id AND tags.merged_into_id IS NOT NULL AND asset_tags.asset_id = ANY(:ids)"
)
