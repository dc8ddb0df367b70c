"""When something is to go live: a time on the clocks of a place, read into an instant; where clocks jump, that is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import DomainError, Invalid, together

FORM = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?")
ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
FURTHEST = timedelta(days=3 * 366)
"""How far ahead one may plan (our own choice: a mistyped year is told, a distant season is not)."""

AT, IN = ("at",), ("time_zone",)


class MalformedTime(Invalid):
    code = "MALFORMED_TIME"


class UnknownTimeZone(Invalid):
    code = "UNKNOWN_TIME_ZONE"


class TimeIsPast(Invalid):
    code = "TIME_IS_PAST"


class TimeTooFar(Invalid):
    code = "TIME_TOO_FAR"


class NoSuchTime(Invalid):
    """The clocks of the place skip this time when they go forward."""

    code = "NO_SUCH_TIME"


class AmbiguousTime(Invalid):
    """The clocks of the place show this time twice, as they go back."""

    code = "AMBIGUOUS_TIME"


class WrongOffset(Invalid):
    """The time carries an offset that the place does not have then."""

    code = "WRONG_OFFSET"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant (UTC), and the zone whose clocks it was given by."""

    at: datetime
    zone: str

    @property
    def local(self) -> str:
        return local(self.at, self.zone)


def read(at: str, zone: str, *, now: datetime) -> Moment:
    """The moment that clocks in an IANA zone show as `at`, such as 2026-12-01T20:00; everything wrong is told at once.

    A time that comes twice, as clocks go back, needs its offset: 2026-10-25T02:30+01:00.
    """
    errors: list[DomainError] = []
    place = _zone(zone)
    if place is None:
        errors.append(
            UnknownTimeZone("There is no such time zone: name one as Asia/Shanghai or Europe/Paris.", path=IN)
        )
    shown = _shown(at)
    if shown is None:
        errors.append(MalformedTime("Write the time there as 2026-12-01T20:00.", path=AT))
    elif abs(shown.replace(tzinfo=UTC) - now) > FURTHEST:
        past = shown.replace(tzinfo=UTC) < now
        errors.append(_past() if past else TimeTooFar(f"This is more than {FURTHEST.days} days ahead.", path=AT))
    if errors or place is None or shown is None:
        raise together(errors)
    instant = _instant(shown, place)
    if instant <= now:
        raise _past()
    return Moment(instant, zone)


def local(at: datetime, zone: str) -> str:
    """What clocks in the zone show at an instant, with their offset: 2026-12-01T20:00+08:00."""
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


def _past() -> TimeIsPast:
    return TimeIsPast("This time is past: choose a later one, or publish now.", path=AT)


def _zone(name: str) -> ZoneInfo | None:
    if not ZONE.fullmatch(name) or len(name) > 64:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones is no zone
        return None


def _shown(text: str) -> datetime | None:
    if not FORM.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _instant(shown: datetime, place: ZoneInfo) -> datetime:
    naive = shown.replace(tzinfo=None)
    first, second = (naive.replace(tzinfo=place, fold=fold) for fold in (0, 1))
    before, after = first.astimezone(UTC), second.astimezone(UTC)
    if before.astimezone(place).replace(tzinfo=None) != naive:
        later = before.astimezone(place).isoformat(timespec="minutes")
        raise NoSuchTime(f"The clocks in {place.key} skip this time; {later} would be the next.", path=AT)
    if shown.tzinfo is not None:
        given = shown.astimezone(UTC)
        if given not in (before, after):
            told = first.isoformat(timespec="minutes")
            raise WrongOffset(f"This is not the offset of {place.key} then: leave it out, or write {told}.", path=AT)
        return given
    if before != after:
        both = " or ".join(one.isoformat(timespec="minutes") for one in (first, second))
        raise AmbiguousTime(f"The clocks in {place.key} show this time twice: write {both}.", path=AT)
    return before
