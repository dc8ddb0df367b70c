"""The database of a process: one engine, short sessions that commit on leaving, and what must hold before we write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from core.errors import Misconfigured, Unavailable
from core.postgres import Server

OLDEST_POSTGRES = 160000


class DatabaseAway(Unavailable):
    """PostgreSQL does not answer, or no connection came free in time."""

    code = "DATABASE_AWAY"


class Database:
    def __init__(
        self, dsn: str, *, pool: int = 10, statement_timeout_ms: int = 5_000, lock_timeout_ms: int = 2_000
    ) -> None:
        """`dsn` is a libpq URL; `pool` connections are kept, 0 for one a session (tests); time-outs in milliseconds, 0 for
        none (workers and imports).
        """
        # the embedded PostgreSQL behind it, if it is one
        self.server: Server | None = None
        self.url = make_url(dsn).set(drivername="postgresql+asyncpg")
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            **_pooling(pool, 1 if statement_timeout_ms else 30),
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args={
                "server_settings": {
                    "application_name": "headwater",
                    "timezone": "UTC",
                    "statement_timeout": str(statement_timeout_ms),
                    "lock_timeout": str(lock_timeout_ms),
                    "idle_in_transaction_session_timeout": "10000" if statement_timeout_ms else "0",
                    "jit": "off",
                }
            },
        )

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A piece of work: commits on leaving, rolls back on an exception."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    async def listen(self) -> asyncpg.Connection[Any]:
        """A connection of its own, outside the pool, for LISTEN; the caller closes it."""
        dsn = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return await asyncpg.connect(dsn, server_settings={"application_name": "headwater-listen"})

    async def check(self) -> None:
        """Misconfigured when this server cannot keep our promises; DatabaseAway when it does not answer."""
        try:
            async with self.session() as session:
                version = int((await session.execute(text("SHOW server_version_num"))).scalar_one())
                durable = (await session.execute(text("SHOW synchronous_commit"))).scalar_one()
        except (OSError, DBAPIError) as error:
            raise DatabaseAway(f"DATABASE_URL: PostgreSQL does not answer ({_first_line(error)}).") from error
        if version < OLDEST_POSTGRES:
            raise Misconfigured(f"DATABASE_URL: this is PostgreSQL {version // 10000}; 16 or later is needed.")
        if durable == "off":
            raise Misconfigured(
                "DATABASE_URL: synchronous_commit is off, so an acknowledged publish could be lost in a crash."
                " Set it to on for this database: ALTER DATABASE … SET synchronous_commit = on."
            )

    async def close(self) -> None:
        await self.engine.dispose()


def _pooling(size: int, wait_seconds: int) -> dict[str, Any]:
    if size == 0:
        return {"poolclass": NullPool}
    return {"pool_size": size, "max_overflow": 0, "pool_timeout": wait_seconds}


def is_away(error: DBAPIError) -> bool:
    """Whether a statement failed by what may heal by itself: a connection lost, no room, a time-out, a deadlock."""
    state = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or state[:2] in {"08", "40", "53", "57"} or state == "55P03"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
