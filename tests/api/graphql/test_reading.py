"""What frontends read: creators, contents, tags, products."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.ids import global_id
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
