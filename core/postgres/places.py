"""Where an embedded PostgreSQL lies: in the data folder, or elsewhere when root's data folder bars PostgreSQL's way."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import Misconfigured
from core.postgres.accounts import Account, can_enter, is_root, unprivileged

ELSEWHERE = Path("/var/lib/headwater")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """`home` holds cluster, lock and log; `account` is whom PostgreSQL runs as, None for ourselves."""

    home: Path
    account: Account | None

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def lock(self) -> Path:
        return self.home / "lock"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def runtime_note(self) -> Path:
        """A small file with the path of the folder that holds the sockets."""
        return self.home / "sockets"

    def give(self, path: Path) -> None:
        """Let a file that root made belong to whom the folder belongs, who may come back without being root."""
        if is_root():
            about = self.home.stat()
            os.chown(path, about.st_uid, about.st_gid)


def find(data: Path, say: Say) -> Place:
    """The place for this data folder, made when it is new. Misconfigured when it cannot be there."""
    data = data.expanduser().resolve()
    inside = data / "postgres"
    try:
        inside.mkdir(parents=True, exist_ok=True, mode=0o711 if is_root() else 0o700)
        account = unprivileged(inside / "cluster")
        if account is None:
            return Place(inside, None)
        return Place(_home(data, inside, account, say), account)
    except OSError as error:
        raise Misconfigured(
            f"HEADWATER_DATA: {data} cannot hold the database: {error.strerror} ({error.filename})"
        ) from error


def _home(data: Path, inside: Path, account: Account, say: Say) -> Path:
    remembered = inside / "elsewhere"
    if remembered.exists():
        return _remembered(data, remembered)
    _open_when_empty(data, inside)
    if can_enter(account, inside):
        return inside
    return _new_elsewhere(data, remembered, account, say)


def _open_when_empty(data: Path, inside: Path) -> None:
    """Let PostgreSQL's account pass through (not list) a data folder that is new: nothing there yet to be protected."""
    if list(data.iterdir()) == [inside] and data.stat().st_uid == 0 and not list(inside.iterdir()):
        data.chmod(data.stat().st_mode | 0o111)


def _new_elsewhere(data: Path, remembered: Path, account: Account, say: Say) -> Path:
    ELSEWHERE.mkdir(parents=True, exist_ok=True)
    ELSEWHERE.chmod(0o755)
    home = Path(tempfile.mkdtemp(prefix=f"{data.name}-", dir=ELSEWHERE))
    home.chmod(0o711)
    (home / "data-folder").write_text(str(data))
    if not can_enter(account, home):
        raise Misconfigured(f"HEADWATER_DATA: neither {data} nor {home} can be reached by the user {account.name}.")
    unfinished = home / "elsewhere"
    unfinished.write_text(str(home))
    try:
        os.link(unfinished, remembered)  # complete at once; of two first starts at the same time, one wins
    except FileExistsError:
        return _remembered(data, remembered)
    say(f"PostgreSQL runs as {account.name}, who cannot go to {data}: the database itself lies in {home}")
    return home


def _remembered(data: Path, remembered: Path) -> Path:
    home = Path(remembered.read_text().strip())
    belongs_to = home / "data-folder"
    if not belongs_to.is_file():
        raise Misconfigured(
            f"HEADWATER_DATA: the database of {data} lay in {home}, and is not there any more: "
            f"bring it back, or remove {remembered} to begin with an empty one."
        )
    before = Path(belongs_to.read_text())
    if before != data:
        if _still_uses(before, home):
            raise Misconfigured(
                f"HEADWATER_DATA: {data} is a copy of {before}, whose database lies in {home}: "
                f"a copy needs its own (docs/operating.md, Copying)."
            )
        belongs_to.write_text(str(data))
    return home


def _still_uses(data: Path, home: Path) -> bool:
    remembered = data / "postgres" / "elsewhere"
    return remembered.is_file() and remembered.read_text().strip() == str(home)
