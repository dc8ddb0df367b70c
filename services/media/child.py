"""The child of the sandbox: it does one job at a time, told over its standard input, within limits that the system keeps."""

from __future__ import annotations

import ctypes
import json
import math
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.media.facts import Flaw, Limits, Refused

NEW_USERS, NEW_NETWORK = 0x10000000, 0x40000000
"""CLONE_NEWUSER and CLONE_NEWNET of Linux (sched.h)."""

DIE_WITH_PARENT, NO_NEW_RIGHTS = 1, 38
"""PR_SET_PDEATHSIG and PR_SET_NO_NEW_PRIVS of Linux (prctl.h)."""

MEGABYTE = 1 << 20
ROOM = 512 * MEGABYTE
"""How much larger than its source a file may come out: pictures that are written anew, uncompressed in between."""

NO_MEMORY = ("out of memory", "Cannot allocate memory", "Memory allocation error", "Insufficient memory")

OPEN_FILES = 64
NICENESS = 10


def main() -> None:
    """Arguments: the megabytes of addresses it may have, the seconds a job may take, the process that started it."""
    megabytes, seconds, parent = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    has_network = not _leave_network()
    _die_with(parent)
    has_any_memory = not _limit(megabytes)
    orders, answers = _pipes()
    _say(answers, {"has_network": has_network, "has_any_memory": has_any_memory})
    for number, line in enumerate(orders):
        job = json.loads(line)
        _allow(seconds, Path(job["path"]))
        _say(answers, {"id": job["id"], **_done(job, is_first=number == 0)})


def _leave_network() -> bool:
    """Go where there is no network; whether the system let us. A container may forbid it."""
    if sys.platform != "linux":
        return False
    system = ctypes.CDLL(None)
    system.prctl(NO_NEW_RIGHTS, 1, 0, 0, 0)
    # with other users than outside root would lose the right to read what is not its own: so only whoever needs them
    return bool(system.unshare(NEW_NETWORK) == 0 or system.unshare(NEW_USERS | NEW_NETWORK) == 0)


def _die_with(parent: int) -> None:
    """End with the parent, however it ends: also in the middle of a job, when nobody reads that the pipe is closed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it ended before we asked to be told
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _limit(megabytes: int) -> bool:
    """Limits for good, before anything is loaded that decodes; whether memory has one (macOS keeps none)."""
    os.nice(NICENESS)
    _keep(resource.RLIMIT_CORE, 0, for_good=True)
    _keep(resource.RLIMIT_NOFILE, OPEN_FILES, for_good=True)
    try:
        _keep(resource.RLIMIT_AS, megabytes * MEGABYTE, for_good=True)
    except (OSError, ValueError):
        return False
    return sys.platform == "linux"


def _allow(seconds: float, source: Path) -> None:
    """Limits of the next job. Time is the parent's to watch: this is for when it cannot."""
    spent = time.process_time() + seconds * (os.cpu_count() or 1) + 1
    _keep(resource.RLIMIT_CPU, math.ceil(spent))
    size = source.stat().st_size if source.exists() else 0
    _keep(resource.RLIMIT_FSIZE, size + ROOM)


def _keep(kind: int, most: int, *, for_good: bool = False) -> None:
    _, bound = resource.getrlimit(kind)
    wanted = most if bound == resource.RLIM_INFINITY else min(most, bound)
    resource.setrlimit(kind, (wanted, wanted if for_good else bound))


def _pipes() -> tuple[Any, Any]:
    """Orders and answers. What a decoder prints goes where errors go, and it finds nothing to read."""
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return orders, answers


def _say(answers: Any, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _done(job: dict[str, Any], *, is_first: bool) -> dict[str, Any]:
    try:
        return {"found": JOBS[job["task"]](job)}
    except Refused as refused:
        # other files may have left too little for this one: only who has done nothing else may say that it takes too much
        if _ran_out_of_memory(refused) and (refused.flaw is Flaw.BROKEN_FILE or not is_first):
            return {"failed": "MemoryError"}
        return {"flaw": refused.flaw.value, "detail": refused.detail}
    except Exception as error:  # noqa: BLE001  (whatever a decoder does: it is told, and this process is not used again)
        traceback.print_exc()
        return {"failed": type(error).__name__}


def _ran_out_of_memory(error: BaseException | None) -> bool:
    """Whether that is behind it: libvips and FFmpeg may say it in words alone, so that the file looks damaged."""
    while error is not None:
        if isinstance(error, MemoryError) or any(sign in str(error) for sign in NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def _probe(job: dict[str, Any]) -> dict[str, Any]:
    from services.media import looking  # noqa: PLC0415  (decoders are loaded when they are limited, and needed)

    facts = looking.probe(Path(job["path"]), Path(job["target"]), Limits.model_validate(job["limits"]))
    return facts.model_dump(mode="json")


def _render(job: dict[str, Any]) -> dict[str, Any]:
    from services.media import recipes, rendering  # noqa: PLC0415  (as above)

    recipe = recipes.Recipe.model_validate(job["recipe"])
    return rendering.render(Path(job["path"]), recipe, Path(job["target"])).model_dump(mode="json")


JOBS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"probe": _probe, "render": _render}

if __name__ == "__main__":
    main()
