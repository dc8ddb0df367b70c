from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from search import backends, indexing, pages, ranking
from search.backend import Candidate, Candidates, Entry, Request
from search.backends.embedded import EmbeddedBackend
from search.documents import key, of_key, published_second, recency
from search.indexing import Drift, compare
from search.query import Facet, Filters, Kind, Matching, Order, Position, SearchQuery
from tests.search.entries import PUBLISHED, content, product

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture
async def backend(tmp_path):
    made = EmbeddedBackend(tmp_path)
    await made.start_generation()
    await made.swap()
    yield made
    await made.close()


async def put(backend: EmbeddedBackend, *changes: object) -> None:
    await backend.write(changes)
    await backend.commit()


def candidate(number: int, score: float, *, age_days: float = 0, kind: Kind = Kind.CONTENT) -> Candidate:
    return Candidate(kind, number, 1, recency(kind, number, NOW - timedelta(days=age_days)), score)


def order(*candidates: Candidate) -> list[int]:
    return [one.candidate.id for one in ranking.rerank(candidates, now=NOW)]


# Ranking


def test_a_fresh_content_gains_a_tenth_and_half_of_that_after_a_month():
    boosts = [ranking.freshness(candidate(1, 1, age_days=days), NOW) for days in (0, 30, 60, 36_500)]

    assert boosts == pytest.approx([1.1, 1.05, 1.025, 1.0])


def test_freshness_decides_between_equals_and_not_against_a_much_better_text():
    assert order(candidate(1, 10, age_days=300), candidate(2, 10)) == [2, 1]
    assert order(candidate(1, 12, age_days=300), candidate(2, 10)) == [1, 2]


def test_products_do_not_age_and_the_future_is_no_advantage():
    assert ranking.freshness(candidate(1, 1, kind=Kind.PRODUCT), NOW) == 1.0
    assert ranking.freshness(candidate(1, 1, age_days=-9), NOW) == pytest.approx(1.1)


def test_equal_scores_have_one_order_whatever_the_engine_answers():
    same = [candidate(number, 5, age_days=40, kind=Kind.PRODUCT) for number in (1, 2, 3)]

    assert order(*same) == order(*reversed(same)) == [3, 2, 1]


def test_the_parts_of_a_score_multiply_to_it():
    [ranked] = ranking.rerank([candidate(1, 8, age_days=30)], now=NOW)

    assert ranked.parts == pytest.approx({"text": 8, "freshness": 1.05})
    assert ranked.score == pytest.approx(8 * 1.05)


# Pages


async def test_a_page_tells_hits_total_facets_and_how_to_go_on(backend):
    await put(
        backend, content(1, "咖啡"), content(2, "咖啡 咖啡", kind="GALLERY"), product(3, "咖啡"), content(4, "茶")
    )

    page = await pages.page(backend, SearchQuery("咖啡", first=2, facets=(Facet.KIND,)), now=NOW)
    rest = await pages.page(backend, SearchQuery("咖啡", first=2, after=page.next), now=NOW)

    assert page.total == rest.total == 3
    assert page.facets == {Facet.KIND: {"CONTENT": 2, "PRODUCT": 1}}
    assert page.matching is Matching.ANY
    assert [hit.position for hit in page.hits] == [Position(Order.RELEVANCE, 1), Position(Order.RELEVANCE, 2)]
    assert page.next == page.hits[-1].position
    assert {hit.id for hit in (*page.hits, *rest.hits)} == {1, 2, 3}
    assert rest.next is None


async def test_a_text_without_words_answers_an_empty_page_that_says_why(backend):
    await put(backend, content(1, "咖啡"))

    page = await pages.page(backend, SearchQuery("？！", facets=(Facet.TAG,)), now=NOW)

    assert (page.hits, page.total, page.facets, page.next) == ((), 0, {Facet.TAG: {}}, None)
    assert page.empty_because == "TEXT_WITHOUT_WORDS"


async def test_a_page_that_found_nothing_has_no_excuse(backend):
    page = await pages.page(backend, SearchQuery("咖啡"), now=NOW)

    assert (page.hits, page.total, page.empty_because) == ((), 0, None)


async def test_the_last_page_of_the_window_is_cut_at_its_end_and_says_where_it_ended():
    class Endless:
        asked: Request

        async def search(self, request: Request) -> Candidates:
            self.asked = request
            found = tuple(candidate(number, 9) for number in range(request.skip, request.skip + request.limit))
            return Candidates(found, 5_000, Matching.CLOSE)

    endless = Endless()
    page = await pages.page(endless, SearchQuery("咖啡", first=100, after=Position(Order.RELEVANCE, 950)), now=NOW)

    assert (endless.asked.skip, endless.asked.limit) == (800, 200)
    assert len(page.hits) == 50
    assert page.next == Position(Order.RELEVANCE, 1_000)


async def test_a_page_over_two_bands_keeps_each_band_in_its_own_order():
    scores = {number: float(number % 7) for number in range(400)}

    class Fixed:
        async def search(self, request: Request) -> Candidates:
            numbers: Sequence[int] = range(request.skip, min(request.skip + request.limit, 400))
            return Candidates(tuple(candidate(n, scores[n], age_days=90) for n in numbers), 400, Matching.CLOSE)

    seen: list[int] = []
    after = None
    while len(seen) < 400:
        page = await pages.page(Fixed(), SearchQuery("咖啡", first=70, after=after), now=NOW)
        seen += [hit.id for hit in page.hits]
        after = page.next

    assert after is None
    assert sorted(seen) == list(range(400))
    assert set(seen[:200]) == set(range(200))


# Keys and recency


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("number", [1, 2**31, 2**60 - 1])
def test_a_key_leads_back_to_its_object(kind, number):
    assert of_key(key(kind, number)) == (kind, number)
    assert key(kind, number) < 2**63


def test_recency_orders_by_second_and_never_leaves_the_range_of_the_engines():
    instants = [
        datetime(1900, 1, 1, tzinfo=UTC),
        PUBLISHED,
        PUBLISHED + timedelta(seconds=1),
        datetime(9999, 1, 1, tzinfo=UTC),
    ]

    numbers = [recency(Kind.CONTENT, 1, instant) for instant in instants]

    assert numbers == sorted(numbers)
    assert 0 <= numbers[0] < numbers[-1] < 2**63
    assert published_second(numbers[1]) == PUBLISHED.timestamp()


# Reconciling


def test_a_comparison_names_each_kind_of_difference():
    truth = {1: 1, 2: 2, 3: 3, 4: 4}
    held = [
        Entry(2, 2, False),
        Entry(3, 2, False),
        Entry(4, 5, False),
        Entry(5, 1, False),
        Entry(6, 1, True),
        Entry(1, 1, True),
    ]

    assert compare(truth, held) == Drift(missing=(1,), stale=(3,), surplus=(5,), ahead=(4,))
    assert compare({2: 2}, [Entry(2, 2, False), Entry(6, 1, True)]).is_none


async def test_a_drift_of_many_ranges_is_complete(backend, monkeypatch):
    monkeypatch.setattr("search.indexing._SCANNED_AT_ONCE", 3)

    await put(backend, *(content(number) for number in (1, 2, 4, 5, 6, 7, 8, 20, 21, 22, 23)))

    async def truth(after: int, limit: int) -> Sequence[tuple[int, int]]:
        return [(number, 1) for number in (1, 2, 3, 4, 9, 10, 11) if number > after][:limit]

    drifts = [part async for part in indexing.drift(backend, Kind.CONTENT, truth)]

    assert [number for part in drifts for number in part.missing] == [3, 9, 10, 11]
    assert [number for part in drifts for number in part.surplus] == [5, 6, 7, 8, 20, 21, 22, 23]


async def test_filters_reach_the_engine(backend):
    await put(backend, content(1, "咖啡", kind="GALLERY"), content(2, "咖啡"))

    page = await pages.page(backend, SearchQuery("咖啡", Filters(formats=("GALLERY",))), now=NOW)

    assert [hit.id for hit in page.hits] == [1]


# The choice of an engine


async def test_the_server_is_chosen_when_there_is_one(tmp_path):
    embedded = backends.choose(folder=tmp_path, elasticsearch_url="")
    server = backends.choose(folder=tmp_path, elasticsearch_url="http://127.0.0.1:1")

    assert type(embedded).__name__ == "EmbeddedBackend"
    assert type(server).__name__ == "ElasticsearchBackend"
    await server.close()


async def test_both_ends_of_a_page_are_looked_up(backend):
    await put(backend, *(content(number, "咖啡", published_at=NOW - timedelta(days=number)) for number in range(1, 4)))

    for order in Order:
        first = await pages.page(backend, SearchQuery("咖啡", order=order, first=1), now=NOW)
        second = await pages.page(backend, SearchQuery("咖啡", order=order, first=1, after=first.next), now=NOW)
        third = await pages.page(backend, SearchQuery("咖啡", order=order, first=1, after=second.next), now=NOW)
        front = SearchQuery("咖啡", order=order, first=1, before=first.hits[0].position, is_backward=True)
        nothing = await pages.page(backend, front, now=NOW)

        found = [(one.has_previous, one.next is not None, len(one.hits)) for one in (first, second, third, nothing)]
        assert found == [(False, True, 1), (True, True, 1), (True, False, 1), (False, True, 0)], order
