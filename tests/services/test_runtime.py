"""A process opens its runtime over a database of its own schema, or says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from core.db import Database
from core.migrations import NewerSchema
from core.settings import Settings
from services.runtime import MigrationsPending, open_runtime


async def standing_at(db: Database, version: str | None, folder: Path) -> Settings:
    """What a process is told that finds this revision in the database, or none."""
    async with db.session() as session:
        await session.execute(text("DELETE FROM alembic_version"))
        if version:
            await session.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})
    url = db.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return Settings(database_url=url, data=folder, _env_file=None)


async def test_a_database_of_an_older_schema_is_to_be_migrated_first(committed: Database, tmp_path: Path) -> None:
    settings = await standing_at(committed, None, tmp_path)

    with pytest.raises(MigrationsPending, match="run `headwater migrate` first"):
        async with open_runtime(settings):
            pass


async def test_a_database_of_a_newer_program_is_left_alone(committed: Database, tmp_path: Path) -> None:
    settings = await standing_at(committed, "of_tomorrow", tmp_path)

    with pytest.raises(NewerSchema):
        async with open_runtime(settings, migrate=True):
            pass
