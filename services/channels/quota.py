"""How many an entry still takes: limits, the periods they count in, and what is left; the counting itself is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from services.channels.findings import Finding, Flaw, QuotaLeft, Words, finding
from services.channels.packs import Pack, Quota

QuotaName = Literal["per_creator_per_day", "per_creator_per_week", "per_channel_per_day", "total"]
NAMES: tuple[QuotaName, ...] = get_args(QuotaName)
_SAID = {
    "per_creator_per_day": Words("a day for each creator", "每位创作者每天"),
    "per_creator_per_week": Words("a week for each creator", "每位创作者每周"),
    "per_channel_per_day": Words("a day", "每天"),
    "total": Words("in all", "总共"),
}


def limits(quota: Quota, level: int | None) -> dict[QuotaName, int]:
    """What the entry allows a creator of this level, by name; a limit that it does not have is absent."""
    allowed: dict[QuotaName, int] = {name: value for name in NAMES if (value := getattr(quota, name)) is not None}
    by_level = [step.per_creator_per_day for step in quota.by_level if level is None or step.min <= level <= step.max]
    if by_level:
        # Of an unknown level the tightest is sure to be allowed.
        allowed["per_creator_per_day"] = min(by_level)
    return allowed


def period(name: QuotaName, at: datetime, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """When the period around this instant began and when it ends, in UTC; days and weeks (from Monday) of the zone."""
    if name == "total":
        return None, None
    first = at.astimezone(zone).date()
    days = 1
    if name == "per_creator_per_week":
        first, days = first - timedelta(days=first.weekday()), 7
    start, end = (datetime.combine(day, time.min, tzinfo=zone) for day in (first, first + timedelta(days=days)))
    return start.astimezone(UTC), end.astimezone(UTC)


def left(pack: Pack, level: int | None, used: Mapping[str, int], at: datetime) -> tuple[QuotaLeft, ...]:
    """Every limit of the entry with what was used of it (absent: nothing) in the period of this instant."""
    allowed = limits(pack.quota, level)
    if not allowed:
        return ()
    zone = pack.zone
    return tuple(QuotaLeft(name, most, used.get(name, 0), *period(name, at, zone)) for name, most in allowed.items())


def spent(limits_left: tuple[QuotaLeft, ...]) -> Iterator[Finding]:
    """A finding for each limit that is used up."""
    for limit in limits_left:
        if limit.left == 0:
            yield finding(_spent(limit), code="quota.spent", place=f"quota.{limit.name}")


def _spent(limit: QuotaLeft) -> Flaw:
    again, said = limit.ends_at, _SAID[limit.name]
    return Flaw(
        "quota",
        limit.used,
        {limit.name: limit.allowed},
        Words(
            f"The quota is used up: {limit.used} of {limit.allowed} {said.en}.",
            f"名额已用完：{said.zh} {limit.allowed}，已用 {limit.used}。",
        ),
        None
        if again is None
        else Words(f"Submit again from {again.isoformat()}.", f"请于 {again.isoformat()} 之后再提交。"),
        evidence={"ends_at": None if again is None else again.isoformat()},
    )
