"""Where files of strangers are decoded: child processes with limits of memory and time, which may die of them."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError

from services.media.child_folders import ChildFolder
from services.media.facts import Facts, Flaw, Limits, Refused
from services.media.recipes import Made, Recipe

log = structlog.get_logger()

JOBS_OF_A_CHILD = 100
"""Then it is replaced: decoders leave memory in pieces, which counts against the limit, and whatever a file of a stranger
may have done to the process ends with it.
"""

SECONDS_TO_START = 30.0
"""For an interpreter on a machine that is busy; half a second is usual."""

LONGEST_ANSWER = 1 << 20
LOGGED_OF_A_JOB = 4_000

ROOT = Path(__file__).resolve().parents[2]
"""Where our packages lie."""

Answer = TypeVar("Answer")

_FACTS: TypeAdapter[Facts] = TypeAdapter(Facts)
_MADE: TypeAdapter[Made] = TypeAdapter(Made)


class NotStarted(RuntimeError):  # noqa: N818  (named after what happened)
    """No child could be started: nothing is known of the file."""


class Ended(RuntimeError):  # noqa: N818  (as above)
    """The sandbox was closed before the job was done: nothing is known of the file."""


class Died(RuntimeError):  # noqa: N818  (as above)
    """A child ended, or said what it must not say; `code` is its exit code, negative for a signal."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__(code)
        self.code = code


@dataclass(eq=False)
class Sandbox:
    """`seconds` and `megabytes` (of addresses) for a job, `limits` of what is unpacked; `places` jobs at a time.

    Children start when they are needed, and stay: to load the decoders takes a third of a second. A job that is cancelled
    takes its child along, so no answer is ever taken for that of another job.
    """

    seconds: float = 30
    megabytes: int = 1_500
    limits: Limits = field(default_factory=Limits)
    places: int = 1

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.places)
        self._idle: list[Child] = []
        self._children: set[Child] = set()
        self._is_closed = False
        self._is_known = False

    @property
    def pids(self) -> list[int]:
        """The children that live, for whoever looks at the machine."""
        return [child.process.pid for child in self._children]

    async def probe(self, path: Path, served: Path) -> Facts:
        """What the file is; a copy without what tells where it was made is written to `served` when it has that.

        Refused: the file's fault, or PROBE_TOO_SLOW, or PROBE_FAILED when the child died of it. NotStarted. Ended.
        """
        limits = self.limits.model_dump()
        job = {"task": "probe", "path": str(path), "target": str(served), "limits": limits}
        facts = await self._do(_FACTS, job)
        if facts.has_location and not await asyncio.to_thread(served.is_file):
            raise Refused(Flaw.PROBE_FAILED, "the copy to be served was not written")
        return facts

    async def render(self, path: Path, recipe: Recipe, target: Path) -> Made:
        """Write to `target` what the recipe makes of the file. Refused, NotStarted and Ended as with `probe`."""
        made = recipe.model_dump(mode="json")
        return await self._do(_MADE, {"task": "render", "path": str(path), "target": str(target), "recipe": made})

    async def close(self) -> None:
        """End all children; jobs that are not done raise Ended."""
        self._is_closed = True
        await asyncio.gather(*(self._end(child) for child in list(self._children)))

    async def _do(self, kind: TypeAdapter[Answer], job: dict[str, Any]) -> Answer:
        async with self._turns:
            child = await self._child()
            try:
                async with asyncio.timeout(self.seconds):
                    answer = await child.answer(job)
                found = _read(kind, answer)
            except TimeoutError:
                await self._end(child)
                log.warning("sandbox.too_slow", task=job["task"], seconds=self.seconds)
                raise Refused(Flaw.PROBE_TOO_SLOW, f"it takes more than {self.seconds:g} seconds") from None
            except Died as died:
                await self._end(child)
                raise self._why(died, child, job) from None
            except Refused:
                await self._put_back(child)
                raise
            except BaseException:  # cancelled: what it does now, nobody wants to know
                await self._end(child)
                raise
            await self._put_back(child)
            return found

    async def _child(self) -> Child:
        while self._idle:
            child = self._idle.pop()
            if child.is_alive:
                return child
            await self._end(child)
        if self._is_closed:
            raise Ended
        child = await Child.start(self.megabytes, self.seconds)
        self._children.add(child)
        if not self._is_known:
            self._is_known = True
            log.info(
                "sandbox.started", network_is_closed=not child.has_network, memory_is_bound=not child.has_any_memory
            )
        return child

    async def _put_back(self, child: Child) -> None:
        if child.jobs_done < JOBS_OF_A_CHILD and not self._is_closed:
            self._idle.append(child)
        else:
            await self._end(child)

    async def _end(self, child: Child) -> None:
        self._children.discard(child)
        await child.end()

    def _why(self, died: Died, child: Child, job: dict[str, Any]) -> Exception:
        if self._is_closed:
            return Ended()
        code = child.process.returncode if died.code is None else died.code
        log.warning("sandbox.died", task=job["task"], code=code, detail=died.__cause__ and repr(died.__cause__))
        if code == -signal.SIGXCPU:
            return Refused(Flaw.PROBE_TOO_SLOW, "it takes too much of the processor's time")
        return Refused(Flaw.PROBE_FAILED, "whoever looked at it did not survive")


class Child:
    """A process of the sandbox, with a folder of its own."""

    def __init__(self, process: asyncio.subprocess.Process, folder: ChildFolder) -> None:
        self.process = process
        self.folder = folder
        self.has_network = self.has_any_memory = True
        self.jobs_done = 0
        self._numbers = itertools.count(1)
        self._left_to_log = LOGGED_OF_A_JOB
        self._listening = asyncio.create_task(self._listen())
        self._ending: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, megabytes: int, seconds: float) -> Child:
        """A child that is ready; NotStarted."""
        folder = ChildFolder.made()
        try:
            child = cls(await _started(folder.path, megabytes, seconds), folder)
        except BaseException:
            folder.remove()
            raise
        try:
            async with asyncio.timeout(SECONDS_TO_START):
                said = await child.hear()
        except (TimeoutError, Died) as error:
            await child.end()
            raise NotStarted(f"The sandbox's process did not start (exit code {child.process.returncode}).") from error
        except BaseException:
            await child.end()
            raise
        child.has_network, child.has_any_memory = said.get("has_network", True), said.get("has_any_memory", True)
        return child

    @property
    def is_alive(self) -> bool:
        return self.process.returncode is None and self._ending is None

    async def answer(self, job: dict[str, Any]) -> dict[str, Any]:
        """What it says of the job; Died."""
        number = next(self._numbers)
        self._left_to_log = LOGGED_OF_A_JOB
        assert self.process.stdin is not None, "it was started with pipes"
        try:
            self.process.stdin.write(json.dumps({"id": number, **job}).encode() + b"\n")
            await self.process.stdin.drain()
        except OSError as error:
            raise Died from error
        said = await self.hear()
        if said.get("id") != number:
            raise Died
        self.jobs_done += 1
        return said

    async def hear(self) -> dict[str, Any]:
        """The next line that it says; Died when there is none, or it is none of ours."""
        assert self.process.stdout is not None, "it was started with pipes"
        try:
            said = json.loads(await self.process.stdout.readuntil(b"\n"))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            with suppress(TimeoutError):  # the pipe closes a moment before the exit code is known
                await asyncio.wait_for(self.process.wait(), 1)
            raise Died(self.process.returncode) from error
        if not isinstance(said, dict):
            raise Died
        return said

    async def end(self) -> None:
        """Kill it, and wait until it is gone: also when whoever waits is cancelled meanwhile."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await self._listening
        self.folder.remove()

    async def _listen(self) -> None:
        """Take what it writes to standard error, so that it never waits for that, and log a bounded part."""
        assert self.process.stderr is not None, "it was started with pipes"
        while piece := await self.process.stderr.read(LOGGED_OF_A_JOB):
            told = piece[: self._left_to_log]
            self._left_to_log -= len(told)
            if told:
                log.debug("sandbox.said", pid=self.process.pid, text=told.decode(errors="replace"))


async def _started(folder: Path, megabytes: int, seconds: float) -> asyncio.subprocess.Process:
    """A process that has nothing of ours but three pipes: not our environment, which may hold secrets, nor our terminal."""
    environment = {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONPATH": str(ROOT),
        # each thread would reserve 64 MB of addresses for itself
        "MALLOC_ARENA_MAX": "2",
        "VIPS_CONCURRENCY": "1",
    }
    arguments = (str(megabytes), str(seconds), str(os.getpid()))
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-s", "-m", "services.media.child", *arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            cwd=folder, env=environment, start_new_session=True, limit=LONGEST_ANSWER,
        )  # fmt: skip
    except OSError as error:
        raise NotStarted(f"The sandbox's process cannot be started ({error.strerror}).") from error


def _read(kind: TypeAdapter[Answer], said: dict[str, Any]) -> Answer:
    """The answer as what it should be; Refused when the child refused the file, Died when it is to be trusted no more."""
    try:
        if "flaw" in said:
            raise Refused(Flaw(said["flaw"]), str(said.get("detail", "")))
        if "failed" in said:
            raise Died
        return kind.validate_python(said["found"])
    except (ValidationError, ValueError, KeyError) as error:
        raise Died from error
