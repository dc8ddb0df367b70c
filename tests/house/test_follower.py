"""The follower of docs/feeds.md does what the page promises: nothing missed, whatever happens in between."""

from __future__ import annotations

import importlib.util
import json
import re
import threading
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest
from sqlalchemy.dialects.postgresql import insert

import models
from api.app import create_app
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from core.settings import Settings
from services import feeds, publishing
from services.distribution import Distributor
from services.runtime import Runtime
from tests import make
from tests.house import tree
from tests.services.packs import install, pack

PLACE = tree.ROOT / "docs" / "examples" / "follow_feed.py"
BASE = "https://headwater.example"
ADDRESS = f"{BASE}/feeds/test.all.json?limit=2"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("follow_feed", PLACE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Reader:
    """Runs the follower's steps against the application, and remembers what it was told and how it was answered."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.step = load().step
        self.state: dict[str, Any] = {}
        self.told: list[tuple[str, str]] = []
        self.statuses: list[int] = []
        self.titles: dict[str, str] = {}

    async def read(self) -> list[tuple[str, str]]:
        """Everything there is now, page by page; the state passes through JSON as through the file."""
        self.told, self.statuses = [], []
        more = True
        while more:
            asked, etag = self.state.get("next", ADDRESS), self.state.get("etag")
            answer = await self.client.get(asked, headers={"If-None-Match": etag} if etag else {})
            self.statuses.append(answer.status_code)
            said = (answer.status_code, answer.headers.get("ETag"), answer.content)
            more = self.step(ADDRESS, self.state, self._handle, lambda _address, _etag, said=said: said)
            self.state = json.loads(json.dumps(self.state))
        return self.told

    def _handle(self, event: str, item: dict[str, Any]) -> None:
        title = self.titles.setdefault(item["id"], item.get("title", ""))
        self.told.append((event, item.get("title", title)))


@pytest.fixture
async def reader(db: Database, clock: FixedClock) -> AsyncIterator[Reader]:
    async with db.session() as session:
        named = insert(models.Instance).values(id=1, authority="headwater.example", authority_on=make.day("2026-11-24"))
        await session.execute(named.on_conflict_do_nothing())
    await install(db, pack("test.all"))
    settings = Settings(public_url=BASE)
    runtime = Runtime(settings, db, clock, index=None, store=None)  # type: ignore[arg-type]  # nobody searches here
    app = create_app(settings, runtime)
    app.state.runtime = runtime
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE) as client:
        yield Reader(client)


@pytest.fixture
def distributor(db: Database, clock: FixedClock) -> Distributor:
    return Distributor(db, clock=clock, base_url=BASE)


async def published(db: Database, clock: FixedClock, *titles: str) -> list[models.Content]:
    contents = []
    for title in titles:
        async with db.session() as session:
            content = await make.content(session, await make.creator(session), live=False, title=title)
            await publishing.publish(session, SYSTEM, content.uid, clock=clock)
            contents.append(content)
    return contents


async def test_a_new_follower_reads_what_is_live_and_then_what_happens(
    db: Database, clock: FixedClock, reader: Reader, distributor: Distributor
):
    one, *_ = await published(db, clock, "One", "Two", "Three")
    await distributor.drain()

    assert await reader.read() == [("published", "Three"), ("published", "Two"), ("published", "One")]
    assert reader.statuses == [200, 200, 200]

    await published(db, clock, "Four")
    async with db.session() as session:
        await publishing.withdraw(session, SYSTEM, one.uid, reason="A mistake.", clock=clock)
    await distributor.drain()

    assert sorted(await reader.read()) == [("published", "Four"), ("withdrawn", "One")]
    assert await reader.read() == []
    assert reader.statuses == [200]  # the cursor moved on, so this address is new
    assert await reader.read() == []
    assert reader.statuses == [304]


async def test_a_follower_that_dies_before_it_kept_its_place_hears_things_again_and_misses_none(
    db: Database, clock: FixedClock, reader: Reader, distributor: Distributor
):
    await reader.read()
    await published(db, clock, "One", "Two")
    await distributor.drain()
    kept = json.dumps(reader.state)

    first = await reader.read()
    reader.state = json.loads(kept)  # killed here, before the state was written
    again = await reader.read()

    assert first == again == [("published", "One"), ("published", "Two")]
    assert await reader.read() == []


async def test_a_follower_tells_nothing_twice_that_it_has(
    db: Database, clock: FixedClock, reader: Reader, distributor: Distributor
):
    await published(db, clock, "One", "Two")
    await distributor.drain()
    await reader.read()

    reader.state["next"] = f"{BASE}/feeds/test.all.json?after={feeds.encode('test.all', 1, 0)}"

    assert await reader.read() == []
    assert reader.statuses == [200]


async def test_a_follower_passes_over_what_was_overtaken(
    db: Database, clock: FixedClock, reader: Reader, distributor: Distributor
):
    await reader.read()
    (one,) = await published(db, clock, "One")
    await distributor.drain()
    async with db.session() as session:
        await publishing.withdraw(session, SYSTEM, one.uid, reason="A mistake.", clock=clock)
    await distributor.drain()

    assert await reader.read() == [("withdrawn", "")]


async def test_the_guide_names_every_field_that_is_ours(
    db: Database, clock: FixedClock, reader: Reader, distributor: Distributor
):
    await published(db, clock, "One")
    await distributor.drain()

    page = (await reader.client.get(ADDRESS)).json()

    guide = (tree.ROOT / "docs" / "feeds.md").read_text().partition("## What `_headwater` says")[2]
    of_page, _, of_entry = guide.partition("\n## ")[0].partition("Of an entry:")
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", of_entry, re.MULTILINE)
    assert sorted(page["_headwater"]) == sorted(set(re.findall(r"`([a-z_]+)`", of_page)))
    assert sorted(page["items"][0]["_headwater"]) == sorted(re.findall(r"`([a-z_]+)`", " ".join(rows)))


async def test_a_follower_whose_history_is_gone_compares_what_it_knew_with_what_is_live(
    db: Database, clock: FixedClock, reader: Reader, distributor: Distributor
):
    one, _ = await published(db, clock, "One", "Two")
    await distributor.drain()
    await reader.read()
    async with db.session() as session:
        await publishing.withdraw(session, SYSTEM, one.uid, reason="A mistake.", clock=clock)
    await distributor.drain()
    await published(db, clock, "Three", "Four")
    await distributor.drain()
    reader.state["next"] = f"{BASE}/feeds/test.all.json?after={feeds.encode('test.all', 1, 999)}"

    told = await reader.read()

    assert reader.statuses[0] == 410
    assert told == [("published", "Four"), ("published", "Three"), ("published", "Two"), ("withdrawn", "One")]


def test_the_guide_shows_the_follower_and_it_is_short():
    lines = PLACE.read_text().splitlines()

    assert len(lines) < 60
    assert f"]({PLACE.relative_to(tree.ROOT / 'docs').as_posix()})" in (tree.ROOT / "docs" / "feeds.md").read_text()


def test_the_follower_needs_nothing_but_python():
    names = re.findall(r"^(?:import|from) (\w+)", PLACE.read_text(), re.MULTILINE)

    assert set(names) == {"json", "pathlib", "sys", "time", "urllib"}


class OnePage(BaseHTTPRequestHandler):
    """A page that never changes, at every address but one."""

    def do_GET(self) -> None:
        known = self.headers["If-None-Match"] == '"1"'
        self.send_response(404 if self.path == "/missing" else 304 if known else 200)
        self.send_header("ETag", '"1"')
        self.end_headers()
        if not known:
            self.wfile.write(b"page" if self.path != "/missing" else b"problem")

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal of the tests."""


def test_the_follower_asks_over_http():
    fetch = load().fetch
    with ThreadingHTTPServer(("127.0.0.1", 0), OnePage) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        answers = [fetch(f"{base}/a", None), fetch(f"{base}/a", '"1"'), fetch(f"{base}/missing", None)]
        server.shutdown()

    assert answers == [(200, '"1"', b"page"), (304, None, b""), (404, None, b"problem")]
