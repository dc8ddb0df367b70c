"""Creators over GraphQL: made and rated by operators, described by themselves, and who acts as them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Scope
from core.clock import FixedClock
from core.ids import global_id, new_uid
from models import DirtyKind, caps
from services import callers
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.doing import do, id_of, marked, operator, recorded

BOTH = {"DISTRIBUTION", "INDEX"}
NEW = {"handle": "lotus", "name": "Lotus", "kind": "MEDIA", "language": "zh"}


async def subjects(session: AsyncSession) -> tuple[str, str]:
    """The codes of a field and of a role that there are."""
    field = await session.scalar(select(models.Field.code).order_by(models.Field.code).limit(1))
    role = await session.scalar(select(models.Role.code).order_by(models.Role.code).limit(1))
    if field is None or role is None:
        session.add_all(
            [
                models.Field(code="crafts", name_en="Crafts", name_zh="手工"),
                models.Role(code="potter", domain="crafts", calling="potter", name_en="Potter", name_zh="陶艺师"),
            ]
        )
        await session.flush()
    return field or "crafts", role or "potter"


async def test_operators_make_creators_and_a_repeated_request_makes_none(api: Asking, session: AsyncSession):
    asking, shows = api.as_(await operator(session)), "creator { id handle name kind language bio level }"

    made = await do(asking, "createCreator", shows, **NEW, bio="We write.", idempotencyKey="k")
    again = await do(asking, "createCreator", shows, **NEW, bio="We write.", idempotencyKey="k")
    wrong = await do(
        asking, "createCreator", shows, handle="Lotus!", name=" ", kind="MEDIA", language="?", bio="x" * 10_001
    )

    assert again == made
    assert made.pop("id")
    assert made == NEW | {"bio": "We write.", "level": 0}
    row = (await session.scalars(select(models.Creator))).one()
    assert (await marked(session, DirtyKind.CREATOR))[row.id] == BOTH
    assert wrong == [
        ("MALFORMED_HANDLE", "handle"),
        ("MALFORMED_NAME", "name"),
        ("MALFORMED_LANGUAGE", "language"),
        ("MALFORMED_TEXT", "bio"),
    ]
    assert await do(asking, "createCreator", shows, **NEW) == [("HANDLE_TAKEN", "handle")]
    author = api.as_(await make.author(session, row))
    assert await do(author, "createCreator", shows, **NEW) == [("OPERATORS_ONLY", "")]


async def test_a_creator_describes_itself_and_nobody_else(api: Asking, session: AsyncSession):
    field, _ = await subjects(session)
    ada, eve = await make.creator(session), await make.creator(session, name="Eve")
    picture, foreign = await make.asset(session, creator_id=ada.id), await make.asset(session, creator_id=eve.id)
    author, shows = (
        api.as_(await make.author(session, ada)),
        "creator { name bio language avatar { id } fields { code } }",
    )
    sent = {"creatorId": id_of(ada)}

    done = await do(
        author,
        "updateCreator",
        shows,
        **sent,
        name="Ada L.",
        bio="Hi.\nThere.",
        avatarId=id_of(picture),
        fields=[field],
    )
    kept = await do(author, "updateCreator", shows, **sent, language="en")
    wrong = await do(
        author, "updateCreator", shows, **sent, name="", bio="\x07", language="-", avatarId=id_of(foreign),
        fields=[field, "nowhere"],
    )  # fmt: skip
    many = await do(author, "updateCreator", shows, **sent, fields=[str(n) for n in range(caps.MOST_FIELDS + 1)])
    bare = await do(author, "updateCreator", shows, **sent, avatarId=None, fields=[])

    told = {"name": "Ada L.", "bio": "Hi.\nThere.", "avatar": {"id": id_of(picture)}, "fields": [{"code": field}]}
    assert done == told | {"language": "zh"}
    assert kept == told | {"language": "en"}
    assert wrong == [
        ("MALFORMED_NAME", "name"),
        ("MALFORMED_TEXT", "bio"),
        ("MALFORMED_LANGUAGE", "language"),
        ("UNKNOWN_ASSET", "avatarId"),
        ("UNKNOWN_FIELD", "fields.1"),
    ]
    assert many == [("TOO_MANY_SUBJECTS", "fields")]
    assert (bare["avatar"], bare["fields"]) == (None, [])
    assert await do(author, "updateCreator", shows, creatorId=id_of(eve), name="Me") == [("FORBIDDEN", "")]
    narrow = api.as_(await make.author(session, ada, Scope.CONTENT_WRITE))
    assert await do(narrow, "updateCreator", shows, **sent, name="Me") == [("MISSING_SCOPE", "")]
    unknown = global_id("Creator", new_uid())
    assert await do(author, "updateCreator", shows, creatorId=unknown) == [("NO_SUCH_CREATOR", "creatorId")]
    await session.refresh(ada)
    assert ada.version == 4
    assert await marked(session, DirtyKind.CREATOR) == {ada.id: BOTH}


async def test_operators_certify_and_take_that_back(api: Asking, session: AsyncSession, clock: FixedClock):
    _, role = await subjects(session)
    ada = await make.creator(session)
    asking, shows = api.as_(await operator(session)), "creator { certifiedOn roles { code certifiedOn } }"
    sent = {"creatorId": id_of(ada), "role": role}

    today = await do(asking, "certifyCreator", shows, **sent)
    same = await do(asking, "certifyCreator", shows, **sent)
    earlier = await do(asking, "certifyCreator", shows, **sent, certifiedOn="2025-01-31")
    wrong = await do(
        asking, "certifyCreator", shows, creatorId=id_of(ada), role="juggler-of-none", certifiedOn="2026-11-25"
    )
    revoked = await do(asking, "revokeCertification", shows, **sent, reason="The papers were forged.")

    assert today == same == {"certifiedOn": "2026-11-24", "roles": [{"code": role, "certifiedOn": "2026-11-24"}]}
    assert earlier == {"certifiedOn": "2025-01-31", "roles": [{"code": role, "certifiedOn": "2025-01-31"}]}
    assert wrong == [("UNKNOWN_ROLE", "role"), ("DAY_IS_AHEAD", "certifiedOn")]
    assert revoked == {"certifiedOn": None, "roles": []}
    assert await do(asking, "revokeCertification", shows, **sent, reason="x") == [("NOT_CERTIFIED", "role")]
    assert await recorded(session) == ["creator.certified", "creator.certified", "creator.certification_revoked"]
    assert await marked(session, DirtyKind.CREATOR) == {ada.id: BOTH}
    ada.version = 1
    others = [
        models.Role(code=f"r{n}", domain="d", calling="c", name_en="R", name_zh="R") for n in range(caps.MOST_ROLES)
    ]
    session.add_all(others)
    await session.flush()
    session.add_all(models.CreatorRole(creator_id=ada.id, role_code=one.code) for one in others)
    await session.flush()
    assert await do(asking, "certifyCreator", shows, **sent) == [("TOO_MANY_ROLES", "")]


async def test_operators_declare_what_channels_ask_for(api: Asking, session: AsyncSession):
    ada = await make.creator(session)
    asking = api.as_(await operator(session))
    shows = "creator { level isSeller qualityScore fanValue factsSource }"
    sent = {"creatorId": id_of(ada)}

    done = await do(asking, "declareCreatorFacts", shows, **sent, level=6, isSeller=True, qualityScore=1000)
    unknown = await do(asking, "declareCreatorFacts", shows, **sent, qualityScore=None, fanValue=0)
    wrong = await do(asking, "declareCreatorFacts", shows, **sent, level=7, qualityScore=1001, fanValue=-1)

    known = {"level": 6, "isSeller": True, "factsSource": "DECLARED"}
    assert done == known | {"qualityScore": 1000, "fanValue": None}
    assert unknown == known | {"qualityScore": None, "fanValue": 0}
    assert wrong == [
        ("LEVEL_OUT_OF_RANGE", "level"),
        ("SCORE_OUT_OF_RANGE", "qualityScore"),
        ("SCORE_OUT_OF_RANGE", "fanValue"),
    ]
    author = api.as_(await make.author(session, ada))
    assert await do(author, "declareCreatorFacts", shows, **sent, level=6) == [("OPERATORS_ONLY", "")]
    assert await marked(session, DirtyKind.CREATOR) == {ada.id: BOTH}


async def test_operators_say_who_acts_as_what(api: Asking, session: AsyncSession, clock: FixedClock):
    ada, shop, account = await make.creator(session), await make.shop(session), await make.account(session)
    asking, on = api.as_(await operator(session)), clock.now().date()
    shows = "identity { id kind creator { name } shop { name } organisation { name } }"
    sent = {"accountId": id_of(account)}

    async def acting() -> tuple[frozenset[int], frozenset[int]]:
        caller = await callers.of_account(session, account.id, name="a", scopes=[Scope.PRODUCT_WRITE], on=on)
        return caller.creator_ids, caller.shop_ids

    creator = await do(asking, "giveIdentity", shows, **sent, kind="CREATOR", creatorId=id_of(ada))
    again = await do(asking, "giveIdentity", shows, **sent, kind="CREATOR", creatorId=id_of(ada))
    merchant = await do(asking, "giveIdentity", shows, **sent, kind="MERCHANT", shopId=id_of(shop))
    consumer = await do(asking, "giveIdentity", shows, **sent, kind="CONSUMER")
    both = await acting()
    taken = await do(
        asking, "takeIdentity", "account { identities(first: 5) { nodes { kind } } }", identityId=creator["id"]
    )

    assert creator == again
    assert (creator["creator"], creator["shop"], merchant["shop"]) == ({"name": "Ada"}, None, {"name": "Corner shop"})
    assert consumer["kind"] == "CONSUMER"
    assert both == ({ada.id}, {shop.id})
    assert taken == {"identities": {"nodes": [{"kind": "MERCHANT"}, {"kind": "CONSUMER"}]}}
    assert await acting() == (frozenset(), {shop.id})
    assert await do(asking, "takeIdentity", "account { id }", identityId=creator["id"]) == [
        ("NO_SUCH_IDENTITY", "identityId")
    ]
    for kind, named in (
        ("CREATOR", {}),
        ("MERCHANT", {"creatorId": id_of(ada)}),
        ("CONSUMER", {"shopId": id_of(shop)}),
    ):
        assert await do(asking, "giveIdentity", shows, **sent, kind=kind, **named) == [("NOT_FOR_THIS_KIND", "kind")]
    nowhere = {"kind": "MERCHANT", "shopId": global_id("Shop", new_uid())}
    assert await do(asking, "giveIdentity", shows, **sent, **nowhere) == [("NO_SUCH_SHOP", "shopId")]
    assert await recorded(session) == ["identity.given"] * 3 + ["identity.taken"]
