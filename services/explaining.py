"""Why did it come to this? A decision with all that it stood on, out of rows that nothing changes but an erasure.

Told years later it is the same to the last byte, whatever became of packs, products, tags and of this code: nothing in it is
worked out anew. Whether it would come out the same again is asked of services/verifying.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.errors import NotFound
from core.reads import any_of
from services import access, stamps

FORM = 1
"""The version of the canonical form: a key that is added or changes its meaning makes another."""


class NoSuchDecision(NotFound):
    """There is no such submission, nothing was decided on it at that attempt, or it is another's business."""

    code = "NO_SUCH_DECISION"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A decision in few words."""

    decision: UUID
    attempt: int
    decided_at: datetime
    outcome: models.Outcome
    engine_version: str
    pack_digest: str


@dataclass(frozen=True, slots=True)
class PinnedRevision:
    """The version of the content that was decided on; its stamp also tells which saving of it."""

    number: int
    edition: int

    @property
    def stamp(self) -> str:
        return stamps.of(self)


@dataclass(frozen=True, slots=True)
class PinnedPack:
    """The rules that were gone by: the channel's key, and the digest that names their version for ever."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class PinnedFacts:
    """What was known of creator, products, files and tags, named by its digest; None once it was erased."""

    digest: str
    snapshot: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with everything pinned to it. `earlier` are those on the same submission before it, the oldest first.

    `decision_id` is the key of its row, and no part of what is told.
    """

    decision_id: int
    submission: UUID
    content: UUID
    this: Attempt
    revision: PinnedRevision
    pack: PinnedPack
    facts: PinnedFacts
    quota_used: dict[str, int]
    findings: list[dict[str, Any]]
    earlier: tuple[Attempt, ...]

    def to_json(self) -> bytes:
        """The canonical form: equal decisions, equal bytes, also after another one was made."""
        told = {
            "form": FORM,
            "submission": str(self.submission),
            "content": str(self.content),
            **_told(self.this),
            "pack": {"key": self.pack.key, "digest": self.pack.digest},
            "revision": {"number": self.revision.number, "stamp": self.revision.stamp},
            "facts": {"digest": self.facts.digest, "snapshot": self.facts.snapshot},
            "quota_used": self.quota_used,
            "findings": self.findings,
            "earlier": [_told(one) for one in self.earlier],
        }
        told.pop("pack_digest")
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _told(one: Attempt) -> dict[str, Any]:
    return {
        "decision": str(one.decision),
        "attempt": one.attempt,
        "decided_at": one.decided_at.astimezone(UTC),
        "outcome": one.outcome.value,
        "engine_version": one.engine_version,
        "pack_digest": one.pack_digest,
    }


async def explain(
    session: AsyncSession, caller: Caller, submission_uid: UUID, *, attempt: int | None = None
) -> Explanation:
    """The newest decision on a submission, or the last one of this attempt. NoSuchDecision."""
    decision = models.Decision
    statement = (
        select(decision.id)
        .join(models.Submission, models.Submission.id == decision.submission_id)
        .where(models.Submission.uid == submission_uid)
        .order_by(decision.attempt.desc(), decision.id.desc())
        .limit(1)
    )
    if attempt is not None:
        statement = statement.where(decision.attempt == attempt)
    decision_id = await session.scalar(statement)
    found = await explanations(session, caller, [] if decision_id is None else [decision_id])
    if decision_id not in found:
        raise NoSuchDecision("There is no such submission, nothing was decided on it, or you may not see why.")
    return found[decision_id]


async def explanations(session: AsyncSession, caller: Caller, decision_ids: Sequence[int]) -> dict[int, Explanation]:
    """Explanations by id of the decision, in two statements. What the caller may not look into is absent."""
    if not decision_ids:
        return {}
    rows = (await session.execute(_pinned(caller, decision_ids))).all()
    history = await _history(session, {row.Decision.submission_id for row in rows})
    return {row.Decision.id: _explained(row, history[row.Decision.submission_id]) for row in rows}


def _pinned(caller: Caller, decision_ids: Sequence[int]) -> Select[Any]:
    """Decisions with what they stand on, but for the words of the revision."""
    decision, revision = models.Decision, models.Revision
    return (
        select(
            decision,
            models.Submission.uid.label("submission"),
            models.Content.uid.label("content"),
            revision.number.label("number"),
            revision.edition.label("edition"),
            models.Channel.key.label("channel"),
            models.PackVersion.digest.label("pack_digest"),
            models.FactSnapshot.body.label("snapshot"),
        )
        .join(models.Submission, models.Submission.id == decision.submission_id)
        .join(models.Content, models.Content.id == models.Submission.content_id)
        .join(models.Channel, models.Channel.id == models.Submission.channel_id)
        .join(revision, revision.id == decision.revision_id)
        .join(models.PackVersion, models.PackVersion.id == decision.pack_version_id)
        .join(models.FactSnapshot, models.FactSnapshot.digest == decision.snapshot_digest)
        .where(decision.id == any_of(decision_ids), access.explained(caller))
    )


async def _history(session: AsyncSession, submission_ids: set[int]) -> dict[int, list[tuple[int, Attempt]]]:
    """The decisions on these submissions in few words, each with its id, in the order in which they were made."""
    decision = models.Decision
    history: dict[int, list[tuple[int, Attempt]]] = defaultdict(list)
    rows = await session.execute(
        select(
            decision.submission_id,
            decision.id,
            decision.uid,
            decision.attempt,
            decision.decided_at,
            decision.outcome,
            decision.engine_version,
            models.PackVersion.digest,
        )
        .join(models.PackVersion, models.PackVersion.id == decision.pack_version_id)
        .where(decision.submission_id == any_of(submission_ids))
        .order_by(decision.submission_id, decision.attempt, decision.id)
    )
    for row in rows:
        history[row.submission_id].append((row.id, Attempt(*row[2:])))
    return history


def _explained(row: Row[Any], history: list[tuple[int, Attempt]]) -> Explanation:
    decision: models.Decision = row.Decision
    place = next(place for place, (decision_id, _) in enumerate(history) if decision_id == decision.id)
    return Explanation(
        decision_id=decision.id,
        submission=row.submission,
        content=row.content,
        this=history[place][1],
        revision=PinnedRevision(row.number, row.edition),
        pack=PinnedPack(row.channel, row.pack_digest),
        facts=PinnedFacts(decision.snapshot_digest.hex(), row.snapshot or None),
        quota_used=decision.quota_used,
        findings=decision.findings,
        earlier=tuple(attempt for _, attempt in history[:place]),
    )
