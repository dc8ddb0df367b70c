"""The Node interface, and the two queries that find any object by its global id."""

import asyncio
from typing import Annotated, Any

import strawberry

from api.graphql.context import Batch, Info
from api.graphql.directives import sized_by
from api.graphql.ids import Id
from api.graphql.rows import shape
from core.errors import Invalid
from core.ids import MalformedId, parse_global_id


class TooManyIds(Invalid):
    code = "TOO_MANY_IDS"


@strawberry.interface(description="An object with a global id, by which `node` finds it again.")
class Node:
    id: strawberry.ID = strawberry.field(description="Its global id. It never changes.")


_reads: dict[str, Batch] = {}


def findable(type_name: str, by_uids: Batch) -> None:
    """Let `node` find objects of this type. The read decides what the caller may see."""
    _reads[type_name] = by_uids


def findable_types() -> frozenset[str]:
    return frozenset(_reads)


async def find(info: Info, text: str, *path: str | int) -> Any:
    """The object with this id, null when there is none to see; MalformedId, at this path, when it is no id."""
    try:
        name, uid = parse_global_id(text)
    except MalformedId as error:
        raise MalformedId(error.message, path=path) from error
    read = _reads.get(name)
    return None if read is None else shape(await info.context.load(read, uid))


@strawberry.type
class NodeQuery:
    @strawberry.field(description="The object with this global id; null when there is none or you may not see it.")
    async def node(self, info: Info, id: Id) -> Node | None:
        return await find(info, id, "id")  # type: ignore[no-any-return]  # a row's shape, a Node by registration

    @strawberry.field(
        description="The objects with these global ids, in their order, null where there is none to see.",
        directives=[sized_by("ids")],
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 global ids.")],
    ) -> list[Node | None]:
        limit = info.context.settings.page_limit
        if len(ids) > limit:
            raise TooManyIds(f"At most {limit} ids at once; {len(ids)} were given.", path=("ids",))
        found = await asyncio.gather(
            *(find(info, text, "ids", place) for place, text in enumerate(ids)), return_exceptions=True
        )
        wrong = [one for one in found if isinstance(one, MalformedId)]
        if wrong:
            problems = [problem for error in wrong for problem in error.problems]
            raise MalformedId("Some of these are no ids: use those that this API returned.", problems=problems)
        return [_answered(one) for one in found]


def _answered(found: Any) -> Any:
    if isinstance(found, BaseException):
        raise found
    return found
