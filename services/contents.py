"""Contents: reading them, writing drafts. What makes them public is services/publishing.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Invalid, NotFound, Problem
from core.ids import new_uid
from core.reads import ManyRead, OneRead, Order, PageRead
from models import blocks, formats
from models.texts import Prose, Title
from services import access, audit, tagging

newest = Order("newest", (models.Content.published_at, models.Content.id))

by_ids = OneRead(
    models.Content,
    models.Content.id,
    access.contents,
    eager=(models.Content.live_revision, models.Content.draft_revision),
)
by_uids = OneRead(
    models.Content,
    models.Content.uid,
    access.contents,
    eager=(models.Content.live_revision, models.Content.draft_revision),
)
of_creators = PageRead(
    "contents.of_creators",
    models.Content,
    match=lambda key: models.Content.creator_id == key,
    key_type=BigInteger(),
    visible=access.contents,
    listed=lambda: models.Content.is_live,
    orders=(newest,),
    eager=("live_revision",),
)
of_tags = PageRead(
    "contents.of_tags",
    models.Content,
    match=lambda key: models.Content.tag_ids.op("&&")(tagging.under(key)),
    key_type=BigInteger(),
    visible=access.contents,
    listed=lambda: models.Content.is_live,
    orders=(newest,),
    eager=("live_revision",),
)
of_products = PageRead(
    "contents.of_products",
    models.Content,
    match=lambda key: models.Content.live_revision_id.in_(
        # the key is a column of the statement around: without correlate() any product's contents would match
        select(models.RevisionProduct.revision_id).where(models.RevisionProduct.product_id == key).correlate(key.table)
    ),
    key_type=BigInteger(),
    visible=access.contents,
    listed=lambda: models.Content.is_live,
    orders=(newest,),
    eager=("live_revision",),
)
# one list of all contents: its key is always 0
listed = PageRead(
    "contents.listed",
    models.Content,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.contents,
    listed=lambda: models.Content.is_live,
    orders=(newest,),
    eager=("live_revision",),
)
siblings = ManyRead(
    models.Content,
    models.Content.group_uid,
    lambda caller: access.contents(caller) & models.Content.is_live,
    order=(models.Content.language,),
    eager=(models.Content.live_revision,),
)
answers_of = PageRead(
    "contents.answers_of",
    models.Answer,
    match=lambda key: models.Answer.content_id == key,
    key_type=BigInteger(),
    visible=access.answers,
    orders=(Order("best", (models.Answer.votes_count, models.Answer.id)),),
)
accepted_answers = OneRead(
    models.Answer, models.Answer.content_id, lambda caller: access.answers(caller) & models.Answer.is_accepted
)
live_rooms = OneRead(models.LiveRoom, models.LiveRoom.content_id, lambda _caller: models.LiveRoom.content_id > 0)


class StaleRevision(Conflict):
    """Somebody saved this draft since; read it again, and save on top of that edition."""

    code = "STALE_REVISION"

    def __init__(self, current: int) -> None:
        super().__init__(f"The draft was saved since: it stands at edition {current}. Read it, then save on top of it.")
        self.current_edition = current


class UnknownReference(NotFound):
    code = "UNKNOWN_REFERENCE"


class Draft(BaseModel):
    """What an author writes: everything of a revision, whole. Assets and products by uid, tags as taxonomy:code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Title
    summary: Prose = ""
    body: Annotated[tuple[blocks.Block, ...], Field(max_length=2_000)] = ()
    details: formats.Details
    covers: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    products: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()
    tags: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    is_original: bool | None = None

    @property
    def format(self) -> models.Format:
        return models.Format(self.details.format)


async def create(
    session: AsyncSession,
    caller: Caller,
    creator_uid: UUID,
    draft: Draft,
    *,
    language: str,
    clock: Clock,
    translation_of: UUID | None = None,
    live: formats.Live | None = None,
) -> models.Content:
    """A new content with its first draft. `translation_of` puts it beside the content it translates."""
    access.require(caller, Scope.CONTENT_WRITE)
    creator = await access.editable_creator(session, caller, creator_uid)
    uid = new_uid()
    content = models.Content(
        uid=uid,
        creator_id=creator.id,
        format=draft.format,
        language=language,
        group_uid=await _group(session, caller, translation_of, language) if translation_of else uid,
        created_at=clock.now(),
    )
    session.add(content)
    await session.flush()
    revision = await _write(session, content, draft, number=1)
    content.draft_revision_id = revision.id
    if draft.format is models.Format.LIVE:
        if live is None:
            raise Invalid("A live needs the time when it starts.", path=("live",))
        session.add(models.LiveRoom(content_id=content.id, **live.model_dump()))
    audit.record(session, caller, "content.created", content)
    await session.flush()
    return content


async def edit(
    session: AsyncSession,
    caller: Caller,
    content_uid: UUID,
    draft: Draft,
    *,
    expected_edition: int | None,
    clock: Clock,
) -> models.Revision:
    """Save the draft of a content: the one being written, else a new one beside the live revision.

    `expected_edition` is that of the draft the author saw (None: there was none); StaleRevision when it moved on.
    """
    access.require(caller, Scope.CONTENT_WRITE)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    if draft.format is not content.format:
        raise Invalid(f"This content is of the format {content.format.value}, and stays so.", path=("details",))
    if content.draft_revision_id is None:
        if expected_edition is not None:
            raise StaleRevision(0)
        last = await session.scalar(
            select(func.max(models.Revision.number)).where(models.Revision.content_id == content.id)
        )
        revision = await _write(session, content, draft, number=(last or 0) + 1)
        content.draft_revision_id = revision.id
    else:
        revision = await session.get_one(models.Revision, content.draft_revision_id)
        if revision.edition != expected_edition:
            raise StaleRevision(revision.edition)
        await _rewrite(session, content, revision, draft)
    audit.record(session, caller, "content.edited", content, edition=revision.edition, at=clock.now().isoformat())
    await session.flush()
    return revision


async def _group(session: AsyncSession, caller: Caller, uid: UUID, language: str) -> UUID:
    original = await access.editable_content(session, caller, uid)
    taken = await session.scalar(
        select(models.Content.id).where(
            models.Content.group_uid == original.group_uid, models.Content.language == language
        )
    )
    if taken is not None:
        raise TranslationExists(f"There is a version in {language} already: edit that one.", path=("language",))
    return original.group_uid


class TranslationExists(Conflict):
    code = "TRANSLATION_EXISTS"


async def _write(session: AsyncSession, content: models.Content, draft: Draft, *, number: int) -> models.Revision:
    revision = models.Revision(content_id=content.id, number=number, **_words(draft))
    session.add(revision)
    await session.flush()
    await _bind(session, content, revision, draft)
    return revision


async def _rewrite(session: AsyncSession, content: models.Content, revision: models.Revision, draft: Draft) -> None:
    for name, value in _words(draft).items():
        setattr(revision, name, value)
    revision.edition += 1
    await session.execute(delete(models.RevisionAsset).where(models.RevisionAsset.revision_id == revision.id))
    await session.execute(delete(models.RevisionProduct).where(models.RevisionProduct.revision_id == revision.id))
    await _bind(session, content, revision, draft)


def _words(draft: Draft) -> dict[str, Any]:
    return {
        "title": draft.title,
        "summary": draft.summary,
        "body": blocks.dump(draft.body),
        "details": formats.dump(draft.details),
        "is_original": draft.is_original,
    }


async def _bind(session: AsyncSession, content: models.Content, revision: models.Revision, draft: Draft) -> None:
    """Tie the revision to the assets, products and tags that it names; every unknown one is a problem, all at once."""
    shown: list[tuple[models.AssetUse, UUID]] = [(models.AssetUse.COVER, uid) for uid in draft.covers]
    inner = [*formats.asset_uids(draft.details), *blocks.asset_uids(draft.body)]
    shown.extend((models.AssetUse(use), uid) for use, uid in inner)
    named = list(
        dict.fromkeys((*draft.products, *formats.product_uids(draft.details), *blocks.product_uids(draft.body)))
    )
    own = (models.Asset.creator_id == content.creator_id) | models.Asset.creator_id.is_(None)
    assets = await _ids(session, models.Asset, [uid for _, uid in shown], own)
    products = await _ids(session, models.Product, named, models.Product.id > 0)
    tags, problems = await tagging.resolve(session, draft.tags)
    problems.extend(
        Problem("UNKNOWN_ASSET", f"There is no asset {uid} that this creator may use.", ("assets", str(uid)))
        for _, uid in shown
        if uid not in assets
    )
    problems.extend(
        Problem("UNKNOWN_PRODUCT", f"There is no product {uid}.", ("products", str(uid)))
        for uid in named
        if uid not in products
    )
    if problems:
        raise Invalid("The draft names what is not there; nothing was saved.", problems=problems)
    revision.tag_ids = [tag.id for tag in tags]
    session.add_all(
        models.RevisionAsset(revision_id=revision.id, position=place, use=use, asset_id=assets[uid])
        for place, (use, uid) in enumerate(shown)
    )
    session.add_all(
        models.RevisionProduct(revision_id=revision.id, position=place, product_id=products[uid])
        for place, uid in enumerate(named)
    )
    await session.flush()


async def _ids(
    session: AsyncSession, model: type[models.Asset | models.Product], uids: Sequence[UUID], condition: Any
) -> dict[UUID, int]:
    if not uids:
        return {}
    found = await session.execute(select(model.uid, model.id).where(model.uid.in_(set(uids)), condition))
    return dict(found.all())
