"""Records of vocabularies: fields, roles, taxonomies, tags, pools."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    Field,
)

from models import (
    TagState,
)
from models.texts import Line
from services.interchange.records.values import (
    Code,
    Instant,
    Language,
    Record,
)


class HeaderRecord(Record):
    type: Literal["headwater"] = "headwater"
    version: Literal[1] = 1
    exported_at: Instant | None = None


class FieldRecord(Record):
    type: Literal["field"] = "field"
    code: Code
    name_en: Line
    name_zh: Line


class RoleRecord(Record):
    type: Literal["role"] = "role"
    code: Code
    domain: Code
    calling: Code
    name_en: Line
    name_zh: Line


class TaxonomyRecord(Record):
    type: Literal["taxonomy"] = "taxonomy"
    uid: UUID | None = None
    code: Code
    is_tree: bool = False
    least_per_content: Annotated[int, Field(ge=0)] = 0
    most_per_content: Annotated[int, Field(ge=1)] | None = None
    labels: dict[str, Line]


class Alias(Record):
    alias: Line
    language: Language | None = None


class TagRecord(Record):
    """`parent` and `merged_into` are codes of the same taxonomy."""

    type: Literal["tag"] = "tag"
    uid: UUID | None = None
    taxonomy: Code
    code: Code
    parent: Code | None = None
    labels: dict[str, Line]
    aliases: tuple[Alias, ...] = ()
    state: TagState = TagState.ACTIVE
    merged_into: Code | None = None


class PoolRecord(Record):
    type: Literal["pool"] = "pool"
    uid: UUID | None = None
    code: Code
    name: Line
