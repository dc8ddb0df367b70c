"""What changed between two versions: the fewest pieces, and never at any price."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import differences
from services.differences import Budget, Change, Words, between, changed_text


def told(before: str, after: str) -> str:
    marks = {Change.SAME: "{}", Change.REMOVED: "[-{}-]", Change.ADDED: "[+{}+]"}
    return "".join(marks[run.change].format(run.text) for run in changed_text(before, after, Budget()))


def paragraph(text: str) -> dict[str, Any]:
    return {"type": "paragraph", "spans": [{"text": text, "marks": [], "href": None}]}


def words(*body: dict[str, Any], **values: Any) -> Words:
    return Words(**{"title": "T", "summary": "", "details": {}} | values, body=body)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("same", "same", ""),
        ("", "new words", "[+new words+]"),
        ("old", "", "[-old-]"),
        ("a cup of tea", "a pot of green tea", "a [-cup-][+pot+] of[+ green+] tea"),
        ("喝一杯绿茶吧", "喝一壶绿茶", "喝一[-杯-][+壶+]绿茶[-吧-]"),
        ("iPhone壳真好", "iPhone 壳很好", "iPhone[+ +]壳[-真-][+很+]好"),
        ("one two", "one\ntwo", "one[- -][+\n+]two"),
    ],
)
def test_texts_differ_by_words_and_by_signs(before: str, after: str, expected: str):
    assert told(before, after) == expected


@given(st.text(alphabet="ab 茶水\n", max_size=40), st.text(alphabet="ab 茶水\n", max_size=40))
@settings(max_examples=150, deadline=None)
def test_both_texts_can_be_read_off_their_difference(before: str, after: str):
    runs = changed_text(before, after, Budget())

    if before == after:
        assert runs == ()
    else:
        assert "".join(run.text for run in runs if run.change is not Change.ADDED) == before
        assert "".join(run.text for run in runs if run.change is not Change.REMOVED) == after
        assert all(one.change is not other.change for one, other in itertools.pairwise(runs))


def test_blocks_come_go_and_change_at_their_places():
    before = words(paragraph("Kept."), paragraph("A cup of tea."), {"type": "divider"}, paragraph("Gone."))
    after = words(
        {"type": "heading", "level": 2, "text": "New"},
        paragraph("Kept."),
        paragraph("A pot of tea."),
        {"type": "divider"},
    )

    found = between(before, after).blocks

    assert [(one.change, one.place_before, one.place_after) for one in found] == [
        (Change.ADDED, None, 0),
        (Change.CHANGED, 1, 2),
        (Change.REMOVED, 3, None),
    ]
    assert [(run.change, run.text) for run in found[1].runs] == [
        (Change.SAME, "A "),
        (Change.REMOVED, "cup"),
        (Change.ADDED, "pot"),
        (Change.SAME, " of tea."),
    ]


def test_blocks_of_another_type_go_and_come():
    found = between(words(paragraph("Tea.")), words({"type": "heading", "level": 2, "text": "Tea."})).blocks

    assert [one.change for one in found] == [Change.REMOVED, Change.ADDED]


def test_a_change_of_marks_alone_is_a_change_without_words():
    strong = {"type": "paragraph", "spans": [{"text": "Tea.", "marks": ["strong"], "href": None}]}

    (one,) = between(words(paragraph("Tea.")), words(strong)).blocks

    assert (one.change, one.runs) == (Change.CHANGED, ())


def test_the_formats_own_part_differs_value_by_value():
    before = {"pictures": [{"asset": "a", "caption": "Old"}], "form": {"subject": "tea"}, "rank": 1}
    after = {"pictures": [{"asset": "a", "caption": "New"}, {"asset": "b", "caption": ""}], "form": {}, "rank": 1}

    found = between(words(details=before), words(details=after)).details

    assert [(one.path, one.before, one.after) for one in found] == [
        ("pictures.0.caption", "Old", "New"),
        ("form.subject", "tea", None),
        ("pictures.1.asset", None, "b"),
    ]


def test_texts_with_nothing_in_common_are_told_as_replaced():
    before, after = " ".join(f"a{n}" for n in range(300)), " ".join(f"b{n}" for n in range(300))

    assert [run.change for run in changed_text(before, after, Budget())] == [Change.REMOVED, Change.ADDED]


def test_the_price_is_bounded_whatever_is_compared():
    one, other = "茶水" * 25_000, "水饭茶" * 16_000
    budget = Budget()

    begun = time.process_time()
    runs = changed_text(one, other, budget)

    assert [run.change for run in runs] == [Change.REMOVED, Change.ADDED]
    assert -20_000 < budget.steps < 0
    assert time.process_time() - begun < 10
    # and what is compared next gets no more
    assert [run.change for run in changed_text("a b c", "b c d", budget)] == [Change.REMOVED, Change.ADDED]
    assert differences.MOST_STEPS == 500_000
