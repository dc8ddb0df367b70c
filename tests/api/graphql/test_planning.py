"""Plans over GraphQL for words that nobody saved: what they say, and everything that is wrong with them at once."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.ids import global_id, new_uid
from tests import make
from tests.api.graphql.asking import Asking
from tests.services.channels.channel_facts import pack

PLAN = """query ($unsaved: UnsavedDraftInput, $id: ID, $channels: [String!]) {
  distributionPlan(unsaved: $unsaved, contentId: $id, channels: $channels) {
    channels(first: 1) {
      outcome expectedHours expectedAt
      findings { path }
      rendition {
        format markup
        pictures(first: 4) { asset { id } rendition { url width height } }
        cards(first: 4) { title priceMinor currency link reason product { id } picture { asset { id } } }
      }
    }
  }
}"""
RULED = pack(
    """
    [[rules]]
    kind = "text.length"
    field = "title"
    max = 5
    [audit]
    path = ["machine", "human"]
    human_hours = 24
    [rendering]
    text = { fields = ["text"], format = "markdown" }
    picture = { ratios = ["16:9"] }
    link = { params = { from = "here" } }
    """,
    key="house.articles",
)


@pytest.fixture
async def ada(session: AsyncSession) -> models.Creator:
    await make.channel(session, RULED.key, body=orjson.loads(RULED.canonical()))
    return await make.creator(session)


async def test_words_that_nobody_saved_are_planned_and_shown(api: Asking, session: AsyncSession, ada: models.Creator):
    cover = await make.asset(session, sha256=None, url="https://pictures.example/1.jpg")
    kettle = await make.product(session, title="Kettle", url="https://shop.example/1")
    goods = global_id("Product", kettle.uid)
    draft = {
        "format": "ARTICLE", "title": "Six scarves", "coverIds": [global_id("Asset", cover.uid)],
        "body": [{"paragraph": {"spans": [{"text": "One ", "marks": ["STRONG"]}]}}, {"product": {"productId": goods, "note": "Good."}}],
    }  # fmt: skip
    asked = {"creatorId": global_id("Creator", ada.uid), "language": "en", "draft": draft}
    api.caller = make.acting_as(ada)

    found = (await api.data(PLAN, unsaved=asked, channels=[RULED.key]))["distributionPlan"]["channels"]

    picture = {"asset": {"id": global_id("Asset", cover.uid)}, "rendition": None}
    card = {"title": "Kettle", "priceMinor": 19_900, "currency": "CNY", "link": "https://shop.example/1?from=here"}
    assert found == [
        {
            "outcome": "FIXABLE", "expectedHours": 24, "expectedAt": "2026-11-25T08:00:00+00:00",
            "findings": [{"path": "title"}],
            "rendition": {
                "format": "MARKDOWN", "markup": "**One**\n\n[Good.](<https://shop.example/1>)", "pictures": [picture],
                "cards": [card | {"reason": "Good.", "product": {"id": goods}, "picture": None}],
            },
        }
    ]  # fmt: skip
    assert await session.scalar(select(func.count()).select_from(models.Content)) == 0


@pytest.mark.parametrize(
    ("unsaved", "problems"),
    [
        (None, [("INVALID", "contentId")]),
        ({}, [("INVALID", "unsaved/contentId")]),
        ({"creatorId": "ada"}, [("INVALID", "unsaved/language")]),
        (
            {"creatorId": "ada", "language": "en", "tags": ["topic:none"], "coverIds": ["?"]},
            [("MALFORMED_ID", "unsaved/draft/coverIds/0"), ("UNKNOWN_TAG", "unsaved/draft/tags/0")],
        ),
        ({"creatorId": "nobody", "language": "en"}, [("NO_SUCH_CREATOR", "unsaved/creatorId")]),
    ],
)
async def test_everything_that_is_wrong_is_told_at_once(
    api: Asking, ada: models.Creator, unsaved: dict[str, Any] | None, problems: list[tuple[str, str]]
):
    asked = None
    if unsaved is not None:
        ids = {"ada": global_id("Creator", ada.uid), "nobody": global_id("Creator", new_uid())}
        whose = {name: ids.get(text, text) for name, text in unsaved.items() if name in {"creatorId", "language"}}
        words = {name: value for name, value in unsaved.items() if name not in {"creatorId", "language"}}
        asked = whose | {"draft": {"format": "ARTICLE", "title": "Tea"} | words}
    api.caller = make.acting_as(ada)

    (error,) = (await api.send(PLAN, unsaved=asked))["errors"]

    assert [(one["code"], "/".join(one["path"])) for one in error["extensions"]["problems"]] == problems
