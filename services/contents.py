"""Contents: reading them, writing drafts. What makes them public is services/publishing.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, DomainError, Forbidden, Invalid, together
from core.ids import new_uid
from core.reads import OneRead, everything
from models import blocks, caps, formats
from models.texts import Prose, Title
from services import access, asset_binding, audit, references, stamps

TEXTS = (models.Revision.body, models.Revision.details)
"""What a revision weighs: it stays behind when contents are listed, and `texts_of` brings it."""

by_ids = OneRead(
    models.Content,
    models.Content.id,
    access.contents,
    eager=(models.Content.live_revision, models.Content.draft_revision, models.Content.waiting_revision),
    without=TEXTS,
)
by_uids = OneRead(
    models.Content,
    models.Content.uid,
    access.contents,
    eager=(models.Content.live_revision, models.Content.draft_revision, models.Content.waiting_revision),
    without=TEXTS,
)
# reached from a content, or a version of one, that the caller may see
texts_of = OneRead(models.Revision, models.Revision.id, everything)
revisions_by_ids = OneRead(models.Revision, models.Revision.id, access.revisions, eager=(models.Revision.content,))

LOCK_OF_GROUPS = 71
"""Sets the locks of groups of translations apart from others."""

live_rooms = OneRead(models.LiveRoom, models.LiveRoom.content_id, lambda _caller: models.LiveRoom.content_id > 0)


class StartMissing(Invalid):
    """A live is to begin that does not say when it starts."""

    code = "START_MISSING"


class DetailsOfAnotherFormat(Invalid):
    """What one format has of its own was given with another."""

    code = "DETAILS_OF_ANOTHER_FORMAT"


class Draft(BaseModel):
    """What an author writes: everything of a revision, whole. Assets and products by uid, tags as taxonomy:code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Title
    summary: Prose = ""
    body: blocks.Blocks = ()
    details: formats.Details
    covers: Annotated[tuple[UUID, ...], Field(max_length=caps.MOST_COVERS)] = ()
    products: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()
    tags: Annotated[tuple[str, ...], Field(max_length=caps.MOST_TAGS)] = ()
    is_original: bool | None = None

    @property
    def format(self) -> models.Format:
        return models.Format(self.details.format)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is asked for a new content, as far as it could be read: enough to say what stands against it."""

    creator_uid: UUID | None
    format: models.Format
    named: references.Named
    has_room: bool
    language: str | None
    translation_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class Saving:
    """What is asked of a draft, as far as it could be read: enough to say what stands against it."""

    content_uid: UUID | None
    format: models.Format
    named: references.Named
    expected_revision: str | None


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
    """A new content with its first draft. `translation_of` puts it beside the content it translates.

    Refused with everything that stands against it at once; the places are those of these arguments and of Draft.
    """
    access.require(caller, Scope.CONTENT_WRITE)
    creator = await access.editable_creator(session, caller, creator_uid)
    asked = Beginning(creator_uid, draft.format, references.named(draft), live is not None, language, translation_of)
    found, group, errors = await _against_beginning(session, caller, creator.id, asked)
    if errors:
        raise together(errors)
    uid = new_uid()
    content = models.Content(
        uid=uid,
        creator_id=creator.id,
        format=draft.format,
        language=language,
        group_uid=group or uid,
        created_at=clock.now(),
    )
    session.add(content)
    await session.flush()
    revision = await _write(session, content, draft, found, number=1)
    content.draft_revision_id = revision.id
    if live is not None:
        session.add(models.LiveRoom(content_id=content.id, **live.model_dump()))
    audit.record(session, caller, "content.created", content)
    await session.flush()
    return content


async def against_beginning(session: AsyncSession, caller: Caller, asked: Beginning) -> list[DomainError]:
    """What would stand against a new content besides what of it could not be read."""
    access.require(caller, Scope.CONTENT_WRITE)
    creator_id = None
    if asked.creator_uid is not None:
        creator_id = (await access.editable_creator(session, caller, asked.creator_uid)).id
    _, _, errors = await _against_beginning(session, caller, creator_id, asked)
    return errors


async def against_saving(session: AsyncSession, caller: Caller, asked: Saving) -> list[DomainError]:
    """What would stand against saving a draft besides what of it could not be read."""
    access.require(caller, Scope.CONTENT_WRITE)
    if asked.content_uid is None:
        return list((await references.find(session, None, asked.named)).errors)
    content = await access.editable_content(session, caller, asked.content_uid)
    _, _, errors = await _against_saving(session, content, asked)
    return errors


async def _against_beginning(
    session: AsyncSession, caller: Caller, creator_id: int | None, asked: Beginning
) -> tuple[references.Found, UUID | None, list[DomainError]]:
    errors: list[DomainError] = []
    found = await references.find(session, creator_id, asked.named)
    errors.extend(found.errors)
    group = None
    if asked.translation_of is not None:
        try:
            group = await group_for(session, caller, asked.translation_of, asked.language)
        except DomainError as error:
            errors.append(error)
    is_live = asked.format is models.Format.LIVE
    if is_live and not asked.has_room:
        errors.append(StartMissing("A live needs the time when it starts: give `live`.", path=("live",)))
    if asked.has_room and not is_live:
        message = f"Only a live starts at a time: leave `live` out, as the format is {asked.format.value}."
        errors.append(DetailsOfAnotherFormat(message, path=("live",)))
    return found, group, errors


async def edit(
    session: AsyncSession,
    caller: Caller,
    content_uid: UUID,
    draft: Draft,
    *,
    expected_revision: str | None,
    clock: Clock,
) -> tuple[models.Content, models.Revision]:
    """Save the draft of a content: the one being written, else a new one beside the live revision. Both as they are then.

    `expected_revision` is the stamp of the draft that the author saw (None: there was none); StaleRevision when it moved on.
    """
    access.require(caller, Scope.CONTENT_WRITE)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    asked = Saving(content_uid, draft.format, references.named(draft), expected_revision)
    found, revision, errors = await _against_saving(session, content, asked)
    if errors:
        raise together(errors)
    if revision is None:
        last = await session.scalar(
            select(func.max(models.Revision.number)).where(models.Revision.content_id == content.id)
        )
        revision = await _write(session, content, draft, found, number=(last or 0) + 1)
        content.draft_revision_id = revision.id
    else:
        await _rewrite(session, revision, draft, found)
    audit.record(session, caller, "content.edited", content, edition=revision.edition, at=clock.now().isoformat())
    await session.flush()
    return content, revision


async def _against_saving(
    session: AsyncSession, content: models.Content, asked: Saving
) -> tuple[references.Found, models.Revision | None, list[DomainError]]:
    """Also the draft being written, if there is one."""
    errors: list[DomainError] = []
    revision = None
    if content.draft_revision_id is not None:
        revision = await session.get_one(models.Revision, content.draft_revision_id)
    if stamps.differs(revision, asked.expected_revision):
        errors.append(stamps.StaleRevision(revision))
    if asked.format is not content.format:
        message = f"This content is of the format {content.format.value}, and stays so."
        errors.append(Invalid(message, path=("format",)))
    found = await references.find(session, content.creator_id, asked.named, kept=asset_binding.in_content(content))
    errors.extend(found.errors)
    return found, revision, errors


async def group_for(
    session: AsyncSession,
    caller: Caller,
    uid: UUID,
    language: str | None,
    *,
    but: int | None = None,
    place: str = "translation_of",
) -> UUID:
    """The group of the content to translate, in which there must be none of this language yet (`but` this one)."""
    try:
        original = await access.editable_content(session, caller, uid)
    except (access.NoSuchContent, Forbidden) as error:
        raise type(error)(error.message, path=(place,)) from error
    # of two who begin the same translation at once, the second sees the first
    lock = func.pg_advisory_xact_lock(func.hashtextextended(str(original.group_uid), LOCK_OF_GROUPS))
    await session.execute(select(lock))
    taken = await session.scalar(
        select(models.Content.id).where(
            models.Content.group_uid == original.group_uid, models.Content.language == language
        )
    )
    if taken is not None and taken != but:
        raise TranslationExists(f"There is a version in {language} already: edit that one.", path=("language",))
    return original.group_uid


class TranslationExists(Conflict):
    code = "TRANSLATION_EXISTS"


async def _write(
    session: AsyncSession, content: models.Content, draft: Draft, found: references.Found, *, number: int
) -> models.Revision:
    revision = models.Revision(content_id=content.id, number=number, **words(draft))
    session.add(revision)
    await session.flush()
    await _bind(session, revision, draft, found)
    return revision


async def _rewrite(session: AsyncSession, revision: models.Revision, draft: Draft, found: references.Found) -> None:
    for name, value in words(draft).items():
        setattr(revision, name, value)
    revision.edition += 1
    await session.execute(delete(models.RevisionAsset).where(models.RevisionAsset.revision_id == revision.id))
    await session.execute(delete(models.RevisionProduct).where(models.RevisionProduct.revision_id == revision.id))
    await _bind(session, revision, draft, found)


def words(draft: Draft) -> dict[str, Any]:
    """What a revision keeps of a draft, by its columns."""
    return {
        "title": draft.title,
        "summary": draft.summary,
        "body": blocks.dump(draft.body),
        "details": formats.dump(draft.details),
        "is_original": draft.is_original,
    }


def shown(draft: Draft) -> list[tuple[models.AssetUse, UUID]]:
    """The assets that a draft shows, in order: covers, those of its format, those in its body."""
    covers = [(models.AssetUse.COVER, uid) for uid in draft.covers]
    inner = [*formats.asset_uids(draft.details), *blocks.asset_uids(draft.body)]
    return [*covers, *((models.AssetUse(use), uid) for use, uid in inner)]


def led_to(draft: Draft) -> list[UUID]:
    """The products that a draft leads to, in order, each once."""
    return list(
        dict.fromkeys((*draft.products, *formats.product_uids(draft.details), *blocks.product_uids(draft.body)))
    )


async def _bind(session: AsyncSession, revision: models.Revision, draft: Draft, found: references.Found) -> None:
    """Tie the revision to the assets, products and tags that it names."""
    revision.tag_ids = [tag.id for tag in found.tags]
    session.add_all(
        models.RevisionAsset(revision_id=revision.id, position=place, use=use, asset_id=found.assets[uid])
        for place, (use, uid) in enumerate(shown(draft))
    )
    session.add_all(
        models.RevisionProduct(revision_id=revision.id, position=place, product_id=found.products[uid])
        for place, uid in enumerate(led_to(draft))
    )
    await session.flush()
