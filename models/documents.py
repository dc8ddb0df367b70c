"""GraphQL documents that are known beforehand: registered by an application, or remembered by their hash."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Identified


class Application(Identified, Created, Base):
    """A frontend or integration with documents of its own; `account_id` is who tends it."""

    __tablename__ = "applications"

    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)

    __table_args__ = (CheckConstraint("key ~ '^[a-z0-9][a-z0-9-]{0,63}$'", name="key_form"),)


class TrustedDocument(Identified, Created, Base):
    """A document that an application registered, by the SHA-256 of its text."""

    __tablename__ = "trusted_documents"

    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id"))
    sha256: Mapped[bytes]
    text: Mapped[str]
    name: Mapped[str]

    __table_args__ = (
        UniqueConstraint("application_id", "sha256"),
        Index("ix_trusted_documents_sha256", "sha256"),
        CheckConstraint("octet_length(sha256) = 32", name="is_sha256"),
    )


class PersistedQuery(Base):
    """A document that a client sent with its hash (Apollo's protocol): a cache, bounded in number, that may forget."""

    __tablename__ = "persisted_queries"

    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    text: Mapped[str]
    used_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)

    __table_args__ = (CheckConstraint("octet_length(sha256) = 32", name="is_sha256"),)
