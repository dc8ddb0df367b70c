"""`headwater run`, `serve` and `worker`: the processes of an installation."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvicorn

from core.errors import Misconfigured
from core.settings import Settings
from scripts import sockets, starting
from scripts.console import AsJson, say
from scripts.console import settings as read
from services import workers
from services.runtime import Runtime, open_database, open_runtime

log = structlog.get_logger()

Host = Annotated[str | None, typer.Option("--host", help="The address to listen on (HEADWATER_HOST).")]
Port = Annotated[int | None, typer.Option("--port", help="The port to listen on (HEADWATER_PORT).")]


RESTART_SECONDS = 2
TURN_SECONDS = 0.001
GARBAGE_AFTER = 50_000
"""More objects than this must have come than gone before a worker looks for garbage among them."""


class PortTaken(Misconfigured):
    code = "PORT_TAKEN"


class NoSuchHost(Misconfigured):
    code = "NO_SUCH_HOST"


class DatabaseLost(Misconfigured):
    """The embedded PostgreSQL could not be kept up."""

    code = "DATABASE_LOST"


def run(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files to import first: our NDJSON, feeds, WordPress exports, product catalogues."),
    ] = None,
    host: Host = None,
    port: Port = None,
    data: Annotated[Path | None, typer.Option("--data", help="The data folder (HEADWATER_DATA).")] = None,
    *,
    sample: Annotated[bool, typer.Option(help="Fill an empty database with the sample.")] = True,
    as_json: AsJson = False,
) -> None:
    """Start everything on this machine for development: database, index, server and workers, until Ctrl-C.

    An empty database gets the channels' packs and the sample. Running it again starts where it was.
    """
    chosen = read(profile="development", host=host, port=port, data=data)
    listening = _listen(chosen)
    asyncio.run(_run(chosen, listening, paths or [], sample=sample, as_json=as_json))


async def _run(settings: Settings, listening: socket.socket, paths: list[Path], *, sample: bool, as_json: bool) -> None:
    async with open_database(settings, patient=True) as db:
        inner = settings.model_copy(
            update={"database_url": db.url.set(drivername="postgresql").render_as_string(hide_password=False)}
        )
        async with open_runtime(inner, migrate=True, patient=True) as runtime:
            await starting.fill(runtime, with_sample=sample)
            await starting.import_files(runtime, paths)
            keys = await starting.keys_of(runtime)
        working = asyncio.create_task(_keep_worker(inner))
        try:
            async with open_runtime(inner) as runtime:
                found = starting.addresses(settings, keys)
                ready = partial(say, found, as_json=as_json, text=starting.told(found))
                await _serve(runtime, listening, ready, lost=lambda: db.server.failure if db.server else None)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


def serve(host: Host = None, port: Port = None, *, as_json: AsJson = False) -> None:
    """The web server alone, as in production: migrate first, start workers beside it.

    No introspection for strangers, no GraphiQL, no keys made by themselves.
    """
    chosen = read(host=host, port=port)
    listening = _listen(chosen)

    async def work() -> None:
        async with open_runtime(chosen) as runtime:
            where = {"url": chosen.base_url}
            ready = partial(say, where, as_json=as_json, text=f"serving on {chosen.base_url}")
            await _serve(runtime, listening, ready, lost=lambda: runtime.failure)

    asyncio.run(work())


def worker(
    distributors: Annotated[
        int | None, typer.Option("--distributors", min=1, max=16, help="Distributor loops (HEADWATER_DISTRIBUTORS).")
    ] = None,
    *,
    only: Annotated[
        list[workers.Work] | None, typer.Option("--only", help="Take on only this work; repeatable. Default: all.")
    ] = None,
    until_drained: Annotated[
        bool, typer.Option("--until-drained", help="Stop when nothing is left to do, and print what was done.")
    ] = False,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
    as_json: AsJson = False,
) -> None:
    """Look into files that were sent, distribute what is published, keep the search index, until stopped. As many as wanted."""
    chosen = read(distributors=distributors)

    async def labour() -> None:
        async with open_runtime(chosen, patient=True) as runtime:
            _keep_loaded()
            # a batch holds on to its rows until they are committed: to look among them for garbage finds none
            gc.set_threshold(GARBAGE_AFTER, 10, 10)
            work = frozenset(only or workers.Work)
            if until_drained:
                done = await workers.drain(runtime, work=work)
                text = f"done: {done.contents} contents, {done.items} feed items"
                failed = (
                    f", {done.failed} failed and wait for another try (see: headwater stats)" if done.failed else ""
                )
                say(asdict(done), as_json=as_json, text=text + failed)
                if done.failed:
                    raise typer.Exit(1)
                return
            stop = _stopped_by_signals()
            if with_parent:
                _stop_with_parent(stop)
            await workers.run(runtime, stop, work=work)

    asyncio.run(labour())


async def _serve(
    runtime: Runtime, listening: socket.socket, tell: Callable[[], None], *, lost: Callable[[], str | None]
) -> None:
    """Serve until told to stop, or until the embedded database is lost for good."""
    from api.app import create_app  # noqa: PLC0415  (the other commands, and workers, start in half the time without it)

    app = create_app(runtime.settings, runtime)
    server = _Announcing(sockets.configured(app, runtime.settings), tell, app.state.connections.end)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not serving.done():
        await asyncio.wait([serving], timeout=1)
        failure = lost()
        if failure is not None:
            server.should_exit = True
            await serving
            raise DatabaseLost(failure)
    serving.result()


class _Announcing(uvicorn.Server):
    """Says that it is ready once it is; and that it ends, to those whose streams would keep it."""

    def __init__(self, config: uvicorn.Config, tell: Callable[[], None], end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self.tell = tell
        self.end_streams = end_streams

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to us: uvicorn raises them again when it is done, and then nothing would be put away."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        try:
            yield
        finally:
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(name)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.end_streams()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _settle()
            self.tell()


def _settle() -> None:
    """Threads take turns quickly, so that requests need not wait for documents that are read aside."""
    _keep_loaded()
    sys.setswitchinterval(TURN_SECONDS)


def _keep_loaded() -> None:
    """What is loaded by now stays for good: to look through it for garbage again and again would take a fifth of a second
    each time, in which nobody is served.
    """
    gc.collect()
    gc.freeze()


def _listen(settings: Settings) -> socket.socket:
    """The listening socket, bound before anything else is started."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # connections inherit it: an answer goes out in two writes, and the second would wait 40 ms for a delayed acknowledgement
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listening.bind((settings.host, settings.port))
    except socket.gaierror as error:
        listening.close()
        raise NoSuchHost(
            f"HEADWATER_HOST: {settings.host} is no address of this machine ({error.strerror})."
        ) from error
    except OSError as error:
        listening.close()
        raise PortTaken(
            f"HEADWATER_PORT: {settings.host}:{settings.port} cannot be had ({error.strerror}):"
            " stop what listens there, or choose another port with --port."
        ) from error
    listening.set_inheritable(False)
    return listening


async def _keep_worker(settings: Settings) -> None:
    """A worker beside the server, and another one when it dies; ended when this is cancelled."""
    while True:
        worker = await _spawn_worker(settings)
        try:
            code = await worker.wait()
        finally:
            await _end(worker)
        log.warning("worker.died", code=code, restart_seconds=RESTART_SECONDS)
        await asyncio.sleep(RESTART_SECONDS)


async def _spawn_worker(settings: Settings) -> asyncio.subprocess.Process:
    """A worker of its own process, which ends when this one does, however it does."""
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "HEADWATER_DATA": str(settings.data),
        "HEADWATER_HOST": settings.host,
        "HEADWATER_PORT": str(settings.port),
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.cli", "worker", "--with-parent", stdin=asyncio.subprocess.PIPE, env=environment
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), 20)
    except TimeoutError:
        process.kill()
        await process.wait()


def _stopped_by_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop


def _stop_with_parent(stop: asyncio.Event) -> None:
    """Standard input is a pipe that the parent holds open: its end means that the parent is gone."""
    loop = asyncio.get_running_loop()

    def ended() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    loop.add_reader(sys.stdin.fileno(), ended)
