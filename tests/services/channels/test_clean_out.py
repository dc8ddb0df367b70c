"""Who has to leave an entry, and who is kept out since: judged from counts alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from services.channels import gate_tree
from services.channels.checking import check
from services.channels.clean_out import CleanOut, Standing, Verdict, judge
from services.channels.engine import evaluate
from services.channels.facts import Facts
from services.channels.findings import Outcome
from services.channels.packs import MalformedPack, Pack
from services.channels.sheets import sheet
from tests.services.channels.channel_facts import AT, HEAD, content, creator, pack
from tests.services.channels.test_checking import PLATFORMS

STRICT = """
[clean_out]
below_gates = true
pass_rate_min = 50
floors = [{ days = 14, min = 1, then = "warn" }, { days = 30, min = 10 }, { counts = "submitted", days = 30, min = 5, then = "warn" }]
"""


def part(body: str) -> CleanOut:
    found = pack(body).clean_out
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("standing", "verdict", "found"),
    [
        (Standing(400, {("accepted", 14): 1, ("accepted", 30): 10, ("submitted", 30): 5}, 50), Verdict.STAYS, []),
        (
            Standing(400, {("accepted", 14): 0, ("accepted", 30): 10, ("submitted", 30): 4}, None),
            Verdict.WARNED,
            [("clean_out.accepted", "clean_out.floors.0", 0), ("clean_out.submitted", "clean_out.floors.2", 4)],
        ),
        (
            Standing(400, {("accepted", 14): 1, ("accepted", 30): 9, ("submitted", 30): 5}, 49),
            Verdict.OUT,
            [("clean_out.accepted", "clean_out.floors.1", 9), ("clean_out.pass_rate", "clean_out.pass_rate_min", 49)],
        ),
        # spans that are longer than they have been here are not held against them, from the last day on they are
        (Standing(13, {}, 0), Verdict.STAYS, []),
        (Standing(29, {}, 0), Verdict.WARNED, [("clean_out.accepted", "clean_out.floors.0", 0)]),
        (
            Standing(30, {("accepted", 14): 3, ("submitted", 30): 9}, 0),
            Verdict.OUT,
            [("clean_out.accepted", "clean_out.floors.1", 0), ("clean_out.pass_rate", "clean_out.pass_rate_min", 0)],
        ),
    ],
)
def test_a_creator_stays_is_warned_or_has_to_go_by_what_was_counted(standing, verdict, found):
    judged = judge(part(STRICT), standing)

    assert judged.verdict is verdict
    assert [(each.code, each.place, each.actual) for each in judged.findings] == found
    for each in judged.findings:
        assert each.message_en.endswith(".")
        assert each.message_zh.endswith("。")


def test_periods_are_weeks_or_months_and_a_wait_ends_on_a_day_that_there_is():
    monthly, weekly = part(STRICT), part('[clean_out]\nevery = "week"\nbelow_gates = true\nwait_months = 3')

    assert monthly.period(date(2026, 1, 31)) == "2026-01"
    assert [weekly.period(day) for day in (date(2026, 11, 24), date(2027, 1, 1))] == ["2026-W48", "2026-W53"]
    assert monthly.back_on(date(2026, 11, 24)) is None
    days = [date(2026, 11, 30), date(2027, 11, 30), date(2026, 9, 15)]
    assert [weekly.back_on(day) for day in days] == [date(2027, 2, 28), date(2028, 2, 29), date(2026, 12, 15)]


def test_a_part_that_asks_nothing_is_refused():
    with pytest.raises(MalformedPack, match="needs one of below_gates, floors, pass_rate_min, causes"):
        pack("[clean_out]\nwait_months = 3")
    with pytest.raises(MalformedPack, match="needs one of also_in, events, new_followers, picks"):
        pack("[showing]")


def shut(keys: dict[str, date | None], key: str = "test.entry", gates: str = "") -> tuple[Pack, Facts]:
    return pack(gates, key=key), Facts(content(), creator(departed_channels=keys))


@pytest.mark.parametrize(
    ("keys", "is_out"),
    [
        ({"test.entry": None}, True),
        ({"test": None}, True),  # its whole platform
        ({"test.entry": date(2026, 11, 25)}, True),
        ({"test.entry": date(2026, 11, 24)}, False),  # today they may come back
        ({"test.entry": date(2026, 11, 24), "test": None}, True),
        ({"test.entries": None, "tes": None, "test.entry.more": None}, False),
    ],
)
def test_whose_right_was_ended_is_kept_out_until_the_day_it_says(keys, is_out):
    one, facts = shut(keys)

    evaluation = evaluate(one, facts, at=AT, quota_used={})
    seen = gate_tree.judged(one, facts.creator, at=AT)

    assert evaluation.outcome is (Outcome.IMPOSSIBLE if is_out else Outcome.ELIGIBLE)
    assert [each.code for each in evaluation.findings] == (["creator.cleaned_out"] if is_out else [])
    assert (seen is not None and seen.status is gate_tree.GateStatus.MISSING) == is_out


def test_the_day_is_that_of_the_channels_zone():
    one, facts = shut({"test.entry": date(2026, 11, 25)})
    late = datetime(2026, 11, 24, 16, tzinfo=UTC)  # the 25th in Shanghai

    assert evaluate(one, facts, at=late, quota_used={}).outcome is Outcome.ELIGIBLE
    assert gate_tree.judged(one, facts.creator, at=late) is None


def test_an_ended_right_stands_beside_the_gates_and_says_from_when_on():
    one, facts = shut({"test.entry": date(2027, 2, 1)}, gates="[gates]\nlevel={min=4}")

    (ended, level) = evaluate(one, facts, at=AT, quota_used={}).findings
    seen = gate_tree.judged(one, facts.creator, at=AT)

    assert (ended.place, ended.actual) == ("clean_out", {"until": "2027-02-01"})
    assert (
        ended.message_en == "The creator's right to come in here was ended; it may be asked for again from 2027-02-01."
    )
    assert (level.code, level.place) == ("creator.level", "gates")
    assert seen is not None
    assert [(arm.place, arm.code, arm.blocks) for arm in seen.arms] == [
        ("clean_out", "creator.cleaned_out", True),
        ("gates", "creator.level", True),
    ]


def test_the_sheet_of_a_pack_says_when_a_right_ends():
    shown = {
        one.title: one.rows for one in sheet(pack(STRICT + '[showing]\nalso_in = ["test.other"]\nevents = ["VIEW"]'))
    }

    assert shown["Clean-out"] == (
        ("looked at", "every month, over this entry"),
        ("ends the right", "below the gates"),
        ("warns", "fewer than 1 accepted in 14 days"),
        ("ends the right", "fewer than 10 accepted in 30 days"),
        ("warns", "fewer than 5 submitted in 30 days"),
        ("ends the right", "a pass rate under 50 % in 30 days"),
        ("comes back after", "until an operator lets them in again"),
    )
    assert shown["After it is taken"] == (("also shown in", "test.other"), ("counts", "VIEW"))


def test_a_lying_example_a_place_that_is_not_there_and_a_format_never_taken_are_named_with_their_line(tmp_path: Path):
    body = """
[selector]
formats = ["ARTICLE"]
[audit]
priority = ["ARTICLE", "GALLERY"]
[showing]
also_in = ["test", "test.enrty"]
[clean_out]
floors = [{ days = 30, min = 10 }]
examples = [
  { name = "ten", must = "stay", given = { accepted = 10 } },
  { name = "nine", must = "warn", given = { accepted = 9 } },
]"""
    (tmp_path / "platforms.toml").write_text(PLATFORMS, "utf-8")
    (tmp_path / "entry.toml").write_text(HEAD.format(key="test.entry") + body, "utf-8")
    first = HEAD.format(key="test.entry").count("\n")

    found = [(one.code, one.line - first, one.message.partition(": ")[2]) for one in check(tmp_path).problems]

    assert found == [
        ("UNKNOWN_CHANNEL", 7, "showing.also_in.1: there is no test.enrty here. Did you mean test.entry?"),
        ("FORMAT_NEVER_TAKEN", 5, "audit.priority.1: the selector never takes GALLERY: it takes ARTICLE"),
        (
            "EXAMPLE_FAILED",
            12,
            "clean_out.examples.1: “nine” must warn, but it is OUT: 9 accepted in the last 30 days; asked for: at least 10.",
        ),
    ]
