"""Following creators: followers, whom a viewer follows, and the timeline of what they published."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.content_filters import ContentFilter
from api.graphql.context import Info
from api.graphql.fields import column, page
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, idempotency, ref
from api.graphql.mutations import change, result
from api.graphql.permissions import needs
from api.graphql.problems import Refused
from api.graphql.rows import shows
from core.caller import Caller, Scope
from services import access, following, names, timeline


def _may_edit(creator: Any, caller: Caller) -> bool:
    return access.may_look_into(caller, creator.row.id, access.TENDING)


@shows(models.Follow)
@strawberry.type(description="An account that follows a creator. Seen by the creator's side only.")
class Follower:
    row: strawberry.Private[models.Follow]

    name: str | None = column(
        "account.name", convert=names.public, description="What they call themselves; null if they have no public name."
    )
    followed_at: datetime = column("followed_at", description="Since when they follow.")


@strawberry.type
class FollowedCreator:
    """What a creator has of followers."""

    row: strawberry.Private[models.Creator]

    followers: paging.Connection[Follower] | None = page(
        following.followers_of,
        key="id",
        only_if=_may_edit,
        description="Who follows them here, the latest first; null for those who may not act as this creator."
        " `followersCount` may tell of followers elsewhere, too.",
    )

    @strawberry.field(description="Whether you follow them; null without a key.")
    async def is_followed_by_viewer(self, info: Info) -> bool | None:
        if info.context.caller.account_id is None:
            return None
        return bool(await info.context.load(following.followed, self.row.id))


@strawberry.type
class FollowingViewer:
    """What a viewer has of following."""

    following: paging.Connection[refs.CreatorRef] = page(
        following.followed_by,
        key="account_id",
        of="caller",
        description="The creators that you follow, the latest followed first. Suspended ones are left out.",
    )
    timeline: paging.Connection[refs.ContentRef] = page(
        timeline.of_accounts,
        key="account_id",
        of="caller",
        filters=ContentFilter,
        description="What the creators that you follow published, newest first.",
    )


@strawberry.type(description="The creator, followed.")
class FollowCreatorPayload:
    creator: refs.CreatorRef = strawberry.field(description="The creator.")


@strawberry.type(description="The creator, no longer followed.")
class UnfollowCreatorPayload:
    creator: refs.CreatorRef | None = strawberry.field(description="The creator; null if you may not see them.")


FollowCreatorResult = Annotated[
    FollowCreatorPayload | Refused, result("FollowCreatorResult", "The creator that is followed now")
]
UnfollowCreatorResult = Annotated[
    UnfollowCreatorPayload | Refused, result("UnfollowCreatorResult", "The creator that is no longer followed")
]


@strawberry.input(description="Which creator to follow.")
class FollowCreatorInput:
    creator_id: strawberry.ID = ref("Creator", "creator", "Which creator.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which creator to follow no longer.")
class UnfollowCreatorInput:
    creator_id: strawberry.ID = ref("Creator", "creator", "Which creator.")
    idempotency_key: str | None = idempotency()


@strawberry.type
class FollowingMutation:
    @strawberry.mutation(
        description="Follow a creator: what they publish stands in your timeline. Doing it again changes nothing.",
        extensions=[needs(Scope.ENGAGEMENT_WRITE)],
    )
    async def follow_creator(
        self,
        info: Info,
        input: Sent[FollowCreatorInput],
    ) -> FollowCreatorResult:
        uid = uid_of(input.creator_id, "Creator", "creator_id")
        done = await change(info, input, "creator", following.follow, uid, clock=info.context.clock)
        return FollowCreatorPayload(**done)

    @strawberry.mutation(
        description="No longer follow a creator. Doing it again changes nothing.",
        extensions=[needs(Scope.ENGAGEMENT_WRITE)],
    )
    async def unfollow_creator(
        self,
        info: Info,
        input: Sent[UnfollowCreatorInput],
    ) -> UnfollowCreatorResult:
        uid = uid_of(input.creator_id, "Creator", "creator_id")
        done = await change(info, input, "creator", following.unfollow, uid)
        return UnfollowCreatorPayload(**done)
