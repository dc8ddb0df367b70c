"""What is followed: live rooms, submissions and feeds, in order, from any cursor on, as the follower may see it then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

import models
from core.caller import SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id
from models import LiveState
from services import keys, live_messages, lives, loops, publishing
from services.distribution import Distributor
from tests import make
from tests.api.graphql.live import Server, Socket, served
from tests.services.packs import install, pack

ROOM = """
subscription ($id: ID!, $after: String) {
  liveRoom(contentId: $id, after: $after) {
    __typename cursor at
    ... on LiveMessageSent { message { id text state author { name creator { name } } } }
    ... on LiveMessageRemoved { messageId }
    ... on LiveStateChanged { state room { state viewersPeak } }
    ... on LiveProductPushed { push { product { title } endedAt } }
    ... on LivePushEnded { push { product { title } } }
    ... on LiveViewersChanged { viewersCount viewersPeak }
  }
}
"""
POSITIONS = "subscription ($id: ID!, $after: String) { liveRoom(contentId: $id, after: $after) { cursor } }"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a rolled back transaction tells is not heard: it is found by looking."""
    monkeypatch.setattr(loops, "POLL_SECONDS", 0.01)


@pytest.fixture
async def server(db: Database, clock: FixedClock) -> AsyncIterator[Server]:
    async with served(db, clock) as there:
        yield there


@dataclass
class Room:
    content: models.Content
    host: Caller
    vera: Caller
    db: Database
    clock: FixedClock

    @property
    def id(self) -> str:
        return global_id("Content", self.content.uid)

    async def run(self, service: Any, *given: Any, by: Caller | None = None, **named: Any) -> Any:
        async with self.db.session() as session:
            return await service(session, by or self.host, *given, clock=self.clock, **named)

    async def say(self, text: str) -> models.LiveMessage:
        message: models.LiveMessage = await self.run(live_messages.send, self.content.uid, text, by=self.vera)
        return message


async def opened(db: Database, clock: FixedClock) -> Room:
    """A room that is announced."""
    async with db.session() as session:
        creator = await make.creator(session, name="Ada")
        content = await make.content(session, creator, format=models.Format.LIVE)
        session.add(models.LiveRoom(content_id=content.id, starts_at=make.EARLY))
        host = await make.author(session, creator, Scope.CONTENT_PUBLISH, Scope.ENGAGEMENT_WRITE)
        vera = await make.account(session, name="Vera")
    viewer = Caller(name="vera", account_id=vera.id, scopes=frozenset({Scope.ENGAGEMENT_WRITE}))
    return Room(content, host, viewer, db, clock)


@pytest.fixture
async def room(db: Database, clock: FixedClock) -> Room:
    return await opened(db, clock)


async def test_whoever_follows_a_room_is_told_what_happens_in_it(server: Server, room: Room):
    socket = await server.socket().introduced()
    await socket.subscribe("1", "{ content: node(id: \"%s\") { ... on Live { room { cursor } } } }" % room.id)
    cursor = (await socket.payloads("1", 1))[0]["content"]["room"]["cursor"]
    assert await socket.next() == {"id": "1", "type": "complete"}
    await socket.subscribe("2", ROOM, id=room.id, after=cursor)
    async with room.db.session() as session:
        kettle = await make.product(session, title="Kettle")
        creator = await session.get_one(models.Creator, room.content.creator_id)

    uid = room.content.uid
    await room.run(lives.start, uid)
    message = await room.say("Hello")
    await room.run(live_messages.send, uid, "Welcome", as_creator=creator.uid)
    await room.run(lives.push, uid, kettle.uid)
    await room.run(lives.report_viewers, uid, 3)
    first = await socket.payloads("2", 5)
    await room.run(live_messages.hide, message.uid)
    await room.run(lives.end_push, uid)
    await room.run(lives.end, uid)
    second = await socket.payloads("2", 3)

    events = [one["liveRoom"] for one in first + second]
    at = room.clock.now().isoformat()
    assert len({one.pop("cursor") for one in events}) == 8
    assert {one.pop("at") for one in events} == {at}
    vera, ada = {"name": "Vera", "creator": None}, {"name": "Ada", "creator": {"name": "Ada"}}
    assert events[0]["state"] == "LIVE"
    assert events[1] == {
        "__typename": "LiveMessageSent",
        "message": {"id": global_id("LiveMessage", message.uid), "text": "Hello", "state": "VISIBLE", "author": vera},
    }
    assert events[2]["message"]["author"] == ada
    assert events[3] == {"__typename": "LiveProductPushed", "push": {"product": {"title": "Kettle"}, "endedAt": None}}
    assert events[4] == {"__typename": "LiveViewersChanged", "viewersCount": 3, "viewersPeak": 3}
    assert events[5] == {"__typename": "LiveMessageRemoved", "messageId": global_id("LiveMessage", message.uid)}
    assert events[6] == {"__typename": "LivePushEnded", "push": {"product": {"title": "Kettle"}}}
    assert events[7] == {
        "__typename": "LiveStateChanged",
        "state": "ENDED",
        "room": {"state": "ENDED", "viewersPeak": 3},
    }
    assert server.open_streams == 1
    await socket.leave()
    assert server.open_streams == 0
