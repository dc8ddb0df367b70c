"""Clean-outs: who is counted and how, who is warned and who has to go, once in a period, rehearsed without a trace."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from core.errors import Forbidden
from core.ids import new_uid
from models import SubmissionState as State
from services import access, clean_outs, planning
from services.channel_access import AccessState, channel_access
from services.channels.packs import Pack
from services.channels.versions import NoSuchChannel
from services.clean_outs import NoCleanOut, NotInTheChannel, RightIsEnded, UnknownCause
from tests import make
from tests.services.packs import install, pack

KEY = "card.home"
GATES = {"all": [{"level": {"min": 2}}, {"certified_days": {"min": 9}}]}
MONTHLY: dict[str, Any] = {
    "counted": "platform",
    "below_gates": True,
    "floors": [{"days": 14, "min": 1, "then": "warn"}, {"days": 30, "min": 2}],
    "pass_rate_min": 50,
    "causes": [{"code": "copied", "text": {"en": "Copied.", "zh": "抄袭。"}}],
    "wait_months": 3,
}


def entry(key: str = KEY, **parts: Any) -> Pack:
    return pack(key, **{"parent": "card", "gates": GATES, "clean_out": MONTHLY} | parts)


class Past:
    """What creators handed in at the channels of one platform."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.db = db
        self.clock = clock
        self.creators: dict[str, models.Creator] = {}

    async def creator(self, name: str, **facts: Any) -> models.Creator:
        async with self.db.session() as session:
            self.creators[name] = await make.creator(
                session, name=name, **{"level": 3, "certified_on": date(2026, 1, 1)} | facts
            )
        return self.creators[name]

    async def handed_in(
        self, name: str, *states: State, days_ago: int = 5, key: str = KEY, first: int = 60, **content: Any
    ) -> None:
        """A content in each of these states since then, by a creator who came `first` days ago."""
        then = self.clock.now() - timedelta(days=days_ago)
        async with self.db.session() as session:
            channel = (await session.scalars(select(models.Channel).where(models.Channel.key == key))).one()
            for state in states:
                one = await make.content(session, self.creators[name], **content)
                row = models.Submission(
                    content_id=one.id,
                    channel_id=channel.id,
                    state=state,
                    revision_id=one.live_revision_id,
                    pack_version_id=channel.pack_version_id,
                    state_since=then,
                    created_at=self.clock.now() - timedelta(days=first),
                )
                session.add(row)

    async def run(self, *, is_rehearsal: bool = False, key: str = KEY) -> models.CleanOut:
        async with self.db.session() as session:
            return await clean_outs.clean_out(session, SYSTEM, key, is_rehearsal=is_rehearsal, clock=self.clock)

    async def told(self, run: models.CleanOut) -> dict[str, tuple[bool, list[str]]]:
        """Who has to go, and the codes of why, by name; those who stay are not there."""
        names = {one.id: name for name, one in self.creators.items()}
        async with self.db.session() as session:
            rows = await session.scalars(
                select(models.CleanOutVerdict).where(models.CleanOutVerdict.clean_out_id == run.id)
            )
            return {names[row.creator_id]: (row.is_out, [found["code"] for found in row.findings]) for row in rows}

    async def out(self) -> dict[str, date | None]:
        names = {one.id: name for name, one in self.creators.items()}
        async with self.db.session() as session:
            return {names[row.creator_id]: row.until for row in await session.scalars(select(models.ChannelDeparture))}


@pytest.fixture
async def past(db: Database, clock: FixedClock) -> Past:
    async with db.session() as session:
        await make.channel(session, "card")
    await install(db, entry(), entry("card.outfits"), pack("other.entry"))
    return Past(db, clock)


async def test_each_is_judged_by_what_was_counted_of_them(past: Past):
    for name in ("good", "both", "few", "quiet", "refused", "new", "history", "stranger"):
        await past.creator(name)
    await past.creator("below", level=1, certified_on=None)
    await past.creator("unknown", certified_on=None)
    await past.handed_in("good", State.ACCEPTED, State.CONFIRMED)
    await past.handed_in("below", State.ACCEPTED, State.ACCEPTED)
    await past.handed_in("unknown", State.ACCEPTED, State.ACCEPTED)
    await past.handed_in("both", State.ACCEPTED)
    await past.handed_in("both", State.DELIVERED, key="card.outfits")
    await past.handed_in("few", State.ACCEPTED)
    await past.handed_in("few", State.ACCEPTED, days_ago=31)
    await past.handed_in("few", State.ACCEPTED, key="other.entry")
    await past.handed_in("quiet", State.ACCEPTED, State.ACCEPTED, days_ago=15)
    await past.handed_in("refused", State.ACCEPTED, State.ACCEPTED, *[State.REJECTED] * 3)
    await past.handed_in("new", State.REJECTED, first=29)
    await past.handed_in("history", State.REJECTED, is_history=True)
    await past.handed_in("stranger", State.REJECTED, key="other.entry")

    run = await past.run()

    assert await past.told(run) == {
        "below": (True, ["creator.level"]),
        "few": (True, ["clean_out.accepted"]),
        "quiet": (False, ["clean_out.accepted"]),
        "refused": (True, ["clean_out.pass_rate"]),
        "new": (False, ["clean_out.accepted"]),
    }
    assert (run.seen_count, run.warned_count, run.out_count) == (8, 2, 3)
    assert await past.out() == dict.fromkeys(("below", "few", "refused"), back(past))


def back(past: Past) -> date:
    """Three months from today in Shanghai; the clock stands on a day that every month has."""
    today = (past.clock.now() + timedelta(hours=8)).date()
    month = today.month + 3
    return date(today.year + (month > 12), (month - 1) % 12 + 1, today.day)


@pytest.mark.parametrize("accepted", [State.ACCEPTED, State.DELIVERED])  # by people, or by the machine alone
async def test_a_content_is_accepted_when_it_first_was_however_late_it_was_confirmed(past: Past, accepted: State):
    await past.creator("slow")
    await past.handed_in("slow", State.CONFIRMED, State.CONFIRMED)
    async with past.db.session() as session:
        for row in await session.scalars(select(models.Submission)):
            for days, to in ((40, accepted), (5, State.CONFIRMED)):
                session.add(
                    models.SubmissionEvent(
                        submission_id=row.id,
                        attempt=1,
                        to_state=to,
                        at=past.clock.now() - timedelta(days=days),
                        taken_by=models.SubmissionActor.ENGINE,
                        actor="system",
                    )
                )

    run = await past.run()

    assert await past.told(run) == {"slow": (True, ["clean_out.accepted", "clean_out.accepted"])}


async def test_once_in_a_period_it_counts_and_again_changes_nothing(past: Past, clock: FixedClock):
    await past.creator("idle")
    await past.handed_in("idle", State.REJECTED)

    first = await past.run()
    await past.creator("late")
    await past.handed_in("late", State.REJECTED)
    again = await past.run()

    assert (again.id, again.out_count, again.period) == (first.id, 1, f"{clock.now():%Y-%m}")
    assert set(await past.out()) == {"idle"}
    clock.move(timedelta(days=31))
    later = await past.run()
    assert (later.id != first.id, later.seen_count, set(await past.out())) == (True, 1, {"idle", "late"})


async def test_a_rehearsal_says_the_same_and_leaves_everybody_in(past: Past):
    await past.creator("idle")
    await past.handed_in("idle", State.REJECTED)

    rehearsed = [await past.run(is_rehearsal=True), await past.run(is_rehearsal=True)]
    out_after_rehearsals = await past.out()
    run = await past.run()

    assert len({one.id for one in (*rehearsed, run)}) == 3
    assert [await past.told(one) for one in rehearsed] == [await past.told(run)] * 2
    assert (out_after_rehearsals, set(await past.out())) == ({}, {"idle"})
    async with past.db.session() as session:
        acts = (await session.scalars(select(models.AuditEntry.action).order_by(models.AuditEntry.id))).all()
    assert acts[-2:] == ["creator.cleaned_out", "channel.cleaned_out"]
    assert acts.count("channel.cleaned_out") == 1


async def test_it_goes_on_where_it_stopped_by_the_rules_it_began_with(past: Past):
    for number in range(3):
        await past.creator(f"idle-{number}")
        await past.handed_in(f"idle-{number}", State.REJECTED)
    async with past.db.session() as session:
        run = await clean_outs.begin(session, SYSTEM, KEY, is_rehearsal=False, clock=past.clock)
        assert not await clean_outs.step(session, SYSTEM, run.id, clock=past.clock, limit=2)
    assert set(await past.out()) == {"idle-0", "idle-1"}
    await install(past.db, entry(clean_out={"pass_rate_min": 1}))

    run = await past.run()

    assert (run.seen_count, run.out_count, run.finished_at) == (3, 3, past.clock.now())
    assert set(await past.out()) == {"idle-0", "idle-1", "idle-2"}


async def test_who_is_out_is_kept_out_until_the_day_it_says_and_is_told_why(past: Past, clock: FixedClock):
    idle = await past.creator("idle")
    await past.handed_in("idle", State.ACCEPTED, days_ago=40)
    await past.run()
    async with past.db.session() as session:
        content = await make.content(session, idle, live=False)

    async def seen() -> tuple[AccessState, str, list[str]]:
        async with past.db.session() as session:
            (one,) = await channel_access(session, SYSTEM, idle.uid, [KEY], clock=clock)
            (plan,) = await planning.plan(
                session, SYSTEM, content.uid, [KEY], clock=clock, base_url="https://h.example"
            )
        said = [found["code"] for found in one.clean_out.verdict.findings] if one.clean_out else []
        return one.state, plan.evaluation.outcome.value, said

    reasons = ["clean_out.accepted", "clean_out.accepted"]
    assert await seen() == (AccessState.CLOSED, "IMPOSSIBLE", reasons)
    clock.move(timedelta(days=(back(past) - (clock.now() + timedelta(hours=8)).date()).days))
    assert await seen() == (AccessState.OPEN, "ELIGIBLE", reasons)
    async with past.db.session() as session:
        (submission,) = (await session.scalars(select(models.Submission))).all()
    assert submission.state is State.ACCEPTED  # what was accepted stays

    # they begin anew: nothing is held against them before a whole span has passed
    run = await past.run()
    assert (run.seen_count, await past.told(run)) == (1, {})
    assert (await seen())[2] == []


async def test_of_a_channel_by_invitation_the_members_are_looked_at_and_who_goes_is_invited_no_more(past: Past):
    await install(past.db, entry("club.one", gates={"invited": {}}, parent=None))
    for name in ("member", "fresh", "visitor"):
        await past.creator(name)
    await past.handed_in("visitor", State.REJECTED, key="club.one")
    async with past.db.session() as session:
        channel = (await session.scalars(select(models.Channel).where(models.Channel.key == "club.one"))).one()
        for name, days in (("member", 60), ("fresh", 3)):
            joined = past.clock.now() - timedelta(days=days)
            whose = {"channel_id": channel.id, "creator_id": past.creators[name].id}
            session.add(models.ChannelMember(**whose, joined_at=joined))

    run = await past.run(key="club.one")

    assert await past.told(run) == {"member": (True, ["clean_out.accepted", "clean_out.accepted"])}
    async with past.db.session() as session:
        assert (await session.scalars(select(models.ChannelMember.creator_id))).all() == [past.creators["fresh"].id]
        admitted = clean_outs.admit(session, SYSTEM, "club.one", past.creators["member"].uid, clock=past.clock)
        with pytest.raises(RightIsEnded):
            await admitted
        await clean_outs.admit(
            session, SYSTEM, "club.one", past.creators["member"].uid, is_early=True, clock=past.clock
        )
        (one,) = await channel_access(session, SYSTEM, past.creators["member"].uid, ["club.one"], clock=past.clock)
    assert (one.state, one.is_member) == (AccessState.OPEN, True)


async def test_a_right_is_ended_by_hand_for_a_cause_of_the_pack_or_a_reason_of_its_own(past: Past):
    ada = await past.creator("ada")
    async with past.db.session() as session:
        with pytest.raises(UnknownCause, match=r"no cause copeid\. It knows copied\. Did you mean copied"):
            await clean_outs.remove(session, SYSTEM, KEY, ada.uid, cause="copeid", reason="x", clock=past.clock)
        await clean_outs.remove(session, SYSTEM, KEY, ada.uid, cause="copied", reason="Twice.", clock=past.clock)
        with pytest.raises(NotInTheChannel):
            await clean_outs.remove(session, SYSTEM, KEY, ada.uid, reason="Again.", clock=past.clock)
        row = await session.get_one(models.ChannelDeparture, await _place(session, ada))
        assert (row.reason_codes, row.reason, row.until, row.clean_out_id) == (["copied"], "Twice.", back(past), None)

        await clean_outs.admit(session, SYSTEM, KEY, ada.uid, is_early=True, clock=past.clock)
        await clean_outs.admit(session, SYSTEM, KEY, ada.uid, clock=past.clock)
        (one,) = await channel_access(session, SYSTEM, ada.uid, [KEY], clock=past.clock)
        assert (one.state, one.is_member) == (AccessState.OPEN, True)


async def _place(session: Any, creator: models.Creator) -> tuple[int, int]:
    channel_id = await session.scalar(select(models.Channel.id).where(models.Channel.key == KEY))
    return channel_id, creator.id


async def test_what_is_not_there_and_who_may_not(past: Past):
    ada = await past.creator("ada")
    async with past.db.session() as session:
        with pytest.raises(NoCleanOut):
            await clean_outs.begin(session, SYSTEM, "other.entry", is_rehearsal=True, clock=past.clock)
        with pytest.raises(NoSuchChannel):
            await clean_outs.begin(session, SYSTEM, "card.hoem", is_rehearsal=True, clock=past.clock)
        with pytest.raises(access.NoSuchCreator):
            await clean_outs.admit(session, SYSTEM, KEY, new_uid(), clock=past.clock)
        for work in (
            clean_outs.begin(session, make.acting_as(ada), KEY, is_rehearsal=True, clock=past.clock),
            clean_outs.admit(session, make.acting_as(ada), KEY, ada.uid, clock=past.clock),
            clean_outs.remove(session, make.acting_as(ada), KEY, ada.uid, reason="x", clock=past.clock),
        ):
            with pytest.raises(Forbidden):
                await work


async def test_statements_do_not_grow_with_creators(past: Past):
    counts = []
    for number in (1, 4):
        for each in range(number):
            await past.creator(f"{number}-{each}")
            await past.handed_in(f"{number}-{each}", State.REJECTED)
        async with past.db.session() as session:
            run = await clean_outs.begin(session, SYSTEM, KEY, is_rehearsal=True, clock=past.clock)
            before = await statements(session)
            await clean_outs.step(session, SYSTEM, run.id, clock=past.clock)
            counts.append(len(before))
    assert counts[0] == counts[1] > 5


async def statements(session: Any) -> list[str]:
    asked: list[str] = []
    connection = (await session.connection()).sync_connection
    event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2]))
    return asked
