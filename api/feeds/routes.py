"""GET /feeds and /feeds/{key}.json: caller, cursor, conditional GET."""

from __future__ import annotations

from html import escape

import orjson
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import models
from api.feeds import jsonfeed
from api.reading import answer, integer, only
from core.errors import Invalid
from services import feeds
from services.runtime import Runtime

USUAL_LIMIT = 50


class TwoDirections(Invalid):
    code = "TWO_DIRECTIONS"


async def directory(request: Request) -> Response:
    """All channel feeds that the caller may read, as JSON or as a page."""
    runtime: Runtime = request.app.state.runtime
    async with runtime.db.session() as session:
        found = await feeds.directory(session, request.state.caller)
    base = runtime.settings.base_url
    if "text/html" in request.headers.get("accept", ""):
        rows = "".join(
            f'<tr><td><a href="{base}/feeds/{escape(feed.key)}.json">{escape(feed.key)}</a></td>'
            f"<td>{escape(title)}</td><td>{count}</td></tr>"
            for feed, title, count in found
        )
        page = f"<h1>Feeds</h1><table><tr><th>key</th><th>channel</th><th>live items</th></tr>{rows}</table>"
        return answer(request, _page(page).encode(), "text/html; charset=utf-8")
    listed = [
        {"key": feed.key, "title": title, "live_count": count, "url": f"{base}/feeds/{feed.key}.json"}
        for feed, title, count in found
    ]
    return answer(request, orjson.dumps({"feeds": listed}), "application/json")


async def json_feed(request: Request) -> Response:
    """A page of a feed as JSON Feed 1.1: what is live now, or with `after` the log."""
    runtime: Runtime = request.app.state.runtime
    settings = runtime.settings
    only(request, "after", "before", "limit")
    after, before = request.query_params.get("after"), request.query_params.get("before")
    if after is not None and before is not None:
        raise TwoDirections("Give either after (the log) or before (older live items), not both.")
    limit = integer(request, "limit", USUAL_LIMIT, least=1, most=settings.feed_page_limit)
    async with runtime.db.session() as session:
        page = await feeds.page(
            session,
            request.state.caller,
            request.path_params["key"],
            after=after,
            before=before,
            limit=limit,
            at=runtime.clock.now(),
            base_url=settings.base_url,
        )
        instance = (await session.scalars(select(models.Instance))).one()
    place = jsonfeed.Place(settings.base_url, instance.authority, instance.authority_on)
    body, tail = jsonfeed.render(page, place, limit=limit, most_bytes=settings.feed_page_bytes)
    return answer(request, body, jsonfeed.MEDIA_TYPE, headers={"Headwater-Cursor": tail})


def _page(body: str) -> str:
    style = "body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Feeds</title><style>{style}</style>{body}</html>'
    )


routes = [
    Route("/feeds", directory, methods=["GET"]),
    Route("/feeds/{key:path}.json", json_feed, methods=["GET"]),
]
