"""Putting contents out: now, at a set time, or taken back; one by one, or many at once with an answer for each."""

from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import refs
from api.graphql.bulk import ContentOutcome, in_bulk, many, outcomes, subjects
from api.graphql.context import Info
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import change, result
from api.graphql.permissions import needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading, uid_beside
from api.graphql.reasons import subject
from api.graphql.revisions import Revision
from api.graphql.writing import told
from core.caller import Caller, Scope
from core.errors import together
from services import publishing, schedule_times, scheduling


@strawberry.type(description="The content, published. It reaches its channels within moments.")
class PublishContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


@strawberry.type(description="The content, taken back. Every feed that had it says so within moments.")
class WithdrawContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


@strawberry.type(description="The content with the version that is to go live.")
class ScheduleContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")
    revision: Revision = strawberry.field(description="The version, with its `schedule`.")


@strawberry.type(description="The content with the version that is to go live at another time.")
class RescheduleContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")
    revision: Revision = strawberry.field(description="The version, with its `schedule`.")


@strawberry.type(description="The content, of which nothing is scheduled any more.")
class CancelSchedulePayload:
    content: refs.ContentRef = strawberry.field(description="The content.")
    revision: Revision = strawberry.field(
        description="The version that holds the words now: the draft, or one that an organisation approved."
    )


@strawberry.type(description="What became of each content that was to be published.")
class PublishContentsPayload:
    results: list[ContentOutcome] = outcomes()


@strawberry.type(description="What became of each content that was to be taken back.")
class WithdrawContentsPayload:
    results: list[ContentOutcome] = outcomes()


@strawberry.type(description="What became of each content that was to be scheduled.")
class ScheduleContentsPayload:
    results: list[ContentOutcome] = outcomes()


PublishContentResult = Annotated[
    PublishContentPayload | Refused, result("PublishContentResult", "The published content")
]
WithdrawContentResult = Annotated[
    WithdrawContentPayload | Refused, result("WithdrawContentResult", "The withdrawn content")
]
ScheduleContentResult = Annotated[
    ScheduleContentPayload | Refused, result("ScheduleContentResult", "The scheduled content")
]
RescheduleContentResult = Annotated[
    RescheduleContentPayload | Refused, result("RescheduleContentResult", "The content with its new time")
]
CancelScheduleResult = Annotated[
    CancelSchedulePayload | Refused, result("CancelScheduleResult", "The content without its schedule")
]
PublishContentsResult = Annotated[
    PublishContentsPayload | Refused, result("PublishContentsResult", "What became of each")
]
WithdrawContentsResult = Annotated[
    WithdrawContentsPayload | Refused, result("WithdrawContentsResult", "What became of each")
]
ScheduleContentsResult = Annotated[
    ScheduleContentsPayload | Refused, result("ScheduleContentsResult", "What became of each")
]

_CHANNELS = "Keys of the channel entries to submit it to. Without it: all that take such content from such a creator."
_SEEN = "The `stamp` of the version that the author saw: a newer one is refused with STALE_REVISION. Without it: whatever is there."
_AT = (
    "The time on the clocks there, such as 2026-12-01T20:00. Where the clocks go back and show it twice, with its offset:"
    " 2026-10-25T02:30+01:00."
)
_ZONE = "Whose clocks: an IANA time zone, such as Asia/Shanghai."
_MANY = "Which contents: 1 to 100."


@strawberry.input(description="Which content to publish, and where.")
class PublishContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    channels: list[str] | None = given(_CHANNELS)
    expected_revision: str | None = given(_SEEN)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which content to take back.")
class WithdrawContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    reason: str = needed("Why: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which content to publish, when and where.")
class ScheduleContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    at: str = needed(_AT)
    time_zone: str = needed(_ZONE)
    channels: list[str] | None = given(_CHANNELS)
    expected_revision: str | None = given(_SEEN)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="To when to move what is scheduled.")
class RescheduleContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    at: str = needed(_AT)
    time_zone: str = needed(_ZONE)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Of which content to cancel the schedule.")
class CancelScheduleInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which contents to publish, and where.")
class PublishContentsInput:
    content_ids: list[strawberry.ID] = ref("Content", "contents", _MANY)
    channels: list[str] | None = given(_CHANNELS)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which contents to take back.")
class WithdrawContentsInput:
    content_ids: list[strawberry.ID] = ref("Content", "contents", _MANY)
    reason: str = needed("Why: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which contents to publish, when and where.")
class ScheduleContentsInput:
    content_ids: list[strawberry.ID] = ref("Content", "contents", _MANY)
    at: str = needed(_AT)
    time_zone: str = needed(_ZONE)
    channels: list[str] | None = given(_CHANNELS)
    idempotency_key: str | None = idempotency()


@strawberry.type
class PublishingMutation:
    @strawberry.mutation(
        description="Publish the draft of a content (where an organisation reviews: the version it approved), or a withdrawn"
        " content again.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def publish_content(
        self,
        info: Info,
        input: Sent[PublishContentInput],
    ) -> PublishContentResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        named = {"channels": told(input.channels), "expected_revision": told(input.expected_revision)}
        done = await change(info, input, "content", publishing.publish, uid, clock=info.context.clock, **named)
        return PublishContentPayload(**done)

    @strawberry.mutation(
        description="Take a published content back: from now on nobody sees it.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def withdraw_content(
        self,
        info: Info,
        input: Sent[WithdrawContentInput],
    ) -> WithdrawContentResult:
        uid, why = subject(input.content_id, "Content", input.reason)
        done = await change(info, input, "content", publishing.withdraw, uid, reason=why, clock=info.context.clock)
        return WithdrawContentPayload(**done)

    @strawberry.mutation(
        description="Let the draft of a content (where an organisation reviews: the version it approved) go live at a set time."
        " A new draft can be written meanwhile. Whether it may go out is looked at again when the time comes.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def schedule_content(
        self,
        info: Info,
        input: Sent[ScheduleContentInput],
    ) -> ScheduleContentResult:
        now, read = info.context.clock.now(), schedule_times.read
        uid = uid_beside(input.content_id, "Content", "content_id", read, input.at, input.time_zone, now=now)
        named = {"at": input.at, "time_zone": input.time_zone, "channels": told(input.channels)}
        seen = told(input.expected_revision)
        names = ("content", "revision")
        done = await change(
            info, input, names, scheduling.schedule, uid, expected_revision=seen, clock=info.context.clock, **named
        )
        return ScheduleContentPayload(**done)

    @strawberry.mutation(
        description="Move what is scheduled to another time; also what was not let out when its time came.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def reschedule_content(
        self,
        info: Info,
        input: Sent[RescheduleContentInput],
    ) -> RescheduleContentResult:
        now, read = info.context.clock.now(), schedule_times.read
        uid = uid_beside(input.content_id, "Content", "content_id", read, input.at, input.time_zone, now=now)
        named = {"at": input.at, "time_zone": input.time_zone, "clock": info.context.clock}
        names = ("content", "revision")
        return RescheduleContentPayload(**await change(info, input, names, scheduling.reschedule, uid, **named))

    @strawberry.mutation(
        description="Cancel what is scheduled: its words become the draft again, unless there is a newer one; what an"
        " organisation approved stays approved.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def cancel_schedule(
        self,
        info: Info,
        input: Sent[CancelScheduleInput],
    ) -> CancelScheduleResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        names = ("content", "revision")
        done = await change(info, input, names, scheduling.cancel, uid, clock=info.context.clock)
        return CancelSchedulePayload(**done)

    @strawberry.mutation(
        description="Publish many contents at once, as `publishContent` does one.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def publish_contents(
        self,
        info: Info,
        input: Sent[PublishContentsInput],
    ) -> PublishContentsResult:
        channels, clock = told(input.channels), info.context.clock

        async def work(session: AsyncSession, caller: Caller, uid: UUID) -> models.Content:
            return await publishing.publish(session, caller, uid, channels=channels, clock=clock)

        return PublishContentsPayload(results=await in_bulk(info, input, many(input.content_ids), work, channels))

    @strawberry.mutation(
        description="Take many contents back at once, as `withdrawContent` does one.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def withdraw_contents(
        self,
        info: Info,
        input: Sent[WithdrawContentsInput],
    ) -> WithdrawContentsResult:
        uids, why = subjects(input.content_ids, input.reason)
        clock = info.context.clock

        async def work(session: AsyncSession, caller: Caller, uid: UUID) -> models.Content:
            return await publishing.withdraw(session, caller, uid, reason=why, clock=clock)

        return WithdrawContentsPayload(results=await in_bulk(info, input, uids, work))

    @strawberry.mutation(
        description="Schedule many contents for one time, as `scheduleContent` does one.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def schedule_contents(
        self,
        info: Info,
        input: Sent[ScheduleContentsInput],
    ) -> ScheduleContentsResult:
        clock, channels = info.context.clock, told(input.channels)
        reading = Reading()
        uids = reading.take(many, input.content_ids)
        moment = reading.take(schedule_times.read, input.at, input.time_zone, now=clock.now())
        if uids is None or moment is None:
            raise together(reading.errors)
        when = {"at": input.at, "time_zone": input.time_zone}

        async def work(session: AsyncSession, caller: Caller, uid: UUID) -> models.Content:
            content, _ = await scheduling.schedule(session, caller, uid, channels=channels, clock=clock, **when)
            return content

        return ScheduleContentsPayload(results=await in_bulk(info, input, uids, work, channels))
