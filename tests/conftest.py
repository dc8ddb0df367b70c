"""What tests stand on: a real PostgreSQL, one database per worker, a transaction per test that is rolled back."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from core import logging, migrations
from core.clock import FixedClock
from core.db import Database
from core.postgres import embedded
from core.store import Store, open_store
from services.media.sandbox import Sandbox
from tests.databases import Shelf


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.scheduling import Scheduling

    return Scheduling(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_sessionstart() -> None:
    """Garbage is looked for seldom, and not among modules and schema, which stay: it was a fifth of the suite's time."""
    gc.set_threshold(50_000, 50, 100)
    gc.disable()  # of what is collected, all stays


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """As a server writes them; drawing a traceback with the values of all variables takes most of a second."""
    logging.configure("debug", "console")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A server on which databases may be made: TEST_DATABASE_URL, else an embedded one without fsync for this worker."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    # Not pytest's own temporary folder, which root keeps closed to the user whom PostgreSQL then runs as.
    with (
        tempfile.TemporaryDirectory(prefix="headwater-tests-") as folder,
        embedded(Path(folder), durable=False) as server,
    ):
        yield server.dsn


async def _execute(url: str, *statements: str) -> None:
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT", poolclass=NullPool
    )
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


def _on(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of a migrated, empty database that others are cloned from."""
    name = f"template_{uuid4().hex[:12]}"

    async def prepare() -> None:
        await _execute(server_url, f"CREATE DATABASE {name}")
        db = Database(_on(server_url, name), statement_timeout_ms=0, lock_timeout_ms=0)
        await migrations.upgrade(db)
        await db.close()

    asyncio.run(prepare())
    yield name
    asyncio.run(_execute(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def worker_url(server_url: str, template: str) -> Iterator[str]:
    name = f"worker_{uuid4().hex[:12]}"
    asyncio.run(_execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield _on(server_url, name)
    asyncio.run(_execute(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


class RolledBackDatabase(Database):
    """One connection, one outer transaction: each session is a savepoint within it, and they take turns."""

    def __init__(self, base: Database, connection: AsyncConnection) -> None:  # it has all that the base made
        self.server, self.url, self.engine = base.server, base.url, base.engine
        self.connection = connection
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        async with (
            self._turn,
            AsyncSession(self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session,
            session.begin(),
        ):
            yield session

    async def rest(self) -> None:
        """When nobody has a turn or waits for one: an answer that failed leaves siblings of what failed behind at work."""
        while self._turn.locked():
            async with self._turn:
                pass


@pytest.fixture(scope="session")
def worker_database(worker_url: str) -> Database:
    """Each connection that this makes is a new one, outside the transaction of the test: for what is about connecting."""
    return Database(worker_url, pool=0, statement_timeout_ms=20_000)


# Each has a name of its own, and SQLAlchemy would compile and prepare it, and forget a statement prepared before: a tenth of
# the time of a test that asks much.
SAVEPOINTS = {
    "do_savepoint": "SAVEPOINT",
    "do_release_savepoint": "RELEASE SAVEPOINT",
    "do_rollback_to_savepoint": "ROLLBACK TO SAVEPOINT",
}


def _say_plainly(words: str, connection: Connection, name: str) -> None:
    adapted: Any = connection.connection.dbapi_connection

    async def say(driver: asyncpg.Connection[Any]) -> None:
        async with adapted._execute_mutex:  # as the adapter does for all that it sends
            await driver.execute(f"{words} {name}")

    adapted.run_async(say)


@pytest.fixture(scope="session")
async def standing(worker_url: str) -> AsyncIterator[Database]:
    """One connection for the transactions of all tests of a worker: what was compiled and prepared once stays so."""
    made = Database(worker_url, pool=1, statement_timeout_ms=20_000)
    for name, words in SAVEPOINTS.items():
        setattr(made.engine.dialect, name, partial(_say_plainly, words))
    yield made
    await made.close()


@pytest.fixture
async def db(worker_database: Database, standing: Database) -> AsyncIterator[RolledBackDatabase]:
    """The worker's database; whatever the test does in it is rolled back."""
    async with standing.engine.connect() as connection:
        outer = await connection.begin()
        await connection.exec_driver_sql("SELECT 1")  # until then nothing has begun
        made = RolledBackDatabase(worker_database, connection)
        yield made
        await made.rest()
        await outer.rollback()
        driver: asyncpg.Connection[Any] = (await connection.get_raw_connection()).driver_connection
        await driver.reset()  # settings, locks and ears that are the session's, not the transaction's


@pytest.fixture
async def session(db: RolledBackDatabase) -> AsyncIterator[AsyncSession]:
    """A session over the same connection as `db`: what it has flushed, the doors see."""
    async with AsyncSession(db.connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as opened:
        yield opened
        await db.rest()
        await opened.rollback()


@pytest.fixture(scope="session")
def shelf(server_url: str, template: str) -> Iterator[Shelf]:
    made = Shelf(server_url, template)
    yield made
    asyncio.run(made.close())


@pytest.fixture
def own_url(shelf: Shelf) -> Iterator[str]:
    """The address of a database of the test's own: for what runs its own event loop, such as the commands."""
    name = asyncio.run(shelf.take())
    yield shelf.url(name)
    asyncio.run(shelf.give_back(name))


@pytest.fixture
async def committed(shelf: Shelf) -> AsyncIterator[Database]:
    """A database of the test's own, where commits are commits: for races and kills. Costs about 0.03 s."""
    name = await shelf.take()
    own = shelf.database(name)
    yield own
    await own.close()
    await shelf.give_back(name)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store of assets in a folder of the test's own."""
    return open_store("", tmp_path / "assets")


@pytest.fixture(scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    """Where files are decoded; its child starts with the first, and serves all tests of a worker."""
    made = Sandbox()
    yield made
    await made.close()
