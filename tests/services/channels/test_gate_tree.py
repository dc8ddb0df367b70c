"""Gates judged to the last arm: what is met and missing, how far, what stands in the way; never another word than the engine's."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.channels import admission
from services.channels.arms import Applicant, CertifiedDaysArm, LevelArm, SellerArm
from services.channels.gate_tree import GateNode, GateStatus, distance, judged
from services.channels.gates import Gate
from tests.services.channels.channel_facts import AT, creator, gated, pack


def tree(gate: str, **facts: Any) -> GateNode:
    found = judged(gated(gate), creator(**facts), at=AT)
    assert found is not None
    return found


def told(node: GateNode) -> list[tuple[int, str, str, bool]]:
    return [(depth, one.place, one.status.value, one.blocks) for depth, one in node.walk()]


def test_an_entry_without_gates_has_no_tree():
    assert judged(pack(), creator(), at=AT) is None


def test_each_arm_says_what_is_there_what_is_asked_and_how_far():
    found = tree(
        'all=[{level={min=2}},{score={score="index",min=680}},{followers={min=20500}},{pass_rate={min=50}}]',
        pass_rate=None,
    )

    assert [(one.status.value, one.actual, one.wanted, one.distance) for one in found.arms] == [
        ("MET", 3, {"min": 2, "max": 6}, 0),
        ("MISSING", 650, {"score": "index", "min": 680}, 30),
        ("MISSING", 20_000, {"min": 20_500}, 500),
        ("UNKNOWN", None, {"min": 50}, None),
    ]
    assert [one.words.en for one in found.arms][2:] == [
        "At least 20,500 followers: no (20,000, 500 short).",
        "A pass rate of at least 50 %: not known of this creator.",
    ]
    assert found.arms[2].words.zh == "至少 20,500 位粉丝：未满足（20,000，还差 500）。"
    assert (found.status, found.words.en, found.distance) == (
        GateStatus.MISSING,
        "All of these: 1 of 4 hold.",
        3,
    )


def test_what_stands_beside_something_that_is_enough_is_in_nobodys_way():
    some = "any=[{level={min=5}},{all=[{seller={is=true}},{level={min=1}}]}]"

    assert told(tree(some, is_seller=True)) == [
        (0, "gates", "MET", False),
        (1, "gates.any.0", "MISSING", False),
        (1, "gates.any.1", "MET", False),
        (2, "gates.any.1.all.0", "MET", False),
        (2, "gates.any.1.all.1", "MET", False),
    ]
    assert told(tree(some)) == [
        (0, "gates", "MISSING", True),
        (1, "gates.any.0", "MISSING", True),
        (1, "gates.any.1", "MISSING", True),
        (2, "gates.any.1.all.0", "MISSING", True),
        (2, "gates.any.1.all.1", "MET", False),
    ]


def test_under_a_not_what_holds_stands_in_the_way():
    found = tree("not={any=[{level={min=6}},{level={max=3}}]}")

    assert told(found) == [
        (0, "gates", "MISSING", True),
        (1, "gates.not", "MET", True),
        (2, "gates.not.any.0", "MISSING", False),
        (2, "gates.not.any.1", "MET", True),
    ]
    assert found.words.en == "This must not hold: a level from L6 to L6 or a level from L0 to L3; it does."
    assert told(tree("not={level={min=6}}"))[0] == (0, "gates", "MET", False)
    assert told(tree("not={level={min=6}}", level=None))[0] == (0, "gates", "UNKNOWN", True)


@pytest.mark.parametrize(
    ("arm", "actual", "far"),
    [
        (LevelArm(min=2, max=4), 1, 1),
        (LevelArm(min=2, max=4), 2, 0),
        (LevelArm(min=2, max=4), 6, -2),
        (CertifiedDaysArm(min=90), 89, 1),
        (CertifiedDaysArm(min=90), 90, 0),
        (SellerArm.model_validate({"is": True}), False, None),
    ],
)
def test_the_distance_is_by_how_much_a_number_has_to_change(arm, actual, far):
    assert distance(arm, actual) == far


def test_a_day_begins_in_the_zone_of_the_channel():
    late = AT.replace(hour=17)  # the 25th in Shanghai

    found = judged(gated("certified_days={min=1}"), creator(certified_on=date(2026, 11, 24)), at=late)

    assert found is not None
    assert (found.status, found.actual) == (GateStatus.MET, 1)


LEAVES = st.sampled_from(
    [
        {"level": {"min": 2, "max": 4}},
        {"followers": {"min": 100}},
        {"pass_rate": {"min": 50}},
        {"seller": {"is": True}},
        {"single_field": {}},
    ]
)
GATES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=0, max_size=3).map(lambda arms: {"all": arms}),
        st.lists(inner, min_size=1, max_size=3).map(lambda arms: {"any": arms}),
        inner.map(lambda arm: {"not": arm}),
    ),
    max_leaves=6,
)
CREATORS = st.fixed_dictionaries(
    {
        "level": st.sampled_from([None, 1, 3, 5]),
        "followers_count": st.sampled_from([None, 99, 100]),
        "pass_rate": st.sampled_from([None, 49, 50]),
        "is_seller": st.sampled_from([None, True, False]),
        "fields": st.sampled_from([frozenset(), frozenset({"food"}), frozenset({"food", "home"})]),
    }
)
SAME = {True: GateStatus.MET, False: GateStatus.MISSING, None: GateStatus.UNKNOWN}


@settings(max_examples=50, derandomize=True, database=None, deadline=None)
@given(gate=GATES, facts=CREATORS)
def test_the_tree_and_the_engine_agree_on_who_is_let_in(gate, facts):
    one = pack().model_copy(update={"gates": Gate.model_validate(gate, strict=False)})
    who = creator(**facts)

    found = judged(one, who, at=AT)
    verdict = admission.compiled(one.gates)(Applicant(who, one.key, AT.date()))

    assert found is not None
    assert found.status is SAME[verdict.passed]
    assert found.blocks == (verdict.passed is not True)
    # what the engine names is in the tree, and stands in the way there
    blocking = {node.place for _, node in found.walk() if node.blocks}
    assert {each.place for each in verdict.findings} <= blocking
