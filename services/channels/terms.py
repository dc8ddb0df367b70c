"""The few words that packs, rules and findings share: severities, units, sources, and what every part of a pack is."""

from __future__ import annotations

from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Format = Literal["ARTICLE", "QNA", "LIVE", "GALLERY", "SHORT_VIDEO", "RANKED_LIST", "ITEM_NOTE", "COLLOCATION"]
FORMATS: tuple[Format, ...] = get_args(Format)
CreatorKind = Literal["MEDIA", "PERSONALITY", "SELF_MEDIA", "MERCHANT"]
Severity = Literal["block", "warn", "score"]
Unit = Literal["code_points", "graphemes", "utf16", "bytes", "x_weighted", "full_width"]
Provenance = Literal["captured", "connector", "spec", "house"]
Confidence = Literal["A", "B", "C", "D"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ScoreName = Literal["quality", "health", "index", "fan_value", "activity"]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$", max_length=100)]
# far beyond what anybody means, and within what clocks, calendars and the database can count
Count = Annotated[int, Field(ge=0, le=10**12)]
Positive = Annotated[int, Field(ge=1, le=10**12)]
Days = Annotated[int, Field(ge=0, le=36_525)]
Hours = Annotated[int, Field(ge=1, le=24 * 366)]


def known_zone(value: str) -> str:
    """The name itself; ValueError when it is no time zone of the IANA database."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{value!r} is no time zone of the IANA database") from error
    return value


# Tells a pack that somebody writes from one that is stored: what is asked since may stop the first, never the second.
AUTHORED = {"authored": True}


class Part(BaseModel):
    """A part of a pack: never changed after it was read, and without a word that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="constants")


class Localised(Part):
    """The same words in the languages that every pack speaks."""

    en: Text
    zh: Text


class Source(Part):
    """Where a fact comes from and how far it can be trusted: A read, B agreed by several, C recalled, D inferred."""

    provenance: Provenance
    confidence: Confidence
    observed_on: str | None = Field(default=None, pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")
    note: Text | None = None
