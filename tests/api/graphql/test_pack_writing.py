"""Packs put in force and taken back over GraphQL: by operators alone, with every mistake told at once."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Scope
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.doing import do, operator
from tests.scripts.test_commands import PACK

SHOWS = 'channel { key name(language: "en") pack { digest formats rulesCount } }'
RULE = '\n[[rules]]\nkind = "text.length"\nfield = "title"\nmax = 19\n'
FAILS = '[[examples]]\nname = "x"\nmust = "fail"\ncodes = ["text.length"]\n'


async def test_a_pack_is_installed_replaced_and_taken_back(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))

    first = await do(asking, "installPack", SHOWS, toml=PACK)
    second, again = [await do(asking, "installPack", SHOWS, toml=PACK + RULE, idempotencyKey="k") for _ in range(2)]
    back = await do(asking, "rollbackPack", SHOWS, channel="demo.articles")
    forth = await do(asking, "rollbackPack", SHOWS, channel="demo.articles", digest=second["pack"]["digest"][:8])

    assert (first["key"], first["name"], first["pack"]["formats"]) == ("demo.articles", "Articles", ["ARTICLE"])
    assert [first["pack"]["rulesCount"], second["pack"]["rulesCount"]] == [0, 1]
    assert (again, back, forth) == (second, first, second)
    actions = await session.scalars(select(models.AuditEntry.action).order_by(models.AuditEntry.id))
    assert list(actions) == ["pack.installed", "pack.installed", "pack.rolled_back", "pack.rolled_back"]
    assert await session.scalar(select(func.count()).select_from(models.PackInstall)) == 4


async def test_a_pack_with_mistakes_is_refused_with_all_of_them(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    platform = await make.channel(session, "demo")
    entry = await make.channel(session, "demo.old")
    entry.parent_id, platform.pack_version_id = platform.id, None
    await session.flush()
    document = (
        "mutation ($toml: String!) { installPack(input: { toml: $toml }) {"
        " ... on Refused { problems { code message path } } } }"
    )

    async def refused(toml: str) -> list[tuple[str, str]]:
        problems = (await asking.data(document, toml=toml))["installPack"]["problems"]
        assert {tuple(problem["path"]) for problem in problems} == {("input", "toml")}
        return [(problem["code"], problem["message"]) for problem in problems]

    assert await refused("x = = 1") == [("MALFORMED_PACK", "pack.toml:1: not TOML: invalid value (column 5)")]
    assert [message for _, message in await refused(PACK + RULE.replace("max", "maxx") + "severity = 1")] == [
        "pack.toml:14: rules.0.maxx: there is no maxx here. Did you mean max?",
        "pack.toml:15: rules.0.severity: there is no 1 here. There are: block, score, warn.",
    ]
    orphan = PACK.replace("demo.articles", "demos.one").replace("kind =", 'parent = "demos"\nkind =')
    assert [code for code, _ in await refused(orphan + RULE + FAILS)] == ["EXAMPLE_FAILED", "UNKNOWN_PARENT"]
    assert await refused(PACK.replace("demo.articles", "demo")) == [
        ("DUPLICATE_KEY", "pack.toml:3: key: demo is already a platform's")
    ]
    assert await session.scalar(select(func.count()).select_from(models.PackInstall)) == 0


async def test_what_never_ruled_is_not_brought_back(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    await do(asking, "installPack", SHOWS, toml=PACK)

    told = [
        await do(asking, "rollbackPack", SHOWS, **{"channel": "demo.articles", **sent})
        for sent in ({"channel": "demo.none"}, {"digest": "0" * 64}, {"digest": "0a"}, {})
    ]

    assert told == [
        [("NO_SUCH_CHANNEL", "channel")],
        [("NO_SUCH_PACK_VERSION", "digest")],
        [("AMBIGUOUS_DIGEST", "digest")],
        [("NO_EARLIER_VERSION", "")],
    ]


async def test_only_operators_change_what_rules(api: Asking, session: AsyncSession):
    author = api.as_(replace(await operator(session), scopes=frozenset({Scope.CONTENT_WRITE})))

    assert await do(author, "installPack", SHOWS, toml=PACK) == [("OPERATORS_ONLY", "")]
    assert await do(author, "rollbackPack", SHOWS, channel="demo.articles") == [("OPERATORS_ONLY", "")]
