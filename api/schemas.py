"""GET /schemas/homepage.json: what a homepage may hold, for editors that build their forms from it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.reading import answer, only
from services.homepages import schema


async def homepage(request: Request) -> Response:
    only(request)
    return answer(request, schema.printed(), "application/schema+json")


routes = [Route("/schemas/homepage.json", homepage)]
