"""Contents and their revisions: what is published, in one format and one language."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Created, Identified, Imported


class Format(enum.StrEnum):
    ARTICLE = "ARTICLE"
    QNA = "QNA"
    LIVE = "LIVE"
    GALLERY = "GALLERY"
    SHORT_VIDEO = "SHORT_VIDEO"
    RANKED_LIST = "RANKED_LIST"
    ITEM_NOTE = "ITEM_NOTE"
    COLLOCATION = "COLLOCATION"


class ContentState(enum.StrEnum):
    """Whether a content may be seen at all; what is seen of it is its live revision."""

    VISIBLE = "VISIBLE"
    WITHDRAWN = "WITHDRAWN"
    TAKEN_DOWN = "TAKEN_DOWN"
    ERASED = "ERASED"


class RevisionState(enum.StrEnum):
    DRAFT = "DRAFT"
    IN_REVIEW = "IN_REVIEW"
    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    SUPERSEDED = "SUPERSEDED"
    # was in review or scheduled, and taken back before it went out
    DROPPED = "DROPPED"


class AssetUse(enum.StrEnum):
    """What an asset is for in a revision."""

    COVER = "COVER"
    PICTURE = "PICTURE"
    VIDEO = "VIDEO"
    SUBTITLES = "SUBTITLES"


class Content(Identified, Imported, Created, Base):
    """Something published. `version` grows with any change of what is shown; `tag_ids` repeats the confirmed taggings
    in order; `channel_ids` names the channels that the author asked for (null: all that match).
    """

    __tablename__ = "contents"

    creator_id: Mapped[int] = mapped_column(ForeignKey("creators.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    format: Mapped[Format]
    language: Mapped[str]
    group_uid: Mapped[UUID]
    state: Mapped[ContentState] = mapped_column(server_default="VISIBLE")
    state_because: Mapped[str | None]
    state_at: Mapped[datetime | None]
    live_revision_id: Mapped[int | None]
    draft_revision_id: Mapped[int | None]
    # sealed and on its way: in review, or scheduled
    waiting_revision_id: Mapped[int | None]
    tag_ids: Mapped[list[int]] = mapped_column(server_default=text("'{}'"))
    channel_ids: Mapped[list[int] | None]
    published_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")
    is_history: Mapped[bool] = mapped_column(server_default=text("false"))

    live_revision: Mapped[Revision | None] = relationship(
        lazy="raise", viewonly=True, primaryjoin="foreign(Content.live_revision_id) == Revision.id"
    )
    draft_revision: Mapped[Revision | None] = relationship(
        lazy="raise", viewonly=True, primaryjoin="foreign(Content.draft_revision_id) == Revision.id"
    )
    waiting_revision: Mapped[Revision | None] = relationship(
        lazy="raise", viewonly=True, primaryjoin="foreign(Content.waiting_revision_id) == Revision.id"
    )

    @hybrid_property
    def is_live(self) -> bool:
        """Published and not taken back. A suspended creator hides it all the same: services/access.py knows."""
        return self.state is ContentState.VISIBLE and self.live_revision_id is not None

    @is_live.inplace.expression
    @classmethod
    def _is_live(cls) -> ColumnElement[bool]:
        return (cls.state == ContentState.VISIBLE) & cls.live_revision_id.is_not(None)

    @classmethod
    def imported_args(cls) -> tuple[object, ...]:
        live = text("state = 'VISIBLE' AND live_revision_id IS NOT NULL")
        return (
            *super().imported_args(),
            UniqueConstraint("group_uid", "language"),
            # the revision that is live, or being written, is one of this content's own
            ForeignKeyConstraint(
                ["live_revision_id", "id"],
                ["revisions.id", "revisions.content_id"],
                name="fk_contents_live_revision",
                use_alter=True,
            ),
            ForeignKeyConstraint(
                ["draft_revision_id", "id"],
                ["revisions.id", "revisions.content_id"],
                name="fk_contents_draft_revision",
                use_alter=True,
            ),
            ForeignKeyConstraint(
                ["waiting_revision_id", "id"],
                ["revisions.id", "revisions.content_id"],
                name="fk_contents_waiting_revision",
                use_alter=True,
            ),
            CheckConstraint("live_revision_id IS NULL OR published_at IS NOT NULL", name="live_was_published"),
            CheckConstraint("live_revision_id <> draft_revision_id", name="draft_is_not_live"),
            CheckConstraint("language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'", name="language_form"),
            Index(
                "ix_contents_creator_newest",
                "creator_id",
                text("published_at DESC"),
                text("id DESC"),
                postgresql_where=live,
            ),
            # a creator's galleries, and those of all whom somebody follows
            Index(
                "ix_contents_creator_format_newest",
                "creator_id",
                "format",
                text("published_at DESC"),
                text("id DESC"),
                postgresql_where=live,
            ),
            Index("ix_contents_newest", text("published_at DESC"), text("id DESC"), postgresql_where=live),
            Index(
                "ix_contents_changed",
                text("coalesce(changed_at, published_at) DESC"),
                text("id DESC"),
                postgresql_where=live,
            ),
            Index(
                "ix_contents_format_newest", "format", text("published_at DESC"), text("id DESC"), postgresql_where=live
            ),
            Index("ix_contents_tag_ids", "tag_ids", postgresql_using="gin"),
        )


class Revision(Identified, Created, Base):
    """A version of a content. A draft changes (each save adds one to `edition`) until it is sealed; after that the
    database refuses changes of its words. `tag_ids` are the tags that the content gets when this is published (null:
    those it has).
    """

    __tablename__ = "revisions"

    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"))
    number: Mapped[int]
    state: Mapped[RevisionState] = mapped_column(server_default="DRAFT")
    edition: Mapped[int] = mapped_column(server_default="1")
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(server_default="")
    body: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    is_original: Mapped[bool | None]
    tag_ids: Mapped[list[int] | None]
    sealed_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    scheduled_for: Mapped[datetime | None]
    schedule_zone: Mapped[str | None]
    # who scheduled it: their rights are looked at again when it fires
    scheduled_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", use_alter=True))
    schedule_channel_ids: Mapped[list[int] | None]
    schedule_failure: Mapped[str | None]
    fired_late_ms: Mapped[int | None]

    content: Mapped[Content] = relationship(
        lazy="raise", viewonly=True, primaryjoin="foreign(Revision.content_id) == Content.id"
    )

    __table_args__ = (
        UniqueConstraint("content_id", "number"),
        UniqueConstraint("id", "content_id"),
        Index("uq_revisions_live", "content_id", unique=True, postgresql_where=text("state = 'LIVE'")),
        Index("uq_revisions_draft", "content_id", unique=True, postgresql_where=text("state = 'DRAFT'")),
        Index("ix_revisions_due", "scheduled_for", postgresql_where=text("state = 'SCHEDULED'")),
        CheckConstraint("(state = 'DRAFT') = (sealed_at IS NULL)", name="sealed_unless_draft"),
        CheckConstraint("(state IN ('LIVE', 'SUPERSEDED')) <= (published_at IS NOT NULL)", name="live_was_published"),
        CheckConstraint("(state = 'SCHEDULED') <= (scheduled_for IS NOT NULL)", name="scheduled_has_time"),
        CheckConstraint("(scheduled_for IS NULL) = (schedule_zone IS NULL)", name="schedule_has_zone"),
    )


class RevisionAsset(Base):
    """An asset that a revision shows: covers, pictures, video, in order."""

    __tablename__ = "revision_assets"

    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    position: Mapped[int]
    use: Mapped[AssetUse]
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id"), index=True)

    __table_args__ = (PrimaryKeyConstraint("revision_id", "position"),)


class RevisionProduct(Base):
    """A product that a revision leads to, in order, each once."""

    __tablename__ = "revision_products"

    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    position: Mapped[int]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)

    __table_args__ = (
        PrimaryKeyConstraint("revision_id", "position"),
        UniqueConstraint("revision_id", "product_id"),
    )


class AnswerState(enum.StrEnum):
    VISIBLE = "VISIBLE"
    WITHDRAWN = "WITHDRAWN"
    TAKEN_DOWN = "TAKEN_DOWN"
    ERASED = "ERASED"


class Answer(Identified, Imported, Created, Base):
    """An answer to a question, by a creator, with a life of its own."""

    __tablename__ = "answers"

    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"))
    creator_id: Mapped[int] = mapped_column(ForeignKey("creators.id"), index=True)
    body: Mapped[list[Any]]
    state: Mapped[AnswerState] = mapped_column(server_default="VISIBLE")
    votes_count: Mapped[int] = mapped_column(server_default="0")
    is_accepted: Mapped[bool] = mapped_column(server_default=text("false"))
    published_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    state_because: Mapped[str | None]

    @classmethod
    def imported_args(cls) -> tuple[object, ...]:
        return (
            *super().imported_args(),
            Index("uq_answers_accepted", "content_id", unique=True, postgresql_where=text("is_accepted")),
            Index("ix_answers_best", "content_id", text("votes_count DESC"), text("id DESC")),
            Index("ix_answers_newest", "content_id", text("published_at DESC"), text("id DESC")),
            # the pictures and films in answers: their bytes are shown while the answer is
            Index("ix_answers_assets", text("jsonb_path_query_array(body, '$.**.asset')"), postgresql_using="gin"),
        )


class LiveState(enum.StrEnum):
    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    ENDED = "ENDED"
    REPLAY = "REPLAY"
    CANCELLED = "CANCELLED"


class LiveRoom(Base):
    """What moves while a live goes on; its texts and running order stand in the revision."""

    __tablename__ = "live_rooms"

    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"), primary_key=True)
    state: Mapped[LiveState] = mapped_column(server_default="SCHEDULED")
    starts_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    stream_url: Mapped[str | None]
    replay_url: Mapped[str | None]
    viewers_count: Mapped[int] = mapped_column(server_default="0")
    viewers_peak: Mapped[int] = mapped_column(server_default="0")
    # when followers of the room last heard how many there are
    viewers_told_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("(state IN ('LIVE', 'ENDED', 'REPLAY')) <= (started_at IS NOT NULL)", name="started"),
        CheckConstraint("(state IN ('ENDED', 'REPLAY')) <= (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("ended_at >= started_at", name="ends_after_start"),
        Index("ix_live_rooms_state", "state", "starts_at"),
    )
