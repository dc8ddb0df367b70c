"""Writing homepages: drafts, templates, publishing, going back."""

from typing import Annotated

import strawberry

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.homepage_inputs import PageDraftInput, read_page
from api.graphql.ids import uid_of
from api.graphql.inputs import given, idempotency, needed, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.permissions import needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading, uid_beside
from core.caller import Scope
from services import homepages, schedule_times

answers_with(models.HomepageVersion, homepages.by_ids)

WHOSE = "Whose homepage it is."
SEEN = "The `stamp` of the draft that the author saw; leave it out if there was none."


@strawberry.type(description="The draft as it was saved.")
class SaveHomepagePayload:
    homepage: refs.HomepageRef = strawberry.field(description="The draft: give its `stamp` with the next save.")


@strawberry.type(description="The draft as it was begun.")
class CreateHomepageDraftPayload:
    homepage: refs.HomepageRef = strawberry.field(description="The draft: give its `stamp` with the next save.")


@strawberry.type(description="The draft, put away.")
class DiscardHomepageDraftPayload:
    homepage: refs.HomepageRef = strawberry.field(description="What was the draft.")


@strawberry.type(description="The homepage, published.")
class PublishHomepagePayload:
    homepage: refs.HomepageRef = strawberry.field(description="What everybody sees from now on.")


@strawberry.type(description="The homepage as it was before, published again.")
class RollbackHomepagePayload:
    homepage: refs.HomepageRef = strawberry.field(
        description="What everybody sees from now on, under a number of its own."
    )


@strawberry.type(description="The draft, waiting for its time.")
class ScheduleHomepagePayload:
    homepage: refs.HomepageRef = strawberry.field(description="What is to be published. A new draft can be written.")


@strawberry.type(description="The version, waiting for another time.")
class RescheduleHomepagePayload:
    homepage: refs.HomepageRef = strawberry.field(description="What is to be published.")


@strawberry.type(description="The version that is no longer to be published.")
class CancelHomepageSchedulePayload:
    homepage: refs.HomepageRef = strawberry.field(
        description="It is the draft again; put away where a newer draft is being written."
    )


SaveHomepageResult = Annotated[SaveHomepagePayload | Refused, result("SaveHomepageResult", "The saved draft")]
CreateHomepageDraftResult = Annotated[
    CreateHomepageDraftPayload | Refused, result("CreateHomepageDraftResult", "The new draft")
]
DiscardHomepageDraftResult = Annotated[
    DiscardHomepageDraftPayload | Refused, result("DiscardHomepageDraftResult", "The draft that was put away")
]
PublishHomepageResult = Annotated[
    PublishHomepagePayload | Refused, result("PublishHomepageResult", "The published homepage")
]
RollbackHomepageResult = Annotated[
    RollbackHomepagePayload | Refused, result("RollbackHomepageResult", "The homepage as it was before")
]

ScheduleHomepageResult = Annotated[
    ScheduleHomepagePayload | Refused, result("ScheduleHomepageResult", "The scheduled version")
]
RescheduleHomepageResult = Annotated[
    RescheduleHomepagePayload | Refused, result("RescheduleHomepageResult", "The version with its new time")
]
CancelHomepageScheduleResult = Annotated[
    CancelHomepageSchedulePayload | Refused, result("CancelHomepageScheduleResult", "The version without a time")
]


@strawberry.input(description="A save of a homepage's draft.")
class SaveHomepageInput:
    creator_id: strawberry.ID = ref("Creator", "creator", WHOSE)
    expected_revision: str | None = given(SEEN)
    draft: PageDraftInput = needed("What the page is now, whole.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="A draft made from a template.")
class CreateHomepageDraftInput:
    creator_id: strawberry.ID = ref("Creator", "creator", WHOSE)
    from_template: str = needed("The code of a template, from `homepageTemplates`.")
    expected_revision: str | None = given(
        "The `stamp` of the draft that it is to replace; leave it out if there is none."
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which draft to put away.")
class DiscardHomepageDraftInput:
    creator_id: strawberry.ID = ref("Creator", "creator", WHOSE)
    expected_revision: str = needed("The `stamp` of the draft that the author saw.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which homepage to publish.")
class PublishHomepageInput:
    creator_id: strawberry.ID = ref("Creator", "creator", WHOSE)
    expected_revision: str | None = given("The `stamp` of the draft to publish. Without it the draft as it stands.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which version of a homepage to return to.")
class RollbackHomepageInput:
    creator_id: strawberry.ID = ref("Creator", "creator", WHOSE)
    to: int = needed("The number of a version that was live before.")
    idempotency_key: str | None = idempotency()


AT = "The local time there, such as 2026-12-01T20:00; where clocks show it twice, with its offset."
ZONE = "The time zone (IANA), such as Asia/Shanghai."
NUMBER = "The number of a version that is scheduled."


@strawberry.input(description="When to publish the draft of a homepage.")
class ScheduleHomepageInput:
    creator_id: strawberry.ID = ref("Creator", "creator", WHOSE)
    at: str = needed(AT)
    time_zone: str = needed(ZONE)
    expected_revision: str | None = given("The `stamp` of the draft to publish. Without it the draft as it stands.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="When to publish a scheduled version instead.")
class RescheduleHomepageInput:
    creator_id: strawberry.ID = ref("Creator", "creator", WHOSE)
    number: int = needed(NUMBER)
    at: str = needed(AT)
    time_zone: str = needed(ZONE)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which version not to publish.")
class CancelHomepageScheduleInput:
    creator_id: strawberry.ID = ref("Creator", "creator", WHOSE)
    number: int = needed(NUMBER)
    idempotency_key: str | None = idempotency()


def sent_stamp(text: str | None) -> str | None:
    """The stamp as it was sent; None when it was left out."""
    return None if text is strawberry.UNSET else text


@strawberry.type
class HomepageMutation:
    @strawberry.mutation(
        description="Save the draft of a homepage: the one being written, else a new one.",
        extensions=[needs(Scope.CREATOR_WRITE)],
    )
    async def save_homepage(
        self,
        info: Info,
        input: Annotated[SaveHomepageInput, strawberry.argument(description="What to save.")],
    ) -> SaveHomepageResult:
        context, caller = info.context, info.context.caller
        reading = Reading()
        uid = reading.take(uid_of, input.creator_id, "Creator", "creator_id")
        read = await read_page(input.draft)
        reading.note_problems(read.problems)
        stamp = sent_stamp(input.expected_revision)
        if uid is None or read.draft is None:
            raise await reading.refusal(
                context, lambda session: homepages.against_saving(session, caller, uid, read.values, stamp)
            )
        given_ = (uid, read.draft)
        done = await change(
            info, input, "homepage", homepages.save, *given_, expected_revision=stamp, clock=context.clock
        )
        return SaveHomepagePayload(**done)

    @strawberry.mutation(
        description="Begin the draft of a homepage from a template.", extensions=[needs(Scope.CREATOR_WRITE)]
    )
    async def create_homepage_draft(
        self,
        info: Info,
        input: Annotated[CreateHomepageDraftInput, strawberry.argument(description="What to begin from.")],
    ) -> CreateHomepageDraftResult:
        context = info.context
        uid, stamp = uid_of(input.creator_id, "Creator", "creator_id"), sent_stamp(input.expected_revision)
        given_ = (uid, input.from_template)
        done = await change(
            info, input, "homepage", homepages.begin, *given_, expected_revision=stamp, clock=context.clock
        )
        return CreateHomepageDraftPayload(**done)

    @strawberry.mutation(
        description="Put the draft of a homepage away; links to its preview end.",
        extensions=[needs(Scope.CREATOR_WRITE)],
    )
    async def discard_homepage_draft(
        self,
        info: Info,
        input: Annotated[DiscardHomepageDraftInput, strawberry.argument(description="Which draft.")],
    ) -> DiscardHomepageDraftResult:
        context = info.context
        uid, stamp = uid_of(input.creator_id, "Creator", "creator_id"), input.expected_revision
        done = await change(
            info, input, "homepage", homepages.discard, uid, expected_revision=stamp, clock=context.clock
        )
        return DiscardHomepageDraftPayload(**done)

    @strawberry.mutation(
        description="Publish the draft of a homepage: what was live is superseded.",
        extensions=[needs(Scope.CREATOR_WRITE)],
    )
    async def publish_homepage(
        self,
        info: Info,
        input: Annotated[PublishHomepageInput, strawberry.argument(description="Which homepage.")],
    ) -> PublishHomepageResult:
        context = info.context
        uid, stamp = uid_of(input.creator_id, "Creator", "creator_id"), sent_stamp(input.expected_revision)
        done = await change(
            info, input, "homepage", homepages.publish, uid, expected_revision=stamp, clock=context.clock
        )
        return PublishHomepagePayload(**done)

    @strawberry.mutation(
        description="Publish a version that was live before once more, as a new version.",
        extensions=[needs(Scope.CREATOR_WRITE)],
    )
    async def rollback_homepage(
        self,
        info: Info,
        input: Annotated[RollbackHomepageInput, strawberry.argument(description="Where to return to.")],
    ) -> RollbackHomepageResult:
        context = info.context
        uid = uid_of(input.creator_id, "Creator", "creator_id")
        done = await change(info, input, "homepage", homepages.roll_back, uid, input.to, clock=context.clock)
        return RollbackHomepagePayload(**done)

    @strawberry.mutation(
        description="Publish the draft of a homepage at a set time.", extensions=[needs(Scope.CREATOR_WRITE)]
    )
    async def schedule_homepage(
        self,
        info: Info,
        input: Annotated[ScheduleHomepageInput, strawberry.argument(description="Which homepage, and when.")],
    ) -> ScheduleHomepageResult:
        context = info.context
        now, read = context.clock.now(), schedule_times.read
        uid = uid_beside(input.creator_id, "Creator", "creator_id", read, input.at, input.time_zone, now=now)
        named = {"at": input.at, "time_zone": input.time_zone, "expected_revision": sent_stamp(input.expected_revision)}
        done = await change(info, input, "homepage", homepages.schedule, uid, clock=context.clock, **named)
        return ScheduleHomepagePayload(**done)

    @strawberry.mutation(
        description="Move a scheduled version of a homepage to another time.", extensions=[needs(Scope.CREATOR_WRITE)]
    )
    async def reschedule_homepage(
        self,
        info: Info,
        input: Annotated[RescheduleHomepageInput, strawberry.argument(description="Which version, and when.")],
    ) -> RescheduleHomepageResult:
        context = info.context
        now, read = context.clock.now(), schedule_times.read
        uid = uid_beside(input.creator_id, "Creator", "creator_id", read, input.at, input.time_zone, now=now)
        named = {"at": input.at, "time_zone": input.time_zone}
        done = await change(
            info, input, "homepage", homepages.reschedule, uid, input.number, clock=context.clock, **named
        )
        return RescheduleHomepagePayload(**done)

    @strawberry.mutation(
        description="Take a scheduled version of a homepage back.", extensions=[needs(Scope.CREATOR_WRITE)]
    )
    async def cancel_homepage_schedule(
        self,
        info: Info,
        input: Annotated[CancelHomepageScheduleInput, strawberry.argument(description="Which version.")],
    ) -> CancelHomepageScheduleResult:
        context = info.context
        given_ = (uid_of(input.creator_id, "Creator", "creator_id"), input.number)
        done = await change(info, input, "homepage", homepages.cancel, *given_, clock=context.clock)
        return CancelHomepageSchedulePayload(**done)
