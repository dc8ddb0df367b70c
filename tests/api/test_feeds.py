"""Feeds as their readers meet them: JSON Feed 1.1 over HTTP, what is live and the log, cursors, conditional requests."""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest
from sqlalchemy import select, text

import models
from core import cursors
from core.caller import SYSTEM, Scope
from core.clock import FixedClock
from core.db import Database
from services import accounts, erasure, feeds, keys, publishing
from services.channels import installing
from tests import make
from tests.api.door import BASE, Door, opened
from tests.services.packs import install, pack

KEY = "test.articles"
ARTICLES = pack(KEY, selector={"formats": ["ARTICLE"]})
PRIVATE = pack("test.private", kind="private")


@pytest.fixture(autouse=True)
async def channel(db: Database) -> None:
    await install(db, ARTICLES)


def assert_json_feed(page: dict[str, Any]) -> None:
    """The MUSTs of https://www.jsonfeed.org/version/1.1/, and the types of everything it names."""
    assert page["version"] == "https://jsonfeed.org/version/1.1"
    assert isinstance(page["title"], str)
    assert page["title"]
    assert isinstance(page["items"], list)
    for name in ("home_page_url", "feed_url", "next_url", "description"):
        assert isinstance(page.get(name, ""), str)
    assert page.get("next_url") != page["feed_url"]
    known = {"version", "title", "home_page_url", "feed_url", "description", "next_url", "items"}
    assert {name for name in page.keys() - known if not name.startswith("_")} == set()
    for item in page["items"]:
        assert_item(item)


def assert_item(item: dict[str, Any]) -> None:
    texts = {"id", "url", "title", "content_html", "content_text", "summary", "image", "language"}
    moments = {"date_published", "date_modified"}
    assert item["id"]
    assert "content_html" in item or "content_text" in item
    for name in texts & item.keys():
        assert isinstance(item[name], str), name
    for name in moments & item.keys():
        assert datetime.fromisoformat(item[name]).utcoffset() is not None
    for author in item.get("authors", ()):
        assert author.keys() & {"name", "url", "avatar"}
    for attachment in item.get("attachments", ()):
        assert {"url", "mime_type"} <= attachment.keys()
    assert all(isinstance(tag, str) for tag in item.get("tags", ()))
    known = texts | moments | {"authors", "attachments", "tags"}
    assert {name for name in item.keys() - known if not name.startswith("_")} == set()


def titles(page: dict[str, Any]) -> list[str | None]:
    return [item.get("title") for item in page["items"]]


def events(page: dict[str, Any]) -> list[tuple[str, int, bool]]:
    """(event, version, has a payload) of each entry."""
    return [
        (item["_headwater"]["event"], item["_headwater"]["version"], item["_headwater"]["has_payload"])
        for item in page["items"]
    ]


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


async def three(door: Door) -> list[models.Content]:
    return [await door.live(title=title) for title in ("One", "Two", "Three")]


async def test_a_feed_is_a_json_feed_with_all_that_was_published(door: Door):
    async with door.db.session() as session:
        ada = await make.creator(session, name="Ada", handle="ada")
        topic = await make.taxonomy(session, "topic")
        tea = await make.tag(session, topic, "tea")
        cover = await make.asset(session, url="https://pictures.example/tea.jpg")
        kettle = await make.product(session, title="Kettle")
    content = await door.live(
        ada, title="Tea", text="First the water.", tags=(tea,), covers=(cover,), products=(kettle,)
    )

    page = await door.feed(KEY)

    assert_json_feed(page)
    (item,) = page["items"]
    ours = item.pop("_headwater")
    assert item == {
        "id": f"tag:headwater.example,{datetime.now(UTC).date().isoformat()}:content:{content.uid}",
        "url": f"{BASE}/contents/{content.uid}",
        "title": "Tea",
        "content_html": "<p>First the water.</p>",
        "content_text": "First the water.",
        "image": "https://pictures.example/tea.jpg",
        "date_published": "2026-11-01T12:00:00+00:00",
        "date_modified": "2026-11-24T08:00:00+00:00",
        "authors": [{"name": "Ada", "url": f"{BASE}/feeds/creator.ada.json"}],
        "tags": ["Tea"],
        "language": "en",
    }
    assert (ours["event"], ours["position"], ours["version"], ours["format"]) == ("published", 1, 1, "ARTICLE")
    assert ours["products"] == [
        {"id": str(kettle.uid), "title": "Kettle", "price_minor": 19_900, "currency": "CNY", "is_on_shelf": True}
    ]
    assert (page["title"], page["feed_url"]) == (KEY, f"{BASE}/feeds/{KEY}.json")


async def test_without_a_cursor_a_feed_shows_what_is_live_newest_first_each_once(door: Door):
    first, second, _ = await three(door)
    await door.revise(first, title="One, revised")
    await door.withdraw(second)
    await door.distribute()

    page = await door.feed(KEY)

    assert titles(page) == ["One, revised", "Three"]
    assert events(page) == [("updated", 2, True), ("published", 1, True)]
    assert "next_url" not in page


async def test_older_items_follow_by_next_url_until_there_are_none(door: Door):
    for number in range(5):
        await door.live(title=str(number))

    pages = [await door.feed(KEY, limit=2)]
    while "next_url" in pages[-1]:
        assert_json_feed(pages[-1])
        pages.append(await door.feed(KEY, **query_of(pages[-1]["next_url"])))

    assert [titles(page) for page in pages] == [["4", "3"], ["2", "1"], ["0"]]


async def test_new_items_do_not_disturb_who_goes_back(door: Door):
    await three(door)
    first = await door.feed(KEY, limit=2)

    await door.live(title="Four")
    second = await door.feed(KEY, **query_of(first["next_url"]))

    assert titles(first) + titles(second) == ["Three", "Two", "One"]


async def test_with_a_cursor_a_feed_is_the_log_with_tombstones_and_what_was_superseded(door: Door):
    start = (await door.feed(KEY))["_headwater"]["cursor"]
    first, second, _ = await three(door)
    await door.revise(first, title="One, revised")
    await door.withdraw(second)
    await door.distribute()

    page = await door.feed(KEY, after=start)

    assert_json_feed(page)
    assert events(page) == [
        ("published", 1, False),  # the update below replaced it
        ("published", 1, False),
        ("published", 1, True),
        ("updated", 2, True),
        ("withdrawn", 2, False),
    ]
    assert titles(page) == [None, None, "Three", "One, revised", None]
    assert [item["_headwater"]["position"] for item in page["items"]] == [1, 2, 3, 4, 5]
    assert page["items"][0]["id"] == page["items"][3]["id"]
    assert page["items"][4] == {
        "id": page["items"][1]["id"],
        "content_text": "",
        "_headwater": {
            "event": "withdrawn",
            "position": 5,
            "version": 2,
            "cursor": page["_headwater"]["cursor"],
            "has_payload": False,
        },
    }


async def test_the_log_is_read_in_pages_that_lead_on(door: Door):
    start = (await door.feed(KEY))["_headwater"]["cursor"]
    await three(door)

    first = await door.feed(KEY, after=start, limit=2)
    second = await door.feed(KEY, **query_of(first["next_url"]))
    third = await door.feed(KEY, **query_of(second["_headwater"]["follow_url"]))

    assert [titles(page) for page in (first, second, third)] == [["One", "Two"], ["Three"], []]
    assert [page["_headwater"]["has_more"] for page in (first, second, third)] == [True, False, False]
    assert "next_url" not in second
    assert third["_headwater"]["cursor"] == second["_headwater"]["cursor"]


async def test_whoever_polls_with_the_cursor_of_the_tail_misses_nothing(door: Door):
    await three(door)
    response = await door.get(f"/feeds/{KEY}.json", limit=1)
    cursor = response.headers["headwater-cursor"]
    assert response.json()["_headwater"]["cursor"] == cursor

    nothing = await door.feed(KEY, after=cursor)
    await door.live(title="Four")
    news = await door.feed(KEY, after=cursor)

    assert (titles(nothing), titles(news)) == ([], ["Four"])


async def test_what_was_handed_out_keeps_its_place_for_ever(door: Door):
    start = (await door.feed(KEY))["_headwater"]["cursor"]
    first, *_ = await three(door)
    before = await door.feed(KEY, after=start)

    await door.revise(first, title="One, revised")
    after = await door.feed(KEY, after=start, limit=3)

    places = [
        [
            (item["id"], *(item["_headwater"][name] for name in ("position", "event", "version", "cursor")))
            for item in p["items"]
        ]
        for p in (before, after)
    ]
    assert places[0] == places[1]


async def test_a_withdrawn_content_is_gone_from_live_and_log_before_the_distributor_knows(door: Door):
    start = (await door.feed(KEY))["_headwater"]["cursor"]
    content = await door.live(title="Secret")

    await door.withdraw(content)

    assert titles(await door.feed(KEY)) == []
    log = await door.get(f"/feeds/{KEY}.json", after=start)
    assert events(log.json()) == [("published", 1, False)]
    assert "Secret" not in log.text


async def test_a_superseded_revision_is_not_shown_before_the_distributor_knows(door: Door):
    content = await door.live(title="Old words")
    start = feeds.encode(KEY, 1, 0)
    async with door.db.session() as session:
        row = await session.get_one(models.Content, content.id, populate_existing=True)
        draft = models.Revision(content_id=row.id, number=2, title="New words")
        session.add(draft)
        await session.flush()
        row.draft_revision_id = draft.id
        await session.flush()
        await publishing.publish(session, SYSTEM, content.uid, clock=door.clock)

    shown = (await door.get(f"/feeds/{KEY}.json")).text + (await door.get(f"/feeds/{KEY}.json", after=start)).text

    assert "Old words" not in shown
    assert "New words" not in shown  # no channel has taken it yet


async def test_every_creator_has_a_feed(door: Door):
    async with door.db.session() as session:
        ada = await make.creator(session, name="Ada", handle="ada")
    await door.live(ada, title="Tea")
    await door.live(title="By somebody else")

    page = await door.feed("creator.ada")

    assert_json_feed(page)
    assert (page["title"], titles(page)) == ("Ada", ["Tea"])


async def test_a_suspended_creators_items_are_gone_at_once(door: Door):
    async with door.db.session() as session:
        ada = await make.creator(session, name="Ada", handle="ada")
    await door.live(ada, title="Tea")

    async with door.db.session() as session:
        await publishing.suspend(session, SYSTEM, ada.uid, reason="spam", clock=door.clock)

    assert titles(await door.feed(KEY)) == []
    assert titles(await door.feed("creator.ada")) == []


# conditional requests


async def test_a_feed_that_did_not_change_is_304_with_its_headers(door: Door):
    await door.live()
    first = await door.get(f"/feeds/{KEY}.json")
    tag = first.headers["etag"]

    again = await door.client.get(f"/feeds/{KEY}.json", headers={"If-None-Match": tag})

    assert tag.startswith('"')
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control", "vary", "headwater-cursor"):
        assert again.headers[name] == first.headers[name], name
    assert first.headers["cache-control"] == "public, no-cache"
    assert {each.strip() for each in first.headers["vary"].split(",")} == {
        "Authorization",
        "Accept",
        "Accept-Encoding",
        "Headwater-On-Behalf-Of",
    }


@pytest.mark.parametrize("form", ["*", "W/{tag}", '"other", {tag}', 'W/"other",W/{tag}', '{tag} , "other"'])
async def test_if_none_match_compares_weakly_and_takes_lists(door: Door, form: str):
    await door.live()
    tag = (await door.get(f"/feeds/{KEY}.json")).headers["etag"]

    again = await door.client.get(f"/feeds/{KEY}.json", headers={"If-None-Match": form.format(tag=tag)})

    assert again.status_code == 304


async def test_if_none_match_may_come_in_several_lines(door: Door):
    tag = (await door.get(f"/feeds/{KEY}.json")).headers["etag"]

    again = await door.client.get(f"/feeds/{KEY}.json", headers=[("If-None-Match", '"other"'), ("If-None-Match", tag)])

    assert again.status_code == 304


@pytest.mark.parametrize("form", ['"other"', "", "{bare}", '"*"', "w/{tag}"])
async def test_another_tag_gets_the_feed(door: Door, form: str):
    await door.live()
    tag = (await door.get(f"/feeds/{KEY}.json")).headers["etag"]

    again = await door.client.get(
        f"/feeds/{KEY}.json", headers={"If-None-Match": form.format(tag=tag, bare=tag.strip('"'))}
    )

    assert again.status_code == 200


async def test_the_tag_changes_with_news_with_a_redaction_and_with_the_page(door: Door):
    content = await door.live()
    tags = [
        (await door.get(f"/feeds/{KEY}.json", **query)).headers["etag"]
        for query in ({}, {"after": feeds.encode(KEY, 1, 0)})
    ]

    await door.withdraw(content)
    tags.append((await door.get(f"/feeds/{KEY}.json", after=feeds.encode(KEY, 1, 0))).headers["etag"])
    await door.distribute()
    tags.append((await door.get(f"/feeds/{KEY}.json", after=feeds.encode(KEY, 1, 0))).headers["etag"])

    assert len(set(tags)) == 4


async def test_head_answers_the_headers_of_get(door: Door):
    await door.live()
    got = await door.get(f"/feeds/{KEY}.json")

    head = await door.client.head(f"/feeds/{KEY}.json")

    assert head.status_code == 200
    for name in ("etag", "content-type", "content-length", "cache-control", "vary", "headwater-cursor"):
        assert head.headers[name] == got.headers[name], name


async def test_a_compressed_feed_has_a_tag_of_its_own(door: Door):
    await door.live(text="Tea, then the lake. " * 100)
    plain = await door.get(f"/feeds/{KEY}.json")

    zipped = await door.client.get(f"/feeds/{KEY}.json", headers={"Accept-Encoding": "gzip"})
    again = [
        (
            await door.client.get(f"/feeds/{KEY}.json", headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
        ).status_code
        for tag in (zipped.headers["etag"], plain.headers["etag"])
    ]

    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.json() == plain.json()
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"])
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert again == [304, 200]
    assert "Accept-Encoding" in zipped.headers["vary"]


async def test_caches_of_others_may_keep_a_feed_as_long_as_the_operator_says(db: Database, clock: FixedClock):
    async with opened(db, clock, cache_max_age=60) as door:
        assert (await door.get(f"/feeds/{KEY}.json")).headers["cache-control"] == "public, max-age=60"


# what is refused


async def test_an_unknown_feed_is_404_with_a_code(door: Door):
    for key in ("test.nothing", "creator.nobody", "%00", "x" * 2_000, "a/b", "..%2f..%2fetc", "%ff", "茶"):
        assert await door.problem(f"/feeds/{key}.json") == (404, "NO_SUCH_FEED"), key


def forged(values: bytes, scope: str = f"feed:{KEY}") -> str:
    """A cursor with a right checksum over anything: the checksum is no secret."""
    head = bytes([cursors.FORMAT]) + cursors._scope_digest(scope)
    return urlsafe_b64encode(head + zlib.crc32(head + values).to_bytes(4, "big") + values).rstrip(b"=").decode()


NEVER_GIVEN = [
    "",
    "x",
    "!!!!",
    "💧",
    "A" * 600,
    "\x00",
    forged(b"not json"),
    forged(b"[]"),
    forged(b"[1]"),
    forged(b"[1,2,3]"),
    forged(b'["1","2"]'),
    forged(b"[1,1.5]"),
    forged(b"[1,-1]"),
    forged(b"[1,null]"),
    forged(b"[0,1]"),
    forged(b"[99999999,1]"),
    forged(b'[{"x":1},1]'),
    forged(b'[{"t":1e300},1]'),
    forged(b'{"t":1}'),
    forged(b"7"),
]


@pytest.mark.parametrize("name", ["after", "before"])
async def test_a_cursor_that_we_never_gave_is_400_with_a_code(door: Door, name: str):
    for cursor in NEVER_GIVEN:
        assert await door.problem(f"/feeds/{KEY}.json", **{name: cursor}) == (400, "UNKNOWN_CURSOR"), cursor


async def test_a_cursor_that_was_changed_on_the_way_is_400_with_a_code(door: Door):
    genuine = (await door.feed(KEY))["_headwater"]["cursor"]
    for place in range(len(genuine)):
        changed = genuine[:place] + ("A" if genuine[place] != "A" else "B") + genuine[place + 1 :]
        assert await door.problem(f"/feeds/{KEY}.json", after=changed) == (400, "UNKNOWN_CURSOR"), place


async def test_a_cursor_of_another_feed_is_400_with_a_code(door: Door):
    await install(door.db, pack("test.other"))
    foreign = (await door.feed("test.other"))["_headwater"]["cursor"]

    assert await door.problem(f"/feeds/{KEY}.json", after=foreign) == (400, "FOREIGN_CURSOR")


@pytest.mark.parametrize(("epoch", "position"), [(1, 99), (1, 2**62), (1, 2**63 - 1), (7, 0)])
async def test_a_cursor_beyond_the_history_is_410_with_the_way_on(door: Door, epoch: int, position: int):
    response = await door.get(f"/feeds/{KEY}.json", after=feeds.encode(KEY, epoch, position))

    assert (response.status_code, response.json()["code"]) == (410, "CURSOR_GONE")
    assert f"/feeds/{KEY}.json" in response.json()["detail"]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1.5", "", "x", "１", "99999999999999999999"])
async def test_a_limit_out_of_bounds_is_400_with_a_code(door: Door, limit: str):
    assert await door.problem(f"/feeds/{KEY}.json", limit=limit) == (400, "BAD_PARAMETER")


async def test_the_bounds_of_the_limit_are_taken(door: Door):
    await three(door)

    assert len((await door.feed(KEY, limit=1))["items"]) == 1
    assert len((await door.feed(KEY, limit=200))["items"]) == 3


async def test_a_parameter_that_nobody_reads_is_400(door: Door):
    cursor = (await door.feed(KEY))["_headwater"]["cursor"]

    assert await door.problem(f"/feeds/{KEY}.json", aftr=cursor) == (400, "BAD_PARAMETER")


async def test_a_suspended_creators_name_is_not_the_title_of_their_feed(door: Door):
    async with door.db.session() as session:
        ada = await make.creator(session, name="Ada", handle="ada")
        await installing.ensure_feed(session, "creator.ada", models.FeedKind.CREATOR, creator_id=ada.id)
    shown = (await door.feed("creator.ada"))["title"]

    async with door.db.session() as session:
        await publishing.suspend(session, SYSTEM, ada.uid, reason="spam", clock=door.clock)

    assert (shown, (await door.feed("creator.ada"))["title"]) == ("Ada", "creator.ada")


async def test_two_directions_at_once_are_400(door: Door):
    cursor = (await door.feed(KEY))["_headwater"]["cursor"]

    assert await door.problem(f"/feeds/{KEY}.json", after=cursor, before=cursor) == (400, "TWO_DIRECTIONS")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_feed_takes_no_other_method(door: Door, method: str):
    response = await door.client.request(method, f"/feeds/{KEY}.json")

    assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert {each.strip() for each in response.headers["allow"].split(",")} == {"GET", "HEAD"}


async def test_a_page_is_no_longer_than_its_bytes_and_leads_on(db: Database, clock: FixedClock):
    async with opened(db, clock, feed_page_bytes=65_536) as door:
        start = (await door.feed(KEY))["_headwater"]["cursor"]
        for number in range(5):
            await door.live(title=str(number), text="茶" * 5_000)  # some 30 kB in text and HTML

        log, live = [await door.feed(KEY, after=start)], [await door.feed(KEY)]
        for pages in (log, live):
            while "next_url" in pages[-1]:
                pages.append(await door.feed(KEY, **query_of(pages[-1]["next_url"])))

    assert [titles(page) for page in log] == [["0", "1"], ["2", "3"], ["4"]]
    assert [titles(page) for page in live] == [["4", "3"], ["2", "1"], ["0"]]
    assert [page["_headwater"]["has_more"] for page in log] == [True, True, False]


async def test_an_item_longer_than_a_page_is_a_page_of_its_own(db: Database, clock: FixedClock):
    async with opened(db, clock, feed_page_bytes=65_536) as door:
        await door.live(title="Long", text="x" * 100_000)
        await door.live(title="Longer", text="x" * 100_000)

        assert titles(await door.feed(KEY)) == ["Longer"]


# private feeds


async def test_a_private_feed_needs_a_key_with_its_channel(door: Door):
    await install(door.db, PRIVATE, pack("test.private-too", kind="private"))
    await door.live(title="For friends")
    async with door.db.session() as session:
        account = await accounts.create(session, SYSTEM, "Friend", clock=door.clock)
        secrets = [
            (
                await keys.create(session, SYSTEM, account.uid, "reader", scopes, clock=door.clock, channels=channels)
            ).secret
            for scopes, channels in (
                ([Scope.FEED_READ], ["test.private"]),
                ([Scope.FEED_READ], ["test.private-too"]),
                ([Scope.CONTENT_WRITE], ["test.private"]),
            )
        ]

    answers = [
        await door.client.get("/feeds/test.private.json", headers={"Authorization": f"Bearer {secret}"})
        for secret in secrets
    ]

    assert await door.problem("/feeds/test.private.json") == (404, "NO_SUCH_FEED")
    assert [response.status_code for response in answers] == [200, 404, 404]
    assert titles(answers[0].json()) == ["For friends"]
    assert answers[0].headers["cache-control"] == "private, no-cache"
    assert "test.private" not in (await door.get("/feeds")).text


# the directory


async def test_the_directory_lists_the_feeds_of_channels(door: Door):
    await three(door)

    listed = (await door.get("/feeds")).json()

    assert listed == {"feeds": [{"key": KEY, "title": KEY, "live_count": 3, "url": f"{BASE}/feeds/{KEY}.json"}]}


async def test_the_directory_is_a_page_for_people(door: Door):
    await install(door.db, pack("test.hostile", name={"en": "<script>alert(1)</script>", "zh": "茶"}))

    page = await door.client.get("/feeds", headers={"Accept": "text/html,application/xhtml+xml"})

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f'<a href="{BASE}/feeds/{KEY}.json">' in page.text
    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text


# hostile words

HOSTILE = [
    "]]>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "&lt;b&gt; &amp; &#0;",
    "\u202eevil\u2066",
    "👩‍👩‍👧‍👦 🇨🇳 𠮷",
    "e\u0301\u200b\u00ad\ufeff",
    "\u2028\u2029",
    "javascript:alert(1)",
    "{{constructor}} ${7*7} <%= 7 %>",
]


@pytest.mark.parametrize("words", HOSTILE)
async def test_hostile_words_come_out_as_words(door: Door, words: str):
    await door.live(title=words, text=words, summary=words)

    response = await door.get(f"/feeds/{KEY}.json")

    assert_json_feed(response.json())
    (item,) = orjson.loads(response.content)["items"]
    assert item["title"] == item["content_text"] == item["summary"] == words
    assert "<script" not in item["content_html"]
    assert "<img" not in item["content_html"]
    assert response.headers["x-content-type-options"] == "nosniff"
    page = (await door.get(urlsplit(item["url"]).path)).text
    assert "<script" not in page
    assert "<img" not in page


async def test_a_control_character_in_an_old_title_is_still_json(door: Door):
    """They are refused at input; what is stored all the same is escaped."""
    await door.live(title="bell \x07 and \x1b[31m")

    assert titles(await door.feed(KEY)) == ["bell \x07 and \x1b[31m"]


async def test_a_content_that_cannot_be_read_does_not_take_the_feed_from_everybody(door: Door):
    start = feeds.encode(KEY, 1, 0)
    await three(door)
    async with door.db.session() as session:
        # as a stricter version would find what an older one stored
        await session.execute(text("ALTER TABLE revisions DISABLE TRIGGER USER"))
        await session.execute(text("UPDATE revisions SET body = '[{\"type\": \"riddle\"}]' WHERE title = 'Two'"))

    assert titles(await door.feed(KEY)) == ["Three", "One"]
    log = await door.feed(KEY, after=start)
    assert titles(log) == ["One", None, "Three"]
    assert events(log) == [("published", 1, True), ("published", 1, False), ("published", 1, True)]


async def test_a_thousand_changes_of_names_and_places_leave_ids_alone(db: Database, clock: FixedClock):
    async with opened(db, clock) as door:
        await door.live()
        before = (await door.feed(KEY))["items"][0]["id"]
    clock.move(timedelta(days=400))
    async with opened(db, clock, public_url="https://moved.example") as door:
        page = await door.feed(KEY)

    assert page["items"][0]["id"] == before
    assert page["items"][0]["url"].startswith("https://moved.example/")


async def test_a_page_costs_the_same_statements_however_long_it_is(door: Door):
    counts = []
    for many in (1, 10):
        for number in range(many):
            await door.live(title=f"{many} {number}")
        async with door.db.session() as session:
            before = await session.scalar(text("SELECT count(*) FROM feed_items"))
        assert before
        counts.append(await statements(door, f"/feeds/{KEY}.json"))

    assert counts[0] == counts[1]
    assert counts[0] <= 18


async def statements(door: Door, path: str) -> int:
    """How many statements a request sends."""
    from sqlalchemy import event

    seen: list[str] = []
    engine = door.db.connection.engine.sync_engine  # type: ignore[attr-defined]

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        await door.get(path)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


async def test_who_follows_an_erased_creator_by_the_old_address_is_told_what_is_gone(door: Door):
    async with door.db.session() as session:
        ada = await make.creator(session, handle="ada")
    await door.live(ada, title="Tea")
    start = (await door.feed("creator.ada"))["_headwater"]["cursor"]

    async with door.db.session() as session:
        await erasure.erase_creator(session, SYSTEM, ada.uid, clock=door.clock)
    await door.distribute()
    page = await door.feed("creator.ada", after=start)
    tail = page["_headwater"]["cursor"]

    assert [item["_headwater"]["event"] for item in page["items"]] == ["withdrawn"]
    assert "Tea" not in str(page)
    assert (await door.feed("creator.ada", after=tail))["items"] == []
    assert (await door.feed("creator.ada"))["items"] == []
    assert await door.problem("/feeds/creator.eve.json") == (404, "NO_SUCH_FEED")
    async with door.db.session() as session:
        kept = await session.scalar(select(models.Feed.key).where(models.Feed.creator_id == ada.id))
    assert kept == f"creator.erased-{ada.uid.hex}"


async def test_pictures_are_cropped_as_the_channel_prefers(db: Database, clock: FixedClock, tmp_path: Path):
    key = "test.cropped"
    await install(db, pack(key, rendering={"picture": {"ratios": ["16:9"], "max": 2}}))
    async with opened(db, clock, data=tmp_path) as door:
        assert door.store is not None
        async with db.session() as session:
            ours = await make.held(session, door.store, b"ours")
            linked = await make.asset(session, width=1600, height=900)
        held = await door.live(covers=(ours,))
        mixed = await door.live(covers=(ours, linked))
        page = await door.feed(key)

    images = {item["id"].rpartition(":")[2]: item for item in page["items"]}
    assert images[str(held.uid)]["image"] == f"{BASE}/assets/{ours.uid}/1080x608-cover.auto"
    # the nearest to the ratio leads, and what lives elsewhere is not ours to crop
    assert images[str(mixed.uid)]["image"] == linked.url
    assert images[str(mixed.uid)]["_headwater"]["pictures"] == [
        linked.url,
        f"{BASE}/assets/{ours.uid}/1080x608-cover.auto",
    ]
