"""What is told of an upload over HTTP: how far it is, what became of it, and where its bytes are sent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

import models
from api import languages, messages
from core.caller import ANONYMOUS
from core.ids import global_id
from models import UploadState
from services.assets import uploading
from services.assets.failures import failure
from services.runtime import Runtime


async def told(request: Request, upload: models.AssetUpload, status: int) -> Response:
    runtime: Runtime = request.app.state.runtime
    told, asset = _plain(request, upload), None
    if upload.state is UploadState.READY:
        async with runtime.db.session() as session:
            statement = select(models.Asset).where(models.Asset.uid == upload.asset_uid)
            asset = (await session.scalars(statement)).one_or_none()
        told["asset"] = asset and _shown(runtime.settings.base_url, asset)
    headers = {"Location": await address(request, upload.uid)} if status == 202 else {}
    return Response(orjson.dumps(told), status, headers, "application/json")


def _plain(request: Request, upload: models.AssetUpload) -> dict[str, Any]:
    """An upload as JSON."""
    wanted = languages.accepted(request.headers.get("accept-language"))
    why = failure(upload.failure) if upload.failure else None
    return {
        "id": global_id("AssetUpload", upload.uid),
        "state": upload.state.value,
        "byteCount": upload.byte_count,
        "receivedCount": upload.received_count,
        "expiresAt": upload.expires_at,
        "failure": why and {"code": why.code, "message": messages.told(why.code, why.message, wanted)},
        "asset": None,
    }


def _shown(base_url: str, asset: models.Asset) -> dict[str, Any]:
    """An asset as JSON: what a sender wants to know of it; GraphQL tells the rest."""
    return {
        "id": global_id("Asset", asset.uid),
        "kind": asset.kind.value,
        "mediaType": asset.media_type,
        "byteCount": asset.byte_count,
        "width": asset.width,
        "height": asset.height,
        "durationMs": asset.duration_ms,
        "fileName": asset.file_name,
        "url": f"{base_url}/assets/{asset.uid}",
    }


async def address(request: Request, uid: UUID) -> str:
    runtime: Runtime = request.app.state.runtime
    async with runtime.db.session() as session:
        found = await uploading.tokens(session, ANONYMOUS, [uid])
    return uploading.address(runtime.settings.base_url, found[uid])
