"""Changes of many contents at once: one transaction, an answer for each, in the order given."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.ids import uids_of
from api.graphql.mutations import MOST_AT_ONCE, TooManyItems, change, each
from api.graphql.problems import Problem, Refused
from api.graphql.reading import Reading
from api.graphql.reasons import reason
from core.caller import Caller
from core.errors import together
from services import publishing

MOST_PROBLEMS = 20
"""What of one content can be told at once; more than there are reasons to refuse one."""

Work = Callable[[AsyncSession, Caller, UUID], Awaitable[models.Content]]


@strawberry.type(description="What became of one of the contents.")
class ContentOutcome:
    id: strawberry.ID = strawberry.field(description="The id as it was given.")
    content: refs.ContentRef | None = strawberry.field(description="The content; null where it was refused.")
    problems: list[Problem] = strawberry.field(
        description="Why it was refused, everything at once; empty where it was done.",
        directives=[at_most(MOST_PROBLEMS)],
    )


def outcomes() -> Any:
    """The field of the payload of a bulk mutation."""
    return strawberry.field(
        description="What became of each, in the order given: one that is refused does not hold up another.",
        directives=[at_most(MOST_AT_ONCE)],
    )


@dataclass(frozen=True, slots=True)
class Bulk:
    """A change of many contents in one transaction, each in a savepoint of its own. What is wrong with what they share, such
    as the channels, is told once.
    """

    uids: tuple[UUID, ...]
    work: Work
    channels: Sequence[str] | None = None

    async def __call__(self, session: AsyncSession, caller: Caller) -> list[Any]:
        _, errors = await publishing.named_channels(session, caller, self.channels)
        if errors:
            raise together(errors)
        # all at once and in order: two that name the same contents cannot wait for each other
        await publishing.hold(session, caller, self.uids)
        return await each(session, self.uids, lambda uid: self.work(session, caller, uid))


def many(ids: Sequence[str]) -> tuple[UUID, ...]:
    """The contents that a bulk mutation names."""
    if not 1 <= len(ids) <= MOST_AT_ONCE:
        raise TooManyItems(f"Name 1 to {MOST_AT_ONCE} contents; {len(ids)} were given.", path=("content_ids",))
    return uids_of(ids, "Content", "content_ids")


def outcome(id_: strawberry.ID, became: Any) -> ContentOutcome:
    if isinstance(became, Refused):
        return ContentOutcome(id=id_, content=None, problems=became.problems)
    return ContentOutcome(id=id_, content=became, problems=[])


async def in_bulk(
    info: Info, sent: Any, uids: tuple[UUID, ...], work: Work, channels: Sequence[str] | None = None
) -> list[ContentOutcome]:
    """What `work` made of each content of the input."""
    done = await change(info, sent, "results", Bulk(uids, work, channels))
    return [outcome(id_, became) for id_, became in zip(sent.content_ids, done["results"], strict=True)]


def subjects(ids: Sequence[str], why: str) -> tuple[tuple[UUID, ...], str]:
    """What to take away, and why: both looked at before either is refused."""
    reading = Reading()
    uids = reading.take(many, ids)
    said = reading.take(reason, why)
    if uids is None or said is None:
        raise together(reading.errors)
    return uids, said
