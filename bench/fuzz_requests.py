"""Requests around generated documents: who asks, by which method, with which headers, and how broken the body is."""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from graphql import GraphQLSchema
from hypothesis import strategies as st

from bench.fuzz_documents import Document, Walk
from bench.fuzz_values import Choosing
from bench.fuzz_world import Known

CALLERS = ("anonymous", "author", "stranger", "operator", "author", "operator", "scoped", "author")
PATH = "/graphql"
STREAM = "/graphql/stream"
JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
EVENTS = "text/event-stream"
LONGEST_LINE = 4_000
HEADERS = {
    "accept": (
        "*/*", "application/*", f"{GRAPHQL};q=0.5, {JSON};q=0.4", "text/html", "", ",", ";q=1", f"{JSON};q=abc", f"{JSON};q=0", "x" * 2_000,
        f"{JSON};charset=utf-16", "*", "\xe9",
    ),
    "content-type": (
        "application/json; charset=utf-8", "application/json;charset=utf-16", "text/plain", "application/graphql", "", "multipart/form-data",
        "application/x-www-form-urlencoded", "application/json;", "APPLICATION/JSON", "application/json; charset=\xff",
    ),
    "content-encoding": ("gzip", "identity", "br", "", "gzip, gzip"),
    "content-length": ("0", "99999999999999999999", "-1", "1e3", "\xb2", ""),
    "authorization": (
        "Bearer", "Bearer ", "Basic YTpi", "Bearer hw_000000000001." + "0" * 43, "Bearer hw_", "Bearer a.b.c", "Bearer \xff", "",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
    ),
    "accept-language": ("zh", "en;q=0, zh", "*", "x" * 3_000, "\xff", ";;;,,,", "zh;q=1e400", "zh-Hans-CN, en;q=nan"),
    "accept-encoding": ("gzip", "br", "gzip;q=0", "\xff"),
    "x-request-id": ("abcdefgh", "short", "a" * 65, "new\tline-here", "\xff" * 9),
    "headwater-on-behalf-of": ("", "me", "00000000-0000-0000-0000-000000000000", "\xff"),
    "origin": ("https://evil.example", "null", "", "https://content.example", "http://[", "\xff"),
    "host": ("content.example", "evil.example", "", "a:b:c", "[::1", "content.example:x", "\xff"),
    "last-event-id": ("", "AAAA", "x" * 3_000, "\xff"),
    "if-none-match": ("*", '"x"', "W/", '"' * 50, "\xff"),
    "cookie": ("a=b",),
}  # fmt: skip
METHODS = ("PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "get")
SHAPES: tuple[Any, ...] = (
    None, 1, "x", [], {}, [{"query": "{ __typename }"}], {"query": None}, {"query": 1}, {"query": ["{ __typename }"]}, {"query": ""},
    {"query": "{ __typename }", "variables": []}, {"query": "{ __typename }", "variables": "{}"}, {"query": "{ __typename }", "extensions": 1},
    {"query": "{ __typename }", "operationName": 5}, {"query": "{ __typename }", "operationName": "\ud800"}, {"documentId": 1},
    {"query": "{ __typename }", "documentId": "sha256:" + "0" * 64}, {"documentId": "sha256:" + "0" * 64}, {"documentId": "sha256:\0"},
    {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}, {"extensions": {"persistedQuery": {"version": 2}}},
    {"query": "{ __typename }", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}, {"query": "{ __typename }", "id": 1},
    {"extensions": {"persistedQuery": []}}, {"query": "\ud83d"}, {"query": "#" * 100_001}, {"query": "{ __typename }", "variables": {"a": 10**400}},
)  # fmt: skip
BYTES = (
    b"",
    b"\0",
    b"\xff",
    b'"',
    b"{",
    b"}",
    b",",
    b"\\u0000",
    b"\\ud800",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"1e999",
    b"//",
    b"NaN",
)


@dataclass(frozen=True)
class Request:
    """What goes over the wire; `caller` says whose key is in it."""

    caller: str
    method: str
    path: str
    query_string: bytes
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __repr__(self) -> str:
        return f"as {self.caller}:\n{self.curl()}\n"

    def curl(self) -> str:
        """The same as a command; a body that is long or no text is laid down in a file for it."""
        address = f"http://127.0.0.1:8000{self.path}" + (
            f"?{self.query_string.decode('latin-1')}" if self.query_string else ""
        )
        parts = ["curl", "-sS", "-X", self.method, shlex.quote(address)]
        for name, value in self.headers:
            parts += ["-H", shlex.quote(f"{name}: {value}")]
        if self.body:
            parts += ["--data-binary", self._data()]
        return " ".join(parts)

    def _data(self) -> str:
        if self.body.isascii() and len(self.body) < LONGEST_LINE:
            return shlex.quote(self.body.decode())
        with tempfile.NamedTemporaryFile(prefix="headwater-fuzz-", suffix=".json", delete=False) as file:
            file.write(self.body)
        return f"@{file.name}"


def requests(schema: GraphQLSchema, known: Known) -> st.SearchStrategy[Request]:
    """Any request at all, mostly such as a client might send."""
    return _made(schema, known)


@st.composite
def _made(draw: Callable[[st.SearchStrategy[Any]], Any], schema: GraphQLSchema, known: Known) -> Request:
    return _request(schema, Choosing(draw, known))


def _request(schema: GraphQLSchema, choosing: Choosing) -> Request:
    document = Walk(schema, choosing).document()
    caller = choosing.pick(CALLERS[1:] if document.operation == "mutation" else CALLERS)
    is_streamed = choosing.once_in(4) != (document.operation == "subscription")
    is_streamed = is_streamed and (document.operation == "subscription" or choosing.once_in(3))
    path = STREAM if is_streamed else PATH
    headers = _headers(choosing, caller, is_streamed=is_streamed)
    if choosing.once_in(12):
        return Request(caller, "GET", path, _query_string(choosing, document), headers, b"")
    method = choosing.pick(METHODS) if choosing.is_harmful() and choosing.once_in(3) else "POST"
    return Request(caller, method, path, b"", headers, _body(choosing, document))


def _headers(choosing: Choosing, caller: str, *, is_streamed: bool) -> tuple[tuple[str, str], ...]:
    given = {"host": "content.example", "content-type": JSON}
    accept = EVENTS if is_streamed else choosing.pick((JSON, GRAPHQL, f"{GRAPHQL}, {JSON};q=0.9", None))
    if accept:
        given["accept"] = accept
    key = choosing.known.keys[caller]
    if key:
        given["authorization"] = f"Bearer {key}"
    if choosing.once_in(4):
        given["accept-language"] = choosing.pick(("zh-CN", "en"))
    if choosing.harm and choosing.once_in(6):
        name = choosing.pick(list(HEADERS))
        given[name] = choosing.pick(HEADERS[name])
    return tuple(given.items())


def _payload(choosing: Choosing, document: Document) -> Any:
    if choosing.harm and choosing.once_in(16):
        return choosing.pick(SHAPES)
    payload: dict[str, Any] = {"query": document.text}
    if document.variables or choosing.once_in(4):
        payload["variables"] = document.variables
    if document.name:
        payload["operationName"] = document.name
    return payload


def _body(choosing: Choosing, document: Document) -> bytes:
    body = json.dumps(_payload(choosing, document)).encode()
    if choosing.harm and choosing.once_in(16):
        place = choosing.below(len(body) + 1)
        body = body[:place] + choosing.pick(BYTES) + body[place + choosing.pick((0, 1, 9)) :]
    return body


def _query_string(choosing: Choosing, document: Document) -> bytes:
    payload = _payload(choosing, document)
    given = payload if isinstance(payload, dict) else {"query": str(payload)}
    texts = {name: one if isinstance(one, str) else json.dumps(one) for name, one in given.items()}
    text = urlencode(texts, errors="surrogatepass", quote_via=quote).encode()
    if choosing.is_harmful():
        place = choosing.below(len(text) + 1)
        text = (
            text[:place]
            + choosing.pick((b"%", b"%ff", b"%ed%a0%80", b"&query=x", b"%00", b"&", b"=", b"+"))
            + text[place:]
        )
    return text
