"""Asking for a rehearsal, and calling it off."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, NotFound
from models import RehearsalState
from services import access, outbox, packs
from services.channels import installing, versions
from services.channels.packs import Pack

OVER = (RehearsalState.DONE, RehearsalState.FAILED, RehearsalState.CANCELLED)


class NoSuchRehearsal(NotFound):
    """There is no rehearsal of this id."""

    code = "NO_SUCH_REHEARSAL"


class RehearsalOver(Conflict):
    """It came to its end already."""

    code = "REHEARSAL_OVER"


async def ask(
    session: AsyncSession,
    caller: Caller,
    toml: str | None = None,
    json: str | None = None,
    *,
    allows_unknown_words: bool = False,
    clock: Clock,
) -> models.Rehearsal:
    """Have the pack in this text rehearsed for its channel, by an operator; workers do it.

    NotOnePack; MalformedPack with every problem at once, all of them at `toml` or `json`; NoSuchChannel where nothing rules
    its channel yet.
    """
    access.require(caller, Scope.OPERATE)
    text = packs.given(toml, json)
    pack = await packs.checked(session, text, allows_unknown_words=allows_unknown_words)
    return await rehearse(session, caller, pack, clock=clock, path=(text.form,))


async def ask_again(session: AsyncSession, caller: Caller, key: str, digest: str, *, clock: Clock) -> models.Rehearsal:
    """Have a version that is kept rehearsed: one that ruled before, was rehearsed, or is a canary. NoSuchPackVersion."""
    access.require(caller, Scope.OPERATE)
    channel = await versions.entry(session, key)
    version = await versions.version(session, channel, digest)
    return await rehearse(session, caller, versions.readable(channel, version), clock=clock)


async def rehearse(
    session: AsyncSession, caller: Caller, pack: Pack, *, clock: Clock, path: tuple[str, ...] = ("channel",)
) -> models.Rehearsal:
    """Have a sound pack rehearsed against the version in force. The one in force itself changes nothing: that is done at
    once. The version is kept from now on, without ruling anything.
    """
    try:
        channel = await versions.entry(session, pack.key)
    except versions.NoSuchChannel as error:
        raise versions.NoSuchChannel(error.message, path=path) from error
    in_force = await versions.in_force(session, channel)
    versions.readable(channel, in_force)
    version_id, now = await installing.store_version(session, channel.id, pack), clock.now()
    is_same = version_id == in_force.id
    row = models.Rehearsal(
        channel_id=channel.id,
        pack_version_id=version_id,
        compared_id=in_force.id,
        state=RehearsalState.DONE if is_same else RehearsalState.WAITING,
        requested_at=now,
        requested_by=(caller.acted_by or caller).name,
        finished_at=now if is_same else None,
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    await session.execute(select(func.pg_notify(outbox.CHANNEL, "")))
    return row


async def cancel(session: AsyncSession, caller: Caller, uid: UUID, *, clock: Clock) -> models.Rehearsal:
    """Call a rehearsal off, by an operator: what it counted so far stays. Called off again it is as it was.

    RehearsalOver when it came to its end. Whoever works at it ends its batch before.
    """
    access.require(caller, Scope.OPERATE)
    found = select(models.Rehearsal).where(models.Rehearsal.uid == uid).with_for_update()
    row = await session.scalar(found.execution_options(populate_existing=True))
    if row is None:
        raise NoSuchRehearsal("There is no such rehearsal.")
    if row.state is RehearsalState.CANCELLED:
        return row
    if row.state in OVER:
        raise RehearsalOver(f"The rehearsal is {row.state.value}: there is nothing left to call off.")
    row.state, row.finished_at = RehearsalState.CANCELLED, clock.now()
    await session.flush()
    return row
