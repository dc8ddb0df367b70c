"""Saying what an asset shows, whom to name and how it may be used."""

from typing import Annotated

import strawberry

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.creator_writing import present
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, given, idempotency, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.permissions import needs
from api.graphql.problems import Refused
from core.caller import Scope
from services import assets

answers_with(models.Asset, assets.by_ids)


@strawberry.input(description="What to say of an asset. What is left out stays.")
class UpdateAssetInput:
    asset_id: strawberry.ID = ref(
        "Asset", "asset", "Which asset: one of a creator that you act as, or as an operator any."
    )
    alternative_text: str | None = given(
        "What it shows, for those who do not see it: at most 10,000 characters, may be empty."
    )
    credit: str | None = given("Whom to name as its maker. May be empty.")
    licence: str | None = given("Under which licence it may be used. May be empty.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The asset as it is now.")
class UpdateAssetPayload:
    asset: refs.AssetRef = strawberry.field(description="The asset.")


UpdateAssetResult = Annotated[UpdateAssetPayload | Refused, result("UpdateAssetResult", "The changed asset")]


@strawberry.type
class AssetMutation:
    @strawberry.mutation(
        description="Say what an asset of yours shows, whom to name and how it may be used.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def update_asset(
        self,
        info: Info,
        input: Sent[UpdateAssetInput],
    ) -> UpdateAssetResult:
        uid = uid_of(input.asset_id, "Asset", "asset_id")
        about = present(input, "alternative_text", "credit", "licence")
        return UpdateAssetPayload(**await change(info, input, "asset", assets.describe, uid, **about))
