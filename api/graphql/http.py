"""GraphQL over HTTP: what goes out for what came in, and nothing that a client sends ends in a 500."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from api import languages, messages, reading
from api.graphql import graphiql, negotiation, origins, problems, requests
from api.graphql.caching import CacheHints
from api.graphql.context import Context, OpenContext
from api.graphql.execution import Answer, Executor
from api.graphql.known import HANDSHAKE, NOT_KNOWN, KnownDocuments
from api.graphql.limits import Limits
from api.graphql.negotiation import JSON
from api.graphql.origins import Origins
from api.graphql.requests import BadRequest, GraphQLRequest
from api.graphql.schema import schema
from core.errors import DomainError
from core.ids import new_uid
from core.settings import Settings

VARY = "Accept, Accept-Language, Authorization, Headwater-On-Behalf-Of"

ALONG = {401: {"www-authenticate": "Bearer"}, 503: {"retry-after": "2"}}
"""Headers that come with a status."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Reply:
    """What every answer to one request has in common."""

    request: Request
    request_id: str
    media_type: str

    def of(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
        """These words, kept by nobody."""
        known = {**self.common, "cache-control": "no-store"}
        content = orjson.dumps(body)
        return Response(content, status, headers={**known, **headers}, media_type=self.content_type)

    def failure(self, status: int, code: str, message: str, headers: Mapping[str, str]) -> Response:
        error = problems.failure(code, message, self.request_id, self.languages)
        return self.of(status, {"errors": [error]}, {**self.in_language, **headers})

    @property
    def languages(self) -> tuple[str, ...]:
        return languages.accepted(self.request.headers.get("accept-language"))

    @property
    def in_language(self) -> dict[str, str]:
        """The header of an answer that holds nothing but messages."""
        return {"content-language": messages.spoken(self.languages)}

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; charset=utf-8"

    @property
    def common(self) -> dict[str, str]:
        return {"vary": VARY, "x-content-type-options": "nosniff", "x-request-id": self.request_id}


class GraphQLEndpoint:
    """An ASGI application that answers GraphQL at the path where it is mounted."""

    def __init__(self, settings: Settings, open_context: OpenContext, executor: Executor) -> None:
        self.settings = settings
        self.open_context = open_context
        self.executor = executor
        self.origins = Origins.of(settings)
        self.known = KnownDocuments(settings.trusted_documents_only, settings.persisted_queries)

    @cached_property
    def hints(self) -> CacheHints:
        """Of all fields; only answers to GET need them."""
        return CacheHints(self.executor.core)

    @classmethod
    def over(cls, settings: Settings, open_context: OpenContext, limits: Limits | None = None) -> "GraphQLEndpoint":
        """The endpoint over the product's schema, with the settings' limits unless others are given."""
        # the names of what is there are told to those who develop, as introspection is
        suggests = settings.profile == "development"
        return cls(settings, open_context, Executor(schema, limits or Limits.of(settings), suggests=suggests))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self.respond(request)
        self.origins.stamp(request, response)
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """The response to any HTTP request."""
        reply = _Reply(request, _request_id(request), JSON)
        try:
            reading.check_size(request, self.settings)
            self.origins.check(request)
            aside = self._aside(request)
            if aside is not None:
                return aside
            reply = _Reply(request, reply.request_id, negotiation.negotiated(request.headers.get("accept")))
            return await self._answer(reply)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001  (the last net is in there)
            return self._failed(error, reply)

    def _aside(self, request: Request) -> Response | None:
        """What is asked here and is no GraphQL: whether a page may ask, and the editor."""
        if origins.is_preflight(request):
            return origins.preflight(request)
        if self._wants_page(request):
            return HTMLResponse(graphiql.page(self.settings.base_url), headers=graphiql.HEADERS)
        return None

    async def _answer(self, reply: _Reply) -> Response:
        asked = await requests.read(reply.request, self.settings)
        context = await self.open_context(reply.request, reply.request_id)
        context.languages = reply.languages
        # a little sooner than whoever else watches the time, so that the answer has this door's form
        async with asyncio.timeout(self.settings.request_timeout_ms * 0.95 / 1_000):
            asked = await self.known.filled(asked, context)
            answer = await self.executor.run(asked, context, may_introspect=self.may_introspect(context))
            if answer.was_executed:
                await self.known.learn(asked, context)
        return self._executed(asked, answer, reply) if answer.was_executed else self._not_executed(answer, reply)

    def _executed(self, asked: GraphQLRequest, answer: Answer, reply: _Reply) -> Response:
        edition = self.settings.graphql_status_codes
        has_errors = "errors" in answer.body
        status = negotiation.status_of_answer(reply.media_type, edition, has_errors=has_errors)
        if not asked.is_get or has_errors:
            return reply.of(status, answer.body, answer.headers)
        hint = self.hints.of(asked.query, lambda: self.executor.prepare(asked.query).document)
        is_private = hint.is_private or "authorization" in reply.request.headers
        control = reading.cache_control(hint.age(self.settings.cache_max_age), is_private=is_private)
        headers = {**reply.common, "cache-control": control, **answer.headers}
        return reading.tagged(reply.request, orjson.dumps(answer.body), reply.content_type, headers)

    def _not_executed(self, answer: Answer, reply: _Reply) -> Response:
        code = str(answer.body["errors"][0]["extensions"]["code"])
        edition = self.settings.graphql_status_codes
        status = answer.status or negotiation.status_of_refusal(code, reply.media_type, edition)
        return reply.of(status, answer.body, {**reply.in_language, **answer.headers})

    def _failed(self, error: Exception, reply: _Reply) -> Response:
        if isinstance(error, TimeoutError):  # before others of its family, which mean the database
            message = "The answer took too long; ask for less, or try again shortly."
            return reply.failure(503, "TOO_SLOW", message, {"retry-after": "1"})
        known = error if isinstance(error, DomainError) else reading.away(error)
        if known is not None:
            return self._refused(known, reply)
        # whatever this was, the client learns nothing of our insides
        log.error("graphql.accident", request_id=reply.request_id, exc_info=error)
        return reply.failure(500, "INTERNAL", "Something went wrong on our side.", {})

    def _refused(self, error: DomainError, reply: _Reply) -> Response:
        edition = self.settings.graphql_status_codes
        if isinstance(error, BadRequest):
            status = negotiation.status_of_malformed(error, reply.media_type, edition)
            return reply.failure(status, error.code, error.message, error.headers)
        if isinstance(error, NOT_KNOWN):
            # well-formed, and not executed; some of Apollo's clients read the handshake from nothing but a 200
            if isinstance(error, HANDSHAKE) and negotiation.takes_json(reply.request.headers.get("accept")):
                reply = _Reply(reply.request, reply.request_id, JSON)
            status = negotiation.status_of_refusal(error.code, reply.media_type, edition, older=error.status)
            return reply.failure(status, error.code, error.message, {})
        return reply.failure(error.status, error.code, error.message, ALONG.get(error.status, {}))

    def may_introspect(self, context: Context) -> bool:
        """Whether who asks is told what there is: those who develop, and whoever has a key."""
        return self.settings.profile == "development" or not context.caller.is_anonymous

    def _wants_page(self, request: Request) -> bool:
        is_plain_get = request.method == "GET" and not request.scope.get("query_string")
        return (
            self.settings.profile == "development" and is_plain_get and "text/html" in request.headers.get("accept", "")
        )


def _request_id(request: Request) -> str:
    """That of whoever bound one for the logs before us, else a new one."""
    bound = structlog.contextvars.get_contextvars().get("request_id")
    return str(bound or request.scope.get("state", {}).get("request_id") or new_uid())
