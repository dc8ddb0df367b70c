"""The interchange format: one JSON object a line, each with a `type`; the first line is the header.

An object is named by its `uid`. Where a record has none, it is derived from `source` and `external_key`, always the
same one; a reference is a uid, or `source:external_key` for a thing named that way. Tags are written `taxonomy:code`,
channels, roles, fields and pools by their key or code. Records come in the order of `ORDER`, so that whatever a record
refers to stands before it. Documented in docs/interchange.md; the JSON Schema is docs/interchange.schema.json.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from services.interchange.records.assets import AssetFolderRecord, AssetRecord
from services.interchange.records.catalogue import BrandRecord, ProductRecord, ShopRecord
from services.interchange.records.people import (
    AccountRecord,
    AvatarRecord,
    ContractRecord,
    CreatorRecord,
    HeldRole,
    IdentityRecord,
    MemberRecord,
    OrganisationRecord,
)
from services.interchange.records.publishing import (
    AnswerRecord,
    ChannelRecord,
    ContentRecord,
    HomepageRecord,
    LiveRecord,
    PageVersionRecord,
    RevisionRecord,
    TaggingRecord,
)
from services.interchange.records.values import NAMESPACE, VERSION, Record, Ref, Sourced, reference, uid_for
from services.interchange.records.vocabulary import (
    Alias,
    FieldRecord,
    HeaderRecord,
    PoolRecord,
    RoleRecord,
    TagRecord,
    TaxonomyRecord,
)

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
    AssetFolderRecord,
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
    | AssetFolderRecord
    | AssetRecord
    | AvatarRecord
    | ProductRecord
    | ChannelRecord
    | ContentRecord
    | HomepageRecord,
    Field(discriminator="type"),
]
parse: TypeAdapter[AnyRecord] = TypeAdapter(AnyRecord)

__all__ = [
    "NAMESPACE",
    "ORDER",
    "VERSION",
    "AccountRecord",
    "Alias",
    "AnswerRecord",
    "AnyRecord",
    "AssetFolderRecord",
    "AssetRecord",
    "AvatarRecord",
    "BrandRecord",
    "ChannelRecord",
    "ContentRecord",
    "ContractRecord",
    "CreatorRecord",
    "FieldRecord",
    "HeaderRecord",
    "HeldRole",
    "HomepageRecord",
    "IdentityRecord",
    "LiveRecord",
    "MemberRecord",
    "OrganisationRecord",
    "PageVersionRecord",
    "PoolRecord",
    "ProductRecord",
    "Record",
    "Ref",
    "RevisionRecord",
    "RoleRecord",
    "ShopRecord",
    "Sourced",
    "TagRecord",
    "TaggingRecord",
    "TaxonomyRecord",
    "parse",
    "reference",
    "uid_for",
]
