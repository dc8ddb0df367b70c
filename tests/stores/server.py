"""An S3 server of its own process on a port of loopback: `scripts/test` installs it once, beside the Python environment."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts import bootstrap

KEYS = {
    "AWS_ACCESS_KEY_ID": "anybody",
    "AWS_SECRET_ACCESS_KEY": "anything",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
}


@dataclass(frozen=True)
class Buckets:
    """Where the server is, and what a process needs in its environment to use it."""

    url: str

    @property
    def environment(self) -> Mapping[str, str]:
        return {**KEYS, "AWS_ENDPOINT_URL": self.url}

    def make(self, name: str) -> None:
        self.ask("PUT", name)

    def ask(self, method: str, path: str) -> bytes:
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/{path}", method=method), timeout=10) as answer:
            return bytes(answer.read())


@contextmanager
def running(folder: Path) -> Iterator[Buckets]:
    """The server for as long as the block runs; skips where it is not installed, and says why."""
    packages = bootstrap.bucket_packages()
    if not packages.is_dir():
        pytest.skip("the packages of tests/stores/requirements.txt are not there: scripts/test installs them")
    port = _free_port()
    # -S: its packages and none of ours, whose versions it could not work with
    command = [sys.executable, "-S", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    surroundings = {**os.environ, "PYTHONPATH": str(packages), "PYTHONPYCACHEPREFIX": str(bootstrap.BYTECODE)}
    with (folder / "server.log").open("wb") as said:
        process = subprocess.Popen(command, cwd=folder, env=surroundings, stdout=said, stderr=said)
        try:
            _wait(process, port, folder / "server.log")
            yield Buckets(f"http://127.0.0.1:{port}")
        finally:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, said: Path) -> None:
    until = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(said.read_text("utf-8", "replace"))
