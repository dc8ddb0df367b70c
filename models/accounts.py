"""Accounts, the identities they act as, their API keys, and the record of what was done in whose name."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Identified


class IdentityKind(enum.StrEnum):
    CONSUMER = "CONSUMER"
    CREATOR = "CREATOR"
    MERCHANT = "MERCHANT"
    ORGANISATION_MEMBER = "ORGANISATION_MEMBER"
    OPERATOR = "OPERATOR"


class Account(Identified, Created, Base):
    """One login of a person."""

    __tablename__ = "accounts"

    name: Mapped[str]
    email: Mapped[str | None]
    suspended_at: Mapped[datetime | None]
    suspended_because: Mapped[str | None]
    erased_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_accounts_email", func.lower(text("email")), unique=True),
        # few are hidden: whatever shows what accounts said looks here
        Index("ix_accounts_hidden", "id", postgresql_where=text("suspended_at IS NOT NULL OR erased_at IS NOT NULL")),
    )


class AccountLogin(Created, Base):
    """How an outside issuer of tokens names an account: the pair of issuer and subject (`iss` and `sub` of a JWT)."""

    __tablename__ = "account_logins"

    issuer: Mapped[str]
    subject: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)

    __table_args__ = (PrimaryKeyConstraint("issuer", "subject"),)


class Identity(Identified, Created, Base):
    """What an account acts as. Exactly the subject that its kind calls for is set."""

    __tablename__ = "identities"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    kind: Mapped[IdentityKind]
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("creators.id"), index=True)
    shop_id: Mapped[int | None] = mapped_column(ForeignKey("shops.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)

    __table_args__ = (
        CheckConstraint(
            "(kind = 'CREATOR') = (creator_id IS NOT NULL)"
            " AND (kind = 'MERCHANT') = (shop_id IS NOT NULL)"
            " AND (kind = 'ORGANISATION_MEMBER') = (organisation_id IS NOT NULL)",
            name="subject_fits_kind",
        ),
        Index(
            "uq_identities_subject",
            "account_id",
            "kind",
            text("coalesce(creator_id, shop_id, organisation_id, 0)"),
            unique=True,
        ),
    )


class ApiKey(Identified, Created, Base):
    """A secret shown once; what is kept is its SHA-256."""

    __tablename__ = "api_keys"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[bytes]
    scopes: Mapped[list[str]]
    channel_ids: Mapped[list[int]] = mapped_column(server_default=text("'{}'"))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("octet_length(secret_hash) = 32", name="secret_is_sha256"),)


class AuditEntry(Identified, Base):
    """Who did what to which object, written in the transaction that did it. Never changed."""

    __tablename__ = "audit_entries"

    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    actor: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    on_behalf_of: Mapped[str | None]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[int]
    reason: Mapped[str | None]
    request_id: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    __table_args__ = (Index("ix_audit_entries_object", "object_type", "object_id"),)
