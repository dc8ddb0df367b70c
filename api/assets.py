"""GET /assets/{uid}: the bytes of a picture that we hold, while something visible uses it, or a preview that was opened."""

from __future__ import annotations

from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.reading import answer, cache_control, only
from core.store import NothingThere
from services import assets, homepages
from services.runtime import Runtime

log = structlog.get_logger()


async def asset(request: Request) -> Response:
    runtime: Runtime = request.app.state.runtime
    try:
        uid = UUID(request.path_params["uid"])
    except ValueError as error:
        raise assets.NoSuchAsset("There is no such asset.") from error
    only(request, "preview")
    token, caller = request.query_params.get("preview"), request.state.caller
    async with runtime.db.session() as session:
        page = await homepages.previewed(session, caller, token, clock=runtime.clock) if token is not None else None
        media_type, sha256 = await assets.shown(session, caller, uid, preview=page.id if page else None)
    try:
        body = await runtime.store.read(assets.key_of(sha256))
    except NothingThere as error:
        log.error("asset.bytes_missing", asset=str(uid), sha256=sha256.hex())  # noqa: TRY400  (the hash says it all)
        raise assets.NoSuchAsset("The bytes of this asset are not in the store.") from error
    headers = {"Cache-Control": cache_control(0, is_private=True)} if page else None
    return answer(request, body, media_type, headers=headers)


routes = [Route("/assets/{uid}", asset)]
