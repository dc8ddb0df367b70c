"""Documents as build tools write them down: a file of GraphQL, or the JSON of Relay, GraphQL Code Generator or Apollo.

Shapes: Relay and Code Generator write one object from hash to text; Apollo an object with `format`
`apollo-persisted-query-manifest` and a list of `operations` (id, name, body).
"""

from __future__ import annotations

from typing import Any

import orjson

from core.errors import Invalid, Problem
from services.documents import NewDocument, digest

APOLLO = "apollo-persisted-query-manifest"


class MalformedManifest(Invalid):
    """The file is neither GraphQL nor a manifest that we know."""

    code = "MALFORMED_MANIFEST"


def documents_in(name: str, content: bytes) -> list[NewDocument]:
    """The documents of a file: JSON where its name says so, else one document. Problems lead to the entry, by its id."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedManifest(f"{name} is not UTF-8.", path=(name,)) from error
    return _listed(name, text) if name.lower().endswith(".json") else [NewDocument(text)]


def _listed(name: str, text: str) -> list[NewDocument]:
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedManifest(f"{name} is not JSON: {error}.", path=(name,)) from error
    if not isinstance(given, dict):
        raise MalformedManifest(f"{name} is no manifest: that is an object from hash to document.", path=(name,))
    entries = _of_apollo(name, given) if "format" in given else [(id_, body, "") for id_, body in given.items()]
    problems = [problem for id_, body, _ in entries if (problem := _problem(name, id_, body)) is not None]
    if problems:
        raise Invalid(f"Some of the documents in {name} cannot be registered; none was.", problems=problems)
    return [NewDocument(body, called) for _, body, called in entries]


def _of_apollo(name: str, given: dict[str, Any]) -> list[tuple[Any, Any, str]]:
    operations = given.get("operations")
    is_known = given["format"] == APOLLO and given.get("version") == 1 and isinstance(operations, list)
    if not is_known or not all(isinstance(one, dict) for one in operations or ()):
        raise MalformedManifest(f"{name} is not version 1 of {APOLLO}.", path=(name,))
    return [(one.get("id"), one.get("body"), str(one.get("name") or "")) for one in operations or ()]


def _problem(name: str, id_: Any, body: Any) -> Problem | None:
    """Clients will ask by the id that their build tool wrote down: it has to be the hash that we know documents by."""
    path = (name, str(id_)[:100])
    if not isinstance(body, str):
        return Problem("MALFORMED_MANIFEST", f"{name}: there is no document under {path[1]}.", path)
    if str(id_).removeprefix("sha256:") != digest(body).hex():
        said = f"{name}: {path[1]} is not the SHA-256 of its document; set the build tool to SHA-256."
        return Problem("MANIFEST_HASH_MISMATCH", said, path)
    return None
