"""One thing of each kind that is somebody's own business, beside the world of contents: each says SECRET."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from tests import make
from tests.api.graphql.world import SECRET, THEN, World, submit
from tests.services import packs

ALL_BUT_OPERATE = frozenset(Scope) - {Scope.OPERATE}
ALWAYS = Range(make.day("2026-01-01"), None)


@dataclass
class Hidden:
    """Of each type that `node` finds, and some that it does not, what strangers must not see; and whose it is."""

    owner: Caller
    rows: dict[str, list[Any]]


async def build(session: AsyncSession, world: World) -> Hidden:
    account = models.Account(name="Ada", email=f"{SECRET}@owner.example")
    member = models.Account(name=f"{SECRET} member")
    session.add_all([account, member])
    await session.flush()
    agency = (await session.scalars(select(models.Organisation))).one()
    rows: dict[str, list[Any]] = {
        "Content": list(world.hidden.values()),
        "Creator": [world.suspended],
        "Organisation": [models.Organisation(handle="gone", name=f"{SECRET} organisation", suspended_at=THEN)],
        "Asset": [await make.asset(session, creator_id=world.creator.id, alternative_text=f"{SECRET} unused picture")],
        "Channel": [await make.channel(session, "test.private", names={"en": f"{SECRET} channel"}, is_private=True)],
        "Application": [models.Application(key="own-app", name=f"{SECRET} application", account_id=account.id)],
        "AssetUpload": [
            models.AssetUpload(
                account_id=account.id,
                creator_id=world.creator.id,
                file_name=f"{SECRET} file.png",
                media_type=f"{SECRET}/type",
                byte_count=9,
                expires_at=datetime(2027, 1, 1, tzinfo=UTC),
            )
        ],
        "Submission": [await submit(session, world, row) for row in world.public[:1]],
        **await _under_contents(session, world, account),
    }
    session.add_all(row for found in rows.values() for row in found if row.id is None)
    await session.flush()
    await _of_account(session, account, world, rows["Application"][0])
    await _inside(session, agency, world, account, member)
    await _at_private_channel(session, world, rows["Channel"][0])
    await _waiting(session, world.public[0])
    rows |= await _seen(session)
    owner = Caller(
        name="ada",
        account_id=account.id,
        creator_ids=frozenset({world.creator.id}),
        organisation_ids=frozenset({agency.id}),
        scopes=ALL_BUT_OPERATE,
    )
    return Hidden(owner, rows)


async def _under_contents(session: AsyncSession, world: World, account: models.Account) -> dict[str, list[Any]]:
    """What the owner said and took back, and what was taken from it, in a room that everybody sees."""
    live = next(row for row in world.public if row.format is models.Format.LIVE)
    gone = models.Account(name="gone", suspended_at=THEN)
    session.add(gone)
    await session.flush()
    messages = [
        models.LiveMessage(content_id=live.id, account_id=account.id, text=f"{SECRET} {state} message", state=state)
        for state in models.MessageState
        if state is not models.MessageState.VISIBLE
    ]
    said = {"content_id": live.id, "account_id": account.id}
    withdrawn = models.Comment(**said, text=f"{SECRET} own comment", state=models.CommentState.WITHDRAWN)
    by_suspended = models.LiveMessage(content_id=live.id, account_id=gone.id, text=f"{SECRET} of a suspended account")
    by_eve = models.LiveMessage(**said, creator_id=world.suspended.id, text=f"{SECRET} of a suspended creator")
    return {"LiveMessage": [*messages, by_suspended, by_eve], "Comment": [withdrawn]}


async def _of_account(
    session: AsyncSession, account: models.Account, world: World, application: models.Application
) -> None:
    """Its key, its identity, its documents, and what it likes and keeps."""
    key = {"account_id": account.id, "prefix": "0" * 12, "secret_hash": bytes(32), "scopes": []}
    document = {"application_id": application.id, "sha256": bytes(32), "text": "{ viewer { name } }"}
    liked = {"account_id": account.id, "content_id": world.public[0].id}
    session.add_all(
        [
            models.ApiKey(**key, name=f"{SECRET} key"),
            models.Identity(account_id=account.id, kind=models.IdentityKind.CREATOR, creator_id=world.creator.id),
            models.TrustedDocument(**document, name=f"{SECRET} document"),
            models.Save(**liked),
            models.Like(**liked),
        ]
    )
    await session.flush()


async def _inside(
    session: AsyncSession, agency: models.Organisation, world: World, owner: models.Account, member: models.Account
) -> None:
    """Who belongs to an organisation, and its contract."""
    joined = {"organisation_id": agency.id, "period": ALWAYS}
    session.add_all(
        [
            models.OrganisationMember(**joined, account_id=owner.id, role=models.OrganisationRole.OWNER),
            models.OrganisationMember(**joined, account_id=member.id, role=models.OrganisationRole.EDITOR),
            models.Contract(**joined, creator_id=world.creator.id, share_basis_points=SHARE),
        ]
    )
    await session.flush()


SHARE = 7_331
"""What a contract says is a number, so this one is the secret."""


async def _at_private_channel(session: AsyncSession, world: World, channel: models.Channel) -> None:
    feed = models.Feed(key=channel.key, kind=models.FeedKind.CHANNEL, channel_id=channel.id)
    body = orjson.loads(packs.pack(channel.key).canonical())
    pack = models.PackVersion(channel_id=channel.id, digest="1" * 64, body=body)
    kept = orjson.loads(packs.pack(world.channel.key, name={"en": f"{SECRET} rehearsed", "zh": "x"}).canonical())
    only_kept = models.PackVersion(channel_id=world.channel.id, digest="2" * 64, body=kept)
    shown = models.PackVersion(
        channel_id=world.channel.id, digest="3" * 64, body=orjson.loads(packs.pack(world.channel.key).canonical())
    )
    session.add_all([feed, pack, only_kept, shown])
    await session.flush()
    for at, of, who in ((channel, pack, "private installer"), (world.channel, shown, "installer")):
        put = {"channel_id": at.id, "pack_version_id": of.id}
        session.add(models.PackInstall(**put, installed_by=f"{SECRET} {who}"))
    tried = {"percent": 1, "places": [0], "started_by": f"{SECRET} starter"}
    session.add(models.PackCanary(channel_id=world.channel.id, pack_version_id=shown.id, **tried))
    row = world.public[0]
    session.add(models.FeedHead(feed_id=feed.id, position=1))
    item = {"position": 1, "epoch": 1, "event": models.FeedEvent.PUBLISHED, "content_id": row.id, "version": 1}
    session.add(models.FeedItem(feed_id=feed.id, **item))
    assert row.live_revision_id is not None
    sent = {"content_id": row.id, "channel_id": channel.id, "revision_id": row.live_revision_id}
    state = models.SubmissionState.REJECTED
    session.add(models.Submission(**sent, pack_version_id=pack.id, state=state, reason=f"{SECRET} private reason"))
    waiting = world.public[1]
    assert waiting.live_revision_id is not None
    session.add(
        models.Submission(
            content_id=waiting.id,
            channel_id=channel.id,
            revision_id=waiting.live_revision_id,
            pack_version_id=pack.id,
            state=models.SubmissionState.HUMAN_AUDIT,
            escalated_at=THEN,
            escalation=f"{SECRET} escalation",
        )
    )
    step = {"attempt": 1, "at": THEN, "taken_by": models.SubmissionActor.AUDITOR}
    for one in await session.scalars(select(models.Submission).order_by(models.Submission.id)):
        told = {"actor": f"{SECRET} auditor", "reason": f"{SECRET} step"}
        session.add(models.SubmissionEvent(**step, **told, submission_id=one.id, to_state=one.state))
    await _rehearsed(session, channel, pack, row)
    await _cleaned_out(session, channel, pack, world)
    await session.flush()


async def _rehearsed(
    session: AsyncSession, channel: models.Channel, pack: models.PackVersion, row: models.Content
) -> None:
    """What operators found out of a version of its rules."""
    sample = {
        "content": row.id,
        "submission": None,
        "before": None,
        "after": "FIXABLE",
        "new": ["text.length"],
        "gone": [],
    }
    session.add(
        models.Rehearsal(
            channel_id=channel.id,
            pack_version_id=pack.id,
            compared_id=pack.id,
            requested_by=f"{SECRET} operator",
            state=models.RehearsalState.FAILED,
            finished_at=THEN,
            failure=f"{SECRET} failure",
            counts={"NEWLY_MATCHING": 1},
            samples={"NEWLY_MATCHING": [sample]},
            codes={"text.length": 1},
        )
    )


async def _cleaned_out(session: AsyncSession, channel: models.Channel, pack: models.PackVersion, world: World) -> None:
    """Whom it warned and sent away."""
    run = models.CleanOut(
        channel_id=channel.id,
        pack_version_id=pack.id,
        period="2026-11",
        is_rehearsal=False,
        started_at=THEN,
        started_by=f"{SECRET} operator",
        finished_at=THEN,
        seen_count=1,
        out_count=1,
    )
    session.add(run)
    await session.flush()
    finding = {"code": "clean_out.accepted", "version": 1, "place": "clean_out.floors.0", "severity": "block"}
    found = {**finding, "status": "failed", "path": "creator", "message_en": SECRET, "message_zh": SECRET}
    session.add(models.CleanOutVerdict(clean_out_id=run.id, creator_id=world.creator.id, is_out=True, findings=[found]))


async def _waiting(session: AsyncSession, row: models.Content) -> None:
    """A version whose time came and which could not go out."""
    scheduled = models.Revision(
        content_id=row.id,
        number=3,
        title=f"{SECRET} scheduled",
        state=models.RevisionState.SCHEDULED,
        sealed_at=THEN,
        scheduled_for=THEN,
        schedule_zone="UTC",
        schedule_failure=f"NOT_LIVE: {SECRET} because of this",
    )
    session.add(scheduled)
    await session.flush()
    row.waiting_revision_id = scheduled.id
    await session.flush()


async def _seen(session: AsyncSession) -> dict[str, list[Any]]:
    """What is hidden of the kinds of which there are many."""

    async def rows(model: Any, *conditions: Any) -> list[Any]:
        return list(await session.scalars(select(model).where(*conditions).order_by(model.id)))

    return {
        "Account": await rows(models.Account, models.Account.name.contains(SECRET)),
        "Answer": await rows(models.Answer, models.Answer.state != models.AnswerState.VISIBLE),
        "Appeal": await rows(models.Appeal),
        "AssetFolder": await rows(models.AssetFolder),
        "CleanOut": await rows(models.CleanOut),
        "Comment": await rows(models.Comment, models.Comment.text.contains(SECRET)),
        "Erasure": await rows(models.Erasure),
        "Homepage": await rows(models.HomepageVersion, models.HomepageVersion.state != models.HomepageState.LIVE),
        "Rehearsal": await rows(models.Rehearsal),
        "Review": await rows(models.Review),
        "Revision": await rows(models.Revision, models.Revision.state != models.RevisionState.LIVE),
        "Submission": await rows(models.Submission),
    }


async def strangers(session: AsyncSession, hidden: Hidden) -> Iterable[Caller]:
    """Everybody who must see no more than what is public."""
    bob, shop = await make.creator(session, name="Bob"), await make.shop(session)
    other = models.Organisation(handle="other", name="Other")
    session.add(other)
    await session.flush()
    session.add(models.Contract(organisation_id=other.id, creator_id=bob.id, period=ALWAYS, share_basis_points=1))
    theirs = frozenset({bob.id})
    foreign = await make.author(session, bob, *ALL_BUT_OPERATE)
    member = await make.reader(session, scopes=tuple(ALL_BUT_OPERATE))
    owned = {"organisation_ids": frozenset({other.id}), "scopes": ALL_BUT_OPERATE}
    return [
        Caller(),
        Caller(name="bob", account_id=foreign.account_id, creator_ids=theirs, shop_ids=frozenset({shop.id}), **owned),
        Caller(name="other", account_id=member.account_id, creator_ids=theirs, contracted_ids=theirs, **owned),
        Caller(
            name="narrow",
            account_id=hidden.owner.account_id,
            creator_ids=hidden.owner.creator_ids,
            organisation_ids=hidden.owner.organisation_ids,
            scopes=frozenset({Scope.FEED_READ}),
        ),
    ]
