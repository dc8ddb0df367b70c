"""Erasing a person: nothing in the database or the store of assets holds their words any more, and others keep theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError, Forbidden
from core.store import Store
from models import ContentState, Format, IdentityKind
from services import access, assets, callers, contents, erasure, publishing, scheduling
from tests import make
from tests.conftest import RolledBackDatabase

CANARY = "canary"
CODES = {
    "code": "text.length", "path": "title", "place": "rules.0", "severity": "block", "status": "failed", "version": 1,
}  # fmt: skip
PARAGRAPH = [{"type": "paragraph", "spans": [{"text": f"A {CANARY} sang.", "marks": [], "href": None}]}]


@dataclass
class Person:
    account: models.Account
    creator: models.Creator
    contents: list[models.Content] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    """What lies in the store besides: pieces of uploads, what was made of pictures."""


async def person(session: AsyncSession, store: Store, clock: FixedClock) -> Person:
    """An account and its creator with words of theirs in every table that can hold them."""
    account = models.Account(name=f"{CANARY} name", email=f"{CANARY}@example.org")
    creator = await make.creator(
        session, name=f"The {CANARY}", handle=f"{CANARY}-1", bio=f"{CANARY} bio", source="blog", external_key=CANARY
    )
    session.add(account)
    await session.flush()
    there = Person(account, creator)
    await _credentials(session, there)
    await _pictures(session, there, store)
    await _on_their_way(session, there, store)
    await _contents(session, there, clock)
    await _remarks(session, there)
    await _organisation(session, there)
    await _distributed(session, there)
    await _said(session, there)
    return there


async def _credentials(session: AsyncSession, there: Person) -> None:
    mine = {"account_id": there.account.id}
    session.add_all(
        [
            models.Identity(kind=IdentityKind.CREATOR, creator_id=there.creator.id, **mine),
            models.AccountLogin(issuer="https://issuer.example", subject=CANARY, **mine),
            models.ApiKey(name=CANARY, prefix="0" * 12, secret_hash=bytes(32), scopes=["content:write"], **mine),
            models.IdempotencyKey(key=CANARY, mutation="createContent", input_digest=bytes(32), **mine),
            models.Application(key="app", name=CANARY, **mine),
        ]
    )
    await session.flush()


async def _pictures(session: AsyncSession, there: Person, store: Store) -> None:
    outer = await _folder(session, there.creator)
    inner = await _folder(session, there.creator, parent_id=outer.id)
    words = {
        "alternative_text": CANARY, "credit": CANARY, "licence": CANARY, "facts": {"camera": CANARY}, "origin": CANARY,
        "file_name": f"{CANARY}.jpg", "folder_id": inner.id,
    }  # fmt: skip
    for content in (b"own picture", b"shared picture"):
        digest = await assets.keep(session, store, content, "image/jpeg")
        there.digests.append(digest)
        await make.asset(session, creator_id=there.creator.id, sha256=digest, url=f"https://{CANARY}.example/", **words)
        session.add(models.Rendition(sha256=digest, name="served", media_type="image/jpeg", byte_count=6, etag="e"))
        for name in ("served", "750x422-cover-auto.webp"):
            await store.put(assets.rendition_key(digest, name), b"smaller")
        there.keys.append(assets.rendition_key(digest, "served"))
    # a rendition that somebody is making has no row yet
    there.keys.insert(1, assets.rendition_key(there.digests[0], "750x422-cover-auto.webp"))
    other = await make.creator(session, name="Other")
    await make.asset(session, creator_id=other.id, sha256=there.digests[1], url=None)
    picture = await session.scalar(select(models.Asset).where(models.Asset.sha256 == there.digests[0]))
    there.creator.avatar_id = picture.id
    product = await make.product(session)
    session.add(models.ProductAsset(product_id=product.id, position=0, asset_id=picture.id))
    await session.flush()


async def _folder(session: AsyncSession, creator: models.Creator, **values: Any) -> models.AssetFolder:
    folder = models.AssetFolder(creator_id=creator.id, name=CANARY, **values)
    session.add(folder)
    await session.flush()
    return folder


async def _on_their_way(session: AsyncSession, there: Person, store: Store) -> None:
    """Uploads of the account for the creator, by somebody else for the creator, and by the account for somebody else."""
    friend, other = await make.account(session, name="Colleague"), await make.creator(session, name="Shared")
    words = {"file_name": f"{CANARY}.mp4", "said": {"credit": CANARY}, "url": f"https://{CANARY}.example/film"}
    looked_at = await assets.keep(session, store, b"not looked at yet", "video/mp4")
    there.digests.append(looked_at)
    for account, creator, state in (
        (there.account, there.creator, models.UploadState.RECEIVING),
        (friend, there.creator, models.UploadState.PROBING),
        (there.account, other, models.UploadState.RECEIVING),
    ):
        upload = models.AssetUpload(
            account_id=account.id, creator_id=creator.id, state=state, expires_at=make.EARLY, **words,
            sha256=looked_at if state is models.UploadState.PROBING else None,
        )  # fmt: skip
        session.add(upload)
        await session.flush()
        if state is models.UploadState.RECEIVING:
            # the second came, and its row was not written yet
            upload.parts = [f"uploads/{upload.uid}/0-a"]
            for name in ("0-a", "4194304-b"):
                await store.put(f"uploads/{upload.uid}/{name}", b"piece")
                there.keys.append(f"uploads/{upload.uid}/{name}")
    await session.flush()


async def _contents(session: AsyncSession, there: Person, clock: FixedClock) -> None:
    picture = await session.get_one(models.Asset, there.creator.avatar_id)
    known = {
        "summary": CANARY,
        "text": f"{CANARY} text",
        "details": {"form": {"subject": CANARY}},
        "covers": (picture,),
    }
    for number, state in enumerate((ContentState.VISIBLE, ContentState.WITHDRAWN, ContentState.TAKEN_DOWN)):
        row = await make.content(
            session,
            there.creator,
            title=f"{CANARY} {number}",
            state=state,
            state_because=CANARY,
            source="blog",
            external_key=f"{CANARY}-{number}",
            format=Format.LIVE if number == 0 else Format.ARTICLE,
            **known,
        )
        there.contents.append(row)
    draft = await make.content(session, there.creator, title=f"{CANARY} draft", live=False, **known)
    scheduled = await make.content(session, there.creator, title=f"{CANARY} scheduled", live=False, **known)
    caller = make.acting_as(there.creator)
    when = {"at": "2026-12-01T20:00", "time_zone": "Asia/Shanghai"}
    await scheduling.schedule(session, _known(caller, there.account), scheduled.uid, clock=clock, **when)
    await session.execute(
        text("UPDATE revisions SET schedule_failure = 'canary' WHERE content_id = :id"), {"id": scheduled.id}
    )
    there.contents += [draft, scheduled]
    room = {"stream_url": f"https://{CANARY}.example/live", "replay_url": f"https://{CANARY}.example/replay"}
    session.add(models.LiveRoom(content_id=there.contents[0].id, starts_at=make.EARLY, **room))
    page = models.Homepage(creator_id=there.creator.id)
    session.add(page)
    await session.flush()
    blocks: list[Any] = [{"type": "hero", "title": CANARY}]
    session.add(models.HomepageVersion(homepage_id=page.id, number=1, blocks=blocks, theme={"note": CANARY}))
    await session.flush()


def _known(caller: Caller, account: models.Account) -> Caller:
    return Caller(name="hw_0", account_id=account.id, creator_ids=caller.creator_ids, scopes=caller.scopes)


async def _remarks(session: AsyncSession, there: Person) -> None:
    """What they said at other people's, as themselves and as the creator; and what others said at theirs."""
    bob, friend = await make.creator(session, name="Bob"), await make.account(session, name="Friend")
    question = await make.content(session, bob, format=Format.QNA)
    live = await make.content(session, bob, format=Format.LIVE)
    session.add(models.LiveRoom(content_id=live.id, starts_at=make.EARLY))
    session.add(models.ContentCount(content_id=question.id, comments_count=3, likes_count=1))
    await session.flush()
    mine, at = {"account_id": there.account.id}, {"content_id": question.id}
    as_creator = {"account_id": friend.id, "creator_id": there.creator.id}
    session.add_all(
        [
            models.Answer(creator_id=there.creator.id, body=PARAGRAPH, published_at=make.EARLY, is_accepted=True,
                          state_because=CANARY, source="blog", external_key=CANARY, **at),
            models.Comment(text=f"{CANARY} one", state_because=CANARY, **mine, **at),
            models.Comment(text=f"{CANARY} two", **as_creator, **at),
            models.Comment(text="A friend's words.", account_id=friend.id, **at),
            models.LiveMessage(text=f"{CANARY} three", content_id=live.id, **mine),
            models.LiveMessage(text=f"{CANARY} four", content_id=live.id, **as_creator),
            models.Like(**mine, **at),
            models.Follow(creator_id=bob.id, **mine),
        ]
    )  # fmt: skip
    bob.followers_count = 1
    await session.flush()


async def _organisation(session: AsyncSession, there: Person) -> None:
    agency = models.Organisation(handle="north", name="North", demands_review=True)
    session.add(agency)
    await session.flush()
    period = Range(make.day("2026-01-01"), None)
    session.add_all(
        [
            models.Contract(organisation_id=agency.id, creator_id=there.creator.id, period=period, share_basis_points=0,
                            source="crm", external_key=CANARY),
            models.OrganisationMember(organisation_id=agency.id, account_id=there.account.id, period=period,
                                      role=models.OrganisationRole.EDITOR),
        ]
    )  # fmt: skip
    content = there.contents[1]
    session.add(
        models.Review(organisation_id=agency.id, content_id=content.id, revision_id=content.live_revision_id,
                      note=CANARY, decided_at=make.EARLY, state=models.ReviewState.RETURNED)
    )  # fmt: skip
    session.add(models.Appeal(content_id=there.contents[2].id, account_id=there.account.id, text=CANARY, note=CANARY))
    await session.flush()


async def _distributed(session: AsyncSession, there: Person) -> None:
    channel = await make.channel(session, "test.all", body={"key": "test.all"})
    content, digest = there.contents[0], bytes(32)
    session.add(models.FactSnapshot(digest=digest, body={"creator": {"name": CANARY}}))
    session.add(models.Feed(key=f"creator.{CANARY}-1", kind=models.FeedKind.CREATOR, creator_id=there.creator.id))
    submission = models.Submission(
        content_id=content.id, channel_id=channel.id, state=models.SubmissionState.REJECTED, reason=CANARY,
        revision_id=content.live_revision_id, pack_version_id=channel.pack_version_id,
    )  # fmt: skip
    session.add(submission)
    await session.flush()
    finding = CODES | {"actual": f"{CANARY} title", "evidence": {"of": CANARY}, "message_en": CANARY}
    session.add(
        models.Decision(
            submission_id=submission.id, attempt=1, revision_id=content.live_revision_id, engine_version="1",
            pack_version_id=channel.pack_version_id, snapshot_digest=digest, outcome=models.Outcome.FIXABLE,
            findings=[finding], decided_at=make.EARLY,
        )
    )  # fmt: skip
    others = await make.content(session, await make.creator(session, name="Judged"))
    judged = models.Submission(
        content_id=others.id, channel_id=channel.id, state=models.SubmissionState.REJECTED, reason=f"{CANARY} note",
        revision_id=others.live_revision_id, pack_version_id=channel.pack_version_id,
    )  # fmt: skip
    session.add(judged)
    await session.flush()
    looked = models.CleanOut(
        channel_id=channel.id, pack_version_id=channel.pack_version_id, period="2026-11", is_rehearsal=False,
        started_at=make.EARLY, started_by="op",
    )  # fmt: skip
    session.add(looked)
    await session.flush()
    out = {"creator_id": there.creator.id, "clean_out_id": looked.id}
    session.add(models.CleanOutVerdict(**out, is_out=True, findings=[finding]))
    gone = {**out, "channel_id": channel.id, "reason_codes": [], "reason": CANARY, "ended_by": "op"}
    session.add(models.ChannelDeparture(**gone))
    step = {"attempt": 1, "to_state": models.SubmissionState.REJECTED, "at": make.EARLY, "actor": "hw_0"}
    session.add_all(
        [
            models.SubmissionEvent(submission_id=submission.id, taken_by="AUDITOR", reason=CANARY, **step),
            models.SubmissionEvent(
                submission_id=judged.id,
                taken_by="AUDITOR",
                account_id=there.account.id,
                reason=f"{CANARY} note",
                **step,
            ),
        ]
    )
    await session.flush()


async def _said(session: AsyncSession, there: Person) -> None:
    """Reasons in the record: given by the person, and given about them."""
    about = [("Creator", there.creator.id, None), ("Content", there.contents[0].id, None), ("Account", there.account.id, None),
             ("Content", 10**9, there.account.id)]  # fmt: skip
    session.add_all(
        models.AuditEntry(actor="hw_0", action="x", object_type=kind, object_id=id_, account_id=by, reason=CANARY)
        for kind, id_, by in about
    )
    there.account.suspended_because = there.creator.suspended_because = CANARY
    await session.flush()


async def tables(session: AsyncSession) -> list[str]:
    found = await session.scalars(
        text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1")
    )
    return list(found)


async def holding(session: AsyncSession, word: str) -> set[str]:
    """The tables of which a row, written out with all its columns, holds the word."""
    found = set()
    for table in await tables(session):
        sought = text(f"SELECT 1 FROM {table} AS row WHERE row::text ILIKE :word LIMIT 1")
        if await session.scalar(sought, {"word": f"%{word}%"}):
            found.add(table)
    return found


HOLDING = {
    "account_logins", "accounts", "answers", "api_keys", "appeals", "applications", "asset_folders", "asset_uploads", "assets",
    "audit_entries", "channel_departures", "clean_out_verdicts", "comments",
    "contents", "contracts", "creators", "decisions", "fact_snapshots", "feeds", "homepage_versions", "idempotency_keys",
    "live_messages", "live_rooms", "reviews", "revisions", "submission_events", "submissions",
}  # fmt: skip
"""Where words of a person stand."""

NO_WORDS = {
    "answer_votes", "channel_members", "content_counts", "content_prints", "creator_fields", "creator_roles", "erasures", "feed_contents",
    "feed_items", "follows", "homepages", "identities", "likes", "organisation_members", "revision_assets",
    "revision_products", "saves", "taggings", "live_pushes",
}  # fmt: skip
"""Tables that point at people or contents and hold ids, codes and numbers only."""


async def test_after_an_erasure_nothing_holds_the_persons_words(
    db: RolledBackDatabase, session: AsyncSession, clock: FixedClock, store: Store
):
    there = await person(session, store, clock)
    assert await holding(session, CANARY) == HOLDING
    operator = await _operator(session)

    first, second = await erasure.erase_account(session, operator, there.account.uid, clock=clock)
    steps = 0
    while await erasure.step(db, store, clock):
        steps += 1
        assert steps < 40

    assert await holding(session, CANARY) == set()
    for done in (first, second):
        await session.refresh(done)
        assert done.finished_at == clock.now()
    assert (first.account_id, first.creator_id) == (there.account.id, None)
    assert first.counts == {"asset_uploads": 1, "comments": 1, "live_messages": 1, "audit_entries": 2}
    assert second.counts == {
        "asset_uploads": 2, "contents": 5, "answers": 1, "comments": 1, "live_messages": 1, "homepage_versions": 1,
        "assets": 2, "asset_folders": 2, "clean_out_verdicts": 1, "files": 2, "audit_entries": 1,
    }  # fmt: skip
    # bytes that somebody else has too stay, with what was made of them
    assert [(store.folder / assets.key_of(digest)).exists() for digest in there.digests] == [False, True, False]
    shared = assets.rendition_key(there.digests[1], "served")
    assert [key for key in there.keys if (store.folder / key).exists()] == [shared]
    assert len(there.keys) == 7
    # ids and codes stay
    findings = await session.scalar(text("SELECT findings FROM decisions"))
    assert findings == [CODES]
    states = await session.scalars(select(models.Content.state).where(models.Content.creator_id == there.creator.id))
    assert set(states) == {ContentState.ERASED}
    await session.refresh(there.creator)
    creator = there.creator
    assert (creator.name, creator.handle, creator.erased_at) == ("", f"erased-{creator.uid.hex}", clock.now())
    # what others said stays, and is counted
    assert await session.scalar(text("SELECT text FROM comments WHERE state = 'VISIBLE'")) == "A friend's words."
    counts = await session.execute(text("SELECT comments_count, likes_count FROM content_counts"))
    assert counts.all() == [(1, 0)]
    assert await session.scalar(text("SELECT followers_count FROM creators WHERE name = 'Bob'")) == 0


async def test_every_table_that_points_at_people_or_contents_was_thought_of(session: AsyncSession):
    pointing = await session.scalars(
        text(
            "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND confrelid IN"
            " ('accounts'::regclass, 'creators'::regclass, 'contents'::regclass, 'revisions'::regclass)"
        )
    )

    assert set(pointing) - HOLDING - NO_WORDS == set()


async def test_from_the_moment_it_is_asked_for_nothing_of_the_person_is_shown(
    session: AsyncSession, clock: FixedClock, store: Store
):
    there = await person(session, store, clock)
    there.creator.suspended_because = None
    operator = await _operator(session)

    await erasure.erase_account(session, operator, there.account.uid, clock=clock)

    ids = [content.id for content in there.contents]
    assert await contents.by_ids(session, Caller(), ids) == {}
    own = make.acting_as(there.creator)
    assert (
        await session.scalar(
            select(func.count()).where(access.creators(Caller()), models.Creator.id == there.creator.id)
        )
        == 0
    )
    with pytest.raises(callers.NoSuchAccount):
        await callers.of_account(
            session, there.account.id, name="x", scopes=[Scope.CONTENT_WRITE], on=clock.now().date()
        )
    with pytest.raises(access.NoSuchCreator):
        await access.editable_creator(session, own, there.creator.uid)
    urgent = await session.execute(text("SELECT consumer, urgency FROM dirty_marks WHERE kind = 'CREATOR' ORDER BY 1"))
    assert urgent.all() == [("DISTRIBUTION", 0), ("INDEX", 0)]
    assert await session.scalar(select(func.count()).where(models.ApiKey.revoked_at.is_(None))) == 0


async def test_an_erasure_is_final_and_asked_for_once(
    db: RolledBackDatabase, session: AsyncSession, clock: FixedClock, store: Store
):
    there = await person(session, store, clock)
    operator = await _operator(session)

    one = await erasure.erase_creator(session, operator, there.creator.uid, clock=clock)
    again = await erasure.erase_creator(session, operator, there.creator.uid, clock=clock)
    await erasure.finish(db, store, clock, [one.id])
    clock.move(timedelta(days=1))
    assert await erasure.step(db, store, clock) is False

    assert one.id == again.id
    assert await session.scalar(select(func.count()).select_from(models.Erasure)) == 1
    for attempt in (publishing.restore(session, operator, there.contents[2].uid, clock=clock),
                    publishing.reinstate(session, operator, there.creator.uid)):  # fmt: skip
        with pytest.raises(DomainError) as refused:
            await attempt
        assert refused.value.code in {"NO_SUCH_CONTENT", "NO_SUCH_CREATOR"}


async def test_a_creator_that_others_act_as_stays_when_one_account_is_erased(
    session: AsyncSession, clock: FixedClock, store: Store
):
    there = await person(session, store, clock)
    colleague = await make.account(session, name="Colleague")
    session.add(models.Identity(account_id=colleague.id, kind=IdentityKind.CREATOR, creator_id=there.creator.id))
    await session.flush()
    operator = await _operator(session)

    counted = dict(await erasure.of_account(session, operator, there.account.uid))
    (only,) = await erasure.erase_account(session, operator, there.account.uid, clock=clock)

    assert (counted["creators"], counted["comments"], "contents" in counted) == (0, 1, False)
    assert (only.account_id, there.creator.erased_at) == (there.account.id, None)


async def test_more_creators_than_one_transaction_takes_are_erased_first(session: AsyncSession, clock: FixedClock):
    account = await make.account(session)
    made = text(
        "INSERT INTO creators (uid, handle, name, kind) SELECT gen_random_uuid(), 'c' || n, '', 'MEDIA' FROM generate_series(1, 100) n"
    )
    await session.execute(made)
    acting = text(
        "INSERT INTO identities (uid, account_id, kind, creator_id) SELECT gen_random_uuid(), :account, 'CREATOR', id FROM creators"
    )
    await session.execute(acting, {"account": account.id})

    with pytest.raises(DomainError) as refused:
        await erasure.erase_account(session, await _operator(session), account.uid, clock=clock)

    assert refused.value.code == "TOO_MANY_CREATORS"
    assert await session.scalar(select(func.count()).select_from(models.Erasure)) == 0


async def test_an_erasure_can_be_rehearsed(session: AsyncSession, clock: FixedClock, store: Store):
    there = await person(session, store, clock)
    operator = await _operator(session)

    counted = dict(await erasure.of_account(session, operator, there.account.uid))

    assert counted == {
        "api_keys": 1, "account_logins": 1, "identities": 1, "comments": 2, "live_messages": 2, "creators": 1, "contents": 5,
        "revisions": 5, "answers": 1, "homepage_versions": 1, "assets": 2, "asset_folders": 2, "asset_uploads": 3, "files": 2,
        "clean_out_verdicts": 1,
    }  # fmt: skip
    assert await session.scalar(select(func.count()).select_from(models.Erasure)) == 0
    for attempt in (erasure.of_creator(session, make.acting_as(there.creator), there.creator.uid),
                    erasure.erase_account(session, make.acting_as(there.creator), there.account.uid, clock=clock)):  # fmt: skip
        with pytest.raises(Forbidden):
            await attempt


async def test_killed_in_the_middle_it_goes_on(committed: Database, clock: FixedClock, store: Store):
    async with committed.session() as session:
        there = await person(session, store, clock)
        (asked,) = [await erasure.erase_creator(session, await _operator(session), there.creator.uid, clock=clock)]
    # each step is a transaction: one that dies has done nothing
    async with committed.engine.connect() as dying:
        victim = AsyncSession(dying)
        pid = await victim.scalar(text("SELECT pg_backend_pid()"))
        await victim.scalar(select(models.Erasure).with_for_update())
        # another worker does not wait for it
        assert await erasure.step(committed, store, clock) is False
        async with committed.session() as session:
            await session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        await dying.invalidate()
    # and one that dies after the bytes are gone, before their row is
    (store.folder / assets.key_of(there.digests[0])).unlink()
    (store.folder / there.keys[0]).unlink()
    (store.folder / there.keys[3]).unlink()

    await erasure.finish(committed, store, clock, [asked.id])

    async with committed.session() as session:
        assert await session.scalar(text("SELECT counts ->> 'files' FROM erasures")) == "2"
        assert await session.scalar(select(func.count()).select_from(models.Blob)) == 1
        left = await holding(session, CANARY)
    # of what others have the bytes, and what the account sends for others, all is there
    assert [(store.folder / key).exists() for key in there.keys] == [False, False, True, False, False, True, True]
    assert left == {
        "account_logins",
        "accounts",
        "api_keys",
        "applications",
        "asset_uploads",
        "audit_entries",
        "comments",
        "idempotency_keys",
        "live_messages",
        "submission_events",
        "submissions",
    }


async def _operator(session: AsyncSession) -> Caller:
    known = await make.account(session, name="Operator")
    await session.execute(delete(models.DirtyMark))
    return Caller(name="operator", account_id=known.id, scopes=frozenset({Scope.OPERATE}))
