"""What is said of assets, and who looks again at what shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import FixedClock
from core.errors import DomainError
from models import DirtyKind
from services.assets import describing
from tests import make
from tests.api.graphql.doing import marked, recorded


@pytest.mark.parametrize(
    ("said", "column", "value", "is_shown"),
    [
        ({"alternative_text": "A lake."}, "alternative_text", "A lake.", True),
        ({"licence": "CC0"}, "licence", "CC0", True),
        ({"focal_point": (0.25, 1)}, "focal_x", 250, True),
        ({"focal_point": (0.25, 1)}, "focal_y", 1000, True),
        ({"source": "https://a.example"}, "origin", "https://a.example", False),
        ({"file_name": "../secret/lake.jpg"}, "file_name", "lake.jpg", False),
    ],
)
async def test_what_readers_see_is_looked_at_again_and_nothing_else(
    session: AsyncSession, clock: FixedClock, said: dict[str, Any], column: str, value: Any, is_shown: bool
):
    creator = await make.creator(session)
    author, asset = await make.author(session, creator), await make.asset(session, creator_id=creator.id)
    content = await make.content(session, creator, covers=(asset,))
    product = await make.product(session)
    session.add(models.ProductAsset(product_id=product.id, position=0, asset_id=asset.id))
    await session.flush()

    for _ in range(2):
        await describing.describe(session, author, asset.uid, clock=clock, **said)

    assert getattr(asset, column) == value
    assert await recorded(session) == ["asset.described"]
    assert (await marked(session, DirtyKind.CONTENT)).keys() == ({content.id} if is_shown else set())
    assert (await marked(session, DirtyKind.PRODUCT)).keys() == ({product.id} if is_shown else set())


async def test_time_is_given_ahead_and_may_be_taken_back(session: AsyncSession, clock: FixedClock):
    creator = await make.creator(session)
    author, asset = await make.author(session, creator), await make.asset(session, creator_id=creator.id)
    until = clock.now() + timedelta(hours=1)

    await describing.describe(session, author, asset.uid, clock=clock, expires_at=until)
    clock.move(timedelta(hours=2))
    # a form that is sent again whole changes nothing
    await describing.describe(session, author, asset.uid, clock=clock, expires_at=until, credit="Ada")
    with pytest.raises(DomainError) as past:
        await describing.describe(session, author, asset.uid, clock=clock, expires_at=clock.now())
    assert (asset.expires_at, asset.credit) == (until, "Ada")
    await describing.describe(session, author, asset.uid, clock=clock, expires_at=None)

    assert [(one.code, one.path) for one in past.value.problems] == [("EXPIRES_IN_THE_PAST", ("expires_at",))]
    assert asset.expires_at is None


async def test_everything_wrong_is_told_at_once_and_nothing_changes(session: AsyncSession, clock: FixedClock):
    creator = await make.creator(session)
    author, asset = await make.author(session, creator), await make.asset(session, creator_id=creator.id)
    folder = models.AssetFolder(creator_id=(await make.creator(session)).id, name="Theirs")
    session.add(folder)
    await session.flush()
    wrong = {"credit": "\x01", "focal_point": (0.5, 1.01), "folder": folder.uid, "tags": ["scene:nowhere", "x"]}

    with pytest.raises(DomainError) as refused:
        await describing.describe(session, author, asset.uid, clock=clock, licence="CC0", **wrong)

    assert [(one.code, one.path) for one in refused.value.problems] == [
        ("MALFORMED_TEXT", ("credit",)),
        ("FOCAL_POINT_OUTSIDE", ("focal_point",)),
        ("NO_SUCH_FOLDER", ("folder",)),
        ("UNKNOWN_TAG", ("tags", 0)),
        ("MALFORMED_TAG_CODE", ("tags", 1)),
    ]
    await session.refresh(asset)
    assert (asset.licence, asset.credit) == ("", "")
    assert (await session.scalars(select(models.AuditEntry))).all() == []
