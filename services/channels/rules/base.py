"""What every rule of a pack has: severity, the formats and the condition it holds for, its own source, and a check."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from services.channels import wording
from services.channels.dossiers import Dossier
from services.channels.facts import AssetFacts
from services.channels.findings import Flaw, Words
from services.channels.terms import Count, Format, Part, Severity, Source

FieldPath = Annotated[
    str,
    StringConstraints(
        pattern=r"^(title|summary|text|language|covers|pictures|videos|products|links|headings|paragraphs"
        r"|tags\.[a-z0-9-]+|details\.[a-z][a-z0-9_]*)$"
    ),
]
ImagesOf = Literal["covers", "pictures", "images", "products"]
Pixels = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*x[1-9][0-9]*$")]


class Condition(Part):
    """When a rule holds: each key that is given must be true of the content."""

    format: tuple[Format, ...] = ()
    field: FieldPath | None = None
    present: bool | None = None
    equals: tuple[str | int | bool, ...] = ()
    min: Count | None = None
    max: Count | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        about_field = self.present is not None or self.equals or self.min is not None or self.max is not None
        if not self.format and self.field is None:
            raise ValueError("a condition needs `format` or `field`")
        if bool(about_field) != (self.field is not None):
            raise ValueError("`field` and one of present, equals, min, max go together")
        return self

    def holds(self, dossier: Dossier) -> bool | None:
        """Whether it is true of the content; None when the content does not say."""
        if self.format and dossier.facts.content.format not in self.format:
            return False
        if self.field is None:
            return True
        value = dossier.value(self.field)
        if self.present is not None and (value not in (None, "", ())) != self.present:
            return False
        if not self.equals and self.min is None and self.max is None:
            return True
        return None if value is None else self._is_met(value)

    def _is_met(self, value: Any) -> bool:
        if self.equals and value not in self.equals:
            return False
        size = value if isinstance(value, int) else len(value)
        return within(size, self.min, self.max)


class Rule(Part):
    """A check with its parameters. Each kind is a subclass; `kind` is also the stable code of its findings.

    `version` counts changes of what the check means: a finding carries it.
    """

    version: ClassVar[int] = 1

    kind: str
    severity: Severity = "block"
    weight: int = Field(default=10, ge=1, le=100)
    formats: tuple[Format, ...] = ()
    when: Condition | None = None
    source: Source | None = None

    @abstractmethod
    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        """Everything about the content that this rule does not accept, or cannot tell."""


def within(number: int, minimum: int | None, maximum: int | None) -> bool:
    """Whether the number keeps both bounds that are given."""
    return (minimum is None or number >= minimum) and (maximum is None or number <= maximum)


NOT_GIVEN = Words("", "")
COMPLETE = Words("Complete what is known of it, or choose another.", "请补全其资料，或更换。")
"""What helps against a fact that nobody told."""
MEASURE = Words(
    "Upload the file, or let an operator fetch it (headwater assets fetch): then it is measured.",
    "请上传该文件，或由运营方抓取（headwater assets fetch），以便实测。",
)
"""What helps against a fact of a file that nobody measured."""


def unknown(
    path: str,
    allowed: Any,
    fact: Words = NOT_GIVEN,
    *,
    evidence: dict[str, Any] | None = None,
    hint: Words = COMPLETE,
) -> Flaw:
    """What is asked for cannot be told: the fact is not known of the thing, or the thing is not given at all."""
    thing = wording.place(path)
    if fact is NOT_GIVEN:
        message = Words(wording.sentence(f"{thing.en} is not given."), f"未提供{thing.zh}。")
        hint = Words(f"Give {thing.en}.", f"请补充{thing.zh}。")
    else:
        message = Words(f"The {fact.en} of {thing.en} is not known.", f"{thing.zh}的{fact.zh}未知。")
    return Flaw(path, None, allowed, message, hint, "unknown", evidence or {})


def counted(path: str, count: int, allowed: Any, what: Words, asked: Words, targets: tuple[int, ...]) -> Flaw:
    """There are too few or too many of something; the hint leads to the nearest number that is accepted."""
    missing = min(targets, key=lambda target: abs(target - count)) - count
    return Flaw(
        path,
        count,
        allowed,
        Words(
            f"{wording.sentence(what.en)}: {count}; asked for: {asked.en}.", f"{what.zh}：{count}；要求：{asked.zh}。"
        ),
        Words(f"Add {missing}.", f"请增加 {missing}。")
        if missing > 0
        else Words(f"Remove {-missing}.", f"请减少 {-missing}。"),
    )


class Bounded(Rule):
    """A rule about a number between bounds, of which at least one is given."""

    min: Count | None = None
    max: Count | None = None

    @model_validator(mode="after")
    def _has_bounds(self) -> Self:
        check_bounds(self.min, self.max)
        return self


class Counted(Rule):
    """A rule about a count: between bounds, or one of the allowed numbers."""

    min: Count | None = None
    max: Count | None = None
    allowed: tuple[Count, ...] = ()

    @model_validator(mode="after")
    def _has_bounds(self) -> Self:
        if bool(self.allowed) == (self.min is not None or self.max is not None):
            raise ValueError("needs either `allowed`, or `min` and/or `max`")
        if not self.allowed:
            check_bounds(self.min, self.max)
        return self

    def count_flaws(self, count: int, path: str) -> Iterator[Flaw]:
        """The flaw of this count at this path, if it has one."""
        if count in self.allowed if self.allowed else within(count, self.min, self.max):
            return
        targets = self.allowed or tuple(bound for bound in (self.min, self.max) if bound is not None)
        asked = wording.either(self.allowed) if self.allowed else wording.bounds(self.min, self.max)
        allowed = list(self.allowed) if self.allowed else {"min": self.min, "max": self.max}
        yield counted(path, count, allowed, wording.field(path), asked, targets)


def check_bounds(minimum: int | None, maximum: int | None, names: tuple[str, str] = ("min", "max")) -> None:
    """ValueError unless at least one bound is given and they do not cross."""
    if minimum is None and maximum is None:
        raise ValueError(f"needs `{names[0]}` or `{names[1]}`")
    if minimum is not None and maximum is not None and minimum > maximum:
        raise ValueError(f"`{names[0]}` ({minimum}) is above `{names[1]}` ({maximum})")


class AboutFiles(Rule):
    """A rule about one fact of files, which we probed or an import declared.

    `accepts_declared` says whether an import's word is enough to pass a rule that blocks; where a rule leaves it out, the
    pack decides. A rule that only warns or scores takes it in any case, and the evidence of what it finds says so.
    """

    version: ClassVar[int] = 2
    fact: ClassVar[Words]
    unit: ClassVar[Words] = Words("", "")
    remedy: ClassVar[Words]

    accepts_declared: bool | None = None

    def judge(self, path: str, asset: AssetFacts | None) -> Flaw | None:
        """The flaw of one file, if it has one; `unknown` where nobody knows the fact, or knows it well enough."""
        if asset is None:
            return unknown(path, self.asked())
        evidence = {"asset": asset.uid, "source": asset.source}
        value = self.measure(asset)
        if value is None:
            return unknown(path, self.asked(), self.fact, evidence=evidence, hint=MEASURE)
        if asset.source == "declared" and self.severity == "block" and not self.accepts_declared:
            return Flaw(path, value, self.asked(), self._only_said(path, value), MEASURE, "unknown", evidence)
        if self.accepts(asset):
            return None
        thing, shown, words = wording.place(path), self.shown(value), self.words()
        message = Words(
            f"The {self.fact.en} of {thing.en} is {shown.en}; asked for: {words.en}.",
            f"{thing.zh}的{self.fact.zh}为 {shown.zh}；要求：{words.zh}。",
        )
        return Flaw(path, value, self.asked(), message, self.remedy, evidence=evidence)

    def _only_said(self, path: str, value: Any) -> Words:
        thing, shown = wording.place(path), self.shown(value)
        return Words(
            f"An import says that the {self.fact.en} of {thing.en} is {shown.en}; nobody measured it.",
            f"导入数据称{thing.zh}的{self.fact.zh}为 {shown.zh}，但未经实测。",
        )

    def shown(self, value: Any) -> Words:
        """A value of the fact, in words."""
        text = f"{value:,}" if isinstance(value, int) else value
        return Words(f"{text}{self.unit.en}", f"{text}{self.unit.zh}")

    @abstractmethod
    def measure(self, asset: AssetFacts) -> Any:
        """The fact this rule is about, as a JSON value; None when it is not known."""

    @abstractmethod
    def accepts(self, asset: AssetFacts) -> bool:
        """Whether the fact, which is known, will do."""

    @abstractmethod
    def asked(self) -> Any:
        """What is asked for, as a JSON value."""

    @abstractmethod
    def words(self) -> Words:
        """What is asked for, in words."""


class AboutImages(AboutFiles):
    """A rule about pictures: of the covers, of the body, of both, or of the products; every one, or at least one."""

    of: ImagesOf
    match: Literal["every", "any"] = "every"

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        judged = [self.judge(path, asset) for path, asset in dossier.images(self.of)]
        found = [flaw for flaw in judged if flaw is not None]
        if self.match == "every":
            yield from found
        elif len(found) == len(judged):
            yield self._none_of_them(found)

    def _none_of_them(self, found: list[Flaw]) -> Flaw:
        what, words = wording.field(self.of), self.words()
        cannot_tell = any(flaw.status == "unknown" for flaw in found)
        known = Words("known to be ", "已知") if cannot_tell else Words("", "")
        return Flaw(
            self.of,
            [flaw.actual for flaw in found],
            self.asked(),
            Words(
                f"None of the {what.en} is {known.en}as asked for: {words.en}.",
                f"{what.zh}中没有一张{known.zh}符合要求：{words.zh}。",
            ),
            MEASURE if any(flaw.hint is MEASURE for flaw in found) else self.remedy,
            "unknown" if cannot_tell else "failed",
            {"files": [dict(flaw.evidence) for flaw in found]},
        )


class AboutVideos(AboutFiles):
    """A rule about every video of the content."""

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        for index, video in enumerate(dossier.facts.content.videos):
            flaw = self.judge(f"videos.{index}", video)
            if flaw is not None:
                yield flaw
