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
AT_THEIR_PACE = "/assets/"  # what may take as long as it moves: files on their way out
ADDING = "/assets"  # files on their way in watch their time themselves, and look at who asks
UPLOADS = "/uploads/"  # these too; what follows opens an upload, and stays out of the log
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
        self.write_seconds = settings.file_write_ms / 1_000
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
        with structlog.contextvars.bound_contextvars(request_id=request_id, path=_shown(scope["path"])):
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
            is_upload = _is_upload(request.url.path)
            if request.url.path not in NOBODY_ASKED and not is_upload:
                runtime = request.app.state.runtime
                request.state.caller = await caller_from(request.headers, runtime)
            is_timed = request.url.path != STREAM and not is_upload
            async with asyncio.timeout(self.seconds if is_timed else None) as limit:
                if request.url.path.startswith(AT_THEIR_PACE):
                    pace = _Pace(limit, self.seconds, self.write_seconds)
                    await self.app(request.scope, pace.receiving(receive), pace.sending(send))
                else:
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


def _is_upload(path: str) -> bool:
    return path == ADDING or path.startswith(UPLOADS)


def _shown(path: str) -> str:
    """A path as the log may have it."""
    return f"{UPLOADS}…" if path.startswith(UPLOADS) else path[:200]


class _Pace:
    """Moves the time limit of a request on with all that comes and goes: each step is bounded, the whole is not."""

    def __init__(self, limit: asyncio.Timeout, seconds: float, write_seconds: float) -> None:
        """`seconds` for each piece to come or to be made, `write_seconds` for a client to take one."""
        self.limit = limit
        self.seconds = seconds
        self.write_seconds = write_seconds

    def receiving(self, receive: Receive) -> Receive:
        async def paced() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                self._move(self.seconds)
            return message

        return paced

    def sending(self, send: Send) -> Send:
        async def paced(message: Message) -> None:
            self._move(self.write_seconds)
            await send(message)
            self._move(self.seconds)

        return paced

    def _move(self, seconds: float) -> None:
        # once it is over, it stays so
        if not self.limit.expired():
            self.limit.reschedule(asyncio.get_running_loop().time() + seconds)


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
