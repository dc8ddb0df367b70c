"""The folder with the sockets of a running PostgreSQL: short, private, and found again through a note in its home."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
from pathlib import Path

from core.errors import Misconfigured
from core.postgres.accounts import Account
from core.postgres.places import Place

# A Unix socket's address holds about a hundred bytes, so it cannot lie in the data folder, whose path may be long.
ADDRESS_BYTES = 100
DOOR = "keeper"
SOCKETS = "postgres"
HOME = "home"


def make_folder(place: Place) -> Path:
    """The folder named by the note when it is still ours (so that addresses outlive a restart), else a new one."""
    remembered = read_note(place)
    if remembered is not None and is_ours(remembered, place):
        return remembered
    folder = _new_folder(remembered)
    (folder / HOME).write_text(_identity(place.home))
    if place.account is not None:
        folder.chmod(0o711)  # PostgreSQL's account passes through to its own folder in it
    unfinished = place.runtime_note.with_suffix(".new")
    unfinished.write_text(str(folder))
    place.give(unfinished)
    unfinished.replace(place.runtime_note)
    return folder


def _new_folder(remembered: Path | None) -> Path:
    if remembered is not None:
        try:
            remembered.mkdir(mode=0o700)
        except OSError:
            pass  # somebody else's by now, or its parent is gone: any other will do
        else:
            return remembered
    for parent in (Path("/tmp"), Path(tempfile.gettempdir())):  # noqa: S108  (mkdtemp makes it private)
        if os.access(parent, os.W_OK | os.X_OK):
            folder = Path(tempfile.mkdtemp(prefix="headwater-", dir=parent))
            if len(os.fsencode(folder / SOCKETS / ".s.PGSQL.5432")) < ADDRESS_BYTES:
                return folder
            folder.rmdir()
    raise Misconfigured("No place for PostgreSQL's socket: neither /tmp nor a short TMPDIR can be written to.")


def read_note(place: Place) -> Path | None:
    try:
        return Path(place.runtime_note.read_text())
    except FileNotFoundError:
        return None


def is_ours(folder: Path, place: Place) -> bool:
    """Whether it is a real folder that nobody else could have put there or can write to, and made for this home."""
    try:
        about = folder.lstat()
        made_for = (folder / HOME).read_text()
    except OSError:
        return False
    owners = {os.geteuid(), place.home.stat().st_uid} if os.geteuid() == 0 else {os.geteuid()}
    is_private = stat.S_ISDIR(about.st_mode) and about.st_uid in owners and not about.st_mode & 0o022
    return is_private and made_for == _identity(place.home)


def _identity(home: Path) -> str:
    """The same for a data folder that was moved, another for its copy, which brings the note of the original along."""
    about = home.stat()
    return f"{about.st_dev} {about.st_ino}"


def listen(folder: Path) -> socket.socket:
    """The keeper's door. Only for the holder of the lock: an older door is nobody's by now."""
    (folder / DOOR).unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(folder / DOOR))
    (folder / DOOR).chmod(0o600)
    door.listen(128)
    return door


def clear_sockets(folder: Path, account: Account | None) -> Path:
    """The empty folder for PostgreSQL's own socket. What a killed one left would be taken for a running one."""
    sockets = folder / SOCKETS
    if sockets.is_dir():
        shutil.rmtree(sockets)
    sockets.mkdir(mode=0o700)
    if account is not None:
        os.chown(sockets, account.user, account.group)
    return sockets


def call(place: Place) -> socket.socket | None:
    """A connection to the keeper; None when there is none."""
    folder = read_note(place)
    if folder is None or not is_ours(folder, place):
        return None
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(str(folder / DOOR))
    except OSError:
        line.close()
        return None
    return line
