"""Versions of contents: reading them, making the words of an old one the draft again, taking back what was on its way."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, delete, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Invalid, NotFound
from core.reads import OneRead, Order, PageRead
from models import ContentState, RevisionState
from services import access, audit, contents, stamps

by_uids = OneRead(models.Revision, models.Revision.uid, access.revisions, eager=(models.Revision.content,))
of_contents = PageRead(
    "revisions.of_contents",
    models.Revision,
    match=lambda key: models.Revision.content_id == key,
    key_type=BigInteger(),
    visible=access.revisions,
    orders=(Order("newest", (models.Revision.number,)),),
    eager=("content",),
    without=contents.TEXTS,
)

WORDS = ("title", "summary", "body", "details", "is_original", "tag_ids")


class NothingToDiscard(Conflict):
    code = "NOTHING_TO_DISCARD"


class NoSuchRevision(NotFound):
    code = "NO_SUCH_REVISION"


class OtherContents(Invalid):
    """The versions are not of one content."""

    code = "OTHER_CONTENTS"


async def pair(
    session: AsyncSession, caller: Caller, before: UUID, after: UUID
) -> tuple[models.Revision, models.Revision] | None:
    """Two versions of one content, whole, to be compared; None where the caller may not see both."""
    found = await by_uids(session, caller, [before, after])
    if before not in found or after not in found:
        return None
    one, other = found[before], found[after]
    if one.content_id != other.content_id:
        raise OtherContents("These are versions of two contents: compare versions of one.")
    return one, other


async def links(session: AsyncSession, revision: models.Revision) -> dict[str, list[int]]:
    """The ids of a version's covers, products and tags, in order."""
    asset, product = models.RevisionAsset, models.RevisionProduct
    covers = await session.scalars(
        select(asset.asset_id)
        .where(asset.revision_id == revision.id, asset.use == models.AssetUse.COVER)
        .order_by(asset.position)
    )
    products = await session.scalars(
        select(product.product_id).where(product.revision_id == revision.id).order_by(product.position)
    )
    return {"covers": list(covers), "products": list(products), "tags": list(revision.tag_ids or ())}


async def restore(
    session: AsyncSession, caller: Caller, revision_uid: UUID, *, expected_revision: str | None, clock: Clock
) -> tuple[models.Content, models.Revision]:
    """Make the words, pictures, products and tags of a version the draft of its content. Nothing that is shown changes.

    `expected_revision` is the stamp of the draft that gives way (None: there is none); StaleRevision when it moved on.
    """
    access.require(caller, Scope.CONTENT_WRITE)
    old = (await by_uids(session, caller, [revision_uid])).get(revision_uid)
    if old is None:
        raise NoSuchRevision("There is no such version, or you may not see it.")
    content = await access.editable_content(session, caller, old.content.uid, lock=True)
    draft = await _draft(session, content)
    if stamps.differs(draft, expected_revision):
        raise stamps.StaleRevision(draft)
    if draft is None:
        draft = await copy(session, content, old, clock)
    elif draft.id != old.id:
        await _overwrite(session, draft, old)
    audit.record(session, caller, "revision.restored", content, number=old.number, draft=stamps.of(draft))
    await session.flush()
    return content, draft


async def discard(
    session: AsyncSession, caller: Caller, content_uid: UUID, *, expected_revision: str, clock: Clock
) -> models.Content:
    """Put the draft of a content away. Beside what is live or on its way it is no more the draft, and stays among the
    versions; a content that was never published is put away with it, as withdrawn, and can be taken up again.
    """
    access.require(caller, Scope.CONTENT_WRITE)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    draft = await _draft(session, content)
    if draft is None:
        raise NothingToDiscard("There is no draft to put away.")
    if stamps.differs(draft, expected_revision):
        raise stamps.StaleRevision(draft)
    if content.live_revision_id is None and content.waiting_revision_id is None:
        content.state, content.state_at = ContentState.WITHDRAWN, clock.now()
    else:
        draft.state, draft.sealed_at, content.draft_revision_id = RevisionState.DROPPED, clock.now(), None
    audit.record(session, caller, "draft.discarded", content, draft=stamps.of(draft))
    await session.flush()
    return content


async def copy(
    session: AsyncSession, content: models.Content, old: models.Revision, clock: Clock, *, number: int | None = None
) -> models.Revision:
    """A new draft of the content with all that the old version has; the content may be another than the old one's."""
    if number is None:
        last = select(func.max(models.Revision.number)).where(models.Revision.content_id == content.id)
        number = (await session.scalar(last) or 0) + 1
    words = {name: getattr(old, name) for name in WORDS}
    draft = models.Revision(content_id=content.id, number=number, created_at=clock.now(), **words)
    session.add(draft)
    await session.flush()
    await _copy_links(session, draft.id, old.id)
    content.draft_revision_id = draft.id
    await session.flush()
    return draft


async def drop(
    session: AsyncSession, content: models.Content, revision: models.Revision, clock: Clock
) -> models.Revision:
    """Take back a revision that was on its way. Its words become the draft, unless there is one; which is answered."""
    revision.state, content.waiting_revision_id = RevisionState.DROPPED, None
    await session.flush()
    return await _draft(session, content) or await copy(session, content, revision, clock)


async def _draft(session: AsyncSession, content: models.Content) -> models.Revision | None:
    if content.draft_revision_id is None:
        return None
    return await session.get_one(models.Revision, content.draft_revision_id, populate_existing=True)


async def _overwrite(session: AsyncSession, draft: models.Revision, old: models.Revision) -> None:
    for name in WORDS:
        setattr(draft, name, getattr(old, name))
    draft.edition += 1
    for link in (models.RevisionAsset, models.RevisionProduct):
        await session.execute(delete(link).where(link.revision_id == draft.id))
    await _copy_links(session, draft.id, old.id)


async def _copy_links(session: AsyncSession, to_id: int, from_id: int) -> None:
    asset, product = models.RevisionAsset, models.RevisionProduct
    shown = select(literal(to_id), asset.position, asset.use, asset.asset_id).where(asset.revision_id == from_id)
    led = select(literal(to_id), product.position, product.product_id).where(product.revision_id == from_id)
    await session.execute(insert(asset).from_select(["revision_id", "position", "use", "asset_id"], shown))
    await session.execute(insert(product).from_select(["revision_id", "position", "product_id"], led))
