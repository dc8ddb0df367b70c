"""Streams: short ordered logs that clients follow live, such as a live room or a creator's submissions."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import PrimaryKeyConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class StreamKind(enum.StrEnum):
    """What a stream tells of; its subject is a content (LIVE) or a creator (SUBMISSIONS)."""

    LIVE = "LIVE"
    SUBMISSIONS = "SUBMISSIONS"


class Stream(Base):
    """The head of a stream. Whoever appends holds its lock, so the order of positions is the order of commits; `kept_from`
    is the first position that is still there.
    """

    __tablename__ = "streams"

    kind: Mapped[StreamKind]
    subject_id: Mapped[int]
    head: Mapped[int] = mapped_column(server_default="0")
    kept_from: Mapped[int] = mapped_column(server_default="1")

    __table_args__ = (PrimaryKeyConstraint("kind", "subject_id"), {"postgresql_with": {"fillfactor": 50}})


class StreamEvent(Base):
    """One thing that happened. `details` holds references (ids), never texts: those are read through access when told."""

    __tablename__ = "stream_events"

    kind: Mapped[StreamKind]
    subject_id: Mapped[int]
    position: Mapped[int]
    event: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    # no foreign key: heads and events are written by one statement, and looking each head up again costs as much as the rest
    __table_args__ = (PrimaryKeyConstraint("kind", "subject_id", "position"),)
