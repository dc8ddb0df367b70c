"""Live rooms as they are shown: where they stand, what is said in them, which product is pushed."""

from datetime import datetime

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.caching import cached
from api.graphql.context import Info
from api.graphql.fields import column, one, page
from api.graphql.ids import identity
from api.graphql.mutations import answers_with
from api.graphql.nodes import Node, findable
from api.graphql.rows import shows
from api.graphql.words import BigInt, described
from services import contents, creators, live_messages, lives, names, products

described(
    models.LiveState,
    "Where a live stands.",
    {
        "SCHEDULED": "Announced.",
        "LIVE": "Going on now.",
        "ENDED": "Over.",
        "REPLAY": "Over, and can be seen again.",
        "CANCELLED": "Called off.",
    },
)
described(
    models.MessageState,
    "Whether a message in a live room is shown.",
    {
        "VISIBLE": "Everybody in the room sees it, unless its author is hidden.",
        "HIDDEN": "The creator of the room took it from view.",
        "TAKEN_DOWN": "An operator removed it.",
        "ERASED": "Its words are gone for good.",
    },
)


@strawberry.type(description="Who speaks in a live room: a creator, or a viewer under the name of their account.")
class LiveMessageAuthor:
    row: strawberry.Private[models.LiveMessage]

    creator: refs.CreatorRef | None = one(
        creators.by_ids, key="creator_id", description="The creator who speaks; null if it is a viewer."
    )

    @strawberry.field(description="What they call themselves; null for a viewer without a public name.")
    async def name(self, info: Info) -> str | None:
        if self.row.creator_id is None:
            return names.public(self.row.account.name)
        found = await info.context.load(creators.by_ids, self.row.creator_id)
        return None if found is None else found.name


@shows(models.LiveMessage)
@strawberry.type(description="What somebody says in a live room.")
class LiveMessage(Node):
    row: strawberry.Private[models.LiveMessage]

    id: strawberry.ID = identity("LiveMessage")
    text: str = column("text", description="What is said: plain text. Empty when it was erased.")
    state: models.MessageState = column("state", description="Whether it is shown; always VISIBLE for strangers.")
    sent_at: datetime = column("sent_at", description="When it was said.")
    content: refs.ContentRef | None = one(
        contents.by_ids, key="content_id", description="The live in whose room it is."
    )

    @strawberry.field(description="Who says it.")
    def author(self) -> LiveMessageAuthor:
        return LiveMessageAuthor(row=self.row)


@shows(models.LivePush)
@strawberry.type(description="A product that is shown to everybody in a live room for a time.")
class LivePush:
    row: strawberry.Private[models.LivePush]

    id: strawberry.ID = identity("LivePush")
    product: refs.ProductRef | None = one(products.by_ids, key="product_id", description="The product.")
    pushed_at: datetime = column("pushed_at", description="From when it is shown.")
    ended_at: datetime | None = column("ended_at", description="Until when it was shown; null while it is.")


@shows(models.LiveRoom)
@strawberry.type(description="What moves while a live goes on. Follow it with the subscription `liveRoom`.")
class LiveRoom:
    row: strawberry.Private[models.LiveRoom]

    state: models.LiveState = column("state", description="Where it stands.")
    starts_at: datetime = column("starts_at", description="When it is to start.")
    started_at: datetime | None = column("started_at", description="When it did start.")
    ended_at: datetime | None = column("ended_at", description="When it ended.")
    stream_url: str | None = column("stream_url", description="Where it can be watched while it runs.")
    replay_url: str | None = column("replay_url", description="Where it can be watched again.")
    viewers_count: BigInt = column("viewers_count", cache=cached(max_age=5), description="How many watch now.")
    viewers_peak: BigInt = column("viewers_peak", description="The most that watched at once.")
    messages: paging.Connection[LiveMessage] = page(
        live_messages.of_rooms, key="content_id", description="What is said in it, the latest first."
    )
    current_push: LivePush | None = one(
        lives.current_pushes, key="content_id", description="The product that is shown now; null if there is none."
    )
    pushes: paging.Connection[LivePush] = page(
        lives.pushes_of, key="content_id", description="The products that were shown, the latest first."
    )

    @strawberry.field(
        description="Where its events stand now: give it to the subscription `liveRoom` as `after`, and nothing that"
        " happens from here on is missed."
    )
    async def cursor(self, info: Info) -> str:
        return str(await info.context.load(lives.tails, self.row.content_id))


findable("LiveMessage", live_messages.by_uids)
answers_with(models.LiveMessage, live_messages.by_ids)
answers_with(models.LivePush, lives.pushes_by_ids)
