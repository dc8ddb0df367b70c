"""Names of tags in text, and what they suggest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from models import TaggingSource, TagState
from search import analysis
from services import merging, tag_matching, tag_proposals, tagging, vocabularies
from services.tag_matching import CurrentMatcher, Matcher, Name
from tests import make


def matcher(**names: str | list[str]) -> Matcher:
    """A matcher of tags numbered from 1, each with its names: the first is the label."""
    return Matcher(
        Name(analysis.fold(name), number, 1, is_label=place == 0)
        for number, given_names in enumerate(names.values(), 1)
        for place, name in enumerate([given_names] if isinstance(given_names, str) else given_names)
    )


def found(read: Matcher, text: str) -> list[tuple[int, str]]:
    matches = read.find(text)
    assert [match.surface for match in matches] == [text[match.start : match.end] for match in matches]
    return [(match.tag_id, match.surface) for match in matches]


@pytest.mark.parametrize(
    ("text", "surfaces"),
    [
        ("Oat milk, and more oat milk.", ["Oat milk", "oat milk"]),
        ("OAT MILK", ["OAT MILK"]),
        ("goat milk", []),
        ("oat milky", []),
        ("oat milk2", []),
        ("oat-milk", []),
        ("用oat milk做拿铁", ["oat milk"]),
        ("ＯＡＴ　ｍｉｌｋ", ["ＯＡＴ　ｍｉｌｋ"]),
        ("oát mi\u200blk", ["oát mi\u200blk"]),
        ("(oat milk)", ["oat milk"]),
        ("", []),
    ],
)
def test_latin_names_are_whole_words(text: str, surfaces: list[str]):
    assert [surface for _, surface in found(matcher(oat="Oat milk"), text)] == surfaces


def test_chinese_names_are_found_anywhere():
    assert found(matcher(camping="露营"), "周末去露营吧,露营地很多") == [(1, "露营"), (1, "露营")]


def test_names_of_mixed_scripts_end_where_their_words_end():
    read = matcher(shirt="T恤", case="iPhone壳")

    assert found(read, "白t恤配iphone壳子") == [(1, "t恤"), (2, "iphone壳")]
    assert found(read, "ut恤,myiPhone壳") == []


def test_the_longest_name_stands_where_names_overlap():
    read = matcher(fryer="空气炸锅", fried="炸锅", air="空气", cold="凉空气", pot="锅")

    assert found(read, "空气炸锅") == [(1, "空气炸锅")]
    assert found(read, "凉空气炸锅") == [(1, "空气炸锅")]
    assert found(read, "凉空气和炸锅") == [(4, "凉空气"), (2, "炸锅")]


def test_of_equally_long_names_that_overlap_the_first_stands():
    assert found(matcher(one="花茶", two="茶具"), "花茶具") == [(1, "花茶")]


def test_a_longer_name_that_is_no_whole_word_hides_no_shorter_one():
    assert found(matcher(bar="tea bar", tea="tea"), "tea bars") == [(2, "tea")]


def test_matches_stand_in_the_order_of_the_text():
    read = matcher(long="green tea", short="tea")

    assert found(read, "tea, green tea, tea") == [(2, "tea"), (1, "green tea"), (2, "tea")]


def test_a_name_that_several_taxonomies_use_counts_for_each():
    read = Matcher([Name("露营", 7, 1, is_label=True), Name("露营", 3, 2, is_label=False)])

    assert [match.tag_id for match in read.find("露营")] == [3, 7]


def test_within_a_taxonomy_a_label_goes_before_an_alias():
    read = Matcher([Name("chai", 1, 1, is_label=False), Name("chai", 2, 1, is_label=True)])

    assert [match.tag_id for match in read.find("chai")] == [2]


def test_places_are_those_of_the_original_text():
    text = "①…ﬁne ㍿茶"

    (match,) = matcher(tea="茶").find(text)

    assert (match.start, match.end, text[match.start : match.end]) == (7, 8, "茶")


def test_a_name_without_letters_is_never_found():
    assert matcher(signs="!!!", tea="茶").names_count == 1
    assert Matcher(()).find("茶") == []


@given(
    st.text(
        st.one_of(
            st.characters(exclude_categories=["Cc"]), st.sampled_from("eé\u0301\u3099かｶﾞ…½한\u1100\u1161\u11a8ßﬁ茶a")
        )
    )
)
def test_folding_piece_by_piece_folds_as_the_whole(text: str):
    folded, places = tag_matching._folded(text)

    assert folded == analysis.fold(text)
    assert len(folded) == len(text if places is None else places)
    assert places is None or all(0 <= start < end <= len(text) for start, end in places)


async def test_only_active_tags_are_looked_for(session: AsyncSession, clock: FixedClock):
    topic = await make.taxonomy(session, "topic")
    tea = await make.tag(session, topic, "tea", labels={"en": "Tea", "zh": "茶叶"})
    cha = await make.tag(session, topic, "cha", labels={"en": "Cha"})
    await make.tag(session, topic, "mate", labels={"en": "Mate"}, state=TagState.DEPRECATED)
    await make.tag(session, topic, "kombucha", labels={"en": "Kombucha"}, state=TagState.PROPOSED)
    await vocabularies.add_alias(session, SYSTEM, cha.uid, "Chai")
    await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock)

    read = await Matcher.of(session)

    assert found(read, "茶叶 tea cha chai mate kombucha") == [(tea.id, word) for word in ("茶叶", "tea", "cha", "chai")]


async def test_the_matcher_of_a_process_follows_the_vocabulary(session: AsyncSession, clock: FixedClock):
    topic = await make.taxonomy(session, "topic")
    tea, mate = await make.tag(session, topic, "tea"), await make.tag(session, topic, "mate")
    current = CurrentMatcher()
    first = await current.get(session)

    assert await current.get(session) is first
    await vocabularies.add_alias(session, SYSTEM, tea.uid, "cuppa")
    assert found(await current.get(session), "a cuppa") == [(tea.id, "cuppa")]
    await vocabularies.remove_alias(session, SYSTEM, tea.uid, "cuppa")
    assert found(await current.get(session), "a cuppa") == []
    await merging.merge(session, SYSTEM, mate.uid, tea.uid, clock=clock)
    assert found(await current.get(session), "mate") == [(tea.id, "mate")]


async def test_a_title_is_worth_more_than_the_text_and_more_finds_more(session: AsyncSession):
    topic = await make.taxonomy(session, "topic")
    tea, rice, soup, fig = [await make.tag(session, topic, code) for code in ("tea", "rice", "soup", "fig")]
    read = await Matcher.of(session)

    suggested = await tag_proposals.suggest(
        session, read, "Rice and rice. Soup. Tea. " + "Fig. " * 9, title="Tea for two"
    )

    assert [(one.tag.id, one.confidence, one.count) for one in suggested] == [
        (tea.id, 85, 2),
        (fig.id, 65, 9),
        (rice.id, 55, 2),
        (soup.id, 50, 1),
    ]
    assert [(match.start, match.surface) for match in suggested[2].matches] == [(0, "Rice"), (9, "rice")]


async def test_a_single_character_is_weak_evidence(session: AsyncSession):
    topic = await make.taxonomy(session, "topic")
    await make.tag(session, topic, "tea", labels={"zh": "茶"})

    (one,) = await tag_proposals.suggest(session, await Matcher.of(session), "一杯茶")

    assert one.confidence == 20


async def test_the_most_exact_tags_are_suggested_and_no_more_than_may_stand(session: AsyncSession):
    topic = await make.taxonomy(session, "category", is_tree=True, most_per_content=2)
    drinks = await make.tag(session, topic, "drinks")
    tea = await make.tag(session, topic, "tea", parent=drinks)
    rice, _soup = await make.tag(session, topic, "rice"), await make.tag(session, topic, "soup")
    read = await Matcher.of(session)

    suggested = await tag_proposals.suggest(session, read, "Drinks, drinks: tea! Rice, rice. Soup.")

    assert [one.tag.id for one in suggested] == [rice.id, tea.id]


async def test_a_matcher_older_than_the_vocabulary_suggests_nothing_given_up(session: AsyncSession):
    topic = await make.taxonomy(session, "topic")
    tea = await make.tag(session, topic, "tea")
    read = await Matcher.of(session)
    await vocabularies.deprecate(session, SYSTEM, tea.uid, reason="too broad")

    assert await tag_proposals.suggest(session, read, "tea") == []


async def proposals(session: AsyncSession, content: models.Content) -> list[tuple[Any, ...]]:
    tagging_ = models.Tagging
    rows = await session.execute(
        select(tagging_.tag_id, tagging_.source, tagging_.confidence, tagging_.is_confirmed)
        .where(tagging_.content_id == content.id)
        .order_by(tagging_.is_confirmed.desc(), tagging_.position)
    )
    return [tuple(row) for row in rows]


async def test_proposals_come_from_words_and_products_and_touch_no_confirmed_tag(session: AsyncSession):
    topic = await make.taxonomy(session, "topic")
    tea, lake, kettles, other = [await make.tag(session, topic, code) for code in ("tea", "lake", "kettles", "other")]
    kettle = await make.product(session, category_id=kettles.id)
    creator = await make.creator(session)
    content = await make.content(session, creator, text="Tea, then the lake.", tags=(tea,), products=(kettle,))
    session.add(
        models.Tagging(
            content_id=content.id, tag_id=other.id, position=0, source=TaggingSource.RULE, is_confirmed=False
        )
    )
    untouched = await make.content(session, creator, text="Tea.")
    await session.flush()

    written = await tag_proposals.propose(session, [content.id])

    expected = [
        (tea.id, TaggingSource.AUTHOR, 100, True),
        (kettles.id, TaggingSource.RULE, 60, False),
        (lake.id, TaggingSource.RULE, 50, False),
    ]
    assert (written, await proposals(session, content)) == (2, expected)
    assert await proposals(session, untouched) == []
    await session.refresh(content)
    assert (content.tag_ids, content.version) == ([tea.id], 1)
    assert await tagging.disagreements(session) == 0
    assert await tag_proposals.propose(session, [content.id]) == 2
    assert await proposals(session, content) == expected


async def test_a_draft_is_read_before_what_is_live(session: AsyncSession):
    topic = await make.taxonomy(session, "topic")
    rice = await make.tag(session, topic, "rice")
    content = await make.content(session, await make.creator(session), live=False, title="Rice", text="")

    assert await tag_proposals.propose(session, [content.id, 10**9]) == 1
    assert await proposals(session, content) == [(rice.id, TaggingSource.RULE, 80, False)]


async def test_proposing_costs_as_many_statements_for_many_contents_as_for_one(session: AsyncSession):
    topic = await make.taxonomy(session, "topic")
    await make.tag(session, topic, "tea")
    creator = await make.creator(session)
    rows = [await make.content(session, creator, text="Tea.") for _ in range(10)]
    counted: list[str] = []
    connection = (await session.connection()).sync_connection
    event.listen(connection, "before_cursor_execute", lambda *call: counted.append(call[2]))

    await tag_proposals.propose(session, [rows[0].id])
    one, counted[:] = len(counted), []
    await tag_proposals.propose(session, [row.id for row in rows])

    assert (one, len(counted)) == (8, 8)
