"""What is looked at in every answer: its form, its codes, what it gives away, what it was said to cost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic_core.core_schema import ErrorType

from bench.fuzz_requests import EVENTS, GRAPHQL, JSON, Request
from bench.fuzz_world import STRANGERS
from tests.api.graphql.counting import weight
from tests.api.graphql.world import SECRET

ERRORS = Path(__file__).resolve().parent.parent / "docs" / "errors.md"
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| *(\d*) *\|", re.MULTILINE)
PROBLEM = "application/problem+json"
MOST_ERRORS = 10
# what only our insides would say
INSIDES = re.compile(
    r"Traceback|asyncpg|sqlalchemy|psycopg|SELECT |INSERT INTO|object at 0x|site-packages|\.py\b|strawberry|<class '|pydantic"
    r"|NoneType|KeyError|takes \d+ positional|unexpected keyword|codec can't|__init__|/tmp/|/var/"
)  # fmt: skip


class Wrong(AssertionError):  # noqa: N818  (named after what happened)
    """An answer that no client should get."""


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


@dataclass
class Seen:
    """What an answer turned out to be."""

    codes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    objects: int = 0
    has_data: bool = False


@cache
def documented() -> dict[str, int | None]:
    """The status of each code, as documented; None where it comes only inside of an answer."""
    return {code: int(status) if status else None for code, status in ROW.findall(ERRORS.read_text("utf-8"))}


@cache
def checks() -> frozenset[str]:
    """The codes of values of the wrong shape: the names of pydantic's checks in capitals."""
    return frozenset(name.upper() for name in get_args(ErrorType))


def check(request: Request, response: Response) -> Seen:
    """What an answer says; Wrong where it is not as promised."""
    _hold(response.status < 500 or response.status == 503, f"status {response.status}")
    text = response.body.decode("utf-8")
    found = INSIDES.search(text)
    _hold(
        found is None or _was_sent(found[0], request),
        f"our insides show: {found and text[max(0, found.start() - 80) : found.end() + 80]}",
    )
    if request.caller in STRANGERS:
        _hold(SECRET not in text, "what is hidden shows")
    if request.method == "HEAD" or response.status in {204, 304}:
        return Seen()
    if request.method == "OPTIONS" and not response.body:
        return Seen()
    if response.media_type == PROBLEM:
        return _problem(response, text)
    if response.media_type == EVENTS:
        return _events(response, text)
    _hold(response.media_type in {JSON, GRAPHQL}, f"media type {response.media_type!r}")
    seen = Seen()
    _envelope(_json(text), response, seen)
    _status(response, seen)
    return seen


def _was_sent(words: str, request: Request) -> bool:
    """A client may be told what it said itself."""
    return words.encode() in request.body or words.encode() in request.query_string


def _problem(response: Response, text: str) -> Seen:
    told = _json(text)
    code = told.get("code")
    _hold(code in documented(), f"undocumented code {code!r}")
    _hold(documented()[code] == response.status, f"{code} with status {response.status}")
    _hold(told.get("request_id") == response.headers.get("x-request-id"), "request id of a problem")
    return Seen([code])


def _events(response: Response, text: str) -> Seen:
    seen = Seen()
    _hold(response.status == 200, f"events with status {response.status}")
    for event in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in event.split("\n") if ": " in line)
        _hold(fields.get("event", "next") in {"next", "complete"}, f"an event {fields.get('event')!r}")
        if "data" in fields:
            _envelope(_json(fields["data"]), response, seen, is_event=True)
    return seen


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda name: _hold(False, f"{name} in JSON"))
    except ValueError as error:
        raise Wrong(f"no JSON: {error}: {text[:200]!r}") from error


def _envelope(answer: Any, response: Response, seen: Seen, *, is_event: bool = False) -> None:
    _hold(
        isinstance(answer, dict) and answer.keys() <= {"data", "errors", "extensions"},
        f"no answer of GraphQL: {str(answer)[:200]}",
    )
    _hold("data" in answer or "errors" in answer, "neither data nor errors")
    errors = answer.get("errors")
    if "errors" in answer:
        _hold(isinstance(errors, list) and 0 < len(errors) <= MOST_ERRORS, "errors that are no short list")
    _hold(answer.get("data") is not None or errors, "no data, and nobody says why")
    request_id = response.headers.get("x-request-id")
    for error in errors or ():
        _error(error, request_id, seen, is_event=is_event)
    _data(answer, seen)


def _error(error: Any, request_id: str | None, seen: Seen, *, is_event: bool) -> None:
    _hold(error.keys() <= {"message", "locations", "path", "extensions"}, f"an error with {sorted(error)}")
    _hold(isinstance(error.get("message"), str) and error["message"] != "", "an error without a message")
    extensions = error.get("extensions") or {}
    code = extensions.get("code")
    _hold(code in documented(), f"uncoded or undocumented error {code!r}: {error['message'][:200]}")
    _hold(code != "INTERNAL", f"an accident at {error.get('path')}")
    _hold(
        extensions.get("requestId") == request_id or is_event,
        f"request id {extensions.get('requestId')!r}, not {request_id!r}",
    )
    for place in error.get("locations", ()):
        _hold(place["line"] > 0 and place["column"] > 0, "a place that is none")
    seen.codes.append(str(code))
    for problem in extensions.get("problems", ()):
        _told(problem, seen)


def _told(problem: dict[str, Any], seen: Seen) -> None:
    code = problem.get("code")
    _hold(code in documented() or code in checks(), f"undocumented problem {code!r}: {str(problem)[:200]}")
    _hold(code != "INTERNAL", "an accident told as a problem")
    seen.problems.append(str(code))


def _data(answer: dict[str, Any], seen: Seen) -> None:
    for one in _objects(answer.get("data")):
        if one.get("__typename") == "Problem" and "code" in one:
            _told(one, seen)
    seen.has_data = seen.has_data or answer.get("data") is not None
    cost = (answer.get("extensions") or {}).get("cost")
    if answer.get("data") is None:
        return
    held = weight(answer["data"])
    seen.objects += held
    if cost is not None:
        _hold(held <= cost["requested"], f"{held} objects in an answer that was to cost {cost['requested']}")
        _hold(cost["requested"] <= cost["limit"], "answered beyond the limit")
    else:
        _hold(held <= 1, f"{held} objects without a cost")


def _objects(data: Any) -> Iterator[dict[str, Any]]:
    stack = [data]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            yield one
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)


def _status(response: Response, seen: Seen) -> None:
    """200, or that of the first error as documented."""
    if response.status == 200:
        return
    _hold(bool(seen.codes), f"status {response.status} without an error")
    _hold(not seen.has_data, f"status {response.status} with data")
    wanted = documented()[seen.codes[0]]
    _hold(response.status == wanted, f"{seen.codes[0]} with status {response.status}, documented as {wanted}")


def _hold(is_so: Any, what: str) -> None:
    if not is_so:
        raise Wrong(what)
