"""Runs of imports: how far each came, so that it can go on."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified


class ImportState(enum.StrEnum):
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"


class ImportRun(Identified, Base):
    """One import of one input. `records_done` moves in the transaction that wrote those records."""

    __tablename__ = "import_runs"

    input_name: Mapped[str]
    input_digest: Mapped[str | None]
    state: Mapped[ImportState] = mapped_column(server_default="RUNNING")
    records_done: Mapped[int] = mapped_column(server_default="0")
    counts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_import_runs_running",
            "input_digest",
            unique=True,
            postgresql_where=text("state = 'RUNNING' AND input_digest IS NOT NULL"),
        ),
    )
