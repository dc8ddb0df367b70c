from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from search.matching import Gate, text_query
from search.query import Facet, Filters, Order, PageTooDeep, Position, SearchQuery, SearchRefused, check


def refused(query: SearchQuery) -> list[tuple[str, tuple[str | int, ...]]]:
    with pytest.raises(SearchRefused) as caught:
        check(query, text_limit=300, page_limit=100)
    return [(problem.code, problem.path) for problem in caught.value.problems]


def test_a_query_at_its_limits_is_let_pass():
    check(
        SearchQuery(
            "x" * 300,
            Filters(any_tags=tuple(range(100)), currency="CNY", price_from=0, price_to=2**63 - 1),
            first=100,
            after=Position(Order.RELEVANCE, 999),
            facets=tuple(Facet),
        ),
        text_limit=300,
        page_limit=100,
    )


def test_everything_wrong_is_named_at_once():
    query = SearchQuery(
        "x" * 301,
        Filters(
            formats=tuple(map(str, range(101))),
            creator_ids=(-1,),
            price_from=-5,
            published_from=datetime(2026, 1, 1),  # noqa: DTZ001  (that is the point)
        ),
        first=0,
        after=Position(Order.NEWEST, 1),
        facets=(Facet.TAG, Facet.TAG),
    )

    assert refused(query) == [
        ("SEARCH_TEXT_TOO_LONG", ("text",)),
        ("PAGE_SIZE_OUT_OF_RANGE", ("first",)),
        ("CURSOR_OF_ANOTHER_QUERY", ("after",)),
        ("FACET_NAMED_TWICE", ("facets",)),
        ("TOO_MANY_FILTER_VALUES", ("filters", "formats")),
        ("UNKNOWN_FILTER_VALUE", ("filters", "creator_ids")),
        ("PRICE_WITHOUT_CURRENCY", ("filters", "currency")),
        ("PRICE_OUT_OF_RANGE", ("filters", "price_from")),
        ("INSTANT_WITHOUT_ZONE", ("filters", "published_from")),
    ]


@pytest.mark.parametrize("first", [0, -1, 101])
def test_a_page_has_one_to_a_hundred_hits(first):
    assert refused(SearchQuery("x", first=first)) == [("PAGE_SIZE_OUT_OF_RANGE", ("first",))]


def test_paging_by_relevance_ends_at_the_stated_depth():
    with pytest.raises(PageTooDeep) as caught:
        check(SearchQuery("x", after=Position(Order.RELEVANCE, 1_000)), text_limit=300, page_limit=100)

    assert [problem.code for problem in caught.value.problems] == ["PAGE_TOO_DEEP"]


@pytest.mark.parametrize("text", ["", "   "])
def test_without_text_the_order_is_newest_first(text):
    assert SearchQuery(text).effective_order is Order.NEWEST
    assert SearchQuery("x").effective_order is Order.RELEVANCE


def test_a_cursor_is_bound_to_text_filter_and_order_and_not_to_the_page_size():
    query = SearchQuery("咖啡", Filters(formats=("ARTICLE",)))
    others = [
        replace(query, text="茶"),
        replace(query, filters=Filters(formats=("GALLERY",))),
        replace(query, filters=Filters(published_from=datetime(2026, 1, 1, tzinfo=UTC))),
        replace(query, order=Order.NEWEST),
    ]

    assert replace(query, first=99, facets=(Facet.TAG,), text=" 咖啡 ").scope == query.scope
    assert len({query.scope, *(other.scope for other in others)}) == 5


def test_a_text_becomes_terms_in_every_field_and_a_gate_for_what_is_close():
    query = text_query("红茶 tea")

    assert {(term.field, term.token): term.weight for term in query.terms} == {
        **{(f"{zone}_characters", token): weight for zone, weight in ZONES for token in ("红", "茶", "tea")},
        **{(f"{zone}_bigrams", token): weight for zone, weight in ZONES for token in ("红茶", "te", "ea")},
        **{(f"{zone}_words", token): weight for zone, weight in ZONES for token in ("红茶", "tea")},
    }
    assert query.close == Gate((("all_characters", "红"), ("all_characters", "茶"), ("all_words", "tea")), 3)


ZONES = (("title", 0.5), ("all", 1.0))


def test_a_long_text_asks_for_a_bounded_number_of_tokens():
    text = "".join(chr(0x4E00 + number) for number in range(300))

    assert len(text_query(text).terms) <= 64 * 6


@pytest.mark.parametrize("text", ["", "  ", "！？", "\x00\ud800"])
def test_a_text_without_words_is_no_question(text):
    assert text_query(text) is None


@pytest.mark.parametrize(
    ("text", "tokens", "needed"),
    [
        ("锅", "锅", 1),
        ("Shoes", "shoe", 1),
        ("running shoes", "run shoe", 2),
        ("iPhone15壳", "iphon 15 壳", 3),
        ("空气炸锅", "空 气 炸 锅", 3),
        ("空气炸锅怎么用", "空 气 炸 锅 怎 么 用", 6),
        ("的的的", "的", 1),
    ],
)
def test_close_means_all_of_a_short_text_and_most_of_a_long_one(text, tokens, needed):
    gate = text_query(text).close

    assert " ".join(token for _, token in gate.tokens) == tokens
    assert gate.needed == needed


@pytest.mark.parametrize(
    ("text", "pairs", "needed"),
    [
        ("ip", "ip", 1),
        ("tea", "te ea", 2),
        ("iPhone壳", "ip ph ho on ne", 3),
        ("crossingfield", "cr ro os ss si in ng gf fi ie el ld", 6),
        ("x 5", "x 5", 2),
    ],
)
def test_what_is_spelled_alike_matches_too(text, pairs, needed):
    units, alike = text_query(text).loose

    assert units.needed == 1
    assert (" ".join(token for _, token in alike.tokens), alike.needed) == (pairs, needed)
    assert {field for field, _ in alike.tokens} == {"title_bigrams"}


def test_chinese_is_alike_by_its_characters_alone():
    [units] = text_query("空气炸锅").loose

    assert units == Gate(tuple(("all_characters", character) for character in "空气炸锅"), 1)
