"""What all filters of lists hold to: how many values a part may name, and how long a text may be."""

from typing import Any

import strawberry

from core.errors import Invalid

MOST_VALUES = 100
LONGEST_START = 100


class TooManyFilterValues(Invalid):
    code = "TOO_MANY_FILTER_VALUES"


class FilterTextTooLong(Invalid):
    code = "FILTER_TEXT_TOO_LONG"


def part(description: str) -> Any:
    """A part of a filter; left out, or null, it narrows nothing."""
    return strawberry.field(default=None, description=description)


def values(sent: list[Any] | None, name: str) -> tuple[Any, ...]:
    """The alternatives that a part names, each once."""
    if len(sent or ()) > MOST_VALUES:
        raise TooManyFilterValues(f"At most {MOST_VALUES} values in one part of a filter.", path=("filter", name))
    return tuple(dict.fromkeys(sent or ()))


def start(sent: str | None, name: str) -> str:
    """The beginning that a text must have, as it is compared: without case."""
    if len(sent or "") > LONGEST_START:
        message = f"A filter compares at most the first {LONGEST_START} characters: shorten it."
        raise FilterTextTooLong(message, path=("filter", name))
    return (sent or "").lower()
