"""From a file to a channel, through the doors: a rule passes or fails by what we measured, and by nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from PIL import Image
from sqlalchemy import select

import models
from core.caller import SYSTEM, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id
from models import AssetFactsSource
from services import accounts, keys
from services.assets import keeping, probing
from services.interchange.files import Files
from services.media.sandbox import Sandbox
from tests import make
from tests.api.door import BASE, Door, opened
from tests.channels.reading import PACKS
from tests.services.interchange import lines
from tests.services.packs import install

ENTRY = "weitao.article"
"""It asks for covers of 750x422 pixels at least."""

REFUSED = "... on Refused { problems { code message path } }"
CREATE = f"mutation ($input: CreateContentInput!) {{ done: createContent(input: $input) {{ ... on CreateContentPayload {{ content {{ id }} }} {REFUSED} }} }}"
PUBLISH = f"mutation ($input: PublishContentInput!) {{ done: publishContent(input: $input) {{ ... on PublishContentPayload {{ content {{ id }} }} {REFUSED} }} }}"
FINDINGS = 'outcome findings { code status path actual evidence message(language: "en") }'
PLAN = f'query ($id: ID!) {{ distributionPlan(contentId: $id, channels: ["{ENTRY}"]) {{ channels {{ {FINDINGS} }} }} }}'
SUBMITTED = f"query ($id: ID!) {{ content(id: $id) {{ submissions(first: 9) {{ nodes {{ state decision {{ {FINDINGS} }} }} }} }} }}"


@dataclass
class Author:
    """A creator with a key, who does everything over HTTP."""

    door: Door
    sandbox: Sandbox
    creator: models.Creator
    key: dict[str, str]

    async def upload(self, width: int, height: int) -> str:
        """Send a JPEG, and have a worker look into it; the id of the asset."""
        sent = await self.door.client.post(
            "/assets",
            params={"creator": self.creator.handle, "fileName": "cover.jpg"},
            content=jpeg(width, height),
            headers=self.key | {"Content-Type": "image/jpeg", "Prefer": "wait=0"},
        )
        assert (sent.status_code, sent.json()["state"]) == (202, "PROBING"), sent.text
        assert self.door.store is not None
        assert await probing.step(self.door.db, self.door.store, self.sandbox, self.door.clock)
        settled = (await self.door.client.get(sent.headers["location"])).json()
        assert settled["state"] == "READY"
        return str(settled["asset"]["id"])

    async def ask(self, query: str, **variables: Any) -> Any:
        sent = {"query": query, "variables": variables}
        answer = (await self.door.client.post("/graphql", json=sent, headers=self.key)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def draft(self, cover: str) -> str:
        words = {"format": "ARTICLE", "title": "秋天的早晨", "summary": "轻暖的外套配一条颜色柔和的围巾，出门走走。",
                 "body": [{"paragraph": {"spans": [{"text": "外套与围巾。"}]}}], "coverIds": [cover]}  # fmt: skip
        creator = global_id("Creator", self.creator.uid)
        made = await self.ask(CREATE, input={"creatorId": creator, "language": "zh", "draft": words})
        return str(made["done"]["content"]["id"])

    async def publish(self, content: str) -> None:
        done = await self.ask(PUBLISH, input={"contentId": content, "channels": [ENTRY]})
        assert done["done"] == {"content": {"id": content}}
        await self.door.distribute()

    async def planned(self, content: str) -> tuple[str, list[tuple[str, ...]]]:
        (one,) = (await self.ask(PLAN, id=content))["distributionPlan"]["channels"]
        return told(one)

    async def decided(self, content: str) -> tuple[str, str, list[tuple[str, ...]]]:
        """State of the submission, and what the decision says."""
        (one,) = (await self.ask(SUBMITTED, id=content))["content"]["submissions"]["nodes"]
        return (one["state"], *told(one["decision"]))


def told(judged: dict[str, Any]) -> tuple[str, list[tuple[str, ...]]]:
    findings = judged["findings"]
    sources = [orjson.loads(each["evidence"]).get("source") for each in findings]
    return judged["outcome"], [
        (each["code"], each["status"], each["path"], each["actual"], source)
        for each, source in zip(findings, sources, strict=True)
        if each["code"] != "manual"
    ]


async def shown(door: Door) -> list[str]:
    """The ids of the contents that stand in the feed of the entry."""
    items = (await door.feed(ENTRY))["items"]
    return [global_id("Content", UUID(item["url"].removeprefix(f"{BASE}/contents/"))) for item in items]


def jpeg(width: int, height: int) -> bytes:
    into = io.BytesIO()
    Image.new("RGB", (width, height), (200, 60, 40)).save(into, "JPEG")
    return into.getvalue()


@pytest.fixture
async def author(db: Database, clock: FixedClock, sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Author]:
    await install(db, *[pack for pack in PACKS.values() if pack.key == ENTRY])
    async with db.session() as session:
        creator = await make.creator(session)
        account = await accounts.create(session, SYSTEM, "Ada", clock=clock)
        session.add(models.Identity(account_id=account.id, kind=models.IdentityKind.CREATOR, creator_id=creator.id))
        key = await keys.create(
            session, SYSTEM, account.uid, "laptop", [Scope.CONTENT_WRITE, Scope.CONTENT_PUBLISH], clock=clock
        )
    async with opened(db, clock, sandbox=sandbox, data=tmp_path) as door:
        yield Author(door, sandbox, creator, {"Authorization": f"Bearer {key.secret}"})


async def test_a_cover_of_the_size_asked_for_enters_and_one_that_lacks_a_pixel_does_not(author: Author):
    small, good = await author.upload(749, 422), await author.upload(750, 422)
    too_small, fine = await author.draft(small), await author.draft(good)

    measured = ("FIXABLE", [("image.min_size", "FAILED", "covers.0", "749x422", "probed")])
    assert await author.planned(too_small) == measured
    assert await author.planned(fine) == ("ELIGIBLE", [])
    await author.publish(too_small)
    await author.publish(fine)

    assert await author.decided(too_small) == ("REJECTED", *measured)
    assert await author.decided(fine) == ("DELIVERED", "ELIGIBLE", [])
    assert await shown(author.door) == [fine]


async def test_an_imports_word_on_a_cover_opens_nothing_until_the_file_was_measured(author: Author, tmp_path: Path):
    door = author.door
    record = {"type": "asset", "source": "s", "external_key": "cover", "kind": "IMAGE", "creator": str(author.creator.uid),
              "url": "https://pictures.example/c.jpg", "width": 750, "height": 422, "media_type": "image/jpeg"}  # fmt: skip
    await lines.feed(door.db, record)
    async with door.db.session() as session:
        linked = (await session.scalars(select(models.Asset))).one()
    assert linked.facts_source is AssetFactsSource.DECLARED
    content = await author.draft(global_id("Asset", linked.uid))

    await author.publish(content)

    said = [
        ("image.min_size", "UNKNOWN", "covers.0", "750x422", "declared"),
        ("image.format_not", "UNKNOWN", "covers.0", "image/jpeg", "declared"),
    ]
    state, outcome, findings = await author.decided(content)
    assert (state, outcome, findings[:2]) == ("REJECTED", "FIXABLE", said)
    assert await shown(door) == []

    # an operator brings the bytes, a worker looks into them, and the content is judged anew by itself
    content_of_file = jpeg(750, 422)
    digest = hashlib.sha256(content_of_file)
    beside = tmp_path / "beside" / keeping.key_of(digest.digest())
    await asyncio.to_thread(_write, beside, content_of_file)
    assert door.store is not None
    files = Files(tmp_path / "beside", door.store)
    await lines.feed(door.db, record | {"sha256": digest.hexdigest()}, files=files)
    assert await probing.step(door.db, door.store, author.sandbox, door.clock)
    await door.distribute()

    assert await author.decided(content) == ("DELIVERED", "ELIGIBLE", [])
    assert await shown(door) == [content]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
