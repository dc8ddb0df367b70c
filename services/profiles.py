"""Creators as they are made and described; and what operators say of them: certified roles, level and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Invalid, NotFound, Problem
from models import DirtyKind, caps
from services import access, asset_binding, audit, names, organisations, outbox
from services.objections import Objections

HIGHEST_LEVEL, HIGHEST_SCORE = 6, 1_000
SCORES = ("quality_score", "health_score", "index_score", "fan_value")


class UnknownField(Invalid):
    code = "UNKNOWN_FIELD"


class TooManyFields(Invalid):
    code = "TOO_MANY_SUBJECTS"


class UnknownRole(Invalid):
    code = "UNKNOWN_ROLE"


class TooManyRoles(Conflict):
    code = "TOO_MANY_ROLES"


class NotCertified(NotFound):
    """The creator does not have this role."""

    code = "NOT_CERTIFIED"


class DayIsAhead(Invalid):
    """It is said to have happened on a day that is yet to come."""

    code = "DAY_IS_AHEAD"


class LevelOutOfRange(Invalid):
    code = "LEVEL_OUT_OF_RANGE"


class ScoreOutOfRange(Invalid):
    code = "SCORE_OUT_OF_RANGE"


async def create(
    session: AsyncSession,
    caller: Caller,
    handle: str,
    name: str,
    kind: models.CreatorKind,
    *,
    language: str,
    bio: str = "",
    clock: Clock,
) -> models.Creator:
    """A new creator, by an operator. Nobody acts as it yet."""
    access.require(caller, Scope.OPERATE)
    against = Objections()
    against.take(organisations.checked_handle, handle)
    if await session.scalar(select(models.Creator.id).where(models.Creator.handle == handle)):
        against.note(organisations.HandleTaken("There is a creator with this handle already.", path=("handle",)))
    called = against.take(names.checked, name, "name")
    against.take(names.language, language, "language")
    against.take(names.prose, bio, "bio")
    against.check()
    creator = models.Creator(handle=handle, name=called, kind=kind, language=language, bio=bio, created_at=clock.now())
    session.add(creator)
    await session.flush()
    audit.record(session, caller, "creator.created", creator)
    await outbox.mark(session, DirtyKind.CREATOR, [creator.id])
    return creator


async def update(
    session: AsyncSession, caller: Caller, uid: UUID, *, fields: Sequence[str] | None = None, **said: Any
) -> models.Creator:
    """Change name, bio, language or picture (`avatar`, an asset's uid; None takes it away), and the subjects (`fields`,
    codes, all of them). What is not given stays. Everything wrong is told at once.
    """
    access.require(caller, Scope.CREATOR_WRITE)
    creator = await _locked(session, caller, uid)
    against = Objections()
    told = _read(said, against)
    if said.get("avatar") is not None:
        told["avatar_id"] = await _picture(session, creator, said["avatar"], against)
    elif "avatar" in said:
        told["avatar_id"] = None
    if fields is not None:
        await _check_fields(session, fields, against)
    against.check()
    for part, value in told.items():
        setattr(creator, part, value)
    if fields is not None:
        await _choose(session, creator, fields)
    await _changed(session, caller, "creator.updated", creator, parts=sorted({*said, *(["fields"] if fields else [])}))
    return creator


async def certify(
    session: AsyncSession, caller: Caller, uid: UUID, role_code: str, *, on: date | None = None, clock: Clock
) -> models.Creator:
    """Say that a creator has a calling, since `on` (today, UTC, unless said). Again with another day: since that day."""
    access.require(caller, Scope.OPERATE)
    creator = await _locked(session, caller, uid)
    today = clock.now().date()
    since = on or today
    against = Objections()
    if await session.get(models.Role, role_code) is None:
        against.note(UnknownRole(f"There is no role {role_code[:80]}.", path=("role",)))
    if since > today:
        against.note(DayIsAhead("A certificate begins today or earlier.", path=("certified_on",)))
    held = await _held(session, creator)
    if role_code not in held and len(held) >= caps.MOST_ROLES:
        against.note(TooManyRoles(f"A creator has at most {caps.MOST_ROLES} roles: revoke one first."))
    against.check()
    if role_code in held and on in {None, held[role_code].certified_on}:
        return creator
    if role_code in held:
        held[role_code].certified_on = since
    else:
        session.add(models.CreatorRole(creator_id=creator.id, role_code=role_code, certified_on=since))
    creator.certified_on = min(creator.certified_on or since, since)
    await _changed(session, caller, "creator.certified", creator, role=role_code, since=since.isoformat())
    return creator


async def revoke(session: AsyncSession, caller: Caller, uid: UUID, role_code: str, *, reason: str) -> models.Creator:
    """Take a role away. A creator with none left is certified no more."""
    access.require(caller, Scope.OPERATE)
    creator = await _locked(session, caller, uid)
    held = await _held(session, creator)
    if role_code not in held:
        raise NotCertified("The creator does not have this role.", path=("role",))
    await session.delete(held.pop(role_code))
    if not held:
        creator.certified_on = None
    await _changed(session, caller, "creator.certification_revoked", creator, reason=reason, role=role_code)
    return creator


async def declare(session: AsyncSession, caller: Caller, uid: UUID, facts: Mapping[str, Any]) -> models.Creator:
    """Say what channels ask of a creator: `level` 0-6, scores 0-1000 or None for unknown, `is_seller`. What is not given
    stays; the source of all of them is from now on that somebody declared them.
    """
    access.require(caller, Scope.OPERATE)
    creator = await _locked(session, caller, uid)
    against = Objections()
    if not 0 <= facts.get("level", 0) <= HIGHEST_LEVEL:
        against.note(LevelOutOfRange(f"A level is 0 to {HIGHEST_LEVEL}.", path=("level",)))
    for score in SCORES:
        value = facts.get(score)
        if value is not None and not 0 <= value <= HIGHEST_SCORE:
            against.note(ScoreOutOfRange(f"A score is 0 to {HIGHEST_SCORE:,}.", path=(score,)))
    against.check()
    for part in ("level", "is_seller", *SCORES):
        if part in facts:
            setattr(creator, part, facts[part])
    creator.facts_source = models.FactsSource.DECLARED
    await _changed(session, caller, "creator.facts_declared", creator, **facts)
    return creator


async def _locked(session: AsyncSession, caller: Caller, uid: UUID) -> models.Creator:
    creator = await access.editable_creator(session, caller, uid)
    await session.refresh(creator, with_for_update={"key_share": True})
    return creator


def _read(said: Mapping[str, Any], against: Objections) -> dict[str, Any]:
    """What was said of name, bio and language, cleaned."""
    readers = {"name": names.checked, "bio": names.prose, "language": names.language}
    return {part: against.take(read, said[part], part) for part, read in readers.items() if part in said}


async def _picture(session: AsyncSession, creator: models.Creator, uid: UUID, against: Objections) -> int | None:
    asset = models.Asset
    own = (asset.creator_id == creator.id) | asset.creator_id.is_(None)
    usable = own & (asset.kind == models.AssetKind.IMAGE)
    kept = select(models.Creator.avatar_id).where(models.Creator.id == creator.id)
    found = (await asset_binding.found(session, [uid], usable, kept=kept)).get(uid)
    message = "There is no such picture, or this creator may not use it: import it first."
    problems = found.problems(("avatar",)) if found else [Problem("UNKNOWN_ASSET", message, ("avatar",))]
    if problems:
        against.note(Invalid(problems[0].message, problems=problems))
    return found.id if found else None


async def _check_fields(session: AsyncSession, codes: Sequence[str], against: Objections) -> None:
    if len(set(codes)) > caps.MOST_FIELDS:
        against.note(TooManyFields(f"Choose at most {caps.MOST_FIELDS} subjects.", path=("fields",)))
        return
    known = set(await session.scalars(select(models.Field.code).where(models.Field.code.in_(codes))))
    for place, code in enumerate(codes):
        if code not in known:
            against.note(UnknownField(f"There is no subject {code[:80]}.", path=("fields", place)))


async def _choose(session: AsyncSession, creator: models.Creator, codes: Sequence[str]) -> None:
    link = models.CreatorField
    await session.execute(delete(link).where(link.creator_id == creator.id))
    if codes:
        await session.execute(insert(link), [{"creator_id": creator.id, "field_code": code} for code in set(codes)])


async def _held(session: AsyncSession, creator: models.Creator) -> dict[str, models.CreatorRole]:
    rows = await session.scalars(select(models.CreatorRole).filter_by(creator_id=creator.id))
    return {row.role_code: row for row in rows}


async def _changed(
    session: AsyncSession,
    caller: Caller,
    action: str,
    creator: models.Creator,
    *,
    reason: str | None = None,
    **details: Any,
) -> None:
    """What is shown of a creator, and asked of it by channels, stands on all of its contents."""
    creator.version += 1
    audit.record(session, caller, action, creator, reason=reason, **details)
    await session.flush()
    await outbox.mark(session, DirtyKind.CREATOR, [creator.id])
