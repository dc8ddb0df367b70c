"""What must hold of a server before we write to it."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url, text

from core.db import Database, DatabaseAway
from core.errors import Misconfigured


async def test_a_server_that_may_lose_what_it_acknowledged_is_refused(committed: Database):
    name = committed.url.database
    async with committed.session() as session:
        await session.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    again = Database(committed.url.set(drivername="postgresql").render_as_string(hide_password=False), pool=0)

    with pytest.raises(Misconfigured, match=r"^DATABASE_URL: synchronous_commit is off") as refused:
        await again.check()

    assert "\n" not in refused.value.message


async def test_a_durable_server_is_taken(committed: Database):
    await committed.check()


async def test_a_server_that_does_not_answer_is_told_in_a_line(committed: Database):
    nowhere = make_url("postgresql://headwater@/headwater?host=/nowhere")
    away = Database(nowhere.render_as_string(hide_password=False), pool=0)

    with pytest.raises(DatabaseAway, match=r"^DATABASE_URL: PostgreSQL does not answer") as refused:
        await away.check()

    assert "\n" not in refused.value.message


async def test_a_session_that_fails_leaves_nothing_behind(committed: Database):
    async def insert_and_fail() -> None:
        async with committed.session() as session:
            await session.execute(text("INSERT INTO fields VALUES ('tea', 'Tea', '茶')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await insert_and_fail()

    async with committed.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM fields")) == 0
