"""Canaries: a share of a channel's creators under another version, always the same ones, and the others where they were."""

from __future__ import annotations

import asyncio
from math import sqrt
from uuid import UUID

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from models import InstallStep
from services import channel_access, channel_forms, outbox, planning, publishing
from services.channels import canaries, installing, versions
from services.channels.catalogues import PLACES, place_of
from services.channels.packs import MalformedPack, Pack
from services.distribution import Distributor
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"
KEY = "test.one"
OLD = pack(KEY)
NEW = pack(KEY, rules=[{"kind": "text.length", "field": "title", "max": 3}], quota={"per_creator_per_day": 1})
OTHER = pack(KEY, selector={"formats": ["GALLERY"]}, gates={"level": {"min": 6}})
CREATORS = [UUID(int=number * 7919 + 1) for number in range(10_000)]
PLACE_OF = {uid: place_of(uid, KEY) for uid in CREATORS}


async def begin(session: AsyncSession, *packs: Pack) -> tuple[models.Channel, list[models.PackVersion]]:
    """A channel ruled by the first of these packs, and the stored versions of all."""
    await installing.install(session, SYSTEM, packs[0])
    channel = await versions.entry(session, KEY)
    ids = [await installing.store_version(session, channel.id, one) for one in packs]
    return channel, [await session.get_one(models.PackVersion, id_) for id_ in ids]


async def ruled_by(session: AsyncSession) -> dict[str, set[UUID]]:
    """Which creators each version rules, by its digest."""
    catalogue = await installing.catalogue(session)
    found: dict[str, set[UUID]] = {}
    for uid in CREATORS:
        found.setdefault(catalogue.seen_by(uid).by_key[KEY].compiled.digest, set()).add(uid)
    return found


def author(place: int) -> UUID:
    """Somebody who has this place at the channel."""
    return next(uid for uid in CREATORS if PLACE_OF[uid] == place)


@pytest.mark.parametrize("percent", [1, 5, 25, 50, 75, 99])
def test_a_share_of_places_is_that_share_of_creators(percent: int):
    count = sum(place < percent for place in PLACE_OF.values())

    share = percent / PLACES
    assert abs(count - len(CREATORS) * share) < 4 * sqrt(len(CREATORS) * share * (1 - share))


def test_a_place_is_the_same_for_ever_and_another_one_elsewhere():
    assert place_of(UUID(int=1), "weitao.article") == 13
    assert len({place_of(UUID(int=1), f"test.{number}") for number in range(50)}) > 25


async def test_whoever_has_a_canary_stays_with_it_while_it_grows(session: AsyncSession):
    channel, (_, new, _) = await begin(session, OLD, NEW, OTHER)
    before: set[UUID] = set()

    for percent in (1, 10, 11, 60, 99):
        assert await canaries.share(session, SYSTEM, channel, new, percent) is True
        assert await canaries.share(session, SYSTEM, channel, new, percent) is False
        ruled = await ruled_by(session)
        assert ruled[NEW.digest] > before
        assert ruled[OLD.digest] == set(CREATORS) - ruled[NEW.digest]
        before = ruled[NEW.digest]
    await canaries.share(session, SYSTEM, channel, new, 10)

    assert (await ruled_by(session))[NEW.digest] < before
    records = await session.scalars(select(models.AuditEntry.action).order_by(models.AuditEntry.id))
    assert list(records) == ["pack.installed", "pack.canary_started", *["pack.canary_changed"] * 5]


async def test_a_canary_moves_nobody_of_another(session: AsyncSession):
    channel, (_, new, other) = await begin(session, OLD, NEW, OTHER)
    await canaries.share(session, SYSTEM, channel, new, 10)
    await canaries.share(session, SYSTEM, channel, other, 20)
    start = await ruled_by(session)

    await canaries.share(session, SYSTEM, channel, new, 30)
    grown = await ruled_by(session)
    await canaries.share(session, SYSTEM, channel, new, 10)
    back = await ruled_by(session)
    await canaries.stop(session, SYSTEM, channel, NEW.digest)
    alone = await ruled_by(session)

    assert grown[OTHER.digest] == start[OTHER.digest] == back[OTHER.digest] == alone[OTHER.digest]
    assert grown[NEW.digest] > start[NEW.digest]
    assert back == start
    assert alone.keys() == {OLD.digest, OTHER.digest}


async def test_no_more_is_given_than_is_left(session: AsyncSession):
    channel, (old, new, other) = await begin(session, OLD, NEW, OTHER)
    await canaries.share(session, SYSTEM, channel, new, 60)

    with pytest.raises(canaries.CanaryShareTaken, match="at most 39 are left"):
        await canaries.share(session, SYSTEM, channel, other, 40)
    await canaries.share(session, SYSTEM, channel, other, 39)
    third = await installing.store_version(session, channel.id, pack(KEY, min_score=None, time_zone="UTC"))
    with pytest.raises(canaries.CanaryShareTaken, match="stop one of them first"):
        await canaries.share(session, SYSTEM, channel, await session.get_one(models.PackVersion, third), 1)
    for percent in (0, 100):
        with pytest.raises(canaries.CanaryShareOutOfRange):
            await canaries.share(session, SYSTEM, channel, new, percent)
    with pytest.raises(canaries.PackInForce):
        await canaries.share(session, SYSTEM, channel, old, 1)
    rows = (await session.scalars(select(models.PackCanary))).all()
    assert sorted(place for row in rows for place in row.places) == list(range(99))


async def test_two_at_once_do_not_get_the_same_places(committed: Database):
    async with committed.session() as session:
        _, stored = await begin(session, OLD, NEW, OTHER)

    both = asyncio.Barrier(2)

    async def take(version: models.PackVersion) -> bool:
        async with committed.session() as session:
            channel = await versions.entry(session, KEY)
            await both.wait()
            return await canaries.share(session, SYSTEM, channel, version, 60)

    done = await asyncio.gather(*map(take, stored[1:]), return_exceptions=True)

    assert sorted(type(one).__name__ for one in done) == ["CanaryShareTaken", "bool"]
    async with committed.session() as session:
        assert (await session.scalars(select(models.PackCanary.percent))).all() == [60]


async def test_the_database_knows_no_share_without_its_places(session: AsyncSession):
    channel, (_, new) = await begin(session, OLD, NEW)
    await canaries.share(session, SYSTEM, channel, new, 2)

    with pytest.raises(IntegrityError, match="as_many_places"):
        await session.execute(text("UPDATE pack_canaries SET percent = 3"))


async def test_a_canary_is_named_by_its_digest_or_is_the_only_one(session: AsyncSession):
    channel, (_, new, other) = await begin(session, OLD, NEW, OTHER)

    with pytest.raises(canaries.NoSuchCanary, match=r"test\.one has no canary\."):
        await canaries.stop(session, SYSTEM, channel)
    await canaries.share(session, SYSTEM, channel, new, 1)
    with pytest.raises(canaries.NoSuchCanary, match=f"{OTHER.digest[:12]} is no canary of"):
        await canaries.stop(session, SYSTEM, channel, OTHER.digest[:8])
    await canaries.share(session, SYSTEM, channel, other, 1)
    with pytest.raises(versions.AmbiguousDigest, match="several canaries"):
        await canaries.promote(session, SYSTEM, channel)

    assert (await canaries.stop(session, SYSTEM, channel, NEW.digest[:8])).digest == NEW.digest
    assert (await canaries.stop(session, SYSTEM, channel)).digest == OTHER.digest
    assert (await installing.catalogue(session)).shares == {}


@pytest.mark.parametrize("how", ["promote", "install", "roll back"])
async def test_a_canary_that_comes_to_rule_everybody_is_none_any_more_and_others_go_on(session: AsyncSession, how: str):
    channel, (_, new, other) = await begin(session, OLD, NEW, OTHER)
    # what is brought back ruled before
    earlier = (NEW, OLD) if how == "roll back" else ()
    for one in earlier:
        await installing.install(session, SYSTEM, one)
    await canaries.share(session, SYSTEM, channel, new, 5)
    await canaries.share(session, SYSTEM, channel, other, 5)

    match how:
        case "promote":
            await canaries.promote(session, SYSTEM, channel, NEW.digest)
        case "install":
            await installing.install(session, SYSTEM, NEW)
        case "roll back":
            await versions.roll_back(session, SYSTEM, channel, new)

    assert (await ruled_by(session)).keys() == {NEW.digest, OTHER.digest}
    steps = await session.scalars(select(models.PackInstall.step).order_by(models.PackInstall.id))
    assert list(steps) == [*[InstallStep.INSTALLED] * (1 + len(earlier)), InstallStep.PROMOTED]
    assert (await session.scalars(select(models.AuditEntry.action).order_by(models.AuditEntry.id.desc()))).first() == (
        "pack.promoted"
    )


async def test_another_pack_that_is_installed_leaves_canaries_alone(session: AsyncSession):
    channel, (_, new) = await begin(session, OLD, NEW)
    await canaries.share(session, SYSTEM, channel, new, 5)

    await installing.install(session, SYSTEM, OTHER)

    assert (await ruled_by(session)).keys() == {NEW.digest, OTHER.digest}


async def test_a_version_that_cannot_be_read_is_no_canary(session: AsyncSession):
    channel, (_, new) = await begin(session, OLD, NEW)
    broken = models.PackVersion(channel_id=channel.id, digest="0" * 64, body={"schema": 99})
    session.add(broken)
    await session.flush()

    with pytest.raises(MalformedPack, match="cannot be read any more"):
        await canaries.share(session, SYSTEM, channel, broken, 5)
    # as one that a later version of ours wrote
    session.add(
        models.PackCanary(channel_id=channel.id, pack_version_id=broken.id, percent=1, places=[7], started_by="later")
    )
    await canaries.share(session, SYSTEM, channel, new, 7)

    assert (await installing.catalogue(session)).seen_by(author(7)).by_key[KEY].compiled.digest == OLD.digest


async def test_the_catalogue_is_read_anew_when_a_share_changes_and_only_then(db: Database):
    async with db.session() as session:
        channel, (_, new) = await begin(session, OLD, NEW)
        first = await installing.catalogue(session)
        await canaries.share(session, SYSTEM, channel, new, 5)
        second = await installing.catalogue(session, first)
        await canaries.share(session, SYSTEM, channel, new, 6)
        third = await installing.catalogue(session, second)
    async with db.session() as session:
        asked: list[str] = []
        connection = (await session.connection()).sync_connection
        event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2]))
        assert await installing.catalogue(session, third) is third
        assert third.seen_by(author(0)) is third.seen_by(author(0)) is not third
        assert third.seen_by(author(99)) is third
        assert len(asked) == 1

    assert len({first.stamp, second.stamp, third.stamp}) == 3
    assert first.seen_by(author(0)) is first


async def test_a_plan_says_what_is_decided_for_those_under_a_canary_and_for_the_others(db: Database, clock: FixedClock):
    await install(db, OLD)
    async with db.session() as session:
        channel, (old, new) = await begin(session, OLD, NEW)
        await canaries.share(session, SYSTEM, channel, new, 40)
        authors = [await make.creator(session, uid=uid) for uid in (author(39), author(40))]
        contents = [await make.content(session, one, live=False, title="A long title") for one in authors]
    planned = []
    for content in contents:
        async with db.session() as session:
            (one,) = await planning.plan(session, SYSTEM, content.uid, clock=clock, base_url=BASE)
            planned.append((one.evaluation.pack_digest, one.evaluation.outcome.value, len(one.evaluation.quota)))
            await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    await Distributor(db, clock=clock, base_url=BASE).drain()

    # it may be mended, so there is something to decide: whoever stays under the old rules is let in
    assert planned == [(NEW.digest, "FIXABLE", 1), (OLD.digest, "ELIGIBLE", 0)]
    async with db.session() as session:
        rows = await session.execute(
            select(models.Submission.state, models.Submission.pack_version_id, models.Decision.outcome)
            .join(models.Decision, models.Decision.id == models.Submission.decision_id)
            .order_by(models.Submission.content_id)
        )
        assert [tuple(row) for row in rows] == [("REJECTED", new.id, "FIXABLE"), ("DELIVERED", old.id, "ELIGIBLE")]


async def test_what_was_submitted_before_keeps_the_version_that_it_was_judged_by(db: Database, clock: FixedClock):
    distributor = Distributor(db, clock=clock, base_url=BASE)
    async with db.session() as session:
        channel, (old, new) = await begin(session, OLD, NEW)
        content = await make.content(
            session, await make.creator(session, uid=author(0)), live=False, title="A long title"
        )
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    await distributor.drain()
    async with db.session() as session:
        await canaries.share(session, SYSTEM, channel, new, 50)
        await outbox.mark(session, models.DirtyKind.CONTENT, [content.id])
    await distributor.drain()

    async with db.session() as session:
        row = (await session.scalars(select(models.Submission))).one()
        assert (row.state, row.pack_version_id, row.attempt) == ("DELIVERED", old.id, 1)


async def test_access_and_forms_are_those_that_the_creator_is_under(db: Database, clock: FixedClock):
    async with db.session() as session:
        channel, (_, other) = await begin(session, OLD, OTHER)
        await canaries.share(session, SYSTEM, channel, other, 1)
        inside = await make.creator(session, uid=author(0))
        outside = await make.creator(session, uid=author(1))
        found = [
            (await channel_access.channel_access(session, SYSTEM, one.uid, clock=clock))[0].state.value
            for one in (inside, outside)
        ]
        forms = [
            await channel_forms.of_channel(session, caller, KEY, models.Format.GALLERY, ["en"])
            for caller in (make.acting_as(inside), make.acting_as(outside), SYSTEM)
        ]

    assert found == ["CLOSED", "OPEN"]
    assert [form and form.pack_digest for form in forms] == [OTHER.digest, OLD.digest, OLD.digest]
