"""Records of accounts, organisations, creators, and what binds them to each other."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BeforeValidator,
    Field,
)

from models import (
    CreatorKind,
    FactsSource,
    IdentityKind,
    OrganisationRole,
    caps,
)
from models.texts import Line, Prose
from services.interchange.records.values import (
    Code,
    Handle,
    Instant,
    Language,
    Record,
    Ref,
    Score,
    Sourced,
)


class AccountRecord(Record):
    """An account without its secrets: keys are made anew."""

    type: Literal["account"] = "account"
    uid: UUID
    name: Line
    email: Line | None = None
    suspended_at: Instant | None = None
    suspended_because: Prose | None = None
    erased_at: Instant | None = None
    created_at: Instant | None = None


class OrganisationRecord(Sourced):
    type: Literal["organisation"] = "organisation"
    handle: Handle
    name: Line
    demands_review: bool = False
    suspended_at: Instant | None = None


class HeldRole(Record):
    """A certified role; a bare code will do where the day is not known."""

    code: Code
    certified_on: date | None = None


def as_role(value: Any) -> Any:
    return {"code": value} if isinstance(value, str) else value


class CreatorRecord(Sourced):
    type: Literal["creator"] = "creator"
    handle: Handle
    name: Line
    kind: CreatorKind = CreatorKind.SELF_MEDIA
    bio: Prose = ""
    language: Language = "zh"
    level: Annotated[int, Field(ge=0, le=6)] = 0
    quality_score: Score | None = None
    health_score: Score | None = None
    index_score: Score | None = None
    fan_value: Score | None = None
    followers_count: Annotated[int, Field(ge=0)] = 0
    certified_on: date | None = None
    is_seller: bool = False
    facts_source: FactsSource = FactsSource.DECLARED
    fields: Annotated[tuple[Code, ...], Field(max_length=caps.MOST_FIELDS)] = ()
    roles: Annotated[tuple[Annotated[HeldRole, BeforeValidator(as_role)], ...], Field(max_length=caps.MOST_ROLES)] = ()
    suspended_at: Instant | None = None
    suspended_because: Prose | None = None
    erased_at: Instant | None = None


class IdentityRecord(Record):
    type: Literal["identity"] = "identity"
    uid: UUID
    account: UUID
    kind: IdentityKind
    creator: Ref | None = None
    shop: Ref | None = None
    organisation: Ref | None = None


class MemberRecord(Record):
    type: Literal["member"] = "member"
    uid: UUID
    organisation: Ref
    account: UUID
    role: OrganisationRole
    since: date | None = None
    until: date | None = None


class ContractRecord(Sourced):
    """The organisation acts for the creator from `since` until the day before `until`."""

    type: Literal["contract"] = "contract"
    organisation: Ref
    creator: Ref
    since: date
    until: date | None = None
    share_basis_points: Annotated[int, Field(ge=0, le=10_000)]


class AvatarRecord(Record):
    """A creator's picture: a record of its own, since assets name their creators."""

    type: Literal["avatar"] = "avatar"
    creator: Ref
    asset: Ref
