"""Rules about words: how long, what must be there, how long a paragraph may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from services.channels import wording
from services.channels.dossiers import Dossier
from services.channels.findings import Flaw, Words
from services.channels.rules.base import Bounded, FieldPath, Rule, counted, unknown, within
from services.channels.terms import Positive, Unit

TextPath = Annotated[str, StringConstraints(pattern=r"^(title|summary|text|details\.[a-z][a-z0-9_]*)$")]
CountPath = Annotated[str, StringConstraints(pattern=r"^(headings|paragraphs|details\.[a-z][a-z0-9_]*)$")]


def length_flaw(path: str, actual: int, minimum: int | None, maximum: int | None, unit: Unit) -> Flaw:
    """The text at this path is too short or too long."""
    what, name, asked = wording.place(path), wording.unit(unit), wording.bounds(minimum, maximum)
    missing = minimum - actual if minimum is not None and actual < minimum else 0
    surplus = actual - (maximum or 0)
    return Flaw(
        path,
        actual,
        {"min": minimum, "max": maximum, "unit": unit},
        Words(
            wording.sentence(f"{what.en} has {actual} {name.en}; asked for: {asked.en}."),
            f"{what.zh}长 {actual} {name.zh}；要求：{asked.zh}。",
        ),
        Words(f"Lengthen it by {missing}.", f"请增加 {missing}。")
        if missing
        else Words(f"Shorten it by {surplus}.", f"请缩减 {surplus}。"),
    )


class TextLength(Bounded):
    """A text is not shorter than `min` and not longer than `max`, counted in `unit`."""

    kind: Literal["text.length"]
    field: TextPath
    unit: Unit = "graphemes"
    unit_stated: bool = True

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        value = dossier.value(self.field)
        if not isinstance(value, str):
            yield unknown(self.field, {"min": self.min, "max": self.max, "unit": self.unit})
            return
        actual = dossier.length(value, self.unit)
        if not within(actual, self.min, self.max):
            yield length_flaw(self.field, actual, self.min, self.max, self.unit)


class TextRequired(Rule):
    """These fields are there and not empty."""

    kind: Literal["text.required"]
    fields: tuple[FieldPath, ...] = Field(min_length=1)

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        for field in self.fields:
            value = dossier.value(field)
            if value is None:
                yield unknown(field, "present")
            elif not _says_something(value):
                what = wording.place(field)
                yield Flaw(
                    field,
                    "",
                    "present",
                    Words(wording.sentence(f"{what.en} is missing."), f"缺少{what.zh}。"),
                    Words(f"Give {what.en}.", f"请补充{what.zh}。"),
                )


def _says_something(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else bool(value)


class ParagraphMax(Rule):
    """No paragraph of the text is longer than `max`, counted in `unit`."""

    kind: Literal["text.paragraph_max"]
    max: Positive
    unit: Unit = "graphemes"
    unit_stated: bool = True

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        for index, paragraph in enumerate(dossier.facts.content.paragraphs):
            actual = dossier.length(paragraph, self.unit)
            if actual > self.max:
                yield length_flaw(f"paragraphs.{index}", actual, None, self.max, self.unit)


class DetailCount(Bounded):
    """A count of the format's own part (highlights, sections, answers, entries …) is between `min` and `max`."""

    kind: Literal["detail.count"]
    field: CountPath

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        value, asked = dossier.value(self.field), {"min": self.min, "max": self.max}
        if value is None:
            yield unknown(self.field, asked)
            return
        count = value if isinstance(value, int) else len(value)
        if not within(count, self.min, self.max):
            targets = tuple(bound for bound in (self.min, self.max) if bound is not None)
            bounds = wording.bounds(self.min, self.max)
            yield counted(self.field, count, asked, wording.field(self.field), bounds, targets)


RULES = (TextLength, TextRequired, ParagraphMax, DetailCount)
