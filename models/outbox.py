"""Dirty marks: what each consumer still has to look at. One row per consumer and object, gone when done."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import Index, PrimaryKeyConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Consumer(enum.StrEnum):
    DISTRIBUTION = "DISTRIBUTION"
    INDEX = "INDEX"


class DirtyKind(enum.StrEnum):
    CONTENT = "CONTENT"
    PRODUCT = "PRODUCT"
    CREATOR = "CREATOR"
    TAG = "TAG"
    CHANNEL = "CHANNEL"


class DirtyMark(Base):
    """`version` grows with each mark, so a consumer clears only what it has seen. `urgency` 0 goes first (what must
    disappear), 1 is the usual, 2 is bulk. A claim is a lease, not a lock.
    """

    __tablename__ = "dirty_marks"

    consumer: Mapped[Consumer]
    kind: Mapped[DirtyKind]
    object_id: Mapped[int]
    version: Mapped[int] = mapped_column(server_default="1")
    urgency: Mapped[int] = mapped_column(server_default="1")
    marked_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    parked_at: Mapped[datetime | None]
    failure: Mapped[str | None]

    __table_args__ = (
        PrimaryKeyConstraint("consumer", "kind", "object_id"),
        Index("ix_dirty_marks_next", "consumer", "urgency", "marked_at", postgresql_where=text("parked_at IS NULL")),
        # dead rows come and go here by the thousand: keep the table small
        {
            "postgresql_with": {
                "fillfactor": 70,
                "autovacuum_vacuum_scale_factor": 0.0,
                "autovacuum_vacuum_threshold": 2000,
            }
        },
    )
