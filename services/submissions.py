"""Submissions: one content at one channel, from the engine's word to the state it puts them in, with decisions pinned."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, DateTime, LargeBinary, Text, Uuid, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.ids import new_uid
from core.reads import any_of
from models import StreamKind, SubmissionState
from services import streams, submission_states
from services.channels.engine import ENGINE_VERSION
from services.channels.findings import Evaluation, NextState, Outcome
from services.channels.installing import Installed
from services.channels.packs import Audit, Pack
from services.gathering import Gathered

ACTIVE = (
    SubmissionState.HUMAN_AUDIT,
    SubmissionState.TRIAL,
    SubmissionState.ACCEPTED,
    SubmissionState.DELIVERED,
    SubmissionState.CONFIRMED,
)
STANDING = (SubmissionState.MACHINE_AUDIT, *ACTIVE)
"""Not over: it is looked at again with every news of the content."""
# from these a submission may be tried anew
ENDED = (SubmissionState.REJECTED, SubmissionState.WITHDRAWN, SubmissionState.EXPIRED, SubmissionState.FAILED)
SHOWN = models.DELIVERED
HIDDEN = "the content is not public"
STATE = "STATE"
NOT_TAKEN = "the channel does not take it any more"
# A trial and human audit wait for people; a submission that passed everything is delivered by being appended.
_STATES = {
    NextState.ACCEPTED: SubmissionState.DELIVERED,
    NextState.HUMAN_AUDIT: SubmissionState.HUMAN_AUDIT,
    NextState.TRIAL: SubmissionState.TRIAL,
    NextState.REJECTED: SubmissionState.REJECTED,
}


@dataclass(slots=True)
class Judged:
    """What the engine said of a content at one entry."""

    entry: Installed
    evaluation: Evaluation


async def of_contents(session: AsyncSession, ids: Sequence[int]) -> dict[int, dict[int, models.Submission]]:
    found: dict[int, dict[int, models.Submission]] = defaultdict(dict)
    rows = await session.scalars(
        select(models.Submission)
        .where(models.Submission.content_id == any_of(ids))
        .execution_options(populate_existing=True)
    )
    for submission in rows:
        found[submission.content_id][submission.channel_id] = submission
    return found


def needs_judging(submission: models.Submission | None, revision_id: int) -> bool:
    """A decision stands for its revision: only news of the content, or a wish to submit anew, opens it again."""
    if submission is None or submission.revision_id != revision_id:
        return True
    return submission.state is SubmissionState.MACHINE_AUDIT or (
        submission.state is SubmissionState.WITHDRAWN and submission.reason == HIDDEN
    )


class Steps:
    """The rows that a commit adds, written in a few statements however many there are."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.moves = submission_states.Moves(now)
        self.decisions: list[_Decided] = []
        self.told: list[models.Submission] = []
        self.snapshots: dict[bytes, bytes] = {}
        self._stood: set[models.Submission] = set()

    def hide(self, submissions: Iterable[models.Submission]) -> None:
        for submission in submissions:
            if submission.state in STANDING:
                self.move(submission, SubmissionState.WITHDRAWN, HIDDEN)
                self.told.append(submission)

    def move(
        self, submission: models.Submission, state: SubmissionState, reason: str | None, audit: Audit | None = None
    ) -> None:
        self.moves.take(submission, state, reason=reason, audit=audit)

    def submit(self, submission: models.Submission | None, gathered: Gathered, judged: Judged) -> models.Submission:
        """The submission of this revision: a new one, or the one there is with another attempt."""
        if submission is None:
            submission = models.Submission(content_id=gathered.content.id, channel_id=judged.entry.channel_id)
        if submission.state in ACTIVE:
            self._stood.add(submission)
        submission.revision_id = gathered.revision.id
        submission.pack_version_id = judged.entry.pack_version_id
        if submission.state is not SubmissionState.MACHINE_AUDIT:
            self.move(submission, SubmissionState.MACHINE_AUDIT, None, judged.entry.compiled.pack.audit)
        return submission

    def deliver(self, submissions: Iterable[models.Submission], revision_id: int, pinned: Mapping[int, Pack]) -> None:
        """Hand over what people let pass: as it is, without judging it anew."""
        for submission in submissions:
            if submission.state is SubmissionState.ACCEPTED and submission.revision_id == revision_id:
                audit = pinned[submission.pack_version_id].audit
                self.move(submission, SubmissionState.DELIVERED, None, audit)
                self.told.append(submission)

    def decide(
        self,
        submission: models.Submission,
        gathered: Gathered,
        entry: Installed,
        evaluation: Evaluation,
    ) -> None:
        snapshot = gathered.snapshot
        digest = hashlib.sha256(snapshot).digest()
        self.snapshots[digest] = snapshot
        kept_out = evaluation.outcome is Outcome.NOT_FOR_THIS and submission in self._stood
        if kept_out:
            self.move(submission, SubmissionState.WITHDRAWN, NOT_TAKEN)
        else:
            self.move(submission, _STATES[evaluation.next_state], None, entry.compiled.pack.audit)
            submission.audit_rank = entry.compiled.pack.audit.rank(gathered.content.format.value)
        self.told.append(submission)
        self.decisions.append(
            _Decided(
                submission,
                digest,
                evaluation.outcome.value,
                orjson.dumps(evaluation.findings).decode(),
                orjson.dumps({limit.name: limit.used for limit in evaluation.quota}).decode(),
                evaluation.at,
            )
        )

    async def write(self, session: AsyncSession) -> None:
        """Submissions by the unit of work, everything else in three statements."""
        await self.moves.write(session)
        if not self.decisions:
            return
        digests = sorted(self.snapshots)
        await session.execute(
            _SNAPSHOTS.bindparams(
                bindparam("digests", digests, type_=ARRAY(LargeBinary)),
                bindparam("bodies", [self.snapshots[digest].decode() for digest in digests], type_=ARRAY(Text)),
            )
        )
        columns: dict[str, tuple[list[Any], Any]] = {
            "uids": ([new_uid() for _ in self.decisions], Uuid),
            "submissions": ([one.submission.id for one in self.decisions], BigInteger),
            "attempts": ([one.submission.attempt for one in self.decisions], BigInteger),
            "revisions": ([one.submission.revision_id for one in self.decisions], BigInteger),
            "packs": ([one.submission.pack_version_id for one in self.decisions], BigInteger),
            "digests": ([one.digest for one in self.decisions], LargeBinary),
            "outcomes": ([one.outcome for one in self.decisions], Text),
            "findings": ([one.findings for one in self.decisions], Text),
            "quotas": ([one.quota_used for one in self.decisions], Text),
            "moments": ([one.decided_at for one in self.decisions], DateTime(timezone=True)),
        }
        values: list[Any] = [bindparam(name, given, type_=ARRAY(type_)) for name, (given, type_) in columns.items()]
        await session.execute(_DECISIONS.bindparams(*values, engine=str(ENGINE_VERSION)))


async def tell(
    session: AsyncSession, moved: Sequence[models.Submission], creators: Mapping[int, int], *, at: datetime
) -> None:
    """Tell those who follow the submissions of a creator what became of these. `creators` are those of the contents, by id."""
    happened = [
        streams.Happened(
            streams.Subject(StreamKind.SUBMISSIONS, creators[one.content_id]),
            STATE,
            {"submission": one.id, "state": one.state.value, "attempt": one.attempt},
        )
        for one in moved
    ]
    await streams.append(session, happened, at=at)


@dataclass(frozen=True, slots=True)
class _Decided:
    """A decision before it has a row; findings and quota as JSON texts."""

    submission: models.Submission
    digest: bytes
    outcome: str
    findings: str
    quota_used: str
    decided_at: datetime


_SNAPSHOTS = text(
    "INSERT INTO fact_snapshots (digest, body)"
    " SELECT digest, body::jsonb FROM unnest(:digests, :bodies) AS given(digest, body) ON CONFLICT DO NOTHING"
)
_DECISIONS = text(
    """
    WITH given AS (
        SELECT * FROM unnest(:uids, :submissions, :attempts, :revisions, :packs, :digests, :outcomes, :findings,
                             :quotas, :moments)
            AS given(uid, submission_id, attempt, revision_id, pack_version_id, digest, outcome, findings, quota_used,
                     decided_at)
    ), made AS (
        INSERT INTO decisions (uid, submission_id, attempt, revision_id, pack_version_id, snapshot_digest, outcome,
                               findings, quota_used, engine_version, decided_at)
        SELECT uid, submission_id, attempt, revision_id, pack_version_id, digest, outcome, findings::jsonb,
               quota_used::jsonb, :engine, decided_at
        FROM given
        RETURNING id, submission_id
    )
    UPDATE submissions SET decision_id = made.id FROM made WHERE submissions.id = made.submission_id
    """
)
