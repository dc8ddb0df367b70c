"""Tags that authors propose: made as proposals, which go on no content, and accepted or rejected by operators; and
vocabularies themselves, as operators make them.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Forbidden, Invalid
from models import TagState
from services import access, audit, names, vocabularies
from services.objections import Objections

MOST_PROPOSED = 50
"""Proposals of one account that wait at the same time: somebody has to read them."""


class TooManyProposals(Conflict):
    code = "TOO_MANY_PROPOSALS"


class NotProposed(Conflict):
    """The tag was accepted, or never was a proposal."""

    code = "NOT_PROPOSED"


class TagInUse(Conflict):
    code = "TAG_IN_USE"


class TaxonomyExists(Conflict):
    code = "TAXONOMY_EXISTS"


async def create_taxonomy(
    session: AsyncSession,
    caller: Caller,
    code: str,
    labels: Mapping[str, str],
    *,
    is_tree: bool = False,
    least: int = 0,
    most: int | None = None,
    clock: Clock,
) -> models.Taxonomy:
    """A new vocabulary, by an operator. A content has at least `least` and at most `most` of its tags."""
    access.require(caller, Scope.OPERATE)
    against = Objections()
    if not vocabularies.CODE.fullmatch(code) or not code[0].isalpha():
        message = "A code is made of a-z, 0-9 and hyphens, 1 to 80 of them, and begins with a letter."
        against.note(Invalid(message, path=("code",)))
    if await session.scalar(select(models.Taxonomy.id).where(models.Taxonomy.code == code)):
        against.note(TaxonomyExists("There is a taxonomy with this code already.", path=("code",)))
    if not labels:
        against.note(Invalid("A taxonomy has a name in at least one language.", path=("labels",)))
    for language, label in labels.items():
        against.take(names.language, language, "labels", language[:80])
        against.take(names.checked, label, "labels", language[:80])
    if least < 0 or (most is not None and most < max(least, 1)):
        message = "A content has 0 or more tags of a taxonomy, and at most as many as it may have."
        against.note(Invalid(message, path=("least_per_content",)))
    against.check()
    taxonomy = models.Taxonomy(
        code=code,
        labels={language: label.strip() for language, label in labels.items()},
        is_tree=is_tree,
        least_per_content=least,
        most_per_content=most,
        created_at=clock.now(),
    )
    session.add(taxonomy)
    await session.flush()
    audit.record(session, caller, "taxonomy.created", taxonomy)
    return taxonomy


async def propose(
    session: AsyncSession,
    caller: Caller,
    taxonomy: str,
    code: str,
    labels: Mapping[str, str],
    *,
    under: UUID | None = None,
) -> models.Tag:
    """Propose a tag, as an author. It goes on no content until an operator accepts it (vocabularies.activate)."""
    access.require(caller, Scope.CONTENT_WRITE)
    if caller.account_id is None:
        raise Forbidden("Only an account can propose tags.")
    if await _waiting(session, caller.account_id) >= MOST_PROPOSED:
        raise TooManyProposals(
            f"{MOST_PROPOSED} of your proposals wait for an operator: propose more when they are read."
        )
    state = TagState.PROPOSED
    return await vocabularies.added(
        session, caller, taxonomy, code, labels, under=under, state=state, action="tag.proposed"
    )


async def reject(session: AsyncSession, caller: Caller, uid: UUID, *, reason: str) -> models.Taxonomy:
    """Remove a proposal, by an operator; its taxonomy. The record keeps what it was. TagInUse when something hangs on it."""
    access.require(caller, Scope.OPERATE)
    tag = await vocabularies.locked(session, uid)
    if tag.state is not TagState.PROPOSED:
        raise NotProposed("This tag is no proposal: deprecate it instead.")
    if await _is_used(session, tag):
        raise TagInUse("Something stands under this proposal, or carries it: accept it, and merge it into another.")
    taxonomy = await session.get_one(models.Taxonomy, tag.taxonomy_id)
    audit.record(session, caller, "tag.rejected", tag, reason=reason, code=tag.code, labels=tag.labels)
    await session.execute(delete(models.TagAlias).where(models.TagAlias.tag_id == tag.id))
    await session.delete(tag)
    await session.flush()
    return taxonomy


async def _waiting(session: AsyncSession, account_id: int) -> int:
    """How many tags that this account proposed are still proposals."""
    entry, tag = models.AuditEntry, models.Tag
    statement = (
        select(func.count())
        .select_from(entry)
        .join(tag, tag.id == entry.object_id)
        .where(
            entry.object_type == "Tag",
            entry.action == "tag.proposed",
            entry.account_id == account_id,
            tag.state == TagState.PROPOSED,
        )
    )
    return await session.scalar(statement) or 0


async def _is_used(session: AsyncSession, tag: models.Tag) -> bool:
    other = models.Tag
    uses = [
        select(models.Tagging.tag_id).where(models.Tagging.tag_id == tag.id),
        select(models.Product.id).where(models.Product.category_id == tag.id),
        select(other.id).where((other.parent_id == tag.id) | (other.merged_into_id == tag.id)),
    ]
    for use in uses:
        if await session.scalar(select(use.exists())):
            return True
    return False
