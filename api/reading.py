"""What the plain HTTP doors share: query parameters read strictly, answers with a strong ETag, problems as RFC 9457."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import orjson
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api import languages, messages
from core.db import DatabaseAway, is_away
from core.errors import DomainError, Invalid, Unavailable
from core.settings import Settings

ZIPPED_FROM = 1_000
"""The size in bytes from which answers are sent compressed to those who can read it."""

FILES = "/assets/"
"""Where answers are files, sent as they are."""


class BadParameter(Invalid):
    """A query parameter is not of its form or out of its range."""

    code = "BAD_PARAMETER"


class UrlTooLong(Invalid):
    code = "URL_TOO_LONG"
    status = 414


class HeadersTooLarge(Invalid):
    code = "HEADERS_TOO_LARGE"
    status = 431


def only(request: Request, *known: str) -> None:
    """Refuse parameters that nobody reads: a slip of the pen in `after` must not answer something else."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise BadParameter(
            f"There is no parameter {unknown[0][:40]!r} here: use {', '.join(known)}.", path=(unknown[0],)
        )


def integer(request: Request, name: str, default: int, *, least: int, most: int) -> int:
    """A whole number from the query, within its bounds."""
    given = request.query_params.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdecimal() or len(given) > 9 or not least <= int(given) <= most:
        raise BadParameter(f"{name} must be a whole number from {least} to {most}.", path=(name,))
    return int(given)


def answer(request: Request, body: bytes, media_type: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """200 with a strong ETag over the bytes, or 304 when the client has them. HEAD gets the headers alone."""
    age = request.app.state.runtime.settings.cache_max_age
    common = {
        "Cache-Control": cache_control(age, is_private="authorization" in request.headers),
        "Vary": "Authorization, Accept, Headwater-On-Behalf-Of",
        **(headers or {}),
    }
    return tagged(request, body, media_type, common)


def cache_control(age: int, *, is_private: bool) -> str:
    """For how many seconds an answer may be used unasked, and whether by others than who asked; 0: ask each time."""
    return f"{'private' if is_private else 'public'}, {f'max-age={age}' if age else 'no-cache'}"


def tagged(request: Request, body: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
    """These bytes with a strong ETag, or 304 with these headers when the client has them."""
    # compressed or of another type, it is another representation: a strong tag may not stand for both
    is_zippable = _is_zippable(body, media_type)
    coding = "-gzip" if is_zippable and takes_gzip(request.headers.get("accept-encoding", "")) else ""
    tag = f'"{hashlib.sha256(media_type.encode() + body).hexdigest()[:32]}{coding}"'
    common = {"ETag": tag, **headers}
    if matches(request.headers.getlist("if-none-match"), tag):
        response = Response(status_code=304, headers=common)
        if is_zippable:
            response.headers.add_vary_header("Accept-Encoding")  # as the middleware does for the body
        return response
    return Response(body, media_type=media_type, headers=common)


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client that sends this Accept-Encoding reads gzip: named without `q=0`, or by `*`."""
    weights = {}
    for item in accept_encoding.lower().split(","):
        name, _, quality = (part.strip() for part in item.partition(";"))
        weights[name] = quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


class Zipped(GZipMiddleware):
    """Compresses for those who ask for it; the framework's own looks for the word alone, and misses a `gzip;q=0`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(FILES):
            # parts of files are asked for by their places, and their tags name these bytes
            await self.app(scope, receive, send)
            return
        if scope["type"] == "http":
            given = ", ".join(Headers(scope=scope).getlist("accept-encoding"))
            kept = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            said = b"gzip" if takes_gzip(given) else b"identity"
            scope = {**scope, "headers": [*kept, (b"accept-encoding", said)]}
        await super().__call__(scope, receive, send)


def _is_zippable(body: bytes, media_type: str) -> bool:
    """Whether the middleware compresses this answer for those who can read it: decided as it decides."""
    kind = media_type.partition(";")[0]
    excluded = {kind, kind.partition("/")[0] + "/*"} & set(DEFAULT_EXCLUDED_CONTENT_TYPES)
    return len(body) >= ZIPPED_FROM and not excluded


def matches(conditions: list[str], tag: str) -> bool:
    """If-None-Match compares weakly (RFC 9110 §13.1.2); it may come in several lines."""
    listed = [each.strip().removeprefix("W/") for condition in conditions for each in condition.split(",")]
    return "*" in listed or tag in listed


def check_size(request: Request, settings: Settings) -> None:
    """UrlTooLong or HeadersTooLarge where there is more than a request may carry."""
    url = len(request.scope.get("raw_path") or request.scope["path"]) + len(request.scope.get("query_string", b""))
    if url > settings.url_limit:
        raise UrlTooLong(f"An address holds at most {settings.url_limit} bytes: ask GraphQL by POST.")
    if sum(len(name) + len(value) for name, value in request.headers.raw) > settings.header_limit:
        raise HeadersTooLarge(f"The headers of a request hold at most {settings.header_limit} bytes together.")


def away(error: Exception) -> DatabaseAway | None:
    """What the database could not do in time, as callers are told it; None for any other accident."""
    if isinstance(error, PoolTimeout | OSError) or (isinstance(error, DBAPIError) and is_away(error)):
        return DatabaseAway("The database did not answer in time; try again shortly.")
    return None


def problem(error: DomainError, request: HTTPConnection, request_id: str) -> Response:
    """An expected failure as problem details (RFC 9457), in the language of who asks."""
    wanted = languages.accepted(request.headers.get("accept-language"))
    details = {
        "type": "about:blank",
        "title": error.code.replace("_", " ").capitalize(),
        "status": error.status,
        "code": error.code,
        "detail": messages.told(error.code, error.message, wanted),
        "request_id": request_id,
    }
    headers = {
        "Cache-Control": "no-store",
        "Content-Language": messages.spoken(wanted),
        "Vary": "Accept-Language",
    }
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status == 503:
        headers["Retry-After"] = str(error.retry_after if isinstance(error, Unavailable) else Unavailable.retry_after)
    return Response(orjson.dumps(details), error.status, headers, "application/problem+json")
