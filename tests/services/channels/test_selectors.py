"""Which entries a content is for: each condition, and an index that equals asking entry by entry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.channels.dossiers import Dossier
from services.channels.facts import Facts, TagFacts
from services.channels.findings import NextState, Outcome
from services.channels.packs import Pack, Selector, TagClause
from services.channels.selectors import SelectorIndex, mismatches
from services.channels.terms import FORMATS
from tests.services.channels.channel_facts import AT, content, creator, dossier, facts, judged, pack, tagged


@pytest.mark.parametrize(
    ("selector", "facts_", "codes"),
    [
        ("", {}, []),
        ('formats=["QNA","ARTICLE"]', {}, []),
        ('formats=["QNA"]', {}, ["selector.format"]),
        ('languages=["zh"]', {"language": "zh-Hans"}, []),
        ('languages=["zh"]', {"language": "zho"}, ["selector.language"]),
        ('languages=["zh-Hant"]', {"language": "zh"}, ["selector.language"]),
        ('creator_fields=["food"]', {}, ["selector.creator_fields"]),
        ('tags=[{taxonomy="category",any=["apparel"]}]', {"tags": tagged(category=("wool<scarves<apparel",))}, []),
        ('tags=[{taxonomy="category",any=["wool"]}]', {"tags": tagged(category=("apparel",))}, ["selector.tags"]),
        ('tags=[{taxonomy="scene",any=["apparel"]}]', {"tags": tagged(category=("apparel",))}, ["selector.tags"]),
        ('tags=[{taxonomy="scene",all=["a","b"]}]', {"tags": tagged(scene=("a", "b<c"))}, []),
        ('tags=[{taxonomy="scene",all=["a","b"]}]', {"tags": tagged(scene=("a",))}, ["selector.tags"]),
        ('tags=[{taxonomy="scene",none=["a"]}]', {}, []),
        ('tags=[{taxonomy="scene",none=["a"]}]', {"tags": tagged(scene=("b<a",))}, ["selector.tags"]),
        (
            'formats=["QNA"]\nlanguages=["zh"]\ntags=[{taxonomy="scene",any=["a"]},{taxonomy="topic",any=["b"]}]',
            {},
            ["selector.format", "selector.language", "selector.tags", "selector.tags"],
        ),
    ],
)
def test_a_selector_takes_what_it_names_and_descendants(selector, facts_, codes):
    assert [each.code for each in mismatches(pack(selector=selector).selector, dossier(**facts_))] == codes


def test_what_is_not_for_an_entry_hears_why_and_nothing_of_its_rules():
    body = '[[rules]]\nkind="product.count"\nmin=6\n[gates]\nlevel={min=6}'

    evaluation = judged(pack(body, selector='formats=["QNA"]'), facts())

    assert (evaluation.outcome, evaluation.next_state) == (Outcome.NOT_FOR_THIS, NextState.REJECTED)
    assert [(each.code, each.place, each.actual) for each in evaluation.findings] == [
        ("selector.format", "selector.formats", "ARTICLE")
    ]


CODES = ["a", "b", "c", "d"]
TAXONOMIES = ["scene", "topic"]
SUBSETS = st.lists(st.sampled_from(CODES), max_size=2, unique=True).map(tuple)
CLAUSES = st.builds(
    TagClause.model_construct, taxonomy=st.sampled_from(TAXONOMIES), any=SUBSETS, all=SUBSETS, none=SUBSETS
)
SELECTORS = st.builds(
    Selector.model_construct,
    formats=st.lists(st.sampled_from([*FORMATS[:3]]), max_size=2, unique=True).map(tuple),
    languages=st.lists(st.sampled_from(["zh", "en"]), max_size=1).map(tuple),
    creator_fields=SUBSETS,
    tags=st.lists(CLAUSES, max_size=2).map(tuple),
)
TAGS = st.builds(TagFacts, st.sampled_from(CODES), SUBSETS)
FACTS = st.builds(
    lambda form, language, tags, fields: Facts(
        content(format=form, language=language, tags=tags), creator(fields=frozenset(fields))
    ),
    st.sampled_from([*FORMATS[:3], "PODCAST"]),
    st.sampled_from(["zh", "zh-Hans", "en"]),
    st.dictionaries(st.sampled_from(TAXONOMIES), st.lists(TAGS, max_size=3).map(tuple)),
    SUBSETS,
)


@given(st.lists(SELECTORS, max_size=8), FACTS)
def test_the_index_finds_what_asking_entry_by_entry_finds(selectors, given_facts):
    base = pack()
    packs: list[Pack] = [
        base.model_copy(update={"key": f"p.{index}", "selector": selector}) for index, selector in enumerate(selectors)
    ]
    asked = Dossier(given_facts, AT)

    matching = SelectorIndex(packs).matching(asked)

    assert matching == [each.key for each in packs if not list(mismatches(each.selector, asked))]


def test_the_index_does_not_ask_entries_of_other_tags(monkeypatch):
    packs = [pack(key=f"t.e{i}", selector=f'tags=[{{taxonomy="scene",any=["s{i}"]}}]') for i in range(50)]
    index = SelectorIndex(packs)
    asked = []
    monkeypatch.setattr(
        "services.channels.selectors.mismatches", lambda selector, _: iter(asked.append(selector) or ())
    )

    assert index.matching(dossier(tags=tagged(scene=("s7",)))) == ["t.e7"]
    assert asked == [packs[7].selector]
