"""GraphQL over server-sent events, one operation a connection (GraphQL-SSE, distinct connections mode).

What is wrong with the HTTP request is told by its status. Once the stream is accepted everything arrives as events: `next`
with an answer or with errors, `complete` at the end. The `id` of an event is its cursor, so `Last-Event-ID` goes on behind it.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import Any

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from api import languages, messages, reading
from api.graphql import negotiation, origins, problems, requests, streaming
from api.graphql.connections import Connections, OpenLive
from api.graphql.context import Context
from api.graphql.execution import Answer
from api.graphql.http import GraphQLEndpoint
from api.graphql.requests import BadRequest, GraphQLRequest
from api.graphql.streaming import Event, Stream
from core.errors import DomainError, RateLimited
from core.ids import new_uid
from services.rates import bucket_of

EVENTS = "text/event-stream"
HEADERS = {
    "content-type": f"{EVENTS}; charset=utf-8",
    "cache-control": "no-store",
    # proxies that collect what they pass on would keep it until they have enough
    "x-accel-buffering": "no",
    "vary": "Accept-Language, Authorization, Headwater-On-Behalf-Of",
}
LONGEST_EVENT_ID = 2_048

log = structlog.get_logger()


class GraphQLStream:
    """An ASGI application that answers GraphQL as a stream of events at the path where it is mounted."""

    def __init__(self, endpoint: GraphQLEndpoint, live: OpenLive) -> None:
        self.endpoint = endpoint
        self.settings = endpoint.settings
        self.live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id = scope.get("state", {}).get("request_id") or new_uid().hex
        try:
            reading.check_size(request, self.settings)
            self.endpoint.origins.check(request)
            if origins.is_preflight(request):
                await self._say(request, origins.preflight(request), send)
                return
            await self._stream(request, request_id, send)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  (the last net is in there)
            await self._say(request, _refusal(error, request, request_id), send)

    async def _stream(self, request: Request, request_id: str, send: Send) -> None:
        _check_accept(request)
        asked = await requests.read(request, self.settings)
        connections, news = self.live(request)
        context = await self.endpoint.open_context(request, request_id)
        context.languages = languages.accepted(request.headers.get("accept-language"))
        context.news = news
        context.renew = streaming.renewing(self.endpoint.open_context, request, request_id)
        context.resumes = _last_event_id(request)
        with connections.held(bucket_of(context.caller, context.address)):
            async with asyncio.timeout(self.settings.request_timeout_ms / 1_000):
                opened = await self._opened(asked, context)
            if isinstance(opened, Answer) and opened.status is not None:
                body = JSONResponse(opened.body, opened.status, opened.headers)
                await self._say(request, body, send)
                return
            stream = _once(opened) if isinstance(opened, Answer) else opened
            await _Sending(self, request, send, connections).run(stream)

    async def _opened(self, asked: GraphQLRequest, context: Context) -> Answer | Stream:
        asked = await self.endpoint.known.filled(asked, context)
        introspects = self.endpoint.may_introspect(context)
        return await streaming.opened(self.endpoint.executor, asked, context, may_introspect=introspects)

    async def _say(self, request: Request, response: Response, send: Send) -> None:
        self.endpoint.origins.stamp(request, response)
        await response(request.scope, request.receive, send)


class _Sending:
    """One accepted stream of events."""

    def __init__(self, at: GraphQLStream, request: Request, send: Send, connections: Connections) -> None:
        self.at = at
        self.request = request
        self.send = send
        self.connections = connections
        self.patience = at.settings.stream_write_ms / 1_000
        self.heartbeat = at.settings.stream_heartbeat_ms / 1_000

    async def run(self, stream: Stream) -> None:
        """Send events until there are none, the client goes or takes nothing, or the server ends."""
        response = Response(headers=HEADERS)
        self.at.endpoint.origins.stamp(self.request, response)
        del response.headers["content-length"]
        await self.send({"type": "http.response.start", "status": 200, "headers": response.raw_headers})
        over = [asyncio.ensure_future(wait) for wait in (self._gone(), self.connections.ending.wait())]
        try:
            await self._events(stream, over)
            await self._write(b"", more=False)
        except TimeoutError:
            log.info("stream.slow_reader")
        finally:
            for wait in over:
                wait.cancel()
            await stream.aclose()

    async def _events(self, stream: Stream, over: Sequence[asyncio.Future[Any]]) -> None:
        while True:
            coming = asyncio.ensure_future(anext(stream, None))
            try:
                while not coming.done():
                    await asyncio.wait([coming, *over], timeout=self.heartbeat, return_when=asyncio.FIRST_COMPLETED)
                    if any(wait.done() for wait in over):
                        return
                    if not coming.done():
                        await self._write(b":\n\n")
            finally:
                if not coming.done():
                    coming.cancel()
                    with suppress(asyncio.CancelledError):
                        await coming
            event = coming.result()
            if event is None:
                # with a line of data, as browsers pass over an event that has none
                await self._write(b"event: complete\ndata:\n\n")
                return
            await self._write(_shown(event))

    async def _gone(self) -> None:
        while (await self.request.receive())["type"] != "http.disconnect":
            pass

    async def _write(self, part: bytes, *, more: bool = True) -> None:
        message: Message = {"type": "http.response.body", "body": part, "more_body": more}
        async with asyncio.timeout(self.patience):
            await self.send(message)


def _shown(event: Event) -> bytes:
    lines = [] if event.cursor is None else [f"id: {event.cursor}".encode()]
    if event.body is not None:
        lines = [b"event: next", *lines, b"data: " + orjson.dumps(event.body)]
    return b"\n".join(lines) + b"\n\n"


async def _once(answer: Answer) -> AsyncGenerator[Event, None]:
    yield Event(None, answer.body)


def _check_accept(request: Request) -> None:
    accept = request.headers.get("accept")
    if accept and negotiation.weight(accept, EVENTS)[0] <= 0:
        raise BadRequest(406, "NOT_ACCEPTABLE", f"This address answers {EVENTS}: accept it, or ask at /graphql.")


def _last_event_id(request: Request) -> str | None:
    """Where a client that comes back stood; what is no cursor is refused like any other."""
    return request.headers.get("last-event-id", "")[:LONGEST_EVENT_ID] or None


def _refusal(error: Exception, request: Request, request_id: str) -> Response:
    wanted = languages.accepted(request.headers.get("accept-language"))
    spoken = {"content-language": messages.spoken(wanted), "vary": "Accept-Language"}
    if isinstance(error, TimeoutError):  # before others of its family, which mean the database
        known, status = problems.failure("TOO_SLOW", "The stream took too long to begin.", request_id, wanted), 503
        return JSONResponse({"errors": [known]}, status, {"retry-after": "1", **spoken})
    expected = error if isinstance(error, DomainError) else reading.away(error)
    if expected is None:
        log.error("graphql.accident", request_id=request_id, exc_info=error)
        known = problems.failure("INTERNAL", "Something went wrong on our side.", request_id, wanted)
        return JSONResponse({"errors": [known]}, 500, spoken)
    headers = expected.headers if isinstance(expected, BadRequest) else {}
    if isinstance(expected, RateLimited) or expected.status == 503:
        headers = {"retry-after": "2", **headers}
    if expected.status == 401:
        headers = {"www-authenticate": "Bearer", **headers}
    body = {"errors": [problems.failure(expected.code, expected.message, request_id, wanted)]}
    return JSONResponse(body, expected.status, {**headers, **spoken})
