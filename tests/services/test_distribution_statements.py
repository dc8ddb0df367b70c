"""What a batch of the distributor asks of the database: as much for many contents at many channels as for few at few."""

from __future__ import annotations

from sqlalchemy import event, update

import models
from core.clock import FixedClock
from core.db import Database
from models import Consumer, DirtyKind, SubmissionState
from services import outbox, submissions
from services.distribution import Distributor
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"


async def test_a_batch_takes_as_many_statements_however_many_contents_and_channels(db: Database, clock: FixedClock):
    asked: list[str] = []
    async with db.session() as session:
        author = await make.creator(session)
        connection = (await session.connection()).sync_connection
        event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2]))
    distributor = Distributor(db, clock=clock, base_url=BASE)

    async def distributed(ids: list[int]) -> tuple[int, int, int]:
        """How many statements one step takes, how many of them add submissions, and how many change them."""
        async with db.session() as session:
            await outbox.mark(session, DirtyKind.CONTENT, ids, consumers=[Consumer.DISTRIBUTION])
        asked.clear()
        assert (await distributor.step()).contents == len(ids)
        return len(asked), _some("INSERT INTO submissions", asked), _some("UPDATE submissions", asked)

    first, again = [], []
    # with the very first one their author gets a feed
    for number, (contents, channels) in enumerate([(1, 1), (2, 2), (20, 2), (2, 12)]):
        await install(db, *(pack(f"test.of-{number}-{place}") for place in range(channels)))
        async with db.session() as session:
            made = [await make.content(session, author, title=f"Kettle {number} {place}") for place in range(contents)]
            ids = [content.id for content in made]
        first.append(await distributed(ids))
        async with db.session() as session:
            hidden = {"state": SubmissionState.WITHDRAWN, "reason": submissions.HIDDEN}
            await session.execute(update(models.Submission).values(**hidden))
        again.append(await distributed(ids))

    assert first[1:] == [(first[1][0], 1, 0)] * 3
    assert again == [(again[0][0], 1, 1)] * 4


def _some(words: str, statements: list[str]) -> int:
    return sum(words in one for one in statements)
