"""Limits of an entry: by level, in periods of its own zone, and what is said when they are used up."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.channels.findings import NextState, Outcome
from services.channels.quota import limits, period
from tests.services.channels.channel_facts import creator, facts, judged, only, pack

BY_LEVEL = "[quota]\nby_level=[{min=0,max=1,per_creator_per_day=1},{min=2,per_creator_per_day=10}]"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "at", "zone", "start", "end"),
    [
        (
            "per_creator_per_day",
            utc(2026, 11, 24, 15, 59),
            "Asia/Shanghai",
            utc(2026, 11, 23, 16),
            utc(2026, 11, 24, 16),
        ),
        ("per_creator_per_day", utc(2026, 11, 24, 16), "Asia/Shanghai", utc(2026, 11, 24, 16), utc(2026, 11, 25, 16)),
        ("per_creator_per_week", utc(2026, 11, 29, 15), "Asia/Shanghai", utc(2026, 11, 22, 16), utc(2026, 11, 29, 16)),
        ("per_channel_per_day", utc(2026, 10, 25, 12), "Europe/Berlin", utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)),
        ("total", utc(2026, 11, 24), "Asia/Shanghai", None, None),
    ],
)
def test_days_and_weeks_pass_in_the_channels_zone(name, at, zone, start, end):
    assert period(name, at, ZoneInfo(zone)) == (start, end)


@pytest.mark.parametrize(("level", "allowed"), [(0, 1), (1, 1), (2, 10), (6, 10), (None, 1)])
def test_a_level_has_its_own_limit_and_an_unknown_one_the_tightest(level, allowed):
    assert limits(pack(BY_LEVEL).quota, level) == {"per_creator_per_day": allowed}


def test_what_is_left_is_told_even_while_there_is_some():
    evaluation = judged(
        pack("[quota]\nper_creator_per_day=5\ntotal=100"), facts(), quota_used={"per_creator_per_day": 4, "total": 50}
    )

    assert evaluation.outcome is Outcome.ELIGIBLE
    assert [(each.name, each.allowed, each.used, each.left) for each in evaluation.quota] == [
        ("per_creator_per_day", 5, 4, 1),
        ("total", 100, 50, 50),
    ]
    assert evaluation.quota_left == 1


def test_a_quota_that_is_used_up_stops_and_says_until_when():
    evaluation = judged(pack("[quota]\nper_creator_per_day=5"), facts(), quota_used={"per_creator_per_day": 5})

    finding = only(evaluation)
    assert (evaluation.outcome, evaluation.next_state) == (Outcome.FIXABLE, NextState.REJECTED)
    assert (finding.code, finding.place, finding.actual) == ("quota.spent", "quota.per_creator_per_day", 5)
    assert finding.allowed == {"per_creator_per_day": 5}
    assert finding.evidence == {"ends_at": "2026-11-24T16:00:00+00:00"}
    assert evaluation.quota_left == 0


def test_a_quota_that_is_overdrawn_is_used_up_too():
    evaluation = judged(pack("[quota]\ntotal=5"), facts(), quota_used={"total": 6})

    assert (only(evaluation).code, evaluation.quota_left) == ("quota.spent", 0)


def test_the_creators_level_decides_how_many():
    used = {"per_creator_per_day": 1}

    assert judged(pack(BY_LEVEL), facts(creator_=creator(level=1)), quota_used=used).quota_left == 0
    assert judged(pack(BY_LEVEL), facts(creator_=creator(level=2)), quota_used=used).quota_left == 9


def test_without_limits_nothing_is_counted():
    assert judged(pack(), facts()).quota_left is None
