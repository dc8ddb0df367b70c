"""The web application: routes, the guard around them, the runtime they stand on. Wiring only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from api import addresses, assets, contents, health, schemas, uploads
from api.auth import caller_from
from api.feeds import routes as feeds
from api.graphql.connections import Connections
from api.graphql.context import Context
from api.graphql.http import GraphQLEndpoint
from api.graphql.sse import GraphQLStream
from api.graphql.websocket import GraphQLWebSocket
from api.guard import Guard
from api.reading import ZIPPED_FROM, Zipped, problem
from api.upload_bodies import Places
from core.errors import DomainError, Invalid, NotFound
from core.settings import Settings
from services.assets.renditions import Maker
from services.news import News
from services.runtime import Runtime, open_runtime


class NoSuchPage(NotFound):
    code = "NO_SUCH_PAGE"


class MethodNotAllowed(Invalid):
    code = "METHOD_NOT_ALLOWED"
    status = 405


def create_app(settings: Settings, runtime: Runtime | None = None) -> Starlette:
    """The application; it opens its own runtime at start unless it is handed one."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            opened = await stack.enter_async_context(open_runtime(settings)) if runtime is None else runtime
            app.state.runtime = opened
            app.state.news = News(opened.db)
            stack.push_async_callback(app.state.news.close)
            app.state.renditions = Maker(opened.db, opened.store, opened.sandbox, opened.clock)
            stack.push_async_callback(app.state.renditions.close)
            yield

    graphql = GraphQLEndpoint.over(settings, open_context)
    app = Starlette(
        routes=[
            *health.routes,
            *feeds.routes,
            *contents.routes,
            *assets.routes,
            *uploads.routes,
            *schemas.routes,
            Route("/graphql", graphql),
            WebSocketRoute("/graphql", GraphQLWebSocket(graphql, _live)),
            Route("/graphql/stream", GraphQLStream(graphql, _live)),
        ],
        middleware=[
            Middleware(Zipped, minimum_size=ZIPPED_FROM, compresslevel=5),
            Middleware(Guard, settings=settings),
        ],
        exception_handlers={HTTPException: _refused},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # the redirect would be made from the Host header
    app.state.connections = Connections(settings)
    app.state.upload_places = Places()

    return app


async def open_context(request: HTTPConnection, request_id: str) -> Context:
    """Who asks over GraphQL, and with what it is answered."""
    runtime: Runtime = request.app.state.runtime
    caller = await caller_from(request.headers, runtime)
    context = Context(runtime.db, caller, runtime.clock, runtime.settings, runtime.index, runtime.store, request_id)
    context.address = addresses.of(request, runtime.settings.trusted_proxies)
    return context


def _live(connection: HTTPConnection) -> tuple[Connections, News]:
    """What the process holds for those who follow live."""
    return connection.app.state.connections, connection.app.state.news


async def _refused(request: Request, error: Exception) -> Response:
    """What the router refuses, in the form of every other problem."""
    assert isinstance(error, HTTPException)
    known: DomainError
    if error.status_code == 405:
        known = MethodNotAllowed("This address does not take that method.")
    else:
        known = NoSuchPage("There is nothing at this address: see /feeds and /graphql.")
    response = problem(known, request, request.state.request_id)
    response.headers.update(error.headers or {})
    return response
