"""Work that many have in common, done once: whoever wants the same within a moment gets what the first one got."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

Found = TypeVar("Found")

MOMENT_SECONDS = 0.5
"""How old an answer may be that is given to somebody else. What is withdrawn has to be gone within two seconds."""

MOST = 2_000


@dataclass(slots=True)
class Shared:
    """Answers by what they answer, from when they are begun until a moment after they are there; not one that failed."""

    _tasks: dict[Hashable, asyncio.Task[Any]] = field(default_factory=dict)

    async def get(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Found]]) -> Found:
        """What `work` makes, or made for somebody else. Whoever stops waiting does not stop the work for the others."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.create_task(work())
            if len(self._tasks) >= MOST:
                self._tasks.pop(next(iter(self._tasks)))
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._is_done(key, done))
        return cast("Found", await asyncio.shield(task))

    def _is_done(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._forget(key, task)
        else:
            asyncio.get_running_loop().call_later(MOMENT_SECONDS, self._forget, key, task)

    def _forget(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
