"""Fields that say as data where their value comes from; the resolver, the statement count and the cost follow from it.

`column` reads a value of the row, `one` follows a key to a row, `many` follows keys (or one key) to a short list, `page`
opens a window on a list that can grow. Each keeps its declaration in the field's metadata under `source`, where other
roads to the same answer find it.
"""

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import Parameter, Signature
from operator import attrgetter
from typing import Annotated, Any, Protocol

import strawberry
from strawberry.extensions import FieldExtension

from api.graphql import paging
from api.graphql.context import Batch, Info
from api.graphql.directives import ListSize
from api.graphql.rows import shape, shapes
from core.caller import Caller
from core.reads import Filter, ListRead


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
    """A window of the rows that belong to a key; without a key, of all rows of a read that has one list."""

    read: ListRead
    key: str | None
    of: str
    order: str | None


Source = Column | One | Many | Paged


class FilterInput(Protocol):
    """An input type of the schema that says what a list is narrowed to."""

    def wanted(self) -> Filter | None:
        """What the domain understands, None when nothing is narrowed; a coded refusal when it cannot be understood."""


def column(
    name: str,
    *,
    description: str,
    of: str = "row",
    convert: Callable[[Any], Any] | None = None,
    size: ListSize | None = None,
    cache: dict[str, Any] | None = None,
    deprecation_reason: str | None = None,
) -> Any:
    """The value `name` of the row, turned by `convert` if it is given. `size` says how long a list is whose parts lead to
    objects, `cache` how long others may keep an answer with it (`caching.cached`).
    """
    get = attrgetter(f"{of}.{name}")

    def plain(self: Any) -> Any:
        return get(self)

    def turned(self: Any) -> Any:
        assert convert is not None
        return convert(get(self))

    source = Column(name, of, convert)
    return _field(turned if convert else plain, source, description, deprecation_reason, size, cache)


def one(read: Batch, *, key: str, description: str, of: str = "row", deprecation_reason: str | None = None) -> Any:
    """The row that `key` names, null when there is none or the caller may not see it."""
    get = attrgetter(f"{of}.{key}")

    async def resolve(self: Any, info: Info) -> Any:
        value = get(self)
        return None if value is None else shape(await info.context.load(read, value))

    return _field(resolve, One(read, key, of), description, deprecation_reason)


FirstOnes = Annotated[
    int | None, strawberry.argument(description="Only the first so many, from 1; all of them without it.")
]


def bounded(first: Any, most: int) -> int | None:
    if first is None or first is strawberry.UNSET:
        return None
    if not 1 <= first <= most:
        raise paging.PageSizeOutOfRange(f"This list holds at most {most}: ask for the first 1 to {most}.")
    return int(first)


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
    """The rows that `keys` name, in that order; or with `key` all rows that belong to it. `most` is what the domain holds
    to when they are written: nothing is left out here unless the client asks for the `first` ones only.
    """
    name = keys or key
    assert name is not None, "many() needs keys or key"
    get = attrgetter(f"{of}.{name}")

    async def follow(self: Any, info: Info, first: FirstOnes = strawberry.UNSET) -> Any:
        return shapes(await info.context.load_many(read, (get(self) or ())[: bounded(first, most)]))

    async def gather(self: Any, info: Info, first: FirstOnes = strawberry.UNSET) -> Any:
        value = get(self)
        return shapes(([] if value is None else await info.context.load(read, value) or [])[: bounded(first, most)])

    source = Many(read, name, of, most, keys is not None)
    return _field(follow if keys else gather, source, description, deprecation_reason)


First = Annotated[
    int | None,
    strawberry.argument(description="How many, from the front: 1 to 100. Either this or `last` is required."),
]
After = Annotated[str | None, strawberry.argument(description="Start behind this cursor of the same list.")]
Last = Annotated[int | None, strawberry.argument(description="How many, from the back: 1 to 100.")]
Before = Annotated[str | None, strawberry.argument(description="End in front of this cursor of the same list.")]
Asked = dict[str, Any]
"""The arguments of a connection as they were given; what was left out is not there."""


def page(
    read: ListRead,
    *,
    key: str | None,
    description: str,
    of: str = "row",
    order: str | None = None,
    filters: type[FilterInput] | None = None,
    orders: type[enum.Enum] | None = None,
    only_if: Callable[[Any, Caller], bool] | None = None,
    gate: FieldExtension | None = None,
    deprecation_reason: str | None = None,
) -> Any:
    """A connection over the rows that belong to `key`; with None over the one list that the read has.

    `filters` is the input type that narrows it. `orders` is the enum of orders to choose from, whose values are the names
    of the read's orders; `order` is the name of the one in which it stands otherwise. `only_if` says of object and caller
    whether there is a list at all: else the field is null. `gate` is one of permissions.py: it tells what a key lacks.
    """
    get = attrgetter(f"{of}.{key}") if key else _all

    async def resolve(self: Any, info: Info, **asked: Any) -> Any:
        if only_if and not only_if(self, info.context.caller):
            return None
        return await opened(info, read, get(self), asked, order=order)

    with_arguments(resolve, filters, orders)
    return _field(resolve, Paged(read, key, of, order), description, deprecation_reason, gate=gate)


def _all(_root: Any) -> int:
    """The key of a read that has one list."""
    return 0


async def opened(info: Info, read: ListRead, key: Any, asked: Asked, *, order: str | None = None) -> Any:
    """The connection that the arguments ask for."""
    given = [asked.get(name) for name in ("first", "after", "last", "before")]
    window = paging.window(info.context.settings.page_limit, *given)
    narrowed, chosen = asked.get("filter"), asked.get("order")
    wanted = narrowed.wanted() if narrowed else None
    return await paging.connection(info, read, key, window, order=chosen.value if chosen else order, filters=wanted)


def with_arguments(
    resolve: Callable[..., Awaitable[Any]],
    filters: type[FilterInput] | None = None,
    orders: type[enum.Enum] | None = None,
) -> None:
    """Let a resolver that takes `**asked` have the arguments of a connection."""
    arguments: dict[str, Any] = {"first": First, "after": After, "last": Last, "before": Before}
    if filters is not None:
        said = strawberry.argument(description="What the list is narrowed to; everything without it.")
        arguments["filter"] = Annotated[filters | None, said]
    if orders is not None:
        said = strawberry.argument(description="The order of the list; its first value without it.")
        arguments["order"] = Annotated[orders | None, said]
    known = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in ("self", "info")]
    known[1] = known[1].replace(annotation=Info)
    taken = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=strawberry.UNSET, annotation=annotation)
        for name, annotation in arguments.items()
    ]
    resolve.__signature__ = Signature([*known, *taken])  # type: ignore[attr-defined]  # what inspect reads first
    resolve.__annotations__ = {"info": Info, **arguments}


def _field(
    resolve: Callable[..., Any | Awaitable[Any]],
    source: Source,
    description: str,
    deprecation_reason: str | None,
    size: ListSize | None = None,
    cache: dict[str, Any] | None = None,
    gate: FieldExtension | None = None,
) -> Any:
    # Without a return annotation the class's own annotation gives the field its type.
    resolve.__annotations__.pop("return", None)
    return strawberry.field(
        resolver=resolve,
        description=description,
        deprecation_reason=deprecation_reason,
        metadata={"source": source, **(cache or {})},
        directives=[size] if size else [],
        extensions=[gate] if gate else [],
    )
