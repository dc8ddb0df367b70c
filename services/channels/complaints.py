"""What is wrong with the file of a pack, in sentences for whoever has to mend it: where, on which line, and what instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from core.errors import Problem
from services.channels.lines import line_of
from services.channels.texts import lines_of

CODE = "MALFORMED_PACK"
LISTED = 12
"""So many choices are named; of more only those that are near."""

# how an author of packs writes what the patterns ask for
_PATTERNS = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "small Latin letters, digits and single hyphens, such as green-tea",
    r"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$": (
        "small Latin letters, digits, hyphens and dots, such as weitao.short-video"
    ),
    r"^\d{4}(-\d{2}(-\d{2})?)?$": "a day, a month or a year as text, such as 2019-03-01, 2019-03 or 2019",
    r"^[1-9][0-9]*x[1-9][0-9]*$": "width x height in pixels, such as 750x422",
}
_FIELDS = "a field of the content, such as title, summary, text, covers, tags.scene or details.verdict"
# kinds of values that pydantic tells apart in many ways, by how the names of those begin
_KINDS = {
    "int_": "write a whole number without quotes",
    "float_": "write a number without quotes",
    "string_type": "write a text in quotes",
    "bool_": "write true or false, without quotes",
    "tuple_": "write a list: […]",
    "list_": "write a list: […]",
    "dict_": "write a table: {…}",
    "model_": "write a table: {…}",
    "date": "write a date",
    "time": "write a time of day, such as 08:00:00",
}
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PackProblem(Problem):
    """A problem with its place: the file (relative to the folder), and the line, from 1."""

    file: str = ""
    line: int = 1


def problem(code: str, file: str, text: str, path: tuple[str | int, ...], reason: str) -> PackProblem:
    """One thing wrong at a path of the file's content, which is `text`."""
    line = line_of(lines_of(text, file), path)
    where = ".".join(map(str, path)) or "(the whole)"
    return PackProblem(code, f"{file}:{line}: {where}: {reason}", path, file, line)


def complaints(error: ValidationError, model: type[BaseModel], content: Any, text: str, file: str) -> list[PackProblem]:
    """Everything that keeps `content`, read from `text`, from being what the model describes; each place once, by line."""
    found = [(_place(details, content), details) for details in error.errors(include_url=False)]
    wrong = {path[:size] for path, _ in found for size in range(len(path))}
    told: dict[tuple[str | int, ...], PackProblem] = {}
    for path, details in found:
        # a list whose only item is wrong would be told again as too short, a value of two kinds as neither
        follows = path in wrong and details["type"] not in {"value_error", "missing"}
        if path not in told and not follows:
            told[path] = problem(CODE, file, text, path, _reason(details, model))
    return sorted(told.values(), key=lambda one: one.line)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The question which of the known words was meant, with a space before it; empty when none is near."""
    near = get_close_matches(word, sorted(known), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def choice(word: str, known: Sequence[str]) -> str:
    """That a word is none of those known: the near ones, or all when they are few."""
    near = did_you_mean(word, known)
    return f"there is no {word} here.{near or _all(known)}"


def _all(known: Sequence[str]) -> str:
    return f" There are: {', '.join(sorted(known))}." if 0 < len(known) <= LISTED else ""


def _place(details: ErrorDetails, content: Any) -> tuple[str | int, ...]:
    """The place in the file: pydantic also names the branch that it took where a value may be of several kinds."""
    loc = details["loc"]
    path: tuple[str | int, ...] = ()
    at = content
    for index, step in enumerate(loc):
        is_there = step in at if isinstance(at, dict) else isinstance(at, list) and isinstance(step, int)
        if is_there:
            path, at = (*path, step), at[step]
        elif isinstance(at, dict) and index == len(loc) - 1 and step != at.get("kind"):
            path = (*path, step)  # what is missing
    return (*path, "kind") if details["type"] == "union_tag_invalid" else path


def _reason(details: ErrorDetails, model: type[BaseModel]) -> str:
    facts: Facts = details.get("ctx", {})
    say = _SENTENCES.get(details["type"])
    if say is not None:
        return say(details, facts)
    if details["type"] == "extra_forbidden":
        return choice(str(details["loc"][-1]), _keys(model, details["loc"][:-1]))
    for kind, sentence in _KINDS.items():
        if details["type"].startswith(kind):
            return sentence
    return details["msg"].removeprefix("Value error, ")


def _pattern(details: ErrorDetails, facts: Facts) -> str:
    pattern = str(facts["pattern"])
    form = _FIELDS if pattern.startswith("^(title|") else _PATTERNS.get(pattern, f"the form {pattern}")
    return f"{details['input']!r} will not do: write {form}"


def _none_of(details: ErrorDetails, facts: Facts) -> str:
    return choice(str(details["input"]), _words(facts["expected"]))


def _no_kind(_: ErrorDetails, facts: Facts) -> str:
    return f"there is no kind {facts['tag']}.{did_you_mean(facts['tag'], _words(facts['expected_tags']))}"


def _words(listed: str) -> list[str]:
    """The words of a list as pydantic writes it: 'a', 'b' or 'c'."""
    return [part.strip("' ") for part in listed.replace(" or ", ", ").split(",")]


_SENTENCES: dict[str, Callable[[ErrorDetails, Facts], str]] = {
    "missing": lambda _, __: "this is missing",
    "union_tag_not_found": lambda _, __: "its kind is missing",
    "union_tag_invalid": _no_kind,
    "literal_error": _none_of,
    "string_pattern_mismatch": _pattern,
    "string_too_short": lambda _, __: "this may not be empty",
    "too_short": lambda _, facts: f"at least {facts['min_length']} needed",
    "string_too_long": lambda _, facts: f"write at most {facts['max_length']:,} characters",
    "greater_than_equal": lambda details, facts: f"{details['input']} is too small: give {facts['ge']} or more",
    "greater_than": lambda details, facts: f"{details['input']} is too small: give more than {facts['gt']}",
    "less_than_equal": lambda details, facts: f"{details['input']} is too large: give {facts['le']} or less",
    "less_than": lambda details, facts: f"{details['input']} is too large: give less than {facts['lt']}",
    "recursion_loop": lambda _, __: "nested too deeply",
}


def _keys(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand in the table at this place."""
    schema = _schema(model)
    node = schema
    for step in loc:
        # a step that leads nowhere names the branch that was taken
        node = next((below for one in _branches(schema, node) if (below := _below(one, step)) is not None), node)
    return [key for one in _branches(schema, node) for key in one.get("properties", {})]


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def _below(node: dict[str, Any], step: str | int) -> dict[str, Any] | None:
    if isinstance(step, int):
        items: dict[str, Any] | None = node.get("items")
        return items
    kinds = node.get("discriminator", {}).get("mapping", {})
    found: dict[str, Any] | None = {"$ref": kinds[step]} if step in kinds else node.get("properties", {}).get(step)
    return found


def _branches(schema: dict[str, Any], node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The node itself, or each of what it may be instead, without references."""
    if "$ref" in node:
        yield from _branches(schema, schema["$defs"][node["$ref"].rpartition("/")[2]])
    elif "anyOf" in node:
        for one in node["anyOf"]:
            yield from _branches(schema, one)
    else:
        yield node
