"""Plans for drafts that nobody saved: the same checks as saving, the same engine as the decision, and nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import DomainError, Invalid, together
from services import access, asset_binding, contents, planning, references
from services.channels import installing
from services.contents import Draft
from services.gathering import gather_unsaved
from services.planning import ChannelPlan

NOBODYS = UUID(int=0)
"""Stands in addresses where the content will have an id: as long as one, so that nothing is cut otherwise."""

_NO_ROW = 0


@dataclass(frozen=True, slots=True)
class Unsaved:
    """Whose draft it is, as far as that could be read: of a content that there is, or of a creator and in a language. What
    the draft names is known in either case.
    """

    format: models.Format
    named: references.Named
    content_uid: UUID | None = None
    creator_uid: UUID | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    content: models.Content | None
    creator: models.Creator | None
    found: references.Found
    errors: list[DomainError]


async def plan(
    session: AsyncSession,
    caller: Caller,
    draft: Draft,
    unsaved: Unsaved,
    channels: Sequence[str] | None = None,
    *,
    clock: Clock,
    base_url: str,
) -> list[ChannelPlan]:
    """The plan for a draft as if it had been saved. Refused with all that would stand against saving it; only reads."""
    seen = await _seen(session, caller, unsaved)
    if seen.errors:
        raise together(seen.errors)
    assert seen.creator is not None
    creator, found, now = seen.creator, seen.found, clock.now()
    content = seen.content or _content(draft, creator, unsaved.language or "")
    catalogue = await installing.catalogue_of(session, creator.id)
    entries = await planning.shown_entries(session, caller, catalogue, channels)
    gathered = await gather_unsaved(
        session,
        content,
        _revision(content, draft, found),
        creator,
        asset_ids=[(use, found.assets[uid]) for use, uid in contents.shown(draft)],
        product_ids=[found.products[uid] for uid in contents.led_to(draft)],
        at=now,
        base_url=base_url,
        judges=[entry.compiled for _, entry in entries],
    )
    return await planning.planned(session, catalogue, entries, gathered, now)


async def against(session: AsyncSession, caller: Caller, unsaved: Unsaved) -> list[DomainError]:
    """What would stand against saving the draft besides what of it could not be read."""
    return (await _seen(session, caller, unsaved)).errors


async def _seen(session: AsyncSession, caller: Caller, unsaved: Unsaved) -> _Seen:
    access.require(caller, Scope.CONTENT_WRITE)
    content, creator, kept = None, None, None
    errors: list[DomainError] = []
    if unsaved.content_uid is not None:
        content = await access.editable_content(session, caller, unsaved.content_uid)
        creator = await session.get_one(models.Creator, content.creator_id)
        kept = asset_binding.in_content(content)
        if unsaved.format is not content.format:
            message = f"This content is of the format {content.format.value}, and stays so."
            errors.append(Invalid(message, path=("format",)))
    elif unsaved.creator_uid is not None:
        creator = await access.editable_creator(session, caller, unsaved.creator_uid)
    creator_id = creator.id if creator is not None else None
    found = await references.find(session, creator_id, unsaved.named, kept=kept, is_held=False)
    return _Seen(content, creator, found, [*errors, *found.errors])


def _content(draft: Draft, creator: models.Creator, language: str) -> models.Content:
    """The content that it would be: it is in no session, so no row comes of it."""
    return models.Content(
        id=_NO_ROW,
        uid=NOBODYS,
        creator_id=creator.id,
        format=draft.format,
        language=language,
        group_uid=NOBODYS,
        is_history=False,
    )


def _revision(content: models.Content, draft: Draft, found: references.Found) -> models.Revision:
    return models.Revision(
        id=_NO_ROW,
        content_id=content.id,
        state=models.RevisionState.DRAFT,
        tag_ids=[tag.id for tag in found.tags],
        **contents.words(draft),
    )
