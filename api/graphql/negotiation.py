"""What an answer looks like on the wire: which media type a client takes, and which status code an outcome has in it."""

from typing import Literal

from api.graphql.requests import BadRequest

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"

Edition = Literal["2025", "2026"]
"""Of GraphQL over HTTP: 2025 as the public audits check it, 2026 with 422 and 294 as the working group now has it."""

UNREADABLE = frozenset({"NOT_JSON", "NOT_UTF8", "SYNTAX_ERROR"})
"""What stays 400 in 2026: there was nothing that could be looked at. The rest could be read, and cannot be done."""

_NAMED = 2


def negotiated(accept: str | None) -> str:
    """The media type to answer in; BadRequest 406 when the client takes neither.

    JSON where it has no wish; the newer one where it names both alike, as the specification advises clients to.
    """
    if not accept or not accept.strip():
        return JSON
    json, graphql = weight(accept, JSON), weight(accept, GRAPHQL)
    if max(json, graphql)[0] <= 0:
        raise BadRequest(406, "NOT_ACCEPTABLE", f"This answers {GRAPHQL} or {JSON}; accept one of them.")
    if json[0] == graphql[0]:
        return GRAPHQL if graphql[1] == _NAMED else JSON
    return JSON if json[0] > graphql[0] else GRAPHQL


def takes_json(accept: str | None) -> bool:
    return not accept or not accept.strip() or weight(accept, JSON)[0] > 0


def weight(accept: str, media_type: str) -> tuple[float, int]:
    """The quality that an Accept header gives to a media type, and how exactly it names it: the most exact range
    decides (RFC 9110 §12.5.1).
    """
    found = (0.0, -1)
    for item in accept.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        exactness = _matches(name, media_type)
        if exactness > found[1]:
            found = (_quality(parameters), exactness)
    return found


def _matches(media_range: str, media_type: str) -> int:
    if media_range == media_type:
        return _NAMED
    if media_range == "application/*":
        return 1
    return 0 if media_range == "*/*" else -1


def _quality(parameters: list[str]) -> float:
    text = next((one.partition("=")[2].strip() for one in parameters if one.partition("=")[0].strip() == "q"), "1")
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def status_of_refusal(code: str, media_type: str, edition: Edition, *, older: int = 400) -> int:
    """Of a well-formed request that was not executed.

    JSON keeps 200: clients of that time take any other status for an answer that is not GraphQL at all.
    """
    if media_type == JSON:
        return 200
    return 422 if edition == "2026" and older == 400 and code not in UNREADABLE else older


def status_of_malformed(error: BadRequest, media_type: str, edition: Edition) -> int:
    """Of a request that is none, under either media type."""
    is_moved = edition == "2026" and media_type == GRAPHQL and error.status == 400 and error.code not in UNREADABLE
    return 422 if is_moved else error.status


def status_of_answer(media_type: str, edition: Edition, *, has_errors: bool) -> int:
    """Of a request that was executed, in part or whole."""
    return 294 if has_errors and edition == "2026" and media_type == GRAPHQL else 200
