"""Rehearsals: what a version of a pack would change for everything that is live, counted in batches that survive a kill."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from core.errors import Forbidden
from core.ids import new_uid
from core.settings import Settings
from core.store import Store
from models import Format, RehearsalState
from services import outbox, rehearsals, workers
from services.channels.packs import Pack
from services.channels.rehearsal import Change
from services.channels.versions import NoSuchChannel
from services.distribution import Distributor
from services.media.sandbox import Sandbox
from services.rehearsals import Rehearser, working
from services.runtime import Runtime
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"
KEY = "test.rehearsed"
SHORT = [{"kind": "text.length", "field": "title", "max": 12}]
RULED: dict[str, Any] = {"selector": {"formats": ["ARTICLE"]}, "rules": SHORT}


def ruled(**parts: Any) -> Pack:
    return pack(KEY, **RULED | parts)


def titled(longest: int) -> list[dict[str, Any]]:
    return [{**SHORT[0], "max": longest}]


async def opened(db: Database, clock: FixedClock, **titles: Any) -> dict[str, int]:
    """Contents by their titles, distributed to a channel that takes articles with titles of at most 12."""
    await install(db, ruled())
    async with db.session() as session:
        ada = await make.creator(session)
        made = {title: await make.content(session, ada, title=title, **values) for title, values in titles.items()}
        await outbox.mark(session, models.DirtyKind.CONTENT, [one.id for one in made.values()])
    await Distributor(db, clock=clock, base_url=BASE).drain()
    return {title: one.id for title, one in made.items()}


async def rehearsed(db: Database, clock: FixedClock, after: Pack, *, batch: int = 2) -> models.Rehearsal:
    """A rehearsal of this version, worked off in small batches."""
    async with db.session() as session:
        row = await rehearsals.rehearse(session, SYSTEM, after, clock=clock)
    rehearser = Rehearser(db, clock=clock, base_url=BASE, batch=batch)
    while await rehearser.step(row.id):
        pass
    return await read(db, row.id)


async def read(db: Database, rehearsal_id: int) -> models.Rehearsal:
    async with db.session() as session:
        return await session.get_one(models.Rehearsal, rehearsal_id)


def counts(row: models.Rehearsal) -> dict[str, int]:
    return {one.change.value: one.count for one in rehearsals.changed(row) if one.count}


def sampled(row: models.Rehearsal, change: Change) -> list[rehearsals.Sample]:
    return next(list(one.samples) for one in rehearsals.changed(row) if one.change is change)


TITLES: dict[str, dict[str, Any]] = {"six by": {}, "twelve at mo": {}, "more than twelve": {}}


async def test_what_would_newly_fail_and_newly_pass_is_counted_with_samples(db: Database, clock: FixedClock):
    ids = await opened(db, clock, **TITLES)

    stricter = await rehearsed(db, clock, ruled(rules=titled(9)))
    looser = await rehearsed(db, clock, ruled(rules=titled(30)))

    assert counts(stricter) == {"NEWLY_FAILING": 1, "FINDINGS_CHANGED": 1, "UNCHANGED": 1}
    assert counts(looser) == {"NEWLY_PASSING": 1, "UNCHANGED": 2}
    (failing,), (passing,) = sampled(stricter, Change.NEWLY_FAILING), sampled(looser, Change.NEWLY_PASSING)
    assert (failing.content_id, failing.before, failing.after) == (ids["twelve at mo"], "ELIGIBLE", "FIXABLE")
    assert (failing.new_codes, failing.gone_codes) == (("text.length",), ())
    assert (passing.content_id, passing.new_codes, passing.gone_codes) == (
        ids["more than twelve"], (), ("text.length",),
    )  # fmt: skip
    # what is still too long is told of another maximum
    assert stricter.codes == {"text.length": 2}
    for row in (stricter, looser):
        assert (row.state, row.done_count, row.total_count) == (RehearsalState.DONE, 3, 3)
        assert (row.failure, row.finished_at) == (None, clock.now())


async def test_nothing_is_changed_by_a_rehearsal(db: Database, clock: FixedClock):
    await opened(db, clock, **TITLES)

    async def ruling() -> list[Any]:
        async with db.session() as session:
            submissions = select(models.Submission.state, models.Submission.pack_version_id, models.Submission.attempt)
            rows = (await session.execute(submissions.order_by(models.Submission.id))).all()
            in_force = await session.scalar(select(models.Channel.pack_version_id))
            installs = await session.scalar(select(func.count()).select_from(models.PackInstall))
            return [rows, in_force, installs]

    before = await ruling()
    row = await rehearsed(db, clock, ruled(rules=titled(9)))

    assert await ruling() == before
    assert row.pack_version_id != row.compared_id == before[1]


async def test_other_renditions_other_audits_and_other_places_of_rules_are_told_apart(db: Database, clock: FixedClock):
    await opened(db, clock, **TITLES)
    warned = {"kind": "text.length", "field": "title", "min": 7, "severity": "warn"}

    linked = await rehearsed(db, clock, ruled(rendering={"link": {"params": {"from": "here"}}}))
    audited = await rehearsed(db, clock, ruled(audit={"path": ["machine", "human"]}))
    moved = await rehearsed(db, clock, ruled(rules=[{**warned, "min": 1}, *SHORT]))
    warning = await rehearsed(
        db, clock, ruled(rules=[warned, *SHORT], rendering={"title": {"fields": ["title"], "max": 4}})
    )

    # what is refused has neither
    assert counts(linked) == {"RENDERED_DIFFERENTLY": 2, "UNCHANGED": 1}
    assert counts(audited) == {"AUDITED_DIFFERENTLY": 2, "UNCHANGED": 1}
    assert counts(moved) == {"UNCHANGED": 3}
    # one of them is shown and told otherwise at once
    assert counts(warning) == {"RENDERED_DIFFERENTLY": 2, "FINDINGS_CHANGED": 1, "UNCHANGED": 1}


async def test_the_version_in_force_changes_nothing_at_once(db: Database, clock: FixedClock):
    await opened(db, clock, **TITLES)

    async with db.session() as session:
        row = await rehearsals.rehearse(session, SYSTEM, ruled(), clock=clock)

    assert (row.state, row.done_count, row.finished_at) == (RehearsalState.DONE, 0, clock.now())
    assert counts(row) == {}
    assert not await Rehearser(db, clock=clock, base_url=BASE).step()


async def test_quota_that_is_used_up_makes_nothing_fail_but_a_limit_of_none_does(db: Database, clock: FixedClock):
    await install(db, ruled())
    await opened(db, clock, **TITLES)

    fewer = await rehearsed(db, clock, ruled(quota={"per_creator_per_day": 1}))
    none = await rehearsed(db, clock, ruled(quota={"per_creator_per_day": 0}))

    assert counts(fewer) == {"UNCHANGED": 3}
    assert counts(none) == {"NEWLY_FAILING": 2, "FINDINGS_CHANGED": 1}


async def test_a_wider_selector_tells_what_would_newly_come(db: Database, clock: FixedClock):
    others: dict[str, dict[str, Any]] = {
        "a gallery": {"format": Format.GALLERY},
        "a gallery too long": {"format": Format.GALLERY},
        "a question": {"format": Format.QNA},
        "elsewhere": {"format": Format.GALLERY, "channel_ids": []},
        "not live": {"format": Format.GALLERY, "live": False},
    }
    ids = await opened(db, clock, **TITLES, **others)
    async with db.session() as session:
        # about to come by the version in force already
        await make.content(session, await make.creator(session), title="on its way")

    wider = await rehearsed(db, clock, ruled(selector={"formats": ["ARTICLE", "GALLERY"]}))
    narrower = await rehearsed(db, clock, ruled(selector={"formats": ["GALLERY"]}))
    closed = await rehearsed(db, clock, ruled(selector={}, gates={"all": [{"level": {"min": 4}}]}))

    assert counts(wider) == {"NEWLY_MATCHING": 2, "UNCHANGED": 4}
    assert [(one.content_id, one.submission_id, one.before, one.after) for one in sampled(wider, Change.NEWLY_MATCHING)] == [
        (ids["a gallery"], None, None, "ELIGIBLE"),
        (ids["a gallery too long"], None, None, "FIXABLE"),
    ]  # fmt: skip
    assert counts(narrower) == {"NEWLY_FAILING": 2, "FINDINGS_CHANGED": 1, "NEWLY_MATCHING": 2}
    # to creators of level 3: three are here and would be kept out, four of all formats would not come
    assert counts(closed) == {"NEWLY_FAILING": 2, "FINDINGS_CHANGED": 1, "UNCHANGED": 4}


async def waiting(db: Database, clock: FixedClock, longest: int = 9) -> models.Rehearsal:
    async with db.session() as session:
        return await rehearsals.rehearse(session, SYSTEM, ruled(rules=titled(longest)), clock=clock)


async def test_killed_in_the_middle_it_goes_on_and_counts_nothing_twice(
    committed: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    await opened(committed, clock, **TITLES)
    row = await waiting(committed, clock)
    rehearser = Rehearser(committed, clock=clock, base_url=BASE, batch=1)
    assert await rehearser.step()
    judged, held, go = working._judged, threading.Event(), threading.Event()

    def slowly(*given: Any) -> Any:
        held.set()
        go.wait(5)
        return judged(*given)

    monkeypatch.setattr(working, "_judged", slowly)
    dying = asyncio.create_task(rehearser.step())
    await asyncio.to_thread(held.wait, 5)
    # another worker does not wait for one that is at work
    assert not await Rehearser(committed, clock=clock, base_url=BASE).step()
    async with committed.session() as session:
        at_work = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
        await session.execute(text(f"{at_work} AND datname = current_database() AND pid <> pg_backend_pid()"))
    go.set()
    with pytest.raises(DBAPIError):
        await dying
    monkeypatch.undo()
    assert (await read(committed, row.id)).done_count == 1

    other = Rehearser(committed, clock=clock, base_url=BASE, batch=1)
    steps = [await other.step() for _ in range(4)]

    found = await read(committed, row.id)
    assert steps == [True, True, True, False]
    assert counts(found) == {"NEWLY_FAILING": 1, "FINDINGS_CHANGED": 1, "UNCHANGED": 1}
    assert (found.state, found.done_count, found.total_count) == (RehearsalState.DONE, 3, 3)


async def test_progress_is_told_and_called_off_it_ends_where_it_is(db: Database, clock: FixedClock):
    await opened(db, clock, **TITLES)
    row = await waiting(db, clock)
    rehearser = Rehearser(db, clock=clock, base_url=BASE, batch=1)
    await rehearser.step()
    half = await read(db, row.id)

    async with db.session() as session:
        await rehearsals.cancel(session, SYSTEM, row.uid, clock=clock)
        again = await rehearsals.cancel(session, SYSTEM, row.uid, clock=clock)

    assert (half.state, half.done_count, half.total_count) == (RehearsalState.RUNNING, 1, 3)
    assert (again.state, again.done_count, again.finished_at) == (RehearsalState.CANCELLED, 1, clock.now())
    assert not await rehearser.step()
    over = await rehearsed(db, clock, ruled(rules=titled(9)))
    async with db.session() as session:
        with pytest.raises(rehearsals.RehearsalOver, match="The rehearsal is DONE"):
            await rehearsals.cancel(session, SYSTEM, over.uid, clock=clock)
        with pytest.raises(rehearsals.NoSuchRehearsal):
            await rehearsals.cancel(session, SYSTEM, new_uid(), clock=clock)
        with pytest.raises(Forbidden):
            await rehearsals.cancel(session, make.acting_as(await make.creator(session)), over.uid, clock=clock)


async def test_what_goes_wrong_ends_it_with_the_reason_and_what_may_heal_does_not(
    db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    await opened(db, clock, **TITLES)
    row = await waiting(db, clock)
    rehearser = Rehearser(db, clock=clock, base_url=BASE, batch=1)
    await rehearser.step()

    def fails(error: Exception) -> Any:
        def judged(*_: Any) -> Any:
            raise error

        return judged

    monkeypatch.setattr(working, "_judged", fails(OSError("away")))
    with pytest.raises(OSError, match="away"):
        await rehearser.step()
    healing = await read(db, row.id)
    monkeypatch.setattr(working, "_judged", fails(ValueError("no such unit")))
    await rehearser.step()
    failed = await read(db, row.id)

    assert (healing.state, healing.done_count) == (RehearsalState.RUNNING, 1)
    another = await waiting(db, clock)
    monkeypatch.setattr(working, "_batch", lambda *_: text("SELECT 1 / 0"))
    await rehearser.step()
    refused = await read(db, another.id)

    # also where the database itself refused
    assert (refused.state, refused.done_count, refused.total_count) == (RehearsalState.FAILED, 0, 0)
    assert "division by zero" in str(refused.failure)
    assert (failed.state, failed.failure, failed.done_count) == (RehearsalState.FAILED, "ValueError: no such unit", 1)
    assert not await rehearser.step()


async def test_what_cannot_be_read_is_counted_and_what_is_not_public_is_not_looked_at(db: Database, clock: FixedClock):
    ids = await opened(db, clock, **TITLES, **{"hidden": {}, "taken back": {}})
    async with db.session() as session:
        await session.execute(text("SET LOCAL headwater.erasing = 'on'"))
        broken = update(models.Revision).where(models.Revision.content_id == ids["six by"])
        await session.execute(broken.values(body=[{"type": "hologram"}]))
        (await session.get_one(models.Content, ids["hidden"])).state = models.ContentState.WITHDRAWN
        withdrawn = update(models.Submission).where(models.Submission.content_id == ids["taken back"])
        await session.execute(withdrawn.values(state=models.SubmissionState.WITHDRAWN))

    row = await rehearsed(db, clock, ruled(rules=titled(9)))

    assert counts(row) == {"NEWLY_FAILING": 1, "FINDINGS_CHANGED": 1, "UNREADABLE": 1}
    assert row.done_count == 3


async def test_samples_are_bounded_and_counts_are_not(db: Database, clock: FixedClock):
    titles: dict[str, dict[str, Any]] = {f"ten chars{one}": {} for one in "abcdefghijklmnopqrstuvw"}
    await opened(db, clock, **titles)

    row = await rehearsed(db, clock, ruled(rules=titled(9)), batch=7)

    assert counts(row) == {"NEWLY_FAILING": 23}
    assert len(sampled(row, Change.NEWLY_FAILING)) == 20
    assert "UNCHANGED" not in row.samples


async def test_a_channel_that_nothing_rules_has_nothing_to_compare_with(db: Database, clock: FixedClock):
    async with db.session() as session:
        with pytest.raises(NoSuchChannel, match=r"There is no channel test\.rehearsed with a pack here"):
            await rehearsals.rehearse(session, SYSTEM, ruled(), clock=clock)


async def test_workers_work_off_what_was_asked_for(committed: Database, clock: FixedClock, store: Store):
    await opened(committed, clock, **TITLES)
    runtime = Runtime(Settings(_env_file=None), committed, clock, index=None, store=store, sandbox=Sandbox())  # type: ignore[arg-type]  # nobody searches
    stop = asyncio.Event()

    drained = await waiting(committed, clock)
    await workers.drain(runtime, work={workers.Work.DISTRIBUTE})
    row = await waiting(committed, clock)
    working_on = asyncio.create_task(workers.run(runtime, stop, work={workers.Work.DISTRIBUTE}))
    async with asyncio.timeout(10):
        while (await read(committed, row.id)).finished_at is None:  # noqa: ASYNC110  (the database has no event for it)
            await asyncio.sleep(0.005)
        stop.set()
        await working_on

    for one in (drained, row):
        assert counts(await read(committed, one.id)) == {"NEWLY_FAILING": 1, "FINDINGS_CHANGED": 1, "UNCHANGED": 1}
