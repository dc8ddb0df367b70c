"""Plans: the same word as the decision for the same inputs, over the packs that come with Headwater."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import event, select, text

import models
from core.caller import SYSTEM, Caller
from core.clock import FixedClock
from core.db import Database
from core.errors import Forbidden
from models import Format
from services import access, contents, planning, publishing, scheduling, verifying
from services.channels.findings import NextState, Outcome
from services.contents import Draft
from services.distribution import Distributor
from services.planning import ChannelPlan
from tests import make
from tests.channels.reading import PACKS
from tests.services.packs import install, pack

BASE = "https://headwater.example"
STATES = {
    NextState.ACCEPTED: models.SubmissionState.DELIVERED,
    NextState.HUMAN_AUDIT: models.SubmissionState.HUMAN_AUDIT,
    NextState.TRIAL: models.SubmissionState.TRIAL,
    NextState.REJECTED: models.SubmissionState.REJECTED,
}


async def plan(
    db: Database, clock: FixedClock, uid: UUID, channels: list[str] | None = None, *, caller: Caller = SYSTEM
) -> dict[str, ChannelPlan]:
    async with db.session() as session:
        plans = await planning.plan(session, caller, uid, channels, clock=clock, base_url=BASE)
    return {one.channel.key: one for one in plans}


async def decisions(db: Database, content: models.Content) -> dict[str, tuple[models.Decision, models.Submission]]:
    async with db.session() as session:
        rows = await session.execute(
            select(models.Channel.key, models.Decision, models.Submission)
            .join(models.Submission, models.Submission.channel_id == models.Channel.id)
            .join(models.Decision, models.Decision.id == models.Submission.decision_id)
            .where(models.Submission.content_id == content.id)
        )
        return {key: (decision, submission) for key, decision, submission in rows}


class Studio:
    """Makes contents of every sort by fixed dice, for creators of every sort."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.db = db
        self.clock = clock
        self.dice = random.Random(20261124)

    async def open(self) -> None:
        async with self.db.session() as session:
            shop = await make.shop(session)
            self.products = [
                await make.product(session, title=f"Kettle {n}", shop_id=shop.id, is_on_shelf=n != 2) for n in range(4)
            ]
            self.pictures = [
                await make.asset(session, width=width, height=height, byte_count=size)
                for width, height, size in ((1200, 800, 200_000), (750, 1000, 90_000), (300, 300, 9_000_000))
            ]
            self.film = await make.asset(
                session,
                kind=models.AssetKind.VIDEO,
                media_type="video/mp4",
                width=1080,
                height=1920,
                duration_ms=45_000,
                byte_count=30_000_000,
            )
            self.tags = []
            for code in ("category", "scene", "crowd", "style", "topic"):
                taxonomy = await make.taxonomy(session, code, is_tree=False)
                self.tags += [f"{code}:{tag.code}" for tag in [await make.tag(session, taxonomy, f"{code}-one")]]
            self.creators = [
                await make.creator(session, level=0, followers_count=3),
                await make.creator(
                    session,
                    level=4,
                    kind=models.CreatorKind.MEDIA,
                    followers_count=20_000,
                    quality_score=700,
                    health_score=900,
                    index_score=600,
                ),
                await make.creator(
                    session,
                    level=6,
                    kind=models.CreatorKind.MERCHANT,
                    is_seller=True,
                    followers_count=900_000,
                    quality_score=950,
                    health_score=1000,
                    index_score=900,
                    fan_value=900,
                    certified_on=make.day("2024-01-01"),
                ),
            ]

    async def draft(self, form: Format, language: str) -> models.Content:
        pick, some = self.dice.choice, self.dice.sample
        word = "水" if language == "zh" else "tea "
        body = [{"type": "paragraph", "spans": [{"text": (word * pick((5, 60, 400))).strip()}]}]
        body += [{"type": "image", "asset": str(one.uid)} for one in some(self.pictures, pick((0, 1, 3)))]
        written = Draft.model_validate(
            {
                "title": (word * pick((2, 6, 14, 40))).strip(),
                "summary": (word * pick((0, 10, 50))).strip(),
                "body": body,
                "details": {"format": form.value} | self.details(form),
                "covers": [str(one.uid) for one in some(self.pictures, pick((0, 1, 2)))],
                "products": [str(one.uid) for one in some(self.products, pick((0, 1, 3)))],
                "tags": some(self.tags, pick((0, 2, 5))),
                "is_original": pick((None, True, False)),
            }
        )
        start = {"starts_at": self.clock.now()} if form is Format.LIVE else None
        async with self.db.session() as session:
            return await contents.create(
                session,
                SYSTEM,
                pick(self.creators).uid,
                written,
                language=language,
                clock=self.clock,
                live=None if start is None else contents.formats.Live.model_validate(start),
            )

    def details(self, form: Format) -> dict[str, Any]:
        product, picture = str(self.dice.choice(self.products).uid), str(self.dice.choice(self.pictures).uid)
        return {
            Format.GALLERY: {"pictures": [{"asset": picture, "anchors": [{"product": product, "x": 0.5, "y": 0.5}]}]},
            Format.SHORT_VIDEO: {"video": str(self.film.uid)},
            Format.RANKED_LIST: {"entries": [{"rank": 1, "product": product}]},
            Format.ITEM_NOTE: {"product": product},
            Format.COLLOCATION: {"scene": picture, "pieces": [{"product": product}]},
        }.get(form, {})


async def test_for_the_same_inputs_plan_equals_decision(db: Database, clock: FixedClock):
    await install(db, *PACKS.values())
    studio = Studio(db, clock)
    await studio.open()
    distributor = Distributor(db, clock=clock, base_url=BASE)
    compared = 0

    for form in Format:
        for language in ("zh", "en"):
            content = await studio.draft(form, language)
            planned = await plan(db, clock, content.uid)
            async with db.session() as session:
                await publishing.publish(session, SYSTEM, content.uid, clock=clock)
            await distributor.drain()
            decided = await decisions(db, content)

            assert set(planned) == {one.key for one in PACKS.values()}
            open_to_it = {Outcome.ELIGIBLE, Outcome.FIXABLE}
            assert {key for key, one in planned.items() if one.evaluation.outcome in open_to_it} == set(decided)
            for key, (decision, submission) in decided.items():
                evaluation = planned[key].evaluation
                assert evaluation.outcome.value == decision.outcome.value, key
                assert orjson.loads(orjson.dumps(evaluation.findings)) == decision.findings, key
                assert {limit.name: limit.used for limit in evaluation.quota} == decision.quota_used, key
                assert STATES[evaluation.next_state] is submission.state, key
                assert decision.decided_at == evaluation.at
                compared += 1

    assert compared > 150
    # and judged again from what was pinned, years later, they come to the same
    clock.move(timedelta(days=800))
    verified = [one for batch in [each async for each in verifying.every(db, SYSTEM)] for one in batch]
    assert len(verified) == compared
    assert [one for one in verified if one.agreement is not verifying.Agreement.SAME] == []


async def test_a_plan_counts_what_the_creator_published_without_the_content_itself(db: Database, clock: FixedClock):
    await install(db, pack("test.busy", gates={"published_in_window": {"days": 30, "min": 2}}))
    async with db.session() as session:
        ada = await make.creator(session)
        await make.content(session, ada, published_at=clock.now() - timedelta(days=3))
        draft = await make.content(session, ada, live=False)

    before = (await plan(db, clock, draft.uid))["test.busy"].evaluation.outcome
    async with db.session() as session:
        await publishing.publish(session, SYSTEM, draft.uid, clock=clock)
    after = (await plan(db, clock, draft.uid))["test.busy"].evaluation.outcome

    assert (before, after) == (Outcome.IMPOSSIBLE, Outcome.IMPOSSIBLE)


async def test_a_plan_reserves_and_writes_nothing(db: Database, clock: FixedClock):
    await install(db, pack("test.one-a-day", quota={"per_creator_per_day": 1}))
    async with db.session() as session:
        content = await make.content(session, await make.creator(session), live=False)
    counted = "SELECT (SELECT count(*) FROM {}), (SELECT count(*) FROM {}), (SELECT count(*) FROM {})".format(
        "submissions", "quota_counters", "dirty_marks"
    )

    plans = [await plan(db, clock, content.uid) for _ in range(3)]

    assert [one["test.one-a-day"].evaluation.quota[0].left for one in plans] == [1, 1, 1]
    async with db.session() as session:
        assert tuple((await session.execute(text(counted))).one()) == (0, 0, 0)


async def test_a_plan_names_the_quota_that_is_left_and_then_spent(db: Database, clock: FixedClock):
    await install(db, pack("test.one-a-day", quota={"per_creator_per_day": 1}))
    async with db.session() as session:
        ada = await make.creator(session)
        first, second = [await make.content(session, ada, live=False) for _ in range(2)]
        await publishing.publish(session, SYSTEM, first.uid, clock=clock)
    await Distributor(db, clock=clock, base_url=BASE).drain()

    evaluation = (await plan(db, clock, second.uid))["test.one-a-day"].evaluation

    assert evaluation.outcome is Outcome.FIXABLE
    assert [found.code for found in evaluation.findings] == ["quota.spent"]


async def test_plan_and_decision_say_alike_that_the_score_is_too_low(db: Database, clock: FixedClock):
    products = {"kind": "product.count", "min": 1, "severity": "score", "weight": 15}
    await install(db, pack("test.scored", min_score=90, rules=[products]))
    async with db.session() as session:
        content = await make.content(session, await make.creator(session), live=False)
    planned = (await plan(db, clock, content.uid))["test.scored"].evaluation
    async with db.session() as session:
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    await Distributor(db, clock=clock, base_url=BASE).drain()

    decision, submission = (await decisions(db, content))["test.scored"]

    assert (planned.score, planned.outcome, planned.findings[-1].code) == (85, Outcome.FIXABLE, "score.min")
    assert orjson.loads(orjson.dumps(planned.findings)) == decision.findings
    assert (decision.outcome.value, submission.state) == ("FIXABLE", models.SubmissionState.REJECTED)


async def test_plans_stand_in_order_of_what_can_be_done(db: Database, clock: FixedClock):
    await install(
        db,
        pack("d.eligible"),
        pack("a.not-for-this", selector={"formats": ["QNA"]}),
        pack("b.impossible", gates={"level": {"min": 6}}),
        pack("c.fixable", rules=[{"kind": "text.length", "severity": "block", "field": "title", "max": 1}]),
        pack("c.eligible"),
    )
    async with db.session() as session:
        content = await make.content(session, await make.creator(session, level=3), live=False)

    plans = await plan(db, clock, content.uid)

    assert [(key, one.evaluation.outcome.value, one.rendition is not None) for key, one in plans.items()] == [
        ("c.eligible", "ELIGIBLE", True),
        ("d.eligible", "ELIGIBLE", True),
        ("c.fixable", "FIXABLE", True),
        ("b.impossible", "IMPOSSIBLE", True),
        ("a.not-for-this", "NOT_FOR_THIS", False),
    ]


async def test_a_plan_is_of_the_draft_where_there_is_one(db: Database, clock: FixedClock):
    short = {"kind": "text.length", "severity": "block", "field": "title", "max": 10, "unit": "graphemes"}
    await install(db, pack("test.short", rules=[short]))
    async with db.session() as session:
        content = await make.content(session, await make.creator(session), title="Short")
        draft = models.Revision(content_id=content.id, number=2, title="A title of more than ten")
        session.add(draft)
        await session.flush()
        content.draft_revision_id = draft.id

    (one,) = (await plan(db, clock, content.uid)).values()

    assert one.evaluation.outcome is Outcome.FIXABLE
    assert one.rendition is not None
    assert one.rendition.title == "A title of more than ten"


async def test_a_plan_is_of_what_waits_where_nothing_is_written(db: Database, clock: FixedClock):
    await install(db, pack("test.one"))
    async with db.session() as session:
        content = await make.content(session, await make.creator(session), title="Sent", live=False)
        when = {"at": "2026-12-01T20:00", "time_zone": "Asia/Shanghai"}
        await scheduling.schedule(session, SYSTEM, content.uid, clock=clock, **when)

    (one,) = (await plan(db, clock, content.uid)).values()

    assert one.rendition is not None
    assert one.rendition.title == "Sent"


async def test_asked_for_channels_the_plan_names_those_and_refuses_unknown_ones(db: Database, clock: FixedClock):
    await install(db, pack("test.one"), pack("test.two"))
    async with db.session() as session:
        content = await make.content(session, await make.creator(session), live=False)

    assert list(await plan(db, clock, content.uid, ["test.two", "test.two"])) == ["test.two"]
    with pytest.raises(planning.UnknownChannel) as refused:
        await plan(db, clock, content.uid, ["test.one", "test.nothing"])
    assert [problem.path for problem in refused.value.problems] == [("channels", 1)]


async def test_only_who_may_edit_a_content_plans_it(db: Database, clock: FixedClock):
    await install(db, pack("test.one"), pack("test.secret", kind="private"))
    async with db.session() as session:
        ada, eve = await make.creator(session), await make.creator(session)
        draft, live = await make.content(session, ada, live=False), await make.content(session, ada)

    async def planned(caller: Any, content: models.Content) -> list[str]:
        async with db.session() as session:
            plans = await planning.plan(session, caller, content.uid, clock=clock, base_url=BASE)
        return [one.channel.key for one in plans]

    assert await planned(make.acting_as(ada), draft) == ["test.one"]  # the private one is nobody's business
    assert sorted(await planned(SYSTEM, draft)) == ["test.one", "test.secret"]
    with pytest.raises(planning.UnknownChannel):  # as one that never was
        await plan(db, clock, draft.uid, ["test.secret"], caller=make.acting_as(ada))
    with pytest.raises(access.NoSuchContent):
        await planned(make.acting_as(eve), draft)
    with pytest.raises(Forbidden):
        await planned(make.acting_as(eve), live)


async def test_a_plan_costs_the_same_statements_for_one_channel_and_for_many(db: Database, clock: FixedClock):
    shapes = {"text": {"fields": ["text", "link"], "format": "html"}, "picture": {"ratios": ["16:9"], "max": 3}}
    await install(db, *(pack(f"test.of-many-{number}", rendering=shapes) for number in range(12)))
    async with db.session() as session:
        products = [await make.product(session) for _ in range(3)]
        content = await make.content(session, await make.creator(session), live=False, products=tuple(products))
    keys = [f"test.of-many-{number}" for number in range(12)]

    async def sent_for(wanted: list[str]) -> list[str]:
        sent: list[str] = []

        def note(*given: object) -> None:
            sent.append(str(given[2]))

        async with db.session() as session:
            connection = (await session.connection()).sync_connection
            event.listen(connection, "before_cursor_execute", note)
            plans = await planning.plan(session, SYSTEM, content.uid, wanted, clock=clock, base_url=BASE)
            event.remove(connection, "before_cursor_execute", note)
        assert len(plans) == len(wanted)
        return sent

    await sent_for(keys)

    assert await sent_for(keys) == await sent_for(keys[:1]) != []


async def test_what_was_published_elsewhere_before_needs_no_quota_in_plans_either(db: Database, clock: FixedClock):
    await install(db, pack("test.one", quota={"total": 1}))
    async with db.session() as session:
        content = await make.content(session, await make.creator(session), is_history=True)
        channel_id = await session.scalar(select(models.Channel.id))
        counter = {"period": models.QuotaPeriod.TOTAL, "starts_on": make.day("1970-01-01"), "used_count": 1}
        session.add(models.QuotaCounter(channel_id=channel_id, creator_id=0, **counter))

    as_it_is = (await plan(db, clock, content.uid))["test.one"]
    async with db.session() as session:
        row = await session.get_one(models.Content, content.id)
        draft = models.Revision(content_id=content.id, number=2, title="Anew", summary="", body=[], details={})
        draft.state = models.RevisionState.DRAFT
        session.add(draft)
        await session.flush()
        row.draft_revision_id = draft.id
    edited = (await plan(db, clock, content.uid))["test.one"]

    assert (as_it_is.evaluation.outcome, edited.evaluation.outcome) == (Outcome.ELIGIBLE, Outcome.FIXABLE)
