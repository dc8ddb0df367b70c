"""The nouns: tables, constraints, vocabulary. No sessions, no I/O."""

from models.accounts import Account, ApiKey, AuditEntry, Identity, IdentityKind
from models.assets import Asset, AssetFactsSource, AssetKind, Blob
from models.base import Base
from models.channels import Channel, ChannelKind, ChannelMember, PackInstall, PackVersion
from models.contents import (
    Answer,
    AnswerState,
    AssetUse,
    Content,
    ContentState,
    Format,
    LiveRoom,
    LiveState,
    Revision,
    RevisionAsset,
    RevisionProduct,
    RevisionState,
)
from models.creators import Creator, CreatorField, CreatorKind, CreatorRole, FactsSource, Field, Role
from models.distribution import (
    Decision,
    FactSnapshot,
    Outcome,
    QuotaCounter,
    QuotaPeriod,
    QuotaUse,
    Submission,
    SubmissionState,
)
from models.feeds import Epoch, Feed, FeedContent, FeedEvent, FeedHead, FeedItem, FeedKind
from models.homepages import Homepage, HomepageState, HomepageVersion
from models.imports import ImportRun, ImportState
from models.instance import Instance
from models.organisations import Contract, Organisation, OrganisationMember, OrganisationRole
from models.outbox import Consumer, DirtyKind, DirtyMark
from models.products import Brand, Pool, PoolProduct, Product, ProductAsset, Shop
from models.tags import Tag, TagAlias, Tagging, TaggingSource, TagState, Taxonomy

__all__ = [
    "Account", "Answer", "AnswerState", "ApiKey", "Asset", "AssetFactsSource", "AssetKind", "AssetUse", "AuditEntry",
    "Base", "Blob", "Brand", "Channel", "ChannelKind", "ChannelMember", "Consumer", "Content", "ContentState",
    "Contract", "Creator", "CreatorField", "CreatorKind", "CreatorRole", "Decision", "DirtyKind", "DirtyMark", "Epoch",
    "FactSnapshot", "FactsSource", "Feed", "FeedContent", "FeedEvent", "FeedHead", "FeedItem", "FeedKind", "Field",
    "Format", "Homepage", "HomepageState", "HomepageVersion", "Identity", "IdentityKind", "ImportRun", "ImportState",
    "Instance", "LiveRoom", "LiveState", "Organisation", "OrganisationMember", "OrganisationRole", "Outcome",
    "PackInstall", "PackVersion", "Pool", "PoolProduct", "Product", "ProductAsset", "QuotaCounter", "QuotaPeriod",
    "QuotaUse", "Revision", "RevisionAsset", "RevisionProduct", "RevisionState", "Role", "Shop", "Submission",
    "SubmissionState", "Tag", "TagAlias", "TagState", "Tagging", "TaggingSource", "Taxonomy",
]  # fmt: skip
