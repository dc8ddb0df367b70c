"""A creator's public page: a versioned tree of blocks."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Created, Identified

PICTURES = "(jsonb_path_query_array(blocks, '$.**.image') || jsonb_path_query_array(blocks, '$.**.asset'))"
"""The uids of what a version shows, wherever they stand in its blocks, as an array of texts."""


class HomepageState(enum.StrEnum):
    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    SUPERSEDED = "SUPERSEDED"
    # was scheduled, and taken back before it went out
    DROPPED = "DROPPED"


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
    # the code of the template that it began from
    template: Mapped[str | None]
    # counts the savings of a draft
    edition: Mapped[int] = mapped_column(server_default="1")
    published_at: Mapped[datetime | None]
    scheduled_for: Mapped[datetime | None]
    schedule_zone: Mapped[str | None]
    scheduled_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    schedule_failure: Mapped[str | None]
    fired_late_ms: Mapped[int | None]

    homepage: Mapped[Homepage] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("homepage_id", "number"),
        Index("uq_homepage_versions_live", "homepage_id", unique=True, postgresql_where=text("state = 'LIVE'")),
        Index("uq_homepage_versions_draft", "homepage_id", unique=True, postgresql_where=text("state = 'DRAFT'")),
        CheckConstraint("(state IN ('LIVE', 'SUPERSEDED')) = (published_at IS NOT NULL)", name="published_when_live"),
        CheckConstraint("(state = 'SCHEDULED') <= (scheduled_for IS NOT NULL)", name="scheduled_has_time"),
        CheckConstraint("(scheduled_for IS NULL) = (schedule_zone IS NULL)", name="schedule_has_zone"),
        Index("ix_homepage_versions_due", "scheduled_for", postgresql_where=text("state = 'SCHEDULED'")),
        # which pages show a picture, or did
        Index("ix_homepage_versions_pictures", text(PICTURES), postgresql_using="gin"),
    )
