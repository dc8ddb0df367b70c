"""Many rows in one statement: inserts and updates that take their rows as one JSON parameter.

The rows travel as JSON and PostgreSQL takes them apart (`json_to_recordset`), so arrays, ranges and JSON columns pass
like all others, and a foreign key that closes a circle holds when the two tables are filled in the same statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

type_dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so
Connection: TypeAlias = "asyncpg.Connection[Any]"
Row = Mapping[str, Any]


def _plain(value: Any) -> str:
    match value:
        case UUID():
            return str(value)
        case bytes():
            return "\\x" + value.hex()
        case _:
            raise TypeError(f"{type(value)} has no JSON form")


def encoded(rows: Sequence[Row]) -> str:
    return orjson.dumps(rows, default=_plain).decode()


def _recordset(table: Table, columns: Sequence[str], parameter: int) -> str:
    typed = ", ".join(f'"{name}" {table.c[name].type.compile(type_dialect)}' for name in columns)
    return f"json_to_recordset(${parameter}::text::json) AS r({typed})"


def _value(name: str) -> str:
    # an object that does not say when it was made is made now
    return "coalesce(r.created_at, now())" if name == "created_at" else f'r."{name}"'


def _insert(table: Table, rows: Sequence[Row], parameter: int) -> str:
    columns = list(rows[0])
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(_value(name) for name in columns)
    return f'INSERT INTO "{table.name}" ({names}) SELECT {values} FROM {_recordset(table, columns, parameter)}'  # noqa: S608  (names of our own tables)


async def insert(connection: Connection, table: Table, rows: Sequence[Row], *, otherwise: str = "") -> None:
    """Insert rows that all have the same columns; `otherwise` is an ON CONFLICT clause."""
    if rows:
        await connection.execute(f"{_insert(table, rows, 1)} {otherwise}", encoded(rows))


async def insert_together(connection: Connection, *parts: tuple[Table, Sequence[Row]]) -> None:
    """Insert into tables that point at each other: their foreign keys are checked when all rows are there."""
    filled = [(table, rows) for table, rows in parts if rows]
    if filled:
        steps = ", ".join(f"s{place} AS ({_insert(table, rows, place)})" for place, (table, rows) in _numbered(filled))
        await connection.execute(f"WITH {steps} SELECT 1", *(encoded(rows) for _, rows in filled))


def _numbered(parts: Sequence[tuple[Table, Sequence[Row]]]) -> list[tuple[int, tuple[Table, Sequence[Row]]]]:
    return list(enumerate(parts, start=1))


async def update(
    connection: Connection, table: Table, rows: Sequence[Row], *, key: str = "id", bump: bool = False
) -> None:
    """Set the columns of the rows found by `key`; `bump` adds one to `version`."""
    if not rows:
        return
    changes = [f'"{name}" = r."{name}"' for name in rows[0] if name != key]
    if bump:
        changes.append("version = t.version + 1")
    await connection.execute(
        f'UPDATE "{table.name}" AS t SET {", ".join(changes)}'  # noqa: S608
        f' FROM {_recordset(table, list(rows[0]), 1)} WHERE t."{key}" = r."{key}"',
        encoded(rows),
    )


async def clear(connection: Connection, table: Table, column: str, ids: Sequence[int]) -> None:
    """Delete the rows that belong to these objects."""
    if ids:
        await connection.execute(f'DELETE FROM "{table.name}" WHERE "{column}" = ANY($1::bigint[])', list(ids))  # noqa: S608


async def new_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """Fresh ids, so that rows of several tables can be written without asking back."""
    found = await connection.fetch(
        f"SELECT nextval(pg_get_serial_sequence('{table.name}', 'id')) AS id FROM generate_series(1, $1)",  # noqa: S608
        count,
    )
    return [row["id"] for row in found]
