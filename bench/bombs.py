"""Requests that mean harm, each within what a client may send (1 MiB) and each new to the server: by kind, what it abuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import orjson
from graphql import get_introspection_query

MIB = 1_048_576
LEFT = MIB - 2_000


def _document(text: str) -> bytes:
    return orjson.dumps({"query": text})


def _doubling(count: int) -> str:
    each = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(count))
    return f"{{ ...f0 }} {each} fragment f{count} on Query {{ __typename }}"


def _all_to_all() -> str:
    each = (
        f"fragment f{n} on Query {{ {' '.join(f'...f{m}' for m in range(n + 1, 29))} __typename }}" for n in range(29)
    )
    return "{ ...f0 } " + " ".join(each)


def _lists(depth: int) -> str:
    inner = "id"
    for _ in range(depth):
        inner = f"creator {{ contents(first: 100) {{ nodes {{ {inner} }} }} }}"
    return f"{{ contents(first: 100) {{ nodes {{ {inner} }} }} }}"


def _around(depth: int) -> str:
    inner = "name"
    for _ in range(depth):
        inner = f"name fields {{ type {{ {inner} }} }}"
    return f"{{ __schema {{ types {{ {inner} }} }} }}"


def _literal(text: str) -> str:
    return f'{{ creator(handle: "{text}") {{ name }} }}'


CREATOR = 'creator(handle: "a") { name } '
DOCUMENTS: dict[str, str] = {
    "fragments that double, 40": _doubling(40),
    "fragments that double, 28": _doubling(28),
    "fragments, all to all": _all_to_all(),
    "depth": "{ a" * 900 + " }" * 900,
    "inline fragments in each other": "{ ..." * 300 + " { __typename }" + " }" * 300,
    "lists in lists": _lists(3),
    "aliases": "{ " + " ".join(f"a{n}: {CREATOR}" for n in range(150)) + "}",
    "fields": "{ " + " ".join(f"a{n}" for n in range(1_900)) + " }",
    "the same field": "{ " + "__typename " * 200 + "}",
    "the same objects": "{ " + CREATOR * 200 + "}",
    "fields that cannot be merged": "{ " + " ".join(f'creator(handle: "{n}") {{ name }}' for n in range(60)) + " }",
    "directives": "{ __typename " + "@include(if: true) " * 250 + "}",
    "operations": " ".join(f"query A{n} {{ __typename }}" for n in range(300)),
    "types around and around": _around(5),
    "the whole schema": get_introspection_query(),
    "a literal of 90 kB": _literal("\\n" * 45_000),
    "a literal of 1 MiB": _literal("x" * LEFT),
    "commas, 1 MiB": "{" + "," * LEFT + "__typename }",
    "tokens, 1 MiB": "{" + " a" * (LEFT // 2) + " }",
}

LIST = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
TEXT = "query ($text: String!) { search(text: $text, first: 1) { totalCount } }"


def _variables(query: str, values: object) -> bytes:
    return orjson.dumps({"query": query, "variables": values})


BODIES: dict[str, Callable[[int], bytes]] = {
    "10,000 values in variables": lambda n: _variables(LIST, {"ids": [f"{n}-{m}" for m in range(9_990)]}),
    "more values than allowed": lambda n: _variables(LIST, {"ids": [n] * 250_000}),
    "a variable of 1 MiB": lambda n: _variables(TEXT, {"text": f"{n} " + "camping " * (LEFT // 8)}),
    "JSON, 500,000 deep": lambda n: b'{"query": "{ __typename }", "variables": ' + b"[" * 500_000 + str(n).encode(),
    "JSON, a number of 1 MiB": lambda n: (
        b'{"query": "{ __typename }", "variables": {"a": ' + str(n).encode() * LEFT + b"}}"
    ),
    "JSON, 60,000 keys": lambda n: _variables("{ __typename }", {f"{n}-{m}": 1 for m in range(60_000)}),
}


def kinds() -> Iterator[str]:
    yield from DOCUMENTS
    yield from BODIES


def body(kind: str, number: int) -> bytes:
    """A request of this kind that no earlier number made: remembering what was seen helps nobody."""
    if kind in BODIES:
        return BODIES[kind](number % 9 + 1)
    return _document(f"#{number}\n{DOCUMENTS[kind]}")
