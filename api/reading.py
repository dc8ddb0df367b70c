"""What the plain HTTP doors share: query parameters read strictly, answers with a strong ETag, problems as RFC 9457."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import orjson
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES
from starlette.requests import Request
from starlette.responses import Response

from core.errors import DomainError, Invalid

ZIPPED_FROM = 1_000
"""The size in bytes from which answers are sent compressed to those who can read it."""


class BadParameter(Invalid):
    """A query parameter is not of its form or out of its range."""

    code = "BAD_PARAMETER"


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
    settings = request.app.state.runtime.settings
    # compressed, it is another representation: a strong tag may not stand for both
    is_zippable = _is_zippable(body, media_type)
    coding = "-gzip" if is_zippable and "gzip" in request.headers.get("accept-encoding", "") else ""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}{coding}"'
    private = "authorization" in request.headers
    age = settings.cache_max_age
    fresh = f"max-age={age}" if age else "no-cache"
    common = {
        "ETag": tag,
        "Cache-Control": f"{'private' if private else 'public'}, {fresh}",
        "Vary": "Authorization, Accept",
        **(headers or {}),
    }
    if _matches(request.headers.getlist("if-none-match"), tag):
        response = Response(status_code=304, headers=common)
        if is_zippable:
            response.headers.add_vary_header("Accept-Encoding")  # as the middleware does for the body
        return response
    return Response(body, media_type=media_type, headers=common)


def _is_zippable(body: bytes, media_type: str) -> bool:
    """Whether the middleware compresses this answer for those who can read it: decided as it decides."""
    kind = media_type.partition(";")[0]
    excluded = {kind, kind.partition("/")[0] + "/*"} & set(DEFAULT_EXCLUDED_CONTENT_TYPES)
    return len(body) >= ZIPPED_FROM and not excluded


def _matches(conditions: list[str], tag: str) -> bool:
    """If-None-Match compares weakly (RFC 9110 §13.1.2); it may come in several lines."""
    listed = [each.strip().removeprefix("W/") for condition in conditions for each in condition.split(",")]
    return "*" in listed or tag in listed


def problem(error: DomainError, request_id: str) -> Response:
    """An expected failure as problem details (RFC 9457)."""
    details = {
        "type": "about:blank",
        "title": error.code.replace("_", " ").capitalize(),
        "status": error.status,
        "code": error.code,
        "detail": error.message,
        "request_id": request_id,
    }
    headers = {"Cache-Control": "no-store"}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status == 503:
        headers["Retry-After"] = "2"
    return Response(orjson.dumps(details), error.status, headers, "application/problem+json")
