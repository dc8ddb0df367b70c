"""GET /contents/{uid}: a plain page of a content, so that every link in a feed leads somewhere without a frontend."""

from __future__ import annotations

from html import escape
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.reading import answer
from core.caller import ANONYMOUS
from services import access, bodies, contents
from services.gathering import Gathered, gather
from services.runtime import Runtime

STYLE = (
    "body{font:17px/1.7 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#222}"
    "img{max-width:100%;height:auto}.by{color:#666}table{border-collapse:collapse}td,th{padding:.3rem .8rem;border:1px solid #ddd}"
)
POLICY = (
    "default-src 'none'; img-src * data:; media-src *; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


async def page(request: Request) -> Response:
    runtime: Runtime = request.app.state.runtime
    try:
        uid = UUID(request.path_params["uid"])
    except ValueError as error:
        raise access.NoSuchContent("There is no such content.") from error
    async with runtime.db.session() as session:
        # the same page for everybody: an author's own draft is no page yet
        content = (await contents.by_uids(session, ANONYMOUS, [uid])).get(uid)
        if content is None:
            raise access.NoSuchContent("There is no such content.")
        found = await gather(session, [content.id], at=runtime.clock.now(), base_url=runtime.settings.base_url)
    body = _html(found[content.id], runtime.settings.base_url)
    return answer(request, body.encode(), "text/html; charset=utf-8", headers={"Content-Security-Policy": POLICY})


def _html(one: Gathered, base_url: str) -> str:
    def address(uid: str) -> str:
        asset = one.assets.get(uid)
        return asset.url if asset is not None and asset.sha256 is None and asset.url else f"{base_url}/assets/{uid}"

    covers = "".join(f'<img src="{escape(address(cover.uid))}" alt="">' for cover in one.facts.content.covers[:1])
    published = one.content.published_at.date().isoformat() if one.content.published_at else ""
    return (
        f'<!doctype html><html lang="{escape(one.content.language)}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(one.revision.title)}</title>'
        f"<style>{STYLE}</style><article><h1>{escape(one.revision.title)}</h1>"
        f'<p class="by">{escape(one.creator.name)} · {published}</p>{covers}'
        f"<p>{escape(one.revision.summary)}</p>{bodies.html(one.body, asset=address)}</article></html>"
    )


routes = [Route("/contents/{uid}", page)]
