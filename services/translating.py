"""Translations: beginning one, tying a content to the group it translates, and cutting that tie."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict
from core.ids import new_uid
from core.reads import any_of
from services import access, audit, contents, publishing, revisions


class OtherFormat(Conflict):
    """A translation has the format of what it translates."""

    code = "OTHER_FORMAT"


async def translate(
    session: AsyncSession, caller: Caller, content_uid: UUID, language: str, *, clock: Clock
) -> models.Content:
    """Begin a translation: a content in another language beside this one, in the same group.

    Its draft starts as a copy of what is live (else of the draft): all words, blocks, pictures, products, tags and the
    format's own part, to be translated in place. Of a live, the times and addresses of the room as well. Copied once: later
    changes of either do not reach the other.
    """
    access.require(caller, Scope.CONTENT_WRITE)
    original = await access.editable_content(session, caller, content_uid)
    group = await contents.group_for(session, caller, content_uid, language, place="content")
    words = await _words(session, original)
    translation = models.Content(
        uid=new_uid(),
        creator_id=original.creator_id,
        organisation_id=original.organisation_id,
        format=original.format,
        language=language,
        group_uid=group,
        tag_ids=[],
        created_at=clock.now(),
    )
    session.add(translation)
    await session.flush()
    draft = await revisions.copy(session, translation, words, clock, number=1)
    if draft.tag_ids is None:
        draft.tag_ids = list(original.tag_ids)
    await _copy_room(session, original, translation)
    audit.record(session, caller, "content.translated", translation, original=str(original.uid), language=language)
    await session.flush()
    return translation


async def link(
    session: AsyncSession, caller: Caller, content_uid: UUID, original_uid: UUID, *, clock: Clock
) -> models.Content:
    """Say that a content that stands alone translates another: from now on they are siblings."""
    access.require(caller, Scope.CONTENT_WRITE)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    group = await contents.group_for(session, caller, original_uid, content.language, but=content.id)
    original = await access.editable_content(session, caller, original_uid)
    if original.format is not content.format:
        raise OtherFormat("A translation has the format of what it translates.", path=("translation_of",))
    if content.group_uid != group:
        await _move(session, content, group, clock)
        audit.record(session, caller, "content.linked", content, original=str(original.uid))
    return content


async def unlink(session: AsyncSession, caller: Caller, content_uid: UUID, *, clock: Clock) -> models.Content:
    """Let a content stand alone again; its siblings stay together."""
    access.require(caller, Scope.CONTENT_WRITE)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    others = select(models.Content.id).where(
        models.Content.group_uid == content.group_uid, models.Content.id != content.id
    )
    if await session.scalar(others.limit(1)) is None:
        return content
    # where others still carry its uid as their group, it needs a new one
    await _move(session, content, new_uid() if content.group_uid == content.uid else content.uid, clock)
    audit.record(session, caller, "content.unlinked", content)
    return content


async def originals(session: AsyncSession, caller: Caller, ids: Sequence[int]) -> dict[int, models.Content]:
    """What each content translates: the content that its group began with, where that is another and may be seen."""
    rows = await session.execute(
        select(models.Content.id, models.Content.group_uid).where(
            models.Content.id == any_of(ids), models.Content.group_uid != models.Content.uid
        )
    )
    groups = dict(rows.all())
    found = await contents.by_uids(session, caller, list(set(groups.values())))
    return {id_: found[group] for id_, group in groups.items() if group in found}


async def languages(session: AsyncSession, caller: Caller, groups: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The languages that each group has, as far as the caller may see: editors also those that are being written."""
    content = models.Content
    rows = await session.execute(
        select(content.group_uid, content.language)
        .where(content.group_uid.in_(groups), access.contents(caller), content.state != models.ContentState.ERASED)
        .order_by(content.language)
    )
    found: dict[UUID, list[str]] = {group: [] for group in groups}
    for group, language in rows:
        found[group].append(language)
    return found


async def _move(session: AsyncSession, content: models.Content, group: UUID, clock: Clock) -> None:
    content.group_uid = group
    await publishing.changed(session, content, clock)


async def _words(session: AsyncSession, original: models.Content) -> models.Revision:
    chosen = original.live_revision_id or original.draft_revision_id or original.waiting_revision_id
    assert chosen is not None, "a content that may be edited has a live revision, a draft, or one that waits"
    return await session.get_one(models.Revision, chosen, populate_existing=True)


async def _copy_room(session: AsyncSession, original: models.Content, translation: models.Content) -> None:
    room = await session.get(models.LiveRoom, original.id)
    if room is not None:
        same = {name: getattr(room, name) for name in ("starts_at", "stream_url", "replay_url")}
        session.add(models.LiveRoom(content_id=translation.id, **same))
