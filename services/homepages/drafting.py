"""Writing a homepage: a draft beside what is live, saved whole, refused with everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import DomainError, Invalid, NotFound, Problem, together
from core.ids import new_uid
from models import HomepageState, page_blocks
from models.page_themes import Theme
from services import access, asset_binding, audit, contents, stamps, tags
from services.homepages.templates import template
from services.references import UNREADABLE, Named, Place, find

_KINDS = {
    "image": "asset", "asset": "asset", "product": "product", "products": "product", "content": "content",
    "contents": "content", "tags": "tag", "categories": "tag",
}  # fmt: skip


class PageDraft(BaseModel):
    """What a creator writes of a homepage: its theme and its blocks, whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    theme: Theme = Field(default_factory=Theme, description="How the page looks.")
    blocks: page_blocks.Blocks


class NoDraft(NotFound):
    """Nothing is being written for this homepage."""

    code = "NO_HOMEPAGE_DRAFT"


async def save(
    session: AsyncSession,
    caller: Caller,
    creator_uid: UUID,
    draft: PageDraft,
    *,
    expected_revision: str | None,
    clock: Clock,
) -> models.HomepageVersion:
    """Save the draft of a creator's homepage: the one being written, else a new one beside what is live.

    `expected_revision` is the stamp of the draft that the author saw (None: there was none).
    """
    page = await tended(session, caller, creator_uid)
    standing = await draft_of(session, page)
    errors: list[DomainError] = []
    if stamps.differs(standing, expected_revision):
        errors.append(stamps.StaleRevision(standing))
    problems = await flaws(session, caller, page.creator_id, draft.model_dump())
    if problems:
        errors.append(Invalid("The page names what is not there; nothing was saved.", problems=problems))
    if errors:
        raise together(errors)
    return await _write(session, caller, page, standing, draft, clock)


async def begin(
    session: AsyncSession,
    caller: Caller,
    creator_uid: UUID,
    from_template: str,
    *,
    expected_revision: str | None = None,
    clock: Clock,
) -> models.HomepageVersion:
    """A draft made from a template, with its words in the creator's language; it takes the place of the draft named."""
    chosen = template(from_template)
    page = await tended(session, caller, creator_uid)
    standing = await draft_of(session, page)
    if stamps.differs(standing, expected_revision):
        raise stamps.StaleRevision(standing)
    creator = await session.get_one(models.Creator, page.creator_id)
    draft = PageDraft(theme=chosen.theme, blocks=chosen.blocks(creator.language))
    return await _write(session, caller, page, standing, draft, clock, from_template=chosen.code)


async def discard(
    session: AsyncSession, caller: Caller, creator_uid: UUID, *, expected_revision: str, clock: Clock
) -> models.HomepageVersion:
    """Put the draft away: it stays among the versions, links to its preview end, and what is live stays."""
    page = await tended(session, caller, creator_uid)
    standing = await draft_of(session, page)
    if standing is None or stamps.differs(standing, expected_revision):
        raise stamps.StaleRevision(standing)
    standing.state = HomepageState.DROPPED
    record(session, caller, "homepage.discarded", page, standing, clock)
    return await done(session, standing)


async def against_saving(
    session: AsyncSession, caller: Caller, creator_uid: UUID | None, values: dict[str, Any], expected: str | None
) -> list[DomainError]:
    """What would stand against saving a page besides what of it could not be read."""
    access.require(caller, Scope.CREATOR_WRITE)
    if creator_uid is None:
        return []
    creator = await access.editable_creator(session, caller, creator_uid)
    errors: list[DomainError] = []
    page = await session.scalar(select(models.Homepage).where(models.Homepage.creator_id == creator.id))
    standing = await draft_of(session, page) if page else None
    if stamps.differs(standing, expected):
        errors.append(stamps.StaleRevision(standing))
    problems = await flaws(session, caller, creator.id, values)
    if problems:
        errors.append(Invalid("The page names what is not there.", problems=problems))
    return errors


async def flaws(session: AsyncSession, caller: Caller, creator_id: int, values: dict[str, Any]) -> list[Problem]:
    """What of the things that a page names is not there, or not for this creator to use; `values` are those of a
    PageDraft, be they valid or not.
    """
    named = [one for one in _named(values, ()) if one[2] != UNREADABLE]
    of_kind = {kind: [(place, name) for what, place, name in named if what == kind] for kind in set(_KINDS.values())}
    wanted = Named(tuple(of_kind["asset"]), tuple(of_kind["product"]))
    found = await find(session, creator_id, wanted, kept=asset_binding.on_page(creator_id))
    problems = list(found.problems)
    problems.extend(await _unknown_contents(session, caller, of_kind["content"]))
    problems.extend(await _unknown_tags(session, caller, of_kind["tag"]))
    return problems


async def tended(session: AsyncSession, caller: Caller, creator_uid: UUID) -> models.Homepage:
    """The creator's homepage, locked, for a caller who may change it; made if there is none yet."""
    access.require(caller, Scope.CREATOR_WRITE)
    creator = await access.editable_creator(session, caller, creator_uid)
    made = insert(models.Homepage).values(uid=new_uid(), creator_id=creator.id).on_conflict_do_nothing()
    await session.execute(made)
    page = select(models.Homepage).where(models.Homepage.creator_id == creator.id).with_for_update()
    return (await session.execute(page.execution_options(populate_existing=True))).scalar_one()


async def draft_of(session: AsyncSession, page: models.Homepage) -> models.HomepageVersion | None:
    return await version_of(session, page, models.HomepageVersion.state == HomepageState.DRAFT)


async def version_of(session: AsyncSession, page: models.Homepage, condition: Any) -> models.HomepageVersion | None:
    """The one version of a locked page that meets the condition, as it stands now."""
    statement = select(models.HomepageVersion).where(models.HomepageVersion.homepage_id == page.id, condition)
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()


async def next_number(session: AsyncSession, page: models.Homepage) -> int:
    number = select(func.max(models.HomepageVersion.number)).where(models.HomepageVersion.homepage_id == page.id)
    return (await session.scalar(number) or 0) + 1


def record(
    session: AsyncSession,
    caller: Caller,
    action: str,
    page: models.Homepage,
    version: models.HomepageVersion,
    clock: Clock,
    **details: Any,
) -> None:
    audit.record(session, caller, action, page, version=version.number, at=clock.now().isoformat(), **details)


async def done(session: AsyncSession, version: models.HomepageVersion) -> models.HomepageVersion:
    await session.flush()
    return version


async def _write(
    session: AsyncSession,
    caller: Caller,
    page: models.Homepage,
    standing: models.HomepageVersion | None,
    draft: PageDraft,
    clock: Clock,
    *,
    from_template: str | None = None,
) -> models.HomepageVersion:
    version = standing or models.HomepageVersion(
        homepage_id=page.id, number=await next_number(session, page), edition=0, created_at=clock.now()
    )
    version.theme, version.blocks = draft.theme.model_dump(mode="json"), page_blocks.dump(draft.blocks)
    version.template = from_template or version.template
    version.edition += 1
    session.add(version)
    await session.flush()
    record(session, caller, "homepage.saved", page, version, clock, edition=version.edition)
    return await done(session, version)


def _named(value: Any, place: Place) -> Iterator[tuple[str, Place, Any]]:
    """Everything that a page names: its kind, its place as pydantic tells places of errors, and its name."""
    if isinstance(value, dict):
        is_one_of_several = "type" in value and len(place) >= 2 and place[-2] in {"blocks", "body"}
        inner = (*place, value["type"]) if is_one_of_several else place
        for name, part in value.items():
            yield from _named(part, (*inner, name))
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _named(part, (*place, number))
    else:
        kind = _KINDS.get(str(next((step for step in reversed(place) if isinstance(step, str)), "")))
        if kind is not None and isinstance(value, str if kind == "tag" else UUID):
            yield kind, place, value


async def _unknown_contents(session: AsyncSession, caller: Caller, named: list[tuple[Place, UUID]]) -> list[Problem]:
    found = await contents.by_uids(session, caller, list({uid for _, uid in named}))
    return [
        Problem("UNKNOWN_CONTENT", problem, place)
        for place, uid in named
        if (problem := _against(found.get(uid), place)) is not None
    ]


def _against(content: models.Content | None, place: Place) -> str | None:
    if content is None or content.state is models.ContentState.ERASED:
        return "There is no such content, or you may not see it: check the id."
    if place[-2:] == ("ranked_list", "content") and content.format is not models.Format.RANKED_LIST:
        return "This content is no ranked list: name one that is."
    return None


async def _unknown_tags(session: AsyncSession, caller: Caller, named: list[tuple[Place, str]]) -> list[Problem]:
    if not named:
        return []
    found = await tags.under_codes(session, caller, sorted({tags.split(tag) for _, tag in named}))
    return [
        Problem("UNKNOWN_TAG", f"There is no tag {tag[:80]}: write it as taxonomy:code.", place)
        for place, tag in named
        if tags.split(tag) not in found
    ]
