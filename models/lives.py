"""What happens inside a live room: messages, and products pushed to the viewers. The room itself stands with contents."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.accounts import Account
from models.base import Base, Identified


class MessageState(enum.StrEnum):
    """HIDDEN by the room's creator, TAKEN_DOWN by an operator, ERASED with the person."""

    VISIBLE = "VISIBLE"
    HIDDEN = "HIDDEN"
    TAKEN_DOWN = "TAKEN_DOWN"
    ERASED = "ERASED"


class LiveMessage(Identified, Base):
    """What somebody in the room says; `creator_id` when it is said as a creator."""

    __tablename__ = "live_messages"

    content_id: Mapped[int] = mapped_column(ForeignKey("live_rooms.content_id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("creators.id"), index=True)
    text: Mapped[str]
    state: Mapped[MessageState] = mapped_column(server_default="VISIBLE")
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now())

    account: Mapped[Account] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (Index("ix_live_messages_newest", "content_id", sql("id DESC")),)


class LivePush(Identified, Base):
    """A product shown to everybody in the room, until it is taken back or the next one comes."""

    __tablename__ = "live_pushes"

    content_id: Mapped[int] = mapped_column(ForeignKey("live_rooms.content_id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    pushed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_live_pushes_current", "content_id", unique=True, postgresql_where=sql("ended_at IS NULL")),
        Index("ix_live_pushes_newest", "content_id", sql("id DESC")),
        CheckConstraint("ended_at >= pushed_at", name="ends_after_start"),
    )
