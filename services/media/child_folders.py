"""The folders of the sandbox's children: each is held by the process that made it, and taken away when that was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

PREFIX = "headwater-sandbox-"


@dataclass(frozen=True, slots=True)
class ChildFolder:
    """A folder of a child. `lock` is what its holder has open: the system closes it with the process, however that ends."""

    path: Path
    lock: int

    @classmethod
    def made(cls) -> ChildFolder:
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = os.open(path, os.O_RDONLY)  # no child inherits it
        fcntl.flock(lock, fcntl.LOCK_SH)
        return cls(path, lock)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.lock)


def remove_left(before: datetime) -> int:
    """Take away the folders that were made before then and that nobody holds; how many. Those of other users stay."""
    count = 0
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is gone meanwhile, held, or not ours
            found = path.lstat()
            if found.st_uid == os.getuid() and found.st_mtime < before.timestamp():
                count += _is_removed(path)
    return count


def _is_removed(path: Path) -> bool:
    """BlockingIOError when somebody holds it."""
    lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path)
    finally:
        os.close(lock)
    return True
