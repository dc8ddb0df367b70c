"""What readers do: follow, like, save, comment, vote; and the counts of it."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.accounts import Account
from models.base import Base, Created, Identified


class Follow(Identified, Base):
    """An account follows a creator."""

    __tablename__ = "follows"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    creator_id: Mapped[int] = mapped_column(ForeignKey("creators.id"))
    followed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    account: Mapped[Account] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("account_id", "creator_id"),
        Index("ix_follows_creator_newest", "creator_id", sql("followed_at DESC"), sql("id DESC")),
        Index("ix_follows_account_newest", "account_id", sql("followed_at DESC"), sql("id DESC")),
    )


class Like(Base):
    """An account likes a content, once."""

    __tablename__ = "likes"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"), index=True)
    liked_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        PrimaryKeyConstraint("account_id", "content_id"),
        Index("ix_likes_account_newest", "account_id", sql("liked_at DESC"), sql("content_id DESC")),
    )


class Save(Identified, Base):
    """An account keeps a content for later; nobody else sees it."""

    __tablename__ = "saves"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"), index=True)
    saved_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("account_id", "content_id"),
        Index("ix_saves_account_newest", "account_id", sql("saved_at DESC"), sql("id DESC")),
    )


class CommentState(enum.StrEnum):
    """WITHDRAWN by whoever wrote it, HIDDEN by the content's creator, TAKEN_DOWN by an operator, ERASED with the person."""

    VISIBLE = "VISIBLE"
    WITHDRAWN = "WITHDRAWN"
    HIDDEN = "HIDDEN"
    TAKEN_DOWN = "TAKEN_DOWN"
    ERASED = "ERASED"


class Comment(Identified, Created, Base):
    """What an account says under a content; `creator_id` when it speaks as a creator. Replies are one level deep."""

    __tablename__ = "comments"

    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("creators.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"))
    text: Mapped[str]
    state: Mapped[CommentState] = mapped_column(server_default="VISIBLE")
    state_because: Mapped[str | None]
    state_at: Mapped[datetime | None]
    replies_count: Mapped[int] = mapped_column(server_default="0")

    account: Mapped[Account] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        CheckConstraint("parent_id <> id", name="no_reply_to_itself"),
        CheckConstraint("replies_count >= 0", name="replies_not_negative"),
        Index("ix_comments_content_newest", "content_id", sql("id DESC"), postgresql_where=sql("parent_id IS NULL")),
        Index("ix_comments_parent", "parent_id", "id", postgresql_where=sql("parent_id IS NOT NULL")),
    )


class AnswerVote(Base):
    """An account finds an answer helpful, once."""

    __tablename__ = "answer_votes"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    answer_id: Mapped[int] = mapped_column(ForeignKey("answers.id"), index=True)
    voted_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (PrimaryKeyConstraint("account_id", "answer_id"),)


class ContentCount(Base):
    """How often a content was liked, saved and commented on: apart from the content, so that counting never waits for it."""

    __tablename__ = "content_counts"

    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"), primary_key=True)
    likes_count: Mapped[int] = mapped_column(server_default="0")
    saves_count: Mapped[int] = mapped_column(server_default="0")
    comments_count: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (
        CheckConstraint("likes_count >= 0 AND saves_count >= 0 AND comments_count >= 0", name="not_negative"),
        {"postgresql_with": {"fillfactor": 70}},
    )
