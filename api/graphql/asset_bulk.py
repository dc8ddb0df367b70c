"""Changes of many assets at once: one transaction, an answer for each, in the order given."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from api.graphql import refs
from api.graphql.bulk import MOST_PROBLEMS
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.ids import uids_of
from api.graphql.mutations import MOST_AT_ONCE, TooManyItems, change, each
from api.graphql.problems import Problem, Refused
from core.caller import Caller
from services.assets import describing

Work = Callable[[AsyncSession, Caller, UUID], Awaitable[Any]]


@strawberry.type(description="What became of one of the assets.")
class AssetOutcome:
    id: strawberry.ID = strawberry.field(description="The id as it was given.")
    asset: refs.AssetRef | None = strawberry.field(description="The asset; null where it was refused.")
    problems: list[Problem] = strawberry.field(
        description="Why it was refused, everything at once; empty where it was done.",
        directives=[at_most(MOST_PROBLEMS)],
    )


@dataclass(frozen=True, slots=True)
class Bulk:
    """A change of many assets in one transaction, each in a savepoint of its own."""

    uids: tuple[UUID, ...]
    work: Work

    async def __call__(self, session: AsyncSession, caller: Caller) -> list[Any]:
        await describing.hold(session, caller, self.uids)
        return await each(session, self.uids, lambda uid: self.work(session, caller, uid))


def several(ids: Sequence[str], part: str = "asset_ids") -> tuple[UUID, ...]:
    """The assets that a bulk mutation names."""
    bounded(len(ids), part)
    return uids_of(ids, "Asset", part)


def bounded(count: int, part: str) -> None:
    if not 1 <= count <= MOST_AT_ONCE:
        raise TooManyItems(f"Name 1 to {MOST_AT_ONCE} assets; {count} were given.", path=(part,))


def problems_at(became: Any, *place: str) -> list[Problem]:
    """What stands against one of them, at its place in the input."""
    if not isinstance(became, Refused):
        return []
    return [Problem(code=one.code, message=one.message, path=["input", *place]) for one in became.problems]


async def in_bulk(info: Info, sent: Any, work: Work) -> list[AssetOutcome]:
    """What `work` made of each asset of the input."""
    done = await change(info, sent, "results", Bulk(several(sent.asset_ids), work))
    return [
        AssetOutcome(
            id=id_,
            asset=None if isinstance(became, Refused) else became,
            problems=problems_at(became, "assetIds", str(place)),
        )
        for place, (id_, became) in enumerate(zip(sent.asset_ids, done["results"], strict=True))
    ]
