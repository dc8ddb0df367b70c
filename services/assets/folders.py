"""Folders of a creator's assets: made, renamed, moved and given up; and which assets lie in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, or_, select, text, true, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict
from core.reads import OneRead, Order, PageRead
from services import access, audit, names
from services.assets.labels import NoSuchFolder
from services.assets.reading import NoSuchAsset
from services.objections import Objections

MOST_FOLDERS = 1_000
MOST_LEVELS = 8
LEADING = 200
"""Characters of a name that are compared: what a cursor takes; the id breaks ties."""

TAKEN = "A folder of this name lies there already: choose another name."
DEEP = f"Folders lie in each other at most {MOST_LEVELS} deep."
INSIDE = "A folder cannot lie in itself, nor in one that lies in it."

by_ids = OneRead(models.AssetFolder, models.AssetFolder.id, access.asset_folders)
by_uids = OneRead(models.AssetFolder, models.AssetFolder.uid, access.asset_folders)

_by_name = (
    Order(
        "name",
        (func.left(func.lower(models.AssetFolder.name), LEADING), models.AssetFolder.id),
        descending=False,
    ),
)
of_creators = PageRead(
    "asset_folders.of_creators",
    models.AssetFolder,
    match=lambda key: models.AssetFolder.creator_id == key,
    key_type=BigInteger(),
    visible=access.asset_folders,
    orders=_by_name,
)
within = PageRead(
    "asset_folders.within",
    models.AssetFolder,
    match=lambda key: models.AssetFolder.parent_id == key,
    key_type=BigInteger(),
    visible=access.asset_folders,
    orders=_by_name,
)


class FolderExists(Conflict):
    """Another folder beside it has this name."""

    code = "FOLDER_EXISTS"


class FolderTooDeep(Conflict):
    code = "FOLDER_TOO_DEEP"


class FolderCycle(Conflict):
    """The folder would lie in itself."""

    code = "FOLDER_CYCLE"


class FolderNotEmpty(Conflict):
    code = "FOLDER_NOT_EMPTY"


class TooManyFolders(Conflict):
    code = "TOO_MANY_FOLDERS"


class FolderOfAnotherCreator(Conflict):
    """A file lies among those of its creator; those of the house lie in no folder."""

    code = "FOLDER_OF_ANOTHER_CREATOR"


@dataclass(frozen=True, slots=True)
class FolderFilter:
    """With `only_roots` those that lie in no other one."""

    only_roots: bool = False

    @property
    def text(self) -> str:
        """What names the filter: equal filters, equal text."""
        return repr(self.only_roots)

    async def condition(self, session: AsyncSession, caller: Caller) -> ColumnElement[bool]:  # noqa: ARG002  (the protocol's)
        """The condition on `asset_folders` rows."""
        return models.AssetFolder.parent_id.is_(None) if self.only_roots else true()


async def paths(session: AsyncSession, caller: Caller, ids: Sequence[int]) -> dict[int, list[str]]:
    """Of folders that the caller may see the names on the way to each, from the top to its own."""
    if not ids:
        return {}
    seen = await by_ids(session, caller, ids)
    rows = await session.execute(_WAYS, {"ids": list(seen)})
    return {id_: way for id_, way in rows}  # noqa: C416  (typed rows)


async def create(
    session: AsyncSession, caller: Caller, creator_uid: UUID, name: str, *, parent: UUID | None = None, clock: Clock
) -> models.AssetFolder:
    """A new folder of a creator that the caller acts as, at the top or in another one. All that is wrong is told at once."""
    access.require(caller, Scope.CONTENT_WRITE)
    creator = await access.editable_creator(session, caller, creator_uid)
    await _hold(session, creator.id)
    against = Objections()
    called = against.take(names.checked, name, "name")
    above = await _parent(session, caller, creator.id, parent, against, path=("parent",))
    parent_id = above.id if above else None
    if parent_id is not None and await _level(session, parent_id) >= MOST_LEVELS:
        against.note(FolderTooDeep(DEEP, path=("parent",)))
    if await _count(session, creator.id) >= MOST_FOLDERS:
        against.note(TooManyFolders(f"A creator has at most {MOST_FOLDERS:,} folders: delete one first."))
    if called and await _is_taken(session, creator.id, parent_id, called):
        against.note(FolderExists(TAKEN, path=("name",)))
    against.check()
    folder = models.AssetFolder(creator_id=creator.id, parent_id=parent_id, name=called, created_at=clock.now())
    session.add(folder)
    await session.flush()
    audit.record(session, caller, "asset_folder.created", folder)
    return folder


async def rename(session: AsyncSession, caller: Caller, uid: UUID, name: str) -> models.AssetFolder:
    """Give a folder another name."""
    access.require(caller, Scope.CONTENT_WRITE)
    folder = await _held(session, caller, uid)
    called = names.checked(name, "name")
    if called == folder.name:
        return folder
    if await _is_taken(session, folder.creator_id, folder.parent_id, called):
        raise FolderExists(TAKEN, path=("name",))
    folder.name = called
    await session.flush()
    audit.record(session, caller, "asset_folder.renamed", folder)
    return folder


async def move(session: AsyncSession, caller: Caller, uid: UUID, into: UUID | None) -> models.AssetFolder:
    """Put a folder with all that lies in it into another one of the same creator, or with None at the top."""
    access.require(caller, Scope.CONTENT_WRITE)
    folder = await _held(session, caller, uid)
    against = Objections()
    above = await _parent(session, caller, folder.creator_id, into, against, path=("parent",))
    against.check()
    parent_id = above.id if above else None
    if parent_id == folder.parent_id:
        return folder
    await _check_move(session, folder, parent_id, path=("parent",))
    folder.parent_id = parent_id
    await session.flush()
    audit.record(session, caller, "asset_folder.moved", folder)
    return folder


async def remove(
    session: AsyncSession, caller: Caller, uid: UUID, *, move_content: bool = False, into: UUID | None = None
) -> models.AssetFolder:
    """Give up a folder that is empty; with `move_content` what lies in it goes into another one, or with None to the top.
    Returns what it was.
    """
    access.require(caller, Scope.CONTENT_WRITE)
    folder = await _held(session, caller, uid)
    if move_content:
        await _empty(session, caller, folder, into)
    elif not await _is_empty(session, folder.id):
        raise FolderNotEmpty("There is something in this folder: say where it goes with `moveContentToId`.")
    audit.record(session, caller, "asset_folder.deleted", folder, name=folder.name)
    await session.delete(folder)
    await session.flush()
    return folder


async def place(session: AsyncSession, caller: Caller, asset: models.Asset, into: UUID | None) -> int | None:
    """The id of the folder that an asset may lie in: one of its creator. None is the top. NoSuchFolder,
    FolderOfAnotherCreator.
    """
    if into is None:
        return None
    statement = select(models.AssetFolder).where(models.AssetFolder.uid == into, access.asset_folders(caller))
    # who deletes it meanwhile waits until the asset lies there
    folder = (await session.scalars(statement.with_for_update(read=True, key_share=True))).one_or_none()
    if folder is None:
        raise NoSuchFolder("There is no such folder, or it is not yours.", path=("folder",))
    if folder.creator_id != asset.creator_id:
        message = "A file lies in folders of its own creator only; those of the house lie in none."
        raise FolderOfAnotherCreator(message, path=("folder",))
    return folder.id


async def put(session: AsyncSession, caller: Caller, asset_uid: UUID, into: UUID | None) -> models.Asset:
    """Put an asset into a folder of its creator, or with None at the top."""
    access.require(caller, Scope.CONTENT_WRITE)
    statement = select(models.Asset).where(models.Asset.uid == asset_uid).with_for_update(key_share=True)
    asset = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if asset is None or not access.may_change_asset(caller, asset.creator_id):
        raise NoSuchAsset("There is no such asset, or it is not yours.")
    folder_id = await place(session, caller, asset, into)
    if folder_id != asset.folder_id:
        asset.folder_id = folder_id
        await session.flush()
        audit.record(session, caller, "asset.moved", asset)
    return asset


async def _hold(session: AsyncSession, creator_id: int) -> None:
    """Of two who change the folders of a creator at once the second sees what the first did: no circle, none too many."""
    statement = select(models.Creator.id).where(models.Creator.id == creator_id)
    await session.execute(statement.with_for_update(key_share=True))


async def _held(session: AsyncSession, caller: Caller, uid: UUID) -> models.AssetFolder:
    """A folder of a creator that the caller may act as, with all folders of that creator held; NoSuchFolder."""
    folder = models.AssetFolder
    creator_id = await session.scalar(select(folder.creator_id).where(folder.uid == uid))
    if creator_id is not None and access.may_edit(caller, creator_id):
        await _hold(session, creator_id)
        statement = select(folder).where(folder.uid == uid).with_for_update()
        found = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
        if found is not None:
            return found
    raise NoSuchFolder("There is no such folder, or it is not yours.")


async def _parent(
    session: AsyncSession,
    caller: Caller,
    creator_id: int,
    uid: UUID | None,
    against: Objections,
    *,
    path: tuple[str, ...],
) -> models.AssetFolder | None:
    if uid is None:
        return None
    folder = models.AssetFolder
    found = await session.scalar(
        select(folder).where(folder.uid == uid, folder.creator_id == creator_id, access.asset_folders(caller))
    )
    if found is None:
        against.note(NoSuchFolder("There is no such folder of this creator.", path=path))
    return found


async def _count(session: AsyncSession, creator_id: int) -> int:
    statement = select(func.count()).where(models.AssetFolder.creator_id == creator_id)
    return await session.scalar(statement) or 0


async def _is_taken(session: AsyncSession, creator_id: int, parent_id: int | None, name: str) -> bool:
    folder = models.AssetFolder
    beside = (folder.creator_id == creator_id) & folder.parent_id.is_not_distinct_from(parent_id)
    return await session.scalar(select(folder.id).where(beside, folder.name == name)) is not None


async def _is_empty(session: AsyncSession, folder_id: int) -> bool:
    inside = or_(
        select(models.Asset.id).where(models.Asset.folder_id == folder_id).exists(),
        select(models.AssetFolder.id).where(models.AssetFolder.parent_id == folder_id).exists(),
    )
    return not await session.scalar(select(inside))


async def _level(session: AsyncSession, folder_id: int) -> int:
    """How deep a folder lies: 1 at the top."""
    way = (await session.execute(_WAYS, {"ids": [folder_id]})).one()
    return len(way[1])


async def _below(session: AsyncSession, folder_id: int) -> dict[int, int]:
    """The ids of a folder and of all that lie in it, with their level below it: its own is 1."""
    return dict((await session.execute(_BELOW, {"id": folder_id})).all())


async def _check_move(
    session: AsyncSession, folder: models.AssetFolder, parent_id: int | None, *, path: tuple[str, ...]
) -> None:
    """FolderCycle, FolderTooDeep or FolderExists when it cannot lie there."""
    below = await _below(session, folder.id)
    if parent_id in below:
        raise FolderCycle(INSIDE, path=path)
    above = await _level(session, parent_id) if parent_id is not None else 0
    if above + max(below.values()) > MOST_LEVELS:
        raise FolderTooDeep(DEEP, path=path)
    if await _is_taken(session, folder.creator_id, parent_id, folder.name):
        raise FolderExists(TAKEN, path=path)


async def _empty(session: AsyncSession, caller: Caller, folder: models.AssetFolder, into: UUID | None) -> None:
    """Move what lies in a folder elsewhere; what has a name that is taken there refuses all."""
    here = ("move_content_to",)
    against = Objections()
    target = await _parent(session, caller, folder.creator_id, into, against, path=here)
    against.check()
    target_id = target.id if target else None
    if target_id in await _below(session, folder.id):
        raise FolderCycle(INSIDE, path=here)
    for one in await session.scalars(select(models.AssetFolder).where(models.AssetFolder.parent_id == folder.id)):
        await _check_move(session, one, target_id, path=here)
        one.parent_id = target_id
        await session.flush()
    asset = models.Asset
    await session.execute(update(asset).where(asset.folder_id == folder.id).values(folder_id=target_id))


_WAYS = text(
    "WITH RECURSIVE way AS ("
    " SELECT id AS of, parent_id, name, 1 AS step FROM asset_folders WHERE id = ANY(:ids)"
    " UNION ALL SELECT way.of, above.parent_id, above.name, way.step + 1"
    " FROM way JOIN asset_folders AS above ON above.id = way.parent_id)"
    " SELECT of, array_agg(name ORDER BY step DESC) FROM way GROUP BY of"
).bindparams(bindparam("ids", type_=ARRAY(BigInteger)))

_BELOW = text(
    "WITH RECURSIVE below AS (SELECT id, 1 AS level FROM asset_folders WHERE id = :id"
    " UNION ALL SELECT inner_one.id, below.level + 1 FROM below"
    " JOIN asset_folders AS inner_one ON inner_one.parent_id = below.id)"
    " SELECT id, level FROM below"
)
