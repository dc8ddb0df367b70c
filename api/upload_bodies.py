"""Bodies of uploads as they come: each step waits so long and no longer, a trickle is ended, and so many come at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

from starlette.requests import ClientDisconnect, Request

from core.errors import DomainError, Invalid, Unavailable
from services.assets.receiving import BrokenOff

AT_ONCE = 32
"""Bodies that a process takes at once: each holds up to three pieces of 4 MiB, on its way from the socket to the store."""

IDLE_SECONDS = 30.0
LINGER_BYTES = 4 * 1024 * 1024
LINGER_SECONDS = 2.0
WINDOW_SECONDS = 30.0
LEAST_RATE = 2_048
"""Bytes in a second, over a window of waiting: a bad mobile network has four times that, and a place is not held for less."""


class UploadsBusy(Unavailable):
    """All places are taken."""

    code = "UPLOADS_BUSY"


class UploadBrokenOff(Invalid):
    """The client went away; hardly anybody reads this."""

    code = "UPLOAD_BROKEN_OFF"


class UploadTooSlow(DomainError):  # noqa: N818  (named after what happened)
    code = "UPLOAD_TOO_SLOW"
    status = 408


class TooSlowToGoOn(BrokenOff):
    """What comes is too little to hold a place for; what had arrived is kept."""


class Places:
    """The bodies that a process takes at this moment."""

    def __init__(self, most: int = AT_ONCE) -> None:
        self.left = most

    @contextmanager
    def taken(self) -> Iterator[None]:
        if self.left <= 0:
            raise UploadsBusy("Too many uploads arrive at this moment: try again shortly, from where you are.")
        self.left -= 1
        try:
            yield
        finally:
            self.left += 1


async def linger(request: Request) -> None:
    """Read a little on and throw it away before a refusal: whoever is still sending would see the connection break, and not
    why. A body that goes on beyond that is cut.
    """
    left = LINGER_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while left > 0 and _has_more(request):
                message = await request.receive()
                left -= len(message.get("body", b""))
                request.state.is_body_read = not message.get("more_body", False)


def _has_more(request: Request) -> bool:
    is_sent = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    return is_sent and not getattr(request.state, "is_body_read", False)


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """The body, chunk by chunk. BrokenOff when the client goes away, TooSlowToGoOn when it only trickles."""
    coming, pace = request.stream(), _Pace()
    while True:
        started = pace.now()
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                chunk = await anext(coming, None)
        except TimeoutError as error:
            raise TooSlowToGoOn from error
        except ClientDisconnect as error:
            raise BrokenOff from error
        if chunk is None:
            request.state.is_body_read = True
            return
        pace.note(len(chunk), started)
        if chunk:
            yield chunk


def told(error: BrokenOff) -> DomainError:
    """The same as an answer."""
    if isinstance(error, TooSlowToGoOn):
        return UploadTooSlow("The bytes come too slowly: what has arrived is kept, go on from there.")
    return UploadBrokenOff("The body ended before it was whole: what has arrived is kept.")


class _Pace:
    """How much comes while we wait for it; what the store takes is not counted against the client."""

    def __init__(self) -> None:
        self.waited = 0.0
        self.byte_count = 0

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def note(self, byte_count: int, started: float) -> None:
        self.waited += self.now() - started
        self.byte_count += byte_count
        if self.waited < WINDOW_SECONDS:
            return
        if self.byte_count < LEAST_RATE * self.waited:
            raise TooSlowToGoOn
        self.waited, self.byte_count = 0.0, 0
