"""What GraphQL tests ask with."""

from __future__ import annotations

import pytest

from core.clock import FixedClock
from tests.api.graphql.asking import Asking
from tests.conftest import RolledBackDatabase


@pytest.fixture
def api(db: RolledBackDatabase, clock: FixedClock) -> Asking:
    """The API as a stranger asks it."""
    return Asking(db, clock)
