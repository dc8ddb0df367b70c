"""Channels and the pack versions that rule them."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Identified


class ChannelKind(enum.StrEnum):
    PLATFORM = "PLATFORM"
    SOCIAL = "SOCIAL"
    SYNDICATION = "SYNDICATION"
    PRIVATE = "PRIVATE"


class Channel(Identified, Created, Base):
    """A place that shows content. One with a pack is an entry; one without only holds entries."""

    __tablename__ = "channels"

    key: Mapped[str] = mapped_column(unique=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id"), index=True)
    external_id: Mapped[str | None]
    kind: Mapped[ChannelKind]
    names: Mapped[dict[str, Any]]
    time_zone: Mapped[str]
    pack_version_id: Mapped[int | None]
    is_private: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        ForeignKeyConstraint(
            ["pack_version_id", "id"],
            ["pack_versions.id", "pack_versions.channel_id"],
            name="fk_channels_pack_version",
            use_alter=True,
        ),
        CheckConstraint("parent_id <> id", name="not_its_own"),
    )


class PackVersion(Identified, Created, Base):
    """A pack as it was installed, named by the SHA-256 of its canonical form. The database refuses to change it."""

    __tablename__ = "pack_versions"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    digest: Mapped[str]
    body: Mapped[dict[str, Any]]

    __table_args__ = (
        UniqueConstraint("channel_id", "digest"),
        UniqueConstraint("id", "channel_id"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest_form"),
    )


class PackInstall(Identified, Base):
    """The history of what ruled a channel: which version, from when, put there by whom."""

    __tablename__ = "pack_installs"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    pack_version_id: Mapped[int] = mapped_column(ForeignKey("pack_versions.id"), index=True)
    installed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    installed_by: Mapped[str]

    __table_args__ = (Index("ix_pack_installs_channel", "channel_id", "installed_at"),)


class ChannelMember(Base):
    """A creator whom a channel invited, or who linked an account there."""

    __tablename__ = "channel_members"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    creator_id: Mapped[int] = mapped_column(ForeignKey("creators.id"))
    joined_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        PrimaryKeyConstraint("channel_id", "creator_id"),
        Index("ix_channel_members_creator_id", "creator_id"),
    )
