"""The schema's versions: where a database stands, and bringing it up to date."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, text

from core.db import Database
from core.errors import Misconfigured

ROOT = Path(__file__).resolve().parent.parent
# any fixed number: two processes that migrate at once take turns
LOCK = 4_711_001


class NewerSchema(Misconfigured):
    """The database was migrated by a newer version of this program."""

    code = "NEWER_SCHEMA"


def config(connection: Connection | None = None) -> Config:
    settings = Config(str(ROOT / "alembic.ini"), attributes={"connection": connection})
    settings.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    return settings


@cache
def head() -> str:
    """The newest revision that this program knows. Read once: it cannot change while the process runs."""
    found = ScriptDirectory.from_config(config()).get_current_head()
    if found is None:
        raise Misconfigured("migrations/: no revision found; the installation is incomplete.")
    return found


async def current(db: Database) -> str | None:
    """The revision at which the database stands; None when it is empty."""
    async with db.engine.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


async def pending(db: Database) -> list[str]:
    """The revisions still to be applied, oldest first; NewerSchema when the database is ahead of this program."""
    at = await current(db)
    scripts = ScriptDirectory.from_config(config())
    try:
        steps = list(scripts.iterate_revisions(head(), at or "base"))
    except (CommandError, RevisionError) as error:
        raise NewerSchema(
            f"The database stands at schema {at}, which this version does not know: install the newer version again."
        ) from error
    return [step.revision for step in reversed(steps)]


async def upgrade(db: Database, to: str = "head") -> list[str]:
    """Apply what is pending, each revision in its own transaction; returns what was applied."""
    steps = await pending(db)
    if steps:
        async with db.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
            try:
                async with db.engine.connect() as worker:
                    await worker.run_sync(lambda sync: command.upgrade(config(sync), to))
                    await worker.commit()
            finally:
                await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
    return steps


async def downgrade(db: Database, to: str) -> None:
    async with db.engine.connect() as worker:
        await worker.run_sync(lambda sync: command.downgrade(config(sync), to))
        await worker.commit()
