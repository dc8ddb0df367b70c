"""Publishing and taking back: states, rights, what is sealed, and what waits for the distributor afterwards."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import ANONYMOUS, SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import Conflict, DomainError, Forbidden
from core.ids import new_uid
from models import ContentState, RevisionState
from services import access, completeness, contents, outbox, publishing
from tests import make
from tests.services.packs import install, pack


async def one(db: Database, *, live: bool = False, **values: Any) -> tuple[models.Creator, models.Content]:
    async with db.session() as session:
        ada = await make.creator(session, name="Ada")
        return ada, await make.content(session, ada, live=live, **values)


async def now(db: Database, content: models.Content) -> models.Content:
    async with db.session() as session:
        return await session.get_one(models.Content, content.id, populate_existing=True)


async def revisions(db: Database, content: models.Content) -> list[tuple[int, RevisionState]]:
    async with db.session() as session:
        rows = await session.execute(
            text("SELECT number, state FROM revisions WHERE content_id = :id ORDER BY 1"), {"id": content.id}
        )
        return [(number, RevisionState(state)) for number, state in rows]


async def marks(db: Database) -> list[tuple[str, str, int]]:
    async with db.session() as session:
        rows = await session.execute(text("SELECT consumer, kind, urgency FROM dirty_marks ORDER BY 1, 2"))
        return [tuple(row) for row in rows]


async def actions(db: Database) -> list[tuple[str, str | None]]:
    async with db.session() as session:
        return [
            tuple(row) for row in await session.execute(text("SELECT action, reason FROM audit_entries ORDER BY id"))
        ]


async def add_draft(db: Database, content: models.Content, title: str, **values: Any) -> None:
    async with db.session() as session:
        row = await session.get_one(models.Content, content.id, populate_existing=True)
        draft = models.Revision(content_id=row.id, number=2, title=title, **values)
        session.add(draft)
        await session.flush()
        row.draft_revision_id = draft.id


async def test_publishing_seals_the_draft_and_leaves_marks(db: Database, clock: FixedClock):
    ada, content = await one(db)

    async with db.session() as session:
        await publishing.publish(session, await make.author(session, ada), content.uid, clock=clock)

    after = await now(db, content)
    assert (after.state, after.version, after.published_at, after.changed_at) == (
        ContentState.VISIBLE,
        content.version + 1,
        clock.now(),
        clock.now(),
    )
    assert after.draft_revision_id is None
    assert await revisions(db, content) == [(1, RevisionState.LIVE)]
    assert await marks(db) == [("DISTRIBUTION", "CONTENT", outbox.USUAL), ("INDEX", "CONTENT", outbox.USUAL)]
    assert await actions(db) == [("content.published", None)]


async def test_publishing_again_supersedes_and_keeps_the_first_day(db: Database, clock: FixedClock):
    _, content = await one(db, live=True)
    await add_draft(db, content, "Second")
    clock.move(timedelta(days=1))

    async with db.session() as session:
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)

    assert await revisions(db, content) == [(1, RevisionState.SUPERSEDED), (2, RevisionState.LIVE)]
    assert ((await now(db, content)).published_at, (await now(db, content)).changed_at) == (make.EARLY, clock.now())


async def test_publishing_what_is_live_already_changes_nothing(db: Database, clock: FixedClock):
    _, content = await one(db, live=True)

    async with db.session() as session:
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)

    assert (await now(db, content)).version == content.version
    assert (await marks(db), await actions(db)) == ([], [])


async def test_a_draft_brings_its_tags_when_it_is_published(db: Database, clock: FixedClock):
    async with db.session() as session:
        topic = await make.taxonomy(session)
        tea, lake = await make.tag(session, topic, "tea"), await make.tag(session, topic, "lake")
    _, content = await one(db, live=True, tags=(tea,))
    await add_draft(db, content, "Second", tag_ids=[lake.id, tea.id])

    before = (await now(db, content)).tag_ids
    async with db.session() as session:
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)

    assert (before, (await now(db, content)).tag_ids) == ([tea.id], [lake.id, tea.id])


async def test_a_withdrawn_content_is_published_again_as_it_was(db: Database, clock: FixedClock):
    _, content = await one(db, live=True)
    async with db.session() as session:
        await publishing.withdraw(session, SYSTEM, content.uid, reason="wrong picture", clock=clock)
    hidden = await now(db, content)

    async with db.session() as session:
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)

    shown = await now(db, content)
    assert (hidden.state, hidden.state_because, hidden.state_at) == (
        ContentState.WITHDRAWN,
        "wrong picture",
        clock.now(),
    )
    assert (shown.state, shown.state_because) == (ContentState.VISIBLE, None)
    assert [hidden.version, shown.version] == [content.version + 1, content.version + 2]
    assert await actions(db) == [("content.withdrawn", "wrong picture"), ("content.published", None)]


async def test_what_must_disappear_is_urgent(db: Database, clock: FixedClock):
    _, content = await one(db, live=True)

    async with db.session() as session:
        await publishing.withdraw(session, SYSTEM, content.uid, reason="wrong", clock=clock)

    assert {urgency for *_, urgency in await marks(db)} == {outbox.URGENT}


async def test_what_was_never_published_cannot_be_withdrawn(db: Database, clock: FixedClock):
    _, content = await one(db)

    await refused(db, content, publishing.NotLive, lambda s: publishing.withdraw(
        s, SYSTEM, content.uid, reason="", clock=clock
    ))  # fmt: skip


async def test_withdrawing_twice_is_refused_and_changes_nothing(db: Database, clock: FixedClock):
    _, content = await one(db, live=True)
    async with db.session() as session:
        await publishing.withdraw(session, SYSTEM, content.uid, reason="wrong", clock=clock)

    await refused(db, content, publishing.NotLive, lambda s: publishing.withdraw(
        s, SYSTEM, content.uid, reason="again", clock=clock
    ))  # fmt: skip


async def test_without_a_draft_there_is_nothing_to_publish(db: Database, clock: FixedClock):
    _, content = await one(db)
    async with db.session() as session:
        await session.execute(text("UPDATE contents SET draft_revision_id = NULL"))

    await refused(db, content, publishing.NothingToPublish, lambda s: publishing.publish(
        s, SYSTEM, content.uid, clock=clock
    ))  # fmt: skip


async def test_unknown_channels_are_all_named_and_nothing_is_published(db: Database, clock: FixedClock):
    await install(db, pack("test.one"), pack("test.secret", kind="private"))
    ada, content = await one(db)
    named = ["test.one", "test.nothing", "test.secret", "test.nothing"]

    error = await refused(db, content, publishing.UnknownChannel, lambda s: publishing.publish(
        s, make.acting_as(ada), content.uid, channels=named, clock=clock
    ))  # fmt: skip

    assert [(problem.code, problem.path) for problem in error.problems] == [
        ("UNKNOWN_CHANNEL", ("channels", 1)),
        ("UNKNOWN_CHANNEL", ("channels", 2)),
        ("UNKNOWN_CHANNEL", ("channels", 3)),
    ]


async def refused(db: Database, content: models.Content, kind: type[DomainError], attempt: Any) -> DomainError:
    """The refusal, after which nothing is different."""
    before = [(await now(db, content)).version, await revisions(db, content), await marks(db), await actions(db)]
    with pytest.raises(kind) as raised:
        async with db.session() as session:
            await attempt(session)
    assert type(raised.value) is kind
    after = [(await now(db, content)).version, await revisions(db, content), await marks(db), await actions(db)]
    assert before == after
    return raised.value


# takedowns


async def test_a_takedown_binds_the_author_until_an_operator_lifts_it(db: Database, clock: FixedClock):
    ada, content = await one(db, live=True)
    async with db.session() as session:
        await publishing.take_down(session, SYSTEM, content.uid, reason="court order", clock=clock)
    down = await now(db, content)

    await refused(db, content, publishing.TakenDown, lambda s: publishing.publish(
        s, make.acting_as(ada), content.uid, clock=clock
    ))  # fmt: skip
    async with db.session() as session:
        await publishing.restore(session, SYSTEM, content.uid, clock=clock)

    assert (down.state, down.state_because) == (ContentState.TAKEN_DOWN, "court order")
    assert (await now(db, content)).state is ContentState.VISIBLE


async def test_what_its_author_had_withdrawn_stays_withdrawn_when_a_takedown_is_lifted(db: Database, clock: FixedClock):
    _, content = await one(db, live=True)
    async with db.session() as session:
        await publishing.withdraw(session, SYSTEM, content.uid, reason="private", clock=clock)
        await publishing.take_down(session, SYSTEM, content.uid, reason="court order", clock=clock)
        await publishing.restore(session, SYSTEM, content.uid, clock=clock)

    assert (await now(db, content)).state is ContentState.WITHDRAWN


async def test_a_second_takedown_is_refused(db: Database, clock: FixedClock):
    _, content = await one(db, live=True)
    async with db.session() as session:
        await publishing.take_down(session, SYSTEM, content.uid, reason="court order", clock=clock)

    await refused(db, content, publishing.TakenDown, lambda s: publishing.take_down(
        s, SYSTEM, content.uid, reason="again", clock=clock
    ))  # fmt: skip


async def test_only_what_was_taken_down_is_restored(db: Database, clock: FixedClock):
    _, content = await one(db, live=True)

    await refused(db, content, Conflict, lambda s: publishing.restore(s, SYSTEM, content.uid, clock=clock))


async def test_suspending_twice_is_once_and_reinstating_shows_again(db: Database, clock: FixedClock):
    ada, content = await one(db, live=True)
    seen = []

    for step in ("suspend", "suspend", "reinstate", "reinstate"):
        async with db.session() as session:
            if step == "suspend":
                await publishing.suspend(session, SYSTEM, ada.uid, reason="spam", clock=clock)
            else:
                await publishing.reinstate(session, SYSTEM, ada.uid)
            seen.append(content.id in await contents.by_ids(session, ANONYMOUS, [content.id]))

    assert seen == [False, False, True, True]
    assert await actions(db) == [("creator.suspended", "spam"), ("creator.reinstated", None)]
    async with db.session() as session:
        assert await session.scalar(text("SELECT version FROM creators")) == ada.version + 2


# rights


def stranger() -> Caller:
    return Caller(
        name="eve", account_id=-9, creator_ids=frozenset({-9}), scopes=frozenset(set(Scope) - {Scope.OPERATE})
    )


@pytest.mark.parametrize("live", [True, False])
async def test_a_stranger_learns_of_a_draft_nothing_and_of_a_live_content_that_it_is_not_theirs(
    db: Database, clock: FixedClock, live: bool
):
    _, content = await one(db, live=live)
    kind = Forbidden if live else access.NoSuchContent

    for attempt in (publishing.publish, publishing.withdraw):
        asked = {"reason": "mine"} if attempt is publishing.withdraw else {}
        await refused(db, content, kind, lambda s, a=attempt, o=asked: a(s, stranger(), content.uid, clock=clock, **o))


async def test_without_its_scope_a_key_publishes_nothing(db: Database, clock: FixedClock):
    ada, content = await one(db, live=True)
    writer = make.acting_as(ada, Scope.CONTENT_WRITE)

    await refused(db, content, access.MissingScope, lambda s: publishing.publish(s, writer, content.uid, clock=clock))
    await refused(db, content, access.MissingScope, lambda s: publishing.withdraw(
        s, writer, content.uid, reason="", clock=clock
    ))  # fmt: skip


async def test_only_operators_take_down_restore_suspend_and_reinstate(db: Database, clock: FixedClock):
    ada, content = await one(db, live=True)
    author = make.acting_as(ada)

    for attempt in (
        lambda s: publishing.take_down(s, author, content.uid, reason="", clock=clock),
        lambda s: publishing.restore(s, author, content.uid, clock=clock),
        lambda s: publishing.suspend(s, author, ada.uid, reason="", clock=clock),
        lambda s: publishing.reinstate(s, author, ada.uid),
    ):
        await refused(db, content, Forbidden, attempt)


# races


async def test_publishing_the_same_draft_many_times_at_once_is_one_publication(committed: Database, clock: FixedClock):
    _, content = await one(committed)

    async def publish() -> None:
        async with committed.session() as session:
            await publishing.publish(session, SYSTEM, content.uid, clock=clock)

    await asyncio.gather(*(publish() for _ in range(8)))

    assert (await now(committed, content)).version == content.version + 1
    assert await revisions(committed, content) == [(1, RevisionState.LIVE)]
    assert await actions(committed) == [("content.published", None)]


async def test_publishing_and_withdrawing_at_once_end_in_one_of_the_two(committed: Database, clock: FixedClock):
    _, content = await one(committed, live=True)

    async def attempt(act: Any, **asked: Any) -> str:
        try:
            async with committed.session() as session:
                await act(session, SYSTEM, content.uid, clock=clock, **asked)
        except publishing.NotLive:
            return "refused"
        return "done"

    outcomes = await asyncio.gather(*(attempt(publishing.withdraw, reason=str(n)) for n in range(6)))

    assert sorted(outcomes) == ["done"] + ["refused"] * 5
    assert (await now(committed, content)).version == content.version + 1


async def test_a_publication_that_fails_leaves_nothing(committed: Database, clock: FixedClock):
    _, content = await one(committed)

    async def fail_at_the_end(session: AsyncSession) -> None:
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)
        raise Conflict("the last statement failed")

    await refused(committed, content, Conflict, fail_at_the_end)


@pytest.mark.parametrize(
    ("format_", "details"),
    [
        (models.Format.GALLERY, {"pictures": [{"asset": str(new_uid())}]}),
        (models.Format.SHORT_VIDEO, {"video_url": "https://films.example/1"}),
        (models.Format.RANKED_LIST, {"entries": [{"rank": 1, "product": str(new_uid())}]}),
        (models.Format.COLLOCATION, {"pieces": [{"product": str(new_uid())}]}),
        (models.Format.ITEM_NOTE, {"product": str(new_uid())}),
    ],
)
async def test_a_content_without_what_its_format_is_about_does_not_go_out(
    session: AsyncSession, clock: FixedClock, format_: models.Format, details: dict[str, Any]
):
    creator = await make.creator(session)
    empty = await make.content(session, creator, format=format_, live=False)
    whole = await make.content(session, creator, format=format_, live=False, details=details)

    with pytest.raises(completeness.Incomplete):
        await publishing.publish(session, SYSTEM, empty.uid, clock=clock)
    await publishing.publish(session, SYSTEM, whole.uid, clock=clock)

    assert (empty.is_live, whole.is_live) == (False, True)
