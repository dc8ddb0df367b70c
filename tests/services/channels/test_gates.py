"""Gates on the creator: every arm at its edge, the tree, and the third answer when a fact is not known."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.channels.findings import NextState, Outcome
from tests.services.channels.channel_facts import creator, facts, gated, judged, kept_out, only, pack


@pytest.mark.parametrize(
    ("gate", "passing", "failing", "code", "actual", "allowed"),
    [
        ("level={min=2,max=4}", {"level": 4}, {"level": 5}, "level", 5, {"min": 2, "max": 4}),
        ("level={min=2}", {"level": 2}, {"level": 1}, "level", 1, {"min": 2, "max": 6}),
        (
            'role={any=["gardener","baker"]}',
            {"roles": frozenset({"baker"})},
            {"roles": frozenset({"florist"})},
            "role",
            ["florist"],
            {"any": ["gardener", "baker"]},
        ),
        ('field={any=["food"]}', {"fields": frozenset({"food"})}, {}, "field", [], {"any": ["food"]}),
        ('kind={any=["MERCHANT"]}', {"kind": "MERCHANT"}, {}, "kind", "SELF_MEDIA", {"any": ["MERCHANT"]}),
        (
            'score={score="index",min=600}',
            {"scores": {"index": 600}},
            {"scores": {"index": 599}},
            "score",
            599,
            {"score": "index", "min": 600},
        ),
        ("followers={min=20000}", {}, {"followers_count": 19_999}, "followers", 19_999, {"min": 20_000}),
        ("certified_days={min=90}", {}, {"certified_on": date(2026, 8, 27)}, "certified_days", 89, {"min": 90}),
        (
            "published_in_window={days=30,min=30}",
            {},
            {"published_30d_count": 29},
            "published_in_window",
            29,
            {"days": 30, "min": 30},
        ),
        ("pass_rate={min=50}", {"pass_rate": 50}, {"pass_rate": 49}, "pass_rate", 49, {"min": 50}),
        (
            'samples={min=3,formats=["ARTICLE","GALLERY"]}',
            {"accepted_by_format": {"ARTICLE": 1, "GALLERY": 2}},
            {"accepted_by_format": {"ARTICLE": 2, "QNA": 9}},
            "samples",
            2,
            {"formats": ["ARTICLE", "GALLERY"], "min": 3},
        ),
        (
            "samples={min=1}",
            {"accepted_by_format": {"QNA": 1}},
            {"accepted_by_format": {}},
            "samples",
            0,
            {"formats": [], "min": 1},
        ),
        ("seller={is=false}", {}, {"is_seller": True}, "seller", True, {"is": False}),
        ("seller={is=true}", {"is_seller": True}, {}, "seller", False, {"is": True}),
        ("invited={}", {"invited_channels": frozenset({"test.entry"})}, {}, "invited", False, True),
        ("connected={}", {"connected_channels": frozenset({"test"})}, {}, "connected", False, True),
        (
            "single_field={}",
            {"fields": frozenset({"food"})},
            {"fields": frozenset({"food", "home"})},
            "single_field",
            ["food", "home"],
            1,
        ),
    ],
)
def test_each_arm_lets_in_up_to_its_edge_and_says_how_far_the_others_are(gate, passing, failing, code, actual, allowed):
    assert kept_out(gate, **passing) == []
    assert kept_out(gate, **failing) == [(f"creator.{code}", "failed", actual, allowed)]


@pytest.mark.parametrize(
    ("gate", "unknown"),
    [
        ("level={min=2}", {"level": None}),
        ('kind={any=["MERCHANT"]}', {"kind": None}),
        ('score={score="health",min=1}', {}),
        ('score={score="index",min=1}', {"scores": {"index": None}}),
        ("followers={min=0}", {"followers_count": None}),
        ("certified_days={min=0}", {"certified_on": None}),
        ("published_in_window={days=30,min=1}", {"published_30d_count": None}),
        ("pass_rate={min=0}", {"pass_rate": None}),
        ("samples={min=1}", {"accepted_by_format": None}),
        ("seller={is=false}", {"is_seller": None}),
    ],
)
def test_what_is_not_known_of_a_creator_opens_no_gate(gate, unknown):
    ((_, status, actual, _),) = kept_out(gate, **unknown)

    assert (status, actual) == ("unknown", None)
    assert kept_out(f"not={{ {gate} }}", **unknown)[0][:3] == ("gate.not", "unknown", None)


def test_a_creator_who_does_not_pass_makes_it_impossible_and_every_reason_is_told():
    gate = 'all=[{level={min=4}},{score={score="index",min=680}},{followers={min=1}}]'

    evaluation = judged(gated(gate), facts())

    assert (evaluation.outcome, evaluation.next_state) == (Outcome.IMPOSSIBLE, NextState.REJECTED)
    assert [(each.place, each.actual) for each in evaluation.findings] == [("gates.all.0", 3), ("gates.all.1", 650)]


def test_findings_about_the_content_are_told_along_with_the_gates():
    body = '[gates]\nlevel={min=4}\n[[rules]]\nkind="product.count"\nmin=1'

    evaluation = judged(pack(body), facts())

    assert evaluation.outcome is Outcome.IMPOSSIBLE
    assert [each.code for each in evaluation.findings] == ["creator.level", "product.count"]


def test_one_of_several_ways_in_is_enough_and_none_names_them_all():
    gate = 'any=[{role={any=["baker"]}},{kind={any=["MERCHANT"]}},{all=[{level={min=2}},{field={any=["food"]}}]}]'

    assert kept_out(gate, kind="MERCHANT") == []
    assert kept_out(gate, fields=frozenset({"food"})) == []
    assert [code for code, *_ in kept_out(gate)] == ["creator.role", "creator.kind", "creator.field"]


def test_a_not_keeps_out_whom_it_names():
    gate = "not={ any=[{level={max=1}},{seller={is=true}}] }"

    assert kept_out(gate) == []
    assert kept_out(gate, level=1) == [
        ("gate.not", "failed", True, {"not": {"any": [{"level": {"max": 1}}, {"seller": {"is": True}}]}})
    ]


def test_a_not_around_what_cannot_be_told_cannot_be_told():
    gate = "not={ any=[{followers={min=1}},{seller={is=true}}] }"

    assert [status for _, status, _, _ in kept_out(gate, followers_count=None)] == ["unknown"]
    assert [status for _, status, _, _ in kept_out(gate, followers_count=None, is_seller=True)] == ["failed"]


def test_a_gate_speaks_both_languages_and_names_its_source():
    gate = 'level={min=4}\nnote="or a shop"\nsource={provenance="captured",confidence="D"}'

    finding = only(judged(gated(gate), facts(creator_=creator(level=2))))

    assert finding.message_en == "This entry asks for a level from L4 to L6 (the creator: L2)."
    assert finding.message_zh == "本入口要求等级在 L4 至 L6 之间（创作者：L2）。"
    assert finding.evidence == {"note": "or a shop", "source": {"provenance": "captured", "confidence": "D"}}


def test_days_since_certification_pass_in_the_channels_own_zone():
    given = facts(creator_=creator(certified_on=date(2026, 11, 24)))
    late_in_utc = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)

    assert judged(gated("certified_days={min=1}"), given, at=late_in_utc).outcome is Outcome.ELIGIBLE
    assert judged(gated("certified_days={min=2}"), given, at=late_in_utc).findings[0].actual == 1
