"""Who comes to a channel, and what was counted of them there: for many creators at once, in a few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.reads import any_of
from services.channels import admission
from services.channels.arms import Applicant
from services.channels.clean_out import RATE_DAYS, CleanOut, Counted, Standing
from services.channels.engine import CompiledPack
from services.gathering import facts_of_creators
from services.pass_rates import ACCEPTED, JUDGED
from services.track_records import track_records


@dataclass(frozen=True, slots=True)
class Place:
    """A channel that is cleaned out: its pack, when it is looked at, the channels that count together, and those whose
    members belong to it (itself and what it stands under).
    """

    channel: models.Channel
    compiled: CompiledPack
    part: CleanOut
    at: datetime
    counted_ids: tuple[int, ...]
    above_ids: tuple[int, ...]

    @property
    def is_by_invitation(self) -> bool:
        """Whether the right to come in is a membership; else whoever submitted something has used it."""
        return "invited" in self.compiled.asked_of_creators


async def place(
    session: AsyncSession, channel: models.Channel, compiled: CompiledPack, part: CleanOut, at: datetime
) -> Place:
    above = await session.scalars(select(models.Channel.id).where(models.Channel.key.in_(_above(channel.key))))
    beside = [channel.id]
    if part.counted == "platform" and channel.parent_id is not None:
        beside = list(
            await session.scalars(select(models.Channel.id).where(models.Channel.parent_id == channel.parent_id))
        )
    return Place(channel, compiled, part, at, tuple(sorted(beside)), tuple(sorted(above)))


async def next_creators(session: AsyncSession, of: Place, after: int, limit: int) -> list[models.Creator]:
    """Those who come in here, by id, but for whoever is erased or out already."""
    creator, gone = models.Creator, models.ChannelDeparture
    today = of.at.astimezone(of.compiled.pack.zone).date()
    is_out = exists().where(
        gone.creator_id == creator.id,
        gone.channel_id == any_of(of.above_ids),
        or_(gone.until.is_(None), gone.until > today),
    )
    statement = select(creator).where(creator.id > after, creator.erased_at.is_(None), ~is_out, _comes(of))
    return list(await session.scalars(statement.order_by(creator.id).limit(limit)))


async def standings(session: AsyncSession, of: Place, creators: Sequence[models.Creator]) -> dict[int, Standing]:
    """What was counted of each of them, as of the moment of the clean-out."""
    ids = [creator.id for creator in creators]
    since = await _since(session, of, ids)
    counts = await _counts(session, of, ids)
    below = await _below(session, of, creators)
    found = {}
    for id_ in ids:
        row = counts.get(id_, {})
        judged = row.get("judged", 0)
        found[id_] = Standing(
            days_here=max(0, (of.at - since.get(id_, of.at)).days),
            counts={key: row.get(_name(*key), 0) for key in _spans(of.part)},
            pass_rate=row["passed"] * 100 // judged if judged else None,
            below_gates=below[id_],
        )
    return found


def _above(key: str) -> list[str]:
    """The keys of a channel and of everything it stands under."""
    steps = key.split(".")
    return [".".join(steps[:depth]) for depth in range(1, len(steps) + 1)]


def _comes(of: Place) -> ColumnElement[bool]:
    creator, member = models.Creator, models.ChannelMember
    if of.is_by_invitation:
        return exists().where(member.creator_id == creator.id, member.channel_id == any_of(of.above_ids))
    # in this order: each creator is looked at once in the whole clean-out, and all submissions of a channel never are
    return exists().where(
        models.Content.creator_id == creator.id,
        models.Content.is_history.is_(False),
        models.Submission.content_id == models.Content.id,
        models.Submission.channel_id == of.channel.id,
    )


async def _since(session: AsyncSession, of: Place, ids: Sequence[int]) -> dict[int, datetime]:
    """Since when each of them comes here: as a member or with a first submission, and not before they came back."""
    rows: Any
    if of.is_by_invitation:
        member = models.ChannelMember
        rows = select(member.creator_id, func.min(member.joined_at)).where(
            member.creator_id == any_of(ids), member.channel_id == any_of(of.above_ids)
        )
        rows = rows.group_by(member.creator_id)
    else:
        rows = (
            select(models.Content.creator_id, func.min(models.Submission.created_at))
            .join(models.Submission, models.Submission.content_id == models.Content.id)
            .where(models.Content.creator_id == any_of(ids), models.Submission.channel_id == any_of(of.counted_ids))
            .where(models.Content.is_history.is_(False))
            .group_by(models.Content.creator_id)
        )
    since: dict[int, datetime] = dict((await session.execute(rows)).all())
    gone = models.ChannelDeparture
    back = select(gone.creator_id, func.max(gone.until)).where(
        gone.creator_id == any_of(ids), gone.channel_id == any_of(of.above_ids)
    )
    for id_, day in await session.execute(back.group_by(gone.creator_id)):
        if day is not None and id_ in since:
            came_back = datetime.combine(day, time(), of.compiled.pack.zone).astimezone(UTC)
            since[id_] = max(since[id_], came_back)
    return since


def _spans(part: CleanOut) -> list[tuple[Counted, int]]:
    return sorted({(floor.counts, floor.days) for floor in part.floors})


def _name(counts: Counted, days: int) -> str:
    return f"{counts}_{days}"


async def _counts(session: AsyncSession, of: Place, ids: Sequence[int]) -> dict[int, Mapping[str, int]]:
    """Contents by span, and what was judged and passed, in one statement. What was published elsewhere before is not
    counted: it was never handed in. A content is accepted when it first was: by people, or handed over by the machine alone.
    """
    one, event = models.Submission, models.SubmissionEvent
    first = select(func.min(event.at)).where(event.submission_id == one.id, event.to_state.in_(ACCEPTED))
    accepted_at = case(
        (one.state.in_(ACCEPTED), func.coalesce(first.correlate(one).scalar_subquery(), one.state_since))
    )
    times = {"accepted": accepted_at, "submitted": one.created_at}
    columns: list[Any] = [
        func.count(one.content_id.distinct())
        .filter(times[counts] > of.at - timedelta(days=days))
        .label(_name(counts, days))
        for counts, days in _spans(of.part)
    ]
    recent = one.state_since > of.at - timedelta(days=RATE_DAYS)
    columns.append(func.count().filter(one.state.in_(JUDGED), recent).label("judged"))
    columns.append(func.count().filter(one.state.in_(ACCEPTED), recent).label("passed"))
    longest = max([RATE_DAYS, *(days for _, days in _spans(of.part))])
    rows = await session.execute(
        select(models.Content.creator_id, *columns)
        .join(models.Content, models.Content.id == one.content_id)
        .where(
            models.Content.creator_id == any_of(ids),
            models.Content.is_history.is_(False),
            one.channel_id == any_of(of.counted_ids),
            # whatever happened within a span, its last step did too or later
            one.state_since > of.at - timedelta(days=longest),
        )
        .group_by(models.Content.creator_id)
    )
    return {row["creator_id"]: dict(row) for row in rows.mappings()}


async def _below(session: AsyncSession, of: Place, creators: Sequence[models.Creator]) -> dict[int, tuple[Any, ...]]:
    """What keeps each of them below the gates; what is not known of somebody is not held against them."""
    gates = of.compiled.pack.gates
    if gates is None or not of.part.below_gates:
        return {creator.id: () for creator in creators}
    facts = await facts_of_creators(session, {creator.id: creator for creator in creators}, of.at)
    records = await track_records(session, [of.compiled], facts, (), of.at)
    judge, on = admission.compiled(gates), of.at.astimezone(of.compiled.pack.zone).date()
    found = {}
    for id_, known in facts.items():
        verdict = judge(Applicant(records.told(known, id_), of.compiled.pack.key, on))
        short = tuple(one for one in verdict.findings if one.status == "failed")
        found[id_] = short if verdict.passed is False else ()
    return found
