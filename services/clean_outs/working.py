"""A clean-out at work: begun once in a period, worked off in batches, each in a transaction; rehearsed as often as one likes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict
from core.reads import any_of
from services import access, audit
from services.channels import installing, versions
from services.channels.clean_out import CleanOut, Judged, Verdict, judge
from services.channels.engine import CompiledPack
from services.channels.packs import Pack
from services.clean_outs import standings

AT_ONCE = 200
"""The creators of a batch: a fraction of a second."""
MOST_IN_ONE_GO = 5_000
"""So many creators one mutation looks at; the next one goes on."""


class NoCleanOut(Conflict):
    """The rules of the channel end nobody's right: its pack has no part `clean_out`."""

    code = "NO_CLEAN_OUT"


async def begin(
    session: AsyncSession, caller: Caller, key: str, *, is_rehearsal: bool, clock: Clock
) -> models.CleanOut:
    """The clean-out of this channel in the period that is now: begun, or the one that was begun before, over or not.

    A rehearsal that is over is followed by a new one. NoSuchChannel, NoCleanOut.
    """
    access.require(caller, Scope.OPERATE)
    channel = await versions.entry(session, key)
    version = await versions.in_force(session, channel)
    part = _part(channel, versions.readable(channel, version))
    now = clock.now()
    period = part.period(now.astimezone(versions.readable(channel, version).zone).date())
    started = {"pack_version_id": version.id, "started_at": now, "started_by": caller.name}
    row = models.CleanOut
    of = {"channel_id": channel.id, "period": period, "is_rehearsal": is_rehearsal}
    # whoever begins at the same time waits here
    await session.execute(
        select(models.Channel.id).where(models.Channel.id == channel.id).with_for_update(key_share=True)
    )
    found = select(row).filter_by(**of).order_by(row.id.desc()).limit(1)
    before = await session.scalar(found.where(row.finished_at.is_(None)) if is_rehearsal else found)
    if before is not None:
        return before
    made = row(**of, **started)
    session.add(made)
    await session.flush()
    return made


async def step(session: AsyncSession, caller: Caller, run_id: int, *, clock: Clock, limit: int = AT_ONCE) -> bool:
    """Look at the next creators; whether it is over."""
    access.require(caller, Scope.OPERATE)
    run = await session.get_one(models.CleanOut, run_id, with_for_update=True, populate_existing=True)
    if run.finished_at is not None:
        return True
    of = await _place(session, run)
    creators = await standings.next_creators(session, of, run.last_creator_id, limit)
    if creators:
        counted = await standings.standings(session, of, creators)
        judged = [(one, judge(of.part, counted[one.id])) for one in creators]
        run.last_creator_id = creators[-1].id
        run.seen_count += len(creators)
        await _keep(session, caller, run, of, judged)
    if len(creators) < limit:
        run.finished_at = clock.now()
        if not run.is_rehearsal:
            told = {"seen": run.seen_count, "warned": run.warned_count, "out": run.out_count}
            audit.record(session, caller, "channel.cleaned_out", of.channel, period=run.period, counts=told)
    await session.flush()
    return run.finished_at is not None


async def clean_out(
    session: AsyncSession,
    caller: Caller,
    key: str,
    *,
    is_rehearsal: bool,
    clock: Clock,
    most: int = MOST_IN_ONE_GO,
) -> models.CleanOut:
    """Begin or go on, in one transaction, over `most` creators at most: `finished_at` says whether that was all."""
    run = await begin(session, caller, key, is_rehearsal=is_rehearsal, clock=clock)
    for _ in range(0, most, AT_ONCE):
        if await step(session, caller, run.id, clock=clock, limit=min(AT_ONCE, most)):
            break
    return run


def _part(channel: models.Channel, pack: Pack) -> CleanOut:
    if pack.clean_out is None:
        said = f"The rules of {channel.key} end nobody's right: the pack has no part clean_out."
        raise NoCleanOut(said, path=("channel",))
    return pack.clean_out


async def _place(session: AsyncSession, run: models.CleanOut) -> standings.Place:
    """By the rules that were in force when it began."""
    channel = await session.get_one(models.Channel, run.channel_id)
    pack = (await installing.pinned(session, [run.pack_version_id]))[run.pack_version_id]
    return await standings.place(session, channel, CompiledPack(pack), _part(channel, pack), run.started_at)


async def _keep(
    session: AsyncSession,
    caller: Caller,
    run: models.CleanOut,
    of: standings.Place,
    judged: Sequence[tuple[models.Creator, Judged]],
) -> None:
    """Write down who is warned and who has to go; of a rehearsal that is all."""
    told = [(creator, one) for creator, one in judged if one.verdict is not Verdict.STAYS]
    out = [(creator, one) for creator, one in told if one.verdict is Verdict.OUT]
    run.warned_count += len(told) - len(out)
    run.out_count += len(out)
    session.add_all(
        models.CleanOutVerdict(
            clean_out_id=run.id,
            creator_id=creator.id,
            is_out=one.verdict is Verdict.OUT,
            findings=orjson.loads(orjson.dumps(one.findings)),
        )
        for creator, one in told
    )
    if run.is_rehearsal or not out:
        return
    until = of.part.back_on(run.started_at.astimezone(of.compiled.pack.zone).date())
    by = (caller.acted_by or caller).name
    rows = [
        departure(of.channel.id, creator.id, run.started_at, until, _codes(one), by, clean_out_id=run.id)
        for creator, one in out
    ]
    await shut_out(session, rows)
    for creator, one in out:
        known = {"codes": _codes(one), "until": until and until.isoformat()}
        audit.record(session, caller, "creator.cleaned_out", creator, channel=of.channel.key, right=known)


def _codes(judged: Judged) -> list[str]:
    return list(dict.fromkeys(found.code for found in judged.findings if found.stops))


def departure(
    channel_id: int, creator_id: int, since: datetime, until: date | None, codes: list[str], by: str, **more: Any
) -> dict[str, Any]:
    """The row of an ended right."""
    row = {"channel_id": channel_id, "creator_id": creator_id, "since": since, "until": until, "reason_codes": codes}
    return {"reason": None, "clean_out_id": None, **row, "ended_by": by, **more}


async def shut_out(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """End the right of these creators at a channel, and their membership with it: who comes back is invited anew."""
    gone, member = models.ChannelDeparture, models.ChannelMember
    made = insert(gone).values(list(rows))
    kept = {name: made.excluded[name] for name in rows[0] if name not in {"channel_id", "creator_id"}}
    await session.execute(made.on_conflict_do_update(index_elements=[gone.channel_id, gone.creator_id], set_=kept))
    ids = [row["creator_id"] for row in rows]
    await session.execute(
        delete(member).where(member.channel_id == rows[0]["channel_id"], member.creator_id == any_of(ids))
    )
