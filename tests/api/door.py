"""The HTTP door in tests: the whole application over a test's database, without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

import models
from api.app import create_app
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from core.settings import Settings
from core.store import Store, open_store
from services import publishing
from services.distribution import Distributor
from services.media.sandbox import Sandbox
from services.runtime import Runtime, name_instance
from tests import make

BASE = "https://headwater.example"


@dataclass
class Door:
    """The application's addresses, and what has to happen before there is something to read."""

    client: httpx2.AsyncClient
    db: Database
    clock: FixedClock
    store: Store | None = None

    async def get(self, path: str, **query: Any) -> httpx2.Response:
        return await self.client.get(path, params=query)

    async def feed(self, key: str, **query: Any) -> dict[str, Any]:
        """A page of a feed that must be there."""
        response = await self.get(f"/feeds/{key}.json", **query)
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.json()
        return page

    async def problem(self, path: str, **query: Any) -> tuple[int, str]:
        """(status, code) of an answer that must be a problem."""
        response = await self.get(path, **query)
        assert response.headers["content-type"] == "application/problem+json", response.text
        return response.status_code, response.json()["code"]

    async def live(self, creator: models.Creator | None = None, **values: Any) -> models.Content:
        """A published content that the feeds know of."""
        async with self.db.session() as session:
            author = creator or await make.creator(session)
            content = await make.content(session, author, **values)
            await publishing.changed(session, content, self.clock)
        await self.distribute()
        return content

    async def revise(self, content: models.Content, *, title: str, number: int = 2) -> None:
        """Publish another revision of a content."""
        async with self.db.session() as session:
            row = await session.get_one(models.Content, content.id, populate_existing=True)
            revision = models.Revision(content_id=row.id, number=number, title=title)
            session.add(revision)
            await session.flush()
            row.draft_revision_id = revision.id
            await session.flush()
            await publishing.publish(session, SYSTEM, content.uid, clock=self.clock)
        await self.distribute()

    async def withdraw(self, content: models.Content) -> None:
        async with self.db.session() as session:
            await publishing.withdraw(session, SYSTEM, content.uid, reason="wrong", clock=self.clock)

    async def distribute(self) -> None:
        await Distributor(self.db, clock=self.clock, base_url=BASE).drain()


@asynccontextmanager
async def opened(
    db: Database, clock: FixedClock, *, sandbox: Sandbox | None = None, **settings: Any
) -> AsyncIterator[Door]:
    """The door over this database, under these settings."""
    known: dict[str, Any] = {"public_url": BASE, "data": Path("/nowhere"), "_env_file": None} | settings
    store = open_store("", known["data"] / "assets") if known["data"].is_dir() else None
    runtime = Runtime(
        Settings(**known),
        db,
        clock,
        index=None,  # type: ignore[arg-type]  # nothing here searches
        store=store,  # type: ignore[arg-type]  # only a door with a data folder has one
        sandbox=sandbox or Sandbox(),
    )
    app = create_app(runtime.settings, runtime)
    await name_instance(db, runtime.settings)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app),
            base_url="http://headwater.example",
            headers={"Accept-Encoding": "identity"},
        ) as client,
    ):
        yield Door(client, db, clock, store)
