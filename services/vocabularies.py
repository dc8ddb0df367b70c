"""Vocabularies as operators tend them: tags made, renamed, moved in their trees, accepted and given up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, bindparam, delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.errors import Conflict, DomainError, Invalid, NotFound
from models import DirtyKind, TagState, caps
from search import analysis
from services import access, audit, names, outbox
from services.objections import Objections

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class NoSuchTag(NotFound):
    code = "NO_SUCH_TAG"


class NoSuchTaxonomy(NotFound):
    code = "NO_SUCH_TAXONOMY"


class TagExists(Conflict):
    code = "TAG_EXISTS"


class AliasTaken(Conflict):
    """Another tag of the same taxonomy is called that."""

    code = "ALIAS_TAKEN"


class NotATree(Invalid):
    """The taxonomy is a plain list: its tags stand side by side."""

    code = "NOT_A_TREE"


class OtherTaxonomy(Invalid):
    """The two tags belong to different vocabularies."""

    code = "OTHER_TAXONOMY"


class TagCycle(Conflict):
    """The tag would stand under itself, or mean itself."""

    code = "TAG_CYCLE"


class TagTooDeep(Conflict):
    """The tree would have more levels than a tag's path may hold."""

    code = "TAG_TOO_DEEP"

    def __init__(self) -> None:
        super().__init__(
            f"A tree of tags has at most {caps.MOST_TAG_LEVELS} levels: choose a place higher up.", path=("under",)
        )


class TagIsMerged(Conflict):
    """It lives on as another tag only: change that one."""

    code = "TAG_IS_MERGED"


class TagNotActive(Conflict):
    code = "TAG_NOT_ACTIVE"


async def create(
    session: AsyncSession,
    caller: Caller,
    taxonomy: str,
    code: str,
    labels: Mapping[str, str],
    *,
    under: UUID | None = None,
    state: TagState = TagState.ACTIVE,
) -> models.Tag:
    """A new tag, its labels by language. `under` is the tag above it, in taxonomies that are trees."""
    access.require(caller, Scope.OPERATE)
    return await added(session, caller, taxonomy, code, labels, under=under, state=state, action="tag.created")


async def added(
    session: AsyncSession,
    caller: Caller,
    taxonomy: str,
    code: str,
    labels: Mapping[str, str],
    *,
    under: UUID | None,
    state: TagState,
    action: str,
) -> models.Tag:
    """A new tag, whoever may make it; everything wrong with it is told at once."""
    known = await _locked_taxonomy(session, models.Taxonomy.code == taxonomy)
    against = Objections()
    if not CODE.fullmatch(code):
        against.note(Invalid("A code is made of a-z, 0-9 and hyphens, 1 to 80 of them.", path=("code",)))
    if state not in {TagState.ACTIVE, TagState.PROPOSED}:
        against.note(Invalid("A tag starts as active or proposed.", path=("state",)))
    if await session.scalar(select(models.Tag.id).filter_by(taxonomy_id=known.id, code=code)):
        against.note(TagExists(f"There is a tag {taxonomy}:{code} already.", path=("code",)))
    named = _labels(labels, against)
    above = None
    try:
        above = None if under is None else await _above(session, known, under)
    except DomainError as error:
        against.note(error)
    if above is not None and len(above.path) >= caps.MOST_TAG_LEVELS:
        against.note(TagTooDeep())
    against.check()
    tag = models.Tag(taxonomy_id=known.id, code=code, labels=named, state=state, parent_id=above.id if above else None)
    session.add(tag)
    await session.flush()
    tag.path = [*(above.path if above else ()), tag.id]
    await _changed(session, caller, action, tag, is_new=True)
    return tag


async def rename(
    session: AsyncSession, caller: Caller, uid: UUID, labels: Mapping[str, str], *, keeps_old: bool = True
) -> models.Tag:
    """Other labels for a tag, all of them. Code and id stay, so every reference does; unless told otherwise the old labels
    become aliases, so that the tag is still found by them.
    """
    tag = await tended(session, caller, uid)
    against = Objections()
    named = _labels(labels, against)
    against.check()
    before, tag.labels = tag.labels, named
    if before == tag.labels:
        return tag
    if keeps_old:
        await add_names(session, tag, before)
    await _changed(session, caller, "tag.renamed", tag, before=before, after=tag.labels)
    return tag


async def add_alias(
    session: AsyncSession, caller: Caller, uid: UUID, alias: str, *, language: str | None = None
) -> models.TagAlias:
    """Another name by which a tag is found. A tag has it once; no two tags of a taxonomy share one."""
    tag = await tended(session, caller, uid)
    name, folded = _alias(alias)
    if language is not None and not LANGUAGE.fullmatch(language):
        raise Invalid("A language is written like en or zh-Hans.", path=("language",))
    known = await _of_alias(session, tag, folded)
    if known is not None and known.tag_id != tag.id:
        raise AliasTaken("Another tag of this taxonomy is called that; take it from that one first.", path=("alias",))
    if known is not None:
        return known
    row = models.TagAlias(tag_id=tag.id, taxonomy_id=tag.taxonomy_id, language=language, alias=name, folded=folded)
    session.add(row)
    await _changed(session, caller, "tag.alias_added", tag, alias=name)
    return row


async def remove_alias(session: AsyncSession, caller: Caller, uid: UUID, alias: str) -> None:
    """Stop finding a tag by a name. That it had no such alias is no failure."""
    tag = await tended(session, caller, uid)
    name, folded = _alias(alias)
    removed = await session.execute(
        delete(models.TagAlias).filter_by(tag_id=tag.id, folded=folded).returning(models.TagAlias.id)
    )
    if removed.all():
        await _changed(session, caller, "tag.alias_removed", tag, alias=name)


async def deprecate(session: AsyncSession, caller: Caller, uid: UUID, *, reason: str) -> models.Tag:
    """Offer a tag no more. Contents that carry it keep it."""
    return await _become(session, caller, uid, TagState.DEPRECATED, "tag.deprecated", reason)


async def activate(session: AsyncSession, caller: Caller, uid: UUID) -> models.Tag:
    """Accept a proposed tag, or offer a deprecated one again."""
    return await _become(session, caller, uid, TagState.ACTIVE, "tag.activated", None)


async def move(session: AsyncSession, caller: Caller, uid: UUID, under: UUID | None) -> models.Tag:
    """Hang a tag, with all that is below it, under another of its taxonomy, or (None) make it a root."""
    tag = await tended(session, caller, uid)
    taxonomy = await session.get_one(models.Taxonomy, tag.taxonomy_id)
    above = None if under is None else await _above(session, taxonomy, under)
    if above is not None and tag.id in above.path:
        raise TagCycle("A tag cannot stand under itself or what is below it.", path=("under",))
    if tag.parent_id == (above.id if above else None):
        return tag
    moved = await hang(session, [tag.id], above)
    await session.refresh(tag)
    audit.record(session, caller, "tag.moved", tag, under=above.code if above else None)
    # what stands above a tag decides which channels its contents are for
    await outbox.mark(session, DirtyKind.TAG, moved, urgency=outbox.BULK)
    return tag


async def hang(session: AsyncSession, ids: Sequence[int], above: models.Tag | None) -> list[int]:
    """Put these tags, each with all below it, under another (None: make them roots). The ids that moved."""
    ids_given = bindparam("ids", list(ids), type_=ARRAY(BigInteger))
    levels = await session.scalar(_LEVELS.bindparams(ids_given)) or 0
    if above is not None and len(above.path) + levels > caps.MOST_TAG_LEVELS:
        raise TagTooDeep
    moved = await session.execute(
        _HANG.bindparams(
            ids_given,
            bindparam("prefix", list(above.path) if above else [], type_=ARRAY(BigInteger)),
            bindparam("above", above.id if above else None, type_=BigInteger),
        )
    )
    return sorted(moved.scalars())


_LEVELS = text(
    "SELECT max(cardinality(tags.path) - array_position(tags.path, top.id) + 1)"
    " FROM tags, unnest(CAST(:ids AS bigint[])) AS top(id) WHERE tags.path @> ARRAY[top.id]"
)
_HANG = text(
    "UPDATE tags SET version = version + 1,"
    " parent_id = CASE WHEN tags.id = top.id THEN CAST(:above AS bigint) ELSE tags.parent_id END,"
    " path = CAST(:prefix AS bigint[]) || tags.path[array_position(tags.path, top.id):]"
    " FROM unnest(CAST(:ids AS bigint[])) AS top(id) WHERE tags.path @> ARRAY[top.id] RETURNING tags.id"
)


async def tended(session: AsyncSession, caller: Caller, uid: UUID) -> models.Tag:
    """The tag as it is now, for an operator to change, its taxonomy locked against other changes of the tree. TagIsMerged
    when it lives on as another.
    """
    access.require(caller, Scope.OPERATE)
    tag = await locked(session, uid)
    if tag.state is TagState.MERGED:
        raise TagIsMerged("This tag was merged into another: change that one.")
    return tag


async def locked(session: AsyncSession, uid: UUID) -> models.Tag:
    """The tag as it is once its taxonomy is locked; NoSuchTag when there is none."""
    holds = select(models.Tag.taxonomy_id).where(models.Tag.uid == uid)
    try:
        await _locked_taxonomy(session, models.Taxonomy.id.in_(holds))
    except NoSuchTaxonomy as error:
        raise NoSuchTag("There is no such tag.") from error
    statement = select(models.Tag).where(models.Tag.uid == uid)
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


async def add_names(session: AsyncSession, tag: models.Tag, labels: Mapping[str, str]) -> None:
    """Let a tag be found by these labels too, where no tag of its taxonomy has the name as an alias."""
    own = {analysis.fold(label) for label in tag.labels.values()}
    for language, label in labels.items():
        folded = analysis.fold(label)
        if folded.strip() and folded not in own and await _of_alias(session, tag, folded) is None:
            session.add(
                models.TagAlias(
                    tag_id=tag.id, taxonomy_id=tag.taxonomy_id, language=language, alias=label, folded=folded
                )
            )
            await session.flush()


async def _locked_taxonomy(session: AsyncSession, which: Any) -> models.Taxonomy:
    # a lock that lets contents be tagged meanwhile: it holds off other changes of this tree only
    taxonomy = await session.scalar(select(models.Taxonomy).where(which).with_for_update(key_share=True))
    if taxonomy is None:
        raise NoSuchTaxonomy("There is no such taxonomy.", path=("taxonomy",))
    return taxonomy


async def _above(session: AsyncSession, taxonomy: models.Taxonomy, uid: UUID) -> models.Tag:
    if not taxonomy.is_tree:
        raise NotATree(f"The tags of {taxonomy.code} stand side by side.", path=("under",))
    statement = select(models.Tag).where(models.Tag.uid == uid).execution_options(populate_existing=True)
    above = (await session.scalars(statement)).one_or_none()
    if above is None:
        raise NoSuchTag("There is no such tag to stand under.", path=("under",))
    if above.taxonomy_id != taxonomy.id:
        raise OtherTaxonomy("A tag stands under tags of its own taxonomy only.", path=("under",))
    if above.state is TagState.MERGED:
        raise TagIsMerged("The tag to stand under was merged into another: take that one.", path=("under",))
    return above


async def _become(
    session: AsyncSession, caller: Caller, uid: UUID, state: TagState, action: str, reason: str | None
) -> models.Tag:
    tag = await tended(session, caller, uid)
    if tag.state is not state:
        tag.state = state
        await _changed(session, caller, action, tag, reason=reason)
    return tag


async def _changed(
    session: AsyncSession,
    caller: Caller,
    action: str,
    tag: models.Tag,
    *,
    reason: str | None = None,
    is_new: bool = False,
    **details: Any,
) -> None:
    tag.version += 0 if is_new else 1
    audit.record(session, caller, action, tag, reason=reason, **details)
    await session.flush()
    await outbox.mark(session, DirtyKind.TAG, [tag.id], urgency=outbox.BULK)


async def _of_alias(session: AsyncSession, tag: models.Tag, folded: str) -> models.TagAlias | None:
    statement = select(models.TagAlias).filter_by(taxonomy_id=tag.taxonomy_id, folded=folded)
    return (await session.scalars(statement)).one_or_none()


def _alias(alias: str) -> tuple[str, str]:
    name = names.checked(alias, "alias")
    folded = analysis.fold(name)
    if not folded.strip():
        raise Invalid("Nothing of this name can be looked for.", path=("alias",))
    return name, folded


def _labels(labels: Mapping[str, str], against: Objections) -> dict[str, str]:
    if not labels:
        against.note(Invalid("A tag has a label in at least one language.", path=("labels",)))
    found = {}
    for language, label in labels.items():
        if not LANGUAGE.fullmatch(language):
            message = "A language is written like en or zh-Hans."
            against.note(Invalid(message, path=("labels", language[:80])))
        named = against.take(names.checked, label, "labels", language[:80])
        if named is not None:
            found[language] = named
    return found
