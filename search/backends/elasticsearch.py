"""The index on an Elasticsearch 9 server or cluster: an alias that answers, over one index per generation.

Only what every distribution has is used: whitespace analysis, term queries, external versions, aliases.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError, TransportError

from search.backend import (
    Candidate,
    Candidates,
    Entry,
    IndexAway,
    IndexNeedsRebuild,
    Request,
    Written,
)
from search.backends import elasticsearch_requests as requests
from search.documents import INDEX_FORMAT, LARGEST_ID, Change, key, of_key
from search.query import Facet, Kind, Matching, Order

Answer = TypeVar("Answer")

_BULK = 500
_ALREADY_NEWER = 409
_GONE = 404


class ElasticsearchBackend:
    """`SearchBackend` over one alias. Elasticsearch itself orders writers, so none is ever refused."""

    def __init__(
        self, url: str, *, alias: str = "headwater", timeout_s: float = 2.0, ca_file: str | None = None
    ) -> None:
        # A user and password stand in the URL. Waiting longer or asking again is the caller's decision.
        certificates: dict[str, Any] = {"ca_certs": ca_file} if ca_file else {}
        self._client = AsyncElasticsearch(
            url, request_timeout=timeout_s, max_retries=0, retry_on_timeout=False, **certificates
        )
        self._slow = self._client.options(request_timeout=60.0)
        self._alias = alias
        self._begun: str | None = None
        self._is_usable = False

    async def search(self, request: Request) -> Candidates:
        await self._must_be_usable()
        matching = await self._matching(request)
        body = requests.search(request, matching)
        answer = await _asked(self._client.search(index=self._alias, **body))
        return Candidates(
            tuple(_candidates(answer["hits"]["hits"], request.order)),
            await self._total(request, matching, answer["hits"]),
            matching,
            _facets(answer.get("aggregations", {}), request.facets),
        )

    async def _matching(self, request: Request) -> Matching:
        if request.text is None:
            return Matching.ALL
        close = await self._count(requests.close(request.text))
        return Matching.CLOSE if close >= request.text.enough else Matching.ANY

    async def _total(self, request: Request, matching: Matching, hits: Mapping[str, Any]) -> int:
        """A page further down, or up, is asked with a bound, which must not make the total smaller."""
        if request.below is None and request.above is None:
            return int(hits["total"]["value"])
        return await self._count(requests.matches(request, matching))

    async def count(self, kind: Kind | None = None) -> int:
        await self._must_be_usable()
        return await self._count(requests.findable(kind))

    async def _count(self, query: Mapping[str, Any]) -> int:
        answer = await _asked(self._client.count(index=self._alias, query=query))
        return int(answer["count"])

    async def scan(self, kind: Kind, *, after: int, limit: int) -> Sequence[Entry]:
        await self._must_be_usable()
        body = requests.scan(key(kind, after + 1), key(kind, LARGEST_ID), limit)
        answer = await _asked(self._slow.search(index=self._alias, **body))
        return [_entry(hit["fields"]) for hit in answer["hits"]["hits"]]

    async def open_for_writing(self) -> None:
        """Remove what an interrupted rebuild left behind, after making sure that there is an index."""
        self._is_usable = False
        await self._must_be_usable()
        await self._remove_all_but(await self._current())

    async def write(self, changes: Sequence[Change]) -> Written:
        if self._begun is not None:
            written = await self._bulk(self._begun, changes)
            if await self._current() is None:
                return written
        await self._must_be_usable()
        return await self._bulk(self._alias, changes, is_alias=True)

    async def fill(self, changes: Sequence[Change]) -> Written:
        return await self._bulk(self._filling(), changes)

    async def commit(self) -> None:
        """Elasticsearch has its own log, so what was written is durable; this makes it findable."""
        for index in filter(None, (await self._current(), self._begun)):
            await _asked(self._slow.indices.refresh(index=index))

    async def purge(self, *, buried_before: datetime) -> None:
        """By id, a page at a time: deleting by query is not everywhere."""
        body = requests.buried(before=int(buried_before.timestamp()))
        for index in filter(None, (await self._current(), self._begun)):
            while True:
                await _asked(self._slow.indices.refresh(index=index))
                answer = await _asked(self._slow.search(index=index, **body))
                hits = answer["hits"]["hits"]
                if not hits:
                    break
                await _asked(self._slow.bulk(index=index, operations=list(requests.forgetting(hits))))

    async def start_generation(self) -> None:
        await self.drop_generation()
        name = f"{self._alias}-{secrets.token_hex(6)}"
        await _asked(self._slow.indices.create(index=name, mappings=requests.MAPPINGS, settings=requests.SETTINGS))
        self._begun = name

    async def swap(self) -> None:
        begun = self._filling()
        await _asked(self._slow.indices.refresh(index=begun))
        actions: list[dict[str, Any]] = [{"add": {"index": begun, "alias": self._alias}}]
        replaced = await self._current()
        if replaced is not None:
            actions.append({"remove": {"index": replaced, "alias": self._alias}})
        await _asked(self._slow.indices.update_aliases(actions=actions))
        self._begun, self._is_usable = None, False
        await self._remove_all_but(begun)

    async def drop_generation(self) -> None:
        if self._begun is not None:
            begun, self._begun = self._begun, None
            await _asked(self._slow.indices.delete(index=begun, ignore_unavailable=True))

    async def remove(self) -> None:
        """Drop every generation, the one that answers too."""
        self._begun, self._is_usable = None, False
        await self._remove_all_but(None)

    async def close(self) -> None:
        await self._client.close()

    async def _must_be_usable(self) -> None:
        """Looks at the alias until it has once been found in our format."""
        if self._is_usable:
            return
        current = await self._current()
        if current is None:
            raise IndexNeedsRebuild(
                f"Elasticsearch has no index behind the alias {self._alias}; the indexer makes one."
            )
        answer = await _asked(self._client.indices.get_mapping(index=current))
        version = answer[current]["mappings"].get("_meta", {}).get("format")
        if version != INDEX_FORMAT:
            raise IndexNeedsRebuild(f"The search index has format {version}; this program writes {INDEX_FORMAT}.")
        self._is_usable = True

    async def _current(self) -> str | None:
        try:
            answer = await self._client.indices.get_alias(name=self._alias)
        except NotFoundError:
            return None
        except (ApiError, TransportError) as error:
            raise _away(error) from error
        return next(iter(answer))

    async def _remove_all_but(self, name: str | None) -> None:
        """Only generations of this alias: its name, a dash and twelve hexadecimal digits."""
        answer = await _asked(self._slow.indices.get(index=f"{self._alias}-*"))
        ours = re.compile(re.escape(self._alias) + "-[0-9a-f]{12}")
        for left in answer:
            if ours.fullmatch(left) and left not in (name, self._begun):
                await _asked(self._slow.indices.delete(index=left))

    def _filling(self) -> str:
        if self._begun is None:
            raise IndexAway("No new generation of the search index was begun.")
        return self._begun

    async def _bulk(self, index: str, changes: Sequence[Change], *, is_alias: bool = False) -> Written:
        """An alias that is gone must be missed: Elasticsearch would make an index of that name."""
        taken = 0
        for start in range(0, len(changes), _BULK):
            operations = list(requests.operations(changes[start : start + _BULK]))
            answer = await _asked(self._slow.bulk(index=index, operations=operations, require_alias=is_alias))
            taken += _taken(answer["items"])
        return Written(taken, len(changes) - taken)


async def _asked(answer: Awaitable[Answer]) -> Answer:
    """Elasticsearch's answer; its absence and its refusals in our words."""
    try:
        return await answer
    except NotFoundError as error:
        raise IndexNeedsRebuild("Elasticsearch does not know the index; the indexer makes a new one.") from error
    except (ApiError, TransportError) as error:
        raise _away(error) from error


def _away(error: Exception) -> IndexAway:
    return IndexAway(f"Elasticsearch did not answer as it should: {str(error)[:300]}")


def _taken(items: Sequence[Mapping[str, Any]]) -> int:
    """How many items of a bulk answer were accepted; IndexAway when one failed for another reason than its version."""
    results = [item["index"] for item in items]
    refused = [result for result in results if result["status"] >= 300 and result["status"] != _ALREADY_NEWER]
    if refused:
        first = refused[0]
        if first["status"] == _GONE:
            raise IndexNeedsRebuild("Elasticsearch has no such index any more; the indexer makes a new one.")
        raise IndexAway(
            f"Elasticsearch refused {len(refused)} of {len(results)} documents, the first of them {first['_id']}: "
            f"{first['status']} {first['error'].get('reason', '')[:200]}"
        )
    return sum(result["status"] < 300 for result in results)


def _candidates(hits: Sequence[Mapping[str, Any]], order: Order) -> Iterator[Candidate]:
    for hit in hits:
        fields = hit["fields"]
        kind, object_id = of_key(fields["key"][0])
        score = hit["_score"] if order is Order.RELEVANCE else 0.0
        yield Candidate(kind, object_id, fields["version"][0], fields["recency"][0], score)


def _entry(fields: Mapping[str, Sequence[int]]) -> Entry:
    return Entry(of_key(fields["key"][0])[1], fields["version"][0], "buried" in fields)


def _facets(aggregations: Mapping[str, Any], asked: Sequence[Facet]) -> dict[Facet, dict[str, int]]:
    return {
        facet: {str(bucket["key"]): bucket["doc_count"] for bucket in aggregations[facet.name]["values"]["buckets"]}
        for facet in asked
    }
