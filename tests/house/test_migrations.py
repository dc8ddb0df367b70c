"""Migrations lead to exactly the tables of the models, and back, and there again."""

from __future__ import annotations

import re

from alembic import command
from sqlalchemy import Connection, text

from core import migrations
from core.db import Database
from tests.house import tree

NAME = re.compile(r"\d{4}_\d{2}_\d{2}_\d{4}_[a-z0-9_]+\.py")


async def tables(db: Database) -> list[str]:
    async with db.session() as session:
        names = await session.scalars(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1")
        )
        return list(names)


async def leftovers(db: Database) -> list[str]:
    """Functions and types that would be in the way of the next upgrade."""
    async with db.session() as session:
        names = await session.scalars(
            text(
                "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
                " UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace"
                " AND typname <> '_alembic_version' AND typname <> 'alembic_version'"
            )
        )
        return list(names)


async def test_the_migrated_database_is_what_the_models_say(committed: Database):
    def check(connection: Connection) -> None:
        command.check(migrations.config(connection))  # raises when autogenerate would have anything to add

    async with committed.engine.connect() as connection:
        await connection.run_sync(check)


async def test_all_migrations_can_be_undone_and_done_again(committed: Database):
    before = await tables(committed)

    await migrations.downgrade(committed, "base")

    assert await tables(committed) == ["alembic_version"]
    assert await leftovers(committed) == []

    applied = await migrations.upgrade(committed)

    assert applied[-1] == migrations.head()
    assert await tables(committed) == before
    assert await migrations.pending(committed) == []


def test_migrations_are_named_by_their_time():
    versions = [path for path in (tree.ROOT / "migrations" / "versions").iterdir() if path.suffix == ".py"]

    assert [path.name for path in versions if not NAME.fullmatch(path.name)] == []
