"""How long a healthy client waits while others mean harm: `python -m bench.graphql_hostile`.

Starts an instance with the sample in a temporary folder (or asks the one at ADDRESS, on this machine only), without buckets,
which would soon turn the hostile away. A healthy client asks for creators, one after the other, while two hostile ones send
requests of one kind as fast as they are answered. For each kind: what the healthy one waited, and what the hostile got. Bounded: so many seconds and so many requests of each kind. Exits with 1 when a wait at the 99th percentile is over the goal.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from rich.console import Console
from rich.table import Table

from bench import bombs

ROOT = Path(__file__).resolve().parent.parent
PORT = 8_767
HEADWATER = [sys.executable, "-m", "scripts.cli"]
GOAL_MS = 250
HOSTILE_CLIENTS = 2
MOST_REQUESTS = 200
MOST_BYTES = 16_000_000
START_SECONDS = 180
PAUSE = 0.01
# little work of its own, so that what is seen is the waiting
HEALTHY = "query ($handle: String!) { creator(handle: $handle) { name avatar { url } } }"
LOCAL = ("http://127.0.0.1:", "http://localhost:", "http://[::1]:")


@dataclass
class Round:
    """What was seen while one kind was sent."""

    kind: str
    waits: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.graphql_hostile", description=__doc__)
    parser.add_argument("address", nargs="?", help="An instance on this machine; without it one is started.")
    parser.add_argument("--seconds", type=float, default=4, help="How long each kind is sent.")
    parser.add_argument("--only", help="Only kinds whose name contains this.")
    given = parser.parse_args()
    if given.address and not given.address.startswith(LOCAL):
        parser.error("only an instance on this machine is asked")
    wanted = [kind for kind in bombs.kinds() if (given.only or "") in kind]
    with _instance(given.address) as instance:
        rounds = asyncio.run(_rounds(instance, wanted, given.seconds))
    _tell(rounds)
    worst = max(_percentile(one.waits, 99) for one in rounds) * 1_000
    print(f"worst wait at the 99th percentile: {worst:.0f} ms (goal: {GOAL_MS} ms)")
    sys.exit(worst > GOAL_MS)


@dataclass
class Instance:
    address: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None


@contextmanager
def _instance(given: str | None) -> Iterator[Instance]:
    if given:
        yield Instance(given.rstrip("/"))
        return
    with tempfile.TemporaryDirectory(prefix="headwater hostile ", dir="/var/tmp") as data:
        Path(data).chmod(0o755)
        environment = {
            **os.environ, "HEADWATER_DATA": str(Path(data) / "data"), "HEADWATER_PORT": str(PORT),
            "HEADWATER_ANONYMOUS_BUCKET": "0", "HEADWATER_LOG_LEVEL": "error",
        }  # fmt: skip
        running = subprocess.Popen([*HEADWATER, "run"], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            yield Instance(f"http://127.0.0.1:{PORT}", running)
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(timeout=60)


async def _rounds(instance: Instance, kinds: list[str], seconds: float) -> list[Round]:
    async with httpx2.AsyncClient(base_url=instance.address, timeout=60) as client:
        handles = await _handles(client, instance)
        rounds = [await _round(client, handles, None, seconds)]
        for kind in kinds:
            rounds.append(await _round(client, handles, kind, seconds))  # noqa: PERF401  (one after the other is the point)
    return rounds


async def _handles(client: httpx2.AsyncClient, instance: Instance) -> list[str]:
    """Creators of the sample, as soon as it is there."""
    asked = {"query": "{ creators(first: 10) { nodes { handle } } }"}
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and not instance.has_ended:
        try:
            found = (await client.post("/graphql", json=asked)).json()["data"]["creators"]["nodes"]
        except (httpx2.TransportError, KeyError, TypeError, ValueError):
            found = []
        handles = [one["handle"] for one in found]
        if handles:
            return handles
        await asyncio.sleep(1)
    sys.exit(f"the instance ended, or had no creators after {START_SECONDS} seconds")


async def _round(client: httpx2.AsyncClient, handles: list[str], kind: str | None, seconds: float) -> Round:
    seen = Round(kind or "nobody else")
    # made before, and looked through for garbage no more: what this process does must not count as waiting
    bodies = _bodies(kind) if kind else []
    gc.collect()
    gc.freeze()
    until = time.monotonic() + seconds
    hostile = [_harm(client, bodies[place::HOSTILE_CLIENTS], until, seen) for place in range(HOSTILE_CLIENTS) if kind]
    await asyncio.gather(_ask(client, handles, until, seen), *hostile)
    return seen


async def _ask(client: httpx2.AsyncClient, handles: list[str], until: float, seen: Round) -> None:
    place = 0
    while time.monotonic() < until:
        began = time.perf_counter()
        variables = {"handle": handles[place % len(handles)]}
        answer = await client.post("/graphql", json={"query": HEALTHY, "variables": variables})
        seen.waits.append(time.perf_counter() - began)
        if answer.status_code != 200 or "errors" in answer.json():
            sys.exit(f"the healthy client was refused: {answer.text[:300]}")
        place += 1
        await asyncio.sleep(PAUSE)


def _bodies(kind: str) -> list[bytes]:
    """As many as will be sent; of large ones fewer, since nobody remembers those."""
    made = [bombs.body(kind, 0)]
    assert len(made[0]) <= bombs.MIB, f"{kind}: {len(made[0])} bytes"
    count = MOST_REQUESTS * HOSTILE_CLIENTS
    different = max(2, min(count, MOST_BYTES // len(made[0])))
    made += [bombs.body(kind, number) for number in range(1, different)]
    return [made[number % different] for number in range(count)]


async def _harm(client: httpx2.AsyncClient, bodies: list[bytes], until: float, seen: Round) -> None:
    for content in bodies:
        if time.monotonic() > until:
            return
        began = time.perf_counter()
        answer = await client.post("/graphql", content=content, headers={"content-type": "application/json"})
        seen.took.append(time.perf_counter() - began)
        seen.answers[_told(answer)] += 1


def _told(answer: httpx2.Response) -> str:
    errors = answer.json().get("errors")
    return str(errors[0]["extensions"]["code"]) if errors else f"{answer.status_code}"


def _percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values) or [0.0]
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def _tell(rounds: list[Round]) -> None:
    table = Table(
        "sent by two hostile clients", "healthy p50 ms", "p99 ms", "worst ms", "hostile p50 ms", "requests", "told"
    )
    for one in rounds:
        waits = (f"{_percentile(one.waits, percent) * 1_000:.0f}" for percent in (50, 99, 100))
        took = f"{_percentile(one.took, 50) * 1_000:.0f}" if one.took else ""
        table.add_row(one.kind, *waits, took, f"{len(one.took)}", ", ".join(sorted(one.answers)))
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
