"""/healthz says that the process lives, /readyz that it can serve."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from core import migrations
from core.clock import FixedClock
from core.db import Database
from core.settings import Settings
from services.runtime import Runtime
from tests.api.door import Door, opened


async def test_a_process_over_a_migrated_database_is_alive_and_ready(door: Door):
    for path, said in (("/healthz", "alive"), ("/readyz", "ready")):
        answer = await door.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": said})
        assert answer.headers["cache-control"] == "no-store"


async def test_a_database_that_needs_migrating_is_not_ready(committed: Database, clock: FixedClock):
    async with opened(committed, clock) as door:
        async with committed.session() as session:
            await session.execute(text("DELETE FROM alembic_version"))
        answer = await door.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (503, "migrations pending")


async def test_a_database_of_a_newer_version_is_not_ready(committed: Database, clock: FixedClock):
    async with opened(committed, clock) as door:
        async with committed.session() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = 'of_the_future'"))
        answer = await door.get("/readyz")

    assert answer.status_code == 503
    assert "of_the_future" in answer.json()["status"]


async def test_without_its_database_a_process_is_alive_and_not_ready(db: Database, clock: FixedClock, tmp_path: Path):
    away = Database(f"postgresql://headwater@/nothing?host={tmp_path}/{uuid4().hex[:8]}", pool=1)
    async with opened(db, clock) as door:
        app = door.client._transport.app  # type: ignore[attr-defined]
        app.state.runtime = Runtime(Settings(_env_file=None), away, clock, index=None, store=None)  # type: ignore[arg-type]
        alive = await door.client.get("/healthz", headers={"Authorization": f"Bearer hw_0123456789ab.{'A' * 43}"})
        ready = await door.get("/readyz")
        asked = await door.get("/feeds")
    await away.close()

    assert alive.status_code == 200
    assert (ready.status_code, ready.json()["status"]) == (503, "database away")
    assert (asked.status_code, asked.json()["code"]) == (503, "DATABASE_AWAY")


async def test_asking_for_readiness_is_cheap(door: Door, monkeypatch: pytest.MonkeyPatch):
    """It is asked every few seconds: the scripts of the migrations are read once."""
    first = (await door.get("/readyz")).status_code

    def read_again() -> None:
        raise AssertionError("the migrations were read again")

    monkeypatch.setattr(migrations, "config", read_again)

    assert (first, (await door.get("/readyz")).status_code) == (200, 200)
