"""Databases for tests that commit: cloned from a migrated one, and put back as new from test to test."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from uuid import uuid4

import asyncpg
from sqlalchemy import make_url

from core.db import Database

# All that a migration could have changed: a database that says something else here is not taken back.
SHAPE = """
    WITH ours AS (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    SELECT md5(concat_ws(chr(10),
        (SELECT string_agg(concat_ws(' ', oid, relname, relkind, reloptions), ',' ORDER BY oid)
           FROM pg_class WHERE relnamespace = 'public'::regnamespace),
        (SELECT string_agg(concat_ws(' ', attrelid, attname, atttypid, attnotnull), ',' ORDER BY attrelid, attnum)
           FROM pg_attribute WHERE attrelid IN (SELECT oid FROM ours)),
        (SELECT string_agg(concat_ws(' ', oid, pg_get_expr(adbin, adrelid)), ',' ORDER BY oid)
           FROM pg_attrdef WHERE adrelid IN (SELECT oid FROM ours)),
        (SELECT string_agg(concat_ws(' ', oid, conname, convalidated), ',' ORDER BY oid)
           FROM pg_constraint WHERE conrelid IN (SELECT oid FROM ours)),
        (SELECT string_agg(concat_ws(' ', oid, tgenabled), ',' ORDER BY oid)
           FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM ours)),
        (SELECT string_agg(concat_ws(' ', indexrelid, indisvalid), ',' ORDER BY indexrelid)
           FROM pg_index WHERE indrelid IN (SELECT oid FROM ours)),
        (SELECT string_agg(concat_ws(' ', oid, proname, prosrc), ',' ORDER BY oid)
           FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
        (SELECT string_agg(concat_ws(' ', enumtypid, enumlabel), ',' ORDER BY oid) FROM pg_enum),
        (SELECT string_agg(nspname, ',' ORDER BY oid) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_t%'),
        (SELECT string_agg(setconfig::text, ',') FROM pg_db_role_setting s
           JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database())))
"""
OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# A table that nobody wrote to since it was made has no bytes.
TOUCHED = """
    SELECT relname FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0 ORDER BY relname
"""
DRAWN = """
    SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence
      JOIN pg_sequences ON (schemaname, sequencename) = (SELECT relnamespace::regnamespace::text, relname
                                                           FROM pg_class WHERE oid = seqrelid)
     WHERE last_value IS NOT NULL
"""


@dataclass
class Shelf:
    """Clones of one template: cloning takes a few hundred milliseconds, putting one back as new about twenty."""

    server: str  # a libpq URL
    template: str
    _free: list[str] = field(default_factory=list)
    _made: set[str] = field(default_factory=set)
    _shape: str = ""
    _databases: dict[str, Database] = field(default_factory=dict)
    _rows: dict[str, bytes] = field(default_factory=dict)  # by table: what the migrations themselves put there

    def url(self, name: str) -> str:
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)

    def database(self, name: str) -> Database:
        """With connections of its own; closed, it can be had again: what was compiled for one test serves the next."""
        if name not in self._databases:
            self._databases[name] = Database(
                self.url(name), pool=40, statement_timeout_ms=20_000, lock_timeout_ms=15_000
            )
        return self._databases[name]

    async def take(self) -> str:
        """The name of a database as the migrations leave it, for the one test that asks."""
        if self._free:
            return self._free.pop()
        name = f"own_{uuid4().hex[:12]}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        self._made.add(name)
        if not self._shape:
            await self._learn(name)
        return name

    async def give_back(self, name: str) -> None:
        """Whoever is still connected is sent away; what was changed in more than rows is not kept."""
        if await self._made_new(name):
            self._free.append(name)
        else:
            await self._drop(name)

    async def close(self) -> None:
        for name in tuple(self._made):
            await self._drop(name)

    async def _drop(self, name: str) -> None:
        await self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.discard(name)

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.server)
        await connection.execute(statement)
        await connection.close()

    async def _learn(self, name: str) -> None:
        connection = await asyncpg.connect(self.url(name))
        self._shape = await connection.fetchval(SHAPE)
        for (table,) in await connection.fetch(TOUCHED):
            rows = BytesIO()
            await connection.copy_from_table(table, output=rows)
            self._rows[table] = rows.getvalue()
        await connection.close()

    async def _made_new(self, name: str) -> bool:
        connection = await asyncpg.connect(self.url(name))
        try:
            while await connection.fetch(OTHERS):
                """Until they are gone: PostgreSQL's own wait looks only every 100 ms."""
            return await connection.fetchval(SHAPE) == self._shape and await self._emptied(connection)
        finally:
            await connection.close()

    async def _emptied(self, connection: asyncpg.Connection[Any]) -> bool:
        """False where we may not pass over foreign keys and guards: that takes a superuser, as the embedded one is."""
        if await connection.fetchval("SHOW is_superuser") != "on":
            return False
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            for (table,) in await connection.fetch(TOUCHED):
                await connection.execute(f'DELETE FROM "{table}"')
            for table, rows in self._rows.items():
                await connection.copy_to_table(table, source=BytesIO(rows))
            await connection.execute(DRAWN)
        return True
