"""Submissions: one content at one channel, from the engine's word to the state it puts them in, with decisions pinned."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

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
from services.submission_rows import SubmissionRow

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


async def of_contents(session: AsyncSession, ids: Sequence[int]) -> dict[int, dict[int, SubmissionRow]]:
    """The submissions of these contents, by content and channel."""
    found: dict[int, dict[int, SubmissionRow]] = defaultdict(dict)
    for row in await session.execute(select(*_COLUMNS).where(models.Submission.content_id == any_of(ids))):
        submission = SubmissionRow(*row)
        found[submission.content_id][submission.channel_id] = submission
    return found


def needs_judging(submission: SubmissionRow | None, revision_id: int) -> bool:
    """A decision stands for its revision: only news of the content, or a wish to submit anew, opens it again."""
    if submission is None or submission.revision_id != revision_id:
        return True
    return submission.state is SubmissionState.MACHINE_AUDIT or is_hidden(submission)


def is_hidden(submission: SubmissionRow) -> bool:
    """Whether it was withdrawn because its content is not public, and comes back with it."""
    return submission.state is SubmissionState.WITHDRAWN and submission.reason == HIDDEN


class Steps:
    """The rows that a commit adds and changes, written in a few statements however many there are."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.moves = submission_states.Moves(now)
        self.decisions: list[_Decided] = []
        self.told: list[SubmissionRow] = []
        self.paid: list[SubmissionRow] = []
        self._snapshots: dict[int, tuple[Gathered, bytes, bytes]] = {}
        self._stood: set[SubmissionRow] = set()
        self._ids: Iterator[int] = iter(())
        self._decision_ids: Iterator[int] = iter(())

    async def expect(self, session: AsyncSession, *, new: int, decided: int) -> None:
        """Take the ids of so many new submissions and decisions, since each names the other."""
        ids = (await session.execute(_IDS, {"new": new, "decided": decided})).one()
        self._ids, self._decision_ids = map(iter, ids)

    def hide(self, submissions: Iterable[SubmissionRow]) -> None:
        for submission in submissions:
            if submission.state in STANDING:
                self.move(submission, SubmissionState.WITHDRAWN, HIDDEN)
                self.told.append(submission)

    def move(
        self, submission: SubmissionRow, state: SubmissionState, reason: str | None, audit: Audit | None = None
    ) -> None:
        self.moves.take(submission, state, reason=reason, audit=audit)

    def submit(self, submission: SubmissionRow | None, gathered: Gathered, judged: Judged) -> SubmissionRow:
        """The submission of this revision: a new one, or the one there is with another attempt."""
        if submission is None:
            submission = self._new(gathered, judged)
        elif submission.state in ACTIVE:
            self._stood.add(submission)
        submission.revision_id = gathered.revision.id
        submission.pack_version_id = judged.entry.pack_version_id
        if submission.state is not SubmissionState.MACHINE_AUDIT:
            self.move(submission, SubmissionState.MACHINE_AUDIT, None, judged.entry.compiled.pack.audit)
        return submission

    def _new(self, gathered: Gathered, judged: Judged) -> SubmissionRow:
        return SubmissionRow(
            id=next(self._ids),
            content_id=gathered.content.id,
            channel_id=judged.entry.channel_id,
            state=None,  # type: ignore[arg-type]  # none until its first step, which is taken at once
            attempt=1,
            revision_id=gathered.revision.id,
            pack_version_id=judged.entry.pack_version_id,
            decision_id=None,
            state_since=self.now,
            is_new=True,
        )

    def deliver(self, submissions: Iterable[SubmissionRow], revision_id: int, pinned: Mapping[int, Pack]) -> None:
        """Hand over what people let pass: as it is, without judging it anew."""
        for submission in submissions:
            if submission.state is SubmissionState.ACCEPTED and submission.revision_id == revision_id:
                audit = pinned[submission.pack_version_id].audit
                self.move(submission, SubmissionState.DELIVERED, None, audit)
                self.told.append(submission)

    def decide(
        self,
        submission: SubmissionRow,
        gathered: Gathered,
        entry: Installed,
        evaluation: Evaluation,
    ) -> None:
        kept_out = evaluation.outcome is Outcome.NOT_FOR_THIS and submission in self._stood
        if kept_out:
            self.move(submission, SubmissionState.WITHDRAWN, NOT_TAKEN)
        else:
            self.move(submission, _STATES[evaluation.next_state], None, entry.compiled.pack.audit)
            submission.audit_rank = entry.compiled.pack.audit.rank(gathered.content.format.value)
        submission.decision_id = next(self._decision_ids)
        self.told.append(submission)
        self.decisions.append(_Decided(submission, submission.decision_id, self._digest(gathered), evaluation))

    def _digest(self, gathered: Gathered) -> bytes:
        """The digest of its snapshot, made once: most channels see the very same facts."""
        known = self._snapshots.get(id(gathered))
        if known is None:
            snapshot = gathered.snapshot
            # kept beside it, so that nothing else gets its id meanwhile
            known = self._snapshots[id(gathered)] = gathered, hashlib.sha256(snapshot).digest(), snapshot
        return known[1]

    async def write(self, session: AsyncSession) -> None:
        """What is new in one statement, since submissions and decisions name each other; what was there in another."""
        if not self.moves.taken:
            return
        moved = {step.submission: None for step in self.moves.taken}
        rows = [one for one in moved if isinstance(one, SubmissionRow)]
        new = [one for one in rows if one.is_new]
        values = [*_of_new(new), *_of_decisions(self.decisions), *_of_snapshots(self._snapshots.values())]
        paid = _arrays(
            paid=([one.id for one in self.paid], BigInteger),
            paid_attempts=([one.attempt for one in self.paid], BigInteger),
        )
        await session.execute(_ADD.bindparams(*values, *paid, *self.moves.columns(), engine=str(ENGINE_VERSION)))
        if len(new) < len(rows):
            changed = sorted((one for one in rows if not one.is_new), key=lambda one: one.id)
            await session.execute(_CHANGE.bindparams(*_of_changed(changed)))


async def tell(
    session: AsyncSession,
    moved: Sequence[models.Submission | SubmissionRow],
    creators: Mapping[int, int],
    *,
    at: datetime,
) -> None:
    """Tell those who follow the submissions of a creator what became of these. `creators` are those of the contents, by id."""
    happened = [
        streams.Happened(
            streams.Subject(StreamKind.SUBMISSIONS, creators[one.content_id]),
            STATE,
            {"submission": one.id, "state": one.state, "attempt": one.attempt},
        )
        for one in moved
    ]
    await streams.append(session, happened, at=at)


class _Decided(NamedTuple):
    """A decision before it has a row."""

    submission: SubmissionRow
    id: int
    digest: bytes
    evaluation: Evaluation


def _of_new(rows: Sequence[SubmissionRow]) -> list[Any]:
    return _arrays(
        new_ids=([one.id for one in rows], BigInteger),
        new_uids=([new_uid() for _ in rows], Uuid),
        new_contents=([one.content_id for one in rows], BigInteger),
        new_channels=([one.channel_id for one in rows], BigInteger),
        new_states=([one.state for one in rows], Text),
        new_revisions=([one.revision_id for one in rows], BigInteger),
        new_packs=([one.pack_version_id for one in rows], BigInteger),
        new_decisions=([one.decision_id for one in rows], BigInteger),
        new_deadlines=([one.deadline_at for one in rows], DateTime(timezone=True)),
        new_ranks=([one.audit_rank for one in rows], BigInteger),
    )


def _of_decisions(decided: Sequence[_Decided]) -> list[Any]:
    return _arrays(
        decision_ids=([one.id for one in decided], BigInteger),
        uids=([new_uid() for _ in decided], Uuid),
        submissions=([one.submission.id for one in decided], BigInteger),
        decided_attempts=([one.submission.attempt for one in decided], BigInteger),
        revisions=([one.submission.revision_id for one in decided], BigInteger),
        packs=([one.submission.pack_version_id for one in decided], BigInteger),
        digests=([one.digest for one in decided], LargeBinary),
        outcomes=([one.evaluation.outcome for one in decided], Text),
        findings=([_findings(one.evaluation) for one in decided], Text),
        quotas=([_quota_used(one.evaluation) for one in decided], Text),
        moments=([one.evaluation.at for one in decided], DateTime(timezone=True)),
    )


def _findings(evaluation: Evaluation) -> str | None:
    """As JSON; None where there are none."""
    return orjson.dumps(evaluation.findings).decode() if evaluation.findings else None


def _quota_used(evaluation: Evaluation) -> str | None:
    """As JSON, by name of the limit; None where nothing is limited."""
    if not evaluation.quota:
        return None
    return orjson.dumps({limit.name: limit.used for limit in evaluation.quota}).decode()


def _of_snapshots(snapshots: Iterable[tuple[Gathered, bytes, bytes]]) -> list[Any]:
    bodies = {digest: body.decode() for _, digest, body in snapshots}
    digests = sorted(bodies)
    return _arrays(snapshot_digests=(digests, LargeBinary), snapshots=([bodies[digest] for digest in digests], Text))


def _of_changed(rows: Sequence[SubmissionRow]) -> list[Any]:
    return _arrays(
        ids=([one.id for one in rows], BigInteger),
        states=([one.state for one in rows], Text),
        attempts=([one.attempt for one in rows], BigInteger),
        revisions=([one.revision_id for one in rows], BigInteger),
        packs=([one.pack_version_id for one in rows], BigInteger),
        decisions=([one.decision_id for one in rows], BigInteger),
        moments=([one.state_since for one in rows], DateTime(timezone=True)),
        deadlines=([one.deadline_at for one in rows], DateTime(timezone=True)),
        reasons=([one.reason for one in rows], Text),
        refusals=([one.refusal for one in rows], Text),
        codes=([" ".join(one.reason_codes) for one in rows], Text),
        ranks=([one.audit_rank for one in rows], BigInteger),
    )


def _arrays(**columns: tuple[list[Any], Any]) -> list[Any]:
    return [bindparam(name, given, type_=ARRAY(type_)) for name, (given, type_) in columns.items()]


_ROW = models.Submission
_COLUMNS = (
    _ROW.id,
    _ROW.content_id,
    _ROW.channel_id,
    _ROW.state,
    _ROW.attempt,
    _ROW.revision_id,
    _ROW.pack_version_id,
    _ROW.decision_id,
    _ROW.state_since,
    _ROW.deadline_at,
    _ROW.reason,
    _ROW.refusal,
    _ROW.reason_codes,
    _ROW.flags,
    _ROW.audit_rank,
    _ROW.auditor_id,
    _ROW.claimed_until,
    _ROW.escalated_at,
    _ROW.escalation,
)
_IDS = text(
    "SELECT ARRAY(SELECT nextval(pg_get_serial_sequence('submissions', 'id')) FROM generate_series(1, :new)),"
    " ARRAY(SELECT nextval(pg_get_serial_sequence('decisions', 'id')) FROM generate_series(1, :decided))"
)
# Foreign keys are looked at when the statement is over: so a submission and its decision may name each other in it.
_ADD = text(
    f"""
    WITH snapshots AS (
        INSERT INTO fact_snapshots (digest, body)
        SELECT digest, body::jsonb FROM unnest(:snapshot_digests, :snapshots) AS given(digest, body)
        ON CONFLICT DO NOTHING
    ), new AS (
        INSERT INTO submissions (id, uid, content_id, channel_id, state, revision_id, pack_version_id, decision_id,
                                 state_since, deadline_at, audit_rank)
        SELECT id, uid, content_id, channel_id, state, revision_id, pack_version_id, decision_id, :at, deadline_at, rank
        FROM unnest(:new_ids, :new_uids, :new_contents, :new_channels, :new_states, :new_revisions, :new_packs,
                    :new_decisions, :new_deadlines, :new_ranks)
            AS given(id, uid, content_id, channel_id, state, revision_id, pack_version_id, decision_id, deadline_at,
                     rank)
    ), decided AS (
        INSERT INTO decisions (id, uid, submission_id, attempt, revision_id, pack_version_id, snapshot_digest, outcome,
                               findings, quota_used, engine_version, decided_at)
        SELECT id, uid, submission_id, attempt, revision_id, pack_version_id, digest, outcome,
               coalesce(findings::jsonb, '[]'), coalesce(quota_used::jsonb, '{{}}'), :engine, decided_at
        FROM unnest(:decision_ids, :uids, :submissions, :decided_attempts, :revisions, :packs, :digests, :outcomes,
                    :findings, :quotas, :moments)
            AS given(id, uid, submission_id, attempt, revision_id, pack_version_id, digest, outcome, findings,
                     quota_used, decided_at)
    ), paid AS (
        INSERT INTO quota_uses (submission_id, attempt, taken_at)
        SELECT submission_id, attempt, :at FROM unnest(:paid, :paid_attempts) AS given(submission_id, attempt)
    )
    {submission_states.EVENTS}
    """  # noqa: S608  (what is put in is a text of ours)
)
# Nobody has before them what is moved.
_CHANGE = text(
    """
    UPDATE submissions SET
        state = given.state, attempt = given.attempt, revision_id = given.revision_id,
        pack_version_id = given.pack_version_id, decision_id = given.decision_id, state_since = given.state_since,
        deadline_at = given.deadline_at, reason = given.reason, refusal = given.refusal,
        reason_codes = string_to_array(given.codes, ' '), audit_rank = given.rank, auditor_id = NULL,
        claimed_until = NULL, escalated_at = NULL, escalation = NULL
    FROM unnest(:ids, :states, :attempts, :revisions, :packs, :decisions, :moments, :deadlines, :reasons, :refusals,
                :codes, :ranks)
        AS given(id, state, attempt, revision_id, pack_version_id, decision_id, state_since, deadline_at, reason, refusal,
                 codes, rank)
    WHERE submissions.id = given.id
    """
)
