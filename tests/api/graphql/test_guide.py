"""What the guide tells frontend developers works: every query in it, and every example, is run."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql.graphiql import _QUERY
from core.caller import Scope
from core.ids import global_id
from core.settings import Settings
from tests import make
from tests.api.graphql import world as worlds
from tests.api.graphql.asking import Asking
from tests.api.graphql.world import World

DOCS = Path(__file__).parents[3] / "docs" / "graphql"
GUIDE = (DOCS / "guide.md").read_text()
BLOCKS = re.findall(r"```graphql\n(.*?)```", GUIDE, re.DOTALL)
EXAMPLES = sorted((DOCS / "examples").glob("*.graphql"))


def operations(document: str) -> list[str]:
    found = [one for one in parse(document).definitions if isinstance(one, OperationDefinitionNode)]
    assert all(one.name for one in found), "an example names its operations"
    return [one.name.value for one in found if one.name]


def variables(
    world: World, draft: models.Content, asset: models.Asset, account: models.Account
) -> dict[str, dict[str, Any]]:
    live = global_id("Content", world.public[0].uid)
    creator = {"handle": world.creator.handle}
    return {
        "Access": {"id": global_id("Creator", world.creator.uid)},
        "Again": {"id": live},
        "Begin": {"creator": global_id("Creator", world.creator.uid), "asset": global_id("Asset", asset.uid)},
        "Comments": {"id": live},
        "ContentPage": {"id": live},
        "Feed": {"key": "test.all"},
        "Hero": creator,
        "Homepage": creator,
        "Later": {"id": global_id("Content", draft.uid)},
        "MakeKey": {"account": global_id("Account", account.uid)},
        "Page": creator,
        "Plan": {"id": live},
        "PlanUnsaved": {"creatorId": global_id("Creator", world.creator.uid), "channels": None},
        "Publish": {"id": global_id("Content", draft.uid)},
        "Save": {"id": global_id("Content", draft.uid), "seen": "1.1"},
        "Say": {"id": live, "text": "Which kettle is it?"},
        "Search": {"text": "camping"},
        "Withdraw": {"id": live},
    }


@pytest.mark.parametrize("document", [*BLOCKS, *(path.read_text() for path in EXAMPLES)])
async def test_every_query_of_the_guide_is_answered(
    api: Asking, session: AsyncSession, tmp_path: Path, document: str
) -> None:
    world = await worlds.build(session)
    draft = await make.content(session, world.creator, live=False)
    account = await make.account(session)
    given = variables(world, draft, world.asset, account)
    index = await worlds.stale_index(tmp_path / "index", world)
    scopes = (
        Scope.CONTENT_WRITE,
        Scope.CONTENT_PUBLISH,
        Scope.CREATOR_WRITE,
        Scope.ENGAGEMENT_WRITE,
        Scope.ACCOUNT_WRITE,
    )
    caller = replace(make.acting_as(world.creator, *scopes), account_id=account.id)
    author = replace(api, index=index, caller=caller)

    for name in operations(document):
        async with author.client() as client:
            body = {"query": document, "operationName": name, "variables": given.get(name, {})}
            answer = (await client.post("/graphql", json=body)).json()
        assert "errors" not in answer, (name, answer["errors"])
        # without a bucket there is nothing to say of it
        assert {field for field, part in answer["data"].items() if part is None} <= {"rateLimit"}, (name, answer)
        refused = [part for part in answer["data"].values() if isinstance(part, dict) and set(part) == {"problems"}]
        assert refused == [], name
    await index.close()


async def test_the_query_that_the_development_page_shows_is_answered(api: Asking) -> None:
    assert await api.data(_QUERY) == {"contents": {"nodes": []}}


def test_the_guide_names_the_limits_that_hold() -> None:
    defaults = {name: one.default for name, one in Settings.model_fields.items()}

    assert f"| tokens of a document | {defaults['graphql_tokens']:,} |" in GUIDE
    assert f"| depth, fragments expanded | {defaults['graphql_depth']} |" in GUIDE
    assert f"| fields, fragments expanded | {defaults['graphql_fields']} |" in GUIDE
    assert f"| cost of an operation | {defaults['graphql_cost']:,} |" in GUIDE
    assert f"| rows of a page | {defaults['page_limit']} |" in GUIDE


def test_every_example_is_named_in_the_guide_or_is_its_own() -> None:
    assert len(BLOCKS) >= 7
    assert {path.stem for path in EXAMPLES} == {
        "access", "comments", "content", "feed", "homepage", "listing", "plan", "plan_unsaved", "publish", "search", "timeline",
    }  # fmt: skip
