"""Likes and saves: counts and marks on contents, the lists of a viewer, and the mutations."""

from typing import Annotated

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.context import Info
from api.graphql.fields import page
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, idempotency, ref
from api.graphql.mutations import change, result
from api.graphql.permissions import needs
from api.graphql.problems import Refused
from api.graphql.words import BigInt
from core.caller import Scope
from services import engagement


@strawberry.type
class EngagedContent:
    """What a content has of likes and saves, and how often it was commented on."""

    row: strawberry.Private[models.Content]

    async def counts(self, info: Info) -> models.ContentCount:
        """Zeros where nobody did anything yet."""
        found = await info.context.load(engagement.counts_of, self.row.id)
        return found or models.ContentCount(likes_count=0, saves_count=0, comments_count=0)

    @strawberry.field(description="How many like it.")
    async def likes_count(self, info: Info) -> BigInt:
        return BigInt((await self.counts(info)).likes_count)

    @strawberry.field(description="How many saved it.")
    async def saves_count(self, info: Info) -> BigInt:
        return BigInt((await self.counts(info)).saves_count)

    @strawberry.field(description="How many comments are shown under it, replies among them.")
    async def comments_count(self, info: Info) -> BigInt:
        return BigInt((await self.counts(info)).comments_count)

    @strawberry.field(description="Whether you like it; null without a key.")
    async def is_liked_by_viewer(self, info: Info) -> bool | None:
        if info.context.caller.account_id is None:
            return None
        return bool(await info.context.load(engagement.liked, self.row.id))

    @strawberry.field(description="Whether you saved it; null without a key.")
    async def is_saved_by_viewer(self, info: Info) -> bool | None:
        if info.context.caller.account_id is None:
            return None
        return bool(await info.context.load(engagement.saved, self.row.id))


@strawberry.type
class EngagedViewer:
    """What a viewer liked and saved."""

    liked: paging.Connection[refs.ContentRef] = page(
        engagement.liked_by,
        key="account_id",
        of="caller",
        description="What you like, the latest liked first, as far as it is published.",
    )
    saved: paging.Connection[refs.ContentRef] = page(
        engagement.saved_by,
        key="account_id",
        of="caller",
        description="What you saved, the latest saved first, as far as it is published. What was taken back stays saved,"
        " and stands here again when it is published again.",
    )


@strawberry.type(description="The content, liked.")
class LikeContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


@strawberry.type(description="The content, no longer liked.")
class UnlikeContentPayload:
    content: refs.ContentRef | None = strawberry.field(description="The content; null if you may not see it any more.")


@strawberry.type(description="The content, saved.")
class SaveContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


@strawberry.type(description="The content, no longer saved.")
class UnsaveContentPayload:
    content: refs.ContentRef | None = strawberry.field(description="The content; null if you may not see it any more.")


LikeContentResult = Annotated[LikeContentPayload | Refused, result("LikeContentResult", "The liked content")]
UnlikeContentResult = Annotated[
    UnlikeContentPayload | Refused, result("UnlikeContentResult", "The content that is no longer liked")
]
SaveContentResult = Annotated[SaveContentPayload | Refused, result("SaveContentResult", "The saved content")]
UnsaveContentResult = Annotated[
    UnsaveContentPayload | Refused, result("UnsaveContentResult", "The content that is no longer saved")
]


@strawberry.input(description="Which content to like.")
class LikeContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which content to like no longer.")
class UnlikeContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which content to save.")
class SaveContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which content to save no longer.")
class UnsaveContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    idempotency_key: str | None = idempotency()


@strawberry.type
class EngagementMutation:
    @strawberry.mutation(
        description="Like a published content. Doing it again changes nothing.",
        extensions=[needs(Scope.ENGAGEMENT_WRITE)],
    )
    async def like_content(
        self,
        info: Info,
        input: Sent[LikeContentInput],
    ) -> LikeContentResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "content", engagement.like, uid, clock=info.context.clock)
        return LikeContentPayload(**done)

    @strawberry.mutation(
        description="Take a like back. Doing it again changes nothing.",
        extensions=[needs(Scope.ENGAGEMENT_WRITE)],
    )
    async def unlike_content(
        self,
        info: Info,
        input: Sent[UnlikeContentInput],
    ) -> UnlikeContentResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "content", engagement.unlike, uid)
        return UnlikeContentPayload(**done)

    @strawberry.mutation(
        description="Keep a published content for later: only you see that. Doing it again changes nothing.",
        extensions=[needs(Scope.ENGAGEMENT_WRITE)],
    )
    async def save_content(
        self,
        info: Info,
        input: Sent[SaveContentInput],
    ) -> SaveContentResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "content", engagement.save, uid, clock=info.context.clock)
        return SaveContentPayload(**done)

    @strawberry.mutation(
        description="No longer keep a content, be it published or not. Doing it again changes nothing.",
        extensions=[needs(Scope.ENGAGEMENT_WRITE)],
    )
    async def unsave_content(
        self,
        info: Info,
        input: Sent[UnsaveContentInput],
    ) -> UnsaveContentResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "content", engagement.unsave, uid)
        return UnsaveContentPayload(**done)
