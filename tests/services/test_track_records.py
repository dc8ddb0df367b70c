"""Samples of a creator's work: which contents count, how far, and that a gate can ask for them."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from models import ContentState, Format
from models import SubmissionState as State
from services import planning
from services.channels.engine import CompiledPack
from services.channels.facts import CreatorFacts
from services.track_records import samples, track_records
from tests import make
from tests.services.packs import install, pack

GATED = pack("test.known", gates={"all": [{"samples": {"min": 2, "formats": ["ARTICLE"]}}, {"samples": {"min": 3}}]})


@pytest.fixture
async def channel(db: Database) -> str:
    await install(db, GATED, pack("test.open"))
    return "test.open"


async def submitted(
    session: AsyncSession, creator: models.Creator, reached: State, *, key: str = "test.open", **values: object
) -> models.Content:
    content = await make.content(session, creator, **values)
    of = models.Channel
    found = await session.execute(select(of.id, of.pack_version_id).where(of.key == key))
    channel, version = found.one()
    row = {"content_id": content.id, "channel_id": channel, "pack_version_id": version, "state": reached}
    session.add(models.Submission(**row, revision_id=content.live_revision_id))
    await session.flush()
    return content


@pytest.mark.usefixtures("channel")
async def test_public_contents_that_a_channel_accepted_count_by_format_each_once(session: AsyncSession):
    ada, bob = await make.creator(session), await make.creator(session)
    first = await submitted(session, ada, State.ACCEPTED)
    await submitted(session, ada, State.CONFIRMED)
    await submitted(session, ada, State.DELIVERED, format=Format.QNA)
    for state in (State.REJECTED, State.HUMAN_AUDIT, State.WITHDRAWN):
        await submitted(session, ada, state)
    await submitted(session, ada, State.ACCEPTED, state=ContentState.WITHDRAWN)
    await submitted(session, bob, State.ACCEPTED, format=Format.GALLERY)

    found = await samples(session, [ada.id, bob.id])

    assert found.of(ada.id) == {"ARTICLE": 2, "QNA": 1}
    assert found.of(ada.id, first.id) == {"ARTICLE": 1, "QNA": 1}  # a content does not count for itself
    assert found.of(bob.id, first.id) == {"GALLERY": 1}
    assert found.of(-1) == {}


@pytest.mark.usefixtures("channel")
async def test_no_more_are_counted_than_a_gate_can_ask_for_whichever_is_left_out(session: AsyncSession):
    ada = await make.creator(session)
    contents = [await submitted(session, ada, State.ACCEPTED) for _ in range(22)]

    found = await samples(session, [ada.id])

    assert {found.of(ada.id, one.id)["ARTICLE"] for one in contents} == {20}
    assert found.of(ada.id) == {"ARTICLE": 20}


async def test_what_no_gate_asks_for_is_not_counted(session: AsyncSession, clock: FixedClock):
    ada = await make.creator(session)
    facts = CreatorFacts(uid="a", handle="a", name="A")

    async def told(*gates: dict[str, object]) -> CreatorFacts:
        judges = [CompiledPack(pack(f"test.n{number}", gates=one)) for number, one in enumerate(gates)]
        records = await track_records(session, judges, [ada.id], [], clock.now())
        return records.told(facts, ada.id)

    assert (await told({"level": {"min": 1}})).accepted_by_format is None
    assert (await told({"level": {"min": 1}}, {"not": {"samples": {"min": 1}}})).accepted_by_format == {}


@pytest.mark.usefixtures("channel")
async def test_a_gate_on_samples_opens_with_the_last_that_it_asks_for(db: Database, clock: FixedClock):
    async with db.session() as session:
        ada = await make.creator(session)
        for form in (Format.ARTICLE, Format.GALLERY):
            await submitted(session, ada, State.ACCEPTED, format=form)
        draft = await make.content(session, ada, live=False)

    async def findings() -> list[tuple[str, int]]:
        async with db.session() as session:
            (one,) = await planning.plan(
                session, SYSTEM, draft.uid, ["test.known"], clock=clock, base_url="https://h.example"
            )
        return [(found.place, found.actual) for found in one.evaluation.findings]

    assert await findings() == [("gates.all.0", 1), ("gates.all.1", 2)]
    async with db.session() as session:
        await submitted(session, ada, State.ACCEPTED)
    assert await findings() == []
