"""POST or PUT /assets and the addresses of uploads: files in one request, or piece by piece as tus 1.0 does.

POST takes a file, or with `Tus-Resumable` begins an upload, and needs a key. The address that is answered then, and by
createAssetUpload, needs none: it is signed, and whoever holds it may send bytes into that upload and nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import models
from api import upload_answers, upload_bodies, upload_headers
from api.auth import caller_from
from api.graphql.origins import SHOWN, Origins, is_preflight, preflight
from api.reading import BadParameter, away, only, problem
from api.upload_headers import BadUploadHeader
from core.caller import Caller
from core.errors import DomainError, Invalid
from core.ids import MalformedId, parse_global_id
from models import UploadState
from services import access, creators, signatures
from services.assets import uploading
from services.assets.failures import EMPTY, EmptyFile, error_of
from services.assets.file_limits import FileLimits
from services.assets.joining import is_complete
from services.assets.labels import Labels
from services.assets.receiving import BrokenOff, LongerThanAnnounced, OffsetMismatch, Receiver
from services.assets.uploading import Announcement
from services.runtime import Runtime

PATIENCE_SECONDS = 8.0
"""How long a file in one request is waited for until it was looked at."""

TUS = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
PIECE_TYPE = "application/offset+octet-stream"
FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
TOLD = (
    f"{SHOWN}, Location, Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Expires,"
    " Upload-Length, Upload-Offset"
)
WORDS = ("alternativeText", "credit", "licence", "source")
ASKED = ("creator", "fileName", "folder", "tag", "expiresAt", *WORDS)

Door = Callable[[Request], Awaitable[Response]]


class UnsupportedTus(Invalid):
    """A version of the protocol that is not spoken here; `Tus-Version` names those that are."""

    code = "UNSUPPORTED_TUS_VERSION"
    status = 412


class SendTheBytes(Invalid):
    """The body is a form, or encoded: not the file itself."""

    code = "SEND_THE_BYTES"
    status = 415


async def adding(request: Request) -> Response:
    is_tus = request.method == "POST" and "tus-resumable" in request.headers
    return await _answered(request, _begin if is_tus else _add)


async def sending(request: Request) -> Response:
    method = request.method
    if method == "POST":  # for those between us and a browser who let no other method through
        method = request.headers.get("x-http-method-override", method).upper()
    return await _answered(request, _DOORS.get(method, _no_such_method))


async def _answered(request: Request, door: Door) -> Response:
    """What every answer of an upload has: who may read it in a browser, the version of tus, no place in a cache."""
    runtime: Runtime = request.app.state.runtime
    origins = Origins.of(runtime.settings)
    try:
        origins.check(request)
        _check_version(request)
        response = await (_offered if request.method == "OPTIONS" else door)(request)
    except BrokenOff as error:
        response = problem(upload_bodies.told(error), request, request.state.request_id)
    except DomainError as error:
        await upload_bodies.linger(request)
        response = problem(error, request, request.state.request_id)
        if isinstance(error, OffsetMismatch):
            response.headers["Upload-Offset"] = str(error.offset)
    except Exception as error:
        known = away(error)
        if known is None:
            raise
        response = problem(known, request, request.state.request_id)
    if response.status_code >= 400:
        # what of the body was not read is not read on, however much the client would send
        response.headers["Connection"] = "close"
    response.headers["Tus-Resumable"] = response.headers["Tus-Version"] = TUS
    response.headers["Cache-Control"] = "no-store"
    origins.stamp(request, response, shown=TOLD)
    return response


def _check_version(request: Request, *, given: str = TUS) -> None:
    """UnsupportedTus for another version; `given` is what a request without one means."""
    if request.headers.get("tus-resumable", given) != TUS:
        raise UnsupportedTus(f"Send Tus-Resumable: {TUS}, the version that is spoken here.")


# --- what is offered


async def _offered(request: Request) -> Response:
    """OPTIONS: what a browser may do here, and what tus can."""
    limits = FileLimits.of(request.app.state.runtime.settings)
    response = preflight(request, methods=METHODS) if is_preflight(request) else Response(status_code=204)
    response.headers["Tus-Extension"] = EXTENSIONS
    response.headers["Tus-Max-Size"] = str(limits.largest)
    response.headers["Tus-Checksum-Algorithm"] = ",".join(upload_headers.ALGORITHMS)
    return response


async def _no_such_method(_request: Request) -> Response:
    raise BadUploadHeader("X-HTTP-Method-Override: PATCH or DELETE.")


# --- beginning


async def _add(request: Request) -> Response:
    """POST or PUT /assets: the body is the file."""
    only(request, *ASKED)
    _check_body(request)
    length = upload_headers.announced_length(request)
    if length == 0:
        raise EmptyFile(EMPTY)
    said: dict[str, Any] = dict(request.query_params)
    announcement = Announcement(
        file_name=said.get("fileName", ""),
        byte_count=length,
        media_type=request.headers.get("content-type"),
        sha256=upload_headers.digest(request),
        labels=_labels(said, request.query_params.getlist("tag")),
    )
    with request.app.state.upload_places.taken():
        upload = await _begun(request, said.get("creator"), announcement)
        if upload.state is UploadState.RECEIVING:
            try:
                await _receiver(request).replace(upload.uid, upload_bodies.chunks(request))
            except BaseException:
                # nobody was told its address: nobody would go on
                await _give_up(request, upload.uid)
                raise
    return await _outcome(request, upload.uid)


async def _begin(request: Request) -> Response:
    """POST /assets over tus: an upload, perhaps with its first bytes."""
    said = upload_headers.metadata(request)
    for name in ("Upload-Defer-Length", "Upload-Concat"):
        if name in request.headers:
            raise BadUploadHeader(f"{name} is not offered here: send Upload-Length with the whole size.")
    announcement = Announcement(
        file_name=said.get("filename") or said.get("fileName") or said.get("name") or "",
        byte_count=upload_headers.whole_number(request, "Upload-Length"),
        media_type=said.get("filetype") or said.get("type"),
        labels=_labels(said, [one.strip() for one in said.get("tags", "").split(",") if one.strip()]),
    )
    upload = await _begun(request, said.get("creator"), announcement)
    headers = {"Location": await upload_answers.address(request, upload.uid), "Upload-Offset": "0"}
    if request.headers.get("content-type", "").lower() == PIECE_TYPE:
        upload = await _receive(request, upload, 0)
        headers["Upload-Offset"] = str(upload.received_count)
    if upload.state is UploadState.RECEIVING:
        headers["Upload-Expires"] = upload_headers.expires(upload)
    return Response(status_code=201, headers=headers)


async def _begun(request: Request, creator: str | None, announcement: Announcement) -> models.AssetUpload:
    runtime: Runtime = request.app.state.runtime
    caller = await caller_from(request.headers, runtime)
    async with runtime.db.session() as session:
        return await uploading.begin(
            session,
            caller,
            await _creator_uid(session, caller, creator) if creator else None,
            announcement,
            store=runtime.store,
            limits=FileLimits.of(runtime.settings),
            hours=runtime.settings.upload_hours,
            clock=runtime.clock,
        )


async def _creator_uid(session: Any, caller: Caller, named: str) -> UUID:
    """A creator by its global id, or by its handle."""
    try:
        kind, uid = parse_global_id(named)
    except MalformedId:
        found = (await creators.by_handles(session, caller, [named[:200]])).get(named)
        if found is None:
            raise access.NoSuchCreator("There is no such creator, or you may not see it.", path=("creator",)) from None
        return found.uid
    if kind != "Creator":
        raise BadParameter("creator takes the id or the handle of a creator.", path=("creator",))
    return uid


def _labels(said: Mapping[str, str], tags: list[str]) -> Labels:
    return Labels(
        **{"origin" if part == "source" else _snake(part): said.get(part, "") for part in WORDS},
        folder_uid=_folder_uid(said["folder"]) if said.get("folder") else None,
        tags=tuple(tags),
        expires_at=_instant(said["expiresAt"]) if said.get("expiresAt") else None,
    )


def _snake(name: str) -> str:
    return "alternative_text" if name == "alternativeText" else name


def _folder_uid(text: str) -> UUID:
    kind, uid = parse_global_id(text)
    if kind != "AssetFolder":
        raise BadParameter("folder takes the id of a folder.", path=("folder",))
    return uid


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise BadParameter(
            "expiresAt takes an instant with its zone, such as 2027-01-31T00:00:00Z.", path=("expiresAt",)
        )
    return instant


# --- at the address of an upload


async def _state(request: Request) -> Response:
    """GET: how far it is. HEAD, over tus: from where to go on."""
    upload = await _opened(request)
    if request.method == "GET":
        return await upload_answers.told(request, upload, 200)
    if upload.state is UploadState.RECEIVING and is_complete(upload):
        # whoever received the last byte was killed over it
        upload = await _receiver(request).finish(upload.uid)
    if upload.state is UploadState.REFUSED:
        raise error_of(upload.failure or "")
    headers = {"Upload-Offset": str(upload.received_count)}
    if upload.byte_count is not None:
        headers["Upload-Length"] = str(upload.byte_count)
    if upload.state is UploadState.RECEIVING:
        headers["Upload-Expires"] = upload_headers.expires(upload)
    return Response(status_code=200, headers=headers)


async def _append(request: Request) -> Response:
    """PATCH: bytes from where the last ones ended."""
    _check_version(request, given="none")
    if request.headers.get("content-type", "").lower() != PIECE_TYPE:
        raise SendTheBytes(f"Send Content-Type: {PIECE_TYPE}.")
    upload = await _opened(request)
    upload = await _receive(request, upload, upload_headers.whole_number(request, "Upload-Offset"))
    headers = {"Upload-Offset": str(upload.received_count)}
    if upload.state is UploadState.RECEIVING:
        headers["Upload-Expires"] = upload_headers.expires(upload)
    return Response(status_code=204, headers=headers)


async def _receive(request: Request, upload: models.AssetUpload, offset: int) -> models.AssetUpload:
    length = upload_headers.announced_length(request)
    if length == 0 and offset == upload.received_count and upload.state is not UploadState.REFUSED:
        return upload  # asked again after the last byte, whose answer was lost
    if length is not None and upload.byte_count is not None and offset + length > upload.byte_count:
        raise LongerThanAnnounced(f"The file was announced with {upload.byte_count} bytes: send no more.")
    checksum = upload_headers.checksum(request)
    with request.app.state.upload_places.taken():
        return await _receiver(request).receive(upload.uid, offset, upload_bodies.chunks(request), checksum=checksum)


async def _put(request: Request) -> Response:
    """PUT: the whole file in one request."""
    _check_body(request)
    if upload_headers.announced_length(request) == 0:
        raise EmptyFile(EMPTY)
    sha256 = upload_headers.digest(request)
    upload = await _opened(request)
    with request.app.state.upload_places.taken():
        await _receiver(request).replace(upload.uid, upload_bodies.chunks(request), sha256=sha256)
    return await _outcome(request, upload.uid)


async def _remove(request: Request) -> Response:
    """DELETE: given up, and what had arrived is dropped."""
    upload = await _opened(request)
    runtime: Runtime = request.app.state.runtime
    async with runtime.db.session() as session:
        await uploading.give_up(session, upload.uid, store=runtime.store, clock=runtime.clock)
    return Response(status_code=204)


_DOORS: dict[str, Door] = {"GET": _state, "HEAD": _state, "PATCH": _append, "PUT": _put, "DELETE": _remove}


# --- shared


def _receiver(request: Request) -> Receiver:
    runtime: Runtime = request.app.state.runtime
    return Receiver.of(runtime.db, runtime.store, runtime.settings, runtime.clock)


async def _opened(request: Request) -> models.AssetUpload:
    """The upload of this address; NoSuchUpload, UploadExpired."""
    runtime: Runtime = request.app.state.runtime
    async with runtime.db.session() as session:
        uid = uploading.uid_of(await signatures.secret_of(session), request.path_params["token"])
    return await _receiver(request).joining.opened(uid)


async def _give_up(request: Request, uid: UUID) -> None:
    runtime: Runtime = request.app.state.runtime
    async with runtime.db.session() as session:
        upload = await uploading.locked(session, uid)
        if upload.state in uploading.OPEN:
            await uploading.give_up(session, uid, store=runtime.store, clock=runtime.clock)


def _check_body(request: Request) -> None:
    """SendTheBytes for a body that is not the file itself."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in FORMS:
        raise SendTheBytes("Send the bytes of the file as the body, with its own Content-Type: not a form.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise SendTheBytes("Send the bytes of the file as they are: without Content-Encoding.")


async def _outcome(request: Request, uid: UUID) -> Response:
    """201 with the asset once it was looked at, 202 when that takes longer; a problem when it is refused."""
    runtime: Runtime = request.app.state.runtime
    upload = await uploading.waited(runtime.db, uid, seconds=upload_headers.wait(request, PATIENCE_SECONDS))
    if upload.state is UploadState.REFUSED:
        raise error_of(upload.failure or "")
    return await upload_answers.told(request, upload, 201 if upload.state is UploadState.READY else 202)


routes = [
    Route("/assets", adding, methods=["POST", "PUT", "OPTIONS"]),
    Route("/uploads/{token}", sending, methods=["GET", "HEAD", "PATCH", "PUT", "DELETE", "POST", "OPTIONS"]),
]
