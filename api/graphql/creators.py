"""Creators: the public authors, with their homepage and what they published."""

from datetime import date, datetime
from typing import Annotated

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.asset_folders import AssetCreator
from api.graphql.content_filters import ContentFilter, ContentOrder
from api.graphql.context import Info
from api.graphql.creator_filters import CreatorFilter, CreatorOrder
from api.graphql.feed_addresses import FeedAddress
from api.graphql.fields import column, many, one, page
from api.graphql.following import FollowedCreator
from api.graphql.ids import identity
from api.graphql.labels import Language, chosen, in_language
from api.graphql.nodes import Node, findable
from api.graphql.rows import shape, shows
from api.graphql.words import BigInt, described
from api.graphql.works import WorkingCreator
from models import caps
from services import assets, content_lists, creators, homepages, organisations
from services.feeds import addresses

described(
    models.FactsSource,
    "Where level, scores and followers of a creator come from.",
    {
        "MEASURED": "Measured here.",
        "DECLARED": "Said by whoever imported the creator.",
        "SYNTHETIC": "Made up for a demonstration.",
    },
)


@shows(models.Field)
@strawberry.type(description="A subject that creators choose, such as home crafts.")
class Field:
    row: strawberry.Private[models.Field]

    code: str = column("code", description="Its stable name.")

    @strawberry.field(description="Its name in one language.")
    def label(self, info: Info, language: Language = strawberry.UNSET) -> str:
        names = {"en": self.row.name_en, "zh": self.row.name_zh}
        return in_language(names, chosen(info, language or None), self.row.code)


@shows(creators.CertifiedRole)
@strawberry.type(description="A calling that a creator is certified in, such as nutritionist.")
class CertifiedRole:
    row: strawberry.Private[creators.CertifiedRole]

    code: str = column("role.code", description="The stable name of the role.")
    domain: str = column("role.domain", description="The domain it belongs to, such as food.")
    certified_on: date | None = column("certified_on", description="Since when; null if unknown.")

    @strawberry.field(description="The name of the role in one language.")
    def label(self, info: Info, language: Language = strawberry.UNSET) -> str:
        names = {"en": self.row.role.name_en, "zh": self.row.role.name_zh}
        return in_language(names, chosen(info, language or None), self.row.role.code)


@shows(models.Creator)
@strawberry.type(description="A public author. Scores run from 0 to 1000 and are null where nothing is known.")
class Creator(Node, FollowedCreator, WorkingCreator, AssetCreator):
    row: strawberry.Private[models.Creator]

    id: strawberry.ID = identity("Creator")
    handle: str = column("handle", description="The unique short name, as it stands in addresses.")
    name: str = column("name", description="What readers call them.")
    kind: models.CreatorKind = column("kind", description="What kind of author this is.")
    bio: str = column("bio", description="What they say of themselves. May be empty.")
    language: str = column("language", description="The language of name and bio.")
    avatar: refs.AssetRef | None = one(assets.by_ids, key="avatar_id", description="Their picture.")
    level: int = column("level", description="The level, from 0 to 6, that channels ask for.")
    quality_score: int | None = column("quality_score", description="How good their contents are.")
    health_score: int | None = column("health_score", description="How well they keep the rules.")
    index_score: int | None = column("index_score", description="Their overall standing.")
    fan_value: int | None = column("fan_value", description="What their followers are worth to channels.")
    facts_source: models.FactsSource = column(
        "facts_source", description="Where level, scores and followers come from."
    )
    followers_count: BigInt = column("followers_count", description="How many follow them.")
    certified_on: date | None = column("certified_on", description="Since when they are certified; null if not.")
    created_at: datetime = column("created_at", description="When they joined.")
    is_seller: bool = column("is_seller", description="Whether they sell goods themselves.")
    fields: list[Field] = many(
        creators.fields_of, key="id", most=caps.MOST_FIELDS, description="The subjects they chose."
    )
    roles: list[CertifiedRole] = many(
        creators.roles_of, key="id", most=caps.MOST_ROLES, description="What they are certified as."
    )
    homepage: refs.HomepageRef | None = one(
        homepages.live_of, key="id", description="The published homepage; null if there is none."
    )
    homepage_draft: refs.HomepageRef | None = one(
        homepages.drafts_of,
        key="id",
        description="The homepage that is being written; null if there is none, and for those who may not change it.",
    )
    homepage_versions: paging.Connection[refs.HomepageRef] = page(
        homepages.versions_of,
        key="id",
        description="The versions of the homepage, newest first: for strangers the live one alone.",
    )
    contents: paging.Connection[refs.ContentRef] = page(
        content_lists.of_creators,
        key="id",
        filters=ContentFilter,
        orders=ContentOrder,
        description="What they published.",
    )

    feed: FeedAddress | None = one(
        addresses.of_creators, key="id", description="Their feed; null where there is none, or you may not read it."
    )

    @strawberry.field(description="The organisation that acts for them today; null if there is none.")
    async def organisation(self, info: Info) -> refs.OrganisationRef | None:
        context = info.context
        found = await context.load(organisations.of_creators, self.row.id, on=context.clock.now().date())
        return shape(found)  # type: ignore[no-any-return]  # an Organisation by registration


findable("Creator", creators.by_uids)


@strawberry.type
class CreatorQuery:
    @strawberry.field(description="The creator with this handle; null if there is none or they are not shown.")
    async def creator(
        self,
        info: Info,
        handle: Annotated[str, strawberry.argument(description="The unique short name, such as tea-and-rain.")],
    ) -> Creator | None:
        found = await info.context.load(creators.by_handles, handle[:200].lower())
        return shape(found)  # type: ignore[no-any-return]  # a Creator by registration

    creators: paging.Connection[Creator] = page(
        creators.listed,
        key=None,
        filters=CreatorFilter,
        orders=CreatorOrder,
        description="All creators that are shown.",
    )
