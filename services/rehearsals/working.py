"""Rehearsals at work: one batch of contents in one transaction, that holds the rehearsal locked, until none is left."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import Clock
from core.db import Database, is_away
from models import RehearsalState, SubmissionState
from services import access
from services.channels import installing
from services.channels.dossiers import Dossier
from services.channels.engine import CompiledPack
from services.channels.facts import Facts
from services.channels.findings import Outcome
from services.channels.rehearsal import Change, Compared, compared, matched, may_widen
from services.gathering import gather
from services.rehearsals.reading import MOST_SAMPLES
from services.submissions import STANDING

log = structlog.get_logger()

AT_ONCE = 200
"""Contents of a batch: a second of work at most, after which others may have the rehearsal."""

_UNTOUCHED = Compared((Change.UNCHANGED,), None, Outcome.NOT_FOR_THIS, (), ())

LIVE = (*STANDING, SubmissionState.REJECTED)
"""The states of submissions that a rehearsal looks at: what was withdrawn, failed or ran out is not judged anew either."""


class _Place(NamedTuple):
    """A content to be looked at, with its submission to the channel, if there is one."""

    content_id: int
    submission_id: int | None


@dataclass(frozen=True, slots=True)
class _Versions:
    """The two versions of a rehearsal, made ready once."""

    before: CompiledPack
    after: CompiledPack

    @property
    def widens(self) -> bool:
        return may_widen(self.before, self.after)


class Rehearser:
    """One loop's worth of state: the database, the clock, and the versions that are compared."""

    def __init__(self, db: Database, *, clock: Clock, base_url: str, batch: int = AT_ONCE) -> None:
        self.db = db
        self.clock = clock
        self.base_url = base_url
        self.batch = batch
        self._ready: tuple[tuple[int, int], _Versions] | None = None

    async def step(self, only: int | None = None) -> bool:
        """The next batch of the oldest rehearsal that nobody works at (of the one with this id); False when there is none.

        Killed anywhere, the next step goes on behind the last batch that was committed. What goes wrong ends the rehearsal
        with the reason, unless it may heal by itself: that is raised.
        """
        async with self.db.session() as session:
            row = await _claimed(session, only)
            if row is None:
                return False
            try:
                async with session.begin_nested():
                    await self._next(session, row)
            except Exception as error:
                if isinstance(error, OSError) or (isinstance(error, DBAPIError) and is_away(error)):
                    raise
                await session.refresh(row)
                log.exception("rehearsal.failed", rehearsal=str(row.uid))
                row.failure = f"{type(error).__name__}: {error}"[:2000]
                row.state, row.finished_at = RehearsalState.FAILED, self.clock.now()
            return True

    async def _next(self, session: AsyncSession, row: models.Rehearsal) -> None:
        pair, now = await self._versions(session, row), self.clock.now()
        if row.state is RehearsalState.WAITING:
            row.state = RehearsalState.RUNNING
            row.total_count = await session.scalar(_counted(_places(row.channel_id, pair))) or 0
        found = await session.execute(_batch(row, pair, self.batch))
        places = [_Place(*one) for one in found]
        ids = [one.content_id for one in places]
        gathered = await gather(
            session, ids, at=now, base_url=self.base_url, skip_unreadable=True, judges=(pair.before, pair.after)
        )
        facts = {content_id: one.facts for content_id, one in gathered.items()}
        # a second of nothing but work: others are served in between
        results = await asyncio.to_thread(_judged, pair, places, facts, now)
        _add(row, results)
        row.done_count += len(places)
        row.total_count = max(row.total_count, row.done_count)
        if places:
            row.last_content_id = places[-1].content_id
        if len(places) < self.batch:
            row.state, row.finished_at, row.total_count = RehearsalState.DONE, now, row.done_count

    async def _versions(self, session: AsyncSession, row: models.Rehearsal) -> _Versions:
        wanted = row.compared_id, row.pack_version_id
        if self._ready is None or self._ready[0] != wanted:
            found = await installing.pinned(session, wanted)
            before, after = (CompiledPack(found[version_id]) for version_id in wanted)
            self._ready = wanted, _Versions(before, after)
        return self._ready[1]


async def _claimed(session: AsyncSession, only: int | None) -> models.Rehearsal | None:
    row = models.Rehearsal
    statement = select(row).where(row.state.in_((RehearsalState.WAITING, RehearsalState.RUNNING))).limit(1)
    if only is not None:
        # whoever asked for this one waits for another who works at it
        return await session.scalar(statement.where(row.id == only).with_for_update())
    return await session.scalar(statement.order_by(row.id).with_for_update(skip_locked=True))


def _places(channel_id: int, pair: _Versions) -> Select[int, int]:
    """The public contents that are submitted to the channel; where more may come, those also that nobody submitted."""
    content, submission = models.Content, models.Submission
    here = and_(submission.content_id == content.id, submission.channel_id == channel_id)
    wanted: ColumnElement[bool] = submission.state.in_(LIVE)
    if pair.widens:
        wanted = or_(wanted, and_(submission.id.is_(None), _may_come(pair.after)))
    places = select(content.id, submission.id).join(submission, here, isouter=pair.widens)
    return places.where(access.public_contents(), wanted)


def _may_come(pack: CompiledPack) -> ColumnElement[bool]:
    """Contents of the formats that the version takes, and whose authors named no channels."""
    formats = pack.pack.selector.formats
    of_format = models.Content.format.in_([models.Format(one) for one in formats]) if formats else true()
    return and_(models.Content.channel_ids.is_(None), of_format)


def _batch(row: models.Rehearsal, pair: _Versions, limit: int) -> Select[int, int]:
    places = _places(row.channel_id, pair).where(models.Content.id > row.last_content_id)
    return places.order_by(models.Content.id).limit(limit)


def _counted(places: Select[int, int]) -> Select[int]:
    return select(func.count()).select_from(places.subquery())


def _judged(
    pair: _Versions, places: Sequence[_Place], facts: dict[int, Facts], at: datetime
) -> list[tuple[_Place, Compared | None]]:
    """What would change for each; None where its stored words cannot be read."""
    return [(place, _one(pair, place, facts.get(place.content_id), at)) for place in places]


def _one(pair: _Versions, place: _Place, facts: Facts | None, at: datetime) -> Compared | None:
    if facts is None:
        return None
    dossier = Dossier(facts, at)
    if place.submission_id is not None:
        return compared(pair.before, pair.after, dossier)
    return matched(pair.before, pair.after, dossier) or _UNTOUCHED


def _add(row: models.Rehearsal, results: Sequence[tuple[_Place, Compared | None]]) -> None:
    """Count what would change, and keep the first of each kind."""
    counts, codes = Counter(row.counts), Counter(row.codes)
    samples = {change: list(kept) for change, kept in row.samples.items()}
    for place, result in results:
        counts.update(change.value for change in (result.changes if result else (Change.UNREADABLE,)))
        codes.update(result.new_codes if result else ())
        for change in result.changes if result else ():
            kept = samples.setdefault(change.value, [])
            if result and change is not Change.UNCHANGED and len(kept) < MOST_SAMPLES:
                kept.append(_sample(place, result))
    row.counts, row.codes, row.samples = dict(counts), dict(codes), samples


def _sample(place: _Place, result: Compared) -> dict[str, Any]:
    return {
        "content": place.content_id,
        "submission": place.submission_id,
        "before": result.before,
        "after": result.after,
        "new": list(result.new_codes),
        "gone": list(result.gone_codes),
    }
