"""Reads declared as data: table, key, visibility, order. Callable for many keys at once; other roads may run the same
declaration with fewer columns.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, and_, bindparam, func, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload

from core import cursors
from core.caller import Caller

Row = TypeVar("Row")
Visible = Callable[[Caller], ColumnElement[bool]]


def any_of(ids: Iterable[int]) -> Any:
    """What a column is compared with to be one of these ids: a single array, so the statement's text never changes."""
    return func.any(bindparam(None, sorted(set(ids)), type_=ARRAY(BigInteger)))


def everything(_caller: Caller) -> ColumnElement[bool]:
    """The visibility of what is public to the last row."""
    return true()


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: the last column is unique. `name` binds cursors to it."""

    name: str
    columns: tuple[InstrumentedAttribute[Any], ...]
    descending: bool = True

    def sorted(self, *, backward: bool = False) -> list[ColumnElement[Any]]:
        down = self.descending is not backward
        return [column.desc() if down else column.asc() for column in self.columns]

    def beyond(self, values: Sequence[Any], *, backward: bool = False) -> ColumnElement[bool]:
        """The condition that a row stands after `values` (before them, going backward)."""
        down = self.descending is not backward
        # compared as a row, which an index on the columns can answer as one range
        here, there = tuple_(*self.columns), tuple(values)
        return here < there if down else here > there

    def values(self, row: Any) -> list[Any]:
        return [getattr(row, column.key) for column in self.columns]


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


@dataclass(frozen=True, slots=True)
class OneRead(Generic[Row]):
    """A row for each key. What the caller may not see is absent."""

    model: type[Row]
    key: InstrumentedAttribute[Any]
    visible: Visible
    eager: tuple[InstrumentedAttribute[Any], ...] = ()

    def statement(self, caller: Caller, keys: Sequence[Hashable]) -> Select[Any]:
        found = self.key == func.any(bindparam("keys", list(keys), type_=ARRAY(self.key.type)))
        options = [joinedload(relation) for relation in self.eager]
        return select(self.model).where(found, self.visible(caller)).options(*options)

    async def __call__(self, session: AsyncSession, caller: Caller, keys: Sequence[Hashable]) -> dict[Any, Row]:
        if not keys:
            return {}
        rows = (await session.execute(self.statement(caller, keys))).scalars()
        return {getattr(row, self.key.key): row for row in rows}


@dataclass(frozen=True, slots=True)
class ManyRead(Generic[Row]):
    """All rows of each key, in order: for lists that are short by nature. `link` is the table between, if there is one:
    then `key` and `order` are columns of it, and `target` is its column that names the row.
    """

    model: type[Row]
    key: InstrumentedAttribute[Any]
    visible: Visible
    order: tuple[InstrumentedAttribute[Any], ...]
    target: InstrumentedAttribute[Any] | None = None
    eager: tuple[InstrumentedAttribute[Any], ...] = ()

    def statement(self, caller: Caller, keys: Sequence[Hashable]) -> Select[Any]:
        found = self.key == func.any(bindparam("keys", list(keys), type_=ARRAY(self.key.type)))
        statement = select(self.key, self.model)
        if self.target is not None:
            statement = statement.join(self.target.class_, self.model.id == self.target)  # type: ignore[attr-defined]  # every table has an id
        options = [joinedload(relation) for relation in self.eager]
        return statement.where(found, self.visible(caller)).order_by(*self.order).options(*options)

    async def __call__(self, session: AsyncSession, caller: Caller, keys: Sequence[Hashable]) -> dict[Any, list[Row]]:
        answer: dict[Any, list[Row]] = {key: [] for key in keys}
        if keys:
            for key, row in await session.execute(self.statement(caller, keys)):
                answer[key].append(row)
        return answer


@dataclass(frozen=True, slots=True)
class PageRead(Generic[Row]):
    """A window of the rows of each key, one statement for all keys. `match` says when a row belongs to a key."""

    name: str
    model: type[Row]
    match: Callable[[Any], ColumnElement[bool]]
    key_type: Any
    visible: Visible
    orders: tuple[Order, ...]
    listed: Callable[[], Any] = true
    eager: tuple[str, ...] = ()

    def order(self, name: str | None) -> Order:
        return next((order for order in self.orders if order.name == name), self.orders[0])

    def scope(self, key: Hashable, order: Order, filters: str) -> str:
        return f"{self.name}:{key}:{order.name}:{filters}"

    async def __call__(
        self,
        session: AsyncSession,
        caller: Caller,
        keys: Sequence[Hashable],
        *,
        window: Window,
        order: str | None = None,
        where: ColumnElement[bool] | None = None,
        filters: str = "",
    ) -> dict[Any, Page[Row]]:
        """Pages by key. `where` narrows further; `filters` is its text, to which the cursors are bound."""
        if not keys:
            return {}
        chosen = self.order(order)
        if window.after or window.before:
            pages: dict[Any, Page[Row]] = {}
            for key in keys:  # a cursor belongs to one list: then there is one key
                statement = self._statement(
                    caller, [key], window, chosen, where, self._place(key, window, chosen, filters)
                )
                pages |= await self._fetch(session, statement, [key], window, chosen, filters)
            return pages
        statement = self._statement(caller, keys, window, chosen, where, None)
        return await self._fetch(session, statement, keys, window, chosen, filters)

    async def count(
        self,
        session: AsyncSession,
        caller: Caller,
        keys: Sequence[Hashable],
        *,
        where: ColumnElement[bool] | None = None,
    ) -> dict[Any, int]:
        """How many rows each key has in all."""
        given = self._given(keys)
        conditions = [self.match(given.c.key), self.listed(), self.visible(caller)]
        inner = select(func.count()).select_from(self.model).where(*conditions, *([] if where is None else [where]))
        counted = select(given.c.key, inner.scalar_subquery())
        return dict((await session.execute(counted)).all())

    def _given(self, keys: Sequence[Hashable]) -> Any:
        values = bindparam("keys", list(keys), type_=ARRAY(self.key_type))
        return func.unnest(values).table_valued("key").render_derived(name="given")

    def _place(self, key: Hashable, window: Window, order: Order, filters: str) -> ColumnElement[bool]:
        scope = self.scope(key, order, filters)
        conditions = []
        if window.after:
            conditions.append(order.beyond(cursors.decode(scope, window.after)))
        if window.before:
            conditions.append(order.beyond(cursors.decode(scope, window.before), backward=True))
        return and_(*conditions)

    def _statement(
        self,
        caller: Caller,
        keys: Sequence[Hashable],
        window: Window,
        order: Order,
        where: ColumnElement[bool] | None,
        place: ColumnElement[bool] | None,
    ) -> Select[Any]:
        given = self._given(keys)
        inner = select(self.model).where(self.match(given.c.key), self.listed(), self.visible(caller))
        inner = inner.where(*[condition for condition in (where, place) if condition is not None])
        inner = inner.order_by(*order.sorted(backward=window.backward)).limit(window.size + 1)
        found = aliased(self.model, inner.lateral("found"))
        options = [joinedload(getattr(found, name)) for name in self.eager]
        again = [getattr(found, column.key) for column in order.columns]
        down = order.descending is not window.backward
        return (
            select(given.c.key, found)
            .join_from(given, found, true())
            .order_by(*[column.desc() if down else column.asc() for column in again])
            .options(*options)
        )

    async def _fetch(
        self,
        session: AsyncSession,
        statement: Select[Any],
        keys: Sequence[Hashable],
        window: Window,
        order: Order,
        filters: str,
    ) -> dict[Any, Page[Row]]:
        rows: dict[Any, list[Row]] = {key: [] for key in keys}
        for key, row in await session.execute(statement):
            rows[key].append(row)
        return {key: self._page(key, found, window, order, filters) for key, found in rows.items()}

    def _page(self, key: Hashable, rows: list[Row], window: Window, order: Order, filters: str) -> Page[Row]:
        more = len(rows) > window.size
        kept = rows[: window.size]
        if window.backward:
            kept.reverse()
        scope = self.scope(key, order, filters)
        return Page(
            kept,
            [cursors.encode(scope, order.values(row)) for row in kept],
            has_next=bool(window.before) if window.backward else more,
            has_previous=more if window.backward else bool(window.after),
        )
