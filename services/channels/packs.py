"""What a pack is: a channel entry as data, read from TOML, refused with every reason at once, named by its digest."""

from __future__ import annotations

import hashlib
from typing import Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

import orjson
from pydantic import BaseModel, Field, JsonValue, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.json_schema import GenerateJsonSchema

from core.errors import Invalid
from services.channels.changes import Changes
from services.channels.clean_out import CleanOut
from services.channels.complaints import PackProblem, complaints
from services.channels.gates import Gate
from services.channels.given import Given
from services.channels.rules import AnyRule
from services.channels.shapes import Rendering
from services.channels.showing import Showing
from services.channels.terms import (
    AUTHORED,
    Code,
    Confidence,
    Count,
    Format,
    Hours,
    Key,
    Localised,
    Part,
    Provenance,
    Source,
    Text,
    known_zone,
)
from services.channels.texts import DEEP, TextError, content_of

SCHEMA_VERSION = 1
FULL_SCORE = 100
Kind = Literal["platform", "social", "syndication", "private"]
Stage = Literal["machine", "human", "trial"]
Whole = TypeVar("Whole", bound=BaseModel)


class MalformedPack(Invalid):
    """The text is not a pack; `problems` names the key and the reason of everything that is wrong with it."""

    code = "MALFORMED_PACK"


class TagClause(Part):
    """What must be true of the tags of one taxonomy; a descendant counts as its ancestor."""

    taxonomy: Code
    any: tuple[Code, ...] = ()
    all: tuple[Code, ...] = ()
    none: tuple[Code, ...] = ()

    @model_validator(mode="after")
    def _names_tags(self) -> Self:
        if not (self.any or self.all or self.none):
            raise ValueError("needs one of any, all, none")
        return self


class Selector(Part):
    """Which content an entry is for. What is left empty is not asked."""

    formats: tuple[Format, ...] = ()
    languages: tuple[str, ...] = ()
    creator_fields: tuple[Code, ...] = ()
    tags: tuple[TagClause, ...] = ()


class LevelQuota(Part):
    min: int = Field(default=0, ge=0, le=6)
    max: int = Field(default=6, ge=0, le=6)
    per_creator_per_day: Count


class Quota(Part):
    """How many an entry takes; days and weeks (from Monday) pass in its time zone."""

    per_creator_per_day: Count | None = None
    per_creator_per_week: Count | None = None
    per_channel_per_day: Count | None = None
    total: Count | None = None
    resubmission_counts: bool = False
    by_level: tuple[LevelQuota, ...] = ()
    source: Source | None = None


class Reason(Part):
    code: Code
    text: Localised


class Audit(Part):
    """Who looks at a submission, in which order, and by when (hours)."""

    path: tuple[Stage, ...] = ("machine",)
    machine_hours: Hours | None = None
    human_hours: Hours | None = None
    trial_hours: Hours | None = None
    delivery_hours: Hours | None = None
    confirmation_hours: Hours | None = None
    auditors: Literal["operator", "channel"] = "operator"
    priority: tuple[Format, ...] = ()
    reasons: tuple[Reason, ...] = ()
    source: Source | None = None

    @field_validator("path")
    @classmethod
    def _in_order(cls, path: tuple[Stage, ...]) -> tuple[Stage, ...]:
        order: tuple[Stage, ...] = ("machine", "human", "trial")
        if tuple(stage for stage in order if stage in path) != path:
            raise ValueError("names machine, human, trial at most once and in this order")
        return path

    def rank(self, form: str) -> int:
        """The turn of a format at human audit: its place in `priority`, after all that are named there if it is not."""
        return next((place for place, one in enumerate(self.priority) if one == form), len(self.priority))

    @property
    def expected_hours(self) -> int | None:
        """By when, counted from the submission, the audits should be over: the sum of the stages' deadlines. Without one for
        the machine that is at once; where people have none it is not known.
        """
        hours = {"machine": self.machine_hours or 0, "human": self.human_hours, "trial": self.trial_hours}
        of_stages = [hours[stage] for stage in self.path]
        return None if None in of_stages else sum(each or 0 for each in of_stages)


class Fact(Part):
    """Something known of the channel that no part of a pack can say, kept so that it is not lost; `note` says why not."""

    text: Text
    value: JsonValue = None
    confidence: Confidence
    provenance: Provenance | None = None
    observed_on: str | None = Field(default=None, pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")
    note: Text | None = None

    @model_validator(mode="after")
    def _says_why(self, info: ValidationInfo) -> Self:
        if self.note is None and info.context == AUTHORED:
            raise ValueError("needs a `note`: why no part of a pack can say it")
        return self


class Example(Part):
    """A content and a creator, told by what sets them apart from the base, and what must become of them."""

    name: Text
    must: Literal["pass", "fail"]
    codes: tuple[str, ...] = ()
    given: Given = Given()

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if (self.must == "fail") != bool(self.codes):
            raise ValueError("an example that must fail names its `codes`, one that must pass names none")
        return self


class Pack(Part):
    """A channel entry as versioned data."""

    schema_: Literal[1] = Field(alias="schema")
    key: Key
    external_id: Text | None = None
    parent: Key | None = None
    kind: Kind
    time_zone: str
    name: Localised
    description: Localised
    source: Source
    selector: Selector
    gates: Gate | None = None
    # whether an import's word of a file is enough for rules that block and do not say so themselves
    accepts_declared: bool = False
    rules: tuple[AnyRule, ...] = ()
    # how many of 100 points a content must keep of those that `score` rules take
    min_score: int | None = Field(default=None, ge=1, le=FULL_SCORE)
    quota: Quota = Quota()
    audit: Audit = Audit()
    changes: Changes = Changes()
    rendering: Rendering = Rendering()
    showing: Showing | None = None
    clean_out: CleanOut | None = None
    facts: tuple[Fact, ...] = ()
    examples: tuple[Example, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _exists(cls, value: str) -> str:
        return known_zone(value)

    @model_validator(mode="after")
    def _stands_under_its_parent(self) -> Self:
        if self.parent is not None and not self.key.startswith(self.parent + "."):
            raise ValueError(f"the key must start with the parent's: {self.parent}.")
        return self

    @model_validator(mode="after")
    def _has_eyes_for_manual_rules(self) -> Self:
        blind = [index for index, rule in enumerate(self.rules) if rule.kind == "manual" and rule.severity == "block"]
        if blind and "human" not in self.audit.path:
            raise ValueError(
                f'rules {blind} are manual, so audit.path needs "human"; with severity = "warn" they are notes only'
            )
        return self

    @model_validator(mode="after")
    def _can_fall_short(self) -> Self:
        weights = sum(rule.weight for rule in self.rules if rule.severity == "score")
        if self.min_score is not None and FULL_SCORE - weights >= self.min_score:
            raise ValueError(
                f"min_score = {self.min_score} asks nothing: the score rules take {weights} of {FULL_SCORE} at most"
            )
        return self

    @model_validator(mode="after")
    def _names_a_pool_to_leave(self) -> Self:
        if self.changes.out_of_pool is not None and not any(rule.kind == "product.pool" for rule in self.rules):
            raise ValueError("changes.out_of_pool asks nothing: no product.pool rule names a pool that could be left")
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def canonical(self) -> bytes:
        """The same bytes for the same meaning: JSON with sorted keys, without what is left at its default."""
        content = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)

    @property
    def digest(self) -> str:
        """The version of the pack: SHA-256 of its canonical form, in hexadecimal."""
        return hashlib.sha256(self.canonical()).hexdigest()


class Platform(Part):
    """The parent of entries: it has a name and no rules."""

    key: Key
    external_id: Text | None = None
    kind: Kind
    time_zone: str
    name: Localised
    description: Localised | None = None

    @field_validator("time_zone")
    @classmethod
    def _exists(cls, value: str) -> str:
        return known_zone(value)


class Platforms(Part):
    schema_: Literal[1] = Field(alias="schema")
    platforms: tuple[Platform, ...]


def parse_pack(text: str, name: str) -> Pack:
    """The pack in a text: TOML, or JSON under a name that ends in .json; MalformedPack names the file, and for everything
    wrong its key and the reason.
    """
    return _parse(Pack, text, name)


def parse_platforms(text: str, name: str) -> tuple[Platform, ...]:
    """The platforms in a TOML text; refused as a pack is."""
    return _parse(Platforms, text, name).platforms


def read_canonical(content: bytes) -> Pack:
    """The pack whose canonical form this is."""
    return Pack.model_validate_json(content)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a pack, as editors and other programs want it."""
    schema = Pack.model_json_schema(by_alias=True, schema_generator=_WithoutTitles)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


class _WithoutTitles(GenerateJsonSchema):
    """A title that only repeats the key tells an editor nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  (no field is to have one)
        return False


def _parse(model: type[Whole], text: str, name: str) -> Whole:
    try:
        content = content_of(text, name)
    except TextError as error:
        raise _unreadable(error, name) from error
    try:
        # By way of JSON: there an array may be a tuple, and a date is the text that we keep, strictly.
        return model.model_validate_json(orjson.dumps(content), context=AUTHORED)
    except ValidationError as error:
        problems = tuple(complaints(error, model, content, text, name))
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise MalformedPack(problems[0].message + more, problems=problems) from error
    except orjson.JSONEncodeError as error:
        said = DEEP if "Recursion" in str(error) else str(error)
        raise MalformedPack(f"{name}: {said}") from error


def _unreadable(error: TextError, name: str) -> MalformedPack:
    if error.line is None:
        return MalformedPack(f"{name}: {error.reason}")
    where = f"{'.'.join(map(str, error.path))}: " if error.path else ""
    message = f"{name}:{error.line}: {where}{error.reason}"
    return MalformedPack(message, problems=[PackProblem(MalformedPack.code, message, error.path, name, error.line)])
