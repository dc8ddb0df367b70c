"""Organisations (agencies, MCN): members and dated contracts with creators."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.accounts import Account
from models.base import Base, Created, Identified, Imported


class OrganisationRole(enum.StrEnum):
    OWNER = "OWNER"
    MANAGER = "MANAGER"
    EDITOR = "EDITOR"
    ANALYST = "ANALYST"


class Organisation(Identified, Imported, Created, Base):
    __tablename__ = "organisations"

    handle: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    demands_review: Mapped[bool] = mapped_column(server_default=text("false"))
    suspended_at: Mapped[datetime | None]


class OrganisationMember(Identified, Created, Base):
    """An account that acts for an organisation, for a time; never twice at once."""

    __tablename__ = "organisation_members"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    role: Mapped[OrganisationRole]
    period: Mapped[Range] = mapped_column(DATERANGE)  # type: ignore[type-arg]  # the ORM wants the bare class

    account: Mapped[Account] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        CheckConstraint("NOT isempty(period)", name="period_not_empty"),
        # int8range && stands in for equality: btree_gist is no part of the embedded server
        ExcludeConstraint(
            (text("int8range(organisation_id, organisation_id, '[]')"), "&&"),
            (text("int8range(account_id, account_id, '[]')"), "&&"),
            ("period", "&&"),
            name="ex_organisation_members_period",
            using="gist",
        ),
    )


class Contract(Identified, Imported, Created, Base):
    """An organisation acts for a creator, for a share, from a day to a day. One organisation at a time."""

    __tablename__ = "contracts"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    creator_id: Mapped[int] = mapped_column(ForeignKey("creators.id"), index=True)
    period: Mapped[Range] = mapped_column(DATERANGE)  # type: ignore[type-arg]  # the ORM wants the bare class
    share_basis_points: Mapped[int]

    @classmethod
    def imported_args(cls) -> tuple[object, ...]:
        return (
            *super().imported_args(),
            CheckConstraint("share_basis_points BETWEEN 0 AND 10000", name="share_in_range"),
            CheckConstraint("NOT isempty(period)", name="period_not_empty"),
            ExcludeConstraint(
                (text("int8range(creator_id, creator_id, '[]')"), "&&"),
                ("period", "&&"),
                name="ex_contracts_period",
                using="gist",
            ),
        )
