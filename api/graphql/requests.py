"""What a GraphQL request looks like on the wire, checked before anything else looks at it: type, size, UTF-8, JSON shape."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request

from core.errors import Invalid

DEEPEST_VARIABLES = 50
MOST_VALUES = 10_000
LONGEST_NAME = 200


class BadRequest(Invalid):
    """The request cannot be understood; `status` says how."""

    def __init__(self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        # one class, a code and a status for each thing that can be wrong
        self.status = status  # type: ignore[misc]
        self.code = code  # type: ignore[misc]
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    query: str
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)
    is_get: bool = False


async def read(request: Request, body_limit: int) -> GraphQLRequest:
    """The request inside an HTTP request; BadRequest names what is wrong with it."""
    if request.method == "GET":
        return _from_query(request)
    if request.method == "POST":
        _check_type(request)
        return _from_json(await _body(request, body_limit))
    raise BadRequest(405, "METHOD_NOT_ALLOWED", "GraphQL is asked by POST or GET.", headers={"allow": "GET, POST"})


def _check_type(request: Request) -> None:
    kind, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    if kind != "application/json":
        raise BadRequest(415, "UNSUPPORTED_MEDIA_TYPE", "Send the request as Content-Type: application/json.")
    charset = next((one.partition("=")[2].strip("\"' ") for one in parameters if one.startswith("charset=")), "utf-8")
    if charset not in {"utf-8", "utf8"}:
        raise BadRequest(415, "UNSUPPORTED_CHARSET", "JSON is UTF-8: leave the charset out, or name utf-8.")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise BadRequest(415, "UNSUPPORTED_ENCODING", "Compressed requests are not read: send the JSON as it is.")


async def _body(request: Request, limit: int) -> bytes:
    too_large = BadRequest(413, "BODY_TOO_LARGE", f"A request holds at most {limit} bytes.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > limit):
        raise too_large
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise too_large
        parts.append(part)
    return b"".join(parts)


def _from_json(body: bytes) -> GraphQLRequest:
    given = _parsed(body, "body")
    if not isinstance(given, dict):
        what = "a list: requests are not batched" if isinstance(given, list) else "no object"
        raise BadRequest(400, "BAD_REQUEST_SHAPE", f"The body is {what}. Send one JSON object with a query.")
    return _request(given, is_get=False)


def _from_query(request: Request) -> GraphQLRequest:
    given: dict[str, Any] = {}
    pairs = request.query_params
    for name in ("query", "operationName"):
        if name in pairs:
            given[name] = pairs[name]
    for name in ("variables", "extensions"):
        if pairs.get(name):
            given[name] = _parsed(pairs[name].encode(errors="surrogateescape"), name)
    return _request(given, is_get=True)


def _parsed(text: bytes, where: str) -> Any:
    # orjson refuses what breaks others later: bad UTF-8, lone surrogates, infinities, nesting beyond 1,024
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(400, "NOT_JSON", f"The {where} is not valid JSON: {error}.") from error


def _request(given: dict[str, Any], *, is_get: bool) -> GraphQLRequest:
    query = given.get("query")
    name = given.get("operationName")
    if query is None:
        raise BadRequest(400, "QUERY_MISSING", "Send the document in `query`.")
    if not isinstance(query, str) or not query.strip():
        raise BadRequest(400, "BAD_REQUEST_SHAPE", "`query` is a text and not empty.")
    if name is not None and (not isinstance(name, str) or len(name) > LONGEST_NAME):
        raise BadRequest(400, "BAD_REQUEST_SHAPE", "`operationName` is a short text or null.")
    variables, extensions = (_object(given, part) for part in ("variables", "extensions"))
    _check_values(variables)
    return GraphQLRequest(query, name or None, variables, extensions, is_get)


def _object(given: dict[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(400, "BAD_REQUEST_SHAPE", f"`{name}` is a JSON object or null.")
    return value


def _check_values(variables: dict[str, Any]) -> None:
    """Bounded in number and depth, and without NULs, which PostgreSQL cannot hold."""
    stack: list[tuple[Any, int]] = [(variables, 0)]
    count = 0
    while stack:
        value, depth = stack.pop()
        count += 1
        if depth > DEEPEST_VARIABLES:
            raise BadRequest(400, "VARIABLES_TOO_DEEP", f"Variables are nested at most {DEEPEST_VARIABLES} deep.")
        if count > MOST_VALUES:
            raise BadRequest(400, "TOO_MANY_VALUES", f"Variables hold at most {MOST_VALUES} values.")
        if isinstance(value, str) and "\0" in value:
            raise BadRequest(400, "INVALID_CHARACTER", "A text holds the character U+0000; remove it.")
        if isinstance(value, dict):
            stack.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            stack.extend((item, depth + 1) for item in value)
