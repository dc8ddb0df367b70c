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


class InstallStep(enum.StrEnum):
    """How a version came to rule: brought from outside, brought back, or from being a canary."""

    INSTALLED = "INSTALLED"
    ROLLED_BACK = "ROLLED_BACK"
    PROMOTED = "PROMOTED"


class PackInstall(Identified, Base):
    """The history of what ruled a channel: which version, from when, put there by whom."""

    __tablename__ = "pack_installs"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    pack_version_id: Mapped[int] = mapped_column(ForeignKey("pack_versions.id"), index=True)
    installed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    installed_by: Mapped[str]
    step: Mapped[InstallStep] = mapped_column(server_default=InstallStep.INSTALLED.value)

    __table_args__ = (Index("ix_pack_installs_channel", "channel_id", "installed_at"),)


class PackCanary(Base):
    """A version that rules a channel beside the one in force, for a share of its creators: always the same ones.

    Every creator has one of 100 places at a channel. `places` are those that the canary holds, in the order in which it
    took them: one that grows takes free ones, one that shrinks gives back the last. No place is held twice; who writes
    holds the lock of the channel.
    """

    __tablename__ = "pack_canaries"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    pack_version_id: Mapped[int] = mapped_column(ForeignKey("pack_versions.id"), index=True)
    percent: Mapped[int]
    places: Mapped[list[int]]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_by: Mapped[str]

    __table_args__ = (
        PrimaryKeyConstraint("channel_id", "pack_version_id"),
        CheckConstraint("percent BETWEEN 1 AND 99", name="a_share"),
        CheckConstraint("cardinality(places) = percent", name="as_many_places"),
    )


class RehearsalState(enum.StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Rehearsal(Identified, Base):
    """What a version would make of everything that is submitted to its channel, beside what the version in force makes of
    it: worked off in batches, and never in force by that. `counts` and `samples` by what would change, `codes` by what
    would newly be said; whoever works at it holds the row locked.
    """

    __tablename__ = "rehearsals"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    pack_version_id: Mapped[int] = mapped_column(ForeignKey("pack_versions.id"), index=True)
    # the version that was in force when it was asked for
    compared_id: Mapped[int] = mapped_column(ForeignKey("pack_versions.id"), index=True)
    state: Mapped[RehearsalState] = mapped_column(server_default=RehearsalState.WAITING.value)
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    requested_by: Mapped[str]
    finished_at: Mapped[datetime | None]
    # up to which content it came, and how many of them that were
    last_content_id: Mapped[int] = mapped_column(server_default=text("0"))
    done_count: Mapped[int] = mapped_column(server_default=text("0"))
    total_count: Mapped[int] = mapped_column(server_default=text("0"))
    counts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    samples: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    codes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    failure: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("done_count >= 0 AND total_count >= 0", name="counted"),
        CheckConstraint("(state = 'FAILED') = (failure IS NOT NULL)", name="failed_for_a_reason"),
        CheckConstraint("(state IN ('WAITING', 'RUNNING')) = (finished_at IS NULL)", name="finished_when_over"),
        Index("ix_rehearsals_open", "id", postgresql_where=text("state IN ('WAITING', 'RUNNING')")),
    )


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
