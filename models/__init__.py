"""The nouns: tables, constraints, vocabulary. No sessions, no I/O."""

from models.accounts import Account, AccountLogin, ApiKey, AuditEntry, Identity, IdentityKind
from models.assets import (
    Asset,
    AssetFactsSource,
    AssetFolder,
    AssetKind,
    AssetTag,
    AssetUpload,
    Blob,
    ProbeState,
    Rendition,
    UploadState,
)
from models.base import Base
from models.channels import (
    Channel,
    ChannelKind,
    ChannelMember,
    InstallStep,
    PackCanary,
    PackInstall,
    PackVersion,
    Rehearsal,
    RehearsalState,
)
from models.clean_outs import ChannelDeparture, CleanOut, CleanOutVerdict
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
    DELIVERED,
    Decision,
    FactSnapshot,
    Outcome,
    QuotaCounter,
    QuotaPeriod,
    QuotaUse,
    RefusalKind,
    Submission,
    SubmissionActor,
    SubmissionEvent,
    SubmissionState,
)
from models.documents import Application, PersistedQuery, TrustedDocument
from models.duplicates import ContentPrint
from models.engagement import AnswerVote, Comment, CommentState, ContentCount, Follow, Like, Save
from models.feeds import Epoch, Feed, FeedContent, FeedEvent, FeedHead, FeedItem, FeedKind
from models.homepages import Homepage, HomepageState, HomepageVersion
from models.imports import ImportRun, ImportState
from models.instance import Instance
from models.lives import LiveMessage, LivePush, MessageState
from models.moderation import Appeal, AppealState, Erasure
from models.organisations import Contract, Organisation, OrganisationMember, OrganisationRole
from models.outbox import Consumer, DirtyKind, DirtyMark
from models.products import Brand, Pool, PoolProduct, Product, ProductAsset, Shop
from models.requests import IdempotencyKey, RateBucket
from models.reviews import Review, ReviewState
from models.streams import Stream, StreamEvent, StreamKind
from models.tags import Tag, TagAlias, Tagging, TaggingSource, TagState, Taxonomy
from models.usages import Usage, UsageKind, UsagePlace, UsageState

__all__ = [
    "DELIVERED", "Account", "AccountLogin", "Answer", "AnswerState", "AnswerVote", "ApiKey", "Appeal", "AppealState", "Application", "Asset",
    "AssetFactsSource", "AssetFolder", "AssetKind", "AssetTag", "AssetUpload", "AssetUse", "AuditEntry", "Base", "Blob", "Brand", "Channel", "ChannelDeparture", "ChannelKind",
    "ChannelMember", "CleanOut", "CleanOutVerdict", "Comment", "CommentState", "Consumer", "Content", "ContentCount", "ContentPrint", "ContentState", "Contract",
    "Creator", "CreatorField", "CreatorKind", "CreatorRole", "Decision", "DirtyKind", "DirtyMark", "Epoch", "Erasure",
    "FactSnapshot", "FactsSource", "Feed", "FeedContent", "FeedEvent", "FeedHead", "FeedItem", "FeedKind", "Field",
    "Follow", "Format", "Homepage", "HomepageState", "HomepageVersion", "IdempotencyKey", "Identity",
    "IdentityKind", "ImportRun", "ImportState", "InstallStep", "Instance", "Like", "LiveMessage", "LivePush", "LiveRoom",
    "LiveState", "MessageState", "Organisation", "OrganisationMember", "OrganisationRole", "Outcome", "PackCanary", "PackInstall",
    "PackVersion", "PersistedQuery", "Pool", "PoolProduct", "ProbeState", "Product", "ProductAsset", "QuotaCounter",
    "QuotaPeriod", "QuotaUse", "RateBucket", "RefusalKind", "Rehearsal", "RehearsalState", "Rendition", "Review", "ReviewState", "Revision", "RevisionAsset",
    "RevisionProduct", "RevisionState", "Role", "Save", "Shop", "Stream", "StreamEvent", "StreamKind", "Submission", "SubmissionActor", "SubmissionEvent",
    "SubmissionState", "Tag", "TagAlias", "TagState", "Tagging", "TaggingSource", "Taxonomy", "TrustedDocument", "UploadState",
    "Usage", "UsageKind", "UsagePlace", "UsageState",
]  # fmt: skip
