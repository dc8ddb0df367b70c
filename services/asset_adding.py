"""Files of this machine, and of addresses, added as assets by an operator: the way of any upload, gone from beginning to end."""

from __future__ import annotations

import asyncio
import enum
import hashlib
import os
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import BufferedReader
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from core.errors import DomainError, Invalid, Problem
from core.store import CHUNK
from models import UploadState
from services.assets import fetching, folders, labelling, labels, probing, uploading
from services.assets.failures import EMPTY, EmptyFile, failure
from services.assets.fetching import Fetcher
from services.assets.file_limits import FileLimits, recognised
from services.assets.labels import Labels
from services.assets.pieces import HEAD
from services.assets.receiving import Receiver
from services.assets.uploading import Announcement
from services.media.facts import Facts, Refused
from services.objections import Objections
from services.runtime import Runtime

LOOK_AGAIN_SECONDS = 0.1
"""How often it is looked whether another process has finished with a file."""


class NotAFile(Invalid):
    """A folder, a link, a pipe, or nothing: there are no bytes to add."""

    code = "NOT_A_FILE"


class Outcome(enum.StrEnum):
    """ADDED: there is an asset now, or with a rehearsal there would be. PRESENT: its creator had these bytes already.
    REFUSED: it is not taken, for the reason that stands beside. WAITING: its address did not answer; a worker tries again.
    """

    ADDED = "added"
    PRESENT = "present"
    REFUSED = "refused"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one file; `asset` is there when it was added or present, but not in a rehearsal."""

    source: str
    outcome: Outcome
    asset: models.Asset | None = None
    facts: Facts | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Adding:
    """Adds files of one owner, each by itself: what is refused holds up no other. With `is_rehearsal` nothing is kept."""

    runtime: Runtime
    creator: models.Creator | None
    labels: Labels
    is_rehearsal: bool = False
    # files with the same bytes take turns, so that the second finds what became of the first
    _turns: tuple[asyncio.Lock, ...] = field(default_factory=lambda: tuple(asyncio.Lock() for _ in range(256)))

    async def add(self, source: str, *, follow: bool = True) -> Added:
        """A path of this machine, or an address. Unless `follow`, the path is no link."""
        try:
            if source.startswith(("http://", "https://")):
                return await self._address(source)
            with await asyncio.to_thread(opened, Path(source), follow=follow) as file:
                return await self._file(source, file)
        except DomainError as error:
            return _refused(source, error.problems[0])
        except OSError as error:
            return _refused(source, Problem("NOT_READABLE", f"It cannot be read: {error.strerror or error}."))

    async def _file(self, source: str, file: BufferedReader) -> Added:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise EmptyFile(EMPTY)
        # what is not taken is known before anything is read but its beginning
        media_type = recognised(await asyncio.to_thread(file.read, HEAD), None)
        self._limits.check(size, media_type)
        file.seek(0)
        digest = (await asyncio.to_thread(hashlib.file_digest, file, "sha256")).digest()
        async with self._turns[digest[0]]:
            return await self._bytes(source, file, size, digest)

    async def _bytes(self, source: str, file: BufferedReader, size: int, digest: bytes) -> Added:
        present = await self._present(digest)
        if present is not None:
            return Added(source, Outcome.PRESENT, present)
        if self.is_rehearsal:
            return await self._rehearsed(source)
        upload = await self._begun(source, size, digest)
        if upload.state is UploadState.RECEIVING:
            file.seek(upload.received_count)
            upload = await self._receiver.receive(upload.uid, upload.received_count, _pieces(file))
        return await settled(self.runtime, source, upload)

    async def _address(self, url: str) -> Added:
        if self.is_rehearsal:
            raise Invalid("What lies at an address is known when it is fetched: a rehearsal fetches nothing.")
        async with self.runtime.db.session() as session:
            upload = await self._begin(session, Announcement(url=url, labels=self.labels))
        return await settled(self.runtime, url, upload)

    async def _present(self, digest: bytes) -> models.Asset | None:
        asset = models.Asset
        own = asset.creator_id.is_not_distinct_from(self.creator.id if self.creator else None)
        async with self.runtime.db.session() as session:
            return await session.scalar(select(asset).where(asset.sha256 == digest, own).order_by(asset.id).limit(1))

    async def _rehearsed(self, source: str) -> Added:
        with tempfile.TemporaryDirectory(prefix="headwater-") as folder:
            try:
                facts = await self.runtime.sandbox.probe(_absolute(source), Path(folder, "served"))
            except Refused as refused:
                return _refused(source, failure(refused.flaw.value))
        return Added(source, Outcome.ADDED, facts=facts)

    async def _begun(self, source: str, size: int, digest: bytes) -> models.AssetUpload:
        """An upload of these bytes; where an interrupted one has some of them, that one goes on."""
        announcement = Announcement(Path(source).name, size, sha256=digest, labels=self.labels)
        upload = models.AssetUpload
        own = upload.creator_id.is_not_distinct_from(self.creator.id if self.creator else None)
        open_ = upload.state.in_([UploadState.RECEIVING, UploadState.PROBING])
        wanted = upload.account_id.is_(None), own, open_, upload.expected_sha256 == digest
        async with self.runtime.db.session() as session:
            begun = await session.scalar(select(upload).where(*wanted).order_by(upload.id).limit(1))
            return begun or await self._begin(session, announcement)

    async def _begin(self, session: AsyncSession, announcement: Announcement) -> models.AssetUpload:
        runtime = self.runtime
        return await uploading.begin(
            session, SYSTEM, self.creator.uid if self.creator else None, announcement, store=runtime.store,
            limits=self._limits, hours=runtime.settings.upload_hours, clock=runtime.clock,
        )  # fmt: skip

    @property
    def _limits(self) -> FileLimits:
        return FileLimits.of(self.runtime.settings)

    @property
    def _receiver(self) -> Receiver:
        runtime = self.runtime
        return Receiver.of(runtime.db, runtime.store, runtime.settings, runtime.clock)


async def prepared(
    runtime: Runtime,
    creator: models.Creator | None,
    given: Labels,
    *,
    folder: Sequence[str] = (),
    is_rehearsal: bool = False,
) -> Adding:
    """Adding for this creator, or for the house, into a folder that is made where it is missing; what is wrong with the
    labels is raised once, before the first file.
    """
    async with runtime.db.session() as session:
        folder_uid = await _folder(session, runtime, creator, folder, is_rehearsal=is_rehearsal) if folder else None
        given = replace(given, folder_uid=folder_uid)
        against = Objections()
        await against.take_from(
            labels.checked(session, SYSTEM, creator.id if creator else None, given, clock=runtime.clock)
        )
        await labelling.named(session, given.tags, against)
        against.check()
    return Adding(runtime, creator, given, is_rehearsal)


async def linked(runtime: Runtime, creator: models.Creator | None) -> Sequence[models.Asset]:
    """The assets whose bytes lie elsewhere, of a creator or with None of all, the oldest first."""
    asset = models.Asset
    statement = select(asset).where(asset.sha256.is_(None), asset.url.is_not(None)).order_by(asset.id)
    if creator is not None:
        statement = statement.where(asset.creator_id == creator.id)
    async with runtime.db.session() as session:
        return (await session.scalars(statement)).all()


async def brought(runtime: Runtime, asset: models.Asset, *, inside: bool = False) -> Added:
    """Bring the bytes of a linked asset in, which keeps its id. One that a worker has in hand is WAITING."""
    source = asset.url or ""
    async with runtime.db.session() as session:
        begun = await fetching.fetch_linked(
            session, SYSTEM, uids=[asset.uid], hours=runtime.settings.upload_hours, clock=runtime.clock
        )
    if not begun:
        return Added(source, Outcome.WAITING)
    return await settled(runtime, source, begun[0], inside=inside)


async def settled(runtime: Runtime, source: str, upload: models.AssetUpload, *, inside: bool = False) -> Added:
    """What becomes of an upload that has its address, or all its bytes: fetched once and looked into by us, unless a worker is
    faster.
    """
    fetcher = replace(Fetcher.of(runtime.db, runtime.store, runtime.settings, runtime.clock), inside=inside)
    most = fetcher.limits.of_kind
    if upload.state is UploadState.FETCHING:
        await fetcher.step(only=[upload.uid])
        upload = await _now(runtime, upload)
    while upload.state is UploadState.PROBING:
        if not await probing.step(runtime.db, runtime.store, runtime.sandbox, runtime.clock, most=most):
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        upload = await _now(runtime, upload)
    if upload.state in uploading.MOVING:
        return Added(source, Outcome.WAITING)
    if upload.state is not UploadState.READY:
        return _refused(source, failure(upload.failure or "UPLOAD_EXPIRED"))
    async with runtime.db.session() as session:
        asset = (await session.scalars(select(models.Asset).where(models.Asset.uid == upload.asset_uid))).one()
    return Added(source, Outcome.ADDED, asset)


async def _now(runtime: Runtime, upload: models.AssetUpload) -> models.AssetUpload:
    async with runtime.db.session() as session:
        return (await uploading.by_ids(session, SYSTEM, [upload.id]))[upload.id]


async def _folder(
    session: AsyncSession,
    runtime: Runtime,
    creator: models.Creator | None,
    names: Sequence[str],
    *,
    is_rehearsal: bool,
) -> UUID | None:
    if creator is None:
        raise folders.FolderOfAnotherCreator("Files of the house lie in no folder: name a creator.", path=("folder",))
    above: models.AssetFolder | None = None
    for name in names:
        folder = models.AssetFolder
        beside = folder.parent_id.is_not_distinct_from(above.id if above else None)
        wanted = select(folder).where(folder.creator_id == creator.id, beside, folder.name == name)
        found = await session.scalar(wanted)
        if found is None and is_rehearsal:
            return None
        above = found or await folders.create(
            session, SYSTEM, creator.uid, name, parent=above.uid if above else None, clock=runtime.clock
        )
    return above.uid if above else None


def within(path: Path, *, is_recursive: bool) -> Iterator[tuple[str, bool]]:
    """The files that a path of the command line names, and whether it may be a link: itself, or all that lies in a folder, at
    any depth, in order.

    What begins with a dot is left out. A folder that is not to be looked into comes as itself, to be refused. OSError.
    """
    if not is_recursive or not path.is_dir():
        yield str(path), True
        return
    for folder, inner, names in os.walk(path, onerror=_unreadable):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        yield from ((str(Path(folder, name)), False) for name in sorted(names) if not name.startswith("."))


def opened(path: Path, *, follow: bool) -> BufferedReader:
    """A file to read; NotAFile for all else. OSError."""
    if not follow and path.is_symlink():
        raise NotAFile("It is a link: name it, or what it leads to, to add that.")
    # a pipe without a writer would keep us waiting for ever
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    if stat.S_ISDIR(mode):
        raise NotAFile("It is a folder: say --recursive to add what lies in it.")
    raise NotAFile("It is neither a file nor a folder.")


def _absolute(source: str) -> Path:
    """The child works in a folder of its own."""
    return Path(source).absolute()


async def _pieces(file: BufferedReader) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, CHUNK):
        yield piece


def _refused(source: str, problem: Problem) -> Added:
    return Added(source, Outcome.REFUSED, problem=problem)


def _unreadable(error: OSError) -> None:
    raise error
