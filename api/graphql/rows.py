"""From a row to the GraphQL object that shows it: types say which table they show, so that no module need import another's."""

from collections.abc import Callable
from typing import Any, TypeVar

_shapes: dict[type, Callable[[Any], Any]] = {}

Shown = TypeVar("Shown", bound=type)


def shows(model: type) -> Callable[[Shown], Shown]:
    """Class decorator: rows of this table appear as this type, made by its `of(row)` where it has one."""

    def register(cls: Shown) -> Shown:
        _shapes[model] = getattr(cls, "of", None) or (lambda row: cls(row=row))
        return cls

    return register


def shape(row: Any) -> Any:
    """The GraphQL object for a row; None stays None."""
    return None if row is None else _shapes[type(row)](row)


def shapes(rows: list[Any]) -> list[Any]:
    return [_shapes[type(row)](row) for row in rows if row is not None]
