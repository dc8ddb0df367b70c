"""How long it takes to bring a large site in: `python -m bench.importing FOLDER` with the folder of the data sets.

Everything runs as an operator would run it, in processes of their own, on an embedded PostgreSQL in a temporary folder:
migrate, install the packs, `python -m bench.datasets FOLDER | headwater import -`, then the distribution of all that
came in, by one process and by four (on a copy of the database), the index, and a server under a few hundred requests.
Prints one table; peak memory is that of the largest process, from the operating system.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from core.postgres import Server, embedded

ROOT = Path(__file__).resolve().parent.parent
HEADWATER = [sys.executable, "-m", "scripts.cli"]
PORT = 8765
REQUESTS = 300


@dataclass(slots=True)
class Finished:
    """What became of some processes that ran side by side."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    output: list[str] = field(default_factory=list)


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="headwater-bench-", dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        data = Path(place) / "data"
        with embedded(data) as server:
            _measure(folder, data, server)


def _measure(folder: Path, data: Path, server: Server) -> None:
    environment = _environment(server.dsn, data)
    for words in (["migrate"], ["channels", "install"]):
        _together([[*HEADWATER, *words]], environment)
    began = time.perf_counter()
    source = subprocess.Popen([sys.executable, "-m", "bench.datasets", str(folder)], stdout=subprocess.PIPE, cwd=ROOT)
    imported = _together([[*HEADWATER, "import", "-", "--json"]], environment, stdin=source.stdout)
    source.wait()
    seconds = time.perf_counter() - began
    report = json.loads(imported.output[0])
    records = report["records"] if "records" in report else report[0]["records"]
    _row("import", f"{records:,} records in {seconds:.0f} s: {records / seconds:,.0f} a second", imported)
    _row("database after the import", f"{_size(environment):,.0f} MB")
    _copy(server, environment)
    one = _distribute(environment, 1)
    four = _distribute(_environment(server.dsn.replace("/headwater?", "/copied?"), data), 4)
    _row("distribution, 1 process", _rate(one), one)
    _row("distribution, 4 processes", _rate(four), four)
    _row("database after distribution", f"{_size(environment):,.0f} MB")
    indexed = _together([[*HEADWATER, "worker", "--until-drained", "--only", "index", "--json"]], environment)
    folder_mb = sum(path.stat().st_size for path in (data / "index").rglob("*") if path.is_file()) / 1e6
    _row("index", f"made in {indexed.seconds:.0f} s, {folder_mb:,.0f} MB", indexed)
    _row("server", *_serve(environment))


def _environment(dsn: str, data: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": dsn,
        "HEADWATER_DATA": str(data),
        "HEADWATER_PORT": str(PORT),
        "HEADWATER_PROFILE": "development",
        "HEADWATER_LOG_LEVEL": "warning",
    }


def _together(commands: Sequence[list[str]], environment: dict[str, str], *, stdin: Any = None) -> Finished:
    """Run these side by side to their end; CPU adds up, peak memory is the largest one's."""
    began = time.perf_counter()
    running = [
        subprocess.Popen(command, env=environment, cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, text=True)
        for command in commands
    ]
    done = Finished(0, 0, 0)
    for process in running:
        assert process.stdout is not None
        done.output.append(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{' '.join(process.args)} ended with {process.returncode}")  # type: ignore[arg-type]  # a list of words
        done.cpu_seconds += usage.ru_utime + usage.ru_stime
        done.peak_mib = max(done.peak_mib, usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2))
    done.seconds = time.perf_counter() - began
    return done


def _distribute(environment: dict[str, str], processes: int) -> Finished:
    command = [*HEADWATER, "worker", "--until-drained", "--only", "distribute", "--distributors", "1", "--json"]
    return _together([command] * processes, environment)


def _rate(done: Finished) -> str:
    tallies = [json.loads(output) for output in done.output]
    contents, items = (sum(tally[name] for tally in tallies) for name in ("contents", "items"))
    return f"{contents:,} contents, {items:,} items in {done.seconds:.0f} s: {contents / done.seconds:,.0f} contents a second"


def _size(environment: dict[str, str]) -> float:
    stats = _together([[*HEADWATER, "stats", "--json"]], environment)
    return float(json.loads(stats.output[0])["database_bytes"]) / 1e6


def _copy(server: Server, environment: dict[str, str]) -> None:
    sql = "CREATE DATABASE copied TEMPLATE headwater"
    subprocess.run([server.binaries / "psql", "-q", server.dsn.replace("/headwater?", "/postgres?"), "-c", sql],
                   check=True, env=environment)  # fmt: skip


def _serve(environment: dict[str, str]) -> tuple[str, Finished]:
    """A server's memory after a few hundred requests of all kinds."""
    process = psutil.Popen([*HEADWATER, "serve"], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{PORT}"
    paths = [
        "/feeds/syndication.json-feed.json",
        "/feeds/syndication.json-feed.json?limit=200",
        "/graphql?query=%7Bcontents(first:50)%7Bnodes%7Btitle%20tags%7Blabel%7D%7D%7D%7D",
        "/graphql?query=%7Bsearch(text:%22python%22,first:20)%7BtotalCount%7D%7D",
    ]
    try:
        _wait_for(f"{base}/readyz")
        began = time.perf_counter()
        for number in range(REQUESTS):
            with urllib.request.urlopen(base + paths[number % len(paths)], timeout=30) as answer:
                answer.read()
        seconds = time.perf_counter() - began
        peak = process.memory_info().rss / 1024**2
        cpu = process.cpu_times()
    finally:
        process.terminate()
        process.wait(30)
    return f"{REQUESTS} requests in {seconds:.0f} s", Finished(seconds, cpu.user + cpu.system, peak)


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("the server did not become ready")


def _row(what: str, said: str, done: Finished | None = None) -> None:
    cost = f"CPU {done.cpu_seconds:,.0f} s, peak {done.peak_mib:,.0f} MiB" if done else ""
    print(f"| {what} | {said} | {cost} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m bench.importing FOLDER")
    main(Path(sys.argv[1]))
