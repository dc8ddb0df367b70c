"""Versions of homepages as they are read: the live one by creator, the draft and all others for those who tend the page."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

import models
from core.caller import Caller
from core.reads import OneRead, Order, PageRead, any_of
from models import HomepageState
from services import access

_version, _page = models.HomepageVersion, models.Homepage


by_ids = OneRead(_version, _version.id, access.homepages, eager=(_version.homepage,))
by_uids = OneRead(_version, _version.uid, access.homepages, eager=(_version.homepage,))
versions_of = PageRead(
    "homepages.versions_of",
    _version,
    # the key is a column of the statement around
    match=lambda key: _version.homepage_id.in_(select(_page.id).where(_page.creator_id == key).correlate(key.table)),
    key_type=BigInteger(),
    visible=access.homepages,
    orders=(Order("newest", (_version.number, _version.id)),),
    eager=("homepage",),
)


async def live_of(
    session: AsyncSession, caller: Caller, creator_ids: Sequence[int]
) -> dict[int, models.HomepageVersion]:
    """The live version of each creator's homepage, where there is one and the creator may be seen."""
    return await _one_of(session, caller, creator_ids, _version.state == HomepageState.LIVE)


async def drafts_of(
    session: AsyncSession, caller: Caller, creator_ids: Sequence[int]
) -> dict[int, models.HomepageVersion]:
    """The version that is being written, for those who tend the page."""
    return await _one_of(session, caller, creator_ids, _version.state == HomepageState.DRAFT)


async def _one_of(
    session: AsyncSession, caller: Caller, creator_ids: Sequence[int], condition: ColumnElement[bool]
) -> dict[int, models.HomepageVersion]:
    statement = (
        select(_version)
        .join(_page, _version.homepage_id == _page.id)
        .where(_page.creator_id == any_of(creator_ids), condition, access.homepages(caller))
        .options(contains_eager(_version.homepage))
    )
    return {version.homepage.creator_id: version for version in (await session.execute(statement)).scalars()}
