"""Packs whose parts are well, and that are wrong all the same; each mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.channels.checking import check
from services.channels.soundness import contradictions
from services.channels.vocabulary import Vocabulary
from tests.services.channels.channel_facts import HEAD
from tests.services.channels.test_checking import PLATFORMS
from tests.services.packs import pack

KNOWN = Vocabulary({"scene": {"picnic", "office"}, "category": {"home", "food"}}, {"home"}, {"baker"}, {"selected"})
LINES = HEAD.format(key="test.entry").count("\n") + 1


def told(tmp_path: Path, body: str, known: Vocabulary | None = KNOWN) -> list[tuple[str, str]]:
    """Code and message of each problem; a line as it is counted in `body`."""
    (tmp_path / "platforms.toml").write_text(PLATFORMS, "utf-8")
    (tmp_path / "entry.toml").write_text(HEAD.format(key="test.entry") + "\n" + body.strip("\n"), "utf-8")
    found = []
    for problem in check(tmp_path, known).problems:
        assert problem.message.startswith(f"entry.toml:{problem.line}: ")
        found.append((problem.code, f"{problem.line - LINES} {problem.message.partition(': ')[2]}"))
    return found


def test_words_that_no_vocabulary_has_are_named_where_they_stand(tmp_path):
    body = """
[selector]
creator_fields = ["home", "hoem"]
tags = [
  { taxonomy = "scene", any = ["picnic", "picnics"], none = ["office"] },
  { taxonomy = "scenes", any = ["picnic"] },
]
[gates]
any = [{ role = { any = ["baker"] } }, { not = { role = { any = ["bakers"] } } }, { field = { any = ["food"] } }]
[[rules]]
kind = "product.pool"
any = ["selected", "rejected"]
[[rules]]
kind = "product.category_not_in"
any = ["furniture"]
severity = "warn"
[[rules]]
kind = "tag.exactly_n"
taxonomy = "mood"
n = 1
when = { field = "tags.moods", present = true }
[rendering]
hashtags = { taxonomies = ["topic"], max = 1 }
"""

    assert told(tmp_path, body) == [
        ("UNKNOWN_WORD", "2 selector.creator_fields.1: there is no field hoem. Did you mean home?"),
        ("UNKNOWN_WORD", "4 selector.tags.0.any.1: there is no scene tag picnics. Did you mean picnic?"),
        ("UNKNOWN_WORD", "5 selector.tags.1.taxonomy: there is no taxonomy scenes. Did you mean scene?"),
        ("UNKNOWN_WORD", "8 gates.any.1.not.role.any.0: there is no role bakers. Did you mean baker?"),
        ("UNKNOWN_WORD", "8 gates.any.2.field.any.0: there is no field food."),
        ("UNKNOWN_WORD", "11 rules.0.any.1: there is no pool rejected. Did you mean selected?"),
        ("UNKNOWN_WORD", "14 rules.1.any.0: there is no category tag furniture."),
        ("UNKNOWN_WORD", "18 rules.2.taxonomy: there is no taxonomy mood."),
        ("UNKNOWN_WORD", "20 rules.2.when.field: there is no taxonomy moods."),
        ("UNKNOWN_WORD", "22 rendering.hashtags.taxonomies.0: there is no taxonomy topic."),
    ]
    assert told(tmp_path, body, None) == []


def test_rules_that_nothing_can_keep_or_reach_are_named(tmp_path):
    body = """
[selector]
formats = ["QNA"]
[[rules]]
kind = "text.length"
field = "title"
max = 10
[[rules]]
kind = "text.length"
field = "title"
min = 11
formats = [
  "QNA",
  "LIVE",
]
[[rules]]
kind = "text.required"
fields = ["title"]
when = { format = ["GALLERY"] }
[[examples]]
name = "it cannot pass"
must = "pass"
"""

    found = told(tmp_path, body)

    assert found[:-1] == [
        ("CONTRADICTORY_RULES", "7 rules.1: contradicts rules.0: rules.1 wants at least 11, rules.0 at most 10"),
        ("FORMAT_NEVER_TAKEN", "13 rules.1.formats.1: the selector never takes LIVE: it takes QNA"),
        ("FORMAT_NEVER_TAKEN", "18 rules.2.when.format.0: the selector never takes GALLERY: it takes QNA"),
    ]
    assert found[-1][0] == "EXAMPLE_FAILED"
    assert found[-1][1].startswith("19 examples.0: “it cannot pass” must pass, but it is FIXABLE ['text.length']: ")


def test_a_trial_has_an_end(tmp_path):
    path = 'path = ["machine", "trial"]\n'

    assert told(tmp_path, f"[selector]\n[audit]\n{path}") == [
        ("ENDLESS_TRIAL", "3 audit.path.1: a trial needs trial_hours: without them it never ends")
    ]
    assert told(tmp_path, f"[selector]\n[audit]\n{path}trial_hours = 48\n") == []


MOST = {"kind": "text.length", "field": "title", "max": 10}


@pytest.mark.parametrize(
    ("other", "contradicts"),
    [
        ({**MOST, "max": None, "min": 11}, True),
        ({**MOST, "max": None, "min": 10}, False),
        ({**MOST, "max": None, "min": 11, "severity": "warn"}, False),
        ({**MOST, "max": None, "min": 11, "unit": "bytes"}, False),
        ({**MOST, "max": None, "min": 11, "unit": "full_width"}, False),
        ({**MOST, "max": None, "min": 11, "field": "summary"}, False),
        ({**MOST, "max": None, "min": 11, "formats": ["LIVE"]}, True),
        ({**MOST, "max": None, "min": 11, "when": {"field": "covers", "min": 1}}, True),
    ],
)
def test_two_lengths_of_one_field_leave_room_for_one(other, contradicts):
    assert [bool(list(contradictions(pack("test.one", rules=rules)))) for rules in ([MOST, other], [other, MOST])] == [
        contradicts
    ] * 2


def test_a_text_has_no_fewer_bytes_than_characters():
    bytes_ = {**MOST, "unit": "bytes"}

    assert list(contradictions(pack("test.one", rules=[bytes_, {**MOST, "max": None, "min": 11}]))) == [
        (("rules", 1), "contradicts rules.0: rules.1 wants at least 11, rules.0 at most 10")
    ]


def test_tags_of_a_taxonomy_have_one_number():
    one, two, of_another = (
        {"kind": "tag.exactly_n", "taxonomy": name, "n": n} for name, n in (("scene", 1), ("scene", 2), ("crowd", 2))
    )

    assert list(contradictions(pack("test.one", rules=[one, two]))) == [
        (("rules", 1), "contradicts rules.0: rules.1 wants at least 2, rules.0 at most 1")
    ]
    assert list(contradictions(pack("test.one", rules=[one, of_another]))) == []


def test_rules_for_different_contents_do_not_meet():
    other = {**MOST, "max": None, "min": 11}
    for one, two in (
        ({"formats": ["LIVE"]}, {"formats": ["QNA"]}),
        ({"when": {"format": ["LIVE"]}}, {"when": {"format": ["QNA"]}}),
    ):
        assert list(contradictions(pack("test.one", rules=[{**MOST, **one}, {**other, **two}]))) == []
    counts = [
        {"kind": "image.count", "of": "covers", "allowed": [1, 3]},
        {"kind": "image.count", "of": "covers", "min": 4},
    ]
    assert list(contradictions(pack("test.one", rules=counts))) == [
        (("rules", 1), "contradicts rules.0: rules.1 wants at least 4, rules.0 at most 3")
    ]
