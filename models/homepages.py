"""A creator's public page: a versioned tree of blocks."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Identified


class HomepageState(enum.StrEnum):
    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    SUPERSEDED = "SUPERSEDED"


class Homepage(Identified, Created, Base):
    __tablename__ = "homepages"

    creator_id: Mapped[int] = mapped_column(ForeignKey("creators.id"), unique=True)


class HomepageVersion(Identified, Created, Base):
    """One version of a homepage; at most one is live, at most one a draft."""

    __tablename__ = "homepage_versions"

    homepage_id: Mapped[int] = mapped_column(ForeignKey("homepages.id"))
    number: Mapped[int]
    state: Mapped[HomepageState] = mapped_column(server_default="DRAFT")
    theme: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    blocks: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    published_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("homepage_id", "number"),
        Index("uq_homepage_versions_live", "homepage_id", unique=True, postgresql_where=text("state = 'LIVE'")),
        Index("uq_homepage_versions_draft", "homepage_id", unique=True, postgresql_where=text("state = 'DRAFT'")),
        CheckConstraint("(state IN ('DRAFT', 'SCHEDULED')) = (published_at IS NULL)", name="published_when_live"),
    )
