"""The rule about when an entry takes submissions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, field_validator, model_validator

from services.channels.dossiers import Dossier
from services.channels.findings import Flaw, Words
from services.channels.rules.base import Rule
from services.channels.terms import Weekday, known_zone

TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS = {
    "mon": Words("Monday", "周一"),
    "tue": Words("Tuesday", "周二"),
    "wed": Words("Wednesday", "周三"),
    "thu": Words("Thursday", "周四"),
    "fri": Words("Friday", "周五"),
    "sat": Words("Saturday", "周六"),
    "sun": Words("Sunday", "周日"),
}


class ScheduleWindow(Rule):
    """It is submitted on one of these `days`, at or after `from` and before `to`, in the pack's time zone or this one.

    A window whose `to` is not after its `from` ends on the next day; the day is the one on which it began.
    """

    kind: Literal["schedule.window"]
    days: tuple[Weekday, ...] = ()
    from_: TimeOfDay | None = Field(default=None, alias="from")
    to: TimeOfDay | None = None
    time_zone: str | None = None

    @field_validator("time_zone")
    @classmethod
    def _exists(cls, value: str | None) -> str | None:
        return None if value is None else known_zone(value)

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if (self.from_ is None) != (self.to is None):
            raise ValueError("`from` and `to` go together")
        if not self.days and self.from_ is None:
            raise ValueError("needs `days`, or `from` and `to`")
        if self.from_ is not None and self.from_ == self.to:
            raise ValueError("`from` and `to` are the same: leave both out for the whole day")
        return self

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        zone = ZoneInfo(self.time_zone or "UTC")
        now = dossier.at.astimezone(zone)
        if self._is_open(now):
            return
        again, hours, days = self._next_opening(now), self._hours(), self._days()
        day = DAYS[WEEKDAYS[now.weekday()]]
        yield Flaw(
            "submitted_at",
            now.isoformat(),
            {"days": list(self.days or WEEKDAYS), "from": self.from_, "to": self.to, "time_zone": zone.key},
            Words(
                f"It is {day.en}, {now:%H:%M} ({zone.key}); submissions are taken {days.en}{hours.en}.",
                f"现在是{day.zh} {now:%H:%M}（{zone.key}）；投稿时间：{days.zh}{hours.zh}。",
            ),
            Words(f"Submit again from {again.isoformat()}.", f"请于 {again.isoformat()} 之后再提交。"),
            evidence={"opens_at": again.isoformat()},
        )

    def _is_open(self, now: datetime) -> bool:
        today, clock = now.date(), f"{now:%H:%M}"
        if self.from_ is None or self.to is None:
            return self._takes(today)
        if self.from_ < self.to:
            return self._takes(today) and self.from_ <= clock < self.to
        return (clock >= self.from_ and self._takes(today)) or (
            clock < self.to and self._takes(today - timedelta(days=1))
        )

    def _takes(self, day: date) -> bool:
        return not self.days or WEEKDAYS[day.weekday()] in self.days

    def _next_opening(self, now: datetime) -> datetime:
        opens = time.fromisoformat(self.from_ or "00:00")
        days = [now.date() + timedelta(days=ahead) for ahead in range(8)]
        openings = (datetime.combine(day, opens, tzinfo=now.tzinfo) for day in days if self._takes(day))
        return next(opening for opening in openings if opening > now)

    def _hours(self) -> Words:
        if self.from_ is None:
            return Words("", "")
        return Words(f" from {self.from_} to {self.to}", f" {self.from_} 至 {self.to}")

    def _days(self) -> Words:
        named = [DAYS[day] for day in self.days]
        if not named:
            return Words("every day", "每天")
        return Words("on " + ", ".join(each.en for each in named), "、".join(each.zh for each in named))


RULES = (ScheduleWindow,)
