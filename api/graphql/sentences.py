"""What the shape of a value can be wrong in, said so that its author knows what to write instead."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails
from strawberry.types.field import StrawberryField

from api.graphql.places import camel

Facts = Mapping[str, Any]

SENTENCES: dict[str, Callable[[Facts], str]] = {
    "string_too_long": lambda facts: f"Shorten this to at most {facts['max_length']:,} characters.",
    "string_too_short": lambda facts: (
        "Write something here: this may not be empty."
        if facts["min_length"] == 1
        else f"Write at least {facts['min_length']:,} characters."
    ),
    "too_long": lambda facts: f"List at most {facts['max_length']:,} here.",
    "too_short": lambda facts: f"List at least {facts['min_length']:,} here.",
    "greater_than_equal": lambda facts: f"Give a number that is {facts['ge']:,} or more.",
    "less_than_equal": lambda facts: f"Give a number that is {facts['le']:,} or less.",
    # the one pattern that an author meets is that of the names in channels' forms
    "string_pattern_mismatch": lambda _facts: (
        "Write the name as packs do: small Latin letters and underscores, at most 40, such as owner_line."
    ),
}
# these say the same in the schema's words
REWORDED = {"to_ms is before from_ms": "`toMs` is before `fromMs`: swap them."}


def code(error: ErrorDetails) -> str:
    """The stable name of what is wrong: that of the check in capitals, unless it is of the value's own kind."""
    return "INVALID_VALUE" if error["type"] in {"value_error", "missing"} else error["type"].upper()


def sentence(error: ErrorDetails, field: StrawberryField | None) -> str:
    """What to do about an error that the domain's model found in a field of the input."""
    if error["type"] == "missing" and field is not None:
        return f"Give `{camel(field.python_name)}`: {_described(field)}"
    if error["type"] in SENTENCES:
        return SENTENCES[error["type"]](error.get("ctx", {}))
    text = error["msg"].removeprefix("Value error, ")
    return REWORDED.get(text) or f"{text[:1].upper()}{text[1:]}."


def _described(field: StrawberryField) -> str:
    """What the schema says of a field, after a colon; for an id, of what."""
    if id_of := field.metadata.get("id_of"):
        return f"the id of a {id_of}."
    text = field.description or "it is needed."
    return f"{text[:1].lower()}{text[1:]}"
