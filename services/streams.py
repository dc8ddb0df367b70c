"""Streams: short ordered logs of what happened to one thing, for those who follow it live and come back with a cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Row,
    Text,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime

import models
from core import cursors
from core.caller import Caller
from core.clock import Clock
from core.db import Database
from core.errors import NotFound
from models import StreamKind
from services import access
from services.feeds import CursorGone
from services.loops import Step, sweeping

NEWS = "headwater_streams"
KEPT = 10_000
"""The events that a stream keeps at least; every so often the older ones are let go."""

KEPT_FOR = timedelta(days=30)
"""Nothing is kept for longer, however few events a stream has."""

LET_GO_AT_ONCE = 1_000
MOST_EPOCHS = 2**15 - 1
LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Subject:
    """What a stream tells of: a content (LIVE) or a creator (SUBMISSIONS), by its id."""

    kind: StreamKind
    id: int

    @property
    def scope(self) -> str:
        """What its cursors are bound to."""
        return f"stream:{self.kind.value}:{self.id}"


@dataclass(frozen=True, slots=True)
class Happened:
    """Something to append. `details` holds ids and words of ours, never what people wrote: that can be taken back."""

    subject: Subject
    event: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is read; `cursor` goes on behind it."""

    position: int
    event: str
    at: datetime
    details: dict[str, Any]
    cursor: str


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order. `tail` goes on behind them, and so does whoever waits beyond `position`."""

    events: list[Told]
    position: int
    tail: str


async def append(session: AsyncSession, happened: Sequence[Happened], *, at: datetime, kept: int = KEPT) -> None:
    """Append, in this order; told to followers when the transaction commits.

    The heads stay locked until then, so positions follow commits; they are locked in order of kind and subject, after
    whatever else the transaction locks.
    """
    if not happened:
        return
    totals: Counter[Subject] = Counter()
    numbers = []
    for one in happened:
        totals[one.subject] += 1
        numbers.append(totals[one.subject])
    columns: dict[str, tuple[list[Any], Any]] = {
        "numbers": (numbers, BigInteger),
        "totals": ([totals[one.subject] for one in happened], BigInteger),
        "kinds": ([one.subject.kind.value for one in happened], Text),
        "subjects": ([one.subject.id for one in happened], BigInteger),
        "events": ([one.event for one in happened], Text),
        "details": ([orjson.dumps(one.details).decode() for one in happened], Text),
    }
    values: list[Any] = [bindparam(name, given, type_=ARRAY(type_)) for name, (given, type_) in columns.items()]
    values += [bindparam("at", at, type_=DateTime(timezone=True)), bindparam("kept", kept, type_=BigInteger)]
    slack = bindparam("slack", min(kept // 10, LET_GO_AT_ONCE), type_=BigInteger)
    await session.execute(_APPEND.bindparams(*values, slack))
    await session.execute(select(func.pg_notify(NEWS, "")))


# One statement: heads, then the events that they number, and what is older than is kept.
_APPEND = text(
    """
    WITH given AS (
        SELECT * FROM unnest(:numbers, :totals, :kinds, :subjects, :events, :details)
            AS given(number, total, kind, subject_id, event, details)
    ), heads AS (
        INSERT INTO streams AS stream (kind, subject_id, head)
        SELECT kind, subject_id, total FROM given WHERE number = 1 ORDER BY kind, subject_id
        ON CONFLICT (kind, subject_id) DO UPDATE SET
            head = stream.head + excluded.head,
            kept_from = CASE WHEN stream.head + excluded.head - stream.kept_from >= :kept + :slack
                             THEN stream.head + excluded.head - :kept + 1 ELSE stream.kept_from END
        RETURNING kind, subject_id, head, kept_from
    ), let_go AS (
        DELETE FROM stream_events AS old USING heads
        WHERE old.kind = heads.kind AND old.subject_id = heads.subject_id AND old.position < heads.kept_from
    )
    INSERT INTO stream_events (kind, subject_id, position, event, at, details)
    SELECT given.kind, given.subject_id, heads.head - given.total + given.number, given.event, :at, given.details::jsonb
    FROM given JOIN heads ON heads.kind = given.kind AND heads.subject_id = given.subject_id
    """
)


async def subject(session: AsyncSession, caller: Caller, kind: StreamKind, uid: UUID) -> Subject:
    """What the stream of this content or creator tells of, for a caller who may follow it."""
    model = _SUBJECTS[kind]
    found = await session.scalar(select(model.id).where(model.uid == uid, _may_follow(kind, caller)))
    if found is None:
        raise _absent(kind)
    return Subject(kind, found)


async def read(session: AsyncSession, caller: Caller, of: Subject, after: str | None, limit: int) -> Page:
    """What happened behind a cursor of this stream, oldest first, at most `limit` events; without one, nothing yet: the page
    then says from where to go on.

    UnknownCursor or ForeignCursor for what is no cursor of this stream, CursorGone for one of a history that is no more
    or of a part that is no longer kept; as if it was not there for who may not follow it.
    """
    epoch, position = _inside(of, after) if after is not None else (None, None)
    place = await _place(session, caller, of, epoch)
    if position is None:
        return Page([], place.head, _cursor(of, place.epoch, place.head))
    if not place.is_known or not place.kept_from - 1 <= position <= place.head:
        raise CursorGone("What follows this cursor is no longer kept: read what is true now, and go on from there.")
    row = models.StreamEvent
    rows = await session.scalars(
        select(row)
        .where(row.kind == of.kind, row.subject_id == of.id, row.position > position)
        .order_by(row.position)
        .limit(limit)
    )
    events = [
        Told(one.position, one.event, one.at, one.details, _cursor(of, place.epoch, one.position)) for one in rows
    ]
    last = events[-1].position if events else position
    return Page(events, last, _cursor(of, place.epoch, last))


async def tails(session: AsyncSession, _caller: Caller, subjects: Sequence[Subject]) -> dict[Subject, str]:
    """The cursor behind everything that has happened so far, for many streams at once."""
    stream = models.Stream
    epoch = await session.scalar(select(func.max(models.Epoch.number))) or 1
    kinds = {one.kind for one in subjects}
    rows = await session.execute(
        select(stream.kind, stream.subject_id, stream.head).where(
            stream.kind.in_(sorted(kinds)), stream.subject_id.in_(sorted({one.id for one in subjects}))
        )
    )
    heads = {Subject(kind, id_): head for kind, id_, head in rows}
    return {one: _cursor(one, epoch, heads.get(one, 0)) for one in subjects}


async def forget(session: AsyncSession, *, before: datetime, limit: int) -> int:
    """Let go of up to `limit` events from before an instant; returns how many there were."""
    let_go = await session.execute(_FORGET.bindparams(before=before, limit=limit))
    return len(let_go.all())


def sweeper(db: Database, clock: Clock) -> Step:
    """A worker's step that lets go of what is old, once in a while: nobody waits for it."""

    async def old(session: AsyncSession) -> bool:
        return await forget(session, before=clock.now() - KEPT_FOR, limit=LET_GO_AT_ONCE) >= LET_GO_AT_ONCE

    return sweeping(db, clock, old)


_FORGET = text(
    """
    WITH old AS (
        SELECT kind, subject_id, position FROM stream_events WHERE at < :before ORDER BY at LIMIT :limit
    ), heads AS (
        UPDATE streams SET kept_from = greatest(kept_from, last.position + 1)
        FROM (SELECT kind, subject_id, max(position) AS position FROM old GROUP BY kind, subject_id) AS last
        WHERE streams.kind = last.kind AND streams.subject_id = last.subject_id
        RETURNING streams.kind, streams.subject_id, streams.kept_from
    )
    DELETE FROM stream_events AS event USING heads
    WHERE event.kind = heads.kind AND event.subject_id = heads.subject_id AND event.position < heads.kept_from
    RETURNING event.position
    """
)

_SUBJECTS: dict[StreamKind, Any] = {StreamKind.LIVE: models.Content, StreamKind.SUBMISSIONS: models.Creator}


def _may_follow(kind: StreamKind, caller: Caller) -> ColumnElement[bool]:
    if kind is StreamKind.LIVE:
        return and_(models.Content.format == models.Format.LIVE, access.contents(caller))
    if caller.is_operator:
        return true()
    own_ids = access.tended_creators(caller)
    return models.Creator.id.in_(sorted(own_ids)) if own_ids else false()


def _absent(kind: StreamKind) -> NotFound:
    if kind is StreamKind.LIVE:
        return access.NoSuchContent("There is no such live room, or you may not see it.")
    return access.NoSuchCreator("There is no such creator, or its submissions are not yours to follow.")


async def _place(session: AsyncSession, caller: Caller, of: Subject, epoch: int | None) -> Row[Any]:
    """Where the stream stands, for a caller who may follow it; and whether the epoch of a cursor is one we had."""
    model, stream = _SUBJECTS[of.kind], models.Stream
    known = exists().where(models.Epoch.number == epoch) if epoch is not None else literal(value=True)
    head = and_(stream.kind == of.kind, stream.subject_id == model.id)
    found = await session.execute(
        select(
            func.coalesce(stream.head, 0).label("head"),
            func.coalesce(stream.kept_from, 1).label("kept_from"),
            func.coalesce(select(func.max(models.Epoch.number)).scalar_subquery(), 1).label("epoch"),
            known.label("is_known"),
        )
        .select_from(model)
        .outerjoin(stream, head)
        .where(model.id == of.id, _may_follow(of.kind, caller))
    )
    place: Row[Any] | None = found.one_or_none()
    if place is None:
        raise _absent(of.kind)
    return place


def _cursor(of: Subject, epoch: int, position: int) -> str:
    return cursors.encode(of.scope, [epoch, position])


def _inside(of: Subject, cursor: str) -> tuple[int, int]:
    """Epoch and position of a cursor of this stream."""
    match cursors.decode(of.scope, cursor):
        case [int() as epoch, int() as position] if 0 < epoch <= MOST_EPOCHS and 0 <= position <= LARGEST:
            return epoch, position
    raise cursors.UnknownCursor("This cursor is not one that this API handed out: take it from an answer.")
