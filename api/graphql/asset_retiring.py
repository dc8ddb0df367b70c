"""Retiring assets and taking them up again, and deleting those that nothing uses: one by one, and many at once."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import refs
from api.graphql.asset_bulk import AssetOutcome, in_bulk, problems_at, several
from api.graphql.bulk import MOST_PROBLEMS, outcomes
from api.graphql.context import Context, Info
from api.graphql.directives import at_most
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, idempotency, ref
from api.graphql.mutations import change, each, result
from api.graphql.permissions import needs
from api.graphql.problems import Problem, Refused
from core.caller import Caller, Scope
from core.clock import Clock
from services.assets import retiring

WRITES = needs(Scope.CONTENT_WRITE)
WHICH = "Which asset: one of a creator that you act as, or as an operator any."
WHICH_ONES = "The assets: 1 to 100."


@strawberry.input(description="Which asset is to be used no more.")
class RetireAssetInput:
    asset_id: strawberry.ID = ref("Asset", "asset", WHICH)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which asset can be used again.")
class RestoreAssetInput:
    asset_id: strawberry.ID = ref("Asset", "asset", WHICH)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which asset to delete.")
class DeleteAssetInput:
    asset_id: strawberry.ID = ref("Asset", "asset", WHICH)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which assets are to be used no more.")
class RetireAssetsInput:
    asset_ids: list[strawberry.ID] = ref("Asset", "assets", WHICH_ONES)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which assets can be used again.")
class RestoreAssetsInput:
    asset_ids: list[strawberry.ID] = ref("Asset", "assets", WHICH_ONES)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which assets to delete.")
class DeleteAssetsInput:
    asset_ids: list[strawberry.ID] = ref("Asset", "assets", WHICH_ONES)
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The asset, which is used nowhere anew.")
class RetireAssetPayload:
    asset: refs.AssetRef = strawberry.field(description="The asset.")


@strawberry.type(description="The asset, which can be used again.")
class RestoreAssetPayload:
    asset: refs.AssetRef = strawberry.field(description="The asset.")


@strawberry.type(description="The asset is gone.")
class DeleteAssetPayload:
    deleted_id: strawberry.ID = strawberry.field(description="The id that it had.")


@strawberry.type(description="What became of each asset that was to be retired.")
class RetireAssetsPayload:
    results: list[AssetOutcome] = outcomes()


@strawberry.type(description="What became of each asset that was to be taken up again.")
class RestoreAssetsPayload:
    results: list[AssetOutcome] = outcomes()


@strawberry.type(description="What became of one of the assets that were to be deleted.")
class AssetDeletion:
    id: strawberry.ID = strawberry.field(description="The id as it was given.")
    is_deleted: bool = strawberry.field(description="Whether it is gone.")
    problems: list[Problem] = strawberry.field(
        description="Why it was refused, everything at once; empty where it was done.",
        directives=[at_most(MOST_PROBLEMS)],
    )


@strawberry.type(description="What became of each asset that was to be deleted.")
class DeleteAssetsPayload:
    results: list[AssetDeletion] = outcomes()


RetireAssetResult = Annotated[RetireAssetPayload | Refused, result("RetireAssetResult", "The retired asset")]
RestoreAssetResult = Annotated[RestoreAssetPayload | Refused, result("RestoreAssetResult", "The restored asset")]
DeleteAssetResult = Annotated[DeleteAssetPayload | Refused, result("DeleteAssetResult", "Which asset is gone")]
RetireAssetsResult = Annotated[RetireAssetsPayload | Refused, result("RetireAssetsResult", "What became of each")]
RestoreAssetsResult = Annotated[RestoreAssetsPayload | Refused, result("RestoreAssetsResult", "What became of each")]
DeleteAssetsResult = Annotated[DeleteAssetsPayload | Refused, result("DeleteAssetsResult", "What became of each")]


async def _retire(session: AsyncSession, caller: Caller, uid: UUID, *, clock: Clock) -> models.Asset:
    return await retiring.retire(session, caller, uid, clock=clock)


@dataclass(frozen=True, slots=True)
class _Deletion:
    """Many deletions in one transaction, each in a savepoint of its own."""

    uids: tuple[UUID, ...]

    async def __call__(self, session: AsyncSession, caller: Caller) -> list[Any]:
        await retiring.hold(session, caller, self.uids)
        return await each(session, self.uids, lambda uid: retiring.delete(session, caller, uid))


async def _clear(context: Context, digests: list[str]) -> None:
    """The bytes go when the rows are gone for good. Sent again with the same key, what was left of them goes."""
    if any(digests) and context.store is not None:
        await retiring.clear(context.db, context.store, digests)


@strawberry.type
class AssetRetiringMutation:
    @strawberry.mutation(
        description="Let an asset be used nowhere anew. It stays where it is used, and drafts that name it keep it.",
        extensions=[WRITES],
    )
    async def retire_asset(
        self,
        info: Info,
        input: Sent[RetireAssetInput],
    ) -> RetireAssetResult:
        uid = uid_of(input.asset_id, "Asset", "asset_id")
        done = await change(info, input, "asset", retiring.retire, uid, clock=info.context.clock)
        return RetireAssetPayload(**done)

    @strawberry.mutation(description="Let a retired asset be used again.", extensions=[WRITES])
    async def restore_asset(
        self,
        info: Info,
        input: Sent[RestoreAssetInput],
    ) -> RestoreAssetResult:
        uid = uid_of(input.asset_id, "Asset", "asset_id")
        return RestoreAssetPayload(**await change(info, input, "asset", retiring.restore, uid))

    @strawberry.mutation(
        description="Delete an asset that nothing uses, drafts and earlier versions included: else ASSET_IN_USE names up to"
        " five uses. Its bytes go with it, unless another asset has the same.",
        extensions=[WRITES],
    )
    async def delete_asset(
        self,
        info: Info,
        input: Sent[DeleteAssetInput],
    ) -> DeleteAssetResult:
        uid = uid_of(input.asset_id, "Asset", "asset_id")
        done = await change(info, input, "digest", retiring.delete, uid)
        await _clear(info.context, [done["digest"]])
        return DeleteAssetPayload(deleted_id=input.asset_id)

    @strawberry.mutation(description="Retire many assets at once, as `retireAsset` does one.", extensions=[WRITES])
    async def retire_assets(
        self,
        info: Info,
        input: Sent[RetireAssetsInput],
    ) -> RetireAssetsResult:
        results = await in_bulk(info, input, partial(_retire, clock=info.context.clock))
        return RetireAssetsPayload(results=results)

    @strawberry.mutation(description="Restore many assets at once, as `restoreAsset` does one.", extensions=[WRITES])
    async def restore_assets(
        self,
        info: Info,
        input: Sent[RestoreAssetsInput],
    ) -> RestoreAssetsResult:
        return RestoreAssetsPayload(results=await in_bulk(info, input, retiring.restore))

    @strawberry.mutation(description="Delete many assets at once, as `deleteAsset` does one.", extensions=[WRITES])
    async def delete_assets(
        self,
        info: Info,
        input: Sent[DeleteAssetsInput],
    ) -> DeleteAssetsResult:
        done = await change(info, input, "results", _Deletion(several(input.asset_ids)))
        await _clear(info.context, [one for one in done["results"] if isinstance(one, str)])
        return DeleteAssetsPayload(
            results=[
                AssetDeletion(
                    id=id_,
                    is_deleted=not isinstance(became, Refused),
                    problems=problems_at(became, "assetIds", str(place)),
                )
                for place, (id_, became) in enumerate(zip(input.asset_ids, done["results"], strict=True))
            ]
        )
