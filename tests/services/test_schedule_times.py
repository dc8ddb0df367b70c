"""Local times of a zone become instants; what clocks skip, show twice, or cannot show is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import DomainError
from services import schedule_times

TWICE = "The clocks in Europe/Paris show this time twice: write 2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00."
ELSEWHERE = "This is not the offset of Asia/Shanghai then: leave it out, or write 2026-12-01T20:00+08:00."
SKIPPED = "The clocks in Europe/Paris skip this time; 2027-03-28T03:30+02:00 would be the next."
NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "zone", "instant"),
    [
        ("2026-12-01T20:00", "Asia/Shanghai", "2026-12-01T12:00:00+00:00"),
        ("2026-12-01T20:00:30", "Europe/Paris", "2026-12-01T19:00:30+00:00"),
        ("2026-12-01T20:00+08:00", "Asia/Shanghai", "2026-12-01T12:00:00+00:00"),
        ("2026-12-01T20:00Z", "Africa/Abidjan", "2026-12-01T20:00:00+00:00"),
        ("2026-10-25T02:30+02:00", "Europe/Paris", "2026-10-25T00:30:00+00:00"),
        ("2026-10-25T02:30+01:00", "Europe/Paris", "2026-10-25T01:30:00+00:00"),
        ("2026-10-25T03:00", "Europe/Paris", "2026-10-25T02:00:00+00:00"),
        ("2026-09-01T08:01", "UTC", "2026-09-01T08:01:00+00:00"),
    ],
)
def test_a_time_on_the_clocks_of_a_place_is_an_instant(at: str, zone: str, instant: str):
    moment = schedule_times.read(at, zone, now=NOW)

    assert (moment.at.isoformat(), moment.zone) == (instant, zone)


@pytest.mark.parametrize(
    ("at", "zone", "code", "place"),
    [
        ("2027-03-28T02:30", "Europe/Paris", "NO_SUCH_TIME", "at"),
        ("2026-10-25T02:30", "Europe/Paris", "AMBIGUOUS_TIME", "at"),
        ("2026-12-01T20:00+07:00", "Asia/Shanghai", "WRONG_OFFSET", "at"),
        ("2026-09-01T08:00", "UTC", "TIME_IS_PAST", "at"),
        ("0001-01-01T00:00", "Asia/Shanghai", "TIME_IS_PAST", "at"),
        ("9999-12-31T23:59", "America/New_York", "TIME_TOO_FAR", "at"),
        ("2026-13-01T20:00", "UTC", "MALFORMED_TIME", "at"),
        ("2026-12-01", "UTC", "MALFORMED_TIME", "at"),
        ("tomorrow", "UTC", "MALFORMED_TIME", "at"),
        ("2026-12-01T20:00", "Shanghai", "UNKNOWN_TIME_ZONE", "time_zone"),
        ("2026-12-01T20:00", "America", "UNKNOWN_TIME_ZONE", "time_zone"),
        ("2026-12-01T20:00", "../../etc/passwd", "UNKNOWN_TIME_ZONE", "time_zone"),
        ("2026-12-01T20:00", "UTC\0", "UNKNOWN_TIME_ZONE", "time_zone"),
        ("2026-12-01T20:00", "A" * 5_000, "UNKNOWN_TIME_ZONE", "time_zone"),
    ],
)
def test_what_is_no_time_there_is_told(at: str, zone: str, code: str, place: str):
    with pytest.raises(DomainError) as refused:
        schedule_times.read(at, zone, now=NOW)

    assert (refused.value.code, refused.value.path) == (code, (place,))


@pytest.mark.parametrize(
    ("at", "zone", "message"),
    [
        ("2027-03-28T02:30", "Europe/Paris", SKIPPED),
        ("2026-10-25T02:30", "Europe/Paris", TWICE),
        ("2026-12-01T20:00+07:00", "Asia/Shanghai", ELSEWHERE),
    ],
)
def test_where_clocks_jump_the_message_says_what_to_write(at: str, zone: str, message: str):
    with pytest.raises(DomainError) as refused:
        schedule_times.read(at, zone, now=NOW)

    assert refused.value.message == message


def test_everything_wrong_is_told_at_once():
    with pytest.raises(DomainError) as refused:
        schedule_times.read("soon", "there", now=NOW)

    assert [(one.code, one.path) for one in refused.value.problems] == [
        ("UNKNOWN_TIME_ZONE", ("time_zone",)),
        ("MALFORMED_TIME", ("at",)),
    ]


def test_an_instant_is_shown_on_the_clocks_of_the_place():
    assert schedule_times.local(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Europe/Paris") == "2026-10-25T02:30+01:00"
