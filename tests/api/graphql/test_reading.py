"""What frontends read: creators, contents, tags, products."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.ids import global_id, new_uid
from tests import make
from tests.api.graphql.asking import Asking

HOMEPAGE = """
query ($handle: String!) {
  creator(handle: $handle) {
    id name level
    contents(first: 20) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { __typename id title summary publishedAt tags { code label(language: "en") taxonomy { code } } }
    }
  }
}
"""


async def test_a_creators_page_shows_what_they_published_newest_first(api: Asking, session: AsyncSession) -> None:
    topics = await make.taxonomy(session)
    tea = await make.tag(session, topics, "tea")
    ada = await make.creator(session, name="Ada", level=4)
    await make.content(session, ada, title="Older", published_at=datetime(2026, 11, 1, tzinfo=UTC), tags=(tea,))
    newer = await make.content(session, ada, title="Newer", published_at=datetime(2026, 11, 2, tzinfo=UTC))

    data = await api.data(HOMEPAGE, handle=ada.handle)

    assert data["creator"]["name"] == "Ada"
    assert data["creator"]["level"] == 4
    listed = data["creator"]["contents"]
    assert listed["totalCount"] == 2
    assert [node["title"] for node in listed["nodes"]] == ["Newer", "Older"]
    assert listed["nodes"][0]["id"] == global_id("Content", newer.uid)
    assert listed["nodes"][0]["__typename"] == "Article"
    assert listed["nodes"][1]["tags"] == [{"code": "tea", "label": "Tea", "taxonomy": {"code": "topic"}}]
    assert listed["pageInfo"]["hasNextPage"] is False


async def test_contents_are_filtered_by_format_language_creator_tag_and_time(
    api: Asking, session: AsyncSession
) -> None:
    scenes = await make.taxonomy(session, "scene", is_tree=True)
    outdoors = await make.tag(session, scenes, "outdoors")
    camping = await make.tag(session, scenes, "camping", parent=outdoors)
    ada, bob = await make.creator(session), await make.creator(session, name="Bob")
    await make.content(session, ada, title="camp", tags=(camping,))
    await make.content(session, bob, title="note", format=models.Format.GALLERY, language="zh")
    late = datetime(2026, 11, 20, tzinfo=UTC)
    await make.content(session, bob, title="late", published_at=late)
    query = """query ($filter: ContentFilter) {
      contents(first: 10, filter: $filter) { totalCount nodes { title } }
    }"""

    async def found(**filter_: Any) -> list[str]:
        listed = (await api.data(query, filter=filter_))["contents"]
        assert listed["totalCount"] == len(listed["nodes"])
        return [node["title"] for node in listed["nodes"]]

    assert await found() == ["late", "note", "camp"]
    assert await found(formats=["GALLERY", "LIVE"]) == ["note"]
    assert await found(languages=["zh"]) == ["note"]
    assert await found(creatorIds=[global_id("Creator", ada.uid)]) == ["camp"]
    assert await found(tags=["scene:outdoors"]) == ["camp"]
    assert await found(tags=["scene:camping"], languages=["zh"]) == []
    assert await found(publishedFrom="2026-11-20T08:00:00+08:00") == ["late"]
    assert await found(publishedBefore="2026-11-20T00:00:00Z") == ["note", "camp"]
    assert await api.codes(query, filter={"tags": ["scene:nowhere"]}) == ["UNKNOWN_TAG"]
    assert await api.codes(query, filter={"languages": ["zh"] * 101}) == ["TOO_MANY_FILTER_VALUES"]


async def test_what_lies_under_a_tag_is_listed_for_each_tag_by_itself(api: Asking, session: AsyncSession) -> None:
    scenes = await make.taxonomy(session, "scene", is_tree=True)
    tea, lake = await make.tag(session, scenes, "tea"), await make.tag(session, scenes, "lake")
    green = await make.tag(session, scenes, "green", parent=tea)
    ada = await make.creator(session)
    kettle, boat = await make.product(session), await make.product(session, title="Boat")
    await make.content(session, ada, title="green tea", tags=(green,), products=(kettle,))
    await make.content(session, ada, title="rowing", tags=(lake,), products=(boat,))

    data = await api.data("""{
      taxonomies(first: 9) { nodes { tags(first: 10) { nodes { code contents(first: 9) { nodes { title } } } } } }
      contents(first: 10) { nodes { title products(first: 9) { nodes { contents(first: 9) { nodes { title } } } } } }
    }""")

    by_tag = {
        tag["code"]: [node["title"] for node in tag["contents"]["nodes"]]
        for tag in data["taxonomies"]["nodes"][0]["tags"]["nodes"]
    }
    assert by_tag == {"green": ["green tea"], "lake": ["rowing"], "tea": ["green tea"]}
    for content in data["contents"]["nodes"]:
        (product,) = content["products"]["nodes"]
        assert [node["title"] for node in product["contents"]["nodes"]] == [content["title"]]


async def test_a_merged_tag_answers_with_what_it_became(api: Asking, session: AsyncSession) -> None:
    topics = await make.taxonomy(session)
    tea = await make.tag(session, topics, "tea")
    chai = await make.tag(session, topics, "chai", state=models.TagState.MERGED, merged_into_id=tea.id)
    row = await make.content(session, await make.creator(session), tags=(chai,))

    data = await api.data(
        'query ($id: ID!) { tag(code: "topic:chai") { name contents(first: 1) { totalCount } } content(id: $id) {'
        " tags { name } } }",
        id=global_id("Content", row.uid),
    )

    assert data["tag"] == {"name": "topic:tea", "contents": {"totalCount": 1}}
    assert data["content"]["tags"] == [{"name": "topic:tea"}]
    assert await api.codes('{ tag(code: "tea") { name } }') == ["MALFORMED_TAG_CODE"]


async def test_names_come_in_the_language_that_was_asked_for(api: Asking, session: AsyncSession) -> None:
    topics = await make.taxonomy(session)
    await make.tag(session, topics, "tea", labels={"en": "Tea", "zh": "茶"})
    query = {"query": '{ tag(code: "topic:tea") { label fr: label(language: "fr") zh: label(language: "zh-CN") } }'}

    async with api.client() as client:
        plain = await client.post("/graphql", json=query)
        chinese = await client.post("/graphql", json=query, headers={"accept-language": "fr, zh-CN;q=0.9, en;q=0.8"})

    assert plain.json()["data"]["tag"] == {"label": "Tea", "fr": "Tea", "zh": "茶"}
    assert chinese.json()["data"]["tag"]["label"] == "茶"


async def test_nodes_keep_their_order_and_leave_gaps_for_what_is_not_there(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    one, two = await make.content(session, ada), await make.content(session, ada)
    ids = [global_id("Content", two.uid), global_id("Content", new_uid()), global_id("Creator", ada.uid)]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"

    with api.statements() as seen:
        data = await api.data(query, ids=[*ids, global_id("Content", one.uid)])

    assert [node and node["id"] for node in data["nodes"]] == [ids[0], None, ids[2], global_id("Content", one.uid)]
    assert len(seen) == 2, "one statement a type"
    assert await api.codes(query, ids=ids[:1] * 101) == ["TOO_MANY_IDS"]
    assert await api.codes(query, ids=["nonsense"]) == ["MALFORMED_ID"]


async def test_money_is_written_with_the_places_of_its_currency(api: Asking, session: AsyncSession) -> None:
    found = {}
    for currency in ("CNY", "JPY", "KWD"):
        product = await make.product(session, price_minor=19_905, currency=currency)
        query = "query ($id: ID!) { product(id: $id) { price { minor amount } } }"
        found[currency] = (await api.data(query, id=global_id("Product", product.uid)))["product"]["price"]["amount"]

    assert found == {"CNY": "199.05", "JPY": "19905", "KWD": "19.905"}
