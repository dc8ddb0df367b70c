"""Feeds: a channel's or creator's ordered log, as apps read it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

import models
from api.graphql import refs
from api.graphql.context import Context, Info
from api.graphql.directives import sized_by
from api.graphql.distribution import Rendition
from api.graphql.fields import column
from api.graphql.paging import PageSizeOutOfRange
from api.graphql.rows import shape
from api.graphql.words import BigInt, described
from core.ids import global_id
from services import contents, feeds

described(
    models.FeedEvent,
    "What happened to a content in a feed.",
    {
        "PUBLISHED": "It appeared.",
        "UPDATED": "It was edited, or is shown differently.",
        "WITHDRAWN": "It is gone: show it no more.",
        "RESTORED": "It came back.",
    },
)


@strawberry.type(description="One step of one content in a feed. The pair of `id` and `version` tells doubles apart.")
class FeedItem:
    row: strawberry.Private[feeds.Item]

    event: models.FeedEvent = column("event", description="What happened.")
    position: BigInt = column("position", description="Its number in the feed.")
    version: int = column("version", description="Counts the steps of this content in this feed from 1.")
    cursor: str = column("cursor", description="Give it as `after` to go on behind this item.")
    appeared_at: datetime = column("appeared_at", description="When the content first appeared in this feed.")
    changed_at: datetime = column("changed_at", description="When this step was made.")

    @strawberry.field(description="The id of the content: always there, also when the content is not.")
    def id(self) -> strawberry.ID:
        return contents_id(self.row.content_uid)

    @strawberry.field(description="The content; null after a withdrawal, or when a newer item tells of it.")
    async def content(self, info: Info) -> refs.ContentRef | None:
        if self.row.gathered is None:
            return None
        found = await info.context.load(contents.by_uids, UUID(self.row.content_uid))
        return shape(found) if found is not None and found.is_live else None

    @strawberry.field(description="The content as this channel shows it; null where `content` is.")
    def rendition(self) -> Rendition | None:
        return None if self.row.rendition is None else Rendition(row=self.row.rendition)


def contents_id(uid: str) -> strawberry.ID:
    return strawberry.ID(global_id("Content", UUID(uid)))


@strawberry.type(description="A page of a feed.")
class Feed:
    page: strawberry.Private[feeds.FeedPage]

    key: str = column("feed.key", of="page", description="The name of the feed, as it stands in addresses.")
    kind: models.FeedKind = column("feed.kind", of="page", description="Whose feed it is.")
    title: str = column("title", of="page", description="What it is called.")
    tail: str = column(
        "tail", of="page", description="Continues after everything on this page: keep it, and ask with it as `after`."
    )
    older: str | None = column(
        "older", of="page", description="Give it as `before` for older items; null if there are none."
    )
    is_log: bool = column(
        "is_log", of="page", description="Whether this is the log (oldest first) or what is shown now (newest first)."
    )
    has_more: bool = column("has_more", of="page", description="Whether more items follow right now.")

    @strawberry.field(description="The items of this page.")
    def items(self) -> list[FeedItem]:
        return [FeedItem(row=item) for item in self.page.items]


@strawberry.type
class FeedQuery:
    @strawberry.field(
        description="A feed. Without `after`: what is shown now, newest first. With it: everything that happened since,"
        " oldest first, withdrawals too, nothing skipped. Null if there is none or you may not read it.",
        directives=[sized_by("first", fields=("items",))],
    )
    async def feed(
        self,
        info: Info,
        key: Annotated[str, strawberry.argument(description="The key of a channel, or that of another feed.")],
        first: Annotated[int, strawberry.argument(description="How many items, from 1 to 100.")],
        after: Annotated[
            str | None, strawberry.argument(description="A cursor that this feed handed out: read the log behind it.")
        ] = strawberry.UNSET,
        before: Annotated[
            str | None, strawberry.argument(description="The cursor `older` of another page: go further back.")
        ] = strawberry.UNSET,
    ) -> Feed | None:
        context = info.context
        if not 1 <= first <= context.settings.page_limit:
            raise PageSizeOutOfRange(f"A page holds 1 to {context.settings.page_limit}; {first} was asked for.")
        try:
            page = await _page(context, key[:200], after or None, before or None, first)
        except feeds.NoSuchFeed:
            return None
        return Feed(page=page)


async def _page(context: Context, key: str, after: str | None, before: str | None, first: int) -> feeds.FeedPage:
    async with context.db.session() as session:
        return await feeds.page(
            session,
            context.caller,
            key,
            after=after,
            before=before,
            limit=first,
            at=context.clock.now(),
            base_url=context.settings.base_url,
        )
