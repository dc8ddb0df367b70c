"""Homepages for tests: every kind of block, over a creator with something of everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

import models
from models import Format
from tests import make

EVERYTHING = """
query ($handle: String!) { creator(handle: $handle) { homepage { ...page } } }
""" + (
    PAGE := """
fragment page on Homepage {
  number state stamp template publishedAt
  creator { handle }
  theme { accent onAccent background surface text dark { background } font layout radius density }
  problems { code path }
  blocks { ...plain ... on PageTabs { title tabs { title contents { ...card } blocks { ...plain } } } }
}
fragment plain on PageBlock {
  __typename
  ... on PageHero { title text href image { url } content { ...card } }
  ... on PageRichText { title body { text } }
  ... on PageContents { title contents { ...card } }
  ... on PageLive { title content { ...card ... on Live { room { state } } } }
  ... on PageProducts { title products { ...goods } }
  ... on PageQuestions { title contents { ...card ... on Qna { acceptedAnswer { body { text } } } } }
  ... on PageRankedList { title content { title } entries { rank product { title } content { title } } }
  ... on PageBanner { title alternativeText href image { url } content { ...card } }
  ... on PageLinks { title links { title text href image { url } content { title } } }
}
fragment card on Content {
  title
  cover { url }
  tags { code }
  products(first: 3) { nodes { ...goods } }
}
fragment goods on Product { title pictures { url } }
"""
)


@dataclass
class Furnished:
    """A creator with something of everything, and a homepage that shows it."""

    creator: models.Creator
    version: models.HomepageVersion
    picture: models.Asset
    kettle: models.Product
    tag: models.Tag
    article: models.Content
    question: models.Content
    live: models.Content
    ranking: models.Content

    def blocks(self) -> list[dict[str, Any]]:
        """One block of every kind."""
        picture, article = str(self.picture.uid), str(self.article.uid)
        text = [{"type": "paragraph", "spans": [{"text": "Welcome."}]}]
        recommended = {"type": "products", "title": "Loved", "recommended": {"limit": 5}}
        by_tag = {"tags": ["topic:tea"], "limit": 5}
        return [
            {"type": "hero", "title": "Hello", "text": "Come in.", "image": picture, "content": article},
            {"type": "rich_text", "title": "About", "body": text},
            {"type": "contents", "title": "Chosen", "selection": {"contents": [article]}},
            {"type": "contents", "title": "Tea", "selection": by_tag},
            {"type": "tabs", "title": "Both", "tabs": [
                {"title": "A list", "selection": by_tag}, {"title": "Blocks", "blocks": [recommended, {"type": "questions"}]}]},
            {"type": "live", "title": "On air"},
            {"type": "products", "title": "By hand", "products": [str(self.kettle.uid)]},
            recommended,
            {"type": "questions", "title": "Ask"},
            {"type": "ranked_list", "title": "Best", "limit": 1},
            {"type": "ranked_list", "title": "Chosen", "content": str(self.ranking.uid)},
            {"type": "banner", "title": "Look", "image": picture, "href": "https://shop.example/", "alternative_text": "A pot"},
            {"type": "links", "title": "More", "links": [
                {"title": "Shop", "href": "https://shop.example/"}, {"title": "Read", "content": article, "image": picture}]},
        ]  # fmt: skip


async def furnish(session: AsyncSession) -> Furnished:
    await make.instance(session)
    ada = await make.creator(session, name="Ada")
    topic = await make.taxonomy(session, "topic", is_tree=True)
    tea = await make.tag(session, topic, "tea")
    green = await make.tag(session, topic, "green-tea", parent=tea)
    picture = await make.asset(session, creator_id=ada.id, url="https://pictures.example/pot.jpg")
    kettle = await make.product(session, title="Kettle", category_id=tea.id)
    session.add(models.ProductAsset(product_id=kettle.id, position=0, asset_id=picture.id))
    around: dict[str, Any] = {"products": (kettle,), "covers": (picture,)}

    async def content(title: str, format_: Format, days: int, **values: Any) -> models.Content:
        at = make.EARLY + timedelta(days=days)
        return await make.content(session, ada, title=title, format=format_, published_at=at, **around, **values)

    article = await content("An article", Format.ARTICLE, 0, tags=(green,))
    question = await content("A question", Format.QNA, 1)
    live = await content("A live", Format.LIVE, 2)
    session.add(models.LiveRoom(content_id=live.id, starts_at=make.EARLY))
    places = [{"rank": 1, "product": str(kettle.uid)}, {"rank": 2, "content": str(article.uid)}]
    ranking = await content("A ranking", Format.RANKED_LIST, 3, details={"entries": places})
    answer = {"type": "paragraph", "spans": [{"text": "Yes."}]}
    session.add(
        models.Answer(
            content_id=question.id, creator_id=ada.id, body=[answer], published_at=make.EARLY, is_accepted=True
        )
    )
    page = models.Homepage(creator_id=ada.id)
    session.add(page)
    await session.flush()
    version = models.HomepageVersion(
        homepage_id=page.id, number=1, state=models.HomepageState.LIVE, published_at=make.EARLY
    )
    session.add(version)
    found = Furnished(ada, version, picture, kettle, tea, article, question, live, ranking)
    version.blocks = found.blocks()
    await session.flush()
    return found
