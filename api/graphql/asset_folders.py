"""Folders of a creator's assets: made, renamed, moved, given up, and filled."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import paging, refs
from api.graphql.asset_bulk import AssetOutcome, in_bulk
from api.graphql.asset_filters import AssetFilter, AssetFolderFilter, AssetOrder
from api.graphql.bulk import outcomes
from api.graphql.context import Info
from api.graphql.fields import column, one, page
from api.graphql.ids import identity, uid_of
from api.graphql.inputs import Sent, idempotency, needed, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.nodes import Node, findable
from api.graphql.permissions import needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading, uid_beside
from api.graphql.rows import shows
from core.caller import Caller, Scope
from core.errors import together
from services import access, creators, names
from services.assets import folders, lists

WRITES = needs(Scope.CONTENT_WRITE)
NAME = "What it is called: one line of 1 to 500 characters, unlike those beside it."

answers_with(models.AssetFolder, folders.by_ids)


@shows(models.AssetFolder)
@strawberry.type(description="A folder of a creator's assets. Only those who tend the creator see it.")
class AssetFolder(Node):
    row: strawberry.Private[models.AssetFolder]

    id: strawberry.ID = identity("AssetFolder")
    name: str = column("name", description="What it is called; no two beside each other are called the same.")
    created_at: datetime = column("created_at", description="When it was made.")
    creator: refs.CreatorRef | None = one(creators.by_ids, key="creator_id", description="Whose it is.")
    parent: refs.AssetFolderRef | None = one(
        folders.by_ids, key="parent_id", description="The folder it lies in; null at the top."
    )
    folders: paging.Connection[refs.AssetFolderRef] = page(
        folders.within, key="id", description="The folders right in it, by name."
    )
    assets: paging.Connection[refs.AssetRef] = page(
        lists.of_folders, key="id", filters=AssetFilter, orders=AssetOrder, description="The assets right in it."
    )

    @strawberry.field(description="The names on the way to it, from the top to its own: at most 8.")
    async def path(self, info: Info) -> list[str]:
        return await info.context.load(folders.paths, self.row.id) or [self.row.name]


findable("AssetFolder", folders.by_uids)


def _looks_into(creator: Any, caller: Caller) -> bool:
    return access.may_look_into(caller, creator.row.id)


@strawberry.type
class AssetCreator:
    row: strawberry.Private[models.Creator]

    assets: paging.Connection[refs.AssetRef] | None = page(
        lists.of_creators,
        key="id",
        filters=AssetFilter,
        orders=AssetOrder,
        only_if=_looks_into,
        description="Their pictures, films, sound and subtitles, used or not; null for those who may not change the creator.",
    )
    asset_folders: paging.Connection[refs.AssetFolderRef] | None = page(
        folders.of_creators,
        key="id",
        filters=AssetFolderFilter,
        only_if=_looks_into,
        description="The folders of their assets, by name; null for those who may not change the creator.",
    )


@strawberry.input(description="A new folder.")
class CreateAssetFolderInput:
    creator_id: strawberry.ID = ref("Creator", "creator", "Whose it is.")
    name: str = needed(NAME)
    parent_id: strawberry.ID | None = ref(
        "AssetFolder", "parent", "The folder it lies in; left out: at the top. At most 8 deep.", optional=True
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What a folder is to be called.")
class RenameAssetFolderInput:
    folder_id: strawberry.ID = ref("AssetFolder", "folder", "Which folder.")
    name: str = needed(NAME)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Where a folder is to lie.")
class MoveAssetFolderInput:
    folder_id: strawberry.ID = ref("AssetFolder", "folder", "Which folder, with all that lies in it.")
    parent_id: strawberry.ID | None = ref(
        "AssetFolder", "parent", "The folder that it is to lie in; left out or null: at the top.", optional=True
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which folder to give up.")
class DeleteAssetFolderInput:
    folder_id: strawberry.ID = ref("AssetFolder", "folder", "Which folder.")
    move_content_to_id: strawberry.ID | None = ref(
        "AssetFolder",
        "move_content_to",
        "Where what lies in it goes: another folder, or with null the top. Left out: it must be empty.",
        optional=True,
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which assets are to lie where.")
class MoveAssetsInput:
    asset_ids: list[strawberry.ID] = ref("Asset", "assets", "The assets: 1 to 100.")
    folder_id: strawberry.ID | None = ref(
        "AssetFolder", "folder", "A folder of their creator; left out or null: the top.", optional=True
    )
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The new folder.")
class CreateAssetFolderPayload:
    folder: AssetFolder = strawberry.field(description="The folder.")


@strawberry.type(description="The folder under its new name.")
class RenameAssetFolderPayload:
    folder: AssetFolder = strawberry.field(description="The folder.")


@strawberry.type(description="The folder where it lies now.")
class MoveAssetFolderPayload:
    folder: AssetFolder = strawberry.field(description="The folder.")


@strawberry.type(description="The folder is gone.")
class DeleteAssetFolderPayload:
    deleted_id: strawberry.ID = strawberry.field(description="The id that it had.")


@strawberry.type(description="What became of each asset that was to be moved.")
class MoveAssetsPayload:
    results: list[AssetOutcome] = outcomes()


CreateAssetFolderResult = Annotated[
    CreateAssetFolderPayload | Refused, result("CreateAssetFolderResult", "The new folder")
]
RenameAssetFolderResult = Annotated[
    RenameAssetFolderPayload | Refused, result("RenameAssetFolderResult", "The renamed folder")
]
MoveAssetFolderResult = Annotated[MoveAssetFolderPayload | Refused, result("MoveAssetFolderResult", "The moved folder")]
DeleteAssetFolderResult = Annotated[
    DeleteAssetFolderPayload | Refused, result("DeleteAssetFolderResult", "Which folder is gone")
]
MoveAssetsResult = Annotated[MoveAssetsPayload | Refused, result("MoveAssetsResult", "What became of each")]


async def _remove(session: AsyncSession, caller: Caller, *given: Any, **named: Any) -> str:
    """What is kept of a folder that is gone: its name."""
    return (await folders.remove(session, caller, *given, **named)).name


@strawberry.type
class AssetFolderMutation:
    @strawberry.mutation(description="Make a folder for the assets of a creator: at most 1,000.", extensions=[WRITES])
    async def create_asset_folder(
        self,
        info: Info,
        input: Sent[CreateAssetFolderInput],
    ) -> CreateAssetFolderResult:
        reading = Reading()
        creator = reading.take(uid_of, input.creator_id, "Creator", "creator_id")
        parent = reading.take(uid_of, input.parent_id, "AssetFolder", "parent_id") if input.parent_id else None
        if creator is None or reading.errors:
            reading.take(names.checked, input.name, "name")
            raise together(reading.errors)
        named = {"parent": parent, "clock": info.context.clock}
        return CreateAssetFolderPayload(
            **await change(info, input, "folder", folders.create, creator, input.name, **named)
        )

    @strawberry.mutation(description="Give a folder another name.", extensions=[WRITES])
    async def rename_asset_folder(
        self,
        info: Info,
        input: Sent[RenameAssetFolderInput],
    ) -> RenameAssetFolderResult:
        uid = uid_beside(input.folder_id, "AssetFolder", "folder_id", names.checked, input.name, "name")
        return RenameAssetFolderPayload(**await change(info, input, "folder", folders.rename, uid, input.name))

    @strawberry.mutation(
        description="Put a folder, with all that lies in it, into another one or at the top.", extensions=[WRITES]
    )
    async def move_asset_folder(
        self,
        info: Info,
        input: Sent[MoveAssetFolderInput],
    ) -> MoveAssetFolderResult:
        reading = Reading()
        uid = reading.take(uid_of, input.folder_id, "AssetFolder", "folder_id")
        into = reading.take(uid_of, input.parent_id, "AssetFolder", "parent_id") if input.parent_id else None
        if uid is None or reading.errors:
            raise together(reading.errors)
        return MoveAssetFolderPayload(**await change(info, input, "folder", folders.move, uid, into))

    @strawberry.mutation(
        description="Give up a folder that is empty, or with `moveContentToId` any. No asset is deleted.",
        extensions=[WRITES],
    )
    async def delete_asset_folder(
        self,
        info: Info,
        input: Sent[DeleteAssetFolderInput],
    ) -> DeleteAssetFolderResult:
        reading = Reading()
        uid = reading.take(uid_of, input.folder_id, "AssetFolder", "folder_id")
        sent, moves = input.move_content_to_id, input.move_content_to_id is not strawberry.UNSET
        into = reading.take(uid_of, sent, "AssetFolder", "move_content_to_id") if sent else None
        if uid is None or reading.errors:
            raise together(reading.errors)
        await change(info, input, "name", _remove, uid, move_content=moves, into=into)
        return DeleteAssetFolderPayload(deleted_id=input.folder_id)

    @strawberry.mutation(description="Put assets into a folder of their creator, or at the top.", extensions=[WRITES])
    async def move_assets(
        self,
        info: Info,
        input: Sent[MoveAssetsInput],
    ) -> MoveAssetsResult:
        into = uid_of(input.folder_id, "AssetFolder", "folder_id") if input.folder_id else None
        results = await in_bulk(info, input, partial(_put, into=into))
        return MoveAssetsPayload(results=results)


async def _put(session: AsyncSession, caller: Caller, uid: Any, *, into: Any) -> models.Asset:
    return await folders.put(session, caller, uid, into)
