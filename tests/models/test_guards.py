"""What the database itself refuses, whoever asks."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

import models
from tests import make


async def test_a_sealed_revision_keeps_its_words(session: AsyncSession):
    content = await make.content(session, await make.creator(session), title="Before")

    with pytest.raises(IntegrityError, match="is sealed"):
        await session.execute(
            text("UPDATE revisions SET title = 'After' WHERE id = :id"), {"id": content.live_revision_id}
        )


async def test_a_draft_may_change_its_words(session: AsyncSession):
    content = await make.content(session, await make.creator(session), title="Before", live=False)

    await session.execute(
        text("UPDATE revisions SET title = 'After' WHERE id = :id"), {"id": content.draft_revision_id}
    )

    title = await session.scalar(text("SELECT title FROM revisions WHERE id = :id"), {"id": content.draft_revision_id})
    assert title == "After"


async def test_an_erasure_may_take_sealed_words_away(session: AsyncSession):
    content = await make.content(session, await make.creator(session), title="Before")

    await session.execute(text("SET LOCAL headwater.erasing = 'on'"))
    await session.execute(text("UPDATE revisions SET title = '' WHERE id = :id"), {"id": content.live_revision_id})

    assert await session.scalar(text("SELECT title FROM revisions")) == ""


async def test_the_live_revision_is_one_of_the_contents_own(session: AsyncSession):
    ada = await make.creator(session)
    one, other = await make.content(session, ada), await make.content(session, ada)

    with pytest.raises(IntegrityError, match="fk_contents_live_revision"):
        await session.execute(
            text("UPDATE contents SET live_revision_id = :foreign WHERE id = :id"),
            {"foreign": other.live_revision_id, "id": one.id},
        )


async def test_a_creator_is_under_one_contract_at_a_time(session: AsyncSession):
    ada = await make.creator(session)
    agencies = [models.Organisation(handle=handle, name=handle) for handle in ("north", "south")]
    session.add_all(agencies)
    await session.flush()
    first = Range(make.day("2026-01-01"), make.day("2026-07-01"))
    second = Range(make.day("2026-06-30"), make.day("2027-01-01"))
    session.add(
        models.Contract(organisation_id=agencies[0].id, creator_id=ada.id, period=first, share_basis_points=3000)
    )
    await session.flush()

    session.add(
        models.Contract(organisation_id=agencies[1].id, creator_id=ada.id, period=second, share_basis_points=3000)
    )
    with pytest.raises(IntegrityError, match="ex_contracts_period"):
        await session.flush()


async def test_a_tags_parent_is_of_the_same_taxonomy(session: AsyncSession):
    scenes, styles = await make.taxonomy(session, "scene"), await make.taxonomy(session, "style")
    camping = await make.tag(session, scenes, "camping")

    session.add(models.Tag(taxonomy_id=styles.id, code="rustic", parent_id=camping.id, labels={}))
    with pytest.raises(IntegrityError, match="fk_tags_parent"):
        await session.flush()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE feed_items SET version = 9",
        "UPDATE decisions SET outcome = 'ELIGIBLE'",
        "UPDATE pack_versions SET digest = repeat('0', 64)",
        "UPDATE audit_entries SET actor = 'nobody'",
        "DELETE FROM audit_entries",
    ],
)
async def test_what_was_said_stands(session: AsyncSession, statement: str):
    ada = await make.creator(session)
    content = await make.content(session, ada)
    channel = await make.channel(session, body={"key": "house.test"})
    feed = models.Feed(key="house.test", kind=models.FeedKind.CHANNEL, channel_id=channel.id)
    submission = models.Submission(
        content_id=content.id,
        channel_id=channel.id,
        state=models.SubmissionState.REJECTED,
        revision_id=content.live_revision_id,
        pack_version_id=channel.pack_version_id,
    )
    snapshot = models.FactSnapshot(digest=bytes(32), body={})
    session.add_all([feed, submission, snapshot])
    await session.flush()
    session.add(
        models.FeedItem(
            feed_id=feed.id, position=1, epoch=1, event=models.FeedEvent.PUBLISHED, content_id=content.id, version=1
        )
    )
    session.add(
        models.Decision(
            submission_id=submission.id,
            attempt=1,
            revision_id=content.live_revision_id,
            pack_version_id=channel.pack_version_id,
            snapshot_digest=snapshot.digest,
            outcome=models.Outcome.FIXABLE,
            engine_version="1",
            decided_at=make.EARLY,
        )
    )
    session.add(models.AuditEntry(actor="ada", action="content.published", object_type="Content", object_id=1))
    await session.flush()

    with pytest.raises(IntegrityError, match="never changed"):
        await session.execute(text(statement))


def test_what_people_wrote_stays_out_of_messages():
    from pydantic import ValidationError

    from models import blocks

    with pytest.raises(ValidationError) as refused:
        blocks.load([{"type": "heading", "level": 9, "text": "canary"}, {"type": "canary"}])

    assert "canary'" not in str(refused.value).replace("tag 'canary'", "")
    assert "input_value" not in str(refused.value)
