"""The order of the top candidates: text score times a bounded boost for freshness, with every part to show; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from search.backend import Candidate
from search.documents import published_second
from search.query import Kind

FRESHNESS_SHARE = 0.1
"""What a content of this minute gains over an old one: a tenth of its text score. A house default."""

FRESHNESS_HALF_LIFE_DAYS = 30.0
"""After this long half of the gain is gone. A house default."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its final score; `parts` multiply to it: `text` and `freshness`."""

    candidate: Candidate
    score: float
    parts: dict[str, float]


def rerank(candidates: Sequence[Candidate], *, now: datetime) -> list[Ranked]:
    """Best first; equal scores by recency, so that the order is the same whatever the engine's."""
    ranked = [_score(candidate, now) for candidate in candidates]
    return sorted(ranked, key=lambda one: (-one.score, -one.candidate.recency))


def _score(candidate: Candidate, now: datetime) -> Ranked:
    parts = {"text": candidate.score, "freshness": freshness(candidate, now)}
    return Ranked(candidate, parts["text"] * parts["freshness"], parts)


def freshness(candidate: Candidate, now: datetime) -> float:
    """1 to 1.1. Products do not age; what is dated ahead of us counts as of this moment."""
    if candidate.kind is not Kind.CONTENT:
        return 1.0
    age_days = max(0.0, now.timestamp() - published_second(candidate.recency)) / 86_400
    return 1.0 + FRESHNESS_SHARE * math.exp2(-age_days / FRESHNESS_HALF_LIFE_DAYS)
