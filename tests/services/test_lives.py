"""Live rooms: from announced to seen again, what is said and shown in them, and what their followers are told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import ANONYMOUS, SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError, Forbidden
from models import LiveState
from services import access, live_messages, lives, streams
from tests import make


async def opened(
    session: AsyncSession, state: LiveState = LiveState.SCHEDULED, **values: Any
) -> tuple[Caller, models.Content]:
    """A published live of a creator in this state, and whoever runs it."""
    creator = await make.creator(session)
    content = await make.content(session, creator, format=models.Format.LIVE, **values)
    over = state in {LiveState.ENDED, LiveState.REPLAY}
    times = {
        "started_at": make.EARLY if over or state is LiveState.LIVE else None,
        "ended_at": make.EARLY if over else None,
    }
    session.add(models.LiveRoom(content_id=content.id, starts_at=make.EARLY, state=state, **times))
    await session.flush()
    return await make.author(session, creator, Scope.CONTENT_PUBLISH, Scope.ENGAGEMENT_WRITE), content


async def viewer(session: AsyncSession, *scopes: Scope) -> Caller:
    account = await make.account(session, name="Vera")
    return Caller(name="vera", account_id=account.id, scopes=frozenset(scopes or (Scope.ENGAGEMENT_WRITE,)))


async def room(session: AsyncSession, content: models.Content) -> models.LiveRoom:
    return await session.get_one(models.LiveRoom, content.id, populate_existing=True)


async def told(session: AsyncSession, content: models.Content) -> list[tuple[str, dict[str, Any]]]:
    row = models.StreamEvent
    rows = await session.execute(
        select(row.event, row.details).where(row.subject_id == content.id).order_by(row.position)
    )
    return [tuple(each) for each in rows]


async def test_a_live_goes_from_announced_to_seen_again(session: AsyncSession, clock: FixedClock):
    caller, content = await opened(session)
    uid, version = content.uid, content.version
    soon = clock.now() + timedelta(hours=1)

    await lives.cancel(session, caller, uid, clock=clock)
    await lives.reschedule(session, caller, uid, soon, clock=clock)
    assert (await room(session, content)).starts_at == soon
    await lives.start(session, caller, uid, stream_url="https://streams.example/1", clock=clock)
    await lives.report_viewers(session, caller, uid, 7, clock=clock)
    clock.move(timedelta(minutes=30))
    await lives.end(session, caller, uid, clock=clock)
    await lives.publish_replay(session, caller, uid, "https://films.example/1", clock=clock)
    await lives.publish_replay(session, caller, uid, "https://films.example/2", clock=clock)

    row = await room(session, content)
    assert (row.state, row.stream_url, row.replay_url) == (
        LiveState.REPLAY,
        "https://streams.example/1",
        "https://films.example/2",
    )
    assert (row.started_at, row.ended_at) == (clock.now() - timedelta(minutes=30), clock.now())
    assert (row.viewers_count, row.viewers_peak) == (0, 7)
    states = [details["state"] for event, details in await told(session, content) if event == lives.STATE]
    assert states == ["CANCELLED", "SCHEDULED", "LIVE", "ENDED", "REPLAY", "REPLAY"]
    await session.refresh(content)
    assert content.version == version + 6
    marks = await session.scalars(select(models.DirtyMark.kind).where(models.DirtyMark.object_id == content.id))
    assert set(marks) == {models.DirtyKind.CONTENT}


@pytest.mark.parametrize("state", LiveState)
async def test_what_a_room_cannot_do_in_its_state_is_refused_and_changes_nothing(
    session: AsyncSession, clock: FixedClock, state: LiveState
):
    caller, content = await opened(session, state)
    product = await make.product(session)
    allowed = {
        "start": {LiveState.SCHEDULED},
        "end": {LiveState.LIVE},
        "cancel": {LiveState.SCHEDULED},
        "reschedule": {LiveState.SCHEDULED, LiveState.CANCELLED},
        "publish_replay": {LiveState.ENDED, LiveState.REPLAY},
        "push": {LiveState.LIVE},
        "report_viewers": {LiveState.LIVE},
        "send": {LiveState.LIVE},
    }
    given = {
        "reschedule": (clock.now(),),
        "publish_replay": ("https://films.example/1",),
        "push": (product.uid,),
        "report_viewers": (3,),
        "send": ("hello",),
    }

    # rolled back again and again: what the test holds stays as it is
    session.expunge_all()
    refused: set[tuple[str, str]] = set()
    for name in allowed:
        service = getattr(live_messages if name == "send" else lives, name)
        nested = await session.begin_nested()
        try:
            await service(session, caller, content.uid, *given.get(name, ()), clock=clock)
        except DomainError as error:
            refused.add((name, error.code))
            await session.flush()
            assert (await room(session, content)).state is state
            assert await told(session, content) == []
        await nested.rollback()
        session.expunge_all()

    assert refused == {(name, "WRONG_LIVE_STATE") for name, states in allowed.items() if state not in states}


async def test_only_whoever_may_publish_as_the_creator_runs_its_room(session: AsyncSession, clock: FixedClock):
    caller, content = await opened(session)
    stranger = make.acting_as(await make.creator(session, name="Eve"))

    with pytest.raises(Forbidden):
        await lives.start(session, stranger, content.uid, clock=clock)
    with pytest.raises(access.MissingScope, match="content:publish"):
        await lives.start(session, replace(caller, scopes=frozenset({Scope.CONTENT_WRITE})), content.uid, clock=clock)
    draft = await make.content(session, await make.creator(session), format=models.Format.LIVE, live=False)
    with pytest.raises(access.NoSuchContent):
        await lives.start(session, stranger, draft.uid, clock=clock)

    assert (await room(session, content)).state is LiveState.SCHEDULED


async def test_only_a_published_live_with_a_room_can_start(session: AsyncSession, clock: FixedClock):
    caller, draft = await opened(session, live=False)
    creator = await session.get_one(models.Creator, draft.creator_id)
    article = await make.content(session, creator)
    roomless = await make.content(session, creator, format=models.Format.LIVE)

    with pytest.raises(lives.NotPublished):
        await lives.start(session, caller, draft.uid, clock=clock)
    for content in (article, roomless):
        with pytest.raises(lives.NotALive):
            await lives.start(session, caller, content.uid, clock=clock)
    over = (await opened(session, LiveState.ENDED))[1]
    with pytest.raises(lives.MalformedAddress) as refused:
        await lives.publish_replay(session, SYSTEM, over.uid, "javascript:1", clock=clock)
    assert refused.value.path == ("replay_url",)


async def test_a_product_is_shown_until_the_next_one_or_the_end(session: AsyncSession, clock: FixedClock):
    caller, content = await opened(session, LiveState.LIVE)
    kettle, pan = await make.product(session), await make.product(session, title="Pan")
    uid = content.uid

    with pytest.raises(lives.NothingPushed):
        await lives.end_push(session, caller, uid, clock=clock)
    with pytest.raises(lives.NoSuchProduct):
        await lives.push(session, caller, uid, uid, clock=clock)
    first = await lives.push(session, caller, uid, kettle.uid, clock=clock)
    clock.move(timedelta(minutes=1))
    second = await lives.push(session, caller, uid, pan.uid, clock=clock)
    assert first.ended_at == clock.now()
    assert (await lives.current_pushes(session, ANONYMOUS, [content.id]))[content.id].product_id == pan.id
    await lives.end_push(session, caller, uid, clock=clock)
    third = await lives.push(session, caller, uid, kettle.uid, clock=clock)
    await lives.end(session, caller, uid, clock=clock)

    assert await lives.current_pushes(session, ANONYMOUS, [content.id]) == {}
    assert await told(session, content) == [
        (lives.PUSHED, {"push": first.id}),
        (lives.PUSHED, {"push": second.id}),
        (lives.PUSH_ENDED, {"push": second.id}),
        (lives.PUSHED, {"push": third.id}),
        (lives.STATE, {"state": "ENDED"}),
    ]


async def test_viewers_are_told_now_and_then_and_counted_always(session: AsyncSession, clock: FixedClock):
    caller, content = await opened(session, LiveState.LIVE)

    for count in (5, 9, 3):
        await lives.report_viewers(session, caller, content.uid, count, clock=clock)
        clock.move(timedelta(seconds=2))
    row = await room(session, content)
    assert (row.viewers_count, row.viewers_peak) == (3, 9)
    await lives.report_viewers(session, caller, content.uid, 4, clock=clock)
    for wrong in (-1, 2**31):
        with pytest.raises(lives.ViewersOutOfRange):
            await lives.report_viewers(session, caller, content.uid, wrong, clock=clock)

    assert await told(session, content) == [
        (lives.VIEWERS, {"count": 5, "peak": 5}),
        (lives.VIEWERS, {"count": 4, "peak": 9}),
    ]


async def test_a_message_is_said_hidden_and_taken_down(session: AsyncSession, clock: FixedClock):
    host, content = await opened(session, LiveState.LIVE)
    vera, eve = await viewer(session), await viewer(session, Scope.ENGAGEMENT_WRITE, Scope.CONTENT_PUBLISH)
    said = await live_messages.send(session, vera, content.uid, " How hot does it get? ☕ ", clock=clock)
    bad = await live_messages.send(session, vera, content.uid, "buy elsewhere", clock=clock)
    (creator_id,) = host.creator_ids
    creator = await session.get_one(models.Creator, creator_id)
    answer = await live_messages.send(session, host, content.uid, "95 °C", as_creator=creator.uid, clock=clock)
    assert (said.text, said.creator_id, answer.creator_id) == ("How hot does it get? ☕", None, creator_id)

    with pytest.raises(Forbidden, match="room's creator"):
        await live_messages.hide(session, eve, said.uid, clock=clock)
    with pytest.raises(Forbidden):
        await live_messages.take_down(session, host, said.uid, reason="spam", clock=clock)
    await live_messages.hide(session, host, bad.uid, clock=clock)
    with pytest.raises(live_messages.MessageNotShown):
        await live_messages.hide(session, host, bad.uid, clock=clock)

    async def seen(caller: Caller) -> set[int]:
        return set(await live_messages.by_ids(session, caller, [said.id, bad.id, answer.id]))

    assert await seen(ANONYMOUS) == await seen(eve) == {said.id, answer.id}
    assert await seen(host) == await seen(vera) == await seen(make.operator()) == {said.id, bad.id, answer.id}
    await live_messages.take_down(session, SYSTEM, bad.uid, reason="spam", clock=clock)
    assert await seen(host) == {said.id, answer.id}
    with pytest.raises(access.NoSuchMessage):
        await live_messages.hide(session, eve, bad.uid, clock=clock)
    events = await told(session, content)
    assert events == [
        (live_messages.SAID, {"message": said.id, "uid": str(said.uid)}),
        (live_messages.SAID, {"message": bad.id, "uid": str(bad.uid)}),
        (live_messages.SAID, {"message": answer.id, "uid": str(answer.uid)}),
        (live_messages.REMOVED, {"message": bad.id, "uid": str(bad.uid)}),
        (live_messages.REMOVED, {"message": bad.id, "uid": str(bad.uid)}),
    ]
    # nothing that people wrote is kept where it could not be taken back
    assert "elsewhere" not in str(events)


async def test_what_a_suspended_person_said_is_gone_with_them(session: AsyncSession, clock: FixedClock):
    host, content = await opened(session, LiveState.LIVE)
    vera = await viewer(session)
    message = await live_messages.send(session, vera, content.uid, "hello", clock=clock)
    account = await session.get_one(models.Account, vera.account_id)

    account.suspended_at = clock.now()
    await session.flush()

    assert await live_messages.by_ids(session, ANONYMOUS, [message.id]) == {}
    account.suspended_at, content.state = None, models.ContentState.WITHDRAWN
    await session.flush()
    assert await live_messages.by_ids(session, ANONYMOUS, [message.id]) == {}
    assert set(await live_messages.by_ids(session, host, [message.id])) == {message.id}


async def test_erased_messages_lose_their_words_and_leave_the_room(session: AsyncSession, clock: FixedClock):
    host, content = await opened(session, LiveState.LIVE)
    vera, other = await viewer(session), await viewer(session)
    said = [await live_messages.send(session, vera, content.uid, words, clock=clock) for words in ("one", "two")]
    kept = await live_messages.send(session, other, content.uid, "three", clock=clock)
    whose = models.LiveMessage.account_id == vera.account_id

    counts = [await live_messages.erase(session, whose, clock=clock, limit=1) for _ in range(3)]

    assert counts == [1, 1, 0]
    rows = await session.execute(select(models.LiveMessage.text).order_by(models.LiveMessage.id))
    assert [words for (words,) in rows] == ["", "", "three"]
    everyone = await live_messages.by_ids(session, host, [*(one.id for one in said), kept.id])
    assert set(everyone) == {kept.id}
    removed = [details for event, details in await told(session, content) if event == live_messages.REMOVED]
    assert removed == [{"message": one.id, "uid": str(one.uid)} for one in said]


async def test_a_message_that_cannot_be_said_is_refused_and_kept_nowhere(session: AsyncSession, clock: FixedClock):
    _, content = await opened(session, LiveState.LIVE)
    vera = await viewer(session)
    stranger = await make.creator(session, name="Eve")

    for said in ("", "   ", "a\0b", "a\x1bb", "x" * 501):
        with pytest.raises(live_messages.MalformedMessage) as refused:
            await live_messages.send(session, vera, content.uid, said, clock=clock)
        assert refused.value.path == ("text",)
    with pytest.raises(Forbidden) as forbidden:
        await live_messages.send(session, vera, content.uid, "hi", as_creator=stranger.uid, clock=clock)
    assert forbidden.value.path == ("as_creator",)
    with pytest.raises(access.MissingScope, match="engagement:write"):
        await live_messages.send(session, await viewer(session, Scope.FEED_READ), content.uid, "hi", clock=clock)
    article = await make.content(session, stranger)
    with pytest.raises(lives.NotALive):
        await live_messages.send(session, vera, article.uid, "hi", clock=clock)
    await live_messages.send(session, vera, content.uid, "x" * 500, clock=clock)

    assert await session.scalar(select(func.count()).select_from(models.LiveMessage)) == 1
    assert len(await told(session, content)) == 1


async def test_the_cursors_of_many_rooms_are_read_in_two_statements(session: AsyncSession, clock: FixedClock):
    _, first = await opened(session, LiveState.LIVE)
    caller, second = await opened(session, LiveState.LIVE)
    await lives.report_viewers(session, caller, second.uid, 1, clock=clock)

    tails = await lives.tails(session, ANONYMOUS, [first.id, second.id])

    for content, events in ((first, 0), (second, 1)):
        page = await streams.read(session, ANONYMOUS, lives.of_room(content.id), tails[content.id], 10)
        assert (page.events, page.position) == ([], events)


async def test_nothing_is_said_after_the_end_of_a_room_however_close(committed: Database, clock: FixedClock):
    async with committed.session() as session:
        host, content = await opened(session, LiveState.LIVE)
        vera = await viewer(session)

    async def say() -> None:
        async with committed.session() as session:
            await live_messages.send(session, vera, content.uid, "one more", clock=clock)

    async with committed.session() as session:
        await lives.end(session, host, content.uid, clock=clock)
        # it finds the room running, and waits for whoever ends it
        saying = asyncio.create_task(say())
        await waiting(committed)
    with pytest.raises(lives.WrongLiveState):
        await saying

    async with committed.session() as session:
        assert await session.scalar(select(func.count()).select_from(models.LiveMessage)) == 0
        assert await told(session, content) == [(lives.STATE, {"state": "ENDED"})]


async def waiting(db: Database) -> None:
    """Until some statement waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(5):
        while True:
            async with db.session() as session:
                if await session.scalar(text(query)):
                    return
            await asyncio.sleep(0.005)
