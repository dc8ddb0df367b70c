"""GraphQL over WebSocket: the subprotocol graphql-transport-ws, and no other.

Nothing is queued for the client: an operation goes on when its message was taken, so what a slow client costs is bounded by
the number of its operations. Whoever does not take a message in time is closed with 1013.
"""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, suppress
from typing import Any

import orjson
import structlog
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from api import addresses, languages
from api.graphql import problems, requests, streaming
from api.graphql.connections import Connections, OpenLive, ServerEnds, TooManyStreams
from api.graphql.context import Context
from api.graphql.execution import Answer
from api.graphql.http import GraphQLEndpoint
from api.graphql.requests import BadRequest, GraphQLRequest
from api.reading import away
from core.errors import DomainError, RateLimited, Unavailable
from core.ids import new_uid
from services.news import News
from services.rates import bucket_of

PROTOCOL = "graphql-transport-ws"
INTRODUCING = ("authorization", "accept-language", "headwater-on-behalf-of")
"""The headers that may as well stand in the payload of the first message: a page cannot set any on a WebSocket."""

LONGEST_ID = 200
LONGEST_REASON = 100
"""A close frame takes 123 bytes."""

MALFORMED = frozenset({"BAD_REQUEST_SHAPE", "QUERY_MISSING"})
"""What is wrong with a message itself, not with the document in it."""

CLOSING_SECONDS = 5.0
"""How long to go on offering why a connection is closed to whoever takes nothing."""

log = structlog.get_logger()


class TooManyAtOnce(RateLimited):
    """As many operations run over this WebSocket as may."""

    code = "TOO_MANY_AT_ONCE"


class Closed(Exception):  # noqa: N818  (named after what happened)
    """The connection is over. Without a code the client closed it."""

    def __init__(self, code: int | None, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason[:LONGEST_REASON]


class GraphQLWebSocket:
    """An ASGI application that speaks GraphQL over the WebSockets of the path where it is mounted."""

    def __init__(self, endpoint: GraphQLEndpoint, live: OpenLive) -> None:
        self.endpoint = endpoint
        self.live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if not self.endpoint.origins.admits(socket.headers.get("origin"), socket.headers.get("host", "")):
            # before it is accepted there is no close code: the handshake is answered with a 403
            await socket.close()
            return
        if PROTOCOL not in scope.get("subprotocols", ()):
            await socket.accept()
            await socket.close(4406, "Subprotocol not acceptable")
            return
        await socket.accept(PROTOCOL)
        closed = await _Connection(self.endpoint, socket, *self.live(socket)).run()
        if closed.code is not None:
            with suppress(TimeoutError, WebSocketDisconnect):
                async with asyncio.timeout(CLOSING_SECONDS):
                    await socket.close(closed.code, closed.reason)


class _Connection:
    """One accepted WebSocket."""

    def __init__(self, endpoint: GraphQLEndpoint, socket: WebSocket, connections: Connections, news: News) -> None:
        self.endpoint = endpoint
        self.settings = endpoint.settings
        self.socket = socket
        self.connections = connections
        self.news = news
        # who asks stands in the headers of the handshake, until the first message says more
        self.client = HTTPConnection(dict(socket.scope))
        self.operations: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()

    async def run(self) -> Closed:
        """Serve until it is over; why it is."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch())
                group.create_task(self._serve(group))
        except BaseExceptionGroup as over:
            closed = next(_leaves(over, Closed), None)
            if closed is not None:
                return closed
            log.exception("websocket.accident")
        return Closed(4500, "INTERNAL")

    async def _watch(self) -> None:
        await self.connections.ending.wait()
        raise Closed(1012, ServerEnds.code)

    async def _serve(self, group: asyncio.TaskGroup) -> None:
        address = addresses.of(self.client, self.settings.trusted_proxies)
        try:
            with self.connections.held(f"connecting:{address}"):
                holder = await self._introduced()
            with self.connections.held(holder):
                await self._send({"type": "connection_ack"})
                while True:
                    await self._take(await self._receive(), group)
        except TooManyStreams as error:
            raise Closed(1013, error.code) from error
        except ServerEnds as error:
            raise Closed(1012, error.code) from error

    async def _introduced(self) -> str:
        """Who holds the connection, once the client has said it."""
        try:
            async with asyncio.timeout(self.settings.stream_init_ms / 1_000):
                while True:
                    message = await self._receive()
                    if message["type"] == "connection_init":
                        break
                    await self._before_introduction(message)
        except TimeoutError as error:
            raise Closed(4408, "Connection initialisation timeout") from error
        self._introduce(_object(message, "payload") or {})
        context = await self._context(new_uid().hex)
        return bucket_of(context.caller, context.address)

    async def _before_introduction(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            raise Closed(4401, "Unauthorized")
        await self._greet(message)

    def _introduce(self, payload: dict[str, Any]) -> None:
        """Let what the client said of itself stand where a request has it: in its headers."""
        said = {name.lower(): value for name, value in payload.items()}
        for name in INTRODUCING:
            value = said.get(name)
            if value is None:
                continue
            if not isinstance(value, str):
                raise Closed(4400, f"`{name}` is a text")
            rest = [(key, old) for key, old in self.client.scope["headers"] if key != name.encode()]
            headers = [*rest, (name.encode(), value.encode("latin-1", "replace"))]
            self.client = HTTPConnection({**self.client.scope, "headers": headers})

    async def _take(self, message: dict[str, Any], group: asyncio.TaskGroup) -> None:
        """Do what a message of an introduced client asks for."""
        match message["type"]:
            case "connection_init":
                raise Closed(4429, "Too many initialisation requests")
            case "subscribe":
                await self._begin(_id(message), _object(message, "payload"), group)
            case _:
                await self._greet(message)

    async def _greet(self, message: dict[str, Any]) -> None:
        """What may be said at any time."""
        match message["type"]:
            case "ping":
                payload = _object(message, "payload")
                await self._send({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})
            case "pong":
                _object(message, "payload")
            case "complete":
                ended = self.operations.pop(_id(message), None)
                if ended is not None:
                    ended.cancel()
            case other:
                raise Closed(4400, f"Invalid message type {other!r}")

    async def _begin(self, id_: str, payload: dict[str, Any] | None, group: asyncio.TaskGroup) -> None:
        if id_ in self.operations:
            raise Closed(4409, f"Subscriber for {id_} already exists")
        if len(self.operations) >= self.settings.stream_operations:
            most = self.settings.stream_operations
            error = TooManyAtOnce(f"At most {most} operations at once over one WebSocket: end one first.")
            await self._refuse(id_, [problems.failure(error.code, error.message, new_uid().hex, self._languages)])
            return
        try:
            asked = requests.of_payload(payload or {}, self.settings)
        except BadRequest as error:
            if error.code in MALFORMED:
                raise Closed(4400, error.message) from error
            await self._refuse(id_, [problems.failure(error.code, error.message, new_uid().hex, self._languages)])
            return
        self.operations[id_] = group.create_task(self._operate(id_, asked))

    async def _operate(self, id_: str, asked: GraphQLRequest) -> None:
        """Run an operation to its end, which the client may bring about at any time by cancelling this."""
        request_id = new_uid().hex
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                refused = await self._answer(id_, asked, request_id)
            except Closed:
                raise
            except Exception as error:  # noqa: BLE001  (the last net is in there)
                refused = [_failure(error, request_id, self._languages)]
        if self.operations.get(id_) is asyncio.current_task():
            del self.operations[id_]
        if refused is None:
            await self._send({"id": id_, "type": "complete"})
        else:
            await self._refuse(id_, refused)

    async def _answer(self, id_: str, asked: GraphQLRequest, request_id: str) -> list[dict[str, Any]] | None:
        """Send what there is to an operation; the errors when it was refused before it was executed."""
        context = await self._context(request_id)
        async with asyncio.timeout(self.settings.request_timeout_ms / 1_000):
            asked = await self.endpoint.known.filled(asked, context)
            introspects = self.endpoint.may_introspect(context)
            opened = await streaming.opened(self.endpoint.executor, asked, context, may_introspect=introspects)
        if isinstance(opened, Answer):
            if not opened.was_executed:
                return list(opened.body["errors"])
            await self._send({"id": id_, "type": "next", "payload": opened.body})
            return None
        async with aclosing(opened):
            async for event in opened:
                if event.body is not None:
                    await self._send({"id": id_, "type": "next", "payload": event.body})
        return None

    @property
    def _languages(self) -> tuple[str, ...]:
        return languages.accepted(self.client.headers.get("accept-language"))

    async def _context(self, request_id: str) -> Context:
        """Who asks now: a key that was revoked since ends the connection."""
        try:
            context = await self.endpoint.open_context(self.client, request_id)
        except Exception as error:
            known = error if isinstance(error, DomainError) else away(error)
            if known is None:
                raise
            raise Closed(1013 if isinstance(known, Unavailable) else 4403, known.code) from error
        context.languages = self._languages
        context.news = self.news
        context.renew = streaming.renewing(self.endpoint.open_context, self.client, request_id)
        return context

    async def _receive(self) -> dict[str, Any]:
        """The next message of the client: an object with a type."""
        received = await self.socket.receive()
        if received["type"] == "websocket.disconnect":
            raise Closed(None)
        text = received.get("text")
        if text is None:
            raise Closed(4400, "Messages are texts")
        if len(text) > self.settings.body_limit or len(text.encode()) > self.settings.body_limit:
            raise Closed(1009, f"A message holds at most {self.settings.body_limit} bytes")
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise Closed(4400, "Messages are JSON") from error
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Closed(4400, "A message is an object with a type")
        return message

    async def _refuse(self, id_: str, errors: list[dict[str, Any]]) -> None:
        await self._send({"id": id_, "type": "error", "payload": errors})

    async def _send(self, message: dict[str, Any]) -> None:
        text = orjson.dumps(message).decode()
        async with self._turn:
            try:
                async with asyncio.timeout(self.settings.stream_write_ms / 1_000):
                    await self.socket.send_text(text)
            except TimeoutError as error:
                raise Closed(1013, "SLOW_READER") from error
            except WebSocketDisconnect as error:
                raise Closed(None) from error


def _leaves(group: BaseExceptionGroup[BaseException], kind: type[Closed]) -> Iterator[Closed]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error, kind)
        elif isinstance(error, kind):
            yield error


def _id(message: dict[str, Any]) -> str:
    id_ = message.get("id")
    if not isinstance(id_, str) or not 1 <= len(id_) <= LONGEST_ID:
        raise Closed(4400, f"`id` is a text of 1 to {LONGEST_ID} characters")
    return id_


def _object(message: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = message.get(name)
    if value is not None and not isinstance(value, dict):
        raise Closed(4400, f"`{name}` is an object")
    return value


def _failure(error: Exception, request_id: str, wanted: tuple[str, ...]) -> dict[str, Any]:
    if isinstance(error, TimeoutError):  # before others of its family, which mean the database
        message = "The answer took too long; ask for less, or try again shortly."
        return problems.failure("TOO_SLOW", message, request_id, wanted)
    known = error if isinstance(error, DomainError) else away(error)
    if known is not None:
        return problems.failure(known.code, known.message, request_id, wanted)
    log.error("graphql.accident", request_id=request_id, exc_info=error)
    return problems.failure("INTERNAL", "Something went wrong on our side.", request_id, wanted)
