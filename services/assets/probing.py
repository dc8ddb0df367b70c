"""Looks into bytes that nobody has looked into yet: a file a step, in the sandbox, under a lease that outlives no worker."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import Clock
from core.db import Database, is_away
from core.errors import Unavailable
from core.store import COPY, NothingThere, Store
from models import ProbeState
from services import outbox
from services.assets import copies, keeping, settling
from services.assets.settling import Largest
from services.media.facts import PROBE_VERSION, Facts, Flaw, Refused
from services.media.sandbox import Ended, NotStarted, Sandbox

log = structlog.get_logger()

MOST_ATTEMPTS = 3
"""Claims of a blob that ended without an answer, since the worker or its child died; then it is refused."""

AGAIN = timedelta(seconds=5)
STORE_AGAIN = timedelta(seconds=30)
MISSING_AGAIN = timedelta(minutes=10)
"""How long a blob is left alone: after a child died of it; when something is away or full; when its bytes are missing."""

LEASE = timedelta(seconds=60)
SLOWEST = 10_000_000
"""A lease is LEASE, the time that a probe may take, and what a slow store needs, in bytes per second."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A blob that is ours until then; the end of the lease is its name as well. `is_again`: it was probed before."""

    sha256: bytes
    until: datetime
    attempt: int
    is_again: bool

    @property
    def name(self) -> str:
        return self.sha256.hex()


async def wake(session: AsyncSession, sha256: bytes | None = None) -> None:
    """Tell the workers, after the commit, that bytes wait to be looked at; these at once, if they are left alone now."""
    if sha256 is not None:
        blob = models.Blob
        # with an attempt it is a lease: whoever has that is at work
        left_alone = blob.sha256 == sha256, blob.probe_state == ProbeState.WAITING, blob.probe_attempts == 0
        await session.execute(update(blob).where(*left_alone).values(probe_claimed_until=None))
    await session.execute(select(func.pg_notify(outbox.CHANNEL, "")))


async def step(db: Database, store: Store, sandbox: Sandbox, clock: Clock, *, most: Largest | None = None) -> bool:
    """Look into the next blob: those that uploads wait for first, then what was imported, then what an older version of the
    probe looked at. False when there is none, or it had to be left for later.

    No transaction is open while it is looked at. `most` are the bounds by kind that uploads have.
    """
    claim = await _claim(db, sandbox, clock)
    if claim is None:
        return False
    work = _Work(db, store, sandbox, clock, most, claim)
    try:
        await work.do()
    except NothingThere:
        await work.miss()
    except Unavailable as away:
        log.warning("probe.store_away", blob=claim.name, error=away.message)
        await work.leave(STORE_AGAIN, counts=False)
        return False
    except Ended:
        await work.leave(timedelta(), counts=False)
        return False
    except Exception as error:
        # whose fault it is, is not known: the file waits, so that it is in nobody's way, and is not tried for ever
        is_outage = isinstance(error, OSError | NotStarted) or (isinstance(error, DBAPIError) and is_away(error))
        await work.leave(STORE_AGAIN if is_outage else AGAIN, counts=not is_outage)
        raise
    except BaseException:
        await work.leave(timedelta(), counts=False)
        raise
    return True


async def _claim(db: Database, sandbox: Sandbox, clock: Clock) -> Claim | None:
    now = clock.now()
    async with db.session() as session:
        for queue in (_awaited(), _waiting(), _outdated()):
            statement = queue.where(_is_free(now)).limit(1).with_for_update(skip_locked=True, of=models.Blob)
            blob = await session.scalar(statement)
            if blob is not None:
                blob.probe_attempts += 1
                slow = timedelta(seconds=sandbox.seconds + blob.byte_count / SLOWEST)
                blob.probe_claimed_until = now + LEASE + slow
                is_again = blob.probe_state is ProbeState.PROBED
                return Claim(blob.sha256, blob.probe_claimed_until, blob.probe_attempts, is_again)
    return None


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(models.Blob.probe_claimed_until.is_(None), models.Blob.probe_claimed_until <= now)


# written out, not as parameters: indexes over rows of one state are for statements that name it, also when they are prepared
_IS_WAITING = models.Blob.probe_state == literal_column("'WAITING'")
_IS_PROBED = models.Blob.probe_state == literal_column("'PROBED'")
_IS_AWAITED = models.AssetUpload.state == literal_column("'PROBING'")


def _awaited() -> Select[models.Blob]:
    """Somebody waits for an upload: an import of a hundred thousand pictures must not be in their way."""
    upload = models.AssetUpload
    joined = select(models.Blob).join(upload, upload.sha256 == models.Blob.sha256)
    return joined.where(_IS_AWAITED, _IS_WAITING).order_by(upload.id)


def _waiting() -> Select[models.Blob]:
    return select(models.Blob).where(_IS_WAITING).order_by(models.Blob.created_at)


def _outdated() -> Select[models.Blob]:
    """Served all the while with the facts that are known."""
    return select(models.Blob).where(_IS_PROBED, models.Blob.probe_version < PROBE_VERSION)


@dataclass(frozen=True, slots=True)
class _Work:
    db: Database
    store: Store
    sandbox: Sandbox
    clock: Clock
    most: Largest | None
    claim: Claim

    async def do(self) -> None:
        """Look, and write down what was found. NothingThere, Unavailable, Ended, NotStarted."""
        try:
            await self._look()
        except Refused as refused:
            await self._refused(refused)

    async def _look(self) -> None:
        if self.claim.attempt > MOST_ATTEMPTS:
            raise Refused(Flaw.PROBE_FAILED, "whoever looked at it never came back")
        await asyncio.to_thread(self.store.scratch.mkdir, mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{COPY}probe-", dir=self.store.scratch) as folder:
            copy = Path(folder) / f"{COPY}served"
            async with self.store.file(keeping.key_of(self.claim.sha256)) as path:
                facts = await self.sandbox.probe(path, copy)
            made = await copies.put(self.db, self.store, self.claim.sha256, copy) if facts.has_location else None
        await self._found(facts, made)

    async def _found(self, facts: Facts, made: copies.Copy | None) -> None:
        async with self.db.session() as session:
            blob = await self._ours(session)
            if blob is None:
                await copies.drop_orphan(session, self.store, self.claim.sha256)
                return
            await copies.note(session, self.store, blob.sha256, facts, made)
            blob.media_type, blob.facts = facts.media_type, facts.model_dump(mode="json")
            blob.probe_state, blob.probed_at, blob.probe_version = ProbeState.PROBED, self.clock.now(), PROBE_VERSION
            blob.probe_attempts, blob.probe_claimed_until = 0, None
            await session.flush()
            changed = await settling.spread(session, blob)
            ready = await settling.settle(session, self.store, blob, clock=self.clock, most=self.most)
        log.info("probe.done", blob=self.claim.name, kind=facts.kind, assets=changed + len(ready))

    async def _refused(self, refused: Refused) -> None:
        """A flaw of the file is final. That a child died of it may have been the machine's fault: twice more, then it is."""
        log.info("probe.refused", blob=self.claim.name, flaw=refused.flaw.value, detail=refused.detail)
        if refused.flaw is Flaw.PROBE_FAILED and self.claim.attempt < MOST_ATTEMPTS:
            await self.leave(AGAIN)
            return
        async with self.db.session() as session:
            blob = await self._ours(session)
            if blob is None:
                return
            blob.probe_attempts, blob.probe_claimed_until = 0, None
            if self.claim.is_again:
                # it is shown, and was fine: a newer probe that stumbles over it takes nothing away
                blob.probe_version = PROBE_VERSION
                log.error("probe.refused_later", blob=self.claim.name, flaw=refused.flaw.value)
                return
            blob.probe_state, blob.probe_failure = ProbeState.REFUSED, refused.flaw.value
            await session.flush()
            await settling.doubt(session, blob)
            await settling.settle(session, self.store, blob, clock=self.clock, most=self.most)

    async def miss(self) -> None:
        """The bytes are not in the store: uploads that wait for them are refused in the end; what assets have of them, an
        operator may bring back, so they are looked for now and then.
        """
        if self.claim.attempt < MOST_ATTEMPTS:
            await self.leave(AGAIN)
            return
        log.error("probe.bytes_missing", blob=self.claim.name, seconds=MISSING_AGAIN.total_seconds())
        async with self.db.session() as session:
            blob = await self._ours(session)
            if blob is None:
                return
            await settling.give_up(session, self.store, blob, Flaw.PROBE_FAILED)
        await self.leave(MISSING_AGAIN, counts=False, forget=True)

    async def leave(self, pause: timedelta, *, counts: bool = True, forget: bool = False) -> None:
        """Let go of the blob for so long; what did not count was no attempt."""
        blob = models.Blob
        attempts = 0 if forget else self.claim.attempt - (not counts)
        values = {"probe_claimed_until": self.clock.now() + pause, "probe_attempts": attempts}
        async with self.db.session() as session:
            still = blob.sha256 == self.claim.sha256, blob.probe_claimed_until == self.claim.until
            await session.execute(update(blob).where(*still).values(**values))

    async def _ours(self, session: AsyncSession) -> models.Blob | None:
        """The blob, unless the lease ran out and somebody else has it, or it is gone. What is written from here on is the
        last word.
        """
        await keeping.lock(session, self.claim.sha256)
        blob = await session.get(models.Blob, self.claim.sha256, populate_existing=True, with_for_update=True)
        if blob is None or blob.probe_claimed_until != self.claim.until:
            log.info("probe.lost", blob=self.claim.name)
            return None
        return blob
