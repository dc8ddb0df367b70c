"""What foreign inputs hold that cannot be taken: refused where it stands, and nothing else suffers."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from core.db import Database
from services.interchange import sources
from services.interchange.sources import Defaults, InputFormat, Unreadable
from services.interchange.writing import ImportReport, import_records
from tests.services.interchange import lines

ADA = UUID("00000000-0000-4000-8000-00000000ada0")
CREATOR = {"type": "creator", "uid": str(ADA), "handle": "ada", "name": "Ada"}
DEFAULTS = Defaults(creator=ADA)


def item(number: int, words: str = "Words.", date: str = "Fri, 02 Jan 2026 10:00:00 GMT") -> str:
    return (
        f"<item><title>Item {number}</title><guid>g-{number}</guid><pubDate>{date}</pubDate>"
        f"<description><![CDATA[<p>{words}</p>]]></description></item>"
    )


def rss(*items: str, head: str = '<?xml version="1.0"?>') -> bytes:
    return f'{head}<rss version="2.0"><channel><link>https://b.example/</link>{"".join(items)}</channel></rss>'.encode()


def json_feed(*items: Any) -> bytes:
    return orjson.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items})


async def taken(db: Database, data: bytes, tmp_path: Path, name: str = "input", **options: Any) -> ImportReport:
    path = tmp_path / name
    path.write_bytes(data)
    with sources.open_file(path, defaults=DEFAULTS) as source:
        return await import_records(db, source.lines(), input_name=name, **options)


def records(data: bytes, tmp_path: Path, format_: InputFormat | None = None) -> list[Any]:
    path = tmp_path / "input"
    path.write_bytes(data)
    with sources.open_file(path, format_=format_, defaults=DEFAULTS) as source:
        return [orjson.loads(line.text) for line in source.lines()]


async def titles(db: Database) -> list[str]:
    async with db.session() as session:
        return list((await session.execute(text("SELECT title FROM revisions ORDER BY 1"))).scalars())


@pytest.fixture
async def ada(db: Database) -> Database:
    await lines.feed(db, CREATOR)
    return db


WHOLE = rss(item(1), item(2, "How a feed ends: </rss> and a comment <!--."), item(3))


async def test_a_feed_cut_off_anywhere_is_refused_and_what_stands_stays(ada: Database, tmp_path: Path):
    await taken(ada, WHOLE, tmp_path)

    for size in range(60, len(WHOLE) - len("</rss>") + 1, 7):
        with pytest.raises(Unreadable, match=r"breaks off|not a feed|neither"):
            records(WHOLE[:size], tmp_path)
    with pytest.raises(Unreadable, match="breaks off"):
        await taken(ada, WHOLE[:-1], tmp_path)

    assert lines.outcomes(await taken(ada, WHOLE, tmp_path)) == {"new": 0, "changed": 0, "unchanged": 3, "rejected": 0}


@pytest.mark.parametrize("whole", [
    rss(item(1), head='<?xml version="1.0" encoding="utf-16"?>').decode().encode("utf-16"),
    b'<feed xmlns="http://www.w3.org/2005/Atom"><id>b</id><entry><id>1</id><title>Item 1</title></entry></feed >\n',
    b'<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:id>1</a:id><a:title>Item 1</a:title></a:entry></a:feed>',
    rss(item(1)) + b"\n<!-- cached " + b"." * 9_000 + b" -->",
])  # fmt: skip
def test_a_feed_is_whole_in_any_encoding_under_any_prefix_and_with_what_caches_append(whole: bytes, tmp_path: Path):
    assert records(whole, tmp_path, InputFormat.FEED)[0]["revisions"][0]["title"] == "Item 1"


@pytest.mark.parametrize("sloppy", [
    rss(item(1).replace("Item 1", "Caf&eacute;")),
    rss(item(1).replace("Item 1", "Café"), head='<?xml version="1.0" encoding="us-ascii"?>'),
    rss(item(1).replace("Item 1", "Café"), head='\n<?xml version="1.0"?>'),
    rss(item(1).replace("Item 1", "Café").replace("<guid>", "<br><guid>")),
], ids=["undeclared entity", "wrong encoding", "declaration not first", "unclosed tag"])  # fmt: skip
def test_a_sloppy_feed_that_is_whole_comes_in(sloppy: bytes, tmp_path: Path):
    (record,) = records(sloppy, tmp_path)

    assert record["revisions"][0]["title"] == "Café"
    with pytest.raises(Unreadable, match="breaks off"):
        records(sloppy[:-20], tmp_path)


@pytest.mark.parametrize("cut", [gzip.compress(WHOLE)[:-20], gzip.compress(WHOLE)[:4], b"\x1f\x8bnot packed at all"])
def test_a_packed_file_that_breaks_off_is_refused(cut: bytes, tmp_path: Path):
    with pytest.raises(Unreadable, match="packed file breaks off"):
        records(cut, tmp_path)


async def test_items_that_cannot_be_told_apart_or_hold_nothing_are_refused_each_for_itself(
    ada: Database, tmp_path: Path
):
    no_key = "this item has neither an id nor an address to know it by: give it a key"
    given = json_feed({"title": "No id"}, "no object", {"id": 3}, {"url": "https://b.example/4", "title": "Four"},
                      {"id": "5", "image": "https://b.example/5.jpg"}, {"content_text": "No id either"})  # fmt: skip

    report = await taken(ada, given, tmp_path, rejects_path=tmp_path / "rejects")

    assert [reject.as_json() for reject in report.rejects] == [
        {"file": "input", "item": 1, "problems": [{"field": "external_key", "reason": no_key}]},
        {"file": "input", "item": 2, "problems": [{"field": None, "reason": "an item of a JSON Feed is an object: {…}"}]},
        {"file": "input", "item": 3, "problems": [
            {"field": "revisions.0.title", "reason": "this item has neither a title nor a text nor a picture"}]},
        {"file": "input", "item": 6, "problems": [{"field": "external_key", "reason": no_key}]},
    ]  # fmt: skip
    assert report.rejects[0].shown == f"input, item 1: external_key: {no_key}"
    assert await titles(ada) == ["Four", "Untitled"]
    # a key makes the first one good
    first, second, *_ = (orjson.loads(line) for line in (tmp_path / "rejects").read_bytes().splitlines())
    assert second["text"] == '"no object"'
    assert (await lines.feed(ada, first | {"external_key": "one"})).rejected == 0
    assert await titles(ada) == ["Four", "No id", "Untitled"]


async def test_an_empty_item_of_an_rss_feed_is_refused_and_not_published_as_untitled(ada: Database, tmp_path: Path):
    report = await taken(ada, rss(item(1), "<item></item>", "<item><guid>g</guid></item>"), tmp_path)

    assert [(one.line.number, [where for where, _ in one.problems]) for one in report.rejects] == [
        (2, ["external_key", "revisions.0.title"]),
        (3, ["revisions.0.title"]),
    ]
    assert await titles(ada) == ["Item 1"]


async def test_a_second_item_under_the_same_key_does_not_overwrite_the_first(ada: Database, tmp_path: Path):
    report = await taken(ada, rss(item(1, "First."), item(2), item(1, "Second."), item(2)), tmp_path)

    assert [reject.shown for reject in report.rejects] == [
        "input, item 3: external_key: item 1 has this key already, and other words"
    ]
    assert await titles(ada) == ["Item 1", "Item 2"]


async def test_a_row_of_a_product_table_is_told_by_its_line(db: Database, tmp_path: Path):
    table = (
        b"id\ttitle\tbrand\tdescription\timage_link\n"
        b'k1\tKettle\tAcme\t"two\nlines"\thttps://s.example/1.jpg\n\n'
        b"k2\t&nbsp;\tBeta\t\thttps://s.example/2.jpg\n"
    )

    report = await taken(db, table, tmp_path, "gm.tsv")

    assert [reject.shown for reject in report.rejects] == ["gm.tsv:5: title: this may not be empty"]
    assert report.rejects[0].as_json()["line"] == 5


async def test_an_item_of_a_product_feed_is_told_by_its_number(db: Database, tmp_path: Path):
    items = (
        f"<item><g:id>k{n}</g:id><title>{'Cup' if n != 4 else '-'}</title><g:brand>B{n}</g:brand></item>"
        for n in range(1, 6)
    )
    feed = f'<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{"".join(items)}</channel></rss>'

    report = await taken(db, feed.replace("<title>-</title>", "").encode(), tmp_path, "gm.xml")

    assert [reject.shown for reject in report.rejects] == ["gm.xml, item 4: title: this may not be empty"]


def test_a_product_table_that_no_reader_can_read_is_refused_with_its_line(tmp_path: Path):
    with pytest.raises(Unreadable, match="Line 2 of this product feed"):
        records(b"id\ttitle\nk1\t" + b"x" * 1_000_001 + b"\n", tmp_path)


@pytest.mark.parametrize(
    ("data", "count", "told"),
    [
        (rss(item(1), item(2, date="yesterday"), item(3, date="")), 2, "2 entries had no readable date: item 2 (yesterday), item 3."),
        (json_feed({"id": "1", "title": "A", "date_published": "soon"}), 1, "1 entry had no readable date: item 1 (soon)."),
        (json_feed({"id": "1", "title": "A", "date_published": "soon", "date_modified": "2026-01-02"}), 0, ""),
        (rss(*(item(number, date="?") for number in range(7))), 7, "item 5 (?) and 2 more."),
    ],
)  # fmt: skip
def test_what_has_no_readable_date_is_counted_and_told(data: bytes, count: int, told: str, tmp_path: Path):
    path = tmp_path / "input"
    path.write_bytes(data)

    with sources.open_file(path, defaults=DEFAULTS) as source:
        read = list(source.lines())

    assert source.undated.count == count
    assert not count or told in source.undated.told()
    assert all(not line.problems for line in read)
