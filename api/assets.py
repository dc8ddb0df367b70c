"""GET /assets/{uid}: the bytes of a picture that we hold, while something visible uses it."""

from __future__ import annotations

from uuid import UUID

import anyio
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.reading import answer
from services import assets
from services.runtime import Runtime

log = structlog.get_logger()


async def asset(request: Request) -> Response:
    runtime: Runtime = request.app.state.runtime
    try:
        uid = UUID(request.path_params["uid"])
    except ValueError as error:
        raise assets.NoSuchAsset("There is no such asset.") from error
    async with runtime.db.session() as session:
        media_type, sha256 = await assets.shown(session, request.state.caller, uid)
    try:
        body = await anyio.Path(assets.place(runtime.settings.data, sha256)).read_bytes()
    except FileNotFoundError as error:
        log.error("asset.bytes_missing", asset=str(uid), sha256=sha256.hex())  # noqa: TRY400  (the hash says it all)
        raise assets.NoSuchAsset("The bytes of this asset are not in the data folder of this server.") from error
    return answer(request, body, media_type)


routes = [Route("/assets/{uid}", asset)]
