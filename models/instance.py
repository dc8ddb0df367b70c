"""The one row that names this installation."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created


class Instance(Created, Base):
    """`authority` and `authority_on` make the `tag:` URIs (RFC 4151) of feed items: stored, so the host may change."""

    __tablename__ = "instances"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default=text("1"))
    authority: Mapped[str]
    authority_on: Mapped[date]

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
