"""The conditions on a creator: what each asks, of which fact, and what it says when it is not met."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from services.channels import wording
from services.channels.facts import CreatorFacts
from services.channels.findings import Flaw, Words
from services.channels.terms import AUTHORED, Code, Count, CreatorKind, Days, Format, Part, Positive, ScoreName

COUNTED_DAYS = 30
COUNTED_SAMPLES = 20
"""So many accepted contents of a format are counted of a creator, not more."""


@dataclass(frozen=True, slots=True)
class Applicant:
    """A creator before the gates of one entry, on a day of its time zone."""

    creator: CreatorFacts
    channel: str
    on: date


class Arm(Part):
    """One condition. `fact` is the creator's fact it asks about; its findings have the code `creator.<fact>`."""

    fact: ClassVar[str]

    @abstractmethod
    def actual(self, applicant: Applicant) -> Any:
        """The creator's fact as a JSON value; None when it is not known."""

    @abstractmethod
    def accepts(self, actual: Any) -> bool:
        """Whether the fact, which is known, will do."""

    @abstractmethod
    def wants(self) -> Words:
        """What is asked for, as it fits after "asks for" and "要求"."""

    def shown(self, actual: Any) -> Words:
        """The creator's fact as people read it."""
        text = f"{actual:,}" if isinstance(actual, int) else str(actual)
        return Words(text, text)

    def allowed(self) -> Any:
        """What is asked for, as a JSON value."""
        return self.model_dump(mode="json", by_alias=True)

    def flaw(self, applicant: Applicant, evidence: Mapping[str, Any]) -> Flaw | None:
        """What keeps this creator out, if anything does, with what the pack knows of the condition."""
        actual = self.actual(applicant)
        if actual is not None and self.accepts(actual):
            return None
        wants = self.wants()
        shown = Words("not known", "未知") if actual is None else self.shown(actual)
        return Flaw(
            f"creator.{self.fact}",
            actual,
            self.allowed(),
            Words(
                f"This entry asks for {wants.en} (the creator: {shown.en}).",
                f"本入口要求{wants.zh}（创作者：{shown.zh}）。",
            ),
            status="unknown" if actual is None else "failed",
            evidence=evidence,
        )


class LevelArm(Arm):
    """The creator's level is from `min` to `max` (L0 to L6)."""

    fact: ClassVar[str] = "level"
    min: int = Field(default=0, ge=0, le=6)
    max: int = Field(default=6, ge=0, le=6)

    def actual(self, applicant: Applicant) -> int | None:
        return applicant.creator.level

    def accepts(self, actual: Any) -> bool:
        return bool(self.min <= actual <= self.max)

    def wants(self) -> Words:
        return Words(f"a level from L{self.min} to L{self.max}", f"等级在 L{self.min} 至 L{self.max} 之间")

    def shown(self, actual: Any) -> Words:
        return Words(f"L{actual}", f"L{actual}")


class CodesArm(Arm):
    """A condition on a set of codes: at least one of `any` is among them."""

    any: tuple[Code, ...] = Field(min_length=1)

    def accepts(self, actual: Any) -> bool:
        return not set(self.any).isdisjoint(actual)

    def shown(self, actual: Any) -> Words:
        return wording.listed(actual)


class RoleArm(CodesArm):
    """The creator holds at least one of these certified roles."""

    fact: ClassVar[str] = "role"

    def actual(self, applicant: Applicant) -> list[str]:
        return sorted(applicant.creator.roles)

    def wants(self) -> Words:
        roles = wording.either(self.any)
        return Words(f"a certified role: {roles.en}", f"认证角色：{roles.zh}")


class FieldArm(CodesArm):
    """The creator works in at least one of these fields."""

    fact: ClassVar[str] = "field"

    def actual(self, applicant: Applicant) -> list[str]:
        return sorted(applicant.creator.fields)

    def wants(self) -> Words:
        fields = wording.either(self.any)
        return Words(f"the field {fields.en}", f"领域：{fields.zh}")


class KindArm(Arm):
    """The creator is of one of these kinds."""

    fact: ClassVar[str] = "kind"
    any: tuple[CreatorKind, ...] = Field(min_length=1)

    def actual(self, applicant: Applicant) -> str | None:
        return applicant.creator.kind

    def accepts(self, actual: Any) -> bool:
        return actual in self.any

    def wants(self) -> Words:
        kinds = wording.either(self.any)
        return Words(f"a creator of kind {kinds.en}", f"账号类型：{kinds.zh}")


class ScoreArm(Arm):
    """The named score is at least `min`, on a scale to 1000."""

    fact: ClassVar[str] = "score"
    score: ScoreName
    min: int = Field(ge=0, le=1000)

    def actual(self, applicant: Applicant) -> int | None:
        return applicant.creator.scores.get(self.score)

    def accepts(self, actual: Any) -> bool:
        return bool(actual >= self.min)

    def wants(self) -> Words:
        name = wording.score(self.score)
        return Words(f"{name.en} of at least {self.min}", f"{name.zh}至少 {self.min}")


class FollowersArm(Arm):
    """The creator has at least so many followers."""

    fact: ClassVar[str] = "followers"
    min: Count

    def actual(self, applicant: Applicant) -> int | None:
        return applicant.creator.followers_count

    def accepts(self, actual: Any) -> bool:
        return bool(actual >= self.min)

    def wants(self) -> Words:
        return Words(f"at least {self.min:,} followers", f"至少 {self.min:,} 位粉丝")


class CertifiedDaysArm(Arm):
    """The creator was certified at least so many days ago."""

    fact: ClassVar[str] = "certified_days"
    min: Days

    def actual(self, applicant: Applicant) -> int | None:
        since = applicant.creator.certified_on
        return None if since is None else (applicant.on - since).days

    def accepts(self, actual: Any) -> bool:
        return bool(actual >= self.min)

    def wants(self) -> Words:
        return Words(f"at least {self.min} days since certification", f"认证满 {self.min} 天")


class WindowArm(Arm):
    """The creator published at least `min` contents in the last `days` days; 30 are counted, so another number is refused."""

    fact: ClassVar[str] = "published_in_window"
    days: Positive
    min: Count

    @field_validator("days")
    @classmethod
    def _is_counted(cls, value: int, info: ValidationInfo) -> int:
        if value != COUNTED_DAYS and info.context == AUTHORED:
            raise ValueError(f"contents of {COUNTED_DAYS} days are counted: nobody would pass a gate of {value}")
        return value

    def actual(self, applicant: Applicant) -> int | None:
        return applicant.creator.published_30d_count if self.days == COUNTED_DAYS else None

    def accepts(self, actual: Any) -> bool:
        return bool(actual >= self.min)

    def wants(self) -> Words:
        return Words(
            f"at least {self.min} contents published in {self.days} days",
            f"最近 {self.days} 天内至少发布 {self.min} 篇内容",
        )


class PassRateArm(Arm):
    """At least so many percent of the creator's submissions that were judged in the last 30 days were accepted."""

    fact: ClassVar[str] = "pass_rate"
    min: int = Field(ge=0, le=100)

    def actual(self, applicant: Applicant) -> int | None:
        return applicant.creator.pass_rate

    def accepts(self, actual: Any) -> bool:
        return bool(actual >= self.min)

    def wants(self) -> Words:
        return Words(f"a pass rate of at least {self.min} %", f"通过率至少 {self.min}%")


class SamplesArm(Arm):
    """At least `min` contents of the creator, of these `formats` or of any, were accepted by some channel; 20 at most are counted."""

    fact: ClassVar[str] = "samples"
    formats: tuple[Format, ...] = ()
    min: int = Field(ge=1, le=COUNTED_SAMPLES)

    def actual(self, applicant: Applicant) -> int | None:
        known = applicant.creator.accepted_by_format
        if known is None:
            return None
        return sum(count for form, count in known.items() if not self.formats or form in self.formats)

    def accepts(self, actual: Any) -> bool:
        return bool(actual >= self.min)

    def wants(self) -> Words:
        of = wording.either(self.formats) if self.formats else Words("any format", "任意体裁")
        return Words(
            f"at least {self.min} contents ({of.en}) that a channel accepted",
            f"至少 {self.min} 篇被频道采纳的内容（{of.zh}）",
        )


class SellerArm(Arm):
    """The creator sells products of its own, or does not."""

    fact: ClassVar[str] = "seller"
    is_: bool = Field(alias="is")

    def actual(self, applicant: Applicant) -> bool | None:
        return applicant.creator.is_seller

    def accepts(self, actual: Any) -> bool:
        return bool(actual == self.is_)

    def wants(self) -> Words:
        return Words("a seller", "卖家账号") if self.is_ else Words("a creator who is no seller", "非卖家账号")

    def shown(self, actual: Any) -> Words:
        return Words("a seller", "卖家") if actual else Words("no seller", "非卖家")


class MembershipArm(Arm):
    """A condition that is met for an entry or for its whole platform."""

    def accepts(self, actual: Any) -> bool:
        return bool(actual)

    def shown(self, actual: Any) -> Words:
        return Words("yes", "有") if actual else Words("no", "无")

    def allowed(self) -> Any:
        return True


class InvitedArm(MembershipArm):
    """The creator was invited to this entry or to its platform."""

    fact: ClassVar[str] = "invited"

    def actual(self, applicant: Applicant) -> bool:
        return _names(applicant.creator.invited_channels, applicant.channel)

    def wants(self) -> Words:
        return Words("an invitation", "受邀")


class ConnectedArm(MembershipArm):
    """The creator has linked an account at this network."""

    fact: ClassVar[str] = "connected"

    def actual(self, applicant: Applicant) -> bool:
        return _names(applicant.creator.connected_channels, applicant.channel)

    def wants(self) -> Words:
        return Words("a linked account at this network", "已绑定该平台账号")


class SingleFieldArm(Arm):
    """The creator works in exactly one field."""

    fact: ClassVar[str] = "single_field"

    def actual(self, applicant: Applicant) -> list[str]:
        return sorted(applicant.creator.fields)

    def accepts(self, actual: Any) -> bool:
        return len(actual) == 1

    def wants(self) -> Words:
        return Words("exactly one field", "只选择一个领域")

    def shown(self, actual: Any) -> Words:
        return wording.listed(actual)

    def allowed(self) -> Any:
        return 1


def _names(channels: frozenset[str], key: str) -> bool:
    """Whether the entry itself or a platform above it is among the channels."""
    steps = key.split(".")
    return any(".".join(steps[:depth]) in channels for depth in range(1, len(steps) + 1))


ARMS: tuple[type[Arm], ...] = (
    LevelArm,
    RoleArm,
    FieldArm,
    KindArm,
    ScoreArm,
    FollowersArm,
    CertifiedDaysArm,
    WindowArm,
    PassRateArm,
    SamplesArm,
    SellerArm,
    InvitedArm,
    ConnectedArm,
    SingleFieldArm,
)
