"""The distributor: from dirty marks to submissions, decisions and feed items.

For a batch of contents: facts, selectors, gates, rules and renditions are worked out without a lock; then one
transaction locks the contents in order of id, gives back what moved meanwhile, takes quota, locks the heads of the feeds
in order of id, numbers, appends, tells what became of submissions, and clears the marks. So numbers follow commits, and
a reader of a feed never skips.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ARRAY, BigInteger, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import Clock
from core.db import Database
from core.reads import any_of
from models import Consumer, DirtyKind, FeedKind
from services import access, duplicate_entries, judging, outbox, product_changes, quotas, submissions
from services.channels import installing, rendering
from services.channels.engine import evaluate
from services.channels.findings import NextState
from services.channels.packs import Pack
from services.duplicates.keeping import keep_where_asked
from services.feeds import Said, Stated, append, heads_of
from services.fingerprints import Fingerprints
from services.gathering import Gathered, gather
from services.judging import Prepared
from services.submission_rows import SubmissionRow

log = structlog.get_logger()

LEASE = timedelta(seconds=60)


@dataclass(slots=True)
class Tally:
    """What a step did, for logs, `stats` and measurements."""

    contents: int = 0
    items: int = 0
    decisions: int = 0
    moved: int = 0
    spread: int = 0
    failed: int = 0

    @property
    def is_something(self) -> bool:
        """Whether there may be more of it: only a step that found nothing to claim says no."""
        return bool(self.contents or self.moved or self.spread or self.failed)

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


class Distributor:
    """One loop's worth of state: the database, the clock, and the catalogue of packs in force."""

    def __init__(self, db: Database, *, clock: Clock, base_url: str, batch: int = 50) -> None:
        self.db = db
        self.clock = clock
        self.base_url = base_url
        self.batch = batch
        self._catalogue: installing.Catalogue | None = None
        self._pinned: dict[int, Pack] = {}
        # the shapes of packs in one form, by version: many channels are given the same
        self._shapes: dict[int | None, str] = {}
        # what a step could not even put back, because the database went away: given back by the next one
        self._left: Sequence[outbox.Claim] = ()

    async def step(self) -> Tally:
        """Claim a batch and distribute it; an empty tally when there was nothing to do."""
        async with self.db.session() as session:
            await outbox.release(session, Consumer.DISTRIBUTION, self._left)
            claims = await outbox.claim(session, Consumer.DISTRIBUTION, limit=self.batch, lease=LEASE)
        self._left = claims
        try:
            tally = await self._distribute(claims) if claims else Tally()
        except Exception as error:  # noqa: BLE001  (whatever it was, the next contents must not wait for it)
            log.warning("distribution.batch_failed", marks=len(claims), error=repr(error))
            tally = await self._one_by_one(claims)
        self._left = []
        return tally

    async def _one_by_one(self, claims: Sequence[outbox.Claim]) -> Tally:
        """Each alone, so that a bad one does not stand in the way of the others."""
        total = Tally()
        for claim in claims:
            try:
                total = total + await self._distribute([claim])
            except Exception as alone:  # noqa: BLE001  (parked with its traceback, and shown by stats)
                await self._park(claim, alone)
                total = total + Tally(failed=1)
        return total

    async def drain(self) -> Tally:
        """Step until nothing is left that can be claimed now."""
        total = Tally()
        while True:
            async with self.db.session() as session:
                if not await outbox.has_claimable(session, Consumer.DISTRIBUTION):
                    return total
            total = total + await self.step()

    async def _park(self, claim: outbox.Claim, error: Exception) -> None:
        log.error("distribution.failed", kind=claim.kind, id=claim.object_id, exc_info=error)
        async with self.db.session() as session:
            await outbox.fail(session, Consumer.DISTRIBUTION, claim, repr(error))

    async def _distribute(self, claims: Sequence[outbox.Claim]) -> Tally:
        others = [claim for claim in claims if claim.kind is not DirtyKind.CONTENT]
        if others:
            async with self.db.session() as session:
                await _spread(session, await outbox.hold(session, Consumer.DISTRIBUTION, others))
                await outbox.finish(session, Consumer.DISTRIBUTION, others)
        contents = [claim for claim in claims if claim.kind is DirtyKind.CONTENT]
        if not contents:
            return Tally(spread=len(others))
        prepared = await self._prepare(contents)
        async with self.db.session() as session:
            tally = await self._commit(session, prepared)
        tally.spread = len(others)
        return tally

    async def _prepare(self, claims: Sequence[outbox.Claim]) -> list[Prepared]:
        """Facts and judgements, without holding a lock."""
        now = self.clock.now()
        ids = [claim.object_id for claim in claims]
        async with self.db.session() as session:
            self._catalogue = catalogue = await installing.catalogue(session, self._catalogue)
        judges = [entry.compiled for entry in catalogue.every()]
        await keep_where_asked(self.db, ids, judges)
        async with self.db.session() as session:
            gathered = await gather(session, ids, at=now, base_url=self.base_url, judges=judges)
            public = await _public(session, ids)
            standing = await submissions.of_contents(session, ids)
            known = await judging.known(session, gathered, standing, catalogue=catalogue, packs=self._pinned, at=now)
            await _creator_feeds(session, gathered.values())
        prepared = [Prepared(claim, gathered.get(claim.object_id), claim.object_id in public) for claim in claims]
        for one in prepared:
            judging.judge(one, standing[one.claim.object_id], known)
        return prepared

    async def _commit(self, session: AsyncSession, prepared: Sequence[Prepared]) -> Tally:
        now = self.clock.now()
        still, moved, creators = await _lock(session, prepared)
        tally = Tally(contents=len(still), moved=len(moved))
        standing = await submissions.of_contents(session, [one.claim.object_id for one in still])
        steps = submissions.Steps(now)
        await self._decide(session, still, standing, steps)
        await steps.write(session)
        tally.decisions = len(steps.decisions)
        tally.items = await self._tell(session, still, standing, now)
        await submissions.tell(session, steps.told, creators, at=now)
        await outbox.finish(session, Consumer.DISTRIBUTION, [one.claim for one in still])
        await outbox.release(session, Consumer.DISTRIBUTION, [one.claim for one in moved])
        return tally

    async def _decide(
        self,
        session: AsyncSession,
        prepared: Sequence[Prepared],
        standing: dict[int, dict[int, SubmissionRow]],
        steps: submissions.Steps,
    ) -> None:
        """Bring the submissions of these contents to where they belong now."""
        await judging.load(session, self._pinned, (one for each in standing.values() for one in each.values()))
        places = [(one.claim.object_id, channel_id) for one in prepared for channel_id in one.judged]
        new = sum(channel_id not in standing[content_id] for content_id, channel_id in places)
        await steps.expect(session, new=new, decided=len(places))
        asked: list[_Asked] = []
        flagging = product_changes.Flagging()
        for one in prepared:
            standing_here = standing[one.claim.object_id]
            if one.gathered is None or not one.is_public:
                steps.hide(standing_here.values())
                continue
            for channel_id, judged in one.judged.items():
                submission = standing_here.get(channel_id)
                standing_here[channel_id] = steps.submit(submission, one.gathered, judged)
                flagging.decided(standing_here[channel_id])
                self._pinned[judged.entry.pack_version_id] = judged.entry.compiled.pack
                asked.append((standing_here[channel_id], one.gathered, judged))
            for channel_id, news in one.news.items():
                flagging.follow(standing_here[channel_id], news, steps)
            steps.deliver(standing_here.values(), one.gathered.revision.id, self._pinned)
        asked = await duplicate_entries.settle(session, asked)
        spent = await _take_quota(session, asked, steps)
        for submission, gathered, judged in asked:
            evaluation = judged.evaluation
            if submission.id in spent:
                used = spent[submission.id]
                evaluation = evaluate(judged.entry.compiled, gathered.facts, at=evaluation.at, quota_used=used)
            steps.decide(submission, gathered, judged.entry, evaluation)
        await flagging.write(session)

    async def _tell(
        self,
        session: AsyncSession,
        prepared: Sequence[Prepared],
        standing: dict[int, dict[int, SubmissionRow]],
        now: datetime,
    ) -> int:
        """Append to every feed concerned the step from what it last said to what is true now."""
        ids = [one.claim.object_id for one in prepared]
        said = await _said(session, ids)
        channel_ids = {channel_id for each in standing.values() for channel_id in each}
        creator_ids = {one.gathered.content.creator_id for one in prepared if one.gathered}
        feeds = await heads_of(session, channel_ids, creator_ids)
        true: dict[tuple[int, int], Stated] = {}
        order: dict[int, datetime] = {}
        for one in prepared:
            if one.gathered is None or not one.is_public:
                continue
            content, shown = one.gathered.content, _Shown(one.gathered)
            order[content.id] = content.published_at or now
            true[feeds[FeedKind.CREATOR, content.creator_id], content.id] = self._stated(shown, None)
            for channel_id, submission in standing[content.id].items():
                if submission.state in submissions.SHOWN and submission.revision_id == one.gathered.revision.id:
                    stated = self._stated(shown, submission.pack_version_id)
                    true[feeds[FeedKind.CHANNEL, channel_id], content.id] = stated
        return await append(session, said, true, order=order, at=now)

    def _stated(self, shown: _Shown, pack_version_id: int | None) -> Stated:
        pack = rendering.PLAIN if pack_version_id is None else self._pinned[pack_version_id]
        if pack_version_id not in self._shapes:
            self._shapes[pack_version_id] = pack.rendering.model_dump_json()
        print_ = shown.fingerprint(pack, self._shapes[pack_version_id])
        return Stated(shown.revision_id, pack_version_id, print_)


class _Shown:
    """What becomes visible of one content, made once for all channels whose packs have the same shapes."""

    def __init__(self, gathered: Gathered) -> None:
        self.revision_id = gathered.revision.id
        self._renderer = rendering.Renderer(gathered.facts)
        self._fingerprints = Fingerprints(gathered)
        self._made: dict[str, bytes] = {}

    def fingerprint(self, pack: Pack, shapes: str) -> bytes:
        if shapes not in self._made:
            self._made[shapes] = self._fingerprints.of(self._renderer.render(pack))
        return self._made[shapes]


_Asked = tuple[SubmissionRow, Gathered, submissions.Judged]


async def _take_quota(
    session: AsyncSession, asked: Sequence[_Asked], steps: submissions.Steps
) -> dict[int, dict[str, int]]:
    """Take quota for every submission that may enter; what is used, by submission, where there was none left."""
    limited = [
        each
        for each in asked
        if each[2].evaluation.next_state is not NextState.REJECTED
        and quotas.is_limited(each[2].entry)
        and not each[1].content.is_history
    ]
    spent = {}
    for submission, gathered, judged in sorted(limited, key=_turn):
        if submission.is_new:
            used = await quotas.take_first(session, judged.entry, gathered.creator, at=steps.now)
            if used is None and quotas.has_limits(judged.entry, gathered.creator):
                steps.paid.append(submission)
        else:
            used = await quotas.take(session, judged.entry, gathered.creator, submission, at=steps.now)
        if used is not None:
            spent[submission.id] = used
    return spent


def _turn(asked: _Asked) -> tuple[Any, ...]:
    """One order over all batches, so that two distributors never wait for each other in a circle; then the older first."""
    submission, gathered, _ = asked
    content = gathered.content
    return submission.channel_id, content.creator_id, content.published_at, content.id


async def _lock(
    session: AsyncSession, prepared: Sequence[Prepared]
) -> tuple[list[Prepared], list[Prepared], dict[int, int]]:
    """Lock the contents in order of id, then their marks; those that are not as they were seen, or not ours any more,
    come second. Also whose contents they are, by id.
    """
    ids = [one.claim.object_id for one in prepared]
    found = await session.execute(
        select(models.Content.id, models.Content.version, models.Content.creator_id)
        .where(models.Content.id == any_of(ids))
        .order_by(models.Content.id)
        .with_for_update(key_share=True)
    )
    locked = found.all()
    versions = {content_id: version for content_id, version, _ in locked}
    held = await outbox.hold(session, Consumer.DISTRIBUTION, [one.claim for one in prepared])
    ours = {claim.object_id for claim in held}
    public = await _public(session, ids)
    still: list[Prepared] = []
    moved: list[Prepared] = []
    for one in prepared:
        content_id = one.claim.object_id
        same = one.gathered is None or versions.get(content_id) == one.version
        is_sound = same and content_id in ours and (content_id in public) == one.is_public
        (still if is_sound else moved).append(one)
    return still, moved, {content_id: creator_id for content_id, _, creator_id in locked}


async def _public(session: AsyncSession, ids: Sequence[int]) -> set[int]:
    rows = await session.scalars(
        select(models.Content.id).where(models.Content.id == any_of(ids), access.public_contents())
    )
    return set(rows)


async def _said(session: AsyncSession, ids: Sequence[int]) -> list[Said]:
    row = models.FeedContent
    rows = await session.execute(
        select(
            row.feed_id, row.content_id, row.version, row.is_live, row.revision_id, row.pack_version_id, row.fingerprint
        ).where(row.content_id == any_of(ids))
    )
    return [Said(*each) for each in rows]


async def _creator_feeds(session: AsyncSession, gathered: Iterable[Gathered]) -> None:
    """Give each creator a feed, named by the handle of the day it is made: addresses stay when handles change."""
    creators = {one.creator.id: one.creator for one in gathered}
    known = set(await session.scalars(select(models.Feed.creator_id).where(models.Feed.creator_id.in_(creators))))
    for creator_id in sorted(creators.keys() - known):
        creator = creators[creator_id]
        key = f"creator.{creator.handle}"
        holder = await session.scalar(select(models.Feed.creator_id).where(models.Feed.key == key))
        if holder not in {None, creator_id}:
            key = (
                f"{key}.{creator.uid}"  # somebody had this handle before, and whoever follows them must not get another
            )
        await installing.ensure_feed(session, key, FeedKind.CREATOR, creator_id=creator_id)


async def _spread(session: AsyncSession, claims: Sequence[outbox.Claim]) -> None:
    """A creator, product or tag that changed makes the contents that show it dirty."""
    showing = {
        DirtyKind.CREATOR: "SELECT id FROM contents WHERE creator_id = ANY(:ids) AND published_at IS NOT NULL",
        DirtyKind.PRODUCT: "SELECT c.id FROM revision_products r JOIN contents c ON c.live_revision_id = r.revision_id"
        " WHERE r.product_id = ANY(:ids)",
        DirtyKind.TAG: "SELECT id FROM contents WHERE tag_ids && :ids AND live_revision_id IS NOT NULL",
        DirtyKind.CHANNEL: "SELECT content_id FROM submissions WHERE channel_id = ANY(:ids)",
    }
    by_kind: dict[DirtyKind, list[int]] = defaultdict(list)
    for claim in claims:
        by_kind[claim.kind].append(claim.object_id)
    for kind, ids in sorted(by_kind.items()):
        shown = await session.scalars(text(showing[kind]).bindparams(bindparam("ids", ids, type_=ARRAY(BigInteger))))
        urgency = outbox.URGENT if kind is DirtyKind.CREATOR else outbox.BULK
        await outbox.mark(session, DirtyKind.CONTENT, shown, urgency=urgency, consumers=[Consumer.DISTRIBUTION])
