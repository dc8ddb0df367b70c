from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.clock import FixedClock
from core.db import Database
from tests.api.door import Door, opened


@pytest.fixture
async def door(db: Database, clock: FixedClock) -> AsyncIterator[Door]:
    async with opened(db, clock) as there:
        yield there
