"""Uploads: files on their way in, from what is said of them to the asset that they become."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from sqlalchemy import BigInteger, func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core import fetching
from core.caller import Caller, Scope
from core.clock import Clock
from core.db import Database
from core.errors import Conflict, Forbidden, Gone, NotFound
from core.reads import OneRead, Order, PageRead
from core.store import Store
from models import UploadState
from services import access, audit, signatures
from services.assets import file_names, keeping, labelling, pieces, probing, settling
from services.assets.failures import EMPTY, EmptyFile
from services.assets.file_limits import FileLimits, announced
from services.assets.labels import Labels, checked
from services.objections import Objections
from services.references import UNREADABLE

MOST_UNFINISHED = 100
"""Uploads of an account that are not all there yet: a creator's whole gallery at once, and no store full of beginnings."""

LONGEST_ADDRESS = 2_000

OPEN = (UploadState.RECEIVING, UploadState.FETCHING)
"""States in which bytes may still come."""

MOVING = (*OPEN, UploadState.PROBING)
"""States that an upload does not stay in."""

PURPOSE = b"asset upload"

LOOK_AGAIN_SECONDS = 0.1
"""How often it is looked whether an upload got further, while somebody waits for it."""

by_ids = OneRead(models.AssetUpload, models.AssetUpload.id, access.asset_uploads)
by_uids = OneRead(models.AssetUpload, models.AssetUpload.uid, access.asset_uploads)
of_accounts = PageRead(
    "asset_uploads",
    models.AssetUpload,
    match=lambda key: models.AssetUpload.account_id == key,
    key_type=BigInteger(),
    visible=access.asset_uploads,
    orders=(Order("newest", (models.AssetUpload.id,)),),
)


class NoSuchUpload(NotFound):
    code = "NO_SUCH_UPLOAD"


class UploadExpired(Gone):
    """Nobody finished it in time, or it was cancelled."""

    code = "UPLOAD_EXPIRED"


class UploadOver(Conflict):
    """All of it is there, or it is fetched from an address: it takes no bytes."""

    code = "UPLOAD_OVER"


class TooManyUploads(Conflict):
    code = "TOO_MANY_UPLOADS"


class NeedsCreator(Forbidden):
    """Files of the house are the operators' business."""

    code = "CREATOR_NEEDED"


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is known of a file before its bytes: what it is called, how many bytes, of which kind, with which hash (the
    SHA-256, which a sender who knows it gives to be sure), or the address that we shall fetch it from.
    """

    file_name: str = ""
    byte_count: int | None = None
    media_type: str | None = None
    sha256: bytes | None = None
    url: str | None = None
    labels: Labels = field(default_factory=Labels)


async def begin(
    session: AsyncSession,
    caller: Caller,
    creator_uid: UUID | None,
    announcement: Announcement,
    *,
    store: Store,
    limits: FileLimits,
    hours: int,
    clock: Clock,
    against: Objections | None = None,
) -> models.AssetUpload:
    """An upload for a creator that the caller acts as, or for the house by an operator: then without a creator.

    It is READY at once when the creator has these bytes already. Bytes that only others have are sent all the same:
    knowing a hash gives nobody a file. Raises all that is wrong together, with what is noted in `against` before: then an
    id that could not be read is UNREADABLE.
    """
    access.require(caller, Scope.CONTENT_WRITE)
    against = against or Objections()
    creator_id, said = await _read(session, caller, creator_uid, announcement.labels, clock, against)
    media_type = against.take(announced, announcement.media_type)
    against.take(_countable, announcement.byte_count, media_type, limits)
    if announcement.url is not None:
        against.take(_fetchable, announcement.url)
    against.check()
    await _leave_room(session, caller)
    upload = models.AssetUpload(
        account_id=caller.account_id,
        creator_id=creator_id,
        state=UploadState.RECEIVING if announcement.url is None else UploadState.FETCHING,
        url=announcement.url,
        file_name=file_names.cleaned(announcement.file_name or _named_in(announcement.url)),
        media_type=media_type,
        byte_count=announcement.byte_count,
        expected_sha256=announcement.sha256,
        said=said,
        expires_at=clock.now() + timedelta(hours=hours),
    )
    session.add(upload)
    await session.flush()
    audit.record(session, caller, "asset.upload_begun", upload)
    if upload.state is UploadState.FETCHING:
        await probing.wake(session)
    if announcement.sha256 is not None:
        await _know_again(session, store, upload, announcement.sha256, limits, clock)
    return upload


async def own(session: AsyncSession, caller: Caller, uid: UUID) -> models.AssetUpload:
    """An upload of the caller's; others are unknown."""
    statement = select(models.AssetUpload).where(models.AssetUpload.uid == uid, access.asset_uploads(caller))
    found = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if found is None:
        raise NoSuchUpload("There is no such upload, or it is not yours.")
    return found


async def cancel(session: AsyncSession, caller: Caller, uid: UUID, *, store: Store, clock: Clock) -> models.AssetUpload:
    """Give up an upload of the caller's; what had arrived is dropped."""
    access.require(caller, Scope.CONTENT_WRITE)
    found = await own(session, caller, uid)
    cancelled = await give_up(session, found.uid, store=store, clock=clock)
    audit.record(session, caller, "asset.upload_cancelled", cancelled)
    await session.flush()
    return cancelled


async def give_up(session: AsyncSession, uid: UUID, *, store: Store, clock: Clock) -> models.AssetUpload:
    """End an upload that is not all there, for whoever holds its address. UploadOver when it is; given up twice is once."""
    upload = await locked(session, uid)
    if upload.state is UploadState.EXPIRED:
        return upload
    if upload.state not in OPEN:
        raise UploadOver("This upload is finished: there is nothing left to cancel.")
    # before the commit: killed in between, the row stays open, and whoever continues is told to begin anew
    await pieces.drop(store, upload.parts)
    upload.state, upload.parts = UploadState.EXPIRED, []
    upload.claimed_until, upload.expires_at = None, clock.now()
    await session.flush()
    return upload


async def locked(session: AsyncSession, uid: UUID) -> models.AssetUpload:
    """An upload that nobody else changes until the end of the transaction; NoSuchUpload."""
    statement = select(models.AssetUpload).where(models.AssetUpload.uid == uid).with_for_update()
    found = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if found is None:
        raise NoSuchUpload("There is no such upload: begin one.")
    return found


def token(secret: bytes, uid: UUID) -> str:
    """What opens an upload to whoever holds it. It names no end: that moves with every piece, and stands in the row."""
    return signatures.signed(secret, PURPOSE, uid.bytes)


async def tokens(session: AsyncSession, _caller: Caller, uids: Sequence[UUID]) -> dict[UUID, str]:
    """The tokens of uploads, which are asked for where they are shown to whom they belong."""
    secret = await signatures.secret_of(session)
    return {uid: token(secret, uid) for uid in uids}


def address(base_url: str, token: str) -> str:
    """Where the bytes of the upload with this token are sent to."""
    return f"{base_url}/uploads/{token}"


def uid_of(secret: bytes, text: str) -> UUID:
    """The upload of a token; NoSuchUpload when it was not made here, or was changed."""
    said = signatures.opened(secret, PURPOSE, text, length=16)
    if said is None:
        raise NoSuchUpload("There is no such upload: take its address as it was given.")
    return UUID(bytes=said)


async def waited(db: Database, uid: UUID, *, seconds: float) -> models.AssetUpload:
    """The upload as it is when it has come to its end, or after so many seconds; NoSuchUpload. No session is held meanwhile."""
    until = asyncio.get_running_loop().time() + seconds
    while True:
        async with db.session() as session:
            statement = select(models.AssetUpload).where(models.AssetUpload.uid == uid)
            upload = (await session.scalars(statement)).one_or_none()
        if upload is None:  # erased meanwhile, with whose it was
            raise NoSuchUpload("There is no such upload: begin one.")
        left = until - asyncio.get_running_loop().time()
        if upload.state not in MOVING or left <= 0:
            return upload
        await asyncio.sleep(min(LOOK_AGAIN_SECONDS, left))


async def _read(
    session: AsyncSession,
    caller: Caller,
    creator_uid: UUID | None,
    labels: Labels,
    clock: Clock,
    against: Objections,
) -> tuple[int | None, dict[str, Any]]:
    """Whose file it is, and what is said of it; among the objections what is wrong with either."""
    creator_id = await against.take_from(_owner(session, caller, creator_uid))
    if creator_id is None and creator_uid is not None:
        labels = replace(labels, folder_uid=None)  # a folder is somebody's: with nobody there is none to look for
    said = await against.take_from(checked(session, caller, creator_id, labels, clock=clock)) or {}
    return creator_id, said | {"tag_ids": await labelling.named(session, labels.tags, against)}


async def _owner(session: AsyncSession, caller: Caller, creator_uid: UUID | None) -> int | None:
    if creator_uid == UNREADABLE:
        return None
    if creator_uid is not None:
        return (await access.editable_creator(session, caller, creator_uid)).id
    if not caller.is_operator:
        raise NeedsCreator(
            "Name the creator whose file it is: only operators add to the house's.", path=("creator_id",)
        )
    return None


def _countable(byte_count: int | None, media_type: str | None, limits: FileLimits) -> None:
    if byte_count is None:
        return
    if byte_count <= 0:
        raise EmptyFile(EMPTY, path=("byte_count",))
    limits.check(byte_count, media_type)


def _fetchable(url: str) -> None:
    if len(url) > LONGEST_ADDRESS:
        raise fetching.UnsafeAddress(f"An address has at most {LONGEST_ADDRESS} characters.", path=("url",))
    try:
        fetching.check(url)
    except fetching.UnsafeAddress as error:
        raise fetching.UnsafeAddress(error.message, path=("url",)) from error


async def _leave_room(session: AsyncSession, caller: Caller) -> None:
    """TooManyUploads when the account has so many that are not all there. Operators add as many as they like."""
    if caller.is_operator:
        return
    # counted by one at a time, or many at once would each see room for one more
    lock = func.hashtextextended(f"asset uploads of {caller.account_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(lock)))
    upload = models.AssetUpload
    open_ = select(func.count()).where(upload.account_id == caller.account_id, upload.state.in_(OPEN))
    if (await session.scalar(open_) or 0) >= MOST_UNFINISHED:
        raise TooManyUploads(f"You have {MOST_UNFINISHED} unfinished uploads: finish or cancel some first.")


def _named_in(url: str | None) -> str:
    """What the file is called at its address."""
    return unquote(urlsplit(url).path, errors="replace") if url else ""


async def _know_again(
    session: AsyncSession, store: Store, upload: models.AssetUpload, sha256: bytes, limits: FileLimits, clock: Clock
) -> None:
    """The upload is over before it began when an asset of the same creator has these bytes."""
    await keeping.lock(session, sha256)
    asset = models.Asset
    has = select(asset.id).where(asset.sha256 == sha256, asset.creator_id.is_not_distinct_from(upload.creator_id))
    blob = await session.get(models.Blob, sha256, populate_existing=True)
    if blob is None or not await session.scalar(select(has.exists())):
        return
    if upload.byte_count not in {None, blob.byte_count}:
        return  # the hash is of other bytes than come: that shows when they are compared
    upload.state, upload.sha256 = UploadState.PROBING, sha256
    upload.media_type, upload.byte_count, upload.received_count = blob.media_type, blob.byte_count, blob.byte_count
    await session.flush()
    if blob.probe_state is not models.ProbeState.WAITING:
        await settling.settle(session, store, blob, clock=clock, most=limits.of_kind)
        await session.refresh(upload)
