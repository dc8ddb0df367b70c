"""Who follows live: how many streams there may be, for one caller and in all, and the word that the server ends."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.requests import HTTPConnection

from core.errors import RateLimited, Unavailable
from core.settings import Settings
from services.news import News


class TooManyStreams(RateLimited):
    """The caller, or everybody together, has as many streams open as there may be."""

    code = "TOO_MANY_STREAMS"


class ServerEnds(Unavailable):
    """The server is about to end; another one takes over."""

    code = "SERVER_ENDS"


class Connections:
    """The open streams of a process, WebSockets and others, by who holds them."""

    def __init__(self, settings: Settings) -> None:
        self.most = settings.streams
        self.most_of_one = settings.streams_per_caller
        self.ending = asyncio.Event()
        self._held: Counter[str] = Counter()

    @property
    def count(self) -> int:
        return self._held.total()

    @contextmanager
    def held(self, holder: str) -> Iterator[None]:
        """A place for one stream. TooManyStreams when there is none, ServerEnds when there is no future for it."""
        if self.ending.is_set():
            raise ServerEnds("This server is about to end: connect again.")
        if self._held[holder] >= self.most_of_one or self.count >= self.most:
            raise TooManyStreams("There are too many streams open: close one, or try again later.")
        self._held[holder] += 1
        try:
            yield
        finally:
            self._held[holder] -= 1
            if not self._held[holder]:
                del self._held[holder]

    def end(self) -> None:
        """Close all streams, in a way that makes clients connect again, and take no more."""
        self.ending.set()


OpenLive = Callable[[HTTPConnection], tuple[Connections, News]]
"""What the process holds for those who follow live, of which this connection wants to be one."""
