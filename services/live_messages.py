"""What is said in live rooms: sent while they run, hidden by the room's creator, taken down by operators."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints, TypeAdapter, ValidationError
from sqlalchemy import BigInteger, ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Forbidden, Invalid
from core.reads import OneRead, Order, PageRead
from models import LiveState, MessageState
from models.texts import Remark
from services import access, audit, lives, streams

SAID, REMOVED = "SAID", "REMOVED"
LONGEST = 500
ERASED_AT_ONCE = 1_000
_text: TypeAdapter[str] = TypeAdapter(Annotated[Remark, StringConstraints(max_length=LONGEST)])

by_ids = OneRead(models.LiveMessage, models.LiveMessage.id, access.live_messages, eager=(models.LiveMessage.account,))
by_uids = OneRead(models.LiveMessage, models.LiveMessage.uid, access.live_messages, eager=(models.LiveMessage.account,))
of_rooms = PageRead(
    "live_messages.of_rooms",
    models.LiveMessage,
    match=lambda key: models.LiveMessage.content_id == key,
    key_type=BigInteger(),
    visible=access.live_messages,
    orders=(Order("newest", (models.LiveMessage.id,)),),
    eager=("account",),
)


class MalformedMessage(Invalid):
    code = "MALFORMED_MESSAGE"


class MessageNotShown(Conflict):
    """It was hidden or taken down already."""

    code = "MESSAGE_NOT_SHOWN"


async def send(
    session: AsyncSession,
    caller: Caller,
    content_uid: UUID,
    text: str,
    *,
    as_creator: UUID | None = None,
    clock: Clock,
) -> models.LiveMessage:
    """Say something in a room that runs, as oneself or as a creator."""
    account_id = access.engaging_account(caller)
    said = checked(text)
    content = await access.live_content(session, caller, content_uid)
    creator_id = None if as_creator is None else await _speaker(session, caller, as_creator)
    await _require_running(session, content)
    message = models.LiveMessage(
        content_id=content.id, account_id=account_id, creator_id=creator_id, text=said, sent_at=clock.now()
    )
    session.add(message)
    await session.flush()
    await _tell(session, message, SAID, clock)
    # who ends the room holds its stream too: now that we do, it cannot end before this is told
    await _require_running(session, content)
    return message


async def hide(session: AsyncSession, caller: Caller, message_uid: UUID, *, clock: Clock) -> models.LiveMessage:
    """The room's creator takes a message from everybody's eyes."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    message = await _message(session, caller, message_uid)
    creator_id = await session.scalar(select(models.Content.creator_id).where(models.Content.id == message.content_id))
    if creator_id is None or not access.may_edit(caller, creator_id):
        raise Forbidden("Only the room's creator, or an operator, may hide what others say in it.")
    return await _remove(session, caller, message, MessageState.HIDDEN, None, clock)


async def take_down(
    session: AsyncSession, caller: Caller, message_uid: UUID, *, reason: str, clock: Clock
) -> models.LiveMessage:
    """An operator removes a message, whatever its room."""
    if not caller.is_operator:
        raise Forbidden("Only an operator may do this.")
    message = await _message(session, caller, message_uid)
    return await _remove(session, caller, message, MessageState.TAKEN_DOWN, reason, clock)


async def erase(session: AsyncSession, whose: ColumnElement[bool], *, clock: Clock, limit: int = ERASED_AT_ONCE) -> int:
    """Take the words out of messages, for good, and out of everybody's view; how many there were, 0 when none are left."""
    message = models.LiveMessage
    some = select(message.id).where(whose, message.state != MessageState.ERASED).order_by(message.id).limit(limit)
    erased = await session.execute(
        update(message)
        .where(message.id.in_(some.with_for_update()))
        .values(text="", state=MessageState.ERASED)
        .returning(message.id, message.uid, message.content_id)
        .execution_options(synchronize_session=False)
    )
    rows = erased.all()
    happened = [
        streams.Happened(lives.of_room(content_id), REMOVED, {"message": id_, "uid": str(uid)})
        for id_, uid, content_id in rows
    ]
    await streams.append(session, happened, at=clock.now())
    return len(rows)


async def _speaker(session: AsyncSession, caller: Caller, uid: UUID) -> int:
    try:
        return (await access.editable_creator(session, caller, uid)).id
    except (access.NoSuchCreator, Forbidden) as error:
        raise type(error)(error.message, path=("as_creator",)) from error


async def _remove(
    session: AsyncSession,
    caller: Caller,
    message: models.LiveMessage,
    state: MessageState,
    reason: str | None,
    clock: Clock,
) -> models.LiveMessage:
    if message.state in {state, MessageState.TAKEN_DOWN, MessageState.ERASED}:
        raise MessageNotShown("This message is not shown any more.")
    message.state = state
    audit.record(session, caller, f"live_message.{state.value.lower()}", message, reason=reason)
    await session.flush()
    await _tell(session, message, REMOVED, clock)
    return message


async def _message(session: AsyncSession, caller: Caller, uid: UUID) -> models.LiveMessage:
    """The message, locked, for a caller who may see it."""
    found = await session.scalars(
        select(models.LiveMessage)
        .where(models.LiveMessage.uid == uid, access.live_messages(caller))
        .with_for_update(of=models.LiveMessage)
        .execution_options(populate_existing=True)
    )
    message = found.one_or_none()
    if message is None:
        raise access.NoSuchMessage("There is no such message, or you may not see it.")
    return message


async def _require_running(session: AsyncSession, content: models.Content) -> None:
    room = models.LiveRoom
    state = await session.scalar(select(room.state).where(room.content_id == content.id))
    if state is None:
        raise lives.NotALive("This content has no live room.")
    if state is not LiveState.LIVE:
        raise lives.WrongLiveState(f"This live is {state.value}: messages are sent while it runs.")


async def _tell(session: AsyncSession, message: models.LiveMessage, event: str, clock: Clock) -> None:
    happened = streams.Happened(
        lives.of_room(message.content_id), event, {"message": message.id, "uid": str(message.uid)}
    )
    await streams.append(session, [happened], at=clock.now())


def checked(text: str) -> str:
    """The text without the blanks around it; MalformedMessage when it cannot be said."""
    try:
        return _text.validate_python(text)
    except ValidationError as error:
        raise MalformedMessage(
            f"A message has 1 to {LONGEST} characters, without control characters.", path=("text",)
        ) from error
