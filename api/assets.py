"""GET /assets/{uid} and /assets/{uid}/{width}x{height}-{fit}.{format}: files that we hold, and renditions made of them.

They are there while something visible shows the asset, for whoever may see it before that, and for who has a preview or a
signed address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api import files
from api.reading import cache_control, only
from core.errors import NotFound
from core.store import NothingThere
from services import access, assets, homepages
from services.assets import renditions, signing, sizes
from services.assets.renditions import Maker
from services.media.recipes import MEDIA_TYPES, Fit, Format, Recipe
from services.runtime import Runtime

log = structlog.get_logger()

NAME = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})-(cover|inside)\.(auto|webp|avif|jpeg|png|mp4)")
FORM = "A rendition is called {width}x{height}-{fit}.{format}: cover or inside; auto, webp, avif, jpeg, png, or mp4 of films."

PREFERRED = (Format.AVIF, Format.WEBP)
"""What `auto` answers with, to those who name it: the smallest first."""


OPENERS = ("preview", "signed")
"""The parameters that open what is not shown to everybody: the token of a homepage's preview, and that of a signed address."""

QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


class NoSuchRendition(NotFound):
    code = "NO_SUCH_RENDITION"


@dataclass(frozen=True, slots=True)
class Asked:
    """A rendition by its address; `written_as` None leaves the format to what the client accepts."""

    width: int
    height: int
    fit: Fit
    written_as: Format | None

    @classmethod
    def read(cls, name: str) -> Asked:
        form = NAME.fullmatch(name)
        if form is None:
            raise NoSuchRendition(FORM)
        width, height, fit, written_as = form.groups()
        return cls(int(width), int(height), Fit(fit), None if written_as == "auto" else Format(written_as))


async def original(request: Request) -> Response:
    runtime: Runtime = request.app.state.runtime
    async with runtime.db.session() as session:
        found = await _shown(request, session)
        file = await assets.file_of(session, found)
    return await _answer(request, found, file, found.asset.file_name, {})


async def rendition(request: Request) -> Response:
    runtime: Runtime = request.app.state.runtime
    maker: Maker = request.app.state.renditions
    async with runtime.db.session() as session:
        found = await _shown(request, session)
        asked = Asked.read(request.path_params["name"])
        written_as = asked.written_as or _negotiated(request, found)
        recipe = renditions.recipe_for(found.asset, asked.width, asked.height, asked.fit, written_as)
        if recipe is None:
            raise NoSuchRendition(FORM)
        row = await renditions.made(session, found.blob.sha256, recipe.name)
        if row is None:
            # what was made once is given out as long as it is kept; nothing else is made than what is offered
            (await sizes.offered(session, runtime.settings.rendition_sizes)).check(asked.width, asked.height)
    if row is None:
        row = await maker.make(found.blob.sha256, recipe)
    headers = {"Vary": "Accept"} if asked.written_as is None else {}
    return await _answer(request, found, assets.made_file(row), _renamed(found, recipe), headers)


async def _shown(request: Request, session: AsyncSession) -> assets.Shown:
    """The asset of the address, for who asks and with what they were given."""
    runtime: Runtime = request.app.state.runtime
    try:
        uid = UUID(request.path_params["uid"])
    except ValueError as error:
        raise assets.NoSuchAsset("There is no such asset.") from error
    only(request, *OPENERS)
    preview, signed = (request.query_params.get(name) for name in OPENERS)
    caller, clock, page_id = request.state.caller, runtime.clock, None
    if preview is not None:
        page_id = (await homepages.previewed(session, caller, preview, clock=clock)).id
    if signed is not None:
        await signing.check(session, signed, uid, clock=clock)
    opening = assets.Opening(page_id, is_signed=signed is not None)
    return await assets.shown(session, caller, uid, now=clock.now(), opening=opening)


async def _answer(
    request: Request, found: assets.Shown, file: assets.File, name: str, headers: dict[str, str]
) -> Response:
    runtime: Runtime = request.app.state.runtime
    # what is opened for one is not kept for all, though all may see it by another address
    is_public = found.is_public and not any(opener in request.query_params for opener in OPENERS)
    age = found.seconds_left(runtime.clock.now(), runtime.settings.asset_max_age) if is_public else 0
    headers = {"Cache-Control": cache_control(age, is_private=not is_public)} | headers
    if is_public:
        headers["Access-Control-Allow-Origin"] = "*"
    else:
        headers["Vary"] = ", ".join(filter(None, (headers.get("Vary"), "Authorization, Headwater-On-Behalf-Of")))
    # what a file was called is told to whoever may use it, here as in GraphQL: it may say who is on it
    if is_public or not access.may_look_into_asset(request.state.caller, found.asset.creator_id):
        name = ""
    sent = files.Sent(file.key, file.media_type, file.byte_count, f'"{file.digest[:32]}"', name)
    try:
        return await files.answer(request, runtime.store, sent, headers)
    except NothingThere as error:
        log.error("asset.bytes_missing", asset=str(found.asset.uid), key=file.key)  # noqa: TRY400  (the key says it all)
        raise assets.NoSuchAsset("The bytes of this asset are not in the store.") from error


def _negotiated(request: Request, found: assets.Shown) -> Format:
    """The picture's format by Accept: AVIF or WebP only for those who name it, since `*/*` is said by clients of any age."""
    plain = Format.PNG if found.blob.facts.get("has_transparency") else Format.JPEG
    weights = _weights(",".join(request.headers.getlist("accept")))
    named = {f: weights.get(MEDIA_TYPES[f], 0.0) for f in PREFERRED}
    general = [weights[name] for name in (MEDIA_TYPES[plain], "image/*", "*/*") if name in weights]
    # somebody who accepts nothing that there is gets what everything can show
    named[plain] = general[0] if general else 0.001
    return max(named, key=lambda written_as: named[written_as])


def _weights(accept: str) -> dict[str, float]:
    """Media types by how much they are wanted (RFC 9110 §12.5.1); what cannot be read counts as wanted."""
    weights = {}
    for item in accept.lower().split(",")[:50]:
        name, *parameters = (part.strip() for part in item.split(";"))
        given = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        weights[name] = float(given) if QUALITY.fullmatch(given) else 1.0
    return weights


def _renamed(found: assets.Shown, recipe: Recipe) -> str:
    """The name of a rendition on somebody's disk: that of the file, with its size and its own ending."""
    stem = found.asset.file_name.rpartition(".")[0] or found.asset.file_name or "picture"
    return f"{stem}-{recipe.width}x{recipe.height}.{recipe.format}"


routes = [Route("/assets/{uid}", original), Route("/assets/{uid}/{name}", rendition)]
