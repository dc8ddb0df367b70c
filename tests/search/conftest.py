"""The Elasticsearch that the contract runs against: ELASTICSEARCH_URL, else a node from published jars, else a skip."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.search.elasticsearch import node


@pytest.fixture(scope="session")
def elasticsearch_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = os.environ.get("ELASTICSEARCH_URL")
    if given:
        yield given
        return
    try:
        with node.running(tmp_path_factory.mktemp("elasticsearch")) as url:
            yield url
    except node.NotStartedError as reason:
        pytest.skip(f"no Elasticsearch: ELASTICSEARCH_URL is not set, and {reason}")
