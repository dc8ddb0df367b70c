"""Live rooms over GraphQL: running one, reading it, and the places of what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.ids import global_id
from services import live_messages, lives
from tests import make
from tests.api.graphql.asking import Asking

SHOWN = {
    "startLive": "live { room { state streamUrl } }",
    "endLive": "live { room { state } }",
    "cancelLive": "live { room { state } }",
    "rescheduleLive": "live { room { state startsAt } }",
    "publishReplay": "live { room { state replayUrl } }",
    "pushProduct": "push { product { title } endedAt }",
    "endPush": "push { product { title } }",
    "reportViewers": "live { room { viewersCount viewersPeak } }",
    "sendLiveMessage": "message { id text author { name creator { name } } content { title } }",
    "hideLiveMessage": "message { state }",
    "takeDownLiveMessage": "message { state }",
}
ROOM = """
query ($id: ID!) { node(id: $id) { ... on Live { room {
  state viewersPeak currentPush { product { title } }
  pushes(first: 5) { nodes { product { title } } totalCount }
  messages(first: 5) { nodes { text state author { name } } totalCount }
} } } }
"""


@dataclass
class Room:
    api: Asking
    content: models.Content
    host: Caller
    vera: Caller
    kettle: models.Product
    creator: models.Creator

    @property
    def id(self) -> str:
        return global_id("Content", self.content.uid)

    async def do(self, name: str, by: Caller | None = None, **given: Any) -> Any:
        """What a mutation answers: its payload, or the problems as (code, path)."""
        kind = name[0].upper() + name[1:]
        document = f"""
            mutation ($input: {kind}Input!) {{ {name}(input: $input) {{
                ... on {kind}Payload {{ {SHOWN[name]} }} ... on Refused {{ problems {{ code path }} }}
            }} }}
        """
        answer = (await self.api.as_(by or self.host).data(document, input=given))[name]
        if "problems" in answer:
            return [(problem["code"], ".".join(problem["path"])) for problem in answer["problems"]]
        return next(iter(answer.values()))


@pytest.fixture
async def room(api: Asking, session: AsyncSession) -> Room:
    creator = await make.creator(session, name="Ada")
    content = await make.content(session, creator, format=models.Format.LIVE, title="Tea time")
    session.add(models.LiveRoom(content_id=content.id, starts_at=make.EARLY))
    host = await make.author(session, creator, Scope.CONTENT_PUBLISH, Scope.ENGAGEMENT_WRITE)
    account = await make.account(session, name="Vera")
    vera = Caller(name="vera", account_id=account.id, scopes=frozenset({Scope.ENGAGEMENT_WRITE}))
    return Room(api, content, host, vera, await make.product(session), creator)


async def test_a_live_is_run_from_its_announcement_to_its_replay(room: Room):
    id_, kettle = {"contentId": room.id}, {"productId": global_id("Product", room.kettle.uid)}
    soon = "2026-12-01T20:00:00+08:00"

    assert await room.do("cancelLive", **id_) == {"room": {"state": "CANCELLED"}}
    moved = await room.do("rescheduleLive", **id_, startsAt=soon)
    assert moved == {"room": {"state": "SCHEDULED", "startsAt": "2026-12-01T12:00:00+00:00"}}
    url = "https://streams.example/1"
    assert await room.do("startLive", **id_, streamUrl=url) == {"room": {"state": "LIVE", "streamUrl": url}}
    assert await room.do("pushProduct", **id_, **kettle) == {"product": {"title": "Kettle"}, "endedAt": None}
    assert await room.do("reportViewers", **id_, count=9) == {"room": {"viewersCount": 9, "viewersPeak": 9}}
    said = await room.do("sendLiveMessage", room.vera, **id_, text="Hello")
    assert said["author"] == {"name": "Vera", "creator": None}
    assert said["content"] == {"title": "Tea time"}
    as_ada = {"asCreatorId": global_id("Creator", room.creator.uid)}
    answered = await room.do("sendLiveMessage", **id_, text="Welcome", **as_ada)
    assert answered["author"] == {"name": "Ada", "creator": {"name": "Ada"}}
    spam = await room.do("sendLiveMessage", room.vera, **id_, text="spam")
    assert await room.do("hideLiveMessage", messageId=said["id"]) == {"state": "HIDDEN"}
    down = await room.do("takeDownLiveMessage", SYSTEM, messageId=spam["id"], reason="spam")
    assert down == {"state": "TAKEN_DOWN"}

    shown = (await room.api.data(ROOM, id=room.id))["node"]["room"]
    assert shown == {
        "state": "LIVE",
        "viewersPeak": 9,
        "currentPush": {"product": {"title": "Kettle"}},
        "pushes": {"nodes": [{"product": {"title": "Kettle"}}], "totalCount": 1},
        "messages": {"nodes": [{"text": "Welcome", "state": "VISIBLE", "author": {"name": "Ada"}}], "totalCount": 1},
    }
    hidden = (await room.api.as_(room.host).data(ROOM, id=room.id))["node"]["room"]["messages"]["nodes"]
    assert [one["text"] for one in hidden] == ["Welcome", "Hello"]
    found = "query ($id: ID!) { node(id: $id) { ... on LiveMessage { text } } }"
    assert (await room.api.data(found, id=answered["id"]))["node"] == {"text": "Welcome"}
    assert (await room.api.data(found, id=said["id"]))["node"] is None

    assert await room.do("endPush", **id_) == {"product": {"title": "Kettle"}}
    assert await room.do("endLive", **id_) == {"room": {"state": "ENDED"}}
    replay = "https://films.example/1"
    assert await room.do("publishReplay", **id_, replayUrl=replay) == {"room": {"state": "REPLAY", "replayUrl": replay}}


async def test_what_is_refused_says_where_and_changes_nothing(room: Room, session: AsyncSession):
    id_, none = {"contentId": room.id}, {"contentId": global_id("Content", room.creator.uid)}
    product = {"productId": global_id("Product", room.creator.uid)}
    message = {"messageId": global_id("LiveMessage", room.creator.uid)}
    as_nobody = {"asCreatorId": global_id("Creator", room.content.uid)}
    refused = {
        "no such content": await room.do("startLive", **none),
        "not running": await room.do("endLive", **id_),
        "no address": await room.do("startLive", **id_, streamUrl="ftp://streams.example"),
        "malformed ids": await room.do("pushProduct", contentId="x", productId="y"),
        "nothing to say": await room.do("sendLiveMessage", room.vera, **id_, text=" "),
        "no message": await room.do("hideLiveMessage", **message),
        "no reason": await room.do("takeDownLiveMessage", SYSTEM, **message, reason=" "),
    }
    await room.do("startLive", **id_)
    refused |= {
        "no product": await room.do("pushProduct", **id_, **product),
        "no creator": await room.do("sendLiveMessage", room.vera, **id_, text="hi", **as_nobody),
        "too few": await room.do("reportViewers", **id_, count=-1),
        "nothing pushed": await room.do("endPush", **id_),
        "needs a scope": await room.do("sendLiveMessage", make.acting_as(room.creator), **id_, text="hi"),
        "needs an operator": await room.do("takeDownLiveMessage", **message, reason="spam"),
    }

    assert refused == {
        "no such content": [("NO_SUCH_CONTENT", "input.contentId")],
        "not running": [("WRONG_LIVE_STATE", "")],
        "no address": [("MALFORMED_ADDRESS", "input.streamUrl")],
        "malformed ids": [("MALFORMED_ID", "input.contentId"), ("MALFORMED_ID", "input.productId")],
        "nothing to say": [("MALFORMED_MESSAGE", "input.text")],
        "no message": [("NO_SUCH_MESSAGE", "input.messageId")],
        "no reason": [("REASON_OUT_OF_RANGE", "input.reason")],
        "no product": [("NO_SUCH_PRODUCT", "input.productId")],
        "no creator": [("NO_SUCH_CREATOR", "input.asCreatorId")],
        "too few": [("VIEWERS_OUT_OF_RANGE", "input.count")],
        "nothing pushed": [("NOTHING_PUSHED", "")],
        "needs a scope": [("MISSING_SCOPE", "")],
        "needs an operator": [("OPERATORS_ONLY", "")],
    }
    assert await session.scalar(select(func.count()).select_from(models.LiveMessage)) == 0
    assert await session.scalar(select(func.count()).select_from(models.StreamEvent)) == 1


async def test_the_same_key_sends_a_message_once(room: Room, session: AsyncSession):
    await room.do("startLive", contentId=room.id)
    key = {"contentId": room.id, "text": "Hello", "idempotencyKey": "5f0c"}

    first = await room.do("sendLiveMessage", room.vera, **key)

    assert await room.do("sendLiveMessage", room.vera, **key) == first
    assert await session.scalar(select(func.count()).select_from(models.LiveMessage)) == 1


async def test_rooms_of_a_list_share_their_statements(
    room: Room, api: Asking, session: AsyncSession, clock: FixedClock
):
    document = """
        query ($handle: String!) { creator(handle: $handle) { contents(first: 10) { nodes { ... on Live { room {
            cursor currentPush { product { title } } messages(first: 2) { nodes { text author { name } } }
        } } } } } }
    """

    async def live() -> None:
        content = await make.content(session, room.creator, format=models.Format.LIVE)
        session.add(models.LiveRoom(content_id=content.id, starts_at=make.EARLY))
        await session.flush()
        await lives.start(session, room.host, content.uid, clock=clock)
        await lives.push(session, room.host, content.uid, room.kettle.uid, clock=clock)
        for text in ("one", "two", "three"):
            await live_messages.send(session, room.vera, content.uid, text, clock=clock)

    counts = []
    for _ in range(2):
        await live()
        with api.statements() as seen:
            data = await api.data(document, handle=room.creator.handle)
        counts.append(len(seen))

    rooms = [node["room"] for node in data["creator"]["contents"]["nodes"]]
    assert [[one["text"] for one in shown["messages"]["nodes"]] for shown in rooms] == [["three", "two"]] * 2 + [[]]
    assert counts[0] == counts[1] <= 9
