"""What can be followed: the items of a feed, what becomes of submissions, what happens in a live room."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import refs
from api.graphql.context import Context, Info
from api.graphql.feeds import FeedItem
from api.graphql.fields import column, one
from api.graphql.ids import Id, uid_of
from api.graphql.lives import LiveMessage, LivePush
from api.graphql.permissions import SIGNED_IN
from api.graphql.streaming import Page, Read, Told, follow
from api.graphql.words import BigInt
from core.caller import Caller
from core.ids import global_id
from models import StreamKind
from services import contents, decisions, feeds, live_messages, lives, news, streams

AT_ONCE = 20
"""How many events are read at a time."""

CursorAfter = Annotated[
    str | None,
    strawberry.argument(
        description="Go on behind this cursor: everything that happened since comes first. Without it the stream begins now."
    ),
]


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a stream with the id of what it is about."""

    cursor: str
    at: datetime
    subject_id: int
    details: dict[str, Any]

    @classmethod
    def of(cls, told: streams.Told, subject: streams.Subject) -> "Happened":
        named = (told.details[name] for name in ("message", "push", "submission") if name in told.details)
        return cls(told.cursor, told.at, next(named, subject.id), told.details)


@strawberry.type(
    description="A submission entered a state, was judged anew and stays in it, or has other flags than before."
)
class SubmissionStateChange:
    row: strawberry.Private[Happened]

    cursor: str = column("cursor", description="Give it as `after` to go on behind this event.")
    at: datetime = column("at", description="When it happened.")
    submission: refs.SubmissionRef | None = one(
        decisions.by_ids, key="subject_id", description="The submission as it stands now; null if it is gone."
    )

    @strawberry.field(description="The state that it entered.")
    def state(self) -> models.SubmissionState:
        return models.SubmissionState(self.row.details["state"])

    @strawberry.field(description="At which attempt, from 1.")
    def attempt(self) -> int:
        return int(self.row.details["attempt"])


@strawberry.interface(description="Something that happened in a live room.")
class LiveRoomEvent:
    row: strawberry.Private[Happened]

    cursor: str = column("cursor", description="Give it as `after` to go on behind this event.")
    at: datetime = column("at", description="When it happened.")


@strawberry.type(description="Somebody said something.")
class LiveMessageSent(LiveRoomEvent):
    message: LiveMessage | None = one(
        live_messages.by_ids, key="subject_id", description="What was said; null if it is not shown any more."
    )


@strawberry.type(description="What somebody said is not shown any more: take it from view.")
class LiveMessageRemoved(LiveRoomEvent):
    @strawberry.field(description="The id of the message.")
    def message_id(self) -> strawberry.ID:
        return strawberry.ID(global_id("LiveMessage", UUID(self.row.details["uid"])))


@strawberry.type(description="The room started, ended, was moved, called off, or can be seen again.")
class LiveStateChanged(LiveRoomEvent):
    room: refs.LiveRoomRef | None = one(contents.live_rooms, key="subject_id", description="The room as it stands now.")

    @strawberry.field(description="The state that it entered.")
    def state(self) -> models.LiveState:
        return models.LiveState(self.row.details["state"])


@strawberry.type(description="A product is shown to everybody, in place of the one before.")
class LiveProductPushed(LiveRoomEvent):
    push: LivePush | None = one(lives.pushes_by_ids, key="subject_id", description="The product with its time.")


@strawberry.type(description="The product is not shown any more.")
class LivePushEnded(LiveRoomEvent):
    push: LivePush | None = one(lives.pushes_by_ids, key="subject_id", description="The product with its time.")


@strawberry.type(description="How many watch. Told every few seconds at most.")
class LiveViewersChanged(LiveRoomEvent):
    @strawberry.field(description="How many watched then.")
    def viewers_count(self) -> BigInt:
        return BigInt(self.row.details["count"])

    @strawberry.field(description="The most that had watched at once.")
    def viewers_peak(self) -> BigInt:
        return BigInt(self.row.details["peak"])


_EVENTS: dict[str, type[LiveRoomEvent]] = {
    lives.STATE: LiveStateChanged,
    lives.PUSHED: LiveProductPushed,
    lives.PUSH_ENDED: LivePushEnded,
    lives.VIEWERS: LiveViewersChanged,
    live_messages.SAID: LiveMessageSent,
    live_messages.REMOVED: LiveMessageRemoved,
}

LIVE_EVENTS = tuple(_EVENTS.values())
"""The types behind the interface, for the schema."""


@strawberry.type
class StreamQuery:
    @strawberry.field(
        description="Where the stream of a creator's submissions stands now: give it to the subscription"
        " `submissionStates` as `after`, and nothing that happens from here on is missed.",
        extensions=[SIGNED_IN],
    )
    async def submission_states_cursor(self, info: Info, creator_id: Id) -> str:
        context = info.context
        subject = await _subject(context, StreamKind.SUBMISSIONS, uid_of(creator_id, "Creator", "creator_id"))
        async with context.db.session() as session:
            return (await streams.read(session, context.caller, subject, None, 1)).tail


@strawberry.type(
    description="What can be followed: over a WebSocket at /graphql (graphql-transport-ws), or as server-sent events at"
    " /graphql/stream. Each event has a cursor; whoever comes back with it misses nothing."
)
class Subscription:
    @strawberry.subscription(
        description="The log of a feed: each step of each content in it, withdrawals too, in order."
    )
    async def feed_items(
        self,
        info: Info,
        key: Annotated[str, strawberry.argument(description="The key of a channel, or that of another feed.")],
        after: CursorAfter = strawberry.UNSET,
    ) -> AsyncGenerator[FeedItem, None]:
        context, key = info.context, key[:200]
        async with context.db.session() as session:
            feed = await feeds.by_key(session, context.caller, key)
        stream = await follow(context, (news.FEED, feed.id), _feed(context, key), after or None)
        return cast("AsyncGenerator[FeedItem, None]", stream)

    @strawberry.subscription(
        description="What becomes of the submissions of a creator that you may act as.", extensions=[SIGNED_IN]
    )
    async def submission_states(
        self, info: Info, creator_id: Id, after: CursorAfter = strawberry.UNSET
    ) -> AsyncGenerator[SubmissionStateChange, None]:
        context = info.context
        subject = await _subject(context, StreamKind.SUBMISSIONS, uid_of(creator_id, "Creator", "creator_id"))

        def shown(told: streams.Told) -> SubmissionStateChange:
            return SubmissionStateChange(row=Happened.of(told, subject))

        stream = await follow(context, (subject.kind.value, subject.id), _stream(subject, shown), after or None)
        return cast("AsyncGenerator[SubmissionStateChange, None]", stream)

    @strawberry.subscription(
        description="What happens in a live room: messages, products that are pushed, its state, how many watch."
    )
    async def live_room(
        self,
        info: Info,
        content_id: Annotated[strawberry.ID, strawberry.argument(description="The id of the live.")],
        after: CursorAfter = strawberry.UNSET,
    ) -> AsyncGenerator[LiveRoomEvent, None]:
        context = info.context
        subject = await _subject(context, StreamKind.LIVE, uid_of(content_id, "Content", "content_id"))

        def shown(told: streams.Told) -> LiveRoomEvent:
            return _EVENTS[told.event](row=Happened.of(told, subject))

        stream = await follow(context, (subject.kind.value, subject.id), _stream(subject, shown), after or None)
        return cast("AsyncGenerator[LiveRoomEvent, None]", stream)


async def _subject(context: Context, kind: StreamKind, uid: UUID) -> streams.Subject:
    async with context.db.session() as session:
        return await streams.subject(session, context.caller, kind, uid)


def _stream(subject: streams.Subject, shown: Callable[[streams.Told], Any]) -> Read:
    """Reads a stream; `shown` makes the object that shows an event."""

    async def read(session: AsyncSession, caller: Caller, after: str | None) -> Page:
        page = await streams.read(session, caller, subject, after, AT_ONCE)
        told = [Told(one.cursor, shown(one)) for one in page.events]
        return Page(told, page.position, page.tail, has_more=len(told) == AT_ONCE)

    return read


def _feed(context: Context, key: str) -> Read:
    """Reads the log of a feed."""

    async def read(session: AsyncSession, caller: Caller, after: str | None) -> Page:
        page = await feeds.page(
            session,
            caller,
            key,
            after=after,
            limit=1 if after is None else AT_ONCE,
            at=context.clock.now(),
            base_url=context.settings.base_url,
        )
        told = [] if after is None else [Told(item.cursor, FeedItem(row=item)) for item in page.items]
        return Page(told, page.position, page.tail, has_more=page.is_log and page.has_more)

    return read
