"""What is followed: live rooms, submissions and feeds, in order, from any cursor on, as the follower may see it then."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import streaming
from api.graphql.schema import schema
from core.caller import SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id
from services import feeds, keys, live_messages, lives, loops, publishing, streams
from services.distribution import Distributor
from services.streams import Happened
from tests import make
from tests.api.graphql import world as worlds
from tests.api.graphql.live import Server, Socket, served
from tests.api.graphql.walking import walk
from tests.api.graphql.world import SECRET
from tests.services.packs import install, pack

CORE = schema._schema
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
MESSAGES = POSITIONS.replace("cursor }", "cursor ... on LiveMessageSent { message { id } } }")
COUNTS = POSITIONS.replace("cursor }", "... on LiveViewersChanged { viewersCount } }")


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

    async def cursor(self) -> str:
        """Where the stream of the room stands now."""
        async with self.db.session() as session:
            return (await lives.tails(session, SYSTEM, [self.content.id]))[self.content.id]

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
    await socket.subscribe(
        "1", "query ($id: ID!) { content: node(id: $id) { ... on Live { room { cursor } } } }", id=room.id
    )
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


async def cursors_of(socket: Socket, id_: str, count: int) -> list[str]:
    return [one["liveRoom"]["cursor"] for one in await socket.payloads(id_, count)]


async def counts_of(socket: Socket, id_: str, count: int) -> list[int]:
    return [one["liveRoom"]["viewersCount"] for one in await socket.payloads(id_, count)]


async def test_a_stream_goes_on_behind_any_cursor_after_any_break(committed: Database, clock: FixedClock):
    """The connection is cut after ever more events, and the server made anew each second time: none is missing or doubled."""
    room = await opened(committed, clock)
    await room.run(lives.start, room.content.uid)
    after, part = await room.cursor(), 1
    said = [global_id("LiveMessage", (await room.say(f"message {number}")).uid) for number in range(24)]

    received: list[str] = []
    while len(received) < len(said):
        async with served(committed, clock) as server:
            for _ in range(2):
                socket = await server.socket().introduced()
                await socket.subscribe("1", MESSAGES, id=room.id, after=after)
                for one in await socket.payloads("1", min(part, len(said) - len(received))):
                    received.append(one["liveRoom"]["message"]["id"])
                    after = one["liveRoom"]["cursor"]
                await socket.leave()
                part += 1
                if len(received) == len(said):
                    break

    assert received == said


async def test_all_followers_are_told_the_same_in_the_same_order(server: Server, room: Room):
    sockets = [await server.socket().introduced() for _ in range(4)]
    beginning, of_room = await room.cursor(), lives.of_room(room.content.id)
    for socket in sockets:
        await socket.subscribe("1", COUNTS, id=room.id, after=beginning)

    async def happen() -> None:
        for part in range(20):
            counts = [Happened(of_room, lives.VIEWERS, {"count": part * 10 + one, "peak": 0}) for one in range(10)]
            async with room.db.session() as session:
                await streams.append(session, counts, at=room.clock.now())

    heard = await asyncio.gather(happen(), *(counts_of(socket, "1", 200) for socket in sockets))

    assert heard[1:] == [list(range(200))] * 4


async def test_what_many_are_told_alike_is_made_once(
    server: Server, db: Database, clock: FixedClock, room: Room, monkeypatch: pytest.MonkeyPatch
):
    made: list[Caller] = []
    answer = streaming._answer

    async def noted(executor: Any, per_event: Any, value: Any, context: Any) -> Any:
        made.append(context.caller)
        return await answer(executor, per_event, value, context)

    monkeypatch.setattr(streaming, "_answer", noted)
    async with db.session() as session:
        secret = await key_of(session, await make.creator(session, name="Eve"), clock)
    strangers = [await server.socket().introduced() for _ in range(3)]
    eve = await server.socket(authorization=f"Bearer {secret}").introduced()
    other = await server.socket().introduced()
    await room.run(lives.start, room.content.uid)
    after = await room.cursor()
    short = POSITIONS.replace("cursor }", "cursor ... on LiveMessageSent @include(if: $full) { message { id } } }")
    short = short.replace("$after: String", "$after: String, $full: Boolean!")
    for socket in (*strangers, eve):
        await socket.subscribe("1", short, id=room.id, after=after, full=True)
    await other.subscribe("1", short, id=room.id, after=after, full=False)
    await server.followed_by(5)

    message = await room.say("hello")

    heard = [(await socket.payloads("1", 1))[0]["liveRoom"] for socket in (*strangers, eve, other)]
    full = {"cursor": heard[0]["cursor"], "message": {"id": global_id("LiveMessage", message.uid)}}
    assert heard == [full] * 4 + [{"cursor": heard[0]["cursor"]}]
    # for strangers once, for whoever asks otherwise once more, and for each account, which may see other things
    assert sorted(caller.is_anonymous for caller in made) == [False, True, True]


async def test_what_was_removed_meanwhile_is_not_told_to_whoever_comes_later(server: Server, room: Room):
    await room.run(lives.start, room.content.uid)
    socket, after = await server.socket().introduced(), await room.cursor()
    message = await room.say("SECRET")
    await room.run(live_messages.take_down, message.uid, by=SYSTEM, reason="spam")

    await socket.subscribe("2", ROOM, id=room.id, after=after)
    sent, removed = await socket.payloads("2", 2)

    assert sent["liveRoom"]["message"] is None
    assert removed["liveRoom"]["messageId"] == global_id("LiveMessage", message.uid)


async def test_a_room_that_is_withdrawn_ends_its_streams(server: Server, room: Room):
    await room.run(lives.start, room.content.uid)
    socket = await server.socket().introduced()
    await socket.subscribe("1", POSITIONS, id=room.id, after=await room.cursor())
    await room.say("still here")
    await cursors_of(socket, "1", 1)

    await room.run(publishing.withdraw, room.content.uid, by=SYSTEM, reason="wrong")
    # what the operators do there goes on
    await room.run(lives.end, room.content.uid, by=SYSTEM)

    message = await socket.next()
    assert (message["id"], message["type"]) == ("1", "next")
    assert [error["extensions"]["code"] for error in message["payload"]["errors"]] == ["NO_SUCH_CONTENT"]
    assert await socket.next() == {"id": "1", "type": "complete"}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (POSITIONS.replace("$after: String", "").replace("$after", '"bm90aGluZw"'), "UNKNOWN_CURSOR"),
        ('subscription { feedItems(key: "nowhere") { cursor } }', "NO_SUCH_FEED"),
        ('subscription { submissionStates(creatorId: "eA") { cursor } }', "NOT_SIGNED_IN"),
        ('subscription { liveRoom(contentId: "eA") { cursor } }', "MALFORMED_ID"),
        ("subscription { liveRoom { cursor } }", "VALIDATION_FAILED"),
        ("subscription {", "SYNTAX_ERROR"),
    ],
)
async def test_a_stream_that_cannot_begin_says_why(server: Server, room: Room, document: str, code: str):
    socket = await server.socket().introduced()

    await socket.say({"id": "1", "type": "subscribe", "payload": {"query": document, "variables": {"id": room.id}}})

    message = await socket.next()
    assert (message["id"], message["type"]) == ("1", "error")
    assert [error["extensions"]["code"] for error in message["payload"]] == [code]
    # and nothing more: the id is free again
    await socket.subscribe("1", "{ __typename }")
    assert (await socket.next())["type"] == "next"


async def test_what_cannot_be_seen_cannot_be_followed_and_looks_like_nothing(server: Server, room: Room):
    async with room.db.session() as session:
        creator = await session.get_one(models.Creator, room.content.creator_id)
        draft = await make.content(session, creator, format=models.Format.LIVE, live=False)
        article = await make.content(session, creator)
    socket = await server.socket().introduced()

    told = []
    for content in (draft, article):
        await socket.subscribe("1", POSITIONS, id=global_id("Content", content.uid))
        (error,) = (await socket.next())["payload"]
        told.append((error["extensions"]["code"], error["message"]))
    await socket.subscribe("1", POSITIONS, id=global_id("Content", creator.uid))
    (error,) = (await socket.next())["payload"]

    assert {*told, (error["extensions"]["code"], error["message"])} == {told[0]}
    assert told[0][0] == "NO_SUCH_CONTENT"


async def test_a_creator_follows_what_becomes_of_their_submissions(server: Server, db: Database, clock: FixedClock):
    await install(db, pack("test.all"))
    async with db.session() as session:
        ada, eve = await make.creator(session, name="Ada"), await make.creator(session, name="Eve")
        content = await make.content(session, ada, live=False)
        secrets = [await key_of(session, creator, clock) for creator in (ada, eve)]
    id_ = global_id("Creator", ada.uid)
    document = """
        subscription ($id: ID!, $after: String) { submissionStates(creatorId: $id, after: $after) {
            state attempt submission { state content { title } channel { key } } cursor
        } }
    """
    own = await server.socket().introduced(Authorization=f"Bearer {secrets[0]}")
    other = await server.socket(authorization=f"Bearer {secrets[1]}").introduced()
    await own.subscribe("1", "query ($id: ID!) { submissionStatesCursor(creatorId: $id) }", id=id_)
    after = (await own.payloads("1", 1))[0]["submissionStatesCursor"]
    await own.next()
    await other.subscribe("1", document, id=id_)
    assert [error["extensions"]["code"] for error in (await other.next())["payload"]] == ["NO_SUCH_CREATOR"]

    await own.subscribe("2", document, id=id_)
    await server.followed_by(1)
    async with db.session() as session:
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    await Distributor(db, clock=clock, base_url="https://headwater.example").drain()
    (event,) = await own.payloads("2", 1)
    await own.subscribe("3", document, id=id_, after=after)

    assert event == (await own.payloads("3", 1))[0]
    told = event["submissionStates"]
    assert (told["state"], told["attempt"]) == ("DELIVERED", 1)
    assert told["submission"] == {
        "state": "DELIVERED",
        "content": {"title": "A morning in Hangzhou"},
        "channel": {"key": "test.all"},
    }


async def key_of(session: AsyncSession, creator: models.Creator, clock: FixedClock, *scopes: Scope) -> str:
    """The secret of a key that acts as this creator."""
    account = await make.account(session, name=creator.name)
    session.add(models.Identity(account_id=account.id, kind=models.IdentityKind.CREATOR, creator_id=creator.id))
    await session.flush()
    issued = await keys.create(session, SYSTEM, account.uid, "test", scopes or (Scope.CONTENT_WRITE,), clock=clock)
    return issued.secret


async def test_a_feed_is_followed_from_its_tail_on(server: Server, db: Database, clock: FixedClock):
    await install(db, pack("test.all"))
    distributor = Distributor(db, clock=clock, base_url="https://headwater.example")
    async with db.session() as session:
        ada = await make.creator(session, name="Ada")
        first = await make.content(session, ada, title="First", live=False)
        second = await make.content(session, ada, title="Second", live=False)
        await publishing.publish(session, SYSTEM, first.uid, clock=clock)
    await distributor.drain()
    document = """
        subscription ($after: String) { feedItems(key: "test.all", after: $after) {
            event position id cursor content { title }
        } }
    """
    socket = await server.socket().introduced()
    await socket.subscribe("1", '{ feed(key: "test.all", first: 10) { tail items { content { title } } } }')
    feed = (await socket.payloads("1", 1))[0]["feed"]
    assert [item["content"]["title"] for item in feed["items"]] == ["First"]
    await socket.next()

    await socket.subscribe("2", document, after=feed["tail"])
    await socket.subscribe("3", document)
    await server.followed_by(2)
    async with db.session() as session:
        await publishing.publish(session, SYSTEM, second.uid, clock=clock)
    await distributor.drain()
    async with db.session() as session:
        await publishing.withdraw(session, SYSTEM, second.uid, reason="wrong", clock=clock)
    await distributor.drain()

    by_operation: dict[str, list[Any]] = {"2": [], "3": []}
    for _ in range(4):
        message = await socket.next()
        by_operation[message["id"]].append(message["payload"]["data"]["feedItems"])
    assert [(one["event"], one["position"]) for one in by_operation["2"]] == [("PUBLISHED", 2), ("WITHDRAWN", 3)]
    assert by_operation["2"] == by_operation["3"]
    assert {one["id"] for one in by_operation["2"]} == {global_id("Content", second.uid)}


async def test_a_key_that_is_revoked_ends_what_it_follows(
    server: Server, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.graphql.streaming.RENEWED_SECONDS", 0.0)
    room = await opened(db, clock)
    async with db.session() as session:
        secret = await key_of(session, await make.creator(session, name="Eve"), clock)
    socket = await server.socket().introduced(authorization=f"Bearer {secret}")
    await socket.subscribe("1", POSITIONS, id=room.id, after=await room.cursor())
    await room.run(lives.start, room.content.uid)
    await cursors_of(socket, "1", 1)

    async with db.session() as session:
        await session.execute(update(models.ApiKey).values(revoked_at=clock.now() - timedelta(seconds=1)))
    await room.say("for nobody")

    message = await socket.next()
    assert [error["extensions"]["code"] for error in message["payload"]["errors"]] == ["REVOKED_KEY"]
    assert await socket.next() == {"id": "1", "type": "complete"}
    # and the next operation ends the connection
    await socket.subscribe("2", "{ __typename }")
    assert await socket.closed() == (4403, "REVOKED_KEY")


async def test_what_the_page_on_following_live_shows_works(server: Server, room: Room):
    page = (Path(__file__).parents[3] / "docs" / "graphql" / "live.md").read_text()
    ask, follow = re.findall(r"```graphql\n(.*?)```", page, re.DOTALL)
    socket = await server.socket().introduced()
    await room.run(lives.start, room.content.uid)

    await socket.subscribe("1", ask, id=room.id)
    shown = (await socket.payloads("1", 1))[0]["node"]["room"]
    await socket.next()
    await socket.subscribe("2", follow, id=room.id, after=shown["cursor"])
    await room.say("Hello")

    assert (shown["state"], shown["messages"]) == ("LIVE", {"nodes": []})
    assert (await socket.payloads("2", 1))[0]["liveRoom"]["message"]["text"] == "Hello"


async def test_no_stream_leads_a_stranger_to_what_is_not_published(db: Database, clock: FixedClock):
    async with db.session() as session:
        world = await worlds.build(session)
        live = next(row for row in world.public if row.format is models.Format.LIVE)
        host = await make.author(session, world.creator, Scope.CONTENT_PUBLISH, Scope.ENGAGEMENT_WRITE)
        after = (await lives.tails(session, SYSTEM, [live.id]))[live.id]
        await lives.start(session, host, live.uid, clock=clock)
        said = await live_messages.send(session, host, live.uid, f"{SECRET} message", clock=clock)
        await live_messages.hide(session, host, said.uid, clock=clock)
        for service, given in ((lives.push, (world.product.uid,)), (lives.end_push, ()), (lives.report_viewers, (1,))):
            await service(session, host, live.uid, *given, clock=clock)
        await lives.end(session, host, live.uid, clock=clock)
    wide = dict.fromkeys(("tokens", "depth", "fields", "aliases", "repeats", "cost", "length"), 10**9)

    async with served(
        db,
        clock,
        anonymous_bucket=0,
        account_bucket=0,
        **{f"graphql_{name}": most for name, most in wide.items()},
    ) as server:
        socket = await server.socket().introduced()
        room = walk(CORE, "liveRoom", "subscription").document
        feed = walk(CORE, "feedItems", "subscription").document
        await socket.subscribe("room", room, contentId=global_id("Content", live.uid), after=after)
        told = [await socket.next() for _ in range(7)]
        await socket.say({"id": "room", "type": "complete"})
        await socket.subscribe("feed", feed, key="test.all", after=feeds.encode("test.all", 1, 0))
        told += [await socket.next() for _ in (*world.hidden, *world.public)]

    assert {message["type"] for message in told} == {"next"}
    codes = {error["extensions"]["code"] for message in told for error in message["payload"].get("errors", ())}
    assert codes <= {"FORBIDDEN", "NOT_SIGNED_IN"}
    assert SECRET not in json.dumps(told)
    assert "Kettle" in json.dumps(told)
