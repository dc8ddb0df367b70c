"""Why not here: every channel with its gates for one creator, told to their own side only."""

from __future__ import annotations

import pytest
from sqlalchemy import event

import models
from core.caller import SYSTEM, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import Forbidden
from core.ids import new_uid
from services import access, planning, publishing
from services.channel_access import AccessState, ChannelAccess, channel_access
from services.distribution import Distributor
from services.planning import plan
from tests import make
from tests.channels.reading import PACKS
from tests.services.packs import install, pack

BASE = "https://headwater.example"


async def looked(db: Database, clock: FixedClock, creator: models.Creator, *keys: str) -> dict[str, ChannelAccess]:
    async with db.session() as session:
        found = await channel_access(session, SYSTEM, creator.uid, list(keys) or None, clock=clock)
    return {one.channel.key: one for one in found}


async def test_each_channel_is_open_closed_or_not_known_the_open_first(db: Database, clock: FixedClock):
    await install(
        db,
        pack("a.closed", gates={"all": [{"level": {"min": 5}}, {"followers": {"min": 10}}]}),
        pack("b.unknown", gates={"certified_days": {"min": 1}}),
        pack("c.open", gates={"level": {"min": 3}}),
        pack("d.open"),
    )
    async with db.session() as session:
        ada = await make.creator(session, level=3, followers_count=9)

    found = await looked(db, clock, ada)

    assert [(key, one.state) for key, one in found.items()] == [
        ("c.open", AccessState.OPEN),
        ("d.open", AccessState.OPEN),
        ("b.unknown", AccessState.UNKNOWN),
        ("a.closed", AccessState.CLOSED),
    ]
    gates = found["a.closed"].gates
    assert gates is not None
    assert [(one.actual, one.distance, one.blocks) for one in gates.arms] == [(3, 2, True), (9, 1, True)]


async def test_a_channel_is_open_exactly_where_its_gates_stop_no_plan(db: Database, clock: FixedClock):
    gated = [one for one in PACKS.values() if one.gates is not None][:15]
    gated.append(pack("test.certified", gates={"certified_days": {"min": 1}}))
    await install(db, *gated)
    async with db.session() as session:
        ada = await make.creator(session, level=4, followers_count=20_000, quality_score=700, health_score=900)
        content = await make.content(session, ada, live=False)

    found = await looked(db, clock, ada)
    async with db.session() as session:
        plans = await plan(session, SYSTEM, content.uid, clock=clock, base_url=BASE)

    assert set(found) == {one.key for one in gated}
    for one in plans:
        kept_out = any(each.place.startswith("gates") for each in one.evaluation.findings)
        if one.evaluation.outcome.value != "NOT_FOR_THIS":
            assert (found[one.channel.key].state is not AccessState.OPEN) == kept_out, one.channel.key
    assert {one.state for one in found.values()} == set(AccessState)


async def test_a_member_of_a_platform_is_one_of_its_entries(db: Database, clock: FixedClock):
    await install(db, pack("big"), pack("big.post", gates={"invited": {}}), pack("bigger.post", gates={"invited": {}}))
    async with db.session() as session:
        ada = await make.creator(session)
    before = await looked(db, clock, ada)
    async with db.session() as session:
        session.add(models.ChannelMember(channel_id=before["big"].channel.id, creator_id=ada.id))

    found = await looked(db, clock, ada)

    assert {key: (one.is_member, one.state.value) for key, one in found.items()} == {
        "big": (True, "OPEN"),
        "big.post": (True, "OPEN"),
        "bigger.post": (False, "CLOSED"),
    }


async def test_what_the_quota_leaves_today_is_told_and_closes_nothing(db: Database, clock: FixedClock):
    await install(db, pack("test.one-a-day", quota={"per_creator_per_day": 1}), pack("test.free"))
    async with db.session() as session:
        ada = await make.creator(session)
        content = await make.content(session, ada, live=False)
    before = await looked(db, clock, ada)
    async with db.session() as session:
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    await Distributor(db, clock=clock, base_url=BASE).drain()

    after = await looked(db, clock, ada)

    assert [before[key].quota_left for key in ("test.one-a-day", "test.free")] == [1, None]
    assert (after["test.one-a-day"].quota_left, after["test.one-a-day"].state) == (0, AccessState.OPEN)


async def test_many_channels_take_no_more_statements_than_few(db: Database, clock: FixedClock):
    asked: list[str] = []
    async with db.session() as session:
        ada = await make.creator(session)
        connection = (await session.connection()).sync_connection
        event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2]))
    statements = []
    for number in (2, 9):
        gates = {
            "all": [{"invited": {}}, {"role": {"any": ["baker"]}}, {"published_in_window": {"days": 30, "min": 1}}]
        }
        await install(db, *[pack(f"test.n{n}", gates=gates, quota={"total": 9}) for n in range(number)])
        await looked(db, clock, ada)  # the catalogue is read once
        asked.clear()
        assert len(await looked(db, clock, ada)) == number
        statements.append(len(asked))

    assert statements[0] == statements[1] > 0


async def test_it_is_told_to_the_creators_own_side_only(db: Database, clock: FixedClock):
    await install(db, pack("test.one"), pack("test.secret", kind="private"))
    async with db.session() as session:
        ada, eve = await make.creator(session), await make.creator(session)
        gone = await make.creator(session, suspended_at=make.EARLY)

        async def told(caller, creator, *keys: str) -> list[str]:
            found = await channel_access(session, caller, creator.uid, list(keys) or None, clock=clock)
            return [one.channel.key for one in found]

        assert await told(make.acting_as(ada), ada) == ["test.one"]
        assert await told(SYSTEM, ada) == ["test.one", "test.secret"]
        for caller in (make.acting_as(eve), make.acting_as(ada, Scope.FEED_READ)):
            with pytest.raises(Forbidden):
                await told(caller, ada)
        for hidden in (gone, models.Creator(uid=new_uid())):
            with pytest.raises(access.NoSuchCreator):
                await told(make.acting_as(eve), hidden)
        for key in ("test.secret", "test.never"):
            with pytest.raises(planning.UnknownChannel):
                await told(make.acting_as(ada), ada, key)
        assert await told(make.acting_as(ada), ada, "test.one", "test.one") == ["test.one"]
