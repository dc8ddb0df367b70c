"""Plans for drafts that nobody saved: what saving and then planning would say, and nothing is written for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

import models
from core.caller import SYSTEM, Caller
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError
from services import access, contents, planning, references, unsaved
from services.channels.findings import Outcome
from services.contents import Draft
from services.planning import ChannelPlan
from services.unsaved import NOBODYS, Unsaved
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"
RULES = [
    {"kind": "text.length", "severity": "block", "field": "title", "max": 10, "unit": "graphemes"},
    {"kind": "image.count", "of": "covers", "min": 1},
    {"kind": "product.count", "min": 1},
    {"kind": "content.not_duplicate", "fields": ["text"], "among": "creator"},
]
RENDERING = {
    "text": {"fields": ["title", "text", "link"], "max": 120, "format": "markdown"},
    "products": {"max": 3},
    "picture": {"ratios": ["16:9"], "max": 3},
    "hashtags": {"taxonomies": ["topic"], "max": 3},
}


class Desk:
    """A creator with everything that a draft may name."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.db = db
        self.clock = clock

    async def open(self) -> None:
        entry = pack(
            "test.one", rules=RULES, rendering=RENDERING, audit={"path": ["machine", "human"], "human_hours": 72}
        )
        await install(self.db, entry, pack("test.notes", selector={"formats": ["ITEM_NOTE"]}))
        async with self.db.session() as session:
            self.creator = await make.creator(session)
            self.cover, self.picture = await make.asset(session), await make.asset(session)
            self.kettle = await make.product(session, title="Kettle", is_on_shelf=True)
            topic = await make.taxonomy(session, "topic")
            await make.tag(session, topic, "tea")

    def draft(self, **changed: Any) -> Draft:
        body = [
            {"type": "paragraph", "spans": [{"text": "First the water. " * 9}]},
            {"type": "image", "asset": str(self.picture.uid)},
            {"type": "product", "product": str(self.kettle.uid), "note": "Pours well."},
        ]
        known = {"title": "Tea, slowly and well", "body": body, "details": {"format": "ARTICLE"}, "tags": ["topic:tea"]}
        return Draft.model_validate(known | {"covers": [str(self.cover.uid)]} | changed)

    async def planned(self, draft: Draft, *, caller: Caller = SYSTEM, **of: Any) -> list[ChannelPlan]:
        whose = of or {"creator_uid": self.creator.uid, "language": "en"}
        asked = Unsaved(draft.format, references.named(draft), **whose)
        async with self.db.session() as session:
            return await unsaved.plan(session, caller, draft, asked, clock=self.clock, base_url=BASE)

    async def saved(self, draft: Draft) -> tuple[models.Content, list[ChannelPlan]]:
        async with self.db.session() as session:
            content = await contents.create(session, SYSTEM, self.creator.uid, draft, language="en", clock=self.clock)
        async with self.db.session() as session:
            return content, await planning.plan(session, SYSTEM, content.uid, clock=self.clock, base_url=BASE)


@pytest.fixture
async def desk(db: Database, clock: FixedClock) -> Desk:
    desk = Desk(db, clock)
    await desk.open()
    return desk


def told(plans: list[ChannelPlan], uid: UUID) -> list[Any]:
    """All that plans say, but for the id that a content has or will have."""
    shown = []
    for one in plans:
        rendition = None
        if one.rendition is not None:
            there = one.rendition.to_json().decode().replace(str(uid), "ID")
            rendition = there
        shown.append((one.channel.key, one.evaluation, rendition, one.expected_hours, one.expected_at))
    return shown


async def test_the_plan_of_a_draft_that_nobody_saved_is_that_of_the_saved_one(desk: Desk):
    draft = desk.draft()

    before = await desk.planned(draft)
    content, after = await desk.saved(draft)

    assert told(before, NOBODYS) == told(after, content.uid)
    first = before[0]
    assert (first.channel.key, first.evaluation.outcome, first.expected_hours) == ("test.one", Outcome.FIXABLE, 72)
    assert [found.path for found in first.evaluation.findings] == ["title"]
    assert first.rendition is not None
    assert (first.rendition.hashtags, len(first.rendition.cards), first.rendition.cards[0].reason) == (
        ("#Tea",), 1, "Pours well.",
    )  # fmt: skip


async def test_what_an_editor_holds_of_a_content_is_planned_as_if_it_were_saved(desk: Desk):
    content, _ = await desk.saved(desk.draft())
    better = desk.draft(title="Tea", covers=[])

    (one,) = [each for each in await desk.planned(better, content_uid=content.uid) if each.channel.key == "test.one"]
    async with desk.db.session() as session:
        (kept,) = await planning.plan(session, SYSTEM, content.uid, ["test.one"], clock=desk.clock, base_url=BASE)

    # the content does not come near to itself
    assert [found.code for found in one.evaluation.findings] == ["image.count"]
    assert [found.code for found in kept.evaluation.findings] == ["text.length"]


async def test_a_plan_of_a_draft_only_reads(desk: Desk):
    sent: list[str] = []

    def note(*given: Any) -> None:
        sent.append(str(given[2]))

    asked = Unsaved(models.Format.ARTICLE, references.named(desk.draft()), None, desk.creator.uid, "en")
    async with desk.db.session() as session:
        connection = (await session.connection()).sync_connection
        await session.execute(text("SET TRANSACTION READ ONLY"))
        event.listen(connection, "before_cursor_execute", note)
        plans = await unsaved.plan(session, SYSTEM, desk.draft(), asked, clock=desk.clock, base_url=BASE)

    assert [one.channel.key for one in plans] == ["test.one", "test.notes"]
    assert sent
    reads = ("SELECT", "WITH", "SAVEPOINT", "RELEASE")
    assert [statement for statement in sent if not statement.strip(" (\n").startswith(reads)] == []
    assert [statement for statement in sent if "FOR " in statement and "SHARE" in statement] == []


async def test_what_would_stand_against_saving_stands_against_the_plan(desk: Desk):
    async with desk.db.session() as session:
        eve = await make.creator(session)
        hers = await make.asset(session, creator_id=eve.id)
    stray = desk.draft(tags=["topic:none"], covers=[str(hers.uid)])
    content, _ = await desk.saved(desk.draft())
    note = desk.draft(details={"format": "ITEM_NOTE", "product": str(desk.kettle.uid)})

    async def refused(draft: Draft, caller: Caller = SYSTEM, **of: Any) -> list[tuple[str, tuple[str | int, ...]]]:
        with pytest.raises(DomainError) as refusal:
            await desk.planned(draft, caller=caller, **of)
        return [(one.code, one.path) for one in refusal.value.problems]

    assert await refused(stray) == [("UNKNOWN_TAG", ("tags", 0)), ("UNKNOWN_ASSET", ("covers", 0))]
    assert await refused(note, content_uid=content.uid) == [("INVALID", ("format",))]
    assert await refused(desk.draft(), make.acting_as(eve)) == [("FORBIDDEN", ())]
    assert await refused(desk.draft(), make.acting_as(eve), content_uid=content.uid) == [
        (access.NoSuchContent.code, ())
    ]
