"""A homepage in one request: every kind of block, what of it cannot be shown, and what that costs."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

import models
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.pages import EVERYTHING, Furnished, furnish
from tests.api.graphql.world import SECRET


@pytest.fixture
async def ada(session: AsyncSession) -> Furnished:
    return await furnish(session)


async def shown(api: Asking, ada: Furnished) -> dict[str, Any]:
    data = await api.data(EVERYTHING, handle=ada.creator.handle)
    page: dict[str, Any] = data["creator"]["homepage"]
    return page


async def store(session: AsyncSession, ada: Furnished, *blocks: Any, theme: dict[str, Any] | None = None) -> None:
    ada.version.blocks, ada.version.theme = list(blocks), theme or {}
    await session.flush()


def told(page: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem["code"], ".".join(problem["path"])) for problem in page["problems"]]


async def test_a_homepage_shows_every_kind_of_block(api: Asking, ada: Furnished) -> None:
    page = await shown(api, ada)

    def card(title: str, tags: list[str]) -> dict[str, Any]:
        nodes = [kettle]
        return {
            "title": title,
            "cover": picture,
            "tags": [{"code": code} for code in tags],
            "products": {"nodes": nodes},
        }

    picture = {"url": "https://pictures.example/pot.jpg"}
    kettle = {"title": "Kettle", "pictures": [picture]}
    article, question, live = card("An article", ["green-tea"]), card("A question", []), card("A live", [])
    asked = [question | {"acceptedAnswer": {"body": {"text": "Yes."}}}]
    places = [{"rank": 1, "product": {"title": "Kettle"}, "content": None}]
    both = [*places, {"rank": 2, "product": None, "content": {"title": "An article"}}]
    loved = {"__typename": "PageProducts", "title": "Loved", "products": [kettle]}
    ranked = {"__typename": "PageRankedList", "content": {"title": "A ranking"}}
    assert page["blocks"] == [
        {"__typename": "PageHero", "title": "Hello", "text": "Come in.", "href": None, "image": picture, "content": article},
        {"__typename": "PageRichText", "title": "About", "body": {"text": "Welcome."}},
        {"__typename": "PageContents", "title": "Chosen", "contents": [article]},
        {"__typename": "PageContents", "title": "Tea", "contents": [article]},
        {"__typename": "PageTabs", "title": "Both", "tabs": [
            {"title": "A list", "contents": [article], "blocks": []},
            {"title": "Blocks", "contents": [], "blocks": [
                loved, {"__typename": "PageQuestions", "title": "", "contents": asked}]}]},
        {"__typename": "PageLive", "title": "On air", "content": live | {"room": {"state": "SCHEDULED"}}},
        {"__typename": "PageProducts", "title": "By hand", "products": [kettle]},
        loved,
        {"__typename": "PageQuestions", "title": "Ask", "contents": asked},
        ranked | {"title": "Best", "entries": places},
        ranked | {"title": "Chosen", "entries": both},
        {"__typename": "PageBanner", "title": "Look", "alternativeText": "A pot", "href": "https://shop.example/",
         "image": picture, "content": None},
        {"__typename": "PageLinks", "title": "More", "links": [
            {"title": "Shop", "text": "", "href": "https://shop.example/", "image": None, "content": None},
            {"title": "Read", "text": "", "href": None, "image": picture, "content": {"title": "An article"}}]},
    ]  # fmt: skip
    assert page["problems"] == []
    assert (page["number"], page["state"], page["stamp"], page["template"]) == (1, "LIVE", "1.1", None)
    assert page["creator"] == {"handle": ada.creator.handle}


async def test_painting_a_homepage_costs_the_same_for_one_block_ten_and_forty(
    api: Asking, session: AsyncSession, ada: Furnished
) -> None:
    every = ada.blocks()
    # all kinds at least once; a tabs block with two tabs and two blocks is five parts of a page
    flat = [block for block in every if block["type"] != "tabs"]
    sizes: dict[int, list[Any]] = {13: every, 40: [*every, *flat, *flat[:11]]}
    counts = {}
    for size, blocks in sizes.items():
        await store(session, ada, *blocks)
        with api.statements() as seen:
            page = await shown(api, ada)
        assert page["problems"] == []
        counts[size] = Counter(seen)
    alone = []
    for block in (every[0], every[4]):
        await store(session, ada, block)
        with api.statements() as seen:
            assert len((await shown(api, ada))["blocks"]) == 1
        alone.append(len(seen))

    assert len(sizes[40]) == 36  # and 4 more parts in the tabs
    assert counts[13] == counts[40]
    assert max(alone) <= counts[13].total() <= 22, counts[13]


async def test_what_cannot_be_read_is_left_out_and_reported(api: Asking, session: AsyncSession, ada: Furnished) -> None:
    tabs = {"type": "tabs", "tabs": [
        {"title": "Half", "blocks": [{"type": "questions"}, {"type": "hologram"}, {"type": "banner"}]},
        {"title": "None", "blocks": [{"type": "tabs", "tabs": []}]},
        {"title": "Neither"},
        "a text",
    ]}  # fmt: skip
    await store(
        session,
        ada,
        {"type": "hero", "title": "Hello"},
        {"type": "hologram", "depth": 3},
        {"title": "of no kind"},
        7,
        {"type": "hero", "title": 3},
        tabs,
        {"type": "tabs", "tabs": [{"title": "x", "blocks": [{"type": "hologram"}]}]},
        {"type": "tabs", "tabs": "none"},
        {"type": "questions", "title": "Ask"},
    )

    page = await shown(api, ada)

    assert [block["__typename"] for block in page["blocks"]] == ["PageHero", "PageTabs", "PageQuestions"]
    assert [(tab["title"], len(tab["blocks"])) for tab in page["blocks"][1]["tabs"]] == [("Half", 1)]
    assert told(page) == [
        ("BLOCK_UNKNOWN", "blocks.1"),
        ("BLOCK_BROKEN", "blocks.2"),
        ("BLOCK_BROKEN", "blocks.3"),
        ("BLOCK_BROKEN", "blocks.4"),
        ("BLOCK_UNKNOWN", "blocks.5.tabs.0.blocks.1"),
        ("BLOCK_BROKEN", "blocks.5.tabs.0.blocks.2"),
        ("BLOCK_UNKNOWN", "blocks.5.tabs.1.blocks.0"),
        ("BLOCK_EMPTY", "blocks.5.tabs.1"),
        ("BLOCK_BROKEN", "blocks.5.tabs.2"),
        ("BLOCK_BROKEN", "blocks.5.tabs.3"),
        ("BLOCK_UNKNOWN", "blocks.6.tabs.0.blocks.0"),
        ("BLOCK_EMPTY", "blocks.6.tabs.0"),
        ("BLOCK_EMPTY", "blocks.6"),
        ("BLOCK_BROKEN", "blocks.7"),
    ]


async def test_what_is_hidden_or_gone_leaves_the_page_and_the_page_says_so(
    api: Asking, session: AsyncSession, ada: Furnished
) -> None:
    hidden = await make.content(session, ada.creator, title=SECRET, state=models.ContentState.WITHDRAWN)
    draft = await make.content(session, ada.creator, title=SECRET, live=False)
    gone = str(uuid4())
    named, seen = [str(hidden.uid), str(draft.uid)], str(ada.article.uid)
    await store(
        session,
        ada,
        {"type": "hero", "title": "Hello", "content": named[0], "image": gone},
        {"type": "contents", "selection": {"contents": [*named, seen]}},
        {"type": "contents", "selection": {"contents": named}},
        {"type": "tabs", "tabs": [{"title": "a", "selection": {"contents": named}}, {"title": "b", "selection": {}}]},
        {"type": "products", "products": [gone, str(ada.kettle.uid)]},
        {"type": "products", "products": [gone]},
        {"type": "ranked_list", "content": named[0]},
        {"type": "ranked_list", "content": seen},
        {"type": "banner", "image": gone},
        {"type": "banner", "image": str(ada.picture.uid), "content": named[0]},
        {
            "type": "links",
            "links": [{"title": "x", "content": named[0]}, {"title": "y", "content": seen, "image": gone}],
        },
        {"type": "links", "links": [{"title": "x", "content": named[1]}]},
        {"type": "rich_text", "body": [{"type": "image", "asset": gone}]},
    )

    for caller in (api, api.as_(make.acting_as(ada.creator))):
        page = await shown(caller, ada)

        assert SECRET not in str(page)
        assert [block["__typename"].removeprefix("Page") for block in page["blocks"]] == [
            "Hero", "Contents", "Tabs", "Products", "Banner", "Links", "RichText",
        ]  # fmt: skip
        assert told(page) == [
            ("BLOCK_INCOMPLETE", "blocks.0"),
            ("BLOCK_INCOMPLETE", "blocks.0"),
            ("BLOCK_INCOMPLETE", "blocks.1"),
            ("BLOCK_EMPTY", "blocks.2"),
            ("BLOCK_EMPTY", "blocks.3.tabs.0"),
            ("BLOCK_INCOMPLETE", "blocks.4"),
            ("BLOCK_EMPTY", "blocks.5"),
            ("BLOCK_EMPTY", "blocks.6"),
            ("BLOCK_EMPTY", "blocks.7"),
            ("BLOCK_EMPTY", "blocks.8"),
            ("BLOCK_INCOMPLETE", "blocks.9"),
            ("BLOCK_INCOMPLETE", "blocks.10"),
            ("BLOCK_EMPTY", "blocks.11"),
            ("BLOCK_INCOMPLETE", "blocks.12"),
        ]


async def test_a_page_longer_than_pages_are_is_shown_as_far_as_pages_go(
    api: Asking, session: AsyncSession, ada: Furnished
) -> None:
    await store(session, ada, *[{"type": "questions"}] * 42)

    page = await shown(api, ada)

    assert len(page["blocks"]) == 40
    assert told(page) == [("BLOCK_BEYOND_LIMIT", "blocks.40"), ("BLOCK_BEYOND_LIMIT", "blocks.41")]

    await store(session, ada, *[7] * 200, {"type": "questions"})
    page = await shown(api, ada)
    assert (len(page["blocks"]), len(page["problems"])) == (1, 100)


@pytest.mark.parametrize(
    ("stored", "shown_as", "problems"),
    [
        ({"accent": "red", "layout": "stream"}, ("#1f6f5c", "STREAM", None), ["accent"]),
        ({"accent": "#ffff00", "layout": "stream"}, ("#1f6f5c", "STREAM", None), ["colours"]),
        ({"layout": "hologram", "unheard": 1, "dark": {"text": "#000000"}}, ("#1f6f5c", "CARDS", None), ["dark", "layout", "unheard"]),
        ({"accent": "#0b57d0", "dark": {"background": "#000000"}}, ("#0b57d0", "CARDS", {"background": "#000000"}), []),
    ],
)  # fmt: skip
async def test_a_theme_that_is_wrong_costs_its_tokens_and_not_the_page(
    api: Asking, session: AsyncSession, ada: Furnished, stored: Any, shown_as: Any, problems: list[str]
) -> None:
    await store(session, ada, {"type": "questions"}, theme=stored)

    page = await shown(api, ada)

    theme = page["theme"]
    assert (theme["accent"], theme["layout"], theme["dark"]) == shown_as
    assert told(page) == [("THEME_BROKEN", f"theme.{token}") for token in problems]
    assert len(page["blocks"]) == 1


async def test_recommended_products_are_those_of_published_contents_the_latest_first(
    api: Asking, session: AsyncSession, ada: Furnished
) -> None:
    other = await make.creator(session, name="Bob")
    pot = await make.product(session, title="Pot", category_id=ada.tag.id)
    off = await make.product(session, title="Off the shelf", is_on_shelf=False)
    foreign, secret = await make.product(session, title="Foreign"), await make.product(session, title=SECRET)
    late = make.EARLY.replace(year=2027)
    await make.content(session, ada.creator, products=(pot, off), published_at=late)
    await make.content(session, other, products=(foreign,))
    await make.content(session, ada.creator, products=(secret,), live=False)
    await make.content(session, ada.creator, products=(secret,), state=models.ContentState.WITHDRAWN)
    query = """query ($handle: String!) { creator(handle: $handle) { homepage { blocks {
      ... on PageProducts { products { title } few: products(first: 1) { title } } } } } }"""
    wanted: list[dict[str, Any]] = [{}, {"on_shelf_only": False}, {"limit": 1}, {"categories": ["topic:tea"]}]
    wanted.append({"categories": ["topic:green-tea"]})
    await store(session, ada, *[{"type": "products", "recommended": one} for one in wanted])

    data = await api.data(query, handle=ada.creator.handle)

    assert await api.as_(make.acting_as(ada.creator)).data(query, handle=ada.creator.handle) == data
    blocks = data["creator"]["homepage"]["blocks"]
    assert [[one["title"] for one in block["products"]] for block in blocks] == [
        ["Pot", "Kettle"],
        ["Off the shelf", "Pot", "Kettle"],
        ["Pot"],
        ["Pot", "Kettle"],
        [],
    ]
    assert [len(block["few"]) for block in blocks] == [1, 1, 1, 1, 0]


async def test_the_sides_of_a_homepage_that_only_its_author_sees(
    api: Asking, session: AsyncSession, ada: Furnished
) -> None:
    draft = models.HomepageVersion(
        homepage_id=ada.version.homepage_id, number=2, blocks=[{"type": "hero", "title": SECRET}]
    )
    session.add(draft)
    await session.flush()
    query = """query ($handle: String!) { creator(handle: $handle) {
      homepageDraft { number state preview { expiresAt } }
      homepageVersions(first: 5) { totalCount nodes { id number } }
      homepage { preview { token } versions(last: 5) { nodes { number } } }
    } }"""

    stranger = (await api.data(query, handle=ada.creator.handle))["creator"]
    owner = (await api.as_(make.acting_as(ada.creator)).data(query, handle=ada.creator.handle))["creator"]

    ids = [node.pop("id") for node in owner["homepageVersions"]["nodes"]]
    stranger["homepageVersions"]["nodes"][0].pop("id")
    live = {"number": 1}
    assert stranger == {
        "homepageDraft": None,
        "homepageVersions": {"totalCount": 1, "nodes": [live]},
        "homepage": {"preview": None, "versions": {"nodes": [live]}},
    }
    assert owner == {
        "homepageDraft": {"number": 2, "state": "DRAFT", "preview": {"expiresAt": "2026-11-25T08:00:00+00:00"}},
        "homepageVersions": {"totalCount": 2, "nodes": [{"number": 2}, live]},
        "homepage": {"preview": None, "versions": {"nodes": [{"number": 2}, live]}},
    }
    nodes = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Homepage { number } } }"
    assert await api.data(nodes, ids=ids) == {"nodes": [None, live]}
