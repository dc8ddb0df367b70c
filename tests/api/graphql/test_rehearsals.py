"""Rehearsals over GraphQL: asked for by operators, with progress, counts and samples, and called off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Scope
from core.ids import global_id, new_uid
from services import outbox
from services.channels.packs import parse_pack
from services.distribution import Distributor
from services.rehearsals import Rehearser
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.doing import do, id_of, operator
from tests.scripts.test_commands import PACK

RULE = '\n[[rules]]\nkind = "text.length"\nfield = "title"\nmax = 9\n'
BASE = "https://content.example"
SHOWS = "rehearsal { id state doneCount totalCount failure finishedAt pack { digest } comparedWith { digest } }"
ASKED = """query ($id: ID!) { rehearsal(id: $id) {
  state doneCount totalCount requestedBy channel { key } newCodes { code count }
  changes { change count samples {
    content { id title } submission { id } outcomeBefore outcomeAfter newCodes goneCodes
  } }
} }"""


async def submitted(asking: Asking, session: AsyncSession) -> models.Content:
    """A channel in force, and a content that passes there."""
    await do(asking, "installPack", "channel { key }", toml=PACK)
    content = await make.content(session, await make.creator(session), title="Ten letters")
    await outbox.mark(session, models.DirtyKind.CONTENT, [content.id])
    await session.flush()
    await Distributor(asking.db, clock=asking.clock, base_url=BASE).drain()
    return content


async def test_a_rehearsal_goes_from_waiting_to_what_would_change(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    content = await submitted(asking, session)

    asked = await do(asking, "rehearsePack", SHOWS, toml=PACK + RULE, idempotencyKey="k")
    again = await do(asking, "rehearsePack", SHOWS, toml=PACK + RULE, idempotencyKey="k")
    while await Rehearser(api.db, clock=api.clock, base_url=BASE, batch=1).step():
        pass
    found = (await asking.data(ASKED, id=asked["id"]))["rehearsal"]
    listed = (await asking.data("{ rehearsals(first: 5) { totalCount nodes { id } } }"))["rehearsals"]

    assert asked == again
    assert (asked["state"], asked["doneCount"], asked["totalCount"], asked["finishedAt"]) == ("WAITING", 0, 0, None)
    assert asked["pack"]["digest"] != asked["comparedWith"]["digest"]
    changes: dict[str, Any] = {one.pop("change"): one for one in found.pop("changes")}
    assert found == {
        "state": "DONE",
        "doneCount": 1,
        "totalCount": 1,
        "requestedBy": "op",
        "channel": {"key": "demo.articles"},
        "newCodes": [{"code": "text.length", "count": 1}],
    }
    submission = await session.scalar(select(models.Submission))
    assert changes.pop("NEWLY_FAILING") == {
        "count": 1,
        "samples": [
            {
                "content": {"id": id_of(content), "title": "Ten letters"},
                "submission": {"id": id_of(submission)},
                "outcomeBefore": "ELIGIBLE",
                "outcomeAfter": "FIXABLE",
                "newCodes": ["text.length"],
                "goneCodes": [],
            }
        ],
    }
    assert list(changes.values()) == [{"count": 0, "samples": []}] * 7
    assert listed == {"totalCount": 1, "nodes": [{"id": asked["id"]}]}
    assert await session.scalar(select(func.count()).select_from(models.PackInstall)) == 1


async def test_what_rules_already_is_rehearsed_at_once_and_a_mistake_not_at_all(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    await submitted(asking, session)

    same = await do(asking, "rehearsePack", SHOWS, toml=PACK)
    wrong = await do(asking, "rehearsePack", SHOWS, toml=PACK + RULE.replace("max", "maxx") + "severity = 1")
    both = await do(asking, "rehearsePack", SHOWS, toml=PACK, digest="0" * 64)
    none = await do(asking, "rehearsePack", SHOWS)
    nowhere = await do(asking, "rehearsePack", SHOWS, toml=PACK.replace("demo.articles", "demo.none"))

    assert (same["state"], same["pack"]) == ("DONE", same["comparedWith"])
    assert wrong == [("MALFORMED_PACK", "toml")] * 2
    assert both == none == [("NOT_ONE_PACK", "")]
    assert nowhere == [("NO_SUCH_CHANNEL", "toml")]
    assert await session.scalar(select(func.count()).select_from(models.Channel)) == 1


async def test_a_pack_as_json_is_the_same_version_and_one_that_is_kept_is_rehearsed_again(
    api: Asking, session: AsyncSession
):
    asking = api.as_(await operator(session))
    await submitted(asking, session)

    first = await do(asking, "rehearsePack", SHOWS, toml=PACK + RULE)
    body = parse_pack(PACK + RULE, "pack.toml").canonical().decode()
    second = await do(asking, "rehearsePack", SHOWS, json=body)
    third = await do(asking, "rehearsePack", SHOWS, channel="demo.articles", digest=first["pack"]["digest"][:8])
    never = await do(asking, "rollbackPack", "channel { key }", channel="demo.articles", digest=first["pack"]["digest"])
    lost = await do(asking, "rehearsePack", SHOWS, channel="demo.articles", digest="0" * 64)
    wrong = await do(asking, "rehearsePack", SHOWS, json="{}")

    assert first["pack"] == second["pack"] == third["pack"]
    assert len({first["id"], second["id"], third["id"]}) == 3
    assert never == lost == [("NO_SUCH_PACK_VERSION", "digest")]
    assert {path for _, path in wrong} == {"json"}


async def test_a_rehearsal_is_called_off_once(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    await submitted(asking, session)
    waiting = await do(asking, "rehearsePack", SHOWS, toml=PACK + RULE)
    same = await do(asking, "rehearsePack", SHOWS, toml=PACK)

    off = [await do(asking, "cancelRehearsal", "rehearsal { state }", rehearsalId=waiting["id"]) for _ in range(2)]
    refused = [
        await do(asking, "cancelRehearsal", "rehearsal { state }", rehearsalId=one)
        for one in (same["id"], global_id("Rehearsal", new_uid()), "nonsense")
    ]

    assert off == [{"state": "CANCELLED"}] * 2
    assert refused == [
        [("REHEARSAL_OVER", "")], [("NO_SUCH_REHEARSAL", "rehearsalId")], [("MALFORMED_ID", "rehearsalId")],
    ]  # fmt: skip
    assert not await Rehearser(api.db, clock=api.clock, base_url=BASE).step()


async def test_rehearsals_are_operators_business(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    await submitted(asking, session)
    made = await do(asking, "rehearsePack", SHOWS, toml=PACK)
    author = api.as_(replace(asking.caller, scopes=frozenset(Scope) - {Scope.OPERATE}))

    assert await author.codes(ASKED, id=made["id"]) == ["OPERATORS_ONLY"]
    assert await author.codes("{ rehearsals(first: 1) { totalCount } }") == ["OPERATORS_ONLY"]
    assert (await author.data("query ($id: ID!) { node(id: $id) { id } }", id=made["id"]))["node"] is None
    assert await do(author, "rehearsePack", SHOWS, toml=PACK) == [("OPERATORS_ONLY", "")]
    assert await do(author, "cancelRehearsal", SHOWS, rehearsalId=made["id"]) == [("OPERATORS_ONLY", "")]
