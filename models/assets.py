"""Assets: pictures, video and audio with facts; bytes are stored once by their hash, or stay a link."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Identified, Imported


class AssetKind(enum.StrEnum):
    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    AUDIO = "AUDIO"


class AssetFactsSource(enum.StrEnum):
    """PROBED: read from the bytes by us. DECLARED: what an import said. NONE: nothing is known yet."""

    PROBED = "PROBED"
    DECLARED = "DECLARED"
    NONE = "NONE"


class Blob(Created, Base):
    """Bytes in the asset store, by their SHA-256."""

    __tablename__ = "blobs"

    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    byte_count: Mapped[int]

    __table_args__ = (
        CheckConstraint("octet_length(sha256) = 32", name="is_sha256"),
        CheckConstraint("byte_count > 0", name="not_empty"),
    )


class Asset(Identified, Imported, Created, Base):
    """A picture, video or audio file: `sha256` when we hold the bytes, `url` when it lives elsewhere."""

    __tablename__ = "assets"

    kind: Mapped[AssetKind]
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("creators.id"), index=True)
    sha256: Mapped[bytes | None] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    url: Mapped[str | None]
    media_type: Mapped[str | None]
    byte_count: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    duration_ms: Mapped[int | None]
    bitrate: Mapped[int | None]
    facts_source: Mapped[AssetFactsSource] = mapped_column(server_default="NONE")
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    alternative_text: Mapped[str] = mapped_column(server_default="")
    credit: Mapped[str] = mapped_column(server_default="")
    licence: Mapped[str] = mapped_column(server_default="")

    @classmethod
    def imported_args(cls) -> tuple[object, ...]:
        return (
            *super().imported_args(),
            CheckConstraint("sha256 IS NOT NULL OR url IS NOT NULL", name="is_somewhere"),
            CheckConstraint("width > 0 AND height > 0", name="size_positive"),
            CheckConstraint("byte_count > 0 AND duration_ms >= 0 AND bitrate >= 0", name="facts_positive"),
        )
