"""What the fields of records are made of: names, references, instants, and what every record has."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from models.texts import clean

VERSION = 1
NAMESPACE = UUID("6f1c6f0e-6f0b-5c55-9d1b-2a7a6a5d7e11")

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)]
TagCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*:[a-z0-9][a-z0-9-]*$", max_length=160)]
Handle = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Score = Annotated[int, Field(ge=0, le=1000)]
Stars = Annotated[int, Field(ge=0, le=500)]
Minor = Annotated[int, Field(ge=0, le=10**15)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(clean)]


def _instant(value: datetime) -> datetime:
    if not 1 < value.year < 9999:
        raise ValueError("give a year from 2 to 9998")
    return value.astimezone(UTC)


def _storable(value: Any) -> Any:
    """JSON as the database keeps it: texts that can be published, numbers that survive a round trip."""
    match value:
        case str():
            clean(value)
        case bool() | None:
            pass
        case int() if abs(value) >= 2**63:
            raise ValueError(f"the number {str(value)[:40]} does not fit 64 bits; write it as a text")
        case float() if not isfinite(value):
            raise ValueError("NaN and infinity are no numbers here")
        case dict():
            for name, inner in value.items():
                _storable(name)
                _storable(inner)
        case list() | tuple():
            for inner in value:
                _storable(inner)
        case _:
            pass
    return value


Instant = Annotated[AwareDatetime, AfterValidator(_instant)]
Json = Annotated[dict[str, Any], AfterValidator(_storable)]


def uid_for(source: str, external_key: str) -> UUID:
    """The uid of what a source calls `external_key`: the same in every database."""
    return uuid.uuid5(NAMESPACE, f"{source}\x00{external_key}")


def reference(value: Any) -> Any:
    """`source:key` as the uid that it stands for; anything else as it is."""
    if isinstance(value, str) and ":" in value and not value.startswith("urn:"):
        source, _, key = value.partition(":")
        return uid_for(source, key)
    return value


Ref = Annotated[UUID, BeforeValidator(reference)]


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sourced(Record):
    """A record of something with a public identity."""

    uid: UUID
    source: Key | None = None
    external_key: Key | None = None
    created_at: Instant | None = None

    @model_validator(mode="before")
    @classmethod
    def _name(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.get("uid"):
            source, key = given.get("source"), given.get("external_key")
            if not (isinstance(source, str) and isinstance(key, str)):
                raise ValueError("give a uid, or source and external_key")
            return {**given, "uid": uid_for(source, key)}
        return given
