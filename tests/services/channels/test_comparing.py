"""Two versions of a pack compared by what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from services.channels.comparing import Change, changes
from tests.services.packs import pack

TITLE = {"kind": "text.length", "field": "title", "max": 19}
SUMMARY = {"kind": "text.length", "field": "summary", "max": 100}
COVERS = {"kind": "image.count", "of": "covers", "allowed": [1, 3]}
SLOW = {"text": "Slow.", "note": "seen"}


def compared(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [str(change) for change in changes(pack("test.one", **before), pack("test.one", **after))]


def test_one_version_has_no_changes():
    assert compared({"rules": [TITLE]}, {"rules": [{**TITLE, "unit": "graphemes", "severity": "block"}]}) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            {"rules": [TITLE, SUMMARY, COVERS]},
            {"rules": [COVERS, {**TITLE, "max": 20}]},
            [
                "~ rules text.length title: title: at most 19 characters → title: at most 20 characters",
                "- rules text.length: summary: at most 100 characters, block → (nothing)",
            ],
        ),
        (
            {"rules": [TITLE]},
            {"rules": [{**TITLE, "severity": "score", "weight": 5}, TITLE]},
            ["+ rules text.length: (nothing) → title: at most 19 characters, score −5"],
        ),
        ({"rules": [TITLE, COVERS]}, {"rules": [COVERS, TITLE]}, ["~ order: the same, in another order → the same, in this order"]),
        (
            {"gates": {"level": {"min": 2}}},
            {"gates": {"all": [{"seller": {"is": True}}, {"level": {"min": 3}}]}},
            [
                "~ gates: a level from L2 to L6 → a level from L3 to L6",
                "+ gates: (nothing) → a seller",
            ],
        ),
        (
            {"gates": {"any": [{"invited": {}}, {"level": {"min": 2}}]}},
            {},
            ["- gates: an invitation or a level from L2 to L6 → (nothing)"],
        ),
        (
            {"selector": {"formats": ["QNA", "LIVE"]}, "audit": {"path": ["machine"]}},
            {"selector": {"formats": ["LIVE", "QNA"]}, "audit": {"path": ["machine", "human"], "human_hours": 24}},
            ["+ audit.path: (nothing) → machine, human", "+ audit.human_hours: (nothing) → 24"],
        ),
        (
            {"quota": {"by_level": [{"max": 1, "per_creator_per_day": 1}, {"min": 2, "per_creator_per_day": 5}]}},
            {"quota": {"by_level": [{"min": 2, "per_creator_per_day": 6}], "total": 9}},
            [
                "- quota.by_level.L0-L1.max: 1 → (nothing)",
                "- quota.by_level.L0-L1.per_creator_per_day: 1 → (nothing)",
                "~ quota.by_level.L2-L6.per_creator_per_day: 5 → 6",
                "+ quota.total: (nothing) → 9",
            ],
        ),
        (
            {"rendering": {"title": {"fields": ["title"], "max": 19}}, "facts": [{**SLOW, "confidence": "C"}]},
            {"rendering": {"title": {"fields": ["title"]}}, "facts": [{**SLOW, "confidence": "A"}]},
            ["- rendering.title.max: 19 → (nothing)", "~ facts “Slow.”: confidence C, note seen → confidence A, note seen"],
        ),
        (
            {"examples": [{"name": "one", "must": "pass"}]},
            {"examples": [{"name": "two", "must": "pass"}]},
            ["- examples “one”: must pass → (nothing)", "+ examples “two”: (nothing) → must pass"],
        ),
    ],
)  # fmt: skip
def test_a_change_is_told_by_its_meaning(before, after, said):
    assert compared(before, after) == said


def test_a_change_that_no_words_tell_is_told_as_it_is_written():
    rule = {"kind": "text.length", "field": "title", "max": 9}

    (found,) = changes(pack("test.one", rules=[{**rule, "weight": 5}]), pack("test.one", rules=[rule]))

    assert found.sort == "changed"
    assert (found.before, found.after) == (
        '{"field":"title","kind":"text.length","max":9,"weight":5}',
        '{"field":"title","kind":"text.length","max":9}',
    )


def test_every_difference_of_digests_is_a_change():
    bare = pack("test.one")
    others = [
        pack("test.one", name={"en": "Other", "zh": "其他"}),
        pack("test.one", min_score=50, rules=[{**COVERS, "severity": "score", "weight": 60}]),
        pack("test.one", accepts_declared=True),
        pack("test.one", external_id="7"),
    ]

    assert [bool(changes(bare, other)) for other in others] == [True] * 4
    assert changes(bare, others[3]) == (Change("added", "external_id", "", "", "7"),)
