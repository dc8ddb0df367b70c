"""What channels say of deliveries, and what authors do about submissions; and that feeds follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id, new_uid
from models import StreamKind, SubmissionState
from services import publishing
from services.distribution import Distributor
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.doing import do, id_of, operator, recorded
from tests.services.packs import install, pack

SHOWN = "submission { state reason externalId externalUrl refusal attempt }"
KEY = "test.articles"


@dataclass
class Delivered:
    """A content that was delivered to a channel; its author, and the channel's integration."""

    api: Asking
    session: AsyncSession
    distributor: Distributor
    content: models.Content
    row: models.Submission
    author: Asking
    integration: Asking
    bot: Caller

    async def confirm(self, asking: Asking | None = None, **sent: Any) -> Any:
        known = {"submission": {"id": id_of(self.row)}} | sent
        return await do(asking or self.integration, "confirmDelivery", SHOWN, **known)

    async def refuse(self, kind: str, message: str, asking: Asking | None = None, **sent: Any) -> Any:
        known = {"submission": {"id": id_of(self.row)}, "kind": kind, "message": message} | sent
        return await do(asking or self.integration, "refuseDelivery", SHOWN, **known)

    async def feed(self) -> list[str]:
        """What the channel's feed said, after everything was distributed."""
        await self.distributor.drain()
        events = await self.session.scalars(
            select(models.FeedItem.event)
            .join(models.Feed, models.Feed.id == models.FeedItem.feed_id)
            .where(models.Feed.key == KEY)
            .order_by(models.FeedItem.position)
        )
        return [event.value for event in events]

    async def told(self) -> list[str]:
        """The states that followers of the creator's submissions were told."""
        row = models.StreamEvent
        found = await self.session.scalars(
            select(row.details["state"].astext).where(row.kind == StreamKind.SUBMISSIONS).order_by(row.position)
        )
        return list(found)


@pytest.fixture
async def delivered(api: Asking, session: AsyncSession, db: Database, clock: FixedClock) -> Delivered:
    await install(db, pack(KEY, selector={"formats": ["ARTICLE"], "languages": ["en"]}))
    ada = await make.creator(session)
    content = await make.content(session, ada, live=False)
    await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    distributor = Distributor(db, clock=clock, base_url="https://headwater.example")
    await distributor.drain()
    row = (await session.scalars(select(models.Submission))).one()
    assert row.state is SubmissionState.DELIVERED
    account = await make.account(session, name="Bot")
    scopes = frozenset({Scope.DELIVERY_WRITE})
    bot = Caller(name="bot", account_id=account.id, channel_ids=frozenset({row.channel_id}), scopes=scopes)
    author = api.as_(await make.author(session, ada))
    return Delivered(api, session, distributor, content, row, author, api.as_(bot), bot)


async def test_an_integration_confirms_what_it_shows(delivered: Delivered):
    sent = {"externalId": "x-1", "externalUrl": "https://channel.example/x-1"}
    place = {"at": {"contentId": id_of(delivered.content), "channel": KEY}}

    first = await delivered.confirm(**sent, idempotencyKey="k")
    replayed = await delivered.confirm(**sent, idempotencyKey="k")
    again = await delivered.confirm(**sent, submission=place)
    renamed = await delivered.confirm(externalId="x-2")

    known = {"state": "CONFIRMED", "reason": None, "refusal": None, "attempt": 1}
    assert first == replayed == again == known | sent
    assert renamed == known | sent | {"externalId": "x-2"}
    assert await delivered.feed() == ["PUBLISHED"]
    assert await delivered.told() == ["DELIVERED", "CONFIRMED", "CONFIRMED"]
    assert (await recorded(delivered.session)).count("submission.confirmed") == 2


async def test_a_refusal_ends_what_cannot_pass_and_the_feed_follows(delivered: Delivered):
    said, told = ["PUBLISHED"], ["DELIVERED"]
    ends = {"TRANSIENT": "DELIVERED", "CONTENT": "REJECTED", "PERMISSION": "FAILED", "PERMANENT": "FAILED"}

    for attempt, (kind, state) in enumerate(ends.items()):
        message = f"No: {kind}."
        refused = await delivered.refuse(kind, message)
        again = await delivered.refuse(kind, message)
        wrong = [("WRONG_SUBMISSION_STATE", "")]
        told.append(state)

        assert refused["attempt"] == max(attempt, 1)
        assert [refused[part] for part in ("state", "refusal", "reason")] == [state, kind, message]
        assert again == refused
        assert state == "DELIVERED" or await delivered.refuse(kind, "Another.") == wrong
        assert await delivered.told() == told
        if state != "DELIVERED":
            said += ["WITHDRAWN", "RESTORED"]
            told += ["MACHINE_AUDIT", "DELIVERED"]
            assert await delivered.feed() == said[:-1]
            anew = await do(delivered.author, "resubmitSubmission", SHOWN, submissionId=id_of(delivered.row))
            assert (anew["refusal"], anew["reason"]) == (None, None)
        assert await delivered.feed() == said


async def test_only_the_channels_integration_says_so_and_all_that_is_wrong_is_told(delivered: Delivered):
    confirm, bot = delivered.confirm, delivered.bot
    nobody = delivered.api.as_(replace(bot, channel_ids=frozenset()))
    narrow = delivered.api.as_(replace(bot, scopes=frozenset({Scope.FEED_READ})))
    writer = replace(delivered.author.caller, scopes=delivered.author.caller.scopes | {Scope.DELIVERY_WRITE})

    assert await confirm(nobody, externalId="x") == [("NO_SUCH_SUBMISSION", "submission")]
    assert await confirm(narrow, externalId="x") == [("MISSING_SCOPE", "")]
    assert await confirm(delivered.api.as_(writer), externalId="x") == [("FORBIDDEN", "")]
    unknown = {"id": global_id("Submission", new_uid())}
    assert await confirm(submission=unknown, externalId="x") == [("NO_SUCH_SUBMISSION", "submission")]
    assert await confirm(externalId=" ", externalUrl="nowhere") == [
        ("MALFORMED_NAME", "externalId"),
        ("MALFORMED_LINK", "externalUrl"),
    ]
    refuse = delivered.refuse
    assert await refuse("CONTENT", "No.", nobody) == [("NO_SUCH_SUBMISSION", "submission")]
    assert await refuse("CONTENT", "No.", narrow) == [("MISSING_SCOPE", "")]
    assert await refuse("CONTENT", "No.", delivered.api.as_(writer)) == [("FORBIDDEN", "")]
    assert await refuse("CONTENT", " ", submission={"id": "zzz"}) == [
        ("MALFORMED_ID", "submission.id"),
        ("REASON_OUT_OF_RANGE", "message"),
    ]
    listed = "{ submissions(first: 5) { nodes { state } } }"
    assert (await delivered.integration.data(listed))["submissions"]["nodes"] == [{"state": "DELIVERED"}]
    assert (await nobody.data(listed))["submissions"]["nodes"] == []
    await delivered.session.refresh(delivered.row)
    assert (delivered.row.state, delivered.row.external_id) == (SubmissionState.DELIVERED, None)


async def test_an_author_takes_back_and_tries_anew(delivered: Delivered, clock: FixedClock):
    sent = {"submissionId": id_of(delivered.row)}

    early = await do(delivered.author, "resubmitSubmission", SHOWN, **sent)
    gone = await do(delivered.author, "withdrawSubmission", SHOWN, **sent, reason="Not there.")
    said = await delivered.feed()
    twice = await do(delivered.author, "withdrawSubmission", SHOWN, **sent, reason="Not there.")
    hidden = await delivered.confirm(externalId="x")
    anew = await do(delivered.author, "resubmitSubmission", SHOWN, **sent, idempotencyKey="k")
    replayed = await do(delivered.author, "resubmitSubmission", SHOWN, **sent, idempotencyKey="k")

    known = {"reason": None, "refusal": None, "externalId": None, "externalUrl": None}
    assert early == twice == [("WRONG_SUBMISSION_STATE", "")]
    assert gone == known | {"state": "WITHDRAWN", "reason": "Not there.", "attempt": 1}
    assert said == ["PUBLISHED", "WITHDRAWN"]
    assert hidden == [("NO_SUCH_SUBMISSION", "submission")]
    assert anew == replayed == known | {"state": "MACHINE_AUDIT", "attempt": 2}
    assert await delivered.feed() == ["PUBLISHED", "WITHDRAWN", "RESTORED"]
    await delivered.session.refresh(delivered.row)
    assert (delivered.row.state, delivered.row.attempt) == (SubmissionState.DELIVERED, 2)
    assert await delivered.told() == ["DELIVERED", "WITHDRAWN", "MACHINE_AUDIT", "DELIVERED"]
    await do(delivered.author, "withdrawSubmission", SHOWN, **sent, reason="Again.")
    await publishing.withdraw(delivered.session, SYSTEM, delivered.content.uid, reason="x", clock=clock)
    assert await do(delivered.author, "resubmitSubmission", SHOWN, **sent) == [("NOT_LIVE", "")]


async def test_the_submissions_of_others_are_not_an_authors(delivered: Delivered, session: AsyncSession):
    sent, eve = {"submissionId": id_of(delivered.row)}, await make.creator(session, name="Eve")
    other = delivered.api.as_(await make.author(session, eve))
    publisher = replace(delivered.bot, scopes=delivered.bot.scopes | {Scope.CONTENT_PUBLISH})

    for name, more in (("withdrawSubmission", {"reason": "x"}), ("resubmitSubmission", {})):
        assert await do(other, name, SHOWN, **sent, **more) == [("NO_SUCH_SUBMISSION", "submissionId")]
        assert await do(delivered.api.as_(publisher), name, SHOWN, **sent, **more) == [("FORBIDDEN", "")]
        assert await do(delivered.integration, name, SHOWN, **sent, **more) == [("MISSING_SCOPE", "")]
    done = await do(delivered.api.as_(await operator(session)), "withdrawSubmission", SHOWN, **sent, reason="x")
    assert done["state"] == "WITHDRAWN"


async def test_what_the_channel_does_not_take_any_more_does_not_wait_for_ever(delivered: Delivered):
    sent = {"submissionId": id_of(delivered.row)}
    await do(delivered.author, "withdrawSubmission", SHOWN, **sent, reason="Not there.")
    await delivered.feed()
    delivered.content.language = "fr"
    await delivered.session.flush()

    await do(delivered.author, "resubmitSubmission", SHOWN, **sent)
    said = await delivered.feed()

    await delivered.session.refresh(delivered.row)
    assert delivered.row.state is SubmissionState.REJECTED
    assert said == ["PUBLISHED", "WITHDRAWN"]


async def test_a_withdrawal_while_the_distributor_judges_is_not_lost(delivered: Delivered, session: AsyncSession):
    """The distributor read the submission as waiting; its word must not bring it back."""
    sent = {"submissionId": id_of(delivered.row)}
    await do(delivered.author, "withdrawSubmission", SHOWN, **sent, reason="Not there.")
    await do(delivered.author, "resubmitSubmission", SHOWN, **sent)
    judged = delivered.distributor._prepare

    async def meanwhile(claims: Any) -> Any:
        prepared = await judged(claims)
        delivered.distributor._prepare = judged  # type: ignore[method-assign]
        await do(delivered.author, "withdrawSubmission", SHOWN, **sent, reason="After all not.")
        return prepared

    delivered.distributor._prepare = meanwhile  # type: ignore[method-assign]

    assert await delivered.feed() == ["PUBLISHED", "WITHDRAWN"]
    await session.refresh(delivered.row)
    assert (delivered.row.state, delivered.row.reason) == (SubmissionState.WITHDRAWN, "After all not.")
