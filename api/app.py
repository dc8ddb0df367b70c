"""The web application: routes, the guard around them, the runtime they stand on. Wiring only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api import assets, contents, health
from api.auth import caller_from
from api.feeds import routes as feeds
from api.graphql.context import Context
from api.graphql.http import GraphQLEndpoint
from api.guard import Guard
from api.reading import ZIPPED_FROM, Zipped, problem
from core.errors import DomainError, Invalid, NotFound
from core.settings import Settings
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
        if runtime is not None:
            app.state.runtime = runtime
            yield
            return
        async with open_runtime(settings) as opened:
            app.state.runtime = opened
            yield

    app = Starlette(
        routes=[
            *health.routes,
            *feeds.routes,
            *contents.routes,
            *assets.routes,
            Route("/graphql", GraphQLEndpoint.over(settings, open_context)),
        ],
        middleware=[
            Middleware(Zipped, minimum_size=ZIPPED_FROM, compresslevel=5),
            Middleware(Guard, settings=settings),
        ],
        exception_handlers={HTTPException: _refused},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # the redirect would be made from the Host header

    return app


async def open_context(request: Request, request_id: str) -> Context:
    """Who asks over GraphQL, and with what it is answered."""
    runtime: Runtime = request.app.state.runtime
    caller = await caller_from(request.headers, runtime)
    return Context(runtime.db, caller, runtime.clock, runtime.settings, index=runtime.index, request_id=request_id)


async def _refused(request: Request, error: Exception) -> Response:
    """What the router refuses, in the form of every other problem."""
    assert isinstance(error, HTTPException)
    known: DomainError
    if error.status_code == 405:
        known = MethodNotAllowed("This address does not take that method.")
    else:
        known = NoSuchPage("There is nothing at this address: see /feeds and /graphql.")
    response = problem(known, request.state.request_id)
    response.headers.update(error.headers or {})
    return response
