"""The bodies of requests to Elasticsearch: mappings, bulk operations, queries, counts; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from search.backend import Request
from search.documents import INDEX_FORMAT, Change, key, recency_from
from search.matching import Gate, TextQuery
from search.query import FACET_VALUE_LIMIT, Facet, Filters, Kind, Matching, Order

# Tokens are given, so text is cut at spaces; frequencies for BM25, no positions, nothing stored but columns.
_TEXT = {"type": "text", "analyzer": "whitespace", "index_options": "freqs"}
_KEYWORD = {"type": "keyword"}
_NUMBER = {"type": "long"}

MAPPINGS: dict[str, Any] = {
    "dynamic": "strict",
    "_source": {"enabled": False},
    "_meta": {"format": INDEX_FORMAT},
    "properties": {
        **{f"{zone}_{reading}": _TEXT for zone in ("title", "all") for reading in ("characters", "bigrams", "words")},
        **dict.fromkeys(("kind", "format", "language", "currency"), _KEYWORD),
        **dict.fromkeys(
            ("key", "version", "recency", "creator_id", "tag_ids", "channel_ids", "price", "buried"), _NUMBER
        ),
    },
}

# One shard: scores and counts are then of the whole index, and exact.
SETTINGS: dict[str, Any] = {
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",
    "refresh_interval": -1,
    "max_result_window": 100_000,
}

Query = dict[str, Any]


def operations(changes: Sequence[Change]) -> Iterator[Mapping[str, Any]]:
    """Alternately what to do and the document; an older version than the one held is refused with 409."""
    for change in changes:
        version = {"version": change.version, "version_type": "external_gte"}
        yield {"index": {"_id": str(key(change.kind, change.id)), **version}}
        yield change.fields


def search(request: Request, matching: Matching) -> dict[str, Any]:
    """Filters on a counted field stand in `post_filter`, so that the counts of that field leave them out."""
    own = {facet.value for facet in request.facets}
    conditions = dict(_conditions(request.filters))
    late = [condition for name, condition in conditions.items() if name in own]
    early = [condition for name, condition in conditions.items() if name not in own]
    if request.below is not None:
        late.append({"range": {"recency": {"lt": request.below}}})
    if request.above is not None:
        late.append({"range": {"recency": {"gt": request.above}}})
    newest = [{"recency": "desc" if request.above is None else "asc"}]
    return {
        "query": _text(request.text, matching, early),
        "post_filter": {"bool": {"filter": late}},
        "aggregations": {facet.name: _facet(facet, conditions, own) for facet in request.facets},
        "sort": newest if request.order is Order.NEWEST else ["_score", *newest],
        "size": request.limit,
        "from_": request.skip,
        "track_total_hits": True,
        "docvalue_fields": ["key", "version", "recency"],
        "source": False,
    }


def matches(request: Request, matching: Matching) -> Query:
    """Everything that the request is about, wherever its page begins."""
    return _text(request.text, matching, list(dict(_conditions(request.filters)).values()))


def close(text: TextQuery) -> Query:
    return _gate(text.close)


def _gate(gate: Gate) -> Query:
    terms = [{"term": {field: token}} for field, token in gate.tokens]
    return {"bool": {"should": terms, "minimum_should_match": gate.needed}}


def findable(kind: Kind | None) -> Query:
    return {"exists": {"field": "kind"}} if kind is None else {"term": {"kind": kind.value}}


def scan(first: int, last: int, limit: int) -> dict[str, Any]:
    return {
        "query": {"range": {"key": {"gte": first, "lte": last}}},
        "sort": [{"key": "asc"}],
        "size": limit,
        "docvalue_fields": ["key", "version", "buried"],
        "source": False,
    }


def buried(*, before: int) -> dict[str, Any]:
    query = {"range": {"buried": {"lt": before}}}
    return {"query": query, "size": 1_000, "docvalue_fields": ["version"], "source": False}


def forgetting(tombstones: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """With its version, so that what was written over a tombstone meanwhile stays."""
    for hit in tombstones:
        version = {"version": hit["fields"]["version"][0], "version_type": "external_gte"}
        yield {"delete": {"_id": hit["_id"], **version}}


def _text(text: TextQuery | None, matching: Matching, conditions: Sequence[Query]) -> Query:
    if text is None:
        return {"bool": {"filter": [findable(None), *conditions]}}
    terms = [{"term": {one.field: {"value": one.token, "boost": one.weight}}} for one in text.terms]
    scoring = {"bool": {"should": terms, "minimum_should_match": 1}}
    loose = {"bool": {"should": [_gate(gate) for gate in text.loose], "minimum_should_match": 1}}
    gate = close(text) if matching is Matching.CLOSE else loose
    return {"bool": {"must": [scoring], "filter": [gate, *conditions]}}


def _facet(facet: Facet, conditions: Mapping[str, Query], own: set[str]) -> dict[str, Any]:
    """Counted under the late filters of the other facets."""
    others = [condition for name, condition in conditions.items() if name in own and name != facet.value]
    terms = {"field": facet.value, "size": FACET_VALUE_LIMIT, "shard_size": 20_000}
    return {"filter": {"bool": {"filter": others}}, "aggregations": {"values": {"terms": terms}}}


def _conditions(filters: Filters) -> Iterator[tuple[str, Query]]:
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
            yield name, {"terms": {"tag_ids" if name == "any_tags" else name: list(values)}}
    if filters.all_tags:
        yield "all_tags", {"bool": {"filter": [{"term": {"tag_ids": tag}} for tag in filters.all_tags]}}
    yield from _ranges(filters)


def _ranges(filters: Filters) -> Iterator[tuple[str, Query]]:
    if filters.currency is not None:
        yield "currency", {"term": {"currency": filters.currency}}
    prices = _bounds(gte=filters.price_from, lte=filters.price_to)
    if prices:
        yield "price", {"range": {"price": prices}}
    published = _bounds(gte=_recency(filters.published_from), lt=_recency(filters.published_before))
    if published:
        yield "published", {"range": {"recency": published}}


def _recency(instant: datetime | None) -> int | None:
    return None if instant is None else recency_from(instant)


def _bounds(**ends: int | None) -> dict[str, int]:
    return {name: end for name, end in ends.items() if end is not None}
