"""Assets: pictures, films, sound and subtitles with facts; bytes are stored once by their hash, or stay a link."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.ids import new_uid
from models.base import Base, Created, Identified, Imported


class AssetKind(enum.StrEnum):
    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    AUDIO = "AUDIO"
    SUBTITLES = "SUBTITLES"


class AssetFactsSource(enum.StrEnum):
    """PROBED: read from the bytes by us. DECLARED: what an import said. NONE: nothing is known yet."""

    PROBED = "PROBED"
    DECLARED = "DECLARED"
    NONE = "NONE"


class ProbeState(enum.StrEnum):
    """WAITING: nobody has looked at the bytes yet. REFUSED: they are not what we take, `probe_failure` says why."""

    WAITING = "WAITING"
    PROBED = "PROBED"
    REFUSED = "REFUSED"


class UploadState(enum.StrEnum):
    """RECEIVING: bytes may still arrive. FETCHING: we get them from an address. PROBING: all there, not looked at yet.
    READY: there is an asset. REFUSED: there will be none, `failure` says why. EXPIRED: nobody finished it in time.
    """

    RECEIVING = "RECEIVING"
    FETCHING = "FETCHING"
    PROBING = "PROBING"
    READY = "READY"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"


class Blob(Created, Base):
    """Bytes in the asset store, by their SHA-256, and what a probe found in them. A probe's claim is a lease."""

    __tablename__ = "blobs"

    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    byte_count: Mapped[int]
    probe_state: Mapped[ProbeState] = mapped_column(server_default="WAITING")
    # what the probe that looked at them could do: a newer one looks again
    probe_version: Mapped[int | None]
    probed_at: Mapped[datetime | None]
    probe_attempts: Mapped[int] = mapped_column(server_default="0")
    probe_claimed_until: Mapped[datetime | None]
    probe_failure: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    __table_args__ = (
        CheckConstraint("octet_length(sha256) = 32", name="is_sha256"),
        CheckConstraint("byte_count > 0", name="not_empty"),
        CheckConstraint("(probe_state = 'REFUSED') = (probe_failure IS NOT NULL)", name="refused_for_a_reason"),
        CheckConstraint("probe_state <> 'PROBED' OR probed_at IS NOT NULL", name="probed_at_a_time"),
        Index("ix_blobs_waiting", "created_at", postgresql_where=text("probe_state = 'WAITING'")),
        Index("ix_blobs_probed", "probe_version", postgresql_where=text("probe_state = 'PROBED'")),
    )


class AssetFolder(Identified, Created, Base):
    """A folder of a creator's assets; no two beside each other have the same name."""

    __tablename__ = "asset_folders"

    creator_id: Mapped[int] = mapped_column(ForeignKey("creators.id"))
    parent_id: Mapped[int | None]
    name: Mapped[str]

    __table_args__ = (
        UniqueConstraint("creator_id", "parent_id", "name", postgresql_nulls_not_distinct=True),
        UniqueConstraint("id", "creator_id"),
        # a folder lies in one of the same creator
        ForeignKeyConstraint(["parent_id", "creator_id"], ["asset_folders.id", "asset_folders.creator_id"]),
        CheckConstraint("parent_id <> id", name="not_in_itself"),
        Index("ix_asset_folders_parent", "parent_id"),
    )


class Asset(Identified, Imported, Created, Base):
    """A file of a creator, or of the house: `sha256` when we hold the bytes, `url` when it lives elsewhere.

    Width and height are those of the upright picture, in pixels. `facts` holds what has no column: what a probe found
    (models of services/media/facts.py), or what an import said. `focal_x` and `focal_y` are thousandths of width and
    height from the top left corner. A retired asset stays where it is used and is used nowhere anew; after `expires_at`
    it is shown nowhere.
    """

    __tablename__ = "assets"

    kind: Mapped[AssetKind]
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("creators.id"))
    folder_id: Mapped[int | None]
    sha256: Mapped[bytes | None] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    url: Mapped[str | None]
    file_name: Mapped[str] = mapped_column(server_default="")
    media_type: Mapped[str | None]
    byte_count: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    duration_ms: Mapped[int | None]
    bitrate: Mapped[int | None]
    facts_source: Mapped[AssetFactsSource] = mapped_column(server_default="NONE")
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    alternative_text: Mapped[str] = mapped_column(server_default="")
    credit: Mapped[str] = mapped_column(server_default="")
    licence: Mapped[str] = mapped_column(server_default="")
    # where it comes from: an address, or words
    origin: Mapped[str] = mapped_column(server_default="")
    focal_x: Mapped[int | None]
    focal_y: Mapped[int | None]
    expires_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]

    @classmethod
    def imported_args(cls) -> tuple[object, ...]:
        return (
            *super().imported_args(),
            # a creator's asset lies in a folder of the same creator
            ForeignKeyConstraint(["folder_id", "creator_id"], ["asset_folders.id", "asset_folders.creator_id"]),
            CheckConstraint("sha256 IS NOT NULL OR url IS NOT NULL", name="is_somewhere"),
            CheckConstraint("folder_id IS NULL OR creator_id IS NOT NULL", name="folder_of_a_creator"),
            CheckConstraint("width > 0 AND height > 0", name="size_positive"),
            CheckConstraint("byte_count > 0 AND duration_ms >= 0 AND bitrate >= 0", name="facts_positive"),
            CheckConstraint("(focal_x IS NULL) = (focal_y IS NULL)", name="focal_both_or_neither"),
            CheckConstraint("focal_x BETWEEN 0 AND 1000 AND focal_y BETWEEN 0 AND 1000", name="focal_inside"),
            CheckConstraint("facts_source <> 'PROBED' OR sha256 IS NOT NULL", name="probed_from_bytes"),
            Index("ix_assets_creator_newest", "creator_id", text("id DESC")),
            Index("ix_assets_folder", "folder_id"),
            Index("ix_assets_expiring", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
        )


class AssetTag(Base):
    """A tag on an asset, in the order in which they were given."""

    __tablename__ = "asset_tags"

    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"))
    position: Mapped[int]

    __table_args__ = (PrimaryKeyConstraint("asset_id", "tag_id"), Index("ix_asset_tags_tag", "tag_id"))


class AssetUpload(Identified, Created, Base):
    """A file on its way in. `parts` are the names of what has arrived, in order, in the store; `said` is what the asset
    will be called (its columns, by name), or that it `is_link`: there already. `asset_uid` is the uid that the asset will have, or the linked asset whose
    bytes these are.
    """

    __tablename__ = "asset_uploads"

    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("creators.id"), index=True)
    asset_uid: Mapped[UUID] = mapped_column(default=new_uid)
    state: Mapped[UploadState] = mapped_column(server_default="RECEIVING")
    failure: Mapped[str | None]
    url: Mapped[str | None]
    file_name: Mapped[str] = mapped_column(server_default="")
    # what was said to come, and from its first bytes on what comes
    media_type: Mapped[str | None]
    byte_count: Mapped[int | None]
    received_count: Mapped[int] = mapped_column(server_default="0")
    parts: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    expected_sha256: Mapped[bytes | None]
    sha256: Mapped[bytes | None]
    said: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    attempts: Mapped[int] = mapped_column(server_default="0")
    claimed_until: Mapped[datetime | None]
    expires_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("byte_count > 0 AND received_count BETWEEN 0 AND byte_count", name="received_within"),
        CheckConstraint("octet_length(expected_sha256) = 32 AND octet_length(sha256) = 32", name="is_sha256"),
        CheckConstraint("(state = 'REFUSED') = (failure IS NOT NULL)", name="refused_for_a_reason"),
        CheckConstraint("state NOT IN ('PROBING', 'READY') OR sha256 IS NOT NULL", name="there_has_bytes"),
        Index("ix_asset_uploads_account", "account_id", text("id DESC")),
        Index("ix_asset_uploads_blob", "sha256", postgresql_where=text("state = 'PROBING'")),
        Index("ix_asset_uploads_fetching", "id", postgresql_where=text("state = 'FETCHING'")),
        Index("ix_asset_uploads_receiving", "id", postgresql_where=text("state = 'RECEIVING'")),
        Index("ix_asset_uploads_expiring", "expires_at"),
    )


class Rendition(Created, Base):
    """A variant made of the bytes of a blob and kept beside them: a size, a crop, another format, a still, a preview.

    `name` says all that it depends on, such as "750x422-cover-auto.webp". A row without `etag` is a claim by whoever makes
    it, until `claimed_until`.
    """

    __tablename__ = "renditions"

    sha256: Mapped[bytes] = mapped_column(ForeignKey("blobs.sha256", ondelete="CASCADE"))
    name: Mapped[str]
    media_type: Mapped[str | None]
    byte_count: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    etag: Mapped[str | None]
    failure: Mapped[str | None]
    claimed_until: Mapped[datetime | None]

    __table_args__ = (
        PrimaryKeyConstraint("sha256", "name"),
        CheckConstraint("etag IS NULL OR (media_type IS NOT NULL AND byte_count > 0)", name="made_whole"),
    )
