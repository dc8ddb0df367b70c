"""How many statements a query costs: bounded by its shape, never by the number of rows.

The documents are the walks of every field that the schema has, so each list field is in them, at every place where it
is met first. What is counted is what the database is asked for one row of each kind, and for ten.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql.limits import Limits
from api.graphql.schema import schema
from core.ids import global_id
from tests import make
from tests.api.graphql import world as worlds
from tests.api.graphql.asking import Asking
from tests.api.graphql.walking import walk
from tests.api.graphql.world import World

CORE = schema._schema
WIDE = Limits(tokens=1_000_000, depth=100, fields=1_000_000, aliases=1_000_000, repeats=10**9, cost=10**12)

HOMEPAGE = """
query ($handle: String!) {
  creator(handle: $handle) {
    name avatar { url }
    fields { code } roles { code }
    homepage {
      theme { accent } problems { code }
      blocks {
        __typename
        ... on PageHero { title image { url } content { title } }
        ... on PageContents { contents { ...card } }
        ... on PageTabs { tabs { title contents { ...card } } }
        ... on PageLive { content { ...card } }
        ... on PageProducts { products { title pictures { url } } }
        ... on PageQuestions { contents { ...card ... on Qna { answers(first: 2) { nodes { creator { name } } } } } }
      }
    }
  }
}
fragment card on Content { __typename id title covers { url } tags { code }
  products(first: 3) { nodes { title price { amount } } } }
"""
CREATOR = "query ($handle: String!) { creator(handle: $handle) { %s } }"
CONTENTS = "{ contents(first: 100) { totalCount nodes { %s } } }"
LISTS = {
    "a creator's contents": (3, CREATOR % "contents(first: 20) { nodes { title tags { code } } }"),
    "contents of creators of contents": (4, CONTENTS % "creator { contents(first: 20) { nodes { title } } }"),
    "counts": (5, CONTENTS % "creator { contents(first: 1) { totalCount } }"),
    "answers": (4, CONTENTS % "... on Qna { answers(first: 20) { nodes { creator { name } } } }"),
    "bodies": (
        5,
        CONTENTS % "body { html } ... on Gallery { pictures { asset { url } anchors { product { title } } } }",
    ),
    "tags of taxonomies": (
        3,
        "{ taxonomies(first: 9) { nodes { tags(first: 20) { nodes { contents(first: 20) { nodes { title } } } } } } }",
    ),
    "products": (
        6,
        CONTENTS
        % "products(first: 9) { nodes { shop { name } pictures { url } contents(first: 20) { nodes { title } } } }",
    ),
}


async def more(session: AsyncSession, world: World) -> None:
    """Nine more of everything that is listed."""
    for place in range(9):
        tag = await make.tag(session, world.taxonomy, f"tag-{place}", parent=world.tag)
        product = await make.product(session, shop_id=world.product.shop_id, brand_id=world.product.brand_id)
        session.add(models.ProductAsset(product_id=world.product.id, position=place + 1, asset_id=world.asset.id))
        session.add(models.ProductAsset(product_id=product.id, position=0, asset_id=world.asset.id))
        for format_ in models.Format:
            row = await make.content(
                session,
                world.creator,
                format=format_,
                details=worlds.details(world, format_, content=world.hidden["withdrawn"]),
                tags=(world.tag, tag),
                products=(world.product, product),
                covers=(world.asset,),
            )
            if format_ is models.Format.QNA:
                text = [{"type": "paragraph", "spans": [{"text": "Yes."}]}]
                session.add_all(
                    models.Answer(content_id=row.id, creator_id=world.creator.id, body=text, published_at=worlds.THEN)
                    for _ in range(10)
                )
            if format_ is models.Format.LIVE:
                session.add(models.LiveRoom(content_id=row.id, starts_at=worlds.THEN))
    await session.flush()


async def count(api: Asking, document: str, **variables: Any) -> list[str]:
    with api.statements() as seen:
        answer = await api.send(document, **variables)
    assert "errors" not in answer, answer["errors"][:1]
    return seen


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_costs_the_same_statements_for_one_row_and_for_ten(
    api: Asking, session: AsyncSession, name: str
) -> None:
    world = await worlds.build(session)
    bound, document = LISTS[name]
    variables = {"handle": world.creator.handle} if "$handle" in document else {}

    few = await count(api, document, **variables)
    await more(session, world)
    many = await count(api, document, **variables)

    assert len(few) <= bound, few
    assert len(many) <= bound, many


async def test_a_homepage_costs_the_same_however_many_blocks_it_has(api: Asking, session: AsyncSession) -> None:
    world = await worlds.build(session)
    few = await count(api, HOMEPAGE, handle=world.creator.handle)
    await more(session, world)
    live = models.HomepageVersion.state == models.HomepageState.LIVE
    version = (await session.scalars(select(models.HomepageVersion).where(live))).one()
    version.blocks = [*version.blocks, *version.blocks[2:7], *version.blocks[2:7]]
    await session.flush()
    many = await count(api, HOMEPAGE, handle=world.creator.handle)

    # 18 reads by shape; siblings that come at different times may reach a loader twice
    assert len(few) <= 24, Counter(few)
    assert len(many) <= 24, Counter(many)


@pytest.mark.parametrize("root", ["creator", "product"])
async def test_every_field_of_the_schema_keeps_its_bound(api: Asking, session: AsyncSession, root: str) -> None:
    world = await worlds.build(session)
    arguments: dict[str, dict[str, Any]] = {
        "creator": {"handle": world.creator.handle},
        "product": {"id": global_id("Product", world.product.uid)},
    }
    document = walk(CORE, root).document
    wide = Asking(api.db, api.clock, limits=WIDE)

    few = await count(wide, document, **arguments[root])
    await more(session, world)
    many = await count(wide, document, **arguments[root])

    # siblings of different latency may reach a loader twice: a few more, never more by the row
    assert len(many) <= len(few) + 6, (len(few), len(many), (Counter(many) - Counter(few)).most_common(3))
