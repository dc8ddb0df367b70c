"""What is remembered of requests: mutations that must happen once, and how much a caller has spent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, PrimaryKeyConstraint, func
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class IdempotencyKey(Base):
    """A mutation that was done: written in its transaction. `answer` names what it answered with, by reference."""

    __tablename__ = "idempotency_keys"

    account_id: Mapped[int]
    key: Mapped[str]
    mutation: Mapped[str]
    input_digest: Mapped[bytes]
    answer: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)

    __table_args__ = (
        PrimaryKeyConstraint("account_id", "key"),
        CheckConstraint("octet_length(input_digest) = 32", name="is_sha256"),
        CheckConstraint("char_length(key) BETWEEN 1 AND 200", name="key_length"),
    )


class RateBucket(Base):
    """What a caller has spent, as it stood at an instant: it drains at a steady rate. Not logged: a crash forgives all."""

    __tablename__ = "rate_buckets"

    caller: Mapped[str] = mapped_column(primary_key=True)
    spent: Mapped[float] = mapped_column(DOUBLE_PRECISION)
    at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (
        CheckConstraint("spent >= 0", name="not_negative"),
        {"prefixes": ["UNLOGGED"], "postgresql_with": {"fillfactor": 50}},
    )
