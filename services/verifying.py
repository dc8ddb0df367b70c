"""Would it come to the same today? Decisions judged again from what was pinned: revision, pack, facts, time, quota used."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError
from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.db import Database
from core.reads import any_of
from services import access, gathering
from services.channels import installing
from services.channels.engine import ENGINE_VERSION, CompiledPack, evaluate
from services.channels.findings import Evaluation
from services.explaining import NoSuchDecision

AT_ONCE = 200
"""Decisions that are read together."""


WORDED = {"message_en", "message_zh", "hint_en", "hint_zh"}


class Agreement(StrEnum):
    """What judging again came to."""

    SAME = "SAME"
    DIFFERENT = "DIFFERENT"
    CANNOT = "CANNOT"


class Hindrance(StrEnum):
    """Why a decision cannot be judged again."""

    ERASED = "ERASED"
    UNREADABLE_PACK = "UNREADABLE_PACK"
    UNREADABLE_FACTS = "UNREADABLE_FACTS"


@dataclass(frozen=True, slots=True)
class Verification:
    """A decision and what the engine of today says of the same. `only_then` and `only_now` are findings, as they are
    stored, that the other side does not have; `because` says why nothing could be compared.
    """

    decision: UUID
    submission: UUID
    channel: str
    agreement: Agreement
    outcome_then: models.Outcome
    engine_then: str
    engine_now: str
    outcome_now: models.Outcome | None = None
    because: Hindrance | None = None
    only_then: tuple[dict[str, Any], ...] = ()
    only_now: tuple[dict[str, Any], ...] = ()


class Packs:
    """Packs of decisions, made ready once each: many decisions went by few of them."""

    def __init__(self) -> None:
        self._known: dict[int, CompiledPack | None] = {}

    async def load(self, session: AsyncSession, version_ids: set[int]) -> None:
        missing = version_ids - self._known.keys()
        if not missing:
            return
        version = models.PackVersion
        rows = await session.execute(select(version.id, version.body).where(version.id == any_of(missing)))
        for version_id, body in rows:
            self._known[version_id] = _compiled(body)

    def of(self, version_id: int) -> CompiledPack | None:
        """The pack; None where this version of ours cannot read it."""
        return self._known[version_id]


def _compiled(body: dict[str, Any]) -> CompiledPack | None:
    try:
        return CompiledPack(installing.read(body))
    except ValidationError:
        return None


async def verifications(
    session: AsyncSession, caller: Caller, decision_ids: Sequence[int], *, packs: Packs | None = None
) -> dict[int, Verification]:
    """Decisions judged again, by id, in two statements. What the caller may not look into is absent."""
    if not decision_ids:
        return {}
    decision = models.Decision
    found = await session.execute(
        select(
            decision,
            models.Revision,
            models.Submission.uid.label("submission"),
            models.Channel.key.label("channel"),
            models.FactSnapshot.body.label("snapshot"),
        )
        .join(models.Submission, models.Submission.id == decision.submission_id)
        .join(models.Content, models.Content.id == models.Submission.content_id)
        .join(models.Channel, models.Channel.id == models.Submission.channel_id)
        .join(models.Revision, models.Revision.id == decision.revision_id)
        .join(models.FactSnapshot, models.FactSnapshot.digest == decision.snapshot_digest)
        .where(decision.id == any_of(decision_ids), access.explained(caller))
    )
    rows = found.all()
    known = packs or Packs()
    await known.load(session, {row.Decision.pack_version_id for row in rows})
    # a page of decisions is judged in tens of milliseconds, which others should not wait for
    return await asyncio.to_thread(lambda: {row.Decision.id: _verified(row, known) for row in rows})


async def of_submission(session: AsyncSession, caller: Caller, submission_uid: UUID) -> list[Verification]:
    """All decisions on a submission judged again, the oldest first. NoSuchDecision."""
    decision = models.Decision
    ids = (
        await session.scalars(
            select(decision.id)
            .join(models.Submission, models.Submission.id == decision.submission_id)
            .where(models.Submission.uid == submission_uid)
            .order_by(decision.attempt, decision.id)
        )
    ).all()
    found = await verifications(session, caller, ids)
    if not found:
        raise NoSuchDecision("There is no such submission, nothing was decided on it, or you may not see why.")
    return [found[id_] for id_ in ids]


async def count(session: AsyncSession) -> int:
    """How many decisions there are now."""
    return await session.scalar(select(func.count()).select_from(models.Decision)) or 0


async def every(db: Database, caller: Caller, *, at_once: int = AT_ONCE) -> AsyncIterator[list[Verification]]:
    """All decisions that there are when they are come to, in batches, the oldest first."""
    packs, last = Packs(), 0
    while True:
        async with db.session() as session:
            ids = (
                await session.scalars(
                    select(models.Decision.id)
                    .where(models.Decision.id > last)
                    .order_by(models.Decision.id)
                    .limit(at_once)
                )
            ).all()
            if not ids:
                return
            found = await verifications(session, caller, ids, packs=packs)
        last = ids[-1]
        yield [found[id_] for id_ in ids if id_ in found]


def _verified(row: Row[Any], packs: Packs) -> Verification:
    decision: models.Decision = row.Decision
    pack = packs.of(decision.pack_version_id)
    if not row.snapshot:
        return _cannot(row, Hindrance.ERASED)
    if pack is None:
        return _cannot(row, Hindrance.UNREADABLE_PACK)
    try:
        facts = gathering.recalled(row.Revision, orjson.dumps(row.snapshot))
    except ValidationError:
        return _cannot(row, Hindrance.UNREADABLE_FACTS)
    return _compared(row, evaluate(pack, facts, at=decision.decided_at, quota_used=decision.quota_used))


def _cannot(row: Row[Any], because: Hindrance) -> Verification:
    decision: models.Decision = row.Decision
    return Verification(
        decision=decision.uid,
        submission=row.submission,
        channel=row.channel,
        agreement=Agreement.CANNOT,
        outcome_then=decision.outcome,
        engine_then=decision.engine_version,
        engine_now=str(ENGINE_VERSION),
        because=because,
    )


def _compared(row: Row[Any], evaluation: Evaluation) -> Verification:
    decision: models.Decision = row.Decision
    now = models.Outcome(evaluation.outcome.value)
    only_then, only_now = _apart(decision.findings, orjson.loads(orjson.dumps(evaluation.findings)))
    is_same = now is decision.outcome and not only_then and not only_now
    return Verification(
        decision=decision.uid,
        submission=row.submission,
        channel=row.channel,
        agreement=Agreement.SAME if is_same else Agreement.DIFFERENT,
        outcome_then=decision.outcome,
        outcome_now=now,
        engine_then=decision.engine_version,
        engine_now=str(ENGINE_VERSION),
        only_then=only_then,
        only_now=only_now,
    )


def _apart(
    then: list[dict[str, Any]], now: list[dict[str, Any]]
) -> tuple[tuple[dict[str, Any], ...], tuple[dict[str, Any], ...]]:
    """The findings that only one side has; one that a side has twice is looked for twice."""
    return _beyond(then, now), _beyond(now, then)


def _beyond(some: list[dict[str, Any]], others: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    left = Counter(_judgement(one) for one in others)
    beyond = []
    for one in some:
        if left[_judgement(one)]:
            left[_judgement(one)] -= 1
        else:
            beyond.append(one)
    return tuple(beyond)


def _judgement(found: dict[str, Any]) -> bytes:
    """What a finding says apart from its wording: the same judgement may be told in better words."""
    return orjson.dumps({part: found[part] for part in found.keys() - WORDED}, option=orjson.OPT_SORT_KEYS)
