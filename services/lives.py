"""Live rooms: they start, end and can be seen again; products are pushed, viewers counted. What is said is services/live_messages.py.

What happens is appended to the room's stream in the same transaction. A room is locked before its stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import BigInteger, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Invalid, NotFound
from core.reads import OneRead, Order, PageRead
from models import LiveState, StreamKind
from models.texts import Link
from services import access, audit, products, publishing, streams

STATE, PUSHED, PUSH_ENDED, VIEWERS = "STATE", "PUSHED", "PUSH_ENDED", "VIEWERS"
TOLD_AGAIN_AFTER = timedelta(seconds=5)
"""How often at most followers hear how many watch; what is asked for is always the latest."""

MOST_VIEWERS = 2**31 - 1
_link: TypeAdapter[str] = TypeAdapter(Link)

pushes_by_ids = OneRead(models.LivePush, models.LivePush.id, access.live_pushes)
current_pushes = OneRead(
    models.LivePush,
    models.LivePush.content_id,
    lambda caller: access.live_pushes(caller) & models.LivePush.ended_at.is_(None),
)
pushes_of = PageRead(
    "lives.pushes_of",
    models.LivePush,
    match=lambda key: models.LivePush.content_id == key,
    key_type=BigInteger(),
    visible=access.live_pushes,
    orders=(Order("newest", (models.LivePush.id,)),),
)


class NotALive(Invalid):
    """The content is of another format, so it has no room."""

    code = "NOT_A_LIVE"


class WrongLiveState(Conflict):
    """The room stands where this cannot be done; the message says where, and from where it could."""

    code = "WRONG_LIVE_STATE"


class NotPublished(Conflict):
    """Nobody could see the room."""

    code = "NOT_LIVE"


class NothingPushed(Conflict):
    code = "NOTHING_PUSHED"


class NoSuchProduct(NotFound):
    code = "NO_SUCH_PRODUCT"


class MalformedAddress(Invalid):
    code = "MALFORMED_ADDRESS"


class ViewersOutOfRange(Invalid):
    code = "VIEWERS_OUT_OF_RANGE"


def of_room(content_id: int) -> streams.Subject:
    """The stream of a live room."""
    return streams.Subject(StreamKind.LIVE, content_id)


async def tails(session: AsyncSession, caller: Caller, content_ids: Sequence[int]) -> dict[int, str]:
    """The cursors from which to follow these rooms on."""
    found = await streams.tails(session, caller, [of_room(id_) for id_ in content_ids])
    return {subject.id: cursor for subject, cursor in found.items()}


async def start(
    session: AsyncSession, caller: Caller, content_uid: UUID, *, stream_url: str | None = None, clock: Clock
) -> models.Content:
    """Open an announced room: it runs from now on. `stream_url` is where it is watched, if that was not told before."""
    content, room = await _held(session, caller, content_uid)
    _require(room, "started", LiveState.SCHEDULED)
    if not content.is_live:
        raise NotPublished("Publish this content first: nobody could see its room.")
    if stream_url is not None:
        room.stream_url = _address(stream_url, "stream_url")
    room.started_at = clock.now()
    return await _enter(session, caller, content, room, LiveState.LIVE, clock)


async def end(session: AsyncSession, caller: Caller, content_uid: UUID, *, clock: Clock) -> models.Content:
    """Close a running room. What is pushed is taken back, and nobody is counted as watching any more."""
    content, room = await _held(session, caller, content_uid)
    _require(room, "ended", LiveState.LIVE)
    await _end_current(session, content.id, clock)
    room.ended_at, room.viewers_count = max(clock.now(), room.started_at or clock.now()), 0
    return await _enter(session, caller, content, room, LiveState.ENDED, clock)


async def cancel(session: AsyncSession, caller: Caller, content_uid: UUID, *, clock: Clock) -> models.Content:
    """Call an announced live off."""
    content, room = await _held(session, caller, content_uid)
    _require(room, "cancelled", LiveState.SCHEDULED)
    return await _enter(session, caller, content, room, LiveState.CANCELLED, clock)


async def reschedule(
    session: AsyncSession, caller: Caller, content_uid: UUID, starts_at: datetime, *, clock: Clock
) -> models.Content:
    """Announce another time, also for a live that was called off."""
    content, room = await _held(session, caller, content_uid)
    _require(room, "moved", LiveState.SCHEDULED, LiveState.CANCELLED)
    room.starts_at = starts_at
    return await _enter(session, caller, content, room, LiveState.SCHEDULED, clock)


async def publish_replay(
    session: AsyncSession, caller: Caller, content_uid: UUID, replay_url: str, *, clock: Clock
) -> models.Content:
    """Say where a live that is over can be seen again; another address takes the place of the one before."""
    content, room = await _held(session, caller, content_uid)
    _require(room, "shown again", LiveState.ENDED, LiveState.REPLAY)
    room.replay_url = _address(replay_url, "replay_url")
    return await _enter(session, caller, content, room, LiveState.REPLAY, clock)


async def push(
    session: AsyncSession, caller: Caller, content_uid: UUID, product_uid: UUID, *, clock: Clock
) -> models.LivePush:
    """Show a product to everybody in a running room, in place of the one that is shown."""
    content, room = await _held(session, caller, content_uid)
    _require(room, "given a product", LiveState.LIVE)
    product = (await products.by_uids(session, caller, [product_uid])).get(product_uid)
    if product is None:
        raise NoSuchProduct("There is no such product.", path=("product",))
    await _end_current(session, content.id, clock)
    pushed = models.LivePush(content_id=content.id, product_id=product.id, pushed_at=clock.now())
    session.add(pushed)
    await session.flush()
    await _tell(session, content.id, PUSHED, clock, push=pushed.id)
    return pushed


async def end_push(session: AsyncSession, caller: Caller, content_uid: UUID, *, clock: Clock) -> models.LivePush:
    """Take back the product that is shown."""
    content, _ = await _held(session, caller, content_uid)
    ended = await _end_current(session, content.id, clock)
    if ended is None:
        raise NothingPushed("No product is shown in this room now.")
    await _tell(session, content.id, PUSH_ENDED, clock, push=ended.id)
    return ended


async def report_viewers(
    session: AsyncSession, caller: Caller, content_uid: UUID, count: int, *, clock: Clock
) -> models.Content:
    """Say how many watch a running room now, as whoever streams it knows. Followers hear of it every few seconds at most."""
    content, _ = await _room(session, caller, content_uid, lock=False)
    if not 0 <= count <= MOST_VIEWERS:
        raise ViewersOutOfRange(f"Give a number from 0 to {MOST_VIEWERS}.", path=("count",))
    room, now = models.LiveRoom, clock.now()
    is_due = func.coalesce(room.viewers_told_at <= now - TOLD_AGAIN_AFTER, True)
    changed = await session.execute(
        update(room)
        .where(room.content_id == content.id, room.state == LiveState.LIVE)
        .values(
            viewers_count=count,
            viewers_peak=func.greatest(room.viewers_peak, count),
            viewers_told_at=case((is_due, now), else_=room.viewers_told_at),
        )
        .returning(room.viewers_peak, room.viewers_told_at)
        .execution_options(synchronize_session=False)
    )
    counted = changed.one_or_none()
    if counted is None:
        raise WrongLiveState("This room does not run, so nobody watches it: start it first.")
    if counted.viewers_told_at == now:
        await _tell(session, content.id, VIEWERS, clock, count=count, peak=counted.viewers_peak)
    return content


async def _held(session: AsyncSession, caller: Caller, uid: UUID) -> tuple[models.Content, models.LiveRoom]:
    return await _room(session, caller, uid, lock=True)


async def _room(
    session: AsyncSession, caller: Caller, uid: UUID, *, lock: bool
) -> tuple[models.Content, models.LiveRoom]:
    """The room with its content, for whoever may run it; with `lock` both are held until the end of the transaction."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    content = await access.editable_content(session, caller, uid, lock=lock)
    if content.format is not models.Format.LIVE:
        raise NotALive(f"This content is of the format {content.format.value}: only a live has a room.")
    statement = select(models.LiveRoom).where(models.LiveRoom.content_id == content.id)
    statement = statement.with_for_update() if lock else statement
    room = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if room is None:
        raise NotALive("Nothing is known of a room for this live.")
    return content, room


def _require(room: models.LiveRoom, done: str, *states: LiveState) -> None:
    if room.state not in states:
        allowed = " or ".join(state.value for state in states)
        raise WrongLiveState(f"This live is {room.state.value}; only one that is {allowed} can be {done}.")


async def _enter(
    session: AsyncSession,
    caller: Caller,
    content: models.Content,
    room: models.LiveRoom,
    state: LiveState,
    clock: Clock,
) -> models.Content:
    """Put a held room into a state, for everybody to see."""
    audit.record(session, caller, f"live.{state.value.lower()}", content, was=room.state.value)
    room.state = state
    await session.flush()
    if content.is_live:
        await publishing.changed(session, content, clock)
    await _tell(session, content.id, STATE, clock, state=state.value)
    return content


async def _end_current(session: AsyncSession, content_id: int, clock: Clock) -> models.LivePush | None:
    pushed, now = models.LivePush, clock.now()
    ended = await session.scalars(
        update(pushed)
        .where(pushed.content_id == content_id, pushed.ended_at.is_(None))
        .values(ended_at=func.greatest(pushed.pushed_at, now))
        .returning(pushed)
        .execution_options(populate_existing=True)
    )
    return ended.one_or_none()


async def _tell(session: AsyncSession, content_id: int, event: str, clock: Clock, **details: Any) -> None:
    await streams.append(session, [streams.Happened(of_room(content_id), event, details)], at=clock.now())


def _address(text: str, name: str) -> str:
    try:
        return _link.validate_python(text)
    except ValidationError as error:
        raise MalformedAddress("Give an address that begins with https:// or http://.", path=(name,)) from error
