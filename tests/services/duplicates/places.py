"""Creators who publish, and what becomes of what they publish at a channel that keeps duplicates out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import select

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from models import SubmissionState
from services import planning, publishing
from services.distribution import Distributor
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"
KEY = "test.once"
TEXT = {"kind": "content.not_duplicate", "fields": ["text"]}
PICTURES = {"kind": "content.not_duplicate", "fields": ["covers", "pictures"]}
ONCE = pack(KEY, rules=[TEXT])


class Place:
    """The database, the clock, and two creators: Ada and Bob."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.db = db
        self.clock = clock

    async def begin(self, *packs: Any) -> None:
        await install(self.db, *(packs or (ONCE,)))
        async with self.db.session() as session:
            self.ada, self.bob = await make.creator(session, name="Ada"), await make.creator(session, name="Bob")

    async def draft(self, said: str, *, by: models.Creator | None = None, **values: Any) -> models.Content:
        async with self.db.session() as session:
            return await make.content(session, by or self.ada, live=False, text=said, **values)

    async def publish(self, content: models.Content, *, distribute: bool = True, **how: Any) -> None:
        self.clock.move(timedelta(minutes=1))
        async with self.db.session() as session:
            await publishing.publish(session, SYSTEM, content.uid, clock=self.clock, **how)
        if distribute:
            await self.distribute()

    async def published(self, said: str, *, by: models.Creator | None = None, **values: Any) -> models.Content:
        content = await self.draft(said, by=by, **values)
        await self.publish(content)
        return content

    async def distribute(self) -> None:
        await Distributor(self.db, clock=self.clock, base_url=BASE).drain()

    async def edit(self, content: models.Content, said: str) -> None:
        async with self.db.session() as session:
            row = await session.get_one(models.Content, content.id)
            revision = models.Revision(
                content_id=content.id,
                number=2,
                title="Edited",
                body=[{"type": "paragraph", "spans": [{"text": said, "marks": [], "href": None}]}],
            )
            session.add(revision)
            await session.flush()
            row.draft_revision_id = revision.id

    async def state(self, content: models.Content, key: str = KEY) -> SubmissionState:
        async with self.db.session() as session:
            return (await session.scalars(submission_of(content, key))).one().state

    async def decided(self, content: models.Content, key: str = KEY) -> list[dict[str, Any]]:
        """The findings of the last decision."""
        async with self.db.session() as session:
            submission = (await session.scalars(submission_of(content, key))).one()
            found: list[dict[str, Any]] = (await session.get_one(models.Decision, submission.decision_id)).findings
            return found

    async def planned(self, content: models.Content, key: str = KEY) -> list[dict[str, Any]]:
        async with self.db.session() as session:
            (one,) = await planning.plan(session, SYSTEM, content.uid, [key], clock=self.clock, base_url=BASE)
            return list(orjson.loads(orjson.dumps(one.evaluation.findings)))


def submission_of(content: models.Content, key: str) -> Any:
    submission = models.Submission
    return (
        select(submission)
        .join(models.Channel, models.Channel.id == submission.channel_id)
        .where(submission.content_id == content.id, models.Channel.key == key)
        .execution_options(populate_existing=True)
    )
