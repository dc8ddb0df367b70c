"""From a question to a page of hits: analysed, asked of the engine, reranked in bands, cut, with positions to go on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from search import matching, ranking
from search.backend import Candidate, Candidates, Request, SearchBackend
from search.query import RELEVANCE_WINDOW, Hit, Matching, Order, Position, SearchPage, SearchQuery

BAND = 200
"""Candidates are reranked by the band, so that page after page shows each of them once."""


async def page(backend: SearchBackend, query: SearchQuery, *, now: datetime) -> SearchPage:
    """Answer a query that `query.check` has let pass. IndexAway and IndexNeedsRebuild come through.

    Hits are ids: the caller reads the rows through `access` and leaves out what may no longer be shown.
    """
    started = time.perf_counter()
    text = matching.text_query(query.text) if query.text.strip() else None
    if text is None and query.text.strip():
        return SearchPage((), 0, {facet: {} for facet in query.facets}, None, Matching.ALL, 0.0, "TEXT_WITHOUT_WORDS")
    if query.effective_order is Order.NEWEST:
        part = await (_newer(backend, query, text) if query.is_backward else _newest(backend, query, text))
    else:
        part = await _relevant(backend, query, text, now)
    took, candidates = (time.perf_counter() - started) * 1_000, part.candidates
    return SearchPage(
        part.hits,
        candidates.total,
        candidates.facets,
        part.next,
        candidates.matching,
        took,
        has_previous=part.has_previous,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """The hits of a page, what the engine said, and what stands behind and in front of them."""

    hits: tuple[Hit, ...]
    candidates: Candidates
    next: Position | None
    has_previous: bool


async def _newest(backend: SearchBackend, query: SearchQuery, text: matching.TextQuery | None) -> _Part:
    below = query.after.value if query.after else None
    candidates = await backend.search(
        Request(text, query.filters, Order.NEWEST, limit=query.first + 1, below=below, facets=query.facets)
    )
    hits = _by_recency(candidates.found[: query.first])
    following = hits[-1].position if len(candidates.found) > query.first else None
    if below is None:
        return _Part(hits, candidates, following, has_previous=False)
    above = hits[0].position.value if hits else below - 1
    others = await backend.search(Request(text, query.filters, Order.NEWEST, limit=1, above=above))
    return _Part(hits, candidates, following, has_previous=bool(others.found))


async def _newer(backend: SearchBackend, query: SearchQuery, text: matching.TextQuery | None) -> _Part:
    above = query.before.value if query.before else -1
    candidates = await backend.search(
        Request(text, query.filters, Order.NEWEST, limit=query.first + 1, above=above, facets=query.facets)
    )
    hits = _by_recency(candidates.found[: query.first][::-1])
    more = len(candidates.found) > query.first
    below = hits[-1].position.value if hits else above + 1
    others = await backend.search(Request(text, query.filters, Order.NEWEST, limit=1, below=below))
    return _Part(hits, candidates, Position(Order.NEWEST, below) if others.found else None, has_previous=more)


def _by_recency(found: Sequence[Candidate]) -> tuple[Hit, ...]:
    return tuple(
        Hit(one.kind, one.id, one.version, one.score, Position(Order.NEWEST, one.recency), {}) for one in found
    )


async def _relevant(
    backend: SearchBackend, query: SearchQuery, text: matching.TextQuery | None, now: datetime
) -> _Part:
    start, end = await _stretch(backend, query, text)
    band = start - start % BAND
    depth = max(-(-end // BAND) * BAND - band, 1)
    candidates = await backend.search(Request(text, query.filters, limit=depth, skip=band, facets=query.facets))
    ranked = _by_band(candidates, now)[start - band : end - band]
    hits = tuple(
        Hit(
            one.candidate.kind,
            one.candidate.id,
            one.candidate.version,
            one.score,
            Position(Order.RELEVANCE, start + number),
            one.parts,
        )
        for number, one in enumerate(ranked, 1)
    )
    reached = start + len(hits)
    goes_on = reached < candidates.total and (bool(hits) or query.is_backward)
    following = Position(Order.RELEVANCE, reached) if goes_on else None
    return _Part(hits, candidates, following, has_previous=start > 0 and candidates.total > 0)


async def _stretch(backend: SearchBackend, query: SearchQuery, text: matching.TextQuery | None) -> tuple[int, int]:
    """From which hit to which a page goes, counted from 0, the end not included."""
    if not query.is_backward:
        start = query.after.value if query.after else 0
        return start, min(start + query.first, RELEVANCE_WINDOW)
    if query.before:
        end = max(query.before.value - 1, 0)
    else:
        end = (await backend.search(Request(text, query.filters, limit=1))).total
    end = min(end, RELEVANCE_WINDOW)
    return max(0, end - query.first), end


def _by_band(candidates: Candidates, now: datetime) -> Sequence[ranking.Ranked]:
    found = candidates.found
    return [one for start in range(0, len(found), BAND) for one in ranking.rerank(found[start : start + BAND], now=now)]
