"""The interchange format: one JSON object a line, each with a `type`; the first line is the header.

An object is named by its `uid`. Where a record has none, it is derived from `source` and `external_key`, always the
same one; a reference is a uid, or `source:external_key` for a thing named that way. Tags are written `taxonomy:code`,
channels, roles, fields and pools by their key or code. Records come in the order of `ORDER`, so that whatever a record
refers to stands before it. Documented in docs/interchange.md; the JSON Schema is docs/interchange.schema.json.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from math import isfinite
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

from models import (
    AnswerState,
    AssetFactsSource,
    AssetKind,
    ChannelKind,
    ContentState,
    CreatorKind,
    FactsSource,
    Format,
    HomepageState,
    IdentityKind,
    OrganisationRole,
    RevisionState,
    TaggingSource,
    TagState,
)
from models.formats import Live
from models.texts import Line, Link, Prose, Title, clean

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


class BrandRecord(Sourced):
    type: Literal["brand"] = "brand"
    name: Line
    description: Prose = ""


class ShopRecord(Sourced):
    """The three service scores in hundredths: 460 is 4.60 of 5."""

    type: Literal["shop"] = "shop"
    name: Line
    description_score: Stars | None = None
    service_score: Stars | None = None
    logistics_score: Stars | None = None


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


def _role(value: Any) -> Any:
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
    fields: tuple[Code, ...] = ()
    roles: tuple[Annotated[HeldRole, BeforeValidator(_role)], ...] = ()
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


class AssetRecord(Sourced):
    """A picture, video or audio file by its address. Facts that come along are DECLARED."""

    type: Literal["asset"] = "asset"
    kind: AssetKind
    creator: Ref | None = None
    url: Link | None = None
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = None
    media_type: Line | None = None
    byte_count: Annotated[int, Field(gt=0)] | None = None
    width: Annotated[int, Field(gt=0)] | None = None
    height: Annotated[int, Field(gt=0)] | None = None
    duration_ms: Annotated[int, Field(ge=0)] | None = None
    bitrate: Annotated[int, Field(ge=0)] | None = None
    facts_source: AssetFactsSource = AssetFactsSource.DECLARED
    facts: Json = Field(default_factory=dict)
    alternative_text: Prose = ""
    credit: Prose = ""
    licence: Line = ""


class AvatarRecord(Record):
    """A creator's picture: a record of its own, since assets name their creators."""

    type: Literal["avatar"] = "avatar"
    creator: Ref
    asset: Ref


class ProductRecord(Sourced):
    """Money in minor units: 19900 with CNY is 199 yuan."""

    type: Literal["product"] = "product"
    title: Title
    description: Prose = ""
    url: Link | None = None
    language: Language = "zh"
    shop: Ref | None = None
    brand: Ref | None = None
    category: TagCode | None = None
    price_minor: Minor | None = None
    list_price_minor: Minor | None = None
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = None
    is_on_shelf: bool = True
    attributes: Json = Field(default_factory=dict)
    pictures: tuple[Ref, ...] = ()
    pools: tuple[Code, ...] = ()


class ChannelRecord(Record):
    """A channel, and the pack that rules it (its canonical form), if it has one."""

    type: Literal["channel"] = "channel"
    uid: UUID | None = None
    key: Key
    parent: Key | None = None
    external_id: Key | None = None
    kind: ChannelKind
    names: dict[str, Line]
    time_zone: Line
    is_private: bool = False
    pack: Json | None = None
    members: tuple[Ref, ...] = ()


class RevisionRecord(Record):
    """A version of a content. `body` is a list of blocks; instead of it an import may give `markdown` or `html`.
    `details` is the format's own part (models/formats.py).
    """

    uid: UUID | None = None
    number: Annotated[int, Field(ge=1)] | None = None
    state: RevisionState = RevisionState.LIVE
    edition: Annotated[int, Field(ge=1)] = 1
    title: Title
    summary: Prose = ""
    body: tuple[Json, ...] = ()
    markdown: Annotated[str, StringConstraints(max_length=200_000)] | None = None
    html: Annotated[str, StringConstraints(max_length=2_000_000)] | None = None
    details: Json = Field(default_factory=dict)
    covers: tuple[Ref, ...] = ()
    products: tuple[Ref, ...] = ()
    is_original: bool | None = None
    created_at: Instant | None = None
    sealed_at: Instant | None = None
    published_at: Instant | None = None
    scheduled_for: Instant | None = None
    schedule_zone: Line | None = None
    fired_late_ms: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_body(self) -> RevisionRecord:
        if (bool(self.body) + (self.markdown is not None) + (self.html is not None)) > 1:
            raise ValueError("give one of body, markdown and html")
        return self


class TaggingRecord(Record):
    tag: TagCode
    source: TaggingSource = TaggingSource.IMPORT
    confidence: Annotated[int, Field(ge=0, le=100)] = 100
    is_confirmed: bool = True


class AnswerRecord(Sourced):
    creator: Ref
    body: tuple[Json, ...] = ()
    markdown: Annotated[str, StringConstraints(max_length=200_000)] | None = None
    html: Annotated[str, StringConstraints(max_length=2_000_000)] | None = None
    state: AnswerState = AnswerState.VISIBLE
    votes_count: Annotated[int, Field(ge=0)] = 0
    is_accepted: bool = False
    published_at: Instant


class LiveRecord(Live):
    """The moving part of a live; how many watch at the moment is not carried along."""

    starts_at: Instant
    started_at: Instant | None = None
    ended_at: Instant | None = None
    viewers_peak: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _times_fit(self) -> LiveRecord:
        if self.state in {"LIVE", "ENDED", "REPLAY"} and self.started_at is None:
            raise ValueError(f"a live that is {self.state} needs started_at")
        if self.state in {"ENDED", "REPLAY"} and self.ended_at is None:
            raise ValueError(f"a live that is {self.state} needs ended_at")
        if self.started_at and self.ended_at and self.ended_at < self.started_at:
            raise ValueError("ended_at is before started_at")
        return self


class ContentRecord(Sourced):
    """A content with its revisions, oldest first. `is_history`: it was published elsewhere before, so it spends no
    quota. `channels` names the channels asked for; none: all that match.
    """

    type: Literal["content"] = "content"
    creator: Ref
    organisation: Ref | None = None
    format: Format
    language: Language
    group: Ref | None = None
    state: ContentState = ContentState.VISIBLE
    state_because: Prose | None = None
    state_at: Instant | None = None
    published_at: Instant | None = None
    changed_at: Instant | None = None
    is_history: bool = True
    channels: tuple[Key, ...] | None = None
    tags: tuple[TaggingRecord, ...] = ()
    revisions: tuple[RevisionRecord, ...] = ()
    live: LiveRecord | None = None
    answers: tuple[AnswerRecord, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> ContentRecord:
        if not self.revisions and self.state is not ContentState.ERASED:
            raise ValueError("a content needs at least one revision")
        for state in (RevisionState.LIVE, RevisionState.DRAFT):
            if sum(revision.state is state for revision in self.revisions) > 1:
                raise ValueError(f"at most one revision is {state.value}")
        if self.live is not None and self.format is not Format.LIVE:
            raise ValueError("only the format LIVE has the part `live`")
        if self.answers and self.format is not Format.QNA:
            raise ValueError("only the format QNA has answers")
        if sum(answer.is_accepted for answer in self.answers) > 1:
            raise ValueError("at most one answer is accepted")
        tags = [tagging.tag for tagging in self.tags]
        if len(set(tags)) < len(tags):
            raise ValueError("each tag stands once")
        return self


class PageVersionRecord(Record):
    uid: UUID | None = None
    number: Annotated[int, Field(ge=1)] | None = None
    state: HomepageState = HomepageState.LIVE
    theme: Json = Field(default_factory=dict)
    blocks: tuple[Json, ...]
    published_at: Instant | None = None
    created_at: Instant | None = None


class HomepageRecord(Record):
    type: Literal["homepage"] = "homepage"
    uid: UUID | None = None
    created_at: Instant | None = None
    creator: Ref
    versions: Annotated[tuple[PageVersionRecord, ...], Field(min_length=1)]


ORDER: tuple[type[Record], ...] = (
    HeaderRecord,
    FieldRecord,
    RoleRecord,
    TaxonomyRecord,
    TagRecord,
    PoolRecord,
    BrandRecord,
    ShopRecord,
    AccountRecord,
    OrganisationRecord,
    CreatorRecord,
    IdentityRecord,
    MemberRecord,
    ContractRecord,
    AssetRecord,
    AvatarRecord,
    ProductRecord,
    ChannelRecord,
    ContentRecord,
    HomepageRecord,
)

AnyRecord = Annotated[
    HeaderRecord
    | FieldRecord
    | RoleRecord
    | TaxonomyRecord
    | TagRecord
    | PoolRecord
    | BrandRecord
    | ShopRecord
    | AccountRecord
    | OrganisationRecord
    | CreatorRecord
    | IdentityRecord
    | MemberRecord
    | ContractRecord
    | AssetRecord
    | AvatarRecord
    | ProductRecord
    | ChannelRecord
    | ContentRecord
    | HomepageRecord,
    Field(discriminator="type"),
]
parse: TypeAdapter[AnyRecord] = TypeAdapter(AnyRecord)
