"""Creators: the public authors, with what gates ask of them."""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Identified, Imported


class CreatorKind(enum.StrEnum):
    MEDIA = "MEDIA"
    PERSONALITY = "PERSONALITY"
    SELF_MEDIA = "SELF_MEDIA"
    MERCHANT = "MERCHANT"


class FactsSource(enum.StrEnum):
    """Where level, scores and followers come from: measured here, declared by an import, or made up for a demo."""

    MEASURED = "MEASURED"
    DECLARED = "DECLARED"
    SYNTHETIC = "SYNTHETIC"


SCORES = "BETWEEN 0 AND 1000"


class Creator(Identified, Imported, Created, Base):
    """A public author. Scores run from 0 to 1000; null where nothing is known."""

    __tablename__ = "creators"

    handle: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[CreatorKind]
    bio: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str] = mapped_column(server_default="zh")
    avatar_id: Mapped[int | None] = mapped_column(ForeignKey("assets.id", use_alter=True))
    level: Mapped[int] = mapped_column(server_default="0")
    quality_score: Mapped[int | None]
    health_score: Mapped[int | None]
    index_score: Mapped[int | None]
    fan_value: Mapped[int | None]
    followers_count: Mapped[int] = mapped_column(server_default="0")
    certified_on: Mapped[date | None]
    is_seller: Mapped[bool] = mapped_column(server_default=text("false"))
    facts_source: Mapped[FactsSource] = mapped_column(server_default="MEASURED")
    version: Mapped[int] = mapped_column(server_default="1")
    suspended_at: Mapped[datetime | None]
    suspended_because: Mapped[str | None]
    erased_at: Mapped[datetime | None]

    @classmethod
    def imported_args(cls) -> tuple[object, ...]:
        return (
            *super().imported_args(),
            CheckConstraint("level BETWEEN 0 AND 6", name="level_in_range"),
            CheckConstraint("handle ~ '^[a-z0-9][a-z0-9._-]{0,63}$'", name="handle_form"),
            CheckConstraint("followers_count >= 0", name="followers_not_negative"),
            CheckConstraint(
                f"quality_score {SCORES} AND health_score {SCORES} AND index_score {SCORES} AND fan_value {SCORES}",
                name="scores_in_range",
            ),
            # whose picture an asset is
            Index("ix_creators_avatar", "avatar_id", postgresql_where=text("avatar_id IS NOT NULL")),
            # few are hidden: every visibility check reads them all, once a statement
            Index(
                "ix_creators_hidden", "id", postgresql_where=text("suspended_at IS NOT NULL OR erased_at IS NOT NULL")
            ),
        )


class Field(Base):
    """A subject that creators choose, such as home crafts or digital goods."""

    __tablename__ = "fields"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_en: Mapped[str]
    name_zh: Mapped[str]


class Role(Base):
    """A certified calling, such as nutritionist or outdoor media."""

    __tablename__ = "roles"

    code: Mapped[str] = mapped_column(primary_key=True)
    domain: Mapped[str]
    calling: Mapped[str]
    name_en: Mapped[str]
    name_zh: Mapped[str]


class CreatorField(Base):
    __tablename__ = "creator_fields"

    creator_id: Mapped[int] = mapped_column(ForeignKey("creators.id"))
    field_code: Mapped[str] = mapped_column(ForeignKey("fields.code"), index=True)

    __table_args__ = (PrimaryKeyConstraint("creator_id", "field_code"),)


class CreatorRole(Base):
    __tablename__ = "creator_roles"

    creator_id: Mapped[int] = mapped_column(ForeignKey("creators.id"))
    role_code: Mapped[str] = mapped_column(ForeignKey("roles.code"), index=True)
    certified_on: Mapped[date | None]

    __table_args__ = (PrimaryKeyConstraint("creator_id", "role_code"),)
