"""Which processes are the PostgreSQL of one cluster, told by what they are and never by a number in a file."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

# SIGINT to a postmaster is the fast shutdown, to an orphaned backend a cancelled statement (it then notices that its
# postmaster is gone); SIGTERM ends a backend that does not; SIGQUIT leaves the rest to crash recovery. Never SIGKILL.
STEPS = ((0.0, signal.SIGINT), (10.0, signal.SIGTERM), (300.0, signal.SIGQUIT))
PROGRESS_SECONDS = 5.0
LOOK_SECONDS = 0.05


def of_cluster(cluster: Path) -> list[psutil.Process]:
    """Every process of PostgreSQL that works in this folder.

    They all have it as their working directory. Processes that we may not look into belong to other people, who could
    not have opened the folder (0700) either.
    """
    home = cluster.resolve()
    return [process for process in psutil.process_iter() if _works_in(process, home)]


def _works_in(process: psutil.Process, home: Path) -> bool:
    try:
        if not process.name().startswith("postgres"):
            return False
        return Path(process.exe()).name == "postgres" and Path(process.cwd()) == home
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def end_leftovers(cluster: Path, say: Callable[[str], None]) -> None:
    """Stop whatever still runs on the cluster and clear its marks, so that a new postmaster can start.

    Only for the holder of the lock. A postmaster.pid that names any other process (the number was used again) is just
    removed: PostgreSQL itself would take that process for its own and refuse to start.
    """
    left = of_cluster(cluster)
    if left:
        numbers = ", ".join(str(process.pid) for process in left)
        say(f"stopping a PostgreSQL that was left behind (process {numbers})")
        _end(cluster, say)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _end(cluster: Path, say: Callable[[str], None]) -> None:
    """Looks again and again rather than waiting for numbers to vanish: whoever inherits a process may never reap it."""
    begun = said_at = time.monotonic()
    steps = list(STEPS)
    while left := of_cluster(cluster):
        waited = time.monotonic() - begun
        if steps and waited >= steps[0][0]:
            _signal_heads(left, steps.pop(0)[1])
        if time.monotonic() - said_at > PROGRESS_SECONDS:
            said_at = time.monotonic()
            say(f"still stopping PostgreSQL, {waited:.0f} s so far")
        time.sleep(LOOK_SECONDS)


def _signal_heads(left: list[psutil.Process], number: signal.Signals) -> None:
    """Signal the postmaster, or the backends that lost theirs; psutil refuses a process id that was used again."""
    pids = {process.pid for process in left}
    for process in left:
        try:
            if process.ppid() not in pids:
                process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
