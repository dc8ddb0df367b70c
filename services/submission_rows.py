"""Submissions as plain rows: whoever moves thousands of them in one transaction does without the unit of work."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models import RefusalKind, SubmissionState


@dataclass(slots=True, eq=False)
class SubmissionRow:
    """A row of the table by the names of its columns. A new one has its id beforehand, and no state until its first step."""

    id: int
    content_id: int
    channel_id: int
    state: SubmissionState
    attempt: int
    revision_id: int
    pack_version_id: int
    decision_id: int | None
    state_since: datetime
    deadline_at: datetime | None = None
    reason: str | None = None
    refusal: RefusalKind | None = None
    reason_codes: list[str] = field(default_factory=list)
    flags: list[Any] = field(default_factory=list)
    audit_rank: int = 0
    auditor_id: int | None = None
    claimed_until: datetime | None = None
    escalated_at: datetime | None = None
    escalation: str | None = None
    is_new: bool = False
