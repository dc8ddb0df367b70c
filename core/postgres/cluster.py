"""One database cluster on disk: made once, completely or not at all, and the command that serves it."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import Misconfigured, Unavailable
from core.postgres.accounts import environment
from core.postgres.binaries import Binaries
from core.postgres.places import Place

DATABASE = "headwater"
USER = "headwater"
FREE_BYTES_NEEDED = 128 * 1024 * 1024
NO_SPACE = "No space left on device"

# Written to postgresql.conf once, where the operator may change them. House defaults for a machine shared with the
# server and the workers: all of PostgreSQL stays far below 500 MiB.
TUNING: Mapping[str, str] = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "10min",
    "random_page_cost": "1.1",
    "jit": "off",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "autovacuum_naptime": "15s",
}
# A throwaway cluster for tests: nothing is promised after a crash, and nothing waits for the disk. Commits stay
# synchronous, since the server refuses to work without.
THROWAWAY = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=64MB", "-c", "autovacuum=off")


# Loaded before any fork: after it we may be somebody who cannot read our Python.
C_LIBRARY = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster of a place, as these binaries serve it."""

    place: Place
    binaries: Binaries
    durable: bool

    def prepare(self, say: Callable[[str], None]) -> None:
        """Make it when it is not there. Misconfigured for another major version or a disk without space."""
        self._check_space()
        made = self.place.cluster / "PG_VERSION"
        if not made.is_file():
            say(f"making the database in {self.place.cluster}")
            self._create()
        major = made.read_text().strip()
        if major != self.binaries.major:
            raise Misconfigured(
                f"The database in {self.place.cluster} is of PostgreSQL {major}, and this is PostgreSQL "
                f"{self.binaries.major}: take a `pg_dump` with the release that made it, move the folder away and "
                f"`pg_restore` with this one (docs/operating.md, Upgrading PostgreSQL)."
            )

    def _check_space(self) -> None:
        free = shutil.disk_usage(self.place.home).free
        if free < FREE_BYTES_NEEDED:
            raise Misconfigured(
                f"No space for the database: {free // 1024**2} MiB are free at {self.place.home}, "
                f"{FREE_BYTES_NEEDED // 1024**2} MiB are needed to start."
            )

    def _create(self) -> None:
        """Beside its place first, then renamed: an interrupted run leaves a folder that the next one removes."""
        for left in self.place.home.glob("making-*"):
            # A straggler of the interrupted run may still be writing there; then the next start removes it.
            shutil.rmtree(left, ignore_errors=True)
        making = Path(tempfile.mkdtemp(prefix="making-", dir=self.place.home))
        if self.place.account is not None:
            os.chown(making, self.place.account.user, self.place.account.group)
        self._initdb(making)
        fast = () if self.durable else THROWAWAY
        single = [self.binaries.path("postgres"), "--single", "-D", str(making), *fast, "template1"]
        self._run(single, f"CREATE DATABASE {DATABASE}")
        making.rename(self.place.cluster)
        _sync_folder(self.place.home)

    def _initdb(self, folder: Path) -> None:
        settings = [f"--set={name}={value}" for name, value in TUNING.items()]
        command = [
            self.binaries.path("initdb"), f"--pgdata={folder}", f"--username={USER}", "--auth=trust", "--encoding=UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", *settings,
        ]  # fmt: skip
        self._run(command if self.durable else [*command, "--no-sync"])

    def _run(self, command: list[str], text: str = "") -> None:
        done = subprocess.run(  # noqa: S603  (our own binaries)
            command, input=text, capture_output=True, text=True, check=False, cwd="/", env=environment(),
            user=self._user, group=self._group, extra_groups=self._groups, preexec_fn=_stop_with_parent,
        )  # fmt: skip
        if done.returncode != 0:
            raise failure(f"{Path(command[0]).name} failed in {self.place.home}", done.stderr)

    def serve(self, sockets: Path, log: int) -> subprocess.Popen[bytes]:
        """The postmaster, as our child, in the foreground."""
        command = [
            self.binaries.path("postgres"), "-D", str(self.place.cluster), "-k", str(sockets), "-p", "5432",
            "-c", "listen_addresses=", "-c", "log_startup_progress_interval=5s", *(() if self.durable else THROWAWAY),
        ]  # fmt: skip
        return subprocess.Popen(  # noqa: S603  (our own binaries)
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=environment(),
            user=self._user, group=self._group, extra_groups=self._groups,
            preexec_fn=_stop_with_parent,  # noqa: PLW1509  (the keeper has one thread)
        )  # fmt: skip

    def answers(self, sockets: Path) -> bool:
        """Whether a connection is let in. False while it starts or recovers."""
        command = [
            self.binaries.path("pg_isready"),
            "-q",
            "-t",
            "5",
            "-h",
            str(sockets),
            "-p",
            "5432",
            "-U",
            USER,
            "-d",
            DATABASE,
        ]
        return subprocess.run(command, check=False, env=environment()).returncode == 0  # noqa: S603  (our own binary)

    # Whom PostgreSQL's programs run as: ourselves, which subprocess calls None, unless we are root.

    @property
    def _user(self) -> int | None:
        return self.place.account.user if self.place.account else None

    @property
    def _group(self) -> int | None:
        return self.place.account.group if self.place.account else None

    @property
    def _groups(self) -> list[int] | None:
        return [] if self.place.account else None


def failure(what: str, stderr: str) -> Misconfigured | Unavailable:
    """The error for a program that failed, with the line that says why."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if any(NO_SPACE in line for line in lines):
        return Misconfigured(f"{what}: no space left on the disk")
    telling = [line for line in lines if "FATAL:" in line or "PANIC:" in line or "error:" in line]
    reason = (telling or lines or ["it said nothing"])[-1]
    return Unavailable(f"{what}: {reason}")


def _sync_folder(folder: Path) -> None:
    """Make a rename in the folder outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stop_with_parent() -> None:
    """Between fork and exec, on Linux: the kernel sends SIGINT (fast shutdown) should the keeper be killed.

    Elsewhere a postmaster whose keeper was killed goes on until the next start, which finds and stops it.
    """
    if sys.platform == "linux":
        C_LIBRARY.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
