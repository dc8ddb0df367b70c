"""Feeds: ordered logs of public facts. Heads stand apart, so that numbering touches one narrow row."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Identified


class FeedKind(enum.StrEnum):
    CHANNEL = "CHANNEL"
    CREATOR = "CREATOR"
    ORGANISATION = "ORGANISATION"
    TAG = "TAG"


class FeedEvent(enum.StrEnum):
    PUBLISHED = "PUBLISHED"
    UPDATED = "UPDATED"
    WITHDRAWN = "WITHDRAWN"
    RESTORED = "RESTORED"


class Feed(Identified, Created, Base):
    """A feed of exactly one channel, creator, organisation or tag; `key` is what stands in its address. Where that was a name
    that had to go, `former_key_mark` lets those who know the old address go on to the tombstones: it can be compared, not read.
    """

    __tablename__ = "feeds"

    key: Mapped[str] = mapped_column(unique=True)
    former_key_mark: Mapped[bytes | None] = mapped_column(unique=True)
    kind: Mapped[FeedKind]
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id"), unique=True)
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("creators.id"), unique=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), unique=True)
    tag_id: Mapped[int | None] = mapped_column(ForeignKey("tags.id"), unique=True)

    __table_args__ = (
        CheckConstraint("num_nonnulls(channel_id, creator_id, organisation_id, tag_id) = 1", name="one_subject"),
    )


class Epoch(Base):
    """A history of positions. A restore opens a new one; cursors carry theirs."""

    __tablename__ = "epochs"

    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    reason: Mapped[str]


class FeedHead(Base):
    """The last position given out. Locked in order of feed_id, and only while numbering."""

    __tablename__ = "feed_heads"

    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id"), primary_key=True)
    position: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = ({"postgresql_with": {"fillfactor": 20}},)


class FeedItem(Base):
    """One step of one content in one feed: a reference, never a body; never changed."""

    __tablename__ = "feed_items"

    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id"))
    position: Mapped[int]
    epoch: Mapped[int] = mapped_column(SmallInteger)
    event: Mapped[FeedEvent]
    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"), index=True)
    version: Mapped[int]
    appended_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (PrimaryKeyConstraint("feed_id", "position"),)


class FeedContent(Base):
    """What a feed last said of a content: which gives the next step, and the item's version. `fingerprint` is that of
    all that goes into the rendering; `appeared_at` stays when it is updated.
    """

    __tablename__ = "feed_contents"

    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id"))
    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"))
    position: Mapped[int]
    version: Mapped[int]
    is_live: Mapped[bool]
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    pack_version_id: Mapped[int | None] = mapped_column(ForeignKey("pack_versions.id"))
    fingerprint: Mapped[bytes]
    appeared_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    __table_args__ = (
        PrimaryKeyConstraint("feed_id", "content_id"),
        Index("ix_feed_contents_content_id", "content_id"),
        Index("ix_feed_contents_newest", "feed_id", text("position DESC"), postgresql_where=text("is_live")),
    )
