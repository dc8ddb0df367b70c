"""Which tests stay on one process when several run them: those that share something expensive to make."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling

# Each is handed out as a whole, the longest first; everything else test by test. pytest-xdist's own `xdist_group` writes
# a name into the test's id, which pytest 9.2 does not take any more (pytest-xdist 1386): the marks are silently ignored.
TOGETHER = (
    "tests/search/test_elasticsearch.py",  # a node of Elasticsearch
    "tests/core/test_postgres.py",  # data folders
    "tests/sample/",  # the whole sample, read and checked
    "tests/house/test_errors.py",  # the text of all modules
    "tests/stores/",  # an S3 server
    "tests/contract/",  # what Node was asked to make
)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # without types
    def _split_scope(self, nodeid: str) -> Any:
        return next((shared for shared in TOGETHER if nodeid.startswith(shared)), nodeid)
