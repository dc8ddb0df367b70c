"""What a GraphQL request looks like on the wire, checked before anything else looks at it: type, size, UTF-8, JSON shape."""

import codecs
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from core.errors import Invalid
from core.settings import Settings
from services import documents

LONGEST_NAME = 200
MOST_PARAMETERS = 100
PARAMETERS = ("query", "documentId", "operationName", "variables", "extensions")
SHA256 = re.compile(r"[0-9a-fA-F]{64}")


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
    """`document_id` and `persisted` are SHA-256 digests: of a document that is asked for by its id, and of one that
    Apollo's extension names. With either, `query` may be empty. `value_count` is how many values the variables hold.
    """

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)
    is_get: bool = False
    document_id: bytes | None = None
    persisted: bytes | None = None
    value_count: int = 0


async def read(request: Request, settings: Settings) -> GraphQLRequest:
    """The request inside an HTTP request; BadRequest names what is wrong with it."""
    if request.method in {"GET", "HEAD"}:
        return _request(_from_query(request), settings, is_get=True)
    if request.method == "POST":
        _check_type(request)
        return _request(_from_json(await _body(request, settings.body_limit)), settings, is_get=False)
    allowed = {"allow": "GET, HEAD, POST"}
    raise BadRequest(405, "METHOD_NOT_ALLOWED", "GraphQL is asked by POST or GET.", headers=allowed)


def of_payload(given: dict[str, Any], settings: Settings) -> GraphQLRequest:
    """The request inside a message that was read already; BadRequest names what is wrong with it."""
    return _request(given, settings, is_get=False)


def _check_type(request: Request) -> None:
    lines = request.headers.getlist("content-type")
    kind, *parameters = (part.strip().lower() for part in (lines[0] if len(lines) == 1 else "").split(";"))
    if kind != "application/json":
        # no page can send this type across origins unasked, as it can a form
        raise BadRequest(415, "UNSUPPORTED_MEDIA_TYPE", "Send the request as Content-Type: application/json.")
    charset = next((one.partition("=")[2].strip("\"' ") for one in parameters if one.startswith("charset")), "utf-8")
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


def _from_json(body: bytes) -> dict[str, Any]:
    # RFC 8259 §8.1 lets a reader ignore a byte order mark that nobody should have sent
    given = _parsed(body.removeprefix(codecs.BOM_UTF8), "body")
    if not isinstance(given, dict):
        what = "a list: requests are not batched" if isinstance(given, list) else "no object"
        raise BadRequest(400, "BAD_REQUEST_SHAPE", f"The body is {what}. Send one JSON object with a query.")
    return given


def _from_query(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, text in _pairs(request.scope.get("query_string", b"")):
        if name not in PARAMETERS:
            continue
        if name in given:
            raise BadRequest(400, "PARAMETER_TWICE", f"`{name}` stands twice in the address: which one counts?")
        given[name] = text
    for name in ("variables", "extensions"):
        given[name] = _parsed(given[name].encode(), name) if given.get(name) else None
    return given


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        # strictly: a character that is put in place of a broken one would be another question
        return parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
        )
    except UnicodeError as error:
        raise BadRequest(400, "NOT_UTF8", "The address is not percent-encoded UTF-8.") from error
    except ValueError as error:
        message = f"An address holds at most {MOST_PARAMETERS} parameters."
        raise BadRequest(400, "BAD_REQUEST_SHAPE", message) from error


def _parsed(text: bytes, where: str) -> Any:
    # orjson refuses what breaks others later: bad UTF-8, lone surrogates, infinities, nesting beyond 1,024
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        said = f"not valid JSON: {error}" if _is_utf8(text) else "not UTF-8"
        raise BadRequest(400, "NOT_JSON", f"The {where} is {said}.") from error


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _request(given: dict[str, Any], settings: Settings, *, is_get: bool) -> GraphQLRequest:
    query, name = given.get("query"), given.get("operationName")
    variables, extensions = (_object(given, part) for part in ("variables", "extensions"))
    document_id = _document_id(given.get("documentId"))
    persisted = None if document_id else _persisted(extensions.get("persistedQuery"))
    if query is not None and not isinstance(query, str):
        raise BadRequest(400, "BAD_REQUEST_SHAPE", "`query` is a text.")
    if document_id and query is not None:
        raise BadRequest(400, "BAD_REQUEST_SHAPE", "Send the document in `query` or its id in `documentId`, not both.")
    if query is None and not document_id and not persisted:
        raise BadRequest(400, "QUERY_MISSING", "Send the document in `query`, or its id in `documentId`.")
    if name is not None and (not isinstance(name, str) or len(name) > LONGEST_NAME):
        raise BadRequest(400, "BAD_REQUEST_SHAPE", "`operationName` is a short text or null.")
    most, deepest = settings.graphql_variable_values, settings.graphql_variable_depth
    count = _check_values(variables, most, deepest)
    _check_values(extensions, most, deepest)
    return GraphQLRequest(query or "", name or None, variables, extensions, is_get, document_id, persisted, count)


def _object(given: dict[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(400, "BAD_REQUEST_SHAPE", f"`{name}` is a JSON object or null.")
    return value


def _document_id(given: Any) -> bytes | None:
    if given is None:
        return None
    try:
        return documents.digest_of(given)
    except documents.MalformedDocumentId as error:
        raise BadRequest(400, error.code, error.message) from error


def _persisted(given: Any) -> bytes | None:
    """The digest in Apollo's extension, of whose protocol there is one version."""
    if given is None:
        return None
    digest = given.get("sha256Hash") if isinstance(given, dict) and given.get("version") == 1 else None
    if not isinstance(digest, str) or not SHA256.fullmatch(digest):
        message = "`extensions.persistedQuery` is {version: 1, sha256Hash}, the hash in 64 hexadecimal digits."
        raise BadRequest(400, "BAD_REQUEST_SHAPE", message)
    return bytes.fromhex(digest)


def _check_values(given: dict[str, Any], most: int, deepest: int) -> int:
    """How many there are. Bounded in number and depth, and without NULs, which PostgreSQL cannot hold."""
    stack: list[tuple[Any, int]] = [(given, 0)]
    count = 0
    while stack:
        held, depth = stack.pop()
        count += len(held)  # before they are looked at: a list too long costs nothing
        if count > most:
            raise BadRequest(400, "TOO_MANY_VALUES", f"Variables hold at most {most} values.")
        if held and depth >= deepest:
            raise BadRequest(400, "VARIABLES_TOO_DEEP", f"Variables are nested at most {deepest} deep.")
        for value in held.values() if isinstance(held, dict) else held:
            if isinstance(value, str):
                if "\0" in value:
                    raise BadRequest(400, "INVALID_CHARACTER", "A text holds the character U+0000; remove it.")
            elif isinstance(value, dict | list):
                stack.append((value, depth + 1))
    return count
