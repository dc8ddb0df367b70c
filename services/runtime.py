"""Everything a process holds open: settings, database, search index, store of assets, sandbox, clock. Opened once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date

import structlog
from sqlalchemy.dialects.postgresql import insert

import models
from core import migrations
from core.clock import Clock, SystemClock
from core.db import Database
from core.errors import Misconfigured
from core.postgres import embedded
from core.settings import Settings
from core.store import Store, open_store
from search import backends
from search.backend import SearchBackend
from services.media.facts import Limits
from services.media.sandbox import Sandbox
from services.tokens import Issuer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Runtime:
    settings: Settings
    db: Database
    clock: Clock
    index: SearchBackend
    store: Store
    issuer: Issuer | None = None
    # it starts nothing before it is used
    sandbox: Sandbox = field(default_factory=Sandbox)

    @property
    def failure(self) -> str | None:
        """Why the embedded database could not be kept up, once it could not: then the process had better end."""
        return self.db.server.failure if self.db.server else None


class MigrationsPending(Misconfigured):
    """The database stands at an older schema, and this process may not migrate it."""

    code = "MIGRATIONS_PENDING"


@asynccontextmanager
async def open_database(settings: Settings, *, patient: bool = False) -> AsyncIterator[Database]:
    """The database of the settings: a server of the operator's, else the embedded one, started when nobody runs it.

    `patient` is for workers and commands, whose statements may take their time.
    """
    async with AsyncExitStack() as stack:
        dsn, server = settings.database_url, None
        if not dsn:
            server = await asyncio.to_thread(stack.enter_context, embedded(settings.data))
            dsn = server.dsn
        db = Database(
            dsn,
            pool=settings.database_pool,
            statement_timeout_ms=0 if patient else settings.statement_timeout_ms,
            lock_timeout_ms=0 if patient else settings.lock_timeout_ms,
        )
        db.server = server
        stack.push_async_callback(db.close)
        await db.check()
        yield db


@asynccontextmanager
async def open_runtime(
    settings: Settings, *, migrate: bool = False, patient: bool = False, clock: Clock | None = None
) -> AsyncIterator[Runtime]:
    """A process's runtime. With `migrate` the schema is brought up to date first, else it must be."""
    async with open_database(settings, patient=patient) as db:
        if migrate:
            applied = await migrations.upgrade(db)
            if applied:
                log.info("schema.migrated", revisions=applied)
            await name_instance(db, settings)
        elif await migrations.pending(db):
            raise MigrationsPending("The database stands at an older schema: run `headwater migrate` first.")
        index = open_index(settings)
        try:
            store = open_store(settings.asset_store, settings.data / "assets")
            sandbox = open_sandbox(settings)
            try:
                yield Runtime(settings, db, clock or SystemClock(), index, store, Issuer.of(settings), sandbox)
            finally:
                await sandbox.close()
        finally:
            await index.close()


def open_index(settings: Settings) -> SearchBackend:
    """The search engine of the settings, for reading; the indexer asks it for the writer's place."""
    return backends.choose(folder=settings.data / "index", elasticsearch_url=settings.elasticsearch_url)


def open_sandbox(settings: Settings) -> Sandbox:
    """Where this process has files of strangers decoded; whoever opens it closes it."""
    limits = Limits(pixels=settings.pixel_limit)
    return Sandbox(settings.probe_seconds, settings.probe_megabytes, limits, settings.sandbox_places)


async def name_instance(db: Database, settings: Settings) -> None:
    """Give this installation the authority of its `tag:` URIs, once: it stays when host and scheme change."""
    host = settings.base_url.partition("://")[2].partition("/")[0].partition(":")[0]
    row = insert(models.Instance).values(id=1, authority=host or "localhost", authority_on=date.today())  # noqa: DTZ011  (a day is all that RFC 4151 wants)
    async with db.session() as session:
        await session.execute(row.on_conflict_do_nothing())
