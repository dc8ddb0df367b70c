"""What lists are made of: filters, orders, windows on them, and the pages that windows show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core import cursors
from core.caller import Caller

Row = TypeVar("Row")

COUNTED = 10_000
"""Lists are counted up to here; beyond it one only knows that there are more."""


class Filter(Protocol):
    """What narrows a list, as a value that can be compared and hashed: equal filters share a statement."""

    @property
    def text(self) -> str:
        """What names the filter: equal filters, equal text. Cursors are bound to it."""

    async def condition(self, session: AsyncSession, caller: Caller) -> ColumnElement[bool]:
        """The condition on the rows; a coded refusal where the filter names what does not exist."""

    def __hash__(self) -> int:
        """Equal filters hash alike."""


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: the columns together are unique, none is ever null. `name` binds cursors to it. `requires` refuses a
    filter without which the order would mean nothing; `beside` is a table, and how it is joined, whose columns it needs.
    """

    name: str
    columns: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]
    descending: bool = True
    requires: Callable[[Any], None] | None = None
    beside: tuple[type, ColumnElement[bool]] | None = None

    def sorted(self, columns: Sequence[Any], *, backward: bool = False) -> list[ColumnElement[Any]]:
        down = self.descending is not backward
        return [column.desc() if down else column.asc() for column in columns]

    def beyond(self, values: Sequence[Any], *, backward: bool = False) -> ColumnElement[bool]:
        """The condition that a row stands after `values` (before them, going backward)."""
        down = self.descending is not backward
        # compared as a row, which an index on the columns can answer as one range
        here, there = tuple_(*self.columns), tuple(values)
        return here < there if down else here > there

    def up_to(self, values: Sequence[Any], *, backward: bool = False) -> ColumnElement[bool]:
        """The condition that a row stands at `values` or before them (after them, going backward): the rest."""
        down = self.descending is not backward
        # not written as NOT beyond: no index answers that
        here, there = tuple_(*self.columns), tuple(values)
        return here >= there if down else here <= there

    def place(self, scope: str, cursor: str) -> list[Any]:
        """The values inside a cursor of this scope; UnknownCursor when they could not be a row's."""
        values = cursors.decode(scope, cursor)
        expected = [column.type.python_type for column in self.columns]
        # the checksum is no secret: whoever computes it can put anything inside
        if len(values) != len(expected) or not all(map(_fits, values, expected)):
            raise cursors.UnknownCursor("This cursor is not one that this API handed out: take it from an answer.")
        return values


def _fits(value: Any, expected: type) -> bool:
    """Whether PostgreSQL can compare a column of this Python type with the value."""
    match value:
        case bool():
            return expected is bool
        case int():
            return expected is int and -(2**63) <= value < 2**63
        case str():
            return issubclass(expected, str) and "\0" not in value
        case _:
            return type(value) is expected


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list: `first` rows after `after`, or the `last` rows before `before`; cursors are texts."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def size(self) -> int:
        return self.first if self.first is not None else (self.last or 0)

    @property
    def backward(self) -> bool:
        return self.first is None and self.last is not None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    rows: list[Row] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    has_next: bool = False
    has_previous: bool = False
