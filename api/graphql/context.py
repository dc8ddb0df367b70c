"""What a request carries to its resolvers, and the batched loads that they share."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import HTTPConnection
from strawberry.dataloader import DataLoader
from strawberry.types.info import Info as StrawberryInfo

from core.caller import Caller
from core.clock import Clock
from core.db import Database
from core.settings import Settings
from core.store import Store
from services.news import News
from services.rates import Allowance

Batch = Callable[..., Awaitable[Mapping[Any, Any]]]
"""A service function `(session, caller, keys, **options)` that answers many keys at once: what the caller may not see is
absent from its answer.
"""

Renew = Callable[[], Awaitable[Caller]]
"""Reads the credentials of a request again: the caller as it is now, or the refusal of what is over."""

LoaderKey = tuple[int, str, tuple[tuple[str, Hashable], ...]]


@dataclass(slots=True)
class Context:
    """One request. There is no session here: resolvers run side by side, and one session cannot."""

    db: Database
    caller: Caller
    clock: Clock
    settings: Settings
    index: Any = None
    # where the bytes of assets are; None where nothing asks for them
    store: Store | None = None
    request_id: str = ""
    languages: tuple[str, ...] = ("en",)
    # where strangers come from; what the request costs, and what its caller may spend after it, once they are known
    address: str = ""
    cost: int = 0
    allowance: Allowance | None = None
    # for subscriptions: who tells of news, and whether who asks still is who they were
    news: News | None = None
    renew: Renew | None = None
    # the cursor of a client that comes back: it wins over the one in the document
    resumes: str | None = None
    # the token of the preview that is looked at: pictures that only it shows are fetched with it
    preview: str | None = None
    _loaders: dict[LoaderKey, DataLoader[Any, Any]] = field(default_factory=dict)

    def load(self, batch: Batch, key: Hashable, **options: Hashable) -> Awaitable[Any]:
        """The batch's answer for this key (None when absent), fetched together with what siblings ask for."""
        # who waits here is cancelled when something beside it fails: others wait for the same key, and are to go on
        shared = asyncio.ensure_future(self._loader(batch, options).load(key))
        shared.add_done_callback(_heard)
        return asyncio.shield(shared)

    def load_many(self, batch: Batch, keys: Sequence[Hashable], **options: Hashable) -> Awaitable[list[Any]]:
        return asyncio.gather(*(self.load(batch, key, **options) for key in keys))

    def forget(self) -> None:
        """Load anew from here on: something was written."""
        self._loaders.clear()

    def _loader(self, batch: Batch, options: dict[str, Hashable]) -> DataLoader[Any, Any]:
        # Declarations and functions live as long as the process, so identity names them; of a bound method its owner's.
        owner = getattr(batch, "__self__", batch)
        name = (id(owner), getattr(batch, "__name__", ""), tuple(sorted(options.items())))
        found = self._loaders.get(name)
        if found is None:
            found = self._loaders[name] = DataLoader(load_fn=self._loading(batch, options))
        return found

    def _loading(self, batch: Batch, options: dict[str, Hashable]) -> Callable[[list[Any]], Awaitable[list[Any]]]:
        async def run(keys: list[Any]) -> list[Any]:
            async with self.db.session() as session:
                found = await batch(session, self.caller, keys, **options)
            return [found.get(key) for key in keys]

        return run


def _heard(future: asyncio.Future[Any]) -> None:
    """Whatever came of it: when all who waited were cancelled, nobody looks, and asyncio would complain of that."""
    if not future.cancelled():
        future.exception()


Info = StrawberryInfo[Context, None]


def load(info: Info, batch: Batch, key: Hashable, **options: Hashable) -> Awaitable[Any]:
    """`Context.load` of the request that `info` belongs to."""
    return info.context.load(batch, key, **options)


OpenContext = Callable[[HTTPConnection, str], Awaitable[Context]]
"""Builds the context of a request: who asks, with what. The text is the request id. Raises DomainError for bad keys."""

__all__ = ["Batch", "Context", "Info", "OpenContext", "Renew", "load"]
