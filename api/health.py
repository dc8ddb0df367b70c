"""/healthz says that the process lives, /readyz that it can serve: database, schema, not draining."""

from __future__ import annotations

import asyncio

import orjson
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core import migrations
from core.errors import Misconfigured
from services.runtime import Runtime


async def healthz(_request: Request) -> Response:
    return _say(200, {"status": "alive"})


async def readyz(request: Request) -> Response:
    runtime: Runtime = request.app.state.runtime
    if request.app.state.connections.ending.is_set():
        return _say(503, {"status": "ending"})
    try:
        async with asyncio.timeout(2):
            # the usual case reads one row; what is pending is only worked out when something is
            is_current = await migrations.current(runtime.db) == migrations.head()
            pending = [] if is_current else await migrations.pending(runtime.db)
    except (SQLAlchemyError, OSError, TimeoutError):
        return _say(503, {"status": "database away"})
    except Misconfigured as error:
        return _say(503, {"status": error.message})
    if pending:
        return _say(503, {"status": "migrations pending"})
    return _say(200, {"status": "ready"})


def _say(status: int, said: dict[str, str]) -> Response:
    return Response(orjson.dumps(said), status, {"Cache-Control": "no-store"}, "application/json")


routes = [Route("/healthz", healthz), Route("/readyz", readyz)]
