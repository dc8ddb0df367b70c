"""Operations made from the schema, in any number, and what is wrong with their answers: `python -m bench.graphql_fuzz`.

Walks the schema at random, as a stranger, an author, another author, a key with every scope and an operator, with values
such as clients send and with hostile ones, over a throwaway PostgreSQL (or the server at --database). Each request meets the
same world: what it did is undone behind it. Looked at in each answer: no status that is not documented, no error without a
documented code, nothing of what is hidden, nothing of our insides, no more objects than it was said to cost.

The same seed asks the same. The first answer that is wrong is shrunk to the smallest request that shows it, printed as curl,
and ends the run with 1; with --all the run goes on, and tells each kind of wrong answer once, as it came.
"""

from __future__ import annotations

import argparse
import asyncio
import logging as stdlib_logging
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import structlog
from hypothesis import HealthCheck, Phase, given, seed, settings
from sqlalchemy import make_url

from bench.fuzz_checks import Seen, Wrong, check
from bench.fuzz_requests import Request, requests
from bench.fuzz_server import CORE, Fuzzed, fuzzed
from core import migrations
from core.clock import FixedClock
from core.db import Database
from core.postgres import embedded

TOLD_EVERY = 500
SLOWEST = 5


@dataclass
class Run:
    """What was seen so far."""

    started: float = field(default_factory=time.monotonic)
    count: int = 0
    executed: int = 0
    objects: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    callers: Counter[str] = field(default_factory=Counter)
    slowest: list[tuple[float, Request]] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)

    def note(self, request: Request, status: int, seen: Seen, took: float) -> None:
        self.count += 1
        self.executed += seen.has_data
        self.objects += seen.objects
        self.statuses[status] += 1
        self.codes.update(seen.codes)
        self.problems.update(seen.problems)
        self.callers[request.caller] += 1
        self.slowest = sorted([*self.slowest, (took, request)], key=lambda one: -one[0])[:SLOWEST]
        if self.count % TOLD_EVERY == 0:
            rate = self.count / (time.monotonic() - self.started)
            print(
                f"{self.count:>7} operations, {self.executed} with data, {rate:.0f}/s, {len(self.wrong)} wrong",
                flush=True,
            )

    def tell_wrong(self, what: str, request: Request) -> None:
        """Told once of each kind: what differs only in numbers and ids is one."""
        kind = re.sub(r"\d+|[0-9a-f]{8,}", "#", what)[:160]
        if kind not in self.wrong:
            self.wrong.add(kind)
            print(f"\nWRONG: {what}\n{request!r}", flush=True)

    def tell(self) -> None:
        took = time.monotonic() - self.started
        print(
            f"{self.count} operations in {took:.0f} s ({self.count / took:.0f}/s), {self.executed} with data,", end=" "
        )
        print(f"{self.objects} objects")
        for name in ("statuses", "codes", "problems", "callers"):
            found = getattr(self, name).most_common()
            print(f"{name}: " + ", ".join(f"{key} {count}" for key, count in found))
        print("slowest:", ", ".join(f"{took * 1_000:.0f} ms" for took, _ in self.slowest))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.graphql_fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--operations", type=int, default=10_000, help="How many are asked.")
    parser.add_argument("--seed", type=int, default=1, help="The same seed asks the same.")
    parser.add_argument("--minutes", type=float, default=60, help="No more is asked after so many.")
    parser.add_argument("--database", help="A PostgreSQL server on which a database may be made; else one is started.")
    parser.add_argument("--all", action="store_true", help="Go on after a wrong answer.")
    parser.add_argument("--slow", action="store_true", help="Print the slowest requests too.")
    options = parser.parse_args()
    _be_quiet()
    run = Run()
    with (
        tempfile.TemporaryDirectory(prefix="headwater-fuzz-", dir="/var/tmp") as folder,
        _server(options.database) as url,
    ):
        print(f"seed {options.seed}", flush=True)
        with asyncio.Runner() as runner:
            failure = _fuzz(runner, run, url, Path(folder), options)
    run.tell()
    if options.slow:
        for took, request in run.slowest:
            print(f"\n{took * 1_000:.0f} ms {request!r}")
    if failure:
        print(f"\n{failure}")
    sys.exit(bool(failure or run.wrong))


def _fuzz(runner: asyncio.Runner, run: Run, url: str, folder: Path, options: argparse.Namespace) -> str | None:
    """The smallest request whose answer is wrong, if there is one and the run ends with it."""
    clock = FixedClock(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    db = Database(url, pool=2, statement_timeout_ms=5_000)
    runner.run(migrations.upgrade(db))
    opened = fuzzed(db, clock, folder)
    server = runner.run(opened.__aenter__())
    last: list[Request] = []

    @seed(options.seed)
    @settings(
        max_examples=options.operations,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
    @given(requests(CORE, server.known))
    def ask(request: Request) -> None:
        if time.monotonic() - run.started > options.minutes * 60:
            raise KeyboardInterrupt
        last[:] = [request]
        _ask(runner, server, run, request, goes_on=options.all)

    try:
        ask()
    except Wrong as error:
        return f"WRONG: {error}\n{last[0]!r}"
    except KeyboardInterrupt:
        print("stopped before the end")
    finally:
        runner.run(opened.__aexit__(None, None, None))
        runner.run(db.close())
    return None


def _ask(runner: asyncio.Runner, server: Fuzzed, run: Run, request: Request, *, goes_on: bool) -> None:
    began = time.perf_counter()
    response = runner.run(server.ask(request))
    took = time.perf_counter() - began
    try:
        seen = check(request, response)
    except Wrong as error:
        if not goes_on:
            raise
        run.tell_wrong(str(error), request)
        seen = Seen()
    run.note(request, response.status, seen, took)


def _be_quiet() -> None:
    """Only accidents are logged: each is a wrong answer, and its traceback says why."""
    stdlib_logging.disable(stdlib_logging.WARNING)
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(stdlib_logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@contextmanager
def _server(given_url: str | None) -> Iterator[str]:
    """The address of an empty database."""
    with ExitStack() as stack:
        if given_url is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="headwater-fuzz-", dir="/var/tmp"))
            given_url = stack.enter_context(embedded(Path(folder), durable=False, say=lambda _line: None)).dsn
        yield stack.enter_context(_made(given_url))


@contextmanager
def _made(server_url: str) -> Iterator[str]:
    name = f"fuzz_{uuid4().hex[:12]}"

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(server_url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(execute(f"CREATE DATABASE {name}"))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        asyncio.run(execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


if __name__ == "__main__":
    main()
