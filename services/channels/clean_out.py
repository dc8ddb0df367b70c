"""When an entry ends a creator's right to come in: what it asks of them from period to period, and the judgement on it.

Pure, like the engine: what was counted goes in, findings come out. services/clean_outs.py counts, and keeps what came of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from services.channels.findings import Finding, Flaw, Words, finding
from services.channels.terms import Code, Count, Localised, Part, Positive, Source, Text

PLACE = "clean_out"
RATE_DAYS = 30
"""The pass rate is that of so many days: as gates count it."""

Counted = Literal["accepted", "submitted"]
_WHAT = {"accepted": Words("accepted", "被采纳"), "submitted": Words("submitted", "投稿")}


class Verdict(StrEnum):
    """What becomes of a creator's right at an entry."""

    STAYS = "STAYS"
    WARNED = "WARNED"
    OUT = "OUT"


class Floor(Part):
    """At least `min` contents accepted (or submitted) within the last `days` days; who has fewer is told, or has to go."""

    counts: Counted = "accepted"
    days: Annotated[int, Field(ge=1, le=366)]
    min: Positive
    then: Literal["out", "warn"] = "out"


class Cause(Part):
    """A reason that only people can see, for which an operator ends a creator's right."""

    code: Code
    text: Localised


class CleanOutCreator(Part):
    """A creator as an example gives one: what was counted of them, long here and blameless but for what is said."""

    days_here: Count = 365
    accepted: Count = 100
    submitted: Count = 100
    pass_rate: Annotated[int, Field(ge=0, le=100)] | None = None
    is_below_gates: bool = False


class CleanOutExample(Part):
    """A creator, and what must become of their right."""

    name: Text
    must: Literal["stay", "warn", "out"]
    given: CleanOutCreator = CleanOutCreator()


class CleanOut(Part):
    """Who has to leave an entry: looked at once in each week or month, over the entry alone or all of its platform."""

    every: Literal["week", "month"] = "month"
    counted: Literal["entry", "platform"] = "entry"
    below_gates: bool = False
    floors: tuple[Floor, ...] = ()
    pass_rate_min: Annotated[int, Field(ge=1, le=100)] | None = None
    causes: tuple[Cause, ...] = ()
    # how many months have to pass before they may come back; without it an operator lets them in again
    wait_months: Annotated[int, Field(ge=1, le=120)] | None = None
    examples: tuple[CleanOutExample, ...] = ()
    source: Source | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.below_gates or self.floors or self.pass_rate_min or self.causes):
            raise ValueError("needs one of below_gates, floors, pass_rate_min, causes")
        return self

    def period(self, on: date) -> str:
        """The period in which this day lies: 2026-11, or 2026-W48."""
        year, week, _ = on.isocalendar()
        return f"{year}-W{week:02}" if self.every == "week" else f"{on:%Y-%m}"

    def back_on(self, on: date) -> date | None:
        """From which day on somebody who has to go on this one may come back; None: when an operator lets them."""
        if self.wait_months is None:
            return None
        years, month = divmod(on.month - 1 + self.wait_months, 12)
        first = date(on.year + years, month + 1, 1)
        last = (date(first.year + first.month // 12, first.month % 12 + 1, 1) - first).days
        return first.replace(day=min(on.day, last))


@dataclass(frozen=True, slots=True)
class Standing:
    """What was counted of a creator at an entry: since how many days they come, how many contents were accepted and
    submitted in each span of days that a floor names, the pass rate in percent (None: nothing was judged), and what keeps
    them below the gates.
    """

    days_here: int
    counts: Mapping[tuple[Counted, int], int] = field(default_factory=dict)
    pass_rate: int | None = None
    below_gates: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of a creator, and why."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()


def judge(part: CleanOut, standing: Standing) -> Judged:
    """What the part says of this creator. A span that is longer than they have been here is not held against them."""
    findings = tuple(_findings(part, standing))
    if any(found.stops for found in findings):
        return Judged(Verdict.OUT, findings)
    return Judged(Verdict.WARNED if findings else Verdict.STAYS, findings)


def failures(part: CleanOut) -> Iterator[tuple[int, str]]:
    """Each example that does not come out as it must: its index, and what came instead."""
    words = {Verdict.STAYS: "stay", Verdict.WARNED: "warn", Verdict.OUT: "out"}
    for index, example in enumerate(part.examples):
        judged = judge(part, standing_of(part, example.given))
        if words[judged.verdict] != example.must:
            said = "; ".join(found.message_en for found in judged.findings)
            yield index, f"“{example.name}” must {example.must}, but it is {judged.verdict}: {said}"


def standing_of(part: CleanOut, given: CleanOutCreator) -> Standing:
    """What an example gives, as it would have been counted."""
    of: dict[Counted, int] = {"accepted": given.accepted, "submitted": given.submitted}
    gate = _found(
        "below_gates", "below_gates", None, True, Words("The gates are not passed.", "未达到准入条件。"), "block"
    )
    return Standing(
        days_here=given.days_here,
        counts={(floor.counts, floor.days): of[floor.counts] for floor in part.floors},
        pass_rate=given.pass_rate,
        below_gates=(gate,) if given.is_below_gates else (),
    )


def _findings(part: CleanOut, standing: Standing) -> Iterator[Finding]:
    if part.below_gates:
        yield from standing.below_gates
    for index, floor in enumerate(part.floors):
        count = standing.counts.get((floor.counts, floor.days), 0)
        if standing.days_here >= floor.days and count < floor.min:
            yield _short(floor, count, index)
    rate, least = standing.pass_rate, part.pass_rate_min
    if least is not None and rate is not None and rate < least and standing.days_here >= RATE_DAYS:
        words = Words(
            f"Of what was judged in {RATE_DAYS} days {rate} % passed; asked for: at least {least} %.",
            f"最近 {RATE_DAYS} 天的通过率为 {rate}%；要求：至少 {least}%。",
        )
        yield _found("pass_rate_min", "pass_rate", rate, {"min": least, "days": RATE_DAYS}, words, "block")


def _short(floor: Floor, count: int, index: int) -> Finding:
    what = _WHAT[floor.counts]
    words = Words(
        f"{count} {what.en} in the last {floor.days} days; asked for: at least {floor.min}.",
        f"最近 {floor.days} 天{what.zh} {count} 篇；要求：至少 {floor.min} 篇。",
    )
    allowed = {"min": floor.min, "days": floor.days}
    return _found(f"floors.{index}", floor.counts, count, allowed, words, "block" if floor.then == "out" else "warn")


def _found(
    at: str, code: str, actual: Any, allowed: Any, message: Words, severity: Literal["block", "warn"]
) -> Finding:
    flaw = Flaw("creator", actual, allowed, message)
    return finding(flaw, code=f"{PLACE}.{code}", place=f"{PLACE}.{at}", severity=severity)
