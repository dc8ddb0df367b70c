"""Where the Node packages of these tests are: `scripts/test` installs them once, beside the Python environment."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts import bootstrap


def needed() -> Path:
    """The folder that holds `node_modules`, where Node and the packages are; else the test is skipped, and says why."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    packages = bootstrap.node_packages()
    if not packages.is_dir():
        pytest.skip(
            "the packages of tests/contract/package.json are not there: scripts/test installs them, with a network"
        )
    return packages.parent
