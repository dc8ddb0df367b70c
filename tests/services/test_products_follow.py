"""Products follow: what goes off the shelf, leaves a pool or changes its price reaches every channel within one pass."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, select, text, update

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from models import DirtyKind, FeedEvent, StreamKind, SubmissionState
from services import goods, outbox, streams
from services.distribution import Distributor
from services.product_changes import TAKEN_BACK
from tests import make
from tests.services.packs import install, pack
from tests.services.test_distribution import BASE, draft, log_of, publish, revise, state_at

ON_SHELF = {"kind": "product.on_shelf"}
IN_POOL = {"kind": "product.pool", "any": ["best"]}
HUMAN = {"path": ["machine", "human"]}


@pytest.fixture
def distributor(db: Database, clock: FixedClock) -> Distributor:
    return Distributor(db, clock=clock, base_url=BASE)


class Shelf:
    """A product in the pool “best”, and what becomes of it."""

    def __init__(self, db: Database, clock: FixedClock, distributor: Distributor) -> None:
        self.db, self.clock, self.distributor = db, clock, distributor

    async def open(self) -> Shelf:
        async with self.db.session() as session:
            self.product = await make.product(session)
            self.pool = models.Pool(code="best", name="The best")
            session.add(self.pool)
            await session.flush()
        await self.pooled(is_in=True)
        return self

    async def change(self, **parts: Any) -> None:
        async with self.db.session() as session:
            await goods.update(session, SYSTEM, self.product.uid, parts, clock=self.clock)

    async def pooled(self, *, is_in: bool) -> None:
        link = models.PoolProduct
        async with self.db.session() as session:
            if is_in:
                session.add(link(pool_id=self.pool.id, product_id=self.product.id))
            else:
                await session.execute(delete(link).where(link.product_id == self.product.id))
            await session.flush()
            await outbox.mark(session, DirtyKind.PRODUCT, [self.product.id])

    async def published(self, **values: Any) -> models.Content:
        content = await draft(self.db, products=(self.product,), **values)
        await publish(self.db, self.clock, content)
        await self.distributor.drain()
        return content

    async def submission(self, content: models.Content) -> models.Submission:
        async with self.db.session() as session:
            wanted = select(models.Submission).where(models.Submission.content_id == content.id)
            return (await session.scalars(wanted.execution_options(populate_existing=True))).one()

    async def flags(self, content: models.Content) -> list[tuple[str, Any, Any]]:
        return [(flag["code"], flag["was"], flag["now"]) for flag in (await self.submission(content)).flags]


@pytest.fixture
async def shelf(db: Database, clock: FixedClock, distributor: Distributor) -> Shelf:
    return await Shelf(db, clock, distributor).open()


async def events(db: Database, key: str = "test.one") -> list[FeedEvent]:
    return [said for _, said, _, _ in await log_of(db, key)]


async def test_a_price_flags_and_re_renders_and_goes_when_it_is_as_before(
    db: Database, clock: FixedClock, distributor: Distributor, shelf: Shelf
):
    await install(db, pack("test.one"))
    content = await shelf.published()
    clock.move(timedelta(hours=1))
    noticed = clock.now()

    await shelf.change(price_minor=17_900)
    await distributor.drain()
    submission = await shelf.submission(content)

    assert submission.flags == [
        {
            "code": "PRICE",
            "product": str(shelf.product.uid),
            "since": noticed.isoformat(),
            "was": {"price_minor": 19_900, "currency": "CNY"},
            "now": {"price_minor": 17_900, "currency": "CNY"},
        }
    ]
    assert (submission.state, submission.attempt) == (SubmissionState.DELIVERED, 1)
    assert await events(db) == [FeedEvent.PUBLISHED, FeedEvent.UPDATED]

    # another price: the same flag, since the same instant
    clock.move(timedelta(hours=1))
    await shelf.change(price_minor=15_900)
    await distributor.drain()
    (flag,) = (await shelf.submission(content)).flags
    assert (flag["since"], flag["now"]["price_minor"]) == (noticed.isoformat(), 15_900)

    await shelf.change(price_minor=19_900)
    await distributor.drain()
    assert await shelf.flags(content) == []
    assert (await events(db))[2:] == [FeedEvent.UPDATED, FeedEvent.UPDATED]


@pytest.mark.parametrize(
    ("rules", "flags"),
    [
        ([], [("OFF_SHELF", True, False)]),
        ([{**ON_SHELF, "severity": "warn"}], [("OFF_SHELF", True, False)]),
        ([{**ON_SHELF, "formats": ["QNA"]}], [("OFF_SHELF", True, False)]),
    ],
)
async def test_off_the_shelf_flags_where_no_rule_blocks(
    db: Database, distributor: Distributor, shelf: Shelf, rules: list[Any], flags: list[Any]
):
    await install(db, pack("test.one", rules=rules))
    content = await shelf.published()

    await shelf.change(is_on_shelf=False)
    await distributor.drain()

    assert await shelf.flags(content) == flags
    assert await state_at(db, content, "test.one") == (SubmissionState.DELIVERED, None)
    assert await events(db) == [FeedEvent.PUBLISHED, FeedEvent.UPDATED]


@pytest.mark.parametrize("rule", [ON_SHELF, IN_POOL], ids=["shelf", "pool"])
async def test_what_a_rule_would_not_let_in_is_taken_back_and_comes_back_by_itself(
    db: Database, distributor: Distributor, shelf: Shelf, rule: Any
):
    await install(db, pack("test.one", rules=[rule], audit=HUMAN))
    content = await shelf.published()
    await accept(db, content)
    await distributor.drain()
    codes = ["OFF_SHELF"] if rule is ON_SHELF else ["OUT_OF_POOL"]

    async def away(*, is_away: bool) -> None:
        if rule is ON_SHELF:
            await shelf.change(is_on_shelf=not is_away)
        else:
            await shelf.pooled(is_in=not is_away)
        await distributor.drain()

    await away(is_away=True)
    gone = await state_at(db, content, "test.one"), [code for code, *_ in await shelf.flags(content)]
    await shelf.change(title="A kettle")  # news that help nothing
    await distributor.drain()
    still = await state_at(db, content, "test.one")
    await away(is_away=False)
    submission = await shelf.submission(content)

    assert gone == ((SubmissionState.WITHDRAWN, TAKEN_BACK), codes)
    assert still == (SubmissionState.WITHDRAWN, TAKEN_BACK)
    async with db.session() as session:
        step = models.SubmissionEvent
        steps = await session.execute(select(step.to_state, step.reason).order_by(step.id))
    assert (SubmissionState.WITHDRAWN, TAKEN_BACK) in [tuple(each) for each in steps]
    # the machine looked again, and nobody had to
    assert (submission.state, submission.flags, submission.attempt) == (SubmissionState.DELIVERED, [], 2)
    assert await events(db) == [FeedEvent.PUBLISHED, FeedEvent.WITHDRAWN, FeedEvent.RESTORED]


async def test_what_was_taken_back_before_anybody_saw_it_is_looked_at_when_it_comes_back(
    db: Database, distributor: Distributor, shelf: Shelf
):
    await install(db, pack("test.one", rules=[ON_SHELF], audit=HUMAN))
    content = await shelf.published()

    await shelf.change(is_on_shelf=False)
    await distributor.drain()
    gone = await state_at(db, content, "test.one")
    await shelf.change(is_on_shelf=True)
    await distributor.drain()

    assert gone == (SubmissionState.WITHDRAWN, TAKEN_BACK)
    assert await state_at(db, content, "test.one") == (SubmissionState.HUMAN_AUDIT, None)


async def test_a_pack_may_have_everything_looked_at_again(db: Database, distributor: Distributor, shelf: Shelf):
    await install(db, pack("test.one", changes={"price": "audit"}, audit=HUMAN))
    content = await shelf.published()
    await accept(db, content)
    await distributor.drain()

    await shelf.change(price_minor=1)
    await distributor.drain()
    submission = await shelf.submission(content)
    # looked at again it stands as it is now: another pass finds nothing changed
    await shelf.change(title="A kettle")
    await distributor.drain()

    assert (submission.state, submission.attempt, submission.flags) == (SubmissionState.HUMAN_AUDIT, 2, [])
    assert (await shelf.submission(content)).attempt == 2
    assert await events(db) == [FeedEvent.PUBLISHED, FeedEvent.WITHDRAWN]


@pytest.mark.parametrize("reaction", ["render", "flag", "audit", "withdraw"])
async def test_the_pack_says_what_a_product_off_the_shelf_does(
    db: Database, distributor: Distributor, shelf: Shelf, reaction: str
):
    """The word of the pack goes before what its rules would do."""
    await install(db, pack("test.one", rules=[ON_SHELF], changes={"off_shelf": reaction}))
    content = await shelf.published()

    await shelf.change(is_on_shelf=False)
    await distributor.drain()

    state = (await state_at(db, content, "test.one"), [code for code, *_ in await shelf.flags(content)])
    told = (await events(db))[1:]
    assert (state, told) == {
        "render": (((SubmissionState.DELIVERED, None), []), [FeedEvent.UPDATED]),
        "flag": (((SubmissionState.DELIVERED, None), ["OFF_SHELF"]), [FeedEvent.UPDATED]),
        "audit": (((SubmissionState.REJECTED, None), []), [FeedEvent.WITHDRAWN]),
        "withdraw": (((SubmissionState.WITHDRAWN, TAKEN_BACK), ["OFF_SHELF"]), [FeedEvent.WITHDRAWN]),
    }[reaction]


async def test_what_was_refused_because_of_its_products_is_judged_anew_when_they_are_better(
    db: Database, distributor: Distributor, shelf: Shelf
):
    await install(db, pack("test.one", rules=[ON_SHELF]))
    await shelf.change(is_on_shelf=False)
    content = await shelf.published()
    await shelf.change(title="A kettle")
    await distributor.drain()
    refused = await shelf.submission(content)

    await shelf.change(is_on_shelf=True)
    await distributor.drain()
    submission = await shelf.submission(content)

    assert (refused.state, refused.attempt) == (SubmissionState.REJECTED, 1)
    assert (submission.state, submission.attempt) == (SubmissionState.DELIVERED, 2)


async def test_what_was_refused_for_something_else_too_stays_refused(
    db: Database, distributor: Distributor, shelf: Shelf
):
    short = {"kind": "text.length", "field": "title", "max": 3, "unit": "graphemes"}
    await install(db, pack("test.one", rules=[ON_SHELF, short]))
    await shelf.change(is_on_shelf=False)
    content = await shelf.published()

    await shelf.change(is_on_shelf=True)
    await distributor.drain()
    submission = await shelf.submission(content)

    assert (submission.state, submission.attempt) == (SubmissionState.REJECTED, 1)


async def test_what_a_person_refused_stays_refused(db: Database, distributor: Distributor, shelf: Shelf):
    await install(db, pack("test.one", rules=[ON_SHELF], audit=HUMAN))
    content = await shelf.published()
    await accept(db, content, SubmissionState.REJECTED)

    await shelf.change(price_minor=1)
    await distributor.drain()
    submission = await shelf.submission(content)

    assert (submission.state, submission.attempt, submission.flags) == (SubmissionState.REJECTED, 1, [])


async def test_an_edit_is_decided_on_as_products_are_then(db: Database, clock: FixedClock, shelf: Shelf):
    await install(db, pack("test.one"))
    content = await shelf.published()
    await shelf.change(price_minor=1)
    await shelf.distributor.drain()
    flagged = await shelf.flags(content)

    await revise(db, content, title="Green tea")
    async with db.session() as session:
        revision_id = await session.scalar(
            select(models.Content.draft_revision_id).where(models.Content.id == content.id)
        )
        session.add(models.RevisionProduct(revision_id=revision_id, position=0, product_id=shelf.product.id))
    await publish(db, clock, content)
    await shelf.distributor.drain()
    await shelf.change(title="A kettle")
    await shelf.distributor.drain()

    assert [code for code, *_ in flagged] == ["PRICE"]
    assert await shelf.flags(content) == []


async def test_followers_of_submissions_are_told_of_flags(db: Database, distributor: Distributor, shelf: Shelf):
    await install(db, pack("test.one"))
    content = await shelf.published()
    submission = await shelf.submission(content)
    subject = streams.Subject(StreamKind.SUBMISSIONS, content.creator_id)
    async with db.session() as session:
        beginning = (await streams.read(session, SYSTEM, subject, None, 10)).tail

    await shelf.change(is_on_shelf=False)
    await distributor.drain()
    await shelf.change(title="A kettle")  # nothing that would be told of a submission
    await distributor.drain()

    async with db.session() as session:
        told = (await streams.read(session, SYSTEM, subject, beginning, 10)).events
    assert [one.details for one in told] == [{"submission": submission.id, "state": "DELIVERED", "attempt": 1}]


async def test_thirty_contents_at_three_channels_follow_within_one_pass(
    db: Database, clock: FixedClock, distributor: Distributor, shelf: Shelf
):
    """And the statements of a pass do not depend on how many contents it is about."""
    await install(
        db,
        pack("test.flags"),
        pack("test.takes-back", rules=[ON_SHELF]),
        pack("test.renders", changes={"off_shelf": "render"}),
    )
    async with db.session() as session:
        ada = await make.creator(session)
        contents = [await make.content(session, ada, live=False, products=(shelf.product,)) for _ in range(30)]
    for content in contents:
        await publish(db, clock, content)
    await distributor.drain()

    async def passed(distributor: Distributor) -> tuple[int, int]:
        """How many contents a step was about, and how many statements it took."""
        ran: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            ran.append(statement)

        async with db.session() as session:
            connection = (await session.connection()).sync_connection
        assert connection is not None
        event.listen(connection.engine, "before_cursor_execute", note)
        try:
            return (await distributor.step()).contents, len(ran)
        finally:
            event.remove(connection.engine, "before_cursor_execute", note)

    await shelf.change(is_on_shelf=False)
    assert (await distributor.step()).spread == 1
    one, statements = await passed(Distributor(db, clock=clock, base_url=BASE, batch=1))
    others, as_many = await passed(Distributor(db, clock=clock, base_url=BASE))

    assert (one, others) == (1, 29)
    assert as_many == statements
    async with db.session() as session:
        rows = await session.execute(
            text(
                "SELECT c.key, s.state, s.flags <> '[]', count(*), min(f.version), max(f.version) FROM submissions s"
                " JOIN channels c ON c.id = s.channel_id JOIN feeds d ON d.channel_id = c.id"
                " JOIN feed_contents f ON f.feed_id = d.id AND f.content_id = s.content_id GROUP BY 1, 2, 3 ORDER BY 1"
            )
        )
        assert [tuple(row) for row in rows] == [
            ("test.flags", "DELIVERED", True, 30, 2, 2),
            ("test.renders", "DELIVERED", False, 30, 2, 2),
            ("test.takes-back", "WITHDRAWN", True, 30, 2, 2),
        ]


async def accept(db: Database, content: models.Content, state: SubmissionState = SubmissionState.DELIVERED) -> None:
    """As an auditor does, who passes it or not."""
    async with db.session() as session:
        submission = models.Submission
        await session.execute(update(submission).where(submission.content_id == content.id).values(state=state))
        await outbox.mark(session, DirtyKind.CONTENT, [content.id])
