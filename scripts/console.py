"""What the subcommands share: running async work with a runtime, saying things to people and to scripts."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import orjson
import typer
from rich.console import Console

from core import logging
from core.settings import Settings, read_settings
from services.runtime import Runtime, open_runtime

T = TypeVar("T")

out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON on standard output, for scripts.")]


def settings(**overrides: object) -> Settings:
    """The settings of this process, with what the command line says put on top."""
    read = read_settings(**{name: value for name, value in overrides.items() if value is not None})
    logging.configure(read.log_level, read.log_format)
    return read


def with_runtime(work: Callable[[Runtime], Awaitable[T]], *, migrate: bool = False) -> T:
    """Run `work` with a patient runtime: statements of commands may take their time."""

    async def run() -> T:
        async with open_runtime(settings(), migrate=migrate, patient=True) as runtime:
            return await work(runtime)

    return asyncio.run(run())


def say(value: Any, *, as_json: bool, text: str) -> None:
    """The answer of a command: `value` for scripts, `text` for people."""
    if as_json:
        sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")
    else:
        out.print(text, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def stop_asked() -> Iterator[asyncio.Event]:
    """Set by the first Ctrl-C; the second one interrupts as usual."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask() -> None:
        asked.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        loop.remove_signal_handler(signal.SIGINT)
