from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.db import Database
from tests.databases import Shelf


@pytest.fixture
async def other(shelf: Shelf) -> AsyncIterator[Database]:
    """A second empty database, beside `committed`."""
    name = await shelf.take()
    database = Database(shelf.url(name), pool=4, statement_timeout_ms=20_000)
    yield database
    await database.close()
    await shelf.give_back(name)
