"""Saying what an asset shows, whom to name, how and how long it may be used, and where it lies: of one, and of many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import places, refs
from api.graphql.asset_bulk import AssetOutcome, bounded
from api.graphql.bulk import outcomes
from api.graphql.context import Info
from api.graphql.creator_writing import present
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import answers_with, change, each, result
from api.graphql.permissions import needs
from api.graphql.problems import Problem, Refused
from api.graphql.reading import Reading
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import together
from services import assets
from services.assets import describing

WORDS = ("alternative_text", "credit", "licence", "source", "file_name", "tags")

answers_with(models.Asset, assets.by_ids)


@strawberry.input(description="The point of a picture that a crop keeps.")
class FocalPointInput:
    x: float = needed("From the left, as a share of the width: 0 to 1.")
    y: float = needed("From the top, as a share of the height: 0 to 1.")


@strawberry.input(description="What to say of an asset. What is left out stays.")
class AssetChange:
    asset_id: strawberry.ID = ref(
        "Asset", "asset", "Which asset: one of a creator that you act as, or as an operator any."
    )
    alternative_text: str | None = given(
        "What it shows, for those who do not see it: at most 10,000 characters, may be empty."
    )
    credit: str | None = given("Whom to name as its maker. May be empty.")
    licence: str | None = given("Under which licence it may be used. May be empty.")
    source: str | None = given("Where it comes from: an address, or words. May be empty.")
    file_name: str | None = given(
        "What the file is called: of a path the last part, at most 255 characters; what cannot be seen is left out."
    )
    expires_at: datetime | None = given("Until when it may be shown: an instant ahead. Null: for ever.")
    focal_point: FocalPointInput | None = given("The point that a crop keeps. Null: none is chosen.")
    folder_id: strawberry.ID | None = ref(
        "AssetFolder", "folder", "A folder of its creator that it is to lie in. Null: the top.", optional=True
    )
    tags: list[str] | None = given("Its tags, all of them, in order: each taxonomy:code, at most 20.")


@strawberry.input(description="What to say of one asset. What is left out stays.")
class UpdateAssetInput(AssetChange):
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What to say of many assets.")
class UpdateAssetsInput:
    assets: list[AssetChange] = needed("The assets, each with what changes: 1 to 100.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The asset as it is now.")
class UpdateAssetPayload:
    asset: refs.AssetRef = strawberry.field(description="The asset.")


@strawberry.type(description="What became of each asset that was to be changed.")
class UpdateAssetsPayload:
    results: list[AssetOutcome] = outcomes()


UpdateAssetResult = Annotated[UpdateAssetPayload | Refused, result("UpdateAssetResult", "The changed asset")]
UpdateAssetsResult = Annotated[UpdateAssetsPayload | Refused, result("UpdateAssetsResult", "What became of each")]


def _said(sent: AssetChange, reading: Reading, *path: str | int) -> dict[str, Any]:
    """What is said of an asset, as the service takes it."""
    said = present(sent, *WORDS, nullable=("expires_at",))
    point = sent.focal_point
    if point is not strawberry.UNSET:
        said["focal_point"] = None if point is None else (point.x, point.y)
    if sent.folder_id is None:
        said["folder"] = None
    elif sent.folder_id is not strawberry.UNSET:
        said["folder"] = reading.take(uid_of, sent.folder_id, "AssetFolder", *path, "folder_id")
    return said


@dataclass(frozen=True, slots=True)
class _Many:
    """A change of many assets in one transaction, each in a savepoint of its own."""

    items: Sequence[tuple[UUID, dict[str, Any]]]
    clock: Clock

    async def __call__(self, session: AsyncSession, caller: Caller) -> list[Any]:
        await describing.hold(session, caller, [uid for uid, _ in self.items])
        return await each(
            session, self.items, lambda item: describing.describe(session, caller, item[0], clock=self.clock, **item[1])
        )


def _outcome(place: int, sent: AssetChange, became: Any) -> AssetOutcome:
    if not isinstance(became, Refused):
        return AssetOutcome(id=sent.asset_id, asset=became, problems=[])
    problems = [
        Problem(code=one.code, message=one.message, path=["input", "assets", str(place), *_place(one)])
        for one in became.problems
    ]
    return AssetOutcome(id=sent.asset_id, asset=None, problems=problems)


def _place(told: Problem) -> list[str]:
    """A place in the services' words as the client wrote it."""
    words = told.path or places.SUBJECTS.get(told.code, ())
    steps = tuple(int(word) if str(word).isdigit() else word for word in words)
    return [str(name) for _, name, _ in places.steps(AssetChange, steps)]


@strawberry.type
class AssetMutation:
    @strawberry.mutation(
        description="Say what an asset of yours shows, whom to name, how and how long it may be used, and where it lies.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def update_asset(
        self,
        info: Info,
        input: Sent[UpdateAssetInput],
    ) -> UpdateAssetResult:
        reading = Reading()
        uid = reading.take(uid_of, input.asset_id, "Asset", "asset_id")
        said = _said(input, reading)
        if uid is None or reading.errors:
            raise together(reading.errors)
        done = await change(info, input, "asset", describing.describe, uid, clock=info.context.clock, **said)
        return UpdateAssetPayload(**done)

    @strawberry.mutation(
        description="Say the same of many assets at once, as `updateAsset` does of one: the licence of a whole delivery, say.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def update_assets(
        self,
        info: Info,
        input: Sent[UpdateAssetsInput],
    ) -> UpdateAssetsResult:
        bounded(len(input.assets), "assets")
        reading = Reading()
        items = []
        for place, one in enumerate(input.assets):
            uid = reading.take(uid_of, one.asset_id, "Asset", "assets", place, "asset_id")
            items.append((uid or UUID(int=0), _said(one, reading, "assets", place)))
        if reading.errors:
            raise together(reading.errors)
        done = await change(info, input, "results", _Many(items, info.context.clock))
        became = zip(input.assets, done["results"], strict=True)
        return UpdateAssetsPayload(results=[_outcome(place, *one) for place, one in enumerate(became)])
