"""Appeals: the author's side objects to a takedown, an operator grants or refuses."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, NotFound
from core.reads import OneRead, Order, PageRead
from models import AppealState, ContentState
from services import access, audit, publishing

by_ids = OneRead(models.Appeal, models.Appeal.id, access.appeals)
by_uids = OneRead(models.Appeal, models.Appeal.uid, access.appeals)
of_contents = PageRead(
    "appeals.of_contents",
    models.Appeal,
    match=lambda key: models.Appeal.content_id == key,
    key_type=BigInteger(),
    visible=access.appeals,
    orders=(Order("newest", (models.Appeal.id,)),),
)
# those that waited longest come first: one list, whose key is always 0
listed = PageRead(
    "appeals.listed",
    models.Appeal,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.only_operators,
    orders=(Order("oldest", (models.Appeal.id,), descending=False),),
)


class NoSuchAppeal(NotFound):
    code = "NO_SUCH_APPEAL"


class NotTakenDown(Conflict):
    code = "NOT_TAKEN_DOWN"


class AlreadyAppealed(Conflict):
    """An appeal against this takedown waits for its decision."""

    code = "ALREADY_APPEALED"


class AppealOver(Conflict):
    code = "APPEAL_OVER"


@dataclass(frozen=True, slots=True)
class AppealFilter:
    """Only appeals in one of these states; empty means all."""

    states: tuple[AppealState, ...] = ()

    @property
    def text(self) -> str:
        return ",".join(sorted(self.states))

    async def condition(self, _session: AsyncSession, _caller: Caller) -> ColumnElement[bool]:
        return models.Appeal.state.in_(self.states or tuple(AppealState))


async def appeal(session: AsyncSession, caller: Caller, content_uid: UUID, *, text: str, clock: Clock) -> models.Appeal:
    """Object to a takedown of a content that the caller may change. One appeal at a time waits."""
    access.require(caller, Scope.CONTENT_WRITE)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    if content.state is not ContentState.TAKEN_DOWN:
        raise NotTakenDown("This content is not taken down, so there is nothing to appeal against.")
    waits = select(models.Appeal.id).where(
        models.Appeal.content_id == content.id, models.Appeal.state == AppealState.WAITING
    )
    if await session.scalar(waits) is not None:
        raise AlreadyAppealed("An appeal waits for its decision already.")
    made = models.Appeal(
        content_id=content.id,
        account_id=caller.account_id,
        text=text,
        created_at=clock.now(),
        state=AppealState.WAITING,
    )
    session.add(made)
    await session.flush()
    audit.record(session, caller, "appeal.made", made)
    await session.flush()
    return made


async def decide(
    session: AsyncSession, caller: Caller, appeal_uid: UUID, *, grants: bool, note: str | None = None, clock: Clock
) -> models.Appeal:
    """An operator grants an appeal, which lifts the takedown, or refuses it."""
    access.require(caller, Scope.OPERATE)
    found = (await by_uids(session, caller, [appeal_uid])).get(appeal_uid)
    if found is None:
        raise NoSuchAppeal("There is no such appeal.")
    content = await session.get_one(models.Content, found.content_id, with_for_update=True, populate_existing=True)
    await session.refresh(found, with_for_update=True)
    if found.state is not AppealState.WAITING:
        raise AppealOver(f"This appeal is over: it was {found.state.value.lower()}.")
    found.state = AppealState.GRANTED if grants else AppealState.REFUSED
    found.decided_by_id, found.decided_at, found.note = caller.account_id, clock.now(), note
    audit.record(session, caller, f"appeal.{found.state.value.lower()}", found)
    if grants and content.state is ContentState.TAKEN_DOWN:
        await publishing.restore(session, caller, content.uid, clock=clock)
    await session.flush()
    return found
