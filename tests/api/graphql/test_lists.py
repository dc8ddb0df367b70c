"""Lists as pages ask for them: narrowed, ordered, counted; wherever they stand, and with what was not asked left behind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.ids import global_id
from tests import make
from tests.api.graphql.asking import Asking


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


async def titles(api: Asking, field: str, what: str = "title", **variables: Any) -> list[str]:
    """What the nodes of a root field's connection say of themselves; the count must agree."""
    declared = ", ".join(f"${name}: {type_}" for name, (type_, _) in variables.items())
    given = "".join(f", {name}: ${name}" for name in variables)
    query = f"query {f'({declared})' if declared else ''} {{ {field}(first: 50{given}) {{ totalCount nodes {{ {what} }} }} }}"
    found = (await api.data(query, **{name: value for name, (_, value) in variables.items()}))[field]
    assert found["totalCount"] == len(found["nodes"])
    return [node[what] for node in found["nodes"]]


async def test_contents_are_ordered_as_a_page_wants_them_wherever_they_stand(
    api: Asking, session: AsyncSession
) -> None:
    topics = await make.taxonomy(session)
    tea, kettle = await make.tag(session, topics, "tea"), await make.product(session)
    ada = await make.creator(session)
    for name, published, changed, likes in (("a", 1, 9, 2), ("b", 2, 8, 0), ("c", 3, 7, 5)):
        row = await make.content(session, ada, title=name, published_at=day(published), tags=(tea,), products=(kettle,))
        row.changed_at = day(changed)
        if likes:
            session.add(models.ContentCount(content_id=row.id, likes_count=likes))
    await session.flush()
    lists = {
        "contents": "contents(first: 9, order: $order) { nodes { title } }",
        "creator": "creator(handle: $handle) { contents(first: 9, order: $order) { nodes { title } } }",
        "tag": 'tag(code: "topic:tea") { contents(first: 9, order: $order) { nodes { title } } }',
        "product": "product(id: $id) { contents(first: 9, order: $order) { nodes { title } } }",
    }
    query = f"query ($order: ContentOrder!, $handle: String!, $id: ID!) {{ {' '.join(lists.values())} }}"

    for order, expected in (("NEWEST", "cba"), ("OLDEST", "abc"), ("RECENTLY_CHANGED", "abc"), ("MOST_LIKED", "cab")):
        data = await api.data(query, order=order, handle=ada.handle, id=global_id("Product", kettle.uid))
        for name in lists:
            found = data[name] if name == "contents" else data[name]["contents"]
            assert "".join(node["title"] for node in found["nodes"]) == expected, (order, name)


async def test_every_order_of_contents_is_walked_both_ways(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    for name in "abcd":
        row = await make.content(session, ada, title=name, published_at=day(1))
        session.add(models.ContentCount(content_id=row.id, likes_count=1))
    await session.flush()
    query = """query ($order: ContentOrder, $first: Int, $after: String, $last: Int, $before: String) {
      contents(order: $order, first: $first, after: $after, last: $last, before: $before) {
        pageInfo { startCursor endCursor } nodes { title }
      }
    }"""

    for order, expected in (
        ("NEWEST", "dcba"),
        ("OLDEST", "abcd"),
        ("RECENTLY_CHANGED", "dcba"),
        ("MOST_LIKED", "dcba"),
    ):
        one = (await api.data(query, order=order, first=2))["contents"]
        two = (await api.data(query, order=order, first=2, after=one["pageInfo"]["endCursor"]))["contents"]
        back = (await api.data(query, order=order, last=9, before=two["pageInfo"]["startCursor"]))["contents"]
        assert "".join(node["title"] for node in [*one["nodes"], *two["nodes"]]) == expected
        assert back["nodes"] == one["nodes"]
        other = "OLDEST" if order == "NEWEST" else "NEWEST"
        assert await api.codes(query, order=other, first=2, after=one["pageInfo"]["endCursor"]) == ["FOREIGN_CURSOR"]


async def test_siblings_with_the_same_filter_share_statements(api: Asking, session: AsyncSession) -> None:
    topics = await make.taxonomy(session)
    tea = await make.tag(session, topics, "tea")
    for name in ("ada", "bob", "cy"):
        creator = await make.creator(session, name=name)
        await make.content(session, creator, title=f"{name} on tea", tags=(tea,))
        await make.content(session, creator, title=f"{name} on cake")
    query = """{ creators(first: 9, order: HANDLE) { nodes {
      contents(first: 5, filter: {tags: ["topic:tea"]}, order: OLDEST) { totalCount nodes { title } }
    } } }"""

    with api.statements() as seen:
        data = await api.data(query)

    found = [creator["contents"] for creator in data["creators"]["nodes"]]
    assert found == [{"totalCount": 1, "nodes": [{"title": f"{name} on tea"}]} for name in ("ada", "bob", "cy")]
    # creators; the tag and the pages; the tag and the counts
    assert len(seen) == 5


async def test_a_cursor_that_belongs_to_one_of_several_lists_goes_on_in_that_one(
    api: Asking, session: AsyncSession
) -> None:
    for name in ("ada", "bob"):
        creator = await make.creator(session, name=name)
        for number in (1, 2):
            await make.content(session, creator, title=f"{name} {number}", published_at=day(number))
    query = """query ($after: String) { creators(first: 9, order: HANDLE) { nodes {
      contents(first: 1, after: $after) { pageInfo { endCursor } nodes { title } }
    } } }"""
    first = (await api.data(query))["creators"]["nodes"]

    with api.statements() as seen:
        answer = await api.send(query, after=first[1]["contents"]["pageInfo"]["endCursor"])

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FOREIGN_CURSOR"]
    assert answer["errors"][0]["path"] == ["creators", "nodes", 0, "contents"]
    assert len(seen) == 2


async def test_products_are_narrowed_and_ordered(api: Asking, session: AsyncSession) -> None:
    category = await make.taxonomy(session, "category", is_tree=True)
    kitchen = await make.tag(session, category, "kitchen")
    kettles = await make.tag(session, category, "kettles", parent=kitchen)
    shop, brand = await make.shop(session), models.Brand(name="Northlight")
    session.add(brand)
    await session.flush()
    for number, (name, more) in enumerate(
        {
            "a": {"price_minor": 300, "shop_id": shop.id},
            "b": {"price_minor": 100, "brand_id": brand.id, "category_id": kettles.id},
            "c": {"price_minor": None, "category_id": kitchen.id},
            "d": {"price_minor": 200, "is_on_shelf": False},
            "e": {"price_minor": 150, "currency": "EUR"},
        }.items()
    ):
        await make.product(session, title=name, created_at=day(number + 1), **more)

    async def found(order: str = "NEWEST", **filter_: Any) -> str:
        given = {"filter": ("ProductFilter", filter_), "order": ("ProductOrder", order)}
        return "".join(await titles(api, "products", **given))

    assert await found() == "edcba"
    assert await found(onShelf=True) == "ecba"
    assert await found(onShelf=False) == "d"
    assert await found(shopIds=[global_id("Shop", shop.uid)]) == "a"
    assert await found(brandIds=[global_id("Brand", brand.uid)]) == "b"
    assert await found(categories=["category:kitchen"]) == "cb"
    assert await found(categories=["category:kettles"]) == "b"
    assert await found(currency="CNY", priceFrom=100, priceTo=200) == "db"
    assert await found("CHEAPEST", currency="CNY") == "bdac"
    assert await found("DEAREST", currency="CNY") == "adbc"
    query = "query ($f: ProductFilter, $o: ProductOrder) { products(first: 1, filter: $f, order: $o) { nodes { id } } }"
    assert await api.codes(query, o="CHEAPEST") == ["PRICE_WITHOUT_CURRENCY"]
    assert await api.codes(query, f={"priceFrom": 1}) == ["PRICE_WITHOUT_CURRENCY"]
    refused = await api.send(query, f={"categories": ["category:kitchen", "category:no"]})
    assert refused["errors"][0]["extensions"]["problems"][0]["path"] == ["filter", "categories", "1"]


async def test_creators_are_narrowed_and_ordered(api: Asking, session: AsyncSession) -> None:
    field = models.Field(code="tea-things", name_en="Tea", name_zh="茶")
    role = models.Role(code="tea-master", domain="food", calling="master", name_en="Tea master", name_zh="茶师")
    session.add_all([field, role])
    await session.flush()
    await make.creator(session, name="Ann", handle="ann", followers_count=1, level=5, fields=("tea-things",))
    await make.creator(session, name="Bob", handle="bob", followers_count=9, level=1, roles=("tea-master",))
    media = models.CreatorKind.MEDIA
    await make.creator(session, name="茶记", handle="cy", followers_count=5, level=5, kind=media)
    await make.creator(session, handle="gone", suspended_at=day(1), fields=("tea-things",))

    async def found(order: str = "MOST_FOLLOWED", **filter_: Any) -> list[str]:
        given = {"filter": ("CreatorFilter", filter_), "order": ("CreatorOrder", order)}
        return await titles(api, "creators", "handle", **given)

    assert await found() == ["bob", "cy", "ann"]
    assert await found("HANDLE") == ["ann", "bob", "cy"]
    assert await found("HIGHEST_LEVEL") == ["cy", "ann", "bob"]
    assert await found("NEWEST") == ["cy", "bob", "ann"]
    assert await found(kinds=["MEDIA"]) == ["cy"]
    assert await found(levelFrom=5) == ["cy", "ann"]
    assert await found(fields=["tea-things"]) == ["ann"]
    assert await found(roles=["tea-master", "nobody"]) == ["bob"]
    assert await found(startsWith="B") == ["bob"]
    assert await found(startsWith="茶") == ["cy"]
    assert await found(startsWith="%") == []
    query = "query ($f: CreatorFilter) { creators(first: 1, filter: $f) { nodes { id } } }"
    assert await api.codes(query, f={"startsWith": "x" * 101}) == ["FILTER_TEXT_TOO_LONG"]
    assert await api.codes(query, f={"startsWith": "x" * 100}) == []
    assert await api.codes(query, f={"fields": [f"f{number}" for number in range(101)]}) == ["TOO_MANY_FILTER_VALUES"]


async def test_tags_are_found_by_vocabulary_state_and_the_beginning_of_a_name(
    api: Asking, session: AsyncSession
) -> None:
    scenes, topics = await make.taxonomy(session, "scene", is_tree=True), await make.taxonomy(session)
    outdoors = await make.tag(session, scenes, "outdoors", labels={"en": "Outdoors", "zh": "户外"})
    camping = await make.tag(session, scenes, "camping", parent=outdoors, labels={"en": "Camping", "zh": "露营"})
    await make.tag(session, topics, "tea", labels={"en": "Tea", "zh": "茶"}, state=models.TagState.DEPRECATED)
    await make.tag(session, topics, "new", state=models.TagState.PROPOSED)
    alias = {"alias": "Glamping", "folded": "glamping", "language": "en"}
    session.add(models.TagAlias(tag_id=camping.id, taxonomy_id=scenes.id, **alias))
    await session.flush()

    async def found(**filter_: Any) -> list[str]:
        return await titles(api, "tags", "code", filter=("TagFilter", filter_))

    assert await found() == ["camping", "outdoors", "tea"]
    assert await found(taxonomies=["scene"]) == ["camping", "outdoors"]
    assert await found(taxonomies=["scene"], onlyRoots=True) == ["outdoors"]
    assert await found(states=["DEPRECATED"]) == ["tea"]
    assert await found(states=["PROPOSED"]) == []
    assert (
        await found(startsWith="露") == await found(startsWith="GLAM") == await found(startsWith="camp") == ["camping"]
    )
    data = await api.data("""{
      tag(code: "scene:camping") { aliases(first: 5) { nodes { alias } } ancestors { code } }
      taxonomy(code: "scene") { isTree tags(first: 5, filter: {onlyRoots: true}) { nodes { code } } }
      taxonomies(first: 5) { totalCount nodes { code } }
      nowhere: taxonomy(code: "nowhere") { code }
    }""")
    assert data["tag"] == {"aliases": {"nodes": [{"alias": "Glamping"}]}, "ancestors": [{"code": "outdoors"}]}
    assert data["taxonomy"] == {"isTree": True, "tags": {"nodes": [{"code": "outdoors"}]}}
    assert data["taxonomies"] == {"totalCount": 2, "nodes": [{"code": "scene"}, {"code": "topic"}]}
    assert data["nowhere"] is None


async def test_channels_are_found_by_kind_parent_and_what_they_take(api: Asking, session: AsyncSession) -> None:
    house = await make.channel(session, "house", kind=models.ChannelKind.PLATFORM)
    social = {"kind": models.ChannelKind.SOCIAL}
    await make.channel(session, "house.lives", body={"selector": {"formats": ["LIVE"]}}, parent_id=house.id)
    await make.channel(session, "house.zh", body={"selector": {"languages": ["zh"]}}, parent_id=house.id)
    await make.channel(session, "open", body={"selector": {"formats": [], "languages": []}}, **social)
    await make.channel(session, "secret", body={"selector": {}}, is_private=True, **social)

    async def found(**filter_: Any) -> list[str]:
        return await titles(api, "channels", "key", filter=("ChannelFilter", filter_))

    assert await found() == ["house", "house.lives", "house.zh", "open"]
    assert await found(kinds=["SOCIAL"]) == ["open"]
    assert await found(onlyEntries=True) == ["house.lives", "house.zh", "open"]
    assert await found(formats=["LIVE"]) == ["house.lives", "house.zh", "open"]
    assert await found(formats=["ARTICLE"]) == ["house.zh", "open"]
    assert await found(languages=["en"]) == ["house.lives", "open"]
    assert await found(parents=["house"], formats=["ARTICLE"]) == ["house.zh"]


async def test_shops_and_brands_are_listed_by_name(api: Asking, session: AsyncSession) -> None:
    for name in ("beta", "Alpha", "alphabet"):
        await make.shop(session, name=name)
        session.add(models.Brand(name=name))
    await session.flush()

    for field, type_ in (("shops", "ShopFilter"), ("brands", "BrandFilter")):
        assert await titles(api, field, "name") == ["Alpha", "alphabet", "beta"]
        assert await titles(api, field, "name", filter=(type_, {"startsWith": "ALPHA"})) == ["Alpha", "alphabet"]
        newest = await titles(api, field, "name", order=("NameOrder", "NEWEST"))
        assert newest == ["alphabet", "Alpha", "beta"]


async def test_submissions_are_listed_to_those_whose_contents_they_are_of(api: Asking, session: AsyncSession) -> None:
    ada, bob = await make.creator(session), await make.creator(session, name="Bob")
    channels = [await make.channel(session, key, body={"key": key}) for key in ("one", "two")]
    rows = [await make.content(session, creator, title=creator.name) for creator in (ada, bob)]
    states = models.SubmissionState
    for row in rows:
        for channel, state in zip(channels, (states.REJECTED, states.DELIVERED), strict=True):
            session.add(
                models.Submission(
                    content_id=row.id,
                    channel_id=channel.id,
                    state=state,
                    revision_id=row.live_revision_id,
                    pack_version_id=channel.pack_version_id,
                )
            )
    await session.flush()
    author = api.as_(make.acting_as(ada))
    query = """query ($filter: SubmissionFilter) { submissions(first: 9, filter: $filter) {
      totalCount nodes { state channel { key } content { title } } } }"""

    async def found(asking: Asking, **filter_: Any) -> list[tuple[str, str, str]]:
        nodes = (await asking.data(query, filter=filter_))["submissions"]["nodes"]
        return sorted((one["content"]["title"], one["channel"]["key"], one["state"]) for one in nodes)

    assert await api.codes(query) == ["NOT_SIGNED_IN"]
    assert await found(author) == [("Ada", "one", "REJECTED"), ("Ada", "two", "DELIVERED")]
    assert await found(author, states=["REJECTED"]) == [("Ada", "one", "REJECTED")]
    assert await found(author, channels=["two"]) == [("Ada", "two", "DELIVERED")]
    assert await found(author, creatorIds=[global_id("Creator", bob.uid)]) == []
    assert len(await found(api.as_(make.operator()), states=["DELIVERED"])) == 2
    content = """query ($id: ID!) { content(id: $id) {
      submissions(first: 9, filter: {states: [DELIVERED]}) { nodes { channel { key } decisions(first: 1) { totalCount } } }
    } }"""
    one = (await author.data(content, id=global_id("Content", rows[0].uid)))["content"]
    assert one == {"submissions": {"nodes": [{"channel": {"key": "two"}, "decisions": {"totalCount": 0}}]}}
    assert (await api.data(content, id=global_id("Content", rows[0].uid)))["content"] == {"submissions": None}


async def test_a_count_is_exact_up_to_ten_thousand_and_says_where_it_stopped(
    api: Asking, session: AsyncSession
) -> None:
    many = text(
        "INSERT INTO brands (uid, name) SELECT gen_random_uuid(), 'Brand ' || n FROM generate_series(1, 10000) AS n"
    )
    query = "{ brands(first: 1) { totalCount totalCountPrecision } }"
    await session.execute(many)

    with api.statements() as seen:
        exact = await api.data(query)
    session.add(models.Brand(name="One more"))
    await session.flush()

    assert exact == {"brands": {"totalCount": 10_000, "totalCountPrecision": "EXACT"}}
    assert await api.data(query) == {"brands": {"totalCount": 10_000, "totalCountPrecision": "AT_LEAST"}}
    assert len(seen) == 2, "the page, and one count for both fields"


async def test_lists_leave_texts_behind_unless_they_are_shown(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    for _ in range(3):
        await make.content(session, ada)

    with api.statements() as card:
        await api.data("{ contents(first: 3) { nodes { title cover { url } } } }")
    with api.statements() as page:
        data = await api.data("{ contents(first: 3) { nodes { body { text } ... on Article { wordCount } } } }")

    assert not any("revisions_1.body" in statement for statement in card)
    assert len(card) == len(page) == 2
    assert data["contents"]["nodes"] == [{"body": {"text": "Tea, then the lake."}, "wordCount": 4}] * 3


async def test_a_short_list_is_cut_only_when_that_is_asked_for(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    covers = tuple([await make.asset(session, width=width) for width in (1, 2, 3)])
    row = await make.content(session, ada, covers=covers)
    query = "query ($id: ID!, $n: Int) { content(id: $id) { covers(first: $n) { width } cover { width } } }"
    id_ = global_id("Content", row.uid)

    assert (await api.data(query, id=id_))["content"]["covers"] == [{"width": 1}, {"width": 2}, {"width": 3}]
    assert (await api.data(query, id=id_, n=1))["content"] == {"covers": [{"width": 1}], "cover": {"width": 1}}
    assert await api.codes(query, id=id_, n=0) == ["PAGE_SIZE_OUT_OF_RANGE"]
    assert await api.codes(query, id=id_, n=21) == ["PAGE_SIZE_OUT_OF_RANGE"]


async def test_translations_stand_beside_each_other(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    one = await make.content(session, ada, title="Tea", language="en")
    await make.content(session, ada, title="茶", language="zh", group_uid=one.group_uid)
    await make.content(session, ada, title="Tee", language="de", group_uid=one.group_uid, live=False)
    query = """query ($id: ID!) { content(id: $id) {
      url translations(first: 9) { totalCount nodes { language title } } } }"""

    found = (await api.data(query, id=global_id("Content", one.uid)))["content"]

    assert found["url"] == f"https://content.example/contents/{one.uid}"
    assert found["translations"]["nodes"] == [{"language": "en", "title": "Tea"}, {"language": "zh", "title": "茶"}]


@pytest.mark.parametrize("feed", ["creator", "tag", "channel"])
async def test_what_has_a_feed_says_where_it_is(api: Asking, session: AsyncSession, feed: str) -> None:
    ada, channel = await make.creator(session), await make.channel(session, "house.test")
    tag = await make.tag(session, await make.taxonomy(session), "tea")
    kinds = {"creator": ada, "tag": tag, "channel": channel}
    row = models.Feed(key=f"a.{feed}", kind=models.FeedKind(feed.upper()), **{f"{feed}_id": kinds[feed].id})
    session.add(row)
    await session.flush()
    query = """query ($handle: String!) {
      creator(handle: $handle) { feed { ...f } } tag(code: "topic:tea") { feed { ...f } } channel(key: "house.test") { feed { ...f } }
    } fragment f on FeedAddress { key kind url }"""

    data = await api.data(query, handle=ada.handle)

    address = {"key": f"a.{feed}", "kind": feed.upper(), "url": f"https://content.example/feeds/a.{feed}.json"}
    assert {name: one["feed"] for name, one in data.items()} == dict.fromkeys(kinds) | {feed: address}
