"""What measurements of the asset centre run on: a database and a folder of their own, commands beside them, watched memory."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import httpx2
import psutil

from core.postgres import embedded
from core.settings import Settings
from services.runtime import Runtime, open_runtime

ROOT = Path(__file__).resolve().parent.parent
HEADWATER = [sys.executable, "-m", "scripts.cli"]
PORT = 8767
BASE = f"http://127.0.0.1:{PORT}"
MIB = 1 << 20


class Watched:
    """The peak of resident memory of a process and of its children, looked at 50 times a second."""

    def __init__(self, pid: int) -> None:
        self.parent, self.child = 0.0, 0.0
        self._process, self._over = psutil.Process(pid), threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._watching.start()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            with suppress(psutil.Error):
                self.parent = max(self.parent, self._process.memory_info().rss / MIB)
                decoders = [one for one in self._process.children() if "services.media.child" in one.cmdline()]
                self.child = max([self.child, *(one.memory_info().rss / MIB for one in decoders)])

    def stop(self) -> Watched:
        self._over.set()
        self._watching.join()
        return self


@contextmanager
def ground() -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder, and the environment of commands over an empty database in it."""
    with tempfile.TemporaryDirectory(prefix="headwater-assets-", dir="/var/tmp") as place:
        Path(place).chmod(0o755)  # as root, PostgreSQL runs as somebody else
        data = Path(place) / "data"
        with embedded(data) as server:
            environment = {
                **os.environ,
                "DATABASE_URL": server.dsn,
                "HEADWATER_DATA": str(data),
                "HEADWATER_PORT": str(PORT),
                "HEADWATER_LOG_LEVEL": "error",
            }
            said(environment, "migrate")
            yield Path(place), environment


def said(environment: dict[str, str], *words: str) -> bytes:
    """What a command answers; it must end well."""
    command = [*HEADWATER, *words]
    return subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout


def row(what: str, figure: str) -> None:
    print(f"| {what} | {figure} |", flush=True)


@asynccontextmanager
async def runtime_of(environment: dict[str, str]) -> AsyncIterator[Runtime]:
    settings = Settings(
        database_url=environment["DATABASE_URL"], data=Path(environment["HEADWATER_DATA"]), _env_file=None
    )
    async with open_runtime(settings, patient=True) as runtime:
        yield runtime


@contextmanager
def process(environment: dict[str, str], *words: str) -> Iterator[psutil.Popen]:
    """A command that runs beside us, and is killed at the end if it still does."""
    running = psutil.Popen([*HEADWATER, *words], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield running
    finally:
        with suppress(psutil.NoSuchProcess):
            running.kill()
        running.wait()


async def ready() -> None:
    """When the server answers."""
    async with httpx2.AsyncClient() as client, asyncio.timeout(60):
        while True:
            with suppress(httpx2.TransportError):
                if (await client.get(f"{BASE}/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.05)
