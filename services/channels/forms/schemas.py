"""Small pieces of JSON Schema (2020-12), and how two of them become one that asks for what both ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Schema = dict[str, Any]

NOTHING: Schema = {"not": {}}
"""What no value fulfils."""

# White space as Python strips it, spelled out: what \s means differs from one validator to the next.
BLANK = r"\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
VISIBLE = f"[^{BLANK}]"

# Keywords that are read together with their neighbours, so that they cannot be taken over one by one.
_GROUPS = (
    frozenset({"contains", "minContains", "maxContains"}),
    frozenset({"if", "then", "else"}),
    frozenset({"properties", "additionalProperties"}),
)


def at(path: str, schema: Schema, *, needed: bool) -> Schema:
    """A draft whose value at this path ("title", "tags.scene") fulfils the schema; and that has one, where it is needed."""
    for step in reversed(path.split(".")):
        schema = {"properties": {step: schema}} | ({"required": [step]} if needed else {})
    return schema


def having(**properties: Schema) -> Schema:
    """An object that has all of these properties, each as its schema says."""
    return {"properties": properties, "required": sorted(properties)}


def bounds(minimum: int | None, maximum: int | None, of: str) -> Schema:
    """Bounds of a "Length", of "Items", or of a number ("imum")."""
    both = {f"min{of}": minimum, f"max{of}": maximum}
    return {keyword: bound for keyword, bound in both.items() if bound is not None}


def everything(schemas: Iterable[Schema]) -> Schema:
    """What fulfils all of them."""
    whole: Schema = {}
    for schema in schemas:
        whole = conjoin(whole, schema)
    return whole


def either(schemas: Sequence[Schema]) -> Schema:
    """What fulfils at least one of them."""
    return schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}


def conjoin(one: Schema, other: Schema) -> Schema:
    """What fulfils both: in one schema as far as that can be said, else under `allOf`. Neither of them is changed."""
    whole, rest, stuck = dict(one), {}, _stuck(one, other)
    for keyword, value in other.items():
        if keyword in stuck:
            rest[keyword] = value
        elif keyword not in whole:
            whole[keyword] = value
        elif value != whole[keyword] or type(value) is not type(whole[keyword]):
            joined = _joined(keyword, whole[keyword], value)
            if joined is None:
                rest[keyword] = value
            else:
                whole[keyword] = joined
    return whole | {"allOf": [*whole.get("allOf", ()), rest]} if rest else whole


def _stuck(one: Schema, other: Schema) -> frozenset[str]:
    """The keywords of groups that both have, and that must therefore stay among themselves."""
    stuck: frozenset[str] = frozenset()
    for group in _GROUPS:
        mine, theirs = group & one.keys(), group & other.keys()
        if mine and theirs and not _only_properties(mine, theirs, one, other):
            stuck |= group
    return stuck


def _only_properties(mine: frozenset[str], theirs: frozenset[str], one: Schema, other: Schema) -> bool:
    """Properties can be joined one by one, unless one of them would no longer be among the others of its object."""
    if theirs != {"properties"} or "properties" not in mine:
        return False
    return "additionalProperties" not in one or other["properties"].keys() <= one["properties"].keys()


def _joined(keyword: str, one: Any, other: Any) -> Any:
    """Two values of one keyword as one; None when that cannot be said."""
    join = _JOINS.get(keyword)
    return None if join is None else join(one, other)


def _union(one: list[str], other: list[str]) -> list[str]:
    return [*one, *(name for name in other if name not in one)]


def _both(one: list[Any], other: list[Any]) -> list[Any]:
    return [*one, *other]


def _each(one: dict[str, Schema], other: dict[str, Schema]) -> dict[str, Schema]:
    return one | {name: conjoin(one.get(name, {}), schema) for name, schema in other.items()}


def _types(one: str | list[str], other: str | list[str]) -> str | list[str] | None:
    mine, theirs = ([each] if isinstance(each, str) else each for each in (one, other))
    both = [name for name in mine if name in theirs]
    if not both:
        return None
    return both[0] if len(both) == 1 else both


_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("minLength", "minItems", "minimum", "minProperties"), max),
    **dict.fromkeys(("maxLength", "maxItems", "maximum", "maxProperties"), min),
    "required": _union,
    "properties": _each,
    "items": conjoin,
    "allOf": _both,
    "x-headwater": _both,
    "type": _types,
}


def literally(text: str) -> str:
    """A pattern for exactly this text, in the dialect that all validators share."""
    return re.sub(r"([\\^$.*+?()\[\]{}|/])", r"\\\1", text)
