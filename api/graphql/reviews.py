"""Reviews: an organisation looks at a version before it goes out; asking, deciding, taking back."""

from datetime import datetime
from typing import Annotated

import strawberry

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.fields import column, one
from api.graphql.ids import identity, uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.nodes import Node, findable
from api.graphql.permissions import needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.reasons import reason
from api.graphql.revisions import Revision
from api.graphql.rows import shows
from api.graphql.writing import told
from core.caller import Scope
from core.errors import together
from services import contents, organisations, reviews


@shows(models.Review)
@strawberry.type(description="A request for consent to one version of a content. Seen by both sides.")
class Review(Node):
    row: strawberry.Private[models.Review]

    id: strawberry.ID = identity("Review")
    state: models.ReviewState = column("state", description="Where it stands.")
    asked_at: datetime = column("created_at", description="When it was asked for.")
    decided_at: datetime | None = column("decided_at", description="When it was decided or taken back.")
    note: str | None = column("note", description="What the organisation says to it.")
    publishes: bool = column("publishes", description="Whether the version goes out as soon as it is approved.")
    content: refs.ContentRef | None = one(contents.by_ids, key="content_id", description="The content.")
    revision: Revision | None = one(
        contents.revisions_by_ids,
        key="revision_id",
        description="The version; null for members of the organisation who only read.",
    )
    organisation: refs.OrganisationRef | None = one(
        organisations.by_ids, key="organisation_id", description="Who is asked."
    )


findable("Review", reviews.by_uids)
answers_with(models.Review, reviews.by_ids)


@strawberry.type(description="The review that was asked for.")
class SubmitContentForReviewPayload:
    review: Review = strawberry.field(description="The new review.")


@strawberry.type(description="The review, approved.")
class ApproveReviewPayload:
    review: Review = strawberry.field(description="The review.")


@strawberry.type(description="The review, returned to the author.")
class ReturnReviewPayload:
    review: Review = strawberry.field(description="The review.")


@strawberry.type(description="The review, taken back.")
class CancelReviewPayload:
    review: Review = strawberry.field(description="The review.")


SubmitContentForReviewResult = Annotated[
    SubmitContentForReviewPayload | Refused, result("SubmitContentForReviewResult", "The new review")
]
ApproveReviewResult = Annotated[ApproveReviewPayload | Refused, result("ApproveReviewResult", "The approved review")]
ReturnReviewResult = Annotated[ReturnReviewPayload | Refused, result("ReturnReviewResult", "The returned review")]
CancelReviewResult = Annotated[CancelReviewPayload | Refused, result("CancelReviewResult", "The cancelled review")]


@strawberry.input(description="Which draft the organisation shall look at.")
class SubmitContentForReviewInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content: its draft is sealed as it is.")
    publishes: bool | None = given(
        "Whether it goes out as soon as it is approved: this needs the scope content:publish. Without it somebody publishes or"
        " schedules it then."
    )
    channels: list[str] | None = given("With `publishes`: as in `publishContent`.")
    expected_revision: str | None = given("As in `publishContent`.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which review to approve.")
class ApproveReviewInput:
    review_id: strawberry.ID = ref("Review", "review", "Which review.")
    note: str | None = given("What to say to it: at most 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which review to return.")
class ReturnReviewInput:
    review_id: strawberry.ID = ref("Review", "review", "Which review.")
    note: str = needed("What is to be changed: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which review to take back.")
class CancelReviewInput:
    review_id: strawberry.ID = ref("Review", "review", "Which review.")
    idempotency_key: str | None = idempotency()


@strawberry.type
class ReviewMutation:
    @strawberry.mutation(
        description="Ask the creator's organisation for its consent to the draft. A new draft can be written meanwhile.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def submit_content_for_review(
        self,
        info: Info,
        input: Sent[SubmitContentForReviewInput],
    ) -> SubmitContentForReviewResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        named = {"channels": told(input.channels), "expected_revision": told(input.expected_revision)}
        publishes = bool(told(input.publishes))
        done = await change(
            info, input, "review", reviews.submit, uid, publishes=publishes, clock=info.context.clock, **named
        )
        return SubmitContentForReviewPayload(**done)

    @strawberry.mutation(
        description="Consent, as an owner or manager of the organisation: the version may go out, and does at once where its"
        " author asked for that.",
        extensions=[needs(Scope.ORGANISATION_WRITE)],
    )
    async def approve_review(
        self,
        info: Info,
        input: Sent[ApproveReviewInput],
    ) -> ApproveReviewResult:
        reading = Reading()
        uid = reading.take(uid_of, input.review_id, "Review", "review_id")
        note = reading.take(reason, input.note, "note") if input.note else None
        if uid is None or reading.errors:
            raise together(reading.errors)
        done = await change(info, input, "review", reviews.approve, uid, note=note, clock=info.context.clock)
        return ApproveReviewPayload(**done)

    @strawberry.mutation(
        description="Send a version back to its author with a note, as an owner or manager of the organisation. Its words become"
        " the draft again, unless there is a newer one.",
        extensions=[needs(Scope.ORGANISATION_WRITE)],
    )
    async def return_review(
        self,
        info: Info,
        input: Sent[ReturnReviewInput],
    ) -> ReturnReviewResult:
        reading = Reading()
        uid = reading.take(uid_of, input.review_id, "Review", "review_id")
        note = reading.take(reason, input.note, "note")
        if uid is None or note is None:
            raise together(reading.errors)
        done = await change(info, input, "review", reviews.send_back, uid, note=note, clock=info.context.clock)
        return ReturnReviewPayload(**done)

    @strawberry.mutation(
        description="Take a request back, also one that was approved and has not gone out. Its words become the draft again,"
        " unless there is a newer one.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def cancel_review(
        self,
        info: Info,
        input: Sent[CancelReviewInput],
    ) -> CancelReviewResult:
        uid = uid_of(input.review_id, "Review", "review_id")
        done = await change(info, input, "review", reviews.cancel, uid, clock=info.context.clock)
        return CancelReviewPayload(**done)
