"""Files as HTTP answers: tags, parts by range, names, and headers that let no browser run what it gets (RFC 9110, 6266)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.reading import matches, problem
from core.errors import DomainError
from core.store import Store

PIECE = 1 << 17
"""Bytes that are read and handed on at once: what a slow client keeps in memory."""

SAFE = {
    "Accept-Ranges": "bytes",
    # whatever a browser takes it for, it runs nothing; the style is that of browsers for films and pictures on their own
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
TEXTS = ("text/vtt", "application/x-subrip")

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f"\\/:]+')


class RangeNotSatisfiable(DomainError):  # noqa: N818  (named after what happened)
    """What is asked for begins behind the end of the file."""

    code = "RANGE_NOT_SATISFIABLE"
    status = 416


@dataclass(frozen=True, slots=True)
class Sent:
    """A file to send: where it lies, what it is, how long, the tag of exactly these bytes, under which name."""

    key: str
    media_type: str
    byte_count: int
    tag: str
    file_name: str


async def answer(request: Request, store: Store, sent: Sent, headers: Mapping[str, str]) -> Response:
    """The file or the part that is asked for, 304 when the client has it; core.store.NothingThere. HEAD gets headers alone."""
    common = {"ETag": sent.tag, **SAFE, **headers}
    if matches(request.headers.getlist("if-none-match"), sent.tag):
        return Response(status_code=304, headers=common)
    common |= {"Content-Type": _content_type(sent.media_type), "Content-Disposition": disposition(sent.file_name)}
    part = _part(request, sent) if request.method == "GET" else None
    if part is None:
        start, end, status = 0, sent.byte_count, 200
    elif part[0] >= part[1]:
        return _unsatisfiable(request, sent)
    else:
        (start, end), status = part, 206
        common["Content-Range"] = f"bytes {start}-{end - 1}/{sent.byte_count}"
    common["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=200, headers=common)
    return StreamingResponse(await _begun(store, sent.key, start, None if part is None else end), status, common)


def disposition(name: str) -> str:
    """Shown in place, saved under its name: the plain form for old clients, the exact one in UTF-8 (RFC 8187)."""
    cleaned = _UNSAFE.sub("_", name).strip(" .")[:200]
    if not cleaned:
        return "inline"
    plain = cleaned.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    exact = "" if plain == cleaned else f"; filename*=UTF-8''{quote(cleaned, safe='')}"
    return f'inline; filename="{plain}"{exact}'


def _content_type(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type in TEXTS else media_type


def _part(request: Request, sent: Sent) -> tuple[int, int] | None:
    """From where up to before where; an empty part when nothing of the file is asked for. None for all of it: that is also
    the answer to several parts at once, to what is no range, and to who has parts of other bytes.
    """
    asked = request.headers.getlist("range")
    form = _RANGE.fullmatch(asked[0].replace(" ", "")) if len(asked) == 1 else None
    if form is None or request.headers.get("if-range", sent.tag) != sent.tag:
        return None
    first, last, suffix = form.groups()
    if suffix is not None:
        return (max(0, sent.byte_count - int(suffix)), sent.byte_count) if int(suffix) else (0, 0)
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1 if last else sent.byte_count, sent.byte_count)


def _unsatisfiable(request: Request, sent: Sent) -> Response:
    error = RangeNotSatisfiable(f"This file has {sent.byte_count} bytes: ask for some of them.")
    response = problem(error, request, request.state.request_id)
    response.headers["Content-Range"] = f"bytes */{sent.byte_count}"
    return response


async def _begun(store: Store, key: str, start: int, end: int | None) -> AsyncIterator[bytes]:
    """The bytes, of which the first are there: what is not in the store shows before the answer begins."""
    pieces = store.stream(key, start, end, piece=PIECE)
    first = await anext(pieces, b"")

    async def whole() -> AsyncIterator[bytes]:
        async with aclosing(pieces) as rest:  # type: ignore[type-var]  # it is a generator
            yield first
            async for piece in rest:
                yield piece

    return whole()
