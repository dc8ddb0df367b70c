"""The embedded PostgreSQL: `with embedded(data_folder) as server` and it runs, however that folder looked before."""

from __future__ import annotations

from core.postgres.server import Server, embedded

__all__ = ["Server", "embedded"]
