"""Around every request: a request id, the allowed hosts, the caller, a time limit, coded problems, safe headers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from api.auth import caller_from
from api.reading import away, check_size, problem
from core.errors import DomainError, Invalid, Unavailable
from core.ids import new_uid
from core.settings import Settings

log = structlog.get_logger()

REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
OWN_DOOR = "/graphql"  # it answers its own failures in its own form
STREAM = "/graphql/stream"  # so does this one, and it takes its time
NOBODY_ASKED = {OWN_DOOR, STREAM, "/healthz", "/readyz"}  # whoever asks for health must not need the database
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:]*)(?::[0-9]*)?")


class UnknownHost(Invalid):
    code = "UNKNOWN_HOST"
    status = 421


class TooSlow(Unavailable):
    code = "TOO_SLOW"


class Accident(DomainError):  # noqa: N818  (named after what happened)
    """What we did not expect: the client learns nothing of our insides."""

    code = "INTERNAL"
    status = 500


class Guard:
    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.seconds = settings.request_timeout_ms / 1_000
        hosts = {host.strip().lower() for host in settings.allowed_hosts.split(",")}
        self.hosts = None if "*" in hosts else hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        given = request.headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.match(given) else new_uid().hex
        request.state.request_id = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id, path=scope["path"][:200]):
            await self._answer(request, receive, _stamped(send, request_id), request_id)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket to an allowed host; its handshake is answered with a 403 otherwise. It watches its time itself."""
        try:
            self._check_host(HTTPConnection(scope))
        except UnknownHost:
            await WebSocketClose()(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _answer(self, request: Request, receive: Receive, send: _Stamped, request_id: str) -> None:
        try:
            self._check_host(request)
            if request.url.path not in {OWN_DOOR, STREAM}:
                check_size(request, self.settings)
            if request.url.path not in NOBODY_ASKED:
                runtime = request.app.state.runtime
                request.state.caller = await caller_from(request.headers, runtime)
            async with asyncio.timeout(None if request.url.path == STREAM else self.seconds):
                await self.app(request.scope, receive, send)
        except DomainError as error:
            await self._fail(error, request, receive, send, request_id)
        except TimeoutError:
            await self._fail(TooSlow("The answer took too long."), request, receive, send, request_id)
        except Exception as error:
            known: DomainError | None = away(error)
            if known is not None:
                log.warning("request.database_away", error=repr(error))
            else:
                log.exception("request.accident")
                known = Accident("Something went wrong on our side. Tell the operator the request id.")
            await self._fail(known, request, receive, send, request_id)

    async def _fail(
        self, error: DomainError, request: Request, receive: Receive, send: _Stamped, request_id: str
    ) -> None:
        if not send.has_started:
            await problem(error, request, request_id)(request.scope, receive, send)

    def _check_host(self, request: HTTPConnection) -> None:
        form = HOST.fullmatch(request.headers.get("host", ""))
        if self.hosts is not None and (form is None or form[1].lower() not in self.hosts):
            raise UnknownHost("This server does not answer for that host.")


class _Stamped:
    """A `send` that puts the request id and the safe headers on the way out."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.send = send
        self.request_id = request_id
        self.has_started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_started = True
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            headers["X-Content-Type-Options"] = "nosniff"
        await self.send(message)


def _stamped(send: Callable[[Message], Awaitable[None]], request_id: str) -> _Stamped:
    return _Stamped(send, request_id)
