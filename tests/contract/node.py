"""Programs in Node, ours and those that packages bring, run in a folder of the test's own."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract import packages

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Node:
    """A folder in which our programs find the packages."""

    folder: Path

    def run(self, program: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """A program of ours, `name.mjs`, or one that came with a package."""
        command = ["node", program] if program.endswith(".mjs") else [self.folder / "node_modules/.bin" / program]
        return subprocess.run(
            [*command, *arguments],
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def told(self, program: str, *arguments: str, given: str = "") -> Any:
        """What a program says as JSON; it must end well."""
        done = self.run(program, *arguments, given=given)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


def prepared(folder: Path) -> Node:
    """Our programs in this folder, beside the packages; skips where there are none."""
    installed = packages.needed()
    shutil.copytree(HERE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "package*", "__pycache__"))
    (folder / "node_modules").symlink_to(installed / "node_modules")
    return Node(folder)
