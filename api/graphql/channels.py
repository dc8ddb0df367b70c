"""Channels and their entries: the places that show content, with the pack that rules each."""

from typing import Annotated

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.channel_filters import ChannelFilter
from api.graphql.context import Info
from api.graphql.feed_addresses import FeedAddress
from api.graphql.fields import column, many, one, page
from api.graphql.ids import identity
from api.graphql.labels import Label, Language, chosen, in_language, labels_of
from api.graphql.nodes import Node, findable
from api.graphql.rows import shape, shows
from services.channels import canaries, reading
from services.feeds import addresses


@shows(models.Channel)
@strawberry.type(description="A place that shows content. One with a pack is an entry; one without only holds entries.")
class Channel(Node):
    row: strawberry.Private[models.Channel]

    id: strawberry.ID = identity("Channel")
    key: str = column("key", description="Its stable name, as arguments and feed addresses take it.")
    kind: models.ChannelKind = column("kind", description="What kind of place it is.")
    names: list[Label] = column("names", convert=labels_of, description="Its name in all languages that have one.")
    time_zone: str = column("time_zone", description="The time zone in which its days and weeks are counted.")
    is_private: bool = column("is_private", description="Whether reading it needs a key made for it.")
    external_id: str | None = column("external_id", description="What the platform itself calls it.")
    parent: refs.ChannelRef | None = one(reading.by_ids, key="parent_id", description="The channel it is an entry of.")
    entries: paging.Connection[refs.ChannelRef] = page(
        reading.entries_of, key="id", filters=ChannelFilter, description="Its entries, by key."
    )
    feed: FeedAddress | None = one(
        addresses.of_channels, key="id", description="Its feed; null where there is none, or you may not read it."
    )
    pack: refs.PackRef | None = one(
        reading.packs_by_ids,
        key="pack_version_id",
        description="The rules in force for all creators who are under no canary; null where it only holds entries.",
    )
    canaries: list[refs.PackCanaryRef] = many(
        reading.canaries_of,
        key="id",
        most=canaries.MOST,
        description="Versions of the rules that are tried on some of its creators, in the order in which they were started.",
    )
    pack_history: paging.Connection[refs.PackInstallRef] = page(
        reading.installs_of, key="id", description="Which rules were in force since when, the latest first."
    )

    @strawberry.field(description="Its name in one language.")
    def name(self, info: Info, language: Language = strawberry.UNSET) -> str:
        return in_language(self.row.names, chosen(info, language or None), self.row.key)


findable("Channel", reading.by_uids)


@strawberry.type
class ChannelQuery:
    @strawberry.field(description="The channel with this key; null if there is none or you may not see it.")
    async def channel(
        self, info: Info, key: Annotated[str, strawberry.argument(description="Its key, such as x.post.")]
    ) -> Channel | None:
        return shape(await info.context.load(reading.by_keys, key[:200]))  # type: ignore[no-any-return]  # by registration

    channels: paging.Connection[Channel] = page(
        reading.listed,
        key=None,
        filters=ChannelFilter,
        description="All channels, by key: those that hold entries, and the entries.",
    )
