"""GraphQL over HTTP: media types, status codes, and nothing that a client sends ends in a 500."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from api.graphql import graphiql, labels, problems, requests
from api.graphql.context import Context
from api.graphql.execution import Answer, Executor
from api.graphql.limits import Limits
from api.graphql.requests import BadRequest
from api.graphql.schema import schema
from core.errors import DomainError
from core.ids import new_uid
from core.settings import Settings

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
LONGEST_URL = 8_192

log = structlog.get_logger()

OpenContext = Callable[[Request, str], Awaitable[Context]]
"""Builds the context of a request: who asks, with what. The text is the request id. Raises DomainError for bad keys."""


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """An ASGI application that answers GraphQL at the path where it is mounted."""

    settings: Settings
    open_context: OpenContext
    executor: Executor

    @classmethod
    def over(cls, settings: Settings, open_context: OpenContext, limits: Limits | None = None) -> "GraphQLEndpoint":
        """The endpoint over the product's schema, with the settings' limits unless others are given."""
        # the names of what is there are told to those who develop, as introspection is
        suggests = settings.profile == "development"
        return cls(settings, open_context, Executor(schema, limits or Limits.of(settings), suggests=suggests))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """The response to any HTTP request."""
        request_id = _request_id(request)
        media_type = JSON
        try:
            _check_url(request)
            if self._wants_page(request):
                return HTMLResponse(graphiql.page(self.settings.base_url), headers=graphiql.HEADERS)
            media_type = negotiated(request.headers.get("accept"))
            asked = await requests.read(request, self.settings.body_limit)
            context = await self.open_context(request, request_id)
            context.languages = labels.accepted(request.headers.get("accept-language"))
            # a little sooner than whoever else watches the time, so that the answer has this door's form
            async with asyncio.timeout(self.settings.request_timeout_ms * 0.95 / 1_000):
                answer = await self.executor.run(asked, context, may_introspect=self._may_introspect(context))
            return _answered(answer, media_type, request_id)
        except DomainError as error:
            headers = error.headers if isinstance(error, BadRequest) else {}
            return _failed(error.status, error.code, error.message, media_type, request_id, headers)
        except TimeoutError:
            message = "The answer took too long; ask for less, or try again shortly."
            return _failed(503, "TOO_SLOW", message, media_type, request_id, {"retry-after": "1"})
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            # the last net: whatever this was, the client learns nothing of our insides
            log.exception("graphql.accident", request_id=request_id)
            return _failed(500, "INTERNAL", "Something went wrong on our side.", media_type, request_id, {})

    def _may_introspect(self, context: Context) -> bool:
        return self.settings.profile == "development" or not context.caller.is_anonymous

    def _wants_page(self, request: Request) -> bool:
        is_plain_get = request.method == "GET" and "query" not in request.query_params
        return (
            self.settings.profile == "development" and is_plain_get and "text/html" in request.headers.get("accept", "")
        )


def negotiated(accept: str | None) -> str:
    """The media type to answer in; BadRequest 406 when the client takes neither. JSON where it has no wish."""
    if not accept or not accept.strip():
        return JSON
    weights = {one: _weight(accept, one) for one in (JSON, GRAPHQL)}
    best = max(weights.values())
    if best <= 0:
        raise BadRequest(406, "NOT_ACCEPTABLE", f"This answers {GRAPHQL} or {JSON}; accept one of them.")
    return JSON if weights[JSON] == best else GRAPHQL


def _weight(accept: str, media_type: str) -> float:
    """The quality that an Accept header gives to a media type; the most specific range decides (RFC 9110 §12.5.1)."""
    found = (-1, 0.0)
    for item in accept.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        specificity = _matches(name, media_type)
        if specificity > found[0]:
            found = (specificity, _quality(parameters))
    return found[1]


def _matches(media_range: str, media_type: str) -> int:
    if media_range == media_type:
        return 2
    if media_range == "application/*":
        return 1
    return 0 if media_range == "*/*" else -1


def _quality(parameters: list[str]) -> float:
    text = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def _check_url(request: Request) -> None:
    if len(request.scope["path"]) + len(request.scope.get("query_string", b"")) > LONGEST_URL:
        raise BadRequest(414, "URL_TOO_LONG", f"An address holds at most {LONGEST_URL} bytes: ask by POST.")


def _request_id(request: Request) -> str:
    """That of whoever bound one for the logs before us, else a new one."""
    bound = structlog.contextvars.get_contextvars().get("request_id")
    return str(bound or request.scope.get("state", {}).get("request_id") or new_uid())


def _answered(answer: Answer, media_type: str, request_id: str) -> Response:
    # application/json keeps 200 for documents that cannot be executed: clients of that time read any other as no GraphQL
    status = answer.status or (200 if answer.was_executed or media_type == JSON else 400)
    headers = {"allow": answer.allow} if answer.allow else {}
    return _response(status, orjson.dumps(answer.body), media_type, request_id, headers)


def _failed(
    status: int, code: str, message: str, media_type: str, request_id: str, headers: dict[str, str]
) -> Response:
    body = {"errors": [problems.failure(code, message, request_id)]}
    return _response(status, orjson.dumps(body), media_type, request_id, headers)


def _response(status: int, body: bytes, media_type: str, request_id: str, headers: dict[str, str]) -> Response:
    known = {
        "content-type": f"{media_type}; charset=utf-8",
        "cache-control": "no-store",
        "vary": "Accept, Accept-Language, Authorization",
        "x-content-type-options": "nosniff",
        "x-request-id": request_id,
    }
    return Response(body, status, headers=known | headers)
