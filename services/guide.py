"""Search: candidates from the index, rows from PostgreSQL through access, so that a stale index shows nothing hidden."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.errors import Unavailable
from search import highlights, pages
from search import query as asked
from search.backend import SearchBackend
from search.query import Hit, Kind, SearchPage, SearchQuery
from services import contents, products


class SearchAway(Unavailable):
    """There is no search index to ask; nothing else depends on it."""

    code = "SEARCH_AWAY"


@dataclass(frozen=True, slots=True)
class Found:
    """A hit with its row, and where its title matches (spans of the title)."""

    hit: Hit
    row: models.Content | models.Product
    title_spans: tuple[highlights.Span, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """A page of search: what the caller may see of it, in order. `page` has total, facets and where to go on."""

    found: tuple[Found, ...]
    page: SearchPage


async def search(
    session: AsyncSession,
    caller: Caller,
    query: SearchQuery,
    *,
    index: SearchBackend | None,
    at: datetime,
    text_limit: int,
    page_limit: int,
) -> Results:
    """Ask the index, and read what it names. SearchRefused names everything wrong with the question."""
    asked.check(query, text_limit=text_limit, page_limit=page_limit)
    if index is None:
        raise SearchAway("Search is not there for now; try again shortly.")
    page = await pages.page(index, query, now=at)
    rows: dict[tuple[Kind, int], Any] = {}
    wanted = {kind: [hit.id for hit in page.hits if hit.kind is kind] for kind in Kind}
    for content in (await contents.by_ids(session, caller, wanted[Kind.CONTENT])).values():
        # an author sees their drafts elsewhere: search is about what is published
        if content.is_live:
            rows[Kind.CONTENT, content.id] = content
    for product in (await products.by_ids(session, caller, wanted[Kind.PRODUCT])).values():
        if product.is_on_shelf:
            rows[Kind.PRODUCT, product.id] = product
    words = highlights.sought(query.text)
    found = [
        Found(hit, rows[hit.kind, hit.id], highlights.highlight(_title(rows[hit.kind, hit.id]), words))
        for hit in page.hits
        if (hit.kind, hit.id) in rows
    ]
    return Results(tuple(found), page)


def _title(row: models.Content | models.Product) -> str:
    if isinstance(row, models.Content):
        return row.live_revision.title if row.live_revision else ""
    return row.title
