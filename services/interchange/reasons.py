"""Why a record cannot be taken, in sentences for whoever has to mend it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

SHOWN = 10
Facts = Mapping[str, Any]
_PLACE = re.compile(r" at line 1 column (\d+)$")
# how an author of data writes what the patterns of our records ask for
_PATTERNS = {
    r"^[a-z0-9][a-z0-9-]*$": "small Latin letters, digits and hyphens, such as green-tea",
    r"^[a-z][a-z0-9-]*:[a-z0-9][a-z0-9-]*$": "taxonomy:code, such as topic:tea",
    r"^[a-z0-9][a-z0-9._-]{0,63}$": "up to 64 small Latin letters, digits, dots, hyphens and underscores",
    r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$": "a language tag, such as en or zh-Hans",
    r"^[a-z][a-z_]{0,39}$": "up to 40 small Latin letters and underscores, such as owner_line",
    r"^[A-Z]{3}$": "three capital letters, such as CNY",
}


def _few(least: int) -> str:
    return "this may not be empty" if least == 1 else f"at least {least:,} are needed"


def _pattern(facts: Facts) -> str:
    form = _PATTERNS.get(facts["pattern"])
    return f"write {form}" if form else f"write it in the form {facts['pattern']}"


def _not_json(facts: Facts) -> str:
    return "this is no JSON: " + _PLACE.sub(r" at character \1", facts["error"])


SENTENCES: dict[str, Callable[[Facts], str]] = {
    "json_invalid": _not_json,
    "missing": lambda _: "this is missing",
    "extra_forbidden": lambda _: "there is no such field here",
    "string_type": lambda _: "write a text",
    "string_too_short": lambda facts: (
        "this may not be empty" if facts["min_length"] == 1 else f"write at least {facts['min_length']:,} characters"
    ),
    "string_too_long": lambda facts: f"write at most {facts['max_length']:,} characters",
    "string_pattern_mismatch": _pattern,
    "too_short": lambda facts: _few(facts["min_length"]),
    "too_long": lambda facts: f"list at most {facts['max_length']:,}",
    "greater_than_equal": lambda facts: f"give a number that is {facts['ge']:,} or more",
    "greater_than": lambda facts: f"give a number above {facts['gt']:,}",
    "less_than_equal": lambda facts: f"give a number that is {facts['le']:,} or less",
    "less_than": lambda facts: f"give a number below {facts['lt']:,}",
    "enum": lambda facts: f"write {facts['expected']}",
    "literal_error": lambda facts: f"write {facts['expected']}",
    "timezone_aware": lambda _: "give the time with its zone, such as 2026-03-20T08:00:00Z",
}
# kinds of values that pydantic tells apart in many ways, by how the names of those begin
_KINDS = (
    ("int_", "write a whole number"),
    ("float_", "write a number"),
    ("decimal_", "write a number"),
    ("finite_", "write a number"),
    ("bool_", "write true or false"),
    ("uuid_", "write a uid, or source:external_key"),
    ("datetime_", "write a time with its zone, such as 2026-03-20T08:00:00Z"),
    ("date_", "write a day, such as 2026-03-20"),
    ("dict_", "write an object: {…}"),
    ("model_", "write an object: {…}"),
    ("list_", "write a list: […]"),
    ("tuple_", "write a list: […]"),
    ("url_", "write an http or https address"),
)
DOCUMENTED = "see docs/interchange.md"


def sentence(error: ErrorDetails) -> str:
    """What to do about one error; that of our own checks as it is, and of the rest what pydantic says."""
    kind, facts = error["type"], error.get("ctx", {})
    if kind in SENTENCES:
        return SENTENCES[kind](facts)
    for beginning, said in _KINDS:
        if kind.startswith(beginning):
            return said
    if kind == "union_tag_invalid":
        return f"there is no type {facts['tag']}; known are {facts['expected_tags']}"
    if kind == "union_tag_not_found":
        return f"say under {facts['discriminator'].strip(chr(39))} what this is"
    return error["msg"].removeprefix("Value error, ")


def of_record(error: ValidationError, given: Any) -> list[tuple[str, str]]:
    """By field, what is wrong with a line; `given` is what its JSON says, None when it is none."""
    first = error.errors(include_url=False)[0]
    if first["type"] == "union_tag_invalid" and not first["loc"]:
        return [("type", f"there is no record type {first['ctx']['tag']}: {DOCUMENTED}")]
    if first["type"] == "union_tag_not_found" and not first["loc"]:
        return [("type", f"a record says here what it is: {DOCUMENTED}")]
    if first["type"] == "dict_type" and not first["loc"]:
        return [("", f"a line holds one JSON object: {DOCUMENTED}")]
    return of_value(error, given)


def of_value(error: ValidationError, given: Any, *above: str) -> list[tuple[str, str]]:
    """By field, counted from what stands `above`, what is wrong with `given`; without the names of our own classes."""
    found = error.errors(include_url=False)[:SHOWN]
    return [(".".join([*above, *steps(one["loc"], given)]), sentence(one)) for one in found]


def steps(path: Sequence[int | str], given: Any) -> list[str]:
    """The path to a field as its author sees it: without the types that pydantic notes on its way through a union."""
    found = []
    for step in path:
        if isinstance(given, Mapping):
            if step not in given and step in (given.get("type"), given.get("format")):
                continue
            given = given.get(step)
        elif isinstance(given, Sequence) and isinstance(step, int) and step < len(given):
            given = given[step]
        else:
            given = None
        found.append(str(step))
    return found
