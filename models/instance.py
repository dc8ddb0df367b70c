"""The one row that names this installation."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created

# two version 4 UUIDs: 244 random bits, without an extension
RANDOM_BYTES = "decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')"


class Instance(Created, Base):
    """`authority` and `authority_on` make the `tag:` URIs (RFC 4151) of feed items: stored, so the host may change. `secret`
    signs what we hand out and read back, such as preview links: 32 bytes, made with the row.
    """

    __tablename__ = "instances"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default=text("1"))
    authority: Mapped[str]
    authority_on: Mapped[date]
    secret: Mapped[bytes] = mapped_column(server_default=text(RANDOM_BYTES))

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
