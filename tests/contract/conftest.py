from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from api.graphql.schema import CONTRACT
from tests.contract.node import Node, prepared


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Node, with the published contract as schema.graphql."""
    ready = prepared(tmp_path)
    shutil.copy(CONTRACT, tmp_path / "schema.graphql")
    return ready
