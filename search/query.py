"""What is asked of search and what it answers: query, filters, order, position, hit, page; and the check of a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.errors import Invalid, Problem

RELEVANCE_WINDOW = 1_000
"""How far one can page by relevance. Deeper is refused: narrow the query, or order by newest, which has no end."""

FILTER_VALUE_LIMIT = 100
"""The most values that one filter may name."""

FACET_VALUE_LIMIT = 200
"""The most values of one facet that are counted and answered, the most frequent first."""


class Kind(StrEnum):
    """What a document stands for."""

    CONTENT = "CONTENT"
    PRODUCT = "PRODUCT"


class Order(StrEnum):
    """RELEVANCE: best match first, to a stated depth. NEWEST: latest published first, without end."""

    RELEVANCE = "RELEVANCE"
    NEWEST = "NEWEST"


class Facet(StrEnum):
    """What matches can be counted by. The value is the name of the field in the index."""

    KIND = "kind"
    FORMAT = "format"
    LANGUAGE = "language"
    TAG = "tag_ids"
    CREATOR = "creator_id"


class Matching(StrEnum):
    """How much of the text a hit had to share, chosen by the text alone so that filters only ever narrow.

    ALL: there was no text. CLOSE: most of its words or letters. ANY: hardly anything was close, so what shares any
    of them is shown.
    """

    ALL = "ALL"
    CLOSE = "CLOSE"
    ANY = "ANY"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a hit must be. Values within one field are alternatives, fields add up; empty means no condition.

    Amounts are minor units and need a currency: prices in different currencies do not compare. Lower bounds are
    inclusive; `price_to` is inclusive, `published_before` is not.
    """

    kinds: tuple[Kind, ...] = ()
    formats: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    any_tags: tuple[int, ...] = ()
    all_tags: tuple[int, ...] = ()
    creator_ids: tuple[int, ...] = ()
    channel_ids: tuple[int, ...] = ()
    currency: str | None = None
    price_from: int | None = None
    price_to: int | None = None
    published_from: datetime | None = None
    published_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in one query's order: how many hits lie before it (relevance), or the recency of the hit before it."""

    order: Order
    value: int


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """One question. Without text everything that passes the filters matches, newest first. `first` hits behind `after`; or,
    where `is_backward`, so many that stand right in front of `before`, in front of the end without it.
    """

    text: str = ""
    filters: Filters = field(default_factory=Filters)
    order: Order = Order.RELEVANCE
    first: int = 20
    after: Position | None = None
    before: Position | None = None
    is_backward: bool = False
    facets: tuple[Facet, ...] = ()

    @property
    def effective_order(self) -> Order:
        """Without text there is no relevance to order by."""
        return self.order if self.text.strip() else Order.NEWEST

    @property
    def scope(self) -> str:
        """What a cursor is bound to: everything that decides which hits there are and in which order."""
        return f"search {self.effective_order} {self.text.strip()!r} {self.filters!r}"


@dataclass(frozen=True, slots=True)
class Hit:
    """One match. `position` is what to ask `after` to go on behind it; `parts` says where the score comes from."""

    kind: Kind
    id: int
    version: int
    score: float
    position: Position
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Hits in order, how many match in all, facet counts, and where the next page starts (None: this was the last);
    `has_previous` says whether any hits stand in front of these.

    `empty_because` is a code where the question could not match anything: TEXT_WITHOUT_WORDS.
    """

    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[Facet, Mapping[str, int]]
    next: Position | None
    matching: Matching
    took_ms: float
    empty_because: str | None = None
    has_previous: bool = False


class SearchRefused(Invalid):
    """The question cannot be asked like this."""

    code = "SEARCH_REFUSED"


class PageTooDeep(SearchRefused):
    """Paging by relevance has gone past its window."""

    code = "PAGE_TOO_DEEP"


def check(query: SearchQuery, *, text_limit: int, page_limit: int) -> None:
    """Refuse what cannot be answered, naming everything wrong at once: SearchRefused, or PageTooDeep."""
    problems = [*_of_text(query, text_limit), *_of_paging(query, page_limit), *_of_filters(query.filters)]
    if problems:
        raise SearchRefused("; ".join(problem.message for problem in problems), problems=problems)
    depth = query.after.value if query.after and query.after.order is Order.RELEVANCE else 0
    if depth >= RELEVANCE_WINDOW:
        message = f"Paging by relevance ends after {RELEVANCE_WINDOW} hits; narrow the filter, or order by NEWEST."
        raise PageTooDeep(message, path=("after",))


def _of_text(query: SearchQuery, limit: int) -> Iterator[Problem]:
    if len(query.text) > limit:
        yield Problem("SEARCH_TEXT_TOO_LONG", f"The text has {len(query.text)} characters; {limit} fit.", ("text",))


def _of_paging(query: SearchQuery, limit: int) -> Iterator[Problem]:
    if not 1 <= query.first <= limit:
        yield Problem("PAGE_SIZE_OUT_OF_RANGE", f"Ask for 1 to {limit} hits, not {query.first}.", ("first",))
    for name in ("after", "before"):
        place = getattr(query, name)
        if place and (place.order is not query.effective_order or not 0 <= place.value < 2**63):
            yield Problem("CURSOR_OF_ANOTHER_QUERY", "The cursor belongs to another order of hits.", (name,))
    if len(set(query.facets)) < len(query.facets):
        yield Problem("FACET_NAMED_TWICE", "Name each facet once.", ("facets",))


def _of_filters(filters: Filters) -> Iterator[Problem]:
    for name in ("kinds", "formats", "languages", "any_tags", "all_tags", "creator_ids", "channel_ids"):
        count = len(getattr(filters, name))
        if count > FILTER_VALUE_LIMIT:
            message = f"The filter {name} names {count} values; {FILTER_VALUE_LIMIT} fit."
            yield Problem("TOO_MANY_FILTER_VALUES", message, ("filters", name))
        if any(isinstance(value, int) and not 0 <= value < 2**63 for value in getattr(filters, name)):
            yield Problem("UNKNOWN_FILTER_VALUE", f"The filter {name} names an impossible id.", ("filters", name))
    yield from _of_ranges(filters)


def _of_ranges(filters: Filters) -> Iterator[Problem]:
    bounds = [bound for bound in (filters.price_from, filters.price_to) if bound is not None]
    if bounds and filters.currency is None:
        yield Problem("PRICE_WITHOUT_CURRENCY", "Say the currency of the price range.", ("filters", "currency"))
    if any(not 0 <= bound < 2**63 for bound in bounds):
        yield Problem("PRICE_OUT_OF_RANGE", "A price is at least 0, in minor units.", ("filters", "price_from"))
    for name in ("published_from", "published_before"):
        instant = getattr(filters, name)
        if instant is not None and instant.tzinfo is None:
            yield Problem("INSTANT_WITHOUT_ZONE", f"{name} needs a time zone.", ("filters", name))
