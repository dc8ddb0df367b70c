"""Whom PostgreSQL runs as when we are root, which it refuses to be, and where that account can go."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from core.errors import Misconfigured

# An account made for the purpose is better than one that other services may share.
UNPRIVILEGED = ("headwater", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system."""

    name: str
    user: int
    group: int


def is_root() -> bool:
    return os.geteuid() == 0


def unprivileged(cluster: Path) -> Account | None:
    """The account for PostgreSQL: None (ourselves) unless we are root; then the one that owns the database already."""
    if not is_root():
        return None
    if cluster.is_dir() and cluster.stat().st_uid != 0:
        return _account(pwd.getpwuid(cluster.stat().st_uid))
    for name in UNPRIVILEGED:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise Misconfigured(
        "PostgreSQL does not run as root, and this machine has no user `headwater` or `nobody` to run it as: "
        "make one (useradd --system headwater), run as another user, or set DATABASE_URL."
    )


def named(name: str) -> Account | None:
    """The account of that name; None for no name."""
    return _account(pwd.getpwnam(name)) if name else None


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def can_enter(account: Account, folder: Path) -> bool:
    """Whether the account can go through the folder and all above it, by the plain permission bits."""
    folder = folder.resolve()
    return all(may_pass(account, each) for each in (folder, *folder.parents))


def may_pass(account: Account, folder: Path) -> bool:
    about = folder.stat()
    if about.st_uid == account.user:
        return bool(about.st_mode & stat.S_IXUSR)
    if about.st_gid == account.group:
        return bool(about.st_mode & stat.S_IXGRP)
    return bool(about.st_mode & stat.S_IXOTH)


def environment() -> dict[str, str]:
    """For PostgreSQL's programs: English messages, and none of the PG… variables that would redirect them."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**ours, "LC_ALL": "C"}
