"""What operators do by hand: let a creator into a channel, and end a right for what no count can see."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Invalid
from services import access, audit
from services.channels import versions
from services.channels.complaints import did_you_mean
from services.clean_outs.working import departure, shut_out


class UnknownCause(Invalid):
    """The channel's pack names no such cause for which a right ends."""

    code = "UNKNOWN_CAUSE"


class RightIsEnded(Conflict):
    """The creator was sent away and may not come back before a day; let in all the same, the right is given again."""

    code = "RIGHT_IS_ENDED"


class NotInTheChannel(Conflict):
    """There is no right to end: it is ended already."""

    code = "NOT_IN_THE_CHANNEL"


async def admit(
    session: AsyncSession, caller: Caller, key: str, creator_uid: UUID, *, is_early: bool = False, clock: Clock
) -> models.Creator:
    """Let a creator into a channel: as one whom it invited. Doing it again changes nothing.

    A right that was ended is given again once its wait is over, or at once with `is_early`; else RightIsEnded.
    """
    access.require(caller, Scope.OPERATE)
    channel = await versions.entry(session, key)
    creator = await _creator(session, creator_uid)
    today = clock.now().astimezone(versions.readable(channel, await versions.in_force(session, channel)).zone).date()
    ended = await session.get(models.ChannelDeparture, (channel.id, creator.id), with_for_update=True)
    if ended is not None and (ended.until is None or ended.until > today):
        if not is_early:
            when = "an operator lets them in early" if ended.until is None else f"{ended.until}"
            raise RightIsEnded(f"The creator's right at {key} was ended until {when}.", path=("creator",))
        ended.until = today
    row = insert(models.ChannelMember).values(channel_id=channel.id, creator_id=creator.id, joined_at=clock.now())
    made = await session.scalar(row.on_conflict_do_nothing().returning(models.ChannelMember.creator_id))
    if made is not None or ended is not None:
        audit.record(session, caller, "creator.admitted", creator, channel=channel.key, is_early=is_early)
    await session.flush()
    return creator


async def remove(
    session: AsyncSession,
    caller: Caller,
    key: str,
    creator_uid: UUID,
    *,
    cause: str | None = None,
    reason: str,
    clock: Clock,
) -> models.Creator:
    """End a creator's right at a channel: for one of the causes of its pack, or for a reason of its own.

    What was accepted stays; nothing more comes in, for as long as the pack says. UnknownCause, NotInTheChannel.
    """
    access.require(caller, Scope.OPERATE)
    channel = await versions.entry(session, key)
    pack = versions.readable(channel, await versions.in_force(session, channel))
    causes = [one.code for one in pack.clean_out.causes] if pack.clean_out else []
    if cause is not None and cause not in causes:
        known = f" It knows {', '.join(causes)}." if causes else " It names none."
        raise UnknownCause(f"The pack has no cause {cause[:80]}.{known}{did_you_mean(cause, causes)}", path=("cause",))
    creator = await _creator(session, creator_uid)
    now = clock.now()
    today = now.astimezone(pack.zone).date()
    ended = await session.get(models.ChannelDeparture, (channel.id, creator.id), with_for_update=True)
    if ended is not None and (ended.until is None or ended.until > today):
        raise NotInTheChannel(f"The creator's right at {key} is ended already.", path=("creator",))
    until = pack.clean_out.back_on(today) if pack.clean_out else None
    codes = [] if cause is None else [cause]
    by = (caller.acted_by or caller).name
    await shut_out(session, [departure(channel.id, creator.id, now, until, codes, by, reason=reason)])
    known_of = {"codes": codes, "until": until and until.isoformat()}
    audit.record(session, caller, "creator.removed", creator, reason=reason, channel=channel.key, right=known_of)
    await session.flush()
    return creator


async def _creator(session: AsyncSession, uid: UUID) -> models.Creator:
    row = models.Creator
    found = await session.scalar(select(row).where(row.uid == uid, row.erased_at.is_(None)))
    if found is None:
        raise access.NoSuchCreator("There is no such creator.")
    return found
