"""What every table shares: types, names of constraints, public identity, provenance of imported rows."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Enum,
    Identity,
    MetaData,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from core.ids import new_uid

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger(),
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        list[int]: ARRAY(BigInteger()),
        list[str]: ARRAY(Text()),
        # text with a check: a new value is a small migration, and every reader sees words
        enum.Enum: Enum(enum.Enum, native_enum=False, create_constraint=True, length=40),
    }


class Identified:
    """A bigint for joins inside, a UUIDv7 for everyone outside."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True, sort_order=-20)
    uid: Mapped[UUID] = mapped_column(unique=True, default=new_uid, sort_order=-19)


class Imported:
    """Where an imported row came from; the pair names it for ever, so that importing again changes nothing."""

    source: Mapped[str | None] = mapped_column(sort_order=-18)
    external_key: Mapped[str | None] = mapped_column(sort_order=-17)

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return cls.imported_args()

    @classmethod
    def imported_args(cls) -> tuple[Any, ...]:
        return (UniqueConstraint("source", "external_key"),)


class Created:
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)
