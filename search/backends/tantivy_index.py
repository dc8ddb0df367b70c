"""One tantivy index as our documents and requests need it: schema, documents, queries, facet counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import tantivy

from search.backend import Candidate, Candidates, Entry, Request
from search.documents import LARGEST_ID, FieldValue, key, of_key, recency_from
from search.matching import Gate, TextQuery
from search.query import FACET_VALUE_LIMIT, Facet, Filters, Kind, Matching, Order

TEXT_FIELDS = tuple(f"{zone}_{reading}" for zone in ("title", "all") for reading in ("characters", "bigrams", "words"))
KEYWORD_FIELDS = ("kind", "format", "language", "currency")
NUMBER_FIELDS = ("key", "version", "recency", "creator_id", "tag_ids", "channel_ids", "price", "buried")

# Counts are exact while a segment has no more values of a facet than this.
_VALUES_PER_SEGMENT = 20_000

_LARGEST = 2**63 - 1


def schema() -> tantivy.Schema:
    """Tokens are given, so text is cut at spaces; frequencies for BM25, no positions, nothing stored."""
    builder = tantivy.SchemaBuilder()
    for name in TEXT_FIELDS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    for name in KEYWORD_FIELDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in NUMBER_FIELDS:
        builder.add_unsigned_field(name, indexed=True, fast=True)
    return builder.build()


SCHEMA = schema()


def to_tantivy(fields: Mapping[str, FieldValue]) -> tantivy.Document:
    made = tantivy.Document()
    for name, value in fields.items():
        if isinstance(value, str):
            made.add_text(name, value)
        else:
            for number in value if isinstance(value, list) else (value,):
                made.add_unsigned(name, number)
    return made


def versions(searcher: tantivy.Searcher, numbers: Sequence[int]) -> dict[int, int]:
    """The version that the index holds of each of these objects, tombstones too."""
    if not numbers:
        return {}
    found = [address for _, address in searcher.search(keys(numbers), len(numbers), count=False).hits]
    return dict(zip(_numbers(searcher, "key", found), _numbers(searcher, "version", found), strict=True))


def keys(numbers: Sequence[int]) -> tantivy.Query:
    """Whatever the index holds of these objects."""
    return tantivy.Query.term_set_query(SCHEMA, "key", list(numbers))


def _numbers(searcher: tantivy.Searcher, field: str, addresses: Sequence[tantivy.DocAddress]) -> list[int]:
    """Values of a field that every document has."""
    return [int(value or 0) for value in searcher.fast_field_values(field, list(addresses))]


def _matches(searcher: tantivy.Searcher, query: tantivy.Query) -> int:
    return _total(searcher.search(query, 1, count=True))


def _total(result: tantivy.SearchResult) -> int:
    return int(result.count)  # type: ignore[attr-defined]  # it is there, its type stub forgot it


def search(searcher: tantivy.Searcher, request: Request) -> Candidates:
    """Answer one request from one state of the index."""
    scoring, matching = _text(searcher, request.text)
    conditions = dict(_conditions(request.filters))
    query = _all_of([*scoring, *conditions.values()])
    total = None
    if request.below is not None or request.above is not None:
        total = _matches(searcher, query)
        query = _all_of([query, _beyond(request)])
    sorted_by = "recency" if request.order is Order.NEWEST else None
    direction = tantivy.Order.Desc if request.above is None else tantivy.Order.Asc
    result = searcher.search(query, request.limit, total is None, sorted_by, request.skip, direction)
    return Candidates(
        found=tuple(_candidates(searcher, result.hits, scored=sorted_by is None)),
        total=_total(result) if total is None else total,
        matching=matching,
        facets=_facets(searcher, scoring, conditions, request.facets),
    )


def _beyond(request: Request) -> tantivy.Query:
    first = None if request.above is None else request.above + 1
    return number_range("recency", first, None if request.below is None else request.below - 1)


def _candidates(
    searcher: tantivy.Searcher, hits: Sequence[tuple[float, tantivy.DocAddress]], *, scored: bool
) -> Iterator[Candidate]:
    addresses = [address for _, address in hits]
    columns = (_numbers(searcher, name, addresses) for name in ("key", "version", "recency"))
    for (score, _), number, version, recency in zip(hits, *columns, strict=True):
        kind, object_id = of_key(number)
        yield Candidate(kind, object_id, version, recency, score if scored else 0.0)


def _text(searcher: tantivy.Searcher, text: TextQuery | None) -> tuple[list[tantivy.Query], Matching]:
    if text is None:
        return [tantivy.Query.exists_query("kind")], Matching.ALL
    close = _gate(text.close)
    scoring = _any_of([_term(term.field, term.token, term.weight) for term in text.terms])
    if _matches(searcher, close) < text.enough:
        return [scoring, _unscored(_any_of([_gate(gate) for gate in text.loose]))], Matching.ANY
    return [scoring, _unscored(close)], Matching.CLOSE


def _term(field: str, token: str, weight: float) -> tantivy.Query:
    query = tantivy.Query.term_query(SCHEMA, field, token, "freq")
    return query if weight == 1 else tantivy.Query.boost_query(query, weight)


def _gate(gate: Gate) -> tantivy.Query:
    terms = [tantivy.Query.term_query(SCHEMA, field, token, "basic") for field, token in gate.tokens]
    if gate.needed == len(terms):
        # Intersections skip through the index, counting up to a number does not.
        return _all_of(terms)
    return tantivy.Query.boolean_query(
        [(tantivy.Occur.Should, term) for term in terms], minimum_number_should_match=gate.needed
    )


def _conditions(filters: Filters) -> Iterator[tuple[str, tantivy.Query]]:
    """One condition a field, under the field's name where a facet counts by the same field."""
    choices: Mapping[str, Sequence[str | int]] = {
        "kind": [kind.value for kind in filters.kinds],
        "format": filters.formats,
        "language": filters.languages,
        "creator_id": filters.creator_ids,
        "channel_ids": filters.channel_ids,
        "any_tags": filters.any_tags,
    }
    for name, values in choices.items():
        if values:
            field = "tag_ids" if name == "any_tags" else name
            yield name, _unscored(tantivy.Query.term_set_query(SCHEMA, field, list(values)))
    if filters.all_tags:
        tags = [tantivy.Query.term_query(SCHEMA, "tag_ids", tag, "basic") for tag in filters.all_tags]
        yield "all_tags", _unscored(_all_of(tags))
    yield from _ranges(filters)


def _ranges(filters: Filters) -> Iterator[tuple[str, tantivy.Query]]:
    if filters.currency is not None:
        yield "currency", _unscored(tantivy.Query.term_query(SCHEMA, "currency", filters.currency, "basic"))
    if filters.price_from is not None or filters.price_to is not None:
        yield "price", number_range("price", filters.price_from, filters.price_to)
    if filters.published_from is not None or filters.published_before is not None:
        first = None if filters.published_from is None else recency_from(filters.published_from)
        last = None if filters.published_before is None else recency_from(filters.published_before) - 1
        yield "published", number_range("recency", first, last)


def number_range(field: str, first: int | None, last: int | None) -> tantivy.Query:
    """Both ends inclusive. An end below zero, which no unsigned value has, leaves nothing."""
    if last is not None and last < 0:
        return tantivy.Query.empty_query()
    bounds = tantivy.Query.range_query(
        SCHEMA, field, tantivy.FieldType.Unsigned, first or 0, _LARGEST if last is None else last
    )
    return _unscored(bounds)


def _unscored(query: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, 0.0)


def _all_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query) for query in queries])


def _any_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def _facets(
    searcher: tantivy.Searcher,
    scoring: Sequence[tantivy.Query],
    conditions: Mapping[str, tantivy.Query],
    asked: Iterable[Facet],
) -> dict[Facet, dict[str, int]]:
    """Facets that no filter is set on share one pass; each of the others takes one without its own filter."""
    shared = [facet for facet in asked if facet.value not in conditions]
    counts = _count(searcher, [*scoring, *conditions.values()], shared)
    for facet in asked:
        if facet.value in conditions:
            others = [condition for name, condition in conditions.items() if name != facet.value]
            counts |= _count(searcher, [*scoring, *others], [facet])
    return {facet: counts[facet] for facet in asked}


def _count(
    searcher: tantivy.Searcher, conditions: Sequence[tantivy.Query], facets: Sequence[Facet]
) -> dict[Facet, dict[str, int]]:
    if not facets:
        return {}
    terms = {"size": FACET_VALUE_LIMIT, "segment_size": _VALUES_PER_SEGMENT}
    wanted: dict[str, Any] = {facet.name: {"terms": {"field": facet.value, **terms}} for facet in facets}
    answer = searcher.aggregate(_all_of([_unscored(condition) for condition in conditions]), wanted)
    return {facet: dict(_buckets(answer[facet.name]["buckets"])) for facet in facets}


def _buckets(buckets: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    for bucket in buckets:
        value = bucket["key"]
        # Numbers come back as floats.
        yield (value if isinstance(value, str) else str(int(value))), bucket["doc_count"]


def count(searcher: tantivy.Searcher, kind: Kind | None) -> int:
    """How many objects can be found."""
    found = tantivy.Query.exists_query("kind")
    if kind is not None:
        found = tantivy.Query.term_query(SCHEMA, "kind", kind.value, "basic")
    return _matches(searcher, found)


def scan(searcher: tantivy.Searcher, kind: Kind, after: int, limit: int) -> list[Entry]:
    """Entries of a kind by id, tombstones included."""
    wanted = number_range("key", key(kind, after + 1), key(kind, LARGEST_ID))
    result = searcher.search(wanted, limit, count=False, order_by_field="key", order=tantivy.Order.Asc)
    addresses = [address for _, address in result.hits]
    held = _numbers(searcher, "version", addresses)
    buried = searcher.fast_field_values("buried", addresses)
    rows = zip(result.hits, held, buried, strict=True)
    return [Entry(of_key(number)[1], version, second is not None) for (number, _), version, second in rows]
