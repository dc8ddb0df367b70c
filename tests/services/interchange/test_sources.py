from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from core.db import Database
from services.interchange import sources
from services.interchange.sources import Defaults, InputFormat, Unreadable
from services.interchange.writing import import_records
from tests.services.interchange import lines

ADA = UUID("00000000-0000-4000-8000-00000000ada0")
DEFAULTS = Defaults(creator=ADA, language="en", tags=("topic:tea",))

RSS = b"""<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Blog</title><link>https://blog.example/</link>
<item><title>Tea &amp; <![CDATA[<b>cake</b>]]></title><guid>g-1</guid><pubDate>Fri, 02 Jan 2026 10:00:00 +0800</pubDate>
<description>Short.</description><content:encoded><![CDATA[<p>Long <a href="javascript:alert(1)">x</a>
<a href="https://a.example/">y</a><script>alert(2)</script></p><img src="https://p.example/1.jpg" alt="A cup">]]>
</content:encoded><enclosure url="https://p.example/cover.jpg" type="image/jpeg" length="1"/></item>
<item><link>https://blog.example/two</link><description>Only a description.</description></item>
</channel></rss>"""

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><id>tag:b</id><title>B</title>
<entry><id>tag:b:1</id><title>One</title><updated>2026-01-02T00:00:00Z</updated><content type="html">&lt;p&gt;Hi&lt;/p&gt;</content>
</entry></feed>"""

JSON_FEED = orjson.dumps({
    "version": "https://jsonfeed.org/version/1.1", "title": "J", "home_page_url": "https://j.example/", "items": [
        {"id": "1", "title": "One", "content_html": "<p>Hi</p>", "date_published": "2026-01-02T00:00:00+08:00"},
        {"id": 2, "content_text": "Just words."}]}, option=orjson.OPT_INDENT_2)  # fmt: skip


def post(number: int, status: str, **fields: str) -> str:
    known = {"title": f"Post {number}", "content": "First.\n\nSecond [caption id=1]x[/caption].", "type": "post",
             "date": "2026-01-02 03:04:05", "password": "", "extra": ""} | fields  # fmt: skip
    return (
        f"<item><title>{known['title']}</title><link>https://wp.example/?p={number}</link>"
        f"<content:encoded><![CDATA[{known['content']}]]></content:encoded>"
        f"<excerpt:encoded><![CDATA[]]></excerpt:encoded><wp:post_id>{number}</wp:post_id>"
        f"<wp:post_date_gmt>{known['date']}</wp:post_date_gmt><wp:status>{status}</wp:status>"
        f"<wp:post_type>{known['type']}</wp:post_type><wp:post_password>{known['password']}</wp:post_password>"
        f"{known['extra']}</item>"
    )


WXR = (
    '<?xml version="1.0"?><rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"'
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/"><channel>'
    + post(1, "publish", extra="<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>9</wp:meta_value>"
           "</wp:postmeta>")
    + post(2, "draft", date="0000-00-00 00:00:00")
    + post(3, "private")
    + post(4, "publish", password="secret")
    + post(5, "trash")
    + post(6, "future", type="page")
    + post(7, "publish", type="nav_menu_item")
    + post(9, "inherit", type="attachment",
           extra="<wp:attachment_url>https://wp.example/cover.jpg</wp:attachment_url>")
    + "</channel></rss>"
).encode()  # fmt: skip

MERCHANT = b"""<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>S</title>
<item><g:id>k1</g:id><title>Kettle</title><description>Boils.</description><link>https://shop.example/k1</link>
<g:image_link>https://shop.example/k1.jpg</g:image_link><g:price>199.00 CNY</g:price><g:sale_price>149.5 CNY</g:sale_price>
<g:brand>Acme</g:brand><g:availability>out of stock</g:availability><g:gtin>123</g:gtin></item>
<item><g:id>k2</g:id><g:title>Cup</g:title><link>https://shop.example/k2</link><g:price>1500 JPY</g:price></item>
</channel></rss>"""

TSV = b"id\ttitle\tlink\tprice\tadditional image link\nk1\tKettle\thttps://shop.example/k1\t5,000.125 KWD\t\n"


def read(data: bytes, tmp_path: Path, defaults: Defaults = DEFAULTS, name: str = "input") -> list[dict[str, Any]]:
    path = tmp_path / name
    path.write_bytes(data)
    with sources.open_file(path, defaults=defaults) as source:
        return [orjson.loads(line.text) for line in source.lines()]


@pytest.mark.parametrize(
    ("data", "format_"),
    [
        (RSS, InputFormat.FEED),
        (ATOM, InputFormat.FEED),
        (JSON_FEED, InputFormat.JSON_FEED),
        (WXR, InputFormat.WORDPRESS),
        (MERCHANT, InputFormat.MERCHANT),
        (TSV, InputFormat.MERCHANT_TSV),
        (b'{"type":"headwater","version":1}\n', InputFormat.NDJSON),
        (b'\xef\xbb\xbf{"title":"a record that lacks its type"}\n', InputFormat.NDJSON),
    ],
)
def test_a_format_is_told_by_how_the_input_begins(data: bytes, format_: InputFormat):
    assert sources.detect(data) is format_


@pytest.mark.parametrize("data", [b"", b"hello", b"<html><body>", b"a\tb\n1\t2"])
def test_what_is_none_of_the_formats_is_refused_as_a_whole(data: bytes):
    with pytest.raises(Unreadable):
        sources.detect(data)


def test_an_rss_feed_becomes_articles_with_safe_bodies(tmp_path: Path):
    cover, first, second = read(RSS, tmp_path)

    assert cover["url"] == "https://p.example/cover.jpg"
    assert (first["source"], first["external_key"], first["creator"]) == ("blog.example", "g-1", str(ADA))
    revision = first["revisions"][0]
    assert revision["title"] == "Tea & cake"
    assert revision["published_at"] == "2026-01-02T02:00:00Z"
    assert revision["covers"] == [cover["uid"]]
    assert second["external_key"] == "https://blog.example/two"
    assert second["revisions"][0]["title"] == "Only a description."


def test_atom_and_json_feeds_become_articles(tmp_path: Path):
    (atom,) = read(ATOM, tmp_path)
    one, two = read(JSON_FEED, tmp_path)

    assert atom["external_key"] == "tag:b:1"
    assert atom["revisions"][0]["published_at"] == "2026-01-02T00:00:00Z"
    assert (one["source"], one["revisions"][0]["published_at"]) == ("j.example", "2026-01-01T16:00:00Z")
    assert two["revisions"][0]["title"] == "Just words."


def test_a_wordpress_export_gives_posts_and_leaves_drafts_and_private_posts_drafts(tmp_path: Path):
    records = read(WXR, tmp_path)

    contents = [record for record in records if record["type"] == "content"]
    states = {record["external_key"]: record["revisions"][0]["state"] for record in contents}
    assert states == {"post/1": "LIVE", "post/2": "DRAFT", "post/3": "DRAFT", "post/4": "DRAFT", "post/6": "DRAFT"}
    first = contents[0]["revisions"][0]
    assert first["html"] == "<p>First.</p><p>Second x.</p>"
    assert first["published_at"] == "2026-01-02T03:04:05Z"
    assert [record["url"] for record in records if record["type"] == "asset"] == ["https://wp.example/cover.jpg"]
    assert all("published_at" not in record["revisions"][0] for record in contents[1:])


def test_a_merchant_feed_gives_brands_pictures_and_products_in_minor_units(tmp_path: Path):
    brand, picture, kettle, cup = read(MERCHANT, tmp_path, Defaults())

    assert (brand["name"], picture["url"]) == ("Acme", "https://shop.example/k1.jpg")
    assert (kettle["price_minor"], kettle["list_price_minor"], kettle["currency"]) == (14_950, 19_900, "CNY")
    assert (kettle["is_on_shelf"], kettle["attributes"]) == (False, {"gtin": "123"})
    assert (cup["title"], cup["price_minor"], cup["currency"]) == ("Cup", 1_500, "JPY")
    (row,) = read(TSV, tmp_path, Defaults())
    assert (row["price_minor"], row["currency"]) == (5_000_125, "KWD")


def test_a_packed_file_is_read_as_it_is(tmp_path: Path):
    assert read(gzip.compress(RSS), tmp_path) == read(RSS, tmp_path)


def test_a_feed_without_a_creator_says_what_to_do(tmp_path: Path):
    with pytest.raises(Unreadable, match="--creator"):
        read(RSS, tmp_path, Defaults())


@pytest.mark.parametrize("good", [WXR, MERCHANT])
def test_xml_with_a_doctype_is_refused(good: bytes, tmp_path: Path):
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + good.removeprefix(b'<?xml version="1.0"?>')

    with pytest.raises(Unreadable):
        read(bomb, tmp_path)


def test_an_rss_feed_with_entities_of_its_own_is_refused(tmp_path: Path):
    with pytest.raises(Unreadable, match="entities"):
        read(b'<!DOCTYPE rss [<!ENTITY a "x">]>' + RSS.removeprefix(b'<?xml version="1.0"?>'), tmp_path)


def test_xml_that_breaks_off_is_refused_where_it_breaks(tmp_path: Path):
    with pytest.raises(Unreadable, match="breaks off"):
        read(MERCHANT[:-40], tmp_path, Defaults())


def test_a_pipe_is_read_as_a_file_is(tmp_path: Path):
    records = b'{"type":"headwater","version":1}\n\n{"type":"brand"}\n'

    source = sources.open_stream(io.BytesIO(records))

    assert [(line.number, line.text) for line in source.lines()] == [
        (1, b'{"type":"headwater","version":1}'),
        (3, b'{"type":"brand"}'),
    ]
    assert source.bytes_read() == len(records)
    piped = sources.open_stream(io.BytesIO(WXR), name="input", defaults=DEFAULTS)
    assert [orjson.loads(line.text) for line in piped.lines()] == read(WXR, tmp_path)


def test_an_overlong_line_is_cut_so_that_it_is_refused_and_the_next_one_is_read():
    data = b'{"type":"brand","name":"' + b"x" * (9 * 1024 * 1024) + b'"}\n{"type":"brand"}\n'

    first, second = sources.open_stream(io.BytesIO(data)).lines()

    assert len(first.text) < 3_000
    assert second.text == b'{"type":"brand"}'


async def test_what_the_sources_give_can_be_imported_and_imported_again(db: Database, tmp_path: Path):
    taxonomy = {"type": "taxonomy", "code": "topic", "labels": {}}
    tag = {"type": "tag", "taxonomy": "topic", "code": "tea", "labels": {}}
    await lines.feed(db, {"type": "creator", "uid": str(ADA), "handle": "ada", "name": "Ada"}, taxonomy, tag)

    for data in (RSS, ATOM, JSON_FEED, WXR, MERCHANT, TSV):
        path = tmp_path / "input"
        path.write_bytes(data)
        counts = []
        for _ in range(2):
            with sources.open_file(path, defaults=DEFAULTS) as source:
                counts.append(lines.outcomes(await import_records(db, source.lines(), input_name="input")))
        assert [count["rejected"] for count in counts] == [0, 0]
        assert (counts[1]["new"], counts[1]["changed"]) == (0, 0)
