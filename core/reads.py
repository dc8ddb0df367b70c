"""Reads declared as data: table, key, visibility, order. Callable for many keys at once; other roads may run the same
declaration with fewer columns.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    false,
    func,
    join,
    literal,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased, defer, joinedload

from core import cursors
from core.caller import Caller
from core.errors import Invalid
from core.lists import COUNTED, Filter, Order, Page, Window

__all__ = [
    "COUNTED", "Filter", "ListRead", "ManyRead", "OneRead", "Order", "Page", "PageRead", "Window", "any_of", "everything",
]  # fmt: skip

Row = TypeVar("Row")
Visible = Callable[[Caller], ColumnElement[bool]]


def any_of(ids: Iterable[int]) -> Any:
    """What a column is compared with to be one of these ids: a single array, so the statement's text never changes."""
    return func.any(bindparam(None, sorted(set(ids)), type_=ARRAY(BigInteger)))


def everything(_caller: Caller) -> ColumnElement[bool]:
    """The visibility of what is public to the last row."""
    return true()


def _loading(
    entity: Any, model: type, eager: Iterable[str], without: Iterable[InstrumentedAttribute[Any]]
) -> list[Any]:
    """How rows are loaded: these relations with them, and without these columns of theirs or of the relations. Whoever
    reads one of those loads it apart, or fails.
    """
    left_out = list(without)
    options: list[Any] = [
        defer(getattr(entity, column.key), raiseload=True) for column in left_out if column.class_ is model
    ]
    for name in eager:
        relation = getattr(entity, name)
        target = relation.property.mapper.class_
        kept_out = [defer(column, raiseload=True) for column in left_out if column.class_ is target]
        options.append(joinedload(relation).options(*kept_out))
    return options


@dataclass(frozen=True, slots=True)
class OneRead(Generic[Row]):
    """A row for each key. What the caller may not see is absent. `eager` relations come along, `without` some columns."""

    model: type[Row]
    key: InstrumentedAttribute[Any]
    visible: Visible
    eager: tuple[InstrumentedAttribute[Any], ...] = ()
    without: tuple[InstrumentedAttribute[Any], ...] = ()

    def statement(self, caller: Caller, keys: Sequence[Hashable]) -> Select[Any]:
        found = self.key == func.any(bindparam("keys", list(keys), type_=ARRAY(self.key.type)))
        options = _loading(self.model, self.model, [relation.key for relation in self.eager], self.without)
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


class ListRead(Protocol):
    """What a connection reads from: pages of lists by their keys, and counts."""

    async def __call__(
        self,
        session: AsyncSession,
        caller: Caller,
        keys: Sequence[Any],
        *,
        window: Window,
        order: str | None = None,
        filters: Filter | None = None,
    ) -> Mapping[Any, Page[Any] | Invalid]:
        """A page for each key, or why there is none."""

    async def count(
        self, session: AsyncSession, caller: Caller, keys: Sequence[Any], *, filters: Filter | None = None
    ) -> Mapping[Any, int]:
        """How many rows each key has in all, counted no further than one above COUNTED."""


@dataclass(frozen=True, slots=True)
class PageRead(Generic[Row]):
    """A window of the rows of each key, one statement for all keys. `match` says when a row belongs to a key; `target`,
    where a table stands between, is its column that names the row: then `match` and `orders` may speak of that table.
    """

    name: str
    model: type[Row]
    match: Callable[[Any], ColumnElement[bool]]
    key_type: Any
    visible: Visible
    orders: tuple[Order, ...]
    listed: Callable[[], Any] = true
    target: InstrumentedAttribute[Any] | None = None
    eager: tuple[str, ...] = ()
    without: tuple[InstrumentedAttribute[Any], ...] = ()

    def order(self, name: str | None) -> Order:
        """The order of this name; without a name the list's own."""
        return self.orders[0] if name is None else next(order for order in self.orders if order.name == name)

    def scope(self, key: Hashable, order: Order, filters: Filter | None = None) -> str:
        """What a cursor is bound to: the list, its order, and what it was narrowed by."""
        return f"{self.name}:{key}:{order.name}:{filters.text if filters else ''}"

    async def __call__(
        self,
        session: AsyncSession,
        caller: Caller,
        keys: Sequence[Hashable],
        *,
        window: Window,
        order: str | None = None,
        filters: Filter | None = None,
    ) -> dict[Any, Page[Row] | Invalid]:
        """Pages by key. A cursor belongs to one list: the other keys are answered with the refusal as a value, which
        a loader raises for each of them alone; it is raised here when there is no key that the cursor belongs to.
        """
        chosen = self.order(order)
        if chosen.requires is not None:
            chosen.requires(filters)
        places, refused = self._places(keys, window, chosen, filters)
        if refused and not places:
            raise next(iter(refused.values()))
        if not places:
            return {}
        where = await filters.condition(session, caller) if filters else true()
        statement = self._statement(caller, places, window, chosen, where)
        rows: dict[Any, list[Any]] = {key: [] for key in places}
        for key, *row in await session.execute(statement):
            rows[key].append(row)
        pages = {key: self._page(self.scope(key, chosen, filters), found, window) for key, found in rows.items()}
        return pages | refused

    async def count(
        self, session: AsyncSession, caller: Caller, keys: Sequence[Hashable], *, filters: Filter | None = None
    ) -> dict[Any, int]:
        """How many rows each key has in all, counted no further than one above COUNTED."""
        if not keys:
            return {}
        where = await filters.condition(session, caller) if filters else true()
        given = self._given(keys)
        inner = self._rows(caller, given, where, literal(1).label("one")).limit(COUNTED + 1).lateral("found")
        counted = select(given.c.key, func.count(inner.c.one)).join_from(given, inner, true(), isouter=True)
        return dict((await session.execute(counted.group_by(given.c.key))).all())

    def _given(self, keys: Iterable[Hashable]) -> Any:
        values = bindparam("keys", list(keys), type_=ARRAY(self.key_type))
        return func.unnest(values).table_valued("key").render_derived(name="given")

    def _places(
        self, keys: Sequence[Hashable], window: Window, order: Order, filters: Filter | None
    ) -> tuple[dict[Hashable, list[Any] | None], dict[Any, Invalid]]:
        """For each key where to go on from; and why not, for those that the cursor does not belong to."""
        cursor = window.before if window.backward else window.after
        if not cursor:
            return dict.fromkeys(keys), {}
        places: dict[Hashable, list[Any] | None] = {}
        refused: dict[Any, Invalid] = {}
        for key in keys:
            try:
                places[key] = order.place(self.scope(key, order, filters), cursor)
            except Invalid as error:
                refused[key] = error
        return places, refused

    def _rows(
        self, caller: Caller, given: Any, where: ColumnElement[bool], *what: Any, order: Order | None = None
    ) -> Select[Any]:
        """A select of what is listed of the key in `given`."""
        rows = select(*what).select_from(self.model)
        if order is not None and order.beside is not None:
            table, on = order.beside
            rows = rows.outerjoin(table, on)
        if self.target is not None:
            rows = rows.join(self.target.class_, self.model.id == self.target)  # type: ignore[attr-defined]  # every table has an id
        return rows.where(self.match(given.c.key), self.listed(), self.visible(caller), where)

    def _statement(
        self,
        caller: Caller,
        places: Mapping[Hashable, Sequence[Any] | None],
        window: Window,
        order: Order,
        where: ColumnElement[bool],
    ) -> Select[Any]:
        given, back = self._given(places), window.backward
        named = [column.label(f"place_{number}") for number, column in enumerate(order.columns)]
        inner = self._rows(caller, given, where, self.model, *named, order=order)
        # a cursor belongs to one list, so all places are that one
        place = next(iter(places.values()))
        left_behind: ColumnElement[bool] = false()
        around = given
        if place is not None:
            inner = inner.where(order.beyond(place, backward=back))
            passed = self._rows(caller, given, where, literal(1).label("one"), order=order)
            # the nearest one, so that an index leads there; beside the page and not in it, so that it is sought once a key
            nearest = passed.where(order.up_to(place, backward=back)).order_by(
                *order.sorted(order.columns, backward=not back)
            )
            behind = nearest.limit(1).lateral("behind")
            around = join(given, behind, true(), isouter=True)
            left_behind = behind.c.one.is_not(None)
        inner = inner.order_by(*order.sorted(order.columns, backward=back)).limit(window.size + 1)
        lateral = inner.lateral("found")
        found: Any = aliased(self.model, lateral)
        again = [lateral.c[column.name] for column in named]
        return (
            select(given.c.key, found, left_behind.label("left_behind"), *again)
            .select_from(around)
            .join(found, true(), isouter=True)
            .order_by(*order.sorted(again, backward=back))
            .options(*_loading(found, self.model, self.eager, self.without))
        )

    def _page(self, scope: str, found: list[Any], window: Window) -> Page[Row]:
        """A page from rows of (row or None, whether the list has rows behind the cursor's place, values of the order)."""
        left_behind = bool(found and found[0][1])
        rows = [row for row in found if row[0] is not None]
        more, kept = len(rows) > window.size, rows[: window.size]
        if window.backward:
            kept.reverse()
        return Page(
            [row for row, *_ in kept],
            [cursors.encode(scope, values) for _, _, *values in kept],
            has_next=left_behind if window.backward else more,
            has_previous=more if window.backward else left_behind,
        )
