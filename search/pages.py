"""From a question to a page of hits: analysed, asked of the engine, reranked in bands, cut, with positions to go on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from search import matching, ranking
from search.backend import Candidates, Request, SearchBackend
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
        hits, candidates, following = await _newest(backend, query, text)
    else:
        hits, candidates, following = await _relevant(backend, query, text, now)
    took = (time.perf_counter() - started) * 1_000
    return SearchPage(hits, candidates.total, candidates.facets, following, candidates.matching, took)


Part = tuple[tuple[Hit, ...], Candidates, Position | None]


async def _newest(backend: SearchBackend, query: SearchQuery, text: matching.TextQuery | None) -> Part:
    below = query.after.value if query.after else None
    candidates = await backend.search(
        Request(text, query.filters, Order.NEWEST, limit=query.first + 1, below=below, facets=query.facets)
    )
    hits = tuple(
        Hit(one.kind, one.id, one.version, one.score, Position(Order.NEWEST, one.recency), {})
        for one in candidates.found[: query.first]
    )
    return hits, candidates, hits[-1].position if len(candidates.found) > query.first else None


async def _relevant(backend: SearchBackend, query: SearchQuery, text: matching.TextQuery | None, now: datetime) -> Part:
    start = query.after.value if query.after else 0
    end = min(start + query.first, RELEVANCE_WINDOW)
    band = start - start % BAND
    depth = -(-end // BAND) * BAND - band
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
    return hits, candidates, hits[-1].position if hits and start + len(hits) < candidates.total else None


def _by_band(candidates: Candidates, now: datetime) -> Sequence[ranking.Ranked]:
    found = candidates.found
    return [one for start in range(0, len(found), BAND) for one in ranking.rerank(found[start : start + BAND], now=now)]
