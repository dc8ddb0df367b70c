"""Fields that say as data where their value comes from; the resolver, the statement count and the cost follow from it.

`column` reads a value of the row, `one` follows a key to a row, `many` follows keys (or one key) to a short list, `page`
opens a window on a list that can grow. Each keeps its declaration in the field's metadata under `source`, where other
roads to the same answer find it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any

import strawberry

from api.graphql import paging
from api.graphql.context import Batch, Info
from api.graphql.rows import shape, shapes
from core.reads import PageRead


@dataclass(frozen=True, slots=True)
class Column:
    """A value of the row (or of another row the object holds, named by `of`), as it is or through a pure function."""

    name: str
    of: str
    convert: Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class One:
    """The row that a key leads to."""

    read: Batch
    key: str
    of: str


@dataclass(frozen=True, slots=True)
class Many:
    """The rows that keys lead to, in their order, or all rows of one key; `most` bounds their number."""

    read: Batch
    key: str
    of: str
    most: int
    by_keys: bool


@dataclass(frozen=True, slots=True)
class Paged:
    """A window of the rows that belong to a key."""

    read: PageRead[Any]
    key: str
    of: str
    order: str | None


Source = Column | One | Many | Paged


def column(
    name: str,
    *,
    description: str,
    of: str = "row",
    convert: Callable[[Any], Any] | None = None,
    deprecation_reason: str | None = None,
) -> Any:
    """The value `name` of the row, turned by `convert` if it is given."""
    get = attrgetter(f"{of}.{name}")

    def plain(self: Any) -> Any:
        return get(self)

    def turned(self: Any) -> Any:
        assert convert is not None
        return convert(get(self))

    return _field(turned if convert else plain, Column(name, of, convert), description, deprecation_reason)


def one(read: Batch, *, key: str, description: str, of: str = "row", deprecation_reason: str | None = None) -> Any:
    """The row that `key` names, null when there is none or the caller may not see it."""
    get = attrgetter(f"{of}.{key}")

    async def resolve(self: Any, info: Info) -> Any:
        value = get(self)
        return None if value is None else shape(await info.context.load(read, value))

    return _field(resolve, One(read, key, of), description, deprecation_reason)


def many(
    read: Batch,
    *,
    description: str,
    most: int,
    keys: str | None = None,
    key: str | None = None,
    of: str = "row",
    deprecation_reason: str | None = None,
) -> Any:
    """The rows that `keys` name, in that order; or with `key` all rows that belong to it."""
    name = keys or key
    assert name is not None, "many() needs keys or key"
    get = attrgetter(f"{of}.{name}")

    async def follow(self: Any, info: Info) -> Any:
        return shapes(await info.context.load_many(read, get(self) or ()))

    async def gather(self: Any, info: Info) -> Any:
        value = get(self)
        return shapes([] if value is None else await info.context.load(read, value) or [])

    source = Many(read, name, of, most, keys is not None)
    return _field(follow if keys else gather, source, description, deprecation_reason)


First = Annotated[
    int | None,
    strawberry.argument(description="How many, from the front: 1 to 100. Either this or `last` is required."),
]
After = Annotated[str | None, strawberry.argument(description="Start behind this cursor of the same list.")]
Last = Annotated[int | None, strawberry.argument(description="How many, from the back: 1 to 100.")]
Before = Annotated[str | None, strawberry.argument(description="End in front of this cursor of the same list.")]


def page(
    read: PageRead[Any],
    *,
    key: str,
    description: str,
    of: str = "row",
    order: str | None = None,
    deprecation_reason: str | None = None,
) -> Any:
    """A connection over the rows that belong to `key`."""
    get = attrgetter(f"{of}.{key}")

    async def resolve(
        self: Any,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Any:
        window = paging.window(info.context.settings.page_limit, first, after, last, before)
        return await paging.connection(info, read, get(self), window, order=order)

    return _field(resolve, Paged(read, key, of, order), description, deprecation_reason)


def _field(
    resolve: Callable[..., Any | Awaitable[Any]], source: Source, description: str, deprecation_reason: str | None
) -> Any:
    # Without a return annotation the class's own annotation gives the field its type.
    resolve.__annotations__.pop("return", None)
    return strawberry.field(
        resolver=resolve,
        description=description,
        deprecation_reason=deprecation_reason,
        metadata={"source": source},
    )
