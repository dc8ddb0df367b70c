"""Packs put in force and taken back over GraphQL: by operators alone, with every mistake told at once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
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

FAILS_TOO = (
    '[[examples]]\nname = "a long title"\nmust = "fail"\ncodes = ["text.length"]\n'
    "given = { content = { title_length = 20 } }\n"
)


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


async def test_a_pack_comes_as_toml_or_as_json_and_its_body_leads_back_to_it(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    shows = "channel { pack { digest body } }"

    of_toml = (await do(asking, "installPack", shows, toml=PACK + RULE))["pack"]
    await do(asking, "installPack", shows, toml=PACK)
    of_json = (await do(asking, "installPack", shows, json=of_toml["body"]))["pack"]

    assert of_json == of_toml
    assert hashlib.sha256(of_toml["body"].encode()).hexdigest() == of_toml["digest"]
    for sent in ({}, {"toml": PACK, "json": "{}"}, {"toml": "", "json": None}):
        assert await do(asking, "installPack", shows, **sent) == [("NOT_ONE_PACK", "")]
    wrong = of_toml["body"].replace('"max":19', '"max":"19"')
    assert await do(asking, "installPack", shows, json=wrong) == [("MALFORMED_PACK", "json")]


WORDS = """
[gates]
field = { any = ["gardening"] }
[[rules]]
kind = "product.pool"
any = ["spring"]
[[rules]]
kind = "tag.exactly_n"
taxonomy = "scenes"
n = 1
"""
TAGS = 'selector = { tags = [{ taxonomy = "scene", any = ["attic", "loft", "lofd", "barn"] }] }'


async def test_words_that_are_not_here_are_told_with_what_they_became(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    scene = await make.taxonomy(session, "scene")
    loft = await make.tag(session, scene, "loft")
    attic, barn = await make.tag(session, scene, "attic"), await make.tag(session, scene, "barn")
    attic.state, attic.merged_into_id = models.TagState.MERGED, loft.id
    barn.state = models.TagState.DEPRECATED
    await session.flush()
    text = PACK.replace('selector = { formats = ["ARTICLE"] }', TAGS) + WORDS
    document = (
        "mutation ($toml: String!) { installPack(input: { toml: $toml }) {"
        " ... on Refused { problems { code message } } } }"
    )

    problems = (await asking.data(document, toml=text))["installPack"]["problems"]
    taken = await do(asking, "installPack", "channel { key }", toml=text, allowUnknownWords=True)

    line = text[: text.index("selector")].count("\n") + 1
    assert {problem["code"] for problem in problems} == {"UNKNOWN_WORD"}
    assert [problem["message"] for problem in problems] == [
        f"pack.toml:{line}: selector.tags.0.any.0: the scene tag attic was merged into loft: write loft",
        f"pack.toml:{line}: selector.tags.0.any.2: there is no scene tag lofd. Did you mean loft?",
        f"pack.toml:{line}: selector.tags.0.any.3: the scene tag barn is deprecated: contents no longer get it",
        f"pack.toml:{line + 3}: gates.field.any.0: there is no field gardening.",
        f"pack.toml:{line + 6}: rules.0.any.0: there is no pool spring.",
        f"pack.toml:{line + 9}: rules.1.taxonomy: there is no taxonomy scenes. Did you mean scene?",
    ]
    assert taken == {"key": "demo.articles"}


CANARIES = "channel { pack { digest } canaries { percent startedBy pack { digest rulesCount } } }"


async def test_a_version_is_tried_changed_stopped_and_promoted(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    channel = {"channel": "demo.articles"}
    before = (await do(asking, "installPack", CANARIES, toml=PACK))["pack"]["digest"]

    first = await do(asking, "setCanary", CANARIES, **channel, percent=5, toml=PACK + RULE)
    digest = first["canaries"][0]["pack"]["digest"]
    grown = await do(asking, "setCanary", CANARIES, **channel, percent=50, digest=digest[:9])
    other = {"toml": (PACK + RULE).replace("max = 19", "max = 18")}
    full = await do(asking, "setCanary", CANARIES, **channel, percent=50, **other)
    two = await do(asking, "setCanary", CANARIES, **channel, percent=49, **other)
    vague = await do(asking, "stopCanary", CANARIES, **channel)
    one = await do(asking, "stopCanary", CANARIES, **channel, digest=digest)
    again = await do(asking, "stopCanary", CANARIES, **channel, digest=digest)
    done = await do(asking, "promoteCanary", CANARIES, **channel)

    assert first["pack"]["digest"] == before != digest
    assert first["canaries"] == [{"percent": 5, "startedBy": "op", "pack": {"digest": digest, "rulesCount": 1}}]
    assert [canary["percent"] for canary in grown["canaries"]] == [50]
    assert full == [("CANARY_SHARE_TAKEN", "percent")]
    assert [canary["percent"] for canary in two["canaries"]] == [50, 49]
    assert (vague, again) == ([("AMBIGUOUS_DIGEST", "digest")], [("NO_SUCH_CANARY", "digest")])
    assert [canary["percent"] for canary in one["canaries"]] == [49]
    assert (done["pack"]["digest"], done["canaries"]) == (one["canaries"][0]["pack"]["digest"], [])
    assert await do(asking, "promoteCanary", CANARIES, **channel) == [("NO_SUCH_CANARY", "channel")]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"percent": 0, "toml": "x"}, [("CANARY_SHARE_OUT_OF_RANGE", "percent"), ("MALFORMED_PACK", "toml")]),
        ({"percent": 5}, [("NOT_ONE_PACK", "")]),
        (
            {"percent": 5, "toml": PACK, "digest": "0" * 64},
            [("NOT_ONE_PACK", ""), ("NO_SUCH_PACK_VERSION", "digest")],
        ),
        ({"percent": 5, "toml": PACK}, [("PACK_IN_FORCE", "")]),
        ({"percent": 5, "toml": PACK.replace("demo.articles", "demo.all")}, [("PACK_OF_ANOTHER_CHANNEL", "toml")]),
        (
            {"channel": "demo.all", "percent": 100, "digest": "0" * 64},
            [("NO_SUCH_CHANNEL", "channel"), ("CANARY_SHARE_OUT_OF_RANGE", "percent")],
        ),
        (
            {"percent": 100, "digest": "0" * 64},
            [("CANARY_SHARE_OUT_OF_RANGE", "percent"), ("NO_SUCH_PACK_VERSION", "digest")],
        ),
    ],
)
async def test_all_that_is_wrong_with_a_canary_is_told(
    api: Asking, session: AsyncSession, sent: dict[str, Any], told: list[tuple[str, str]]
):
    asking = api.as_(await operator(session))
    await do(asking, "installPack", SHOWS, toml=PACK)

    assert await do(asking, "setCanary", CANARIES, **{"channel": "demo.articles", **sent}) == told
    assert await session.scalar(select(func.count()).select_from(models.PackCanary)) == 0


async def test_the_history_says_which_rules_were_in_force_and_how_they_came_there(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    channel = {"channel": "demo.articles"}
    digests = [
        (await do(asking, "installPack", SHOWS, toml=PACK))["pack"]["digest"],
        (await do(asking, "installPack", SHOWS, toml=PACK + RULE))["pack"]["digest"],
    ]
    await do(asking, "rollbackPack", SHOWS, **channel)
    await do(asking, "setCanary", CANARIES, **channel, percent=1, digest=digests[1])
    await do(asking, "promoteCanary", CANARIES, **channel)
    document = (
        '{ channel(key: "demo.articles") { packHistory(first: 3) { totalCount pageInfo { hasNextPage }'
        " nodes { step installedBy pack { digest rules { code } } } } } }"
    )
    (
        await session.scalars(select(models.Channel).where(models.Channel.key == "demo.articles"))
    ).one().is_private = False
    await session.flush()

    shown = (await asking.data(document))["channel"]["packHistory"]
    to_others = (await api.data(document))["channel"]["packHistory"]

    assert (shown["totalCount"], shown["pageInfo"]["hasNextPage"]) == (4, True)
    assert [(one["step"], one["pack"]["digest"]) for one in shown["nodes"]] == [
        ("PROMOTED", digests[1]),
        ("ROLLED_BACK", digests[0]),
        ("INSTALLED", digests[1]),
    ]
    assert [one["pack"]["rules"] for one in shown["nodes"]] == [
        [{"code": "text.length"}],
        [],
        [{"code": "text.length"}],
    ]
    assert [one["installedBy"] for one in shown["nodes"]] == ["op"] * 3
    assert to_others["nodes"] == [{**one, "installedBy": None} for one in shown["nodes"]]


async def test_a_version_is_told_by_its_digest_to_whoever_may_see_where_it_rules(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    digest = (await do(asking, "installPack", SHOWS, toml=PACK + RULE + FAILS_TOO))["pack"]["digest"]
    channel = (await session.scalars(select(models.Channel))).one()
    only_kept = models.PackVersion(channel_id=channel.id, digest="a" * 64, body={"schema": 99})
    session.add(only_kept)
    await session.flush()
    document = "query ($digest: String!) { pack(digest: $digest) { digest } }"
    told = (
        "query ($digest: String!) { pack(digest: $digest) { rules { place code severity asks onlyFor source }"
        " sections { title columns rows } } }"
    )

    private = await api.data(document, digest=digest)
    channel.is_private = False
    await session.flush()
    shown = (await api.data(told, digest=digest.upper()))["pack"]

    assert private == {"pack": None}
    assert shown["rules"] == [
        {
            "place": "rules.0",
            "code": "text.length",
            "severity": "block",
            "asks": "title: at most 19 characters",
            "onlyFor": None,
            "source": None,
        }
    ]
    sections = {section["title"]: section for section in shown["sections"]}
    assert list(sections) == ["Entry", "Takes", "Rules", "Audit", "Examples"]
    assert sections["Examples"] == {
        "title": "Examples",
        "columns": ["example", "must", "because of"],
        "rows": [["a long title", "fail", "text.length"]],
    }
    assert await api.data(document, digest="a" * 64) == {"pack": None}
    assert await api.data(document, digest="nonsense") == {"pack": None}
    assert await asking.data(document, digest="a" * 64) == {"pack": {"digest": "a" * 64}}
    unreadable = "query ($d: String!) { pack(digest: $d) { body rulesCount } }"
    assert await asking.codes(unreadable, d="a" * 64) == ["MALFORMED_PACK"]


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
    assert await do(author, "setCanary", SHOWS, channel="demo.articles", percent=1) == [("OPERATORS_ONLY", "")]
