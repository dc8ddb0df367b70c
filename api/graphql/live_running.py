"""Running a live room: starting and ending it, pushing products, and what is said in it."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql import refs
from api.graphql.context import Info
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.lives import LiveMessage, LivePush
from api.graphql.mutations import change, result
from api.graphql.permissions import OPERATORS, needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.reasons import reason
from core.caller import Scope
from core.errors import together
from services import live_messages, lives


@strawberry.type(description="The live, which runs from now on.")
class StartLivePayload:
    live: refs.LiveRef = strawberry.field(description="The live.")


@strawberry.type(description="The live, which is over.")
class EndLivePayload:
    live: refs.LiveRef = strawberry.field(description="The live.")


@strawberry.type(description="The live, called off.")
class CancelLivePayload:
    live: refs.LiveRef = strawberry.field(description="The live.")


@strawberry.type(description="The live, announced for another time.")
class RescheduleLivePayload:
    live: refs.LiveRef = strawberry.field(description="The live.")


@strawberry.type(description="The live, which can be seen again.")
class PublishReplayPayload:
    live: refs.LiveRef = strawberry.field(description="The live.")


@strawberry.type(description="What is shown in the room now.")
class PushProductPayload:
    push: LivePush = strawberry.field(description="The product with the time when it was pushed.")


@strawberry.type(description="What was shown in the room until now.")
class EndPushPayload:
    push: LivePush = strawberry.field(description="The product with the time while it was shown.")


@strawberry.type(description="The live with its numbers.")
class ReportViewersPayload:
    live: refs.LiveRef = strawberry.field(description="The live.")


@strawberry.type(description="The message as it stands in the room.")
class SendLiveMessagePayload:
    message: LiveMessage = strawberry.field(description="The new message.")


@strawberry.type(description="The message, hidden.")
class HideLiveMessagePayload:
    message: LiveMessage = strawberry.field(description="The message.")


@strawberry.type(description="The message, removed by an operator.")
class TakeDownLiveMessagePayload:
    message: LiveMessage = strawberry.field(description="The message.")


StartLiveResult = Annotated[StartLivePayload | Refused, result("StartLiveResult", "The live that runs")]
EndLiveResult = Annotated[EndLivePayload | Refused, result("EndLiveResult", "The live that is over")]
CancelLiveResult = Annotated[CancelLivePayload | Refused, result("CancelLiveResult", "The live that was called off")]
RescheduleLiveResult = Annotated[
    RescheduleLivePayload | Refused, result("RescheduleLiveResult", "The live with its new time")
]
PublishReplayResult = Annotated[
    PublishReplayPayload | Refused, result("PublishReplayResult", "The live that can be seen again")
]
PushProductResult = Annotated[PushProductPayload | Refused, result("PushProductResult", "The product that is shown")]
EndPushResult = Annotated[EndPushPayload | Refused, result("EndPushResult", "The product that was shown")]
ReportViewersResult = Annotated[ReportViewersPayload | Refused, result("ReportViewersResult", "The live")]
SendLiveMessageResult = Annotated[SendLiveMessagePayload | Refused, result("SendLiveMessageResult", "The new message")]
HideLiveMessageResult = Annotated[
    HideLiveMessagePayload | Refused, result("HideLiveMessageResult", "The hidden message")
]
TakeDownLiveMessageResult = Annotated[
    TakeDownLiveMessagePayload | Refused, result("TakeDownLiveMessageResult", "The removed message")
]


@strawberry.input(description="Which live to start.")
class StartLiveInput:
    content_id: strawberry.ID = ref("Content", "content", "Which live: announced, and published.")
    stream_url: str | None = given("Where it can be watched; what was given before without it.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which live to end.")
class EndLiveInput:
    content_id: strawberry.ID = ref("Content", "content", "Which live: one that runs.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which live to call off.")
class CancelLiveInput:
    content_id: strawberry.ID = ref("Content", "content", "Which live: one that is announced.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which live to announce for another time.")
class RescheduleLiveInput:
    content_id: strawberry.ID = ref("Content", "content", "Which live: announced, or called off.")
    starts_at: datetime = needed("When it is to start.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which live can be seen again, and where.")
class PublishReplayInput:
    content_id: strawberry.ID = ref("Content", "content", "Which live: one that is over.")
    replay_url: str = needed("Where it can be seen: an address with http or https.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which product to show to everybody in a room.")
class PushProductInput:
    content_id: strawberry.ID = ref("Content", "content", "In the room of which live: one that runs.")
    product_id: strawberry.ID = ref("Product", "product", "Which product.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="In which room to take back the product that is shown.")
class EndPushInput:
    content_id: strawberry.ID = ref("Content", "content", "In the room of which live.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="How many watch a live now.")
class ReportViewersInput:
    content_id: strawberry.ID = ref("Content", "content", "Which live: one that runs.")
    count: int = needed("How many watch it, as its stream knows.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What to say, and in which room.")
class SendLiveMessageInput:
    content_id: strawberry.ID = ref("Content", "content", "In the room of which live: one that runs.")
    text: str = needed("What to say: 1 to 500 characters.")
    as_creator_id: strawberry.ID | None = ref(
        "Creator", "as_creator", "As which creator; as yourself without it.", optional=True
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which message to hide.")
class HideLiveMessageInput:
    message_id: strawberry.ID = ref("LiveMessage", "message", "Which message.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which message to remove.")
class TakeDownLiveMessageInput:
    message_id: strawberry.ID = ref("LiveMessage", "message", "Which message.")
    reason: str = needed("Why: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.type
class LiveMutation:
    @strawberry.mutation(
        description="Open the room of an announced live: it runs from now on.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def start_live(
        self,
        info: Info,
        input: Sent[StartLiveInput],
    ) -> StartLiveResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        url = input.stream_url or None
        done = await change(info, input, "live", lives.start, uid, stream_url=url, clock=info.context.clock)
        return StartLivePayload(**done)

    @strawberry.mutation(description="Close the room of a running live.", extensions=[needs(Scope.CONTENT_PUBLISH)])
    async def end_live(
        self,
        info: Info,
        input: Sent[EndLiveInput],
    ) -> EndLiveResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "live", lives.end, uid, clock=info.context.clock)
        return EndLivePayload(**done)

    @strawberry.mutation(
        description="Call an announced live off. `rescheduleLive` announces it anew.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def cancel_live(
        self,
        info: Info,
        input: Sent[CancelLiveInput],
    ) -> CancelLiveResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "live", lives.cancel, uid, clock=info.context.clock)
        return CancelLivePayload(**done)

    @strawberry.mutation(
        description="Announce another time for a live that has not begun.", extensions=[needs(Scope.CONTENT_PUBLISH)]
    )
    async def reschedule_live(
        self,
        info: Info,
        input: Sent[RescheduleLiveInput],
    ) -> RescheduleLiveResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "live", lives.reschedule, uid, input.starts_at, clock=info.context.clock)
        return RescheduleLivePayload(**done)

    @strawberry.mutation(
        description="Say where a live that is over can be seen again.", extensions=[needs(Scope.CONTENT_PUBLISH)]
    )
    async def publish_replay(
        self,
        info: Info,
        input: Sent[PublishReplayInput],
    ) -> PublishReplayResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "live", lives.publish_replay, uid, input.replay_url, clock=info.context.clock)
        return PublishReplayPayload(**done)

    @strawberry.mutation(
        description="Show a product to everybody in a running room, in place of the one that is shown.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def push_product(
        self,
        info: Info,
        input: Sent[PushProductInput],
    ) -> PushProductResult:
        reading = Reading()
        uid = reading.take(uid_of, input.content_id, "Content", "content_id")
        product = reading.take(uid_of, input.product_id, "Product", "product_id")
        if uid is None or product is None:
            raise together(reading.errors)
        done = await change(info, input, "push", lives.push, uid, product, clock=info.context.clock)
        return PushProductPayload(**done)

    @strawberry.mutation(
        description="Take back the product that is shown in a room.", extensions=[needs(Scope.CONTENT_PUBLISH)]
    )
    async def end_push(
        self,
        info: Info,
        input: Sent[EndPushInput],
    ) -> EndPushResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "push", lives.end_push, uid, clock=info.context.clock)
        return EndPushPayload(**done)

    @strawberry.mutation(
        description="For whoever streams a live: say how many watch it. Followers of the room hear of it every few seconds.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def report_viewers(
        self,
        info: Info,
        input: Sent[ReportViewersInput],
    ) -> ReportViewersResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "live", lives.report_viewers, uid, input.count, clock=info.context.clock)
        return ReportViewersPayload(**done)

    @strawberry.mutation(
        description="Say something in a running room, as yourself or as a creator.",
        extensions=[needs(Scope.ENGAGEMENT_WRITE)],
    )
    async def send_live_message(
        self,
        info: Info,
        input: Sent[SendLiveMessageInput],
    ) -> SendLiveMessageResult:
        reading, clock = Reading(), info.context.clock
        uid = reading.take(uid_of, input.content_id, "Content", "content_id")
        creator = reading.take(uid_of, input.as_creator_id, "Creator", "as_creator_id") if input.as_creator_id else None
        said = reading.take(live_messages.checked, input.text)
        if uid is None or said is None or reading.errors:
            raise together(reading.errors)
        done = await change(info, input, "message", live_messages.send, uid, said, as_creator=creator, clock=clock)
        return SendLiveMessagePayload(**done)

    @strawberry.mutation(
        description="Hide what somebody said in your own room.", extensions=[needs(Scope.CONTENT_PUBLISH)]
    )
    async def hide_live_message(
        self,
        info: Info,
        input: Sent[HideLiveMessageInput],
    ) -> HideLiveMessageResult:
        uid = uid_of(input.message_id, "LiveMessage", "message_id")
        done = await change(info, input, "message", live_messages.hide, uid, clock=info.context.clock)
        return HideLiveMessagePayload(**done)

    @strawberry.mutation(description="For operators: remove what somebody said in a room.", extensions=[OPERATORS])
    async def take_down_live_message(
        self,
        info: Info,
        input: Sent[TakeDownLiveMessageInput],
    ) -> TakeDownLiveMessageResult:
        reading, clock = Reading(), info.context.clock
        uid = reading.take(uid_of, input.message_id, "LiveMessage", "message_id")
        why = reading.take(reason, input.reason)
        if uid is None or why is None:
            raise together(reading.errors)
        done = await change(info, input, "message", live_messages.take_down, uid, reason=why, clock=clock)
        return TakeDownLiveMessagePayload(**done)
