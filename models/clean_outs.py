"""Clean-outs of channels: what was looked at, what it said of each creator, and whose right to come in is ended."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, PrimaryKeyConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified


class CleanOut(Identified, Base):
    """One look at all creators of a channel, by the rules of the version that was in force when it began; worked off in
    batches by id of the creator. Of a period there is one that counts, and as many rehearsals as anybody wants.
    """

    __tablename__ = "clean_outs"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    pack_version_id: Mapped[int] = mapped_column(ForeignKey("pack_versions.id"), index=True)
    # such as 2026-11 or 2026-W48, in the channel's time zone
    period: Mapped[str]
    is_rehearsal: Mapped[bool]
    # as of when creators are looked at, however long it takes
    started_at: Mapped[datetime]
    started_by: Mapped[str]
    finished_at: Mapped[datetime | None]
    last_creator_id: Mapped[int] = mapped_column(server_default=text("0"))
    seen_count: Mapped[int] = mapped_column(server_default=text("0"))
    warned_count: Mapped[int] = mapped_column(server_default=text("0"))
    out_count: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        Index("uq_clean_outs_period", "channel_id", "period", unique=True, postgresql_where=text("NOT is_rehearsal")),
        Index("ix_clean_outs_channel", "channel_id", "id"),
        CheckConstraint("warned_count + out_count <= seen_count", name="counted"),
    )


class CleanOutVerdict(Base):
    """A creator whom a clean-out warned or sent away, with the findings that say why. Whoever stays has no row."""

    __tablename__ = "clean_out_verdicts"

    clean_out_id: Mapped[int] = mapped_column(ForeignKey("clean_outs.id"))
    creator_id: Mapped[int] = mapped_column(ForeignKey("creators.id"))
    is_out: Mapped[bool]
    findings: Mapped[list[Any]]

    __table_args__ = (
        PrimaryKeyConstraint("clean_out_id", "creator_id"),
        Index("ix_clean_out_verdicts_creator_id", "creator_id"),
    )


class ChannelDeparture(Base):
    """That a creator's right to come in at a channel is ended: since when, why, and from which day on they may come back
    (none: when an operator lets them). Gone when they were let in again.
    """

    __tablename__ = "channel_departures"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    creator_id: Mapped[int] = mapped_column(ForeignKey("creators.id"))
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    until: Mapped[date | None] = mapped_column(Date)
    reason_codes: Mapped[list[str]]
    reason: Mapped[str | None]
    ended_by: Mapped[str]
    # none: by hand
    clean_out_id: Mapped[int | None] = mapped_column(ForeignKey("clean_outs.id"), index=True)

    __table_args__ = (
        PrimaryKeyConstraint("channel_id", "creator_id"),
        Index("ix_channel_departures_creator_id", "creator_id"),
    )
