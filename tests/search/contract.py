"""What every search engine must do alike: run against the embedded one and a real Elasticsearch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from search import indexing, pages
from search.backend import Candidates, Entry, Request, SearchBackend, Written
from search.documents import Change
from search.matching import text_query
from search.query import Facet, Filters, Kind, Matching, Order, SearchQuery
from tests.search.entries import PUBLISHED, content, product, tombstone

NOW = PUBLISHED + timedelta(days=1)


async def put(backend: SearchBackend, *changes: Change) -> Written:
    written = await backend.write(changes)
    await backend.commit()
    return written


async def ask(backend: SearchBackend, text: str = "", **filters: object) -> Candidates:
    order = Order.RELEVANCE if text else Order.NEWEST
    return await backend.search(Request(text_query(text), Filters(**filters), order))


async def found(backend: SearchBackend, text: str = "", **filters: object) -> list[int]:
    return [one.id for one in (await ask(backend, text, **filters)).found]


class Contract:
    """Subclasses bring a fixture `backend`: empty, opened for writing."""

    # Words

    async def test_a_text_is_found_by_its_parts_however_they_are_written(self, backend):
        await put(
            backend,
            content(1, "空气炸锅食谱 iPhone15手机壳 runners run at the Café"),
            content(2, "完全无关的内容 with nothing in common", language="en"),
        )
        asked = ["锅", "空气", "空气炸锅", "iphone", "IPHONE15", "iphone 15", "iPhone壳", "ｉｐｈｏｎｅ"]
        asked += ["run", "Running", "cafe", "CAFÉ", "Ｃａｆｅ\u0301"]

        firsts = {text: (await found(backend, text))[:1] for text in asked}

        assert firsts == {text: [1] for text in asked}

    async def test_titles_weigh_more_than_bodies(self, backend):
        await put(
            backend,
            content(1, "宿舍生活", body="用空气炸锅做饭"),
            content(2, "空气炸锅", body="宿舍里的做饭生活"),
        )

        assert await found(backend, "空气炸锅") == [2, 1]

    async def test_tags_creators_and_brands_can_be_searched(self, backend):
        await put(
            backend,
            content(1, tag_words=("露营", "camping")),
            content(2, creator_name="小林的厨房"),
            product(3, brand="Bosch"),
        )

        assert await found(backend, "camping") == [1]
        assert await found(backend, "小林") == [2]
        assert await found(backend, "bosch") == [3]

    async def test_words_that_nobody_wrote_find_nothing(self, backend):
        await put(backend, content(1, "空气炸锅"))

        answer = await ask(backend, "zzzqqq")

        assert (answer.found, answer.total) == ((), 0)

    async def test_the_longest_question_is_answered(self, backend):
        await put(backend, content(1, "空气炸锅"))

        assert await found(backend, ("空气炸锅怎么用才能做出好吃的东西" * 20)[:300]) == [1]

    async def test_close_matches_are_shown_alone_when_there_are_enough_of_them(self, backend):
        await put(backend, *(content(number, "便携咖啡杯") for number in range(1, 61)), content(99, "咖啡豆"))

        close = await ask(backend, "便携咖啡杯")
        loose = await ask(backend, "咖啡豆")

        assert (close.matching, close.total) == (Matching.CLOSE, 60)
        assert (loose.matching, loose.total) == (Matching.ANY, 61)
        assert loose.found[0].id == 99

    async def test_a_few_common_pairs_of_letters_do_not_make_a_match(self, backend):
        await put(backend, content(1, "Coffee grinders"), content(2, "Off the rails"), content(3, "Tea pots"))

        assert await found(backend, "coffee grinder") == [1]
        assert await found(backend, "coffeegrinder") == [1]
        assert await found(backend, "off") == [2, 1]

    async def test_a_filter_does_not_change_what_counts_as_a_match(self, backend):
        await put(
            backend,
            *(content(number, "便携咖啡杯", creator_id=1) for number in range(1, 61)),
            content(98, "便携咖啡杯", creator_id=2),
            content(99, "咖啡豆", creator_id=2),
        )

        assert await found(backend, "便携咖啡杯", creator_ids=(2,)) == [98]

    # Versions

    async def test_nothing_is_found_before_the_commit(self, backend):
        await backend.write([content(1, "空气炸锅")])
        before = await found(backend, "空气炸锅")
        await backend.commit()

        assert before == []
        assert await found(backend, "空气炸锅") == [1]

    async def test_an_older_version_never_overwrites_a_newer(self, backend):
        await put(backend, content(1, "新标题", version=3))
        late = await put(backend, content(1, "旧标题", version=2))

        assert late == Written(0, 1)
        assert await found(backend, "新标题") == [1]
        assert (await ask(backend)).found[0].version == 3

    async def test_the_newest_of_several_in_one_batch_stays(self, backend):
        written = await put(
            backend,
            content(1, "第一版", version=1),
            content(1, "第三版", version=3),
            content(1, "第二版", version=2),
        )

        assert (written.taken + written.already_newer, await backend.count()) == (3, 1)
        assert (await ask(backend)).found[0].version == 3

    async def test_versions_are_compared_before_the_commit_too(self, backend):
        await backend.write([content(1, version=3)])
        assert await backend.write([content(1, version=2)]) == Written(0, 1)
        await backend.commit()

        assert (await ask(backend)).found[0].version == 3

    async def test_an_equal_version_is_written_again(self, backend):
        await put(backend, content(1, "before", version=2))
        again = await put(backend, content(1, "after", version=2))

        assert again == Written(1, 0)
        assert await found(backend, "after") == [1]
        assert await backend.count() == 1

    async def test_what_is_buried_is_not_found_and_not_brought_back_by_a_late_write(self, backend):
        await put(backend, content(1, "空气炸锅", version=1), content(2, "空气净化器"))
        await put(backend, tombstone(1, version=2))
        await put(backend, content(1, "空气炸锅", version=1))

        assert await found(backend, "空气炸锅") == [2]
        assert await found(backend) == [2]
        assert await backend.count() == 1

    async def test_what_was_buried_returns_with_a_newer_version(self, backend):
        await put(backend, tombstone(1, version=2))
        await put(backend, content(1, "空气炸锅", version=3))

        assert await found(backend, "空气炸锅") == [1]

    async def test_old_tombstones_are_forgotten_and_young_ones_kept(self, backend):
        await put(
            backend,
            tombstone(1, version=5, buried_at=PUBLISHED),
            tombstone(2, version=5, buried_at=PUBLISHED + timedelta(days=2)),
            content(3),
        )

        await backend.purge(buried_before=PUBLISHED + timedelta(days=1))
        await backend.commit()

        assert [entry.id for entry in await backend.scan(Kind.CONTENT, after=0, limit=10)] == [2, 3]

    async def test_a_content_and_a_product_may_have_the_same_id(self, backend):
        await put(backend, content(7, "空气炸锅"), product(7, "空气炸锅"))
        await put(backend, tombstone(7, version=2))

        assert [(one.kind, one.id) for one in (await ask(backend, "空气炸锅")).found] == [(Kind.PRODUCT, 7)]

    async def test_an_empty_batch_is_no_work(self, backend):
        assert await put(backend) == Written(0, 0)

    # Filters

    async def test_every_filter_narrows(self, backend):
        await put(
            backend,
            content(1, kind="ARTICLE", language="zh", tag_ids=(1, 2), creator_id=1, channel_ids=(5,)),
            content(2, kind="GALLERY", language="en", tag_ids=(2, 3), creator_id=2, channel_ids=(5, 6)),
            product(3, tag_ids=(3,), price=50_000, currency="CNY"),
            product(4, price=9_900, currency="CNY"),
            product(5, price=9_900, currency="USD"),
            product(6),
        )

        async def matching(**filters: object) -> list[int]:
            return sorted(await found(backend, **filters))

        assert await matching() == [1, 2, 3, 4, 5, 6]
        assert await matching(kinds=(Kind.PRODUCT,)) == [3, 4, 5, 6]
        assert await matching(formats=("GALLERY", "LIVE")) == [2]
        assert await matching(languages=("en",)) == [2]
        assert await matching(any_tags=(1, 3)) == [1, 2, 3]
        assert await matching(all_tags=(2, 3)) == [2]
        assert await matching(any_tags=(1, 2), all_tags=(3,)) == [2]
        assert await matching(creator_ids=(1,)) == [1]
        assert await matching(channel_ids=(5,)) == [1, 2]
        assert await matching(channel_ids=(6,)) == [2]
        assert await matching(currency="CNY") == [3, 4]
        assert await matching(currency="CNY", price_from=9_900, price_to=49_999) == [4]
        assert await matching(currency="CNY", price_from=9_901) == [3]
        assert await matching(currency="CNY", price_to=50_000) == [3, 4]
        assert await matching(formats=("NO_SUCH_FORMAT",)) == []
        assert await matching(any_tags=(999,)) == []

    async def test_the_time_of_publishing_narrows_to_the_second(self, backend):
        await put(
            backend, *(content(number, published_at=PUBLISHED + timedelta(seconds=number)) for number in (1, 2, 3))
        )

        second = PUBLISHED + timedelta(seconds=2)
        assert await found(backend, published_from=second) == [3, 2]
        assert await found(backend, published_before=second) == [1]
        assert await found(backend, published_from=second, published_before=second + timedelta(seconds=1)) == [2]

    # Facets and totals

    async def test_facets_count_every_match(self, backend):
        await put(
            backend,
            content(1, "咖啡", kind="ARTICLE", tag_ids=(1, 2)),
            content(2, "咖啡", kind="ARTICLE", tag_ids=(2,), creator_id=2),
            content(3, "咖啡", kind="GALLERY", language="en"),
            product(4, "咖啡", tag_ids=(2,)),
            content(5, "奶酪", kind="LIVE", tag_ids=(3,)),
            tombstone(6, version=1),
        )

        answer = await backend.search(Request(text_query("咖啡"), facets=tuple(Facet)))

        assert answer.total == 4
        assert answer.facets == {
            Facet.KIND: {"CONTENT": 3, "PRODUCT": 1},
            Facet.FORMAT: {"ARTICLE": 2, "GALLERY": 1},
            Facet.LANGUAGE: {"zh": 3, "en": 1},
            Facet.TAG: {"2": 3, "1": 1},
            Facet.CREATOR: {"1": 2, "2": 1},
        }

    async def test_the_number_beside_a_value_is_the_total_after_choosing_it(self, backend):
        await put(
            backend,
            content(1, kind="ARTICLE", language="zh", tag_ids=(1,)),
            content(2, kind="ARTICLE", language="en", tag_ids=(1, 2)),
            content(3, kind="GALLERY", language="en", tag_ids=(2,)),
        )
        chosen = Filters(formats=("ARTICLE",), all_tags=(1,))

        answer = await backend.search(
            Request(None, chosen, Order.NEWEST, facets=(Facet.FORMAT, Facet.LANGUAGE, Facet.TAG))
        )

        assert answer.facets[Facet.FORMAT] == {"ARTICLE": 2}
        for language, count in answer.facets[Facet.LANGUAGE].items():
            narrowed = await backend.search(Request(None, replace(chosen, languages=(language,)), Order.NEWEST))
            assert narrowed.total == count
        for tag, count in answer.facets[Facet.TAG].items():
            narrowed = await backend.search(Request(None, replace(chosen, all_tags=(1, int(tag))), Order.NEWEST))
            assert narrowed.total == count

    async def test_a_facet_leaves_its_own_filter_out(self, backend):
        await put(backend, content(1, kind="ARTICLE"), content(2, kind="GALLERY"), content(3, kind="LIVE"))

        answer = await backend.search(Request(None, Filters(formats=("LIVE",)), Order.NEWEST, facets=(Facet.FORMAT,)))

        assert answer.total == 1
        assert answer.facets[Facet.FORMAT] == {"ARTICLE": 1, "GALLERY": 1, "LIVE": 1}

    # Order and paging

    async def test_newest_first_has_no_end_and_no_repetition(self, backend):
        same_second = [content(number, published_at=PUBLISHED) for number in range(1, 30)]
        same_second += [product(number, published_at=PUBLISHED) for number in range(1, 30)]
        await put(backend, *same_second, content(99, published_at=PUBLISHED + timedelta(hours=1)))

        seen, query = [], SearchQuery(order=Order.NEWEST, first=7)
        while query is not None:
            page = await pages.page(backend, query, now=NOW)
            seen += [(hit.kind, hit.id) for hit in page.hits]
            query = replace(query, after=page.next) if page.next else None
            assert page.total == 59

        assert seen[0] == (Kind.CONTENT, 99)
        assert len(seen) == len(set(seen)) == 59

        back, query = [], SearchQuery(order=Order.NEWEST, first=7, is_backward=True)
        while query is not None:
            page = await pages.page(backend, query, now=NOW)
            back = [(hit.kind, hit.id) for hit in page.hits] + back
            assert (page.next is not None, page.total) == (query.before is not None, 59)
            query = replace(query, before=page.hits[0].position) if page.has_previous else None

        assert back == seen

    async def test_pages_by_relevance_show_each_match_once(self, backend):
        await put(backend, *(content(number, f"咖啡 {'浓缩 ' * (number % 5)}") for number in range(1, 461)))

        seen, query = [], SearchQuery("咖啡", first=70)
        while query is not None:
            page = await pages.page(backend, query, now=NOW)
            seen += [hit.id for hit in page.hits]
            query = replace(query, after=page.next) if page.next else None

        assert len(seen) == len(set(seen)) == 460

        back, query = [], SearchQuery("咖啡", first=70, is_backward=True)
        while query is not None:
            page = await pages.page(backend, query, now=NOW)
            back = [hit.id for hit in page.hits] + back
            assert (page.next is not None) == (query.before is not None)
            query = replace(query, before=page.hits[0].position) if page.has_previous else None

        assert back == seen

    async def test_newest_orders_the_matches_of_a_text(self, backend):
        await put(
            backend,
            content(1, "咖啡", published_at=PUBLISHED),
            content(2, "咖啡咖啡咖啡", published_at=PUBLISHED - timedelta(days=1)),
            content(3, "咖啡", published_at=PUBLISHED + timedelta(days=1)),
            content(4, "茶"),
        )

        page = await pages.page(backend, SearchQuery("咖啡", order=Order.NEWEST), now=NOW)

        assert [hit.id for hit in page.hits] == [3, 1, 2]

    # Scanning, reconciling, rebuilding

    async def test_a_scan_tells_ids_and_versions_of_one_kind_in_order(self, backend):
        await put(backend, content(3, version=7), content(1, version=5), product(2), tombstone(2, version=6))

        assert list(await backend.scan(Kind.CONTENT, after=0, limit=2)) == [Entry(1, 5, False), Entry(2, 6, True)]
        assert list(await backend.scan(Kind.CONTENT, after=2, limit=2)) == [Entry(3, 7, False)]
        assert list(await backend.scan(Kind.PRODUCT, after=0, limit=9)) == [Entry(2, 1, False)]

    async def test_drift_names_what_differs(self, backend):
        await put(backend, content(1), content(2), content(3, version=2), content(4), tombstone(5, version=2))

        async def truth(after: int, limit: int) -> Sequence[tuple[int, int]]:
            rows = [(2, 1), (3, 1), (4, 2), (5, 3), (6, 1)]
            return [row for row in rows if row[0] > after][:limit]

        drifts = [part async for part in indexing.drift(backend, Kind.CONTENT, truth)]

        assert drifts == [indexing.Drift(missing=(5, 6), stale=(4,), surplus=(1,), ahead=(3,))]

    async def test_a_rebuild_replaces_the_index_and_loses_no_update_on_the_way(self, backend):
        await put(backend, content(1, "旧内容"), content(2, "旧内容"), content(9, "不该存在"))

        async def rows() -> AsyncIterator[Sequence[Change]]:
            yield [content(1, "读到的", version=1)]
            await put(backend, content(2, "新内容", version=2), tombstone(3, version=2))
            assert await found(backend, "不该存在", creator_ids=(1,)) == [9], "the old index answers meanwhile"
            yield [content(2, "读到的", version=1), content(3, "读到的", version=1)]

        taken = await indexing.rebuild(backend, rows())

        assert taken == 1
        assert await found(backend, "读到的") == [1]
        assert await found(backend, "新内容") == [2]
        assert sorted(await found(backend)) == [1, 2]

    async def test_a_rebuild_that_fails_changes_nothing(self, backend):
        await put(backend, content(1, "旧内容"))

        async def rows() -> AsyncIterator[Sequence[Change]]:
            yield [content(2, "读到的")]
            raise RuntimeError("the stream broke")

        with pytest.raises(RuntimeError):
            await indexing.rebuild(backend, rows())

        assert await found(backend) == [1]
        await put(backend, content(3, "之后"))
        assert sorted(await found(backend)) == [1, 3]

    async def test_searches_go_on_while_the_index_is_rebuilt(self, backend):
        await put(backend, content(1, "咖啡"))
        done = asyncio.Event()

        async def search_until_done() -> set[tuple[int, ...]]:
            answers = set()
            while not done.is_set():
                answers.add(tuple(await found(backend, "咖啡")))
            return answers

        async def rows() -> AsyncIterator[Sequence[Change]]:
            for number in range(20):
                yield [content(number * 10 + one, "茶") for one in range(2, 12)]
            yield [content(1, "咖啡")]

        searching = asyncio.create_task(search_until_done())
        await indexing.rebuild(backend, rows())
        done.set()

        assert await searching == {(1,)}
