"""Rules about files: whose word they take, and what a picture looks like."""

from __future__ import annotations

import pytest

from services.channels.findings import NextState, Outcome
from services.channels.packs import parse_pack
from tests.services.channels.channel_facts import HEAD, facts, found, image, judged, only, ruled

WIDE = 'kind="image.min_size"\nof="covers"\nwidth=750\nheight=422\n'
SAID = {"covers": (image(750, 422, source="declared"),)}


def test_a_fact_that_an_import_declared_does_not_pass_a_rule_that_blocks():
    evaluation = judged(ruled(WIDE), facts(**SAID))

    finding = only(evaluation)
    assert (evaluation.outcome, evaluation.next_state) == (Outcome.FIXABLE, NextState.REJECTED)
    assert (finding.status, finding.stops, finding.path, finding.actual) == ("unknown", True, "covers.0", "750x422")
    assert finding.evidence == {"asset": "image", "source": "declared"}
    assert finding.message_en == "An import says that the size in pixels of cover 1 is 750x422; nobody measured it."
    assert finding.message_zh == "导入数据称第 1 张封面的像素尺寸为 750x422，但未经实测。"
    assert "headwater assets fetch" in finding.hint_en
    assert "headwater assets fetch" in finding.hint_zh


def test_the_same_fact_measured_passes():
    assert found(WIDE, covers=(image(750, 422),)) == []
    assert found(WIDE, covers=(image(749, 422),)) == [("failed", "covers.0", "749x422")]


@pytest.mark.parametrize(
    ("of_pack", "of_rule", "passes"),
    [
        ("", "accepts_declared=true", True),
        ("accepts_declared = true\n", "", True),
        ("accepts_declared = true\n", "accepts_declared=false", False),
        ("", 'severity="warn"', True),
        ("", 'severity="score"', True),
        ("accepts_declared = false\n", 'severity="warn"', True),
    ],
)
def test_a_pack_or_a_rule_of_it_may_take_an_imports_word(of_pack: str, of_rule: str, passes: bool):
    made = parse_pack(
        of_pack + HEAD.format(key="test.entry") + f"\n[selector]\n[[rules]]\n{WIDE}{of_rule}", "test.toml"
    )

    assert [finding.status for finding in judged(made, facts(**SAID)).findings] == ([] if passes else ["unknown"])


def test_what_a_rule_that_warns_finds_in_a_declared_fact_says_whose_word_it_is():
    finding = only(judged(ruled(WIDE + 'severity="warn"'), facts(covers=(image(749, 422, source="declared"),))))

    assert (finding.status, finding.severity, finding.evidence["source"]) == ("failed", "warn", "declared")


def test_one_picture_of_many_passes_only_when_it_was_measured():
    rule = WIDE + 'match="any"'
    said, small, measured = image(source="declared"), image(10, 10), image(uid="m")

    assert found(rule, covers=(said, small, measured)) == []
    finding = only(judged(ruled(rule), facts(covers=(said, small))))
    assert (finding.status, finding.path, finding.actual) == ("unknown", "covers", ["1600x900", "10x10"])
    assert finding.message_en.startswith("None of the covers is known to be as asked for")
    assert finding.message_zh.startswith("封面中没有一张已知符合要求")
    assert [file["source"] for file in finding.evidence["files"]] == ["declared", "probed"]
    assert "headwater assets fetch" in finding.hint_en


@pytest.mark.parametrize(
    ("rule", "fact", "good", "bad", "message"),
    [
        ("image.not_animated", "is_animated", False, True, "The kind of cover 1 is moving; asked for: still."),
        (
            "image.not_transparent",
            "has_transparency",
            False,
            True,
            "The ground of cover 1 is transparent; asked for: opaque.",
        ),
        (
            'image.white_background"\nmin_percent=90\nof="covers',
            "white_background",
            90,
            89,
            "The white share of the border of cover 1 is 89 %; asked for: at least 90 %.",
        ),
    ],
)
def test_rules_about_what_a_picture_looks_like(rule: str, fact: str, good: object, bad: object, message: str):
    text = f'kind="{rule}"' + ("" if "of=" in rule else '\nof="covers"')

    assert found(text, covers=(image(**{fact: good}),)) == []
    assert found(text, covers=(image(),)) == [("unknown", "covers.0", None)]
    assert only(judged(ruled(text), facts(covers=(image(**{fact: bad}),)))).message_en == message
