"""Connections over keyset cursors, by the Relay specification: both ways, a size always asked for, the count only if wanted."""

import enum
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import strawberry

from api.graphql.context import Info
from api.graphql.rows import shape
from api.graphql.words import described
from core import reads
from core.errors import Invalid
from core.reads import Filter, ListRead, Page, Window

Node = TypeVar("Node")


class PageSizeMissing(Invalid):
    code = "PAGE_SIZE_REQUIRED"


class PageSizeOutOfRange(Invalid):
    code = "PAGE_SIZE_OUT_OF_RANGE"


class PageBothWays(Invalid):
    """Forward and backward arguments together have no meaning."""

    code = "PAGE_BOTH_WAYS"


class CountPrecision(enum.StrEnum):
    EXACT = "exact"
    AT_LEAST = "at least"


described(
    CountPrecision,
    "How a count is to be read.",
    {"EXACT": "There are as many.", "AT_LEAST": "There are as many and more: counting stopped there."},
)


@strawberry.type(
    description="Where a page stands in its list. Both answers are looked up, whichever way the list is walked."
)
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more entries follow behind `endCursor`.")
    has_previous_page: bool = strawberry.field(description="Whether more entries stand in front of `startCursor`.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first entry; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last entry; null on an empty page.")


@strawberry.type(description="An entry of a list, with its place.")
class Edge(Generic[Node]):
    node: Node = strawberry.field(description="The object itself.")
    cursor: str = strawberry.field(description="Its place: give it as `after` or `before` to go on from here.")


@strawberry.type(
    description="A window on a list that can grow. Ask for `nodes`, or for `edges` when the cursor of each matters."
)
class Connection(Generic[Node]):
    page: strawberry.Private[Page[Any]]
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="The entries of this window with their cursors.")
    def edges(self) -> list[Edge[Node]]:
        return [
            Edge(node=shape(row), cursor=cursor) for row, cursor in zip(self.page.rows, self.page.cursors, strict=True)
        ]

    @strawberry.field(description="The objects of this window.")
    def nodes(self) -> list[Node]:
        return [shape(row) for row in self.page.rows]

    @strawberry.field(description="Where this window stands in the whole list.")
    def page_info(self) -> PageInfo:
        cursors = self.page.cursors
        return PageInfo(
            has_next_page=self.page.has_next,
            has_previous_page=self.page.has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )

    @strawberry.field(
        description="How many the whole list has, counted only when asked for: exact up to 10,000. Of a longer list"
        " it is 10,000, and `totalCountPrecision` is AT_LEAST."
    )
    async def total_count(self) -> int:
        return min(await self.count(), reads.COUNTED)

    @strawberry.field(description="Whether `totalCount` is exact. Costs nothing beside it.")
    async def total_count_precision(self) -> CountPrecision:
        return CountPrecision.EXACT if await self.count() <= reads.COUNTED else CountPrecision.AT_LEAST


def window(limit: int, first: Any, after: Any, last: Any, before: Any) -> Window:
    """The window that the arguments ask for; a coded refusal when they do not say how much, or too much."""
    sizes = [size for size in (first, last) if size is not None and size is not strawberry.UNSET]
    if len(sizes) != 1:
        raise PageSizeMissing(f"Say how many: either `first` or `last`, from 1 to {limit}.")
    if not 1 <= sizes[0] <= limit:
        raise PageSizeOutOfRange(f"A page holds 1 to {limit}; {sizes[0]} was asked for.")
    # what is left out is UNSET, which is false, as is an empty cursor
    if (after and not first) or (before and not last):
        raise PageBothWays("`after` goes with `first`, and `before` with `last`.")
    return Window(first=first or None, after=after or None, last=last or None, before=before or None)


async def connection(
    info: Info,
    read: ListRead,
    key: Any,
    asked: Window,
    *,
    order: str | None = None,
    filters: Filter | None = None,
) -> Any:
    """The connection over `read` for one key. Siblings with equal arguments share one statement, and one count."""
    found = await info.context.load(read, key, window=asked, order=order, filters=filters)

    async def count() -> int:
        return int(await info.context.load(read.count, key, filters=filters) or 0)

    return Connection(page=found, count=count)
