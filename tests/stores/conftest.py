from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from core.store import Store, open_store
from tests.stores.server import Buckets, running


@pytest.fixture(scope="session")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buckets]:
    with running(tmp_path_factory.mktemp("buckets")) as server:
        yield server


@pytest.fixture
def bucket(buckets: Buckets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    """An empty bucket as the store of assets."""
    name = f"pictures-{uuid4().hex[:12]}"
    buckets.make(name)
    for variable, value in buckets.environment.items():
        monkeypatch.setenv(variable, value)
    return open_store(f"s3://{name}/assets", tmp_path / "assets")
