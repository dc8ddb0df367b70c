"""What an evaluation says: findings with their place, the quota that is left, and the outcome of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple

import orjson


class Words(NamedTuple):
    """One sentence in both languages."""

    en: str
    zh: str


Status = Literal["failed", "unknown", "manual"]


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a check has to say of one place in the content or the creator, before anyone knows which rule asked."""

    path: str
    actual: Any
    allowed: Any
    message: Words
    hint: Words | None = None
    status: Status = "failed"
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A flaw under the rule, gate or selector that found it.

    `place` is where that stands in the pack ("rules.3", "gates.all.2", "selector.formats", "quota.total"); `version`
    counts changes of the check's meaning; `path` leads to the field or item ("title", "covers.0", "creator.level");
    `actual` and `allowed` are JSON values, lengths in the unit named in `allowed`.
    """

    code: str
    version: int
    place: str
    severity: Literal["block", "warn", "score", "manual"]
    status: Status
    path: str
    actual: Any
    allowed: Any
    message_en: str
    message_zh: str
    hint_en: str | None
    hint_zh: str | None
    evidence: Mapping[str, Any]

    @property
    def stops(self) -> bool:
        """Whether the content cannot enter because of this."""
        return self.severity == "block"

    @property
    def rule_index(self) -> int | None:
        """Which of the pack's rules it was; None for gates, selector and quota."""
        area, _, index = self.place.partition(".")
        return int(index) if area == "rules" else None


def finding(
    flaw: Flaw,
    *,
    code: str,
    place: str,
    severity: Literal["block", "warn", "score", "manual"] = "block",
    version: int = 1,
    status: Status | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Finding:
    """The flaw, found here; `status` and `evidence` in place of its own where the place knows better."""
    hint = flaw.hint
    return Finding(
        code=code,
        version=version,
        place=place,
        severity=severity,
        status=status or flaw.status,
        path=flaw.path,
        actual=flaw.actual,
        allowed=flaw.allowed,
        message_en=flaw.message.en,
        message_zh=flaw.message.zh,
        hint_en=hint.en if hint else None,
        hint_zh=hint.zh if hint else None,
        evidence=flaw.evidence if evidence is None else evidence,
    )


class Outcome(StrEnum):
    """What would become of a content at a channel, if it were submitted now."""

    ELIGIBLE = "ELIGIBLE"
    FIXABLE = "FIXABLE"
    IMPOSSIBLE = "IMPOSSIBLE"
    NOT_FOR_THIS = "NOT_FOR_THIS"


class NextState(StrEnum):
    """Where a submission goes from MACHINE_AUDIT, which the engine is."""

    ACCEPTED = "ACCEPTED"
    HUMAN_AUDIT = "HUMAN_AUDIT"
    TRIAL = "TRIAL"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class QuotaLeft:
    """One limit of an entry: how many it allows in the period that began and ends at these instants (None: for ever)."""

    name: str
    allowed: int
    used: int
    starts_at: datetime | None
    ends_at: datetime | None

    @property
    def left(self) -> int:
        return max(0, self.allowed - self.used)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything the engine says of one content at one entry."""

    channel: str
    pack_digest: str
    engine_version: int
    at: datetime
    outcome: Outcome
    next_state: NextState
    score: int
    findings: tuple[Finding, ...]
    quota: tuple[QuotaLeft, ...]

    @property
    def quota_left(self) -> int | None:
        """How many more the tightest limit takes now; None when there is no limit."""
        return min((limit.left for limit in self.quota), default=None)

    def to_json(self) -> bytes:
        """The canonical form that a decision stores."""
        return orjson.dumps(self, option=orjson.OPT_SORT_KEYS)
