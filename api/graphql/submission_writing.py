"""What channels say of what was delivered to them, and what authors do about submissions."""

from typing import Annotated
from uuid import UUID

import strawberry

import models
from api.graphql.context import Info
from api.graphql.distribution import Submission
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.permissions import needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.reasons import reason, subject
from core.caller import Scope
from core.errors import together
from services import decisions, deliveries

answers_with(models.Submission, decisions.by_ids)


@strawberry.input(description="A content at a channel.")
class SubmissionPlaceInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    channel: str = needed("The key of the channel, such as weitao.article.")


@strawberry.input(one_of=True, description="Which submission: by one of these.")
class SubmissionChoice:
    id: strawberry.ID | None = ref("Submission", "submission_id", "Its id.", optional=True)
    at: SubmissionPlaceInput | None = given("Its content and channel.")


@strawberry.input(description="How a channel shows what was delivered.")
class ConfirmDeliveryInput:
    submission: SubmissionChoice = needed("Which submission.")
    external_id: str = needed("What the channel calls it: one line of 1 to 500 characters.")
    external_url: str | None = given("Where it stands there: an address.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Why a channel did not take what was delivered.")
class RefuseDeliveryInput:
    submission: SubmissionChoice = needed("Which submission.")
    kind: models.RefusalKind = needed("What sort of refusal it is: that decides what becomes of the submission.")
    message: str = needed("What the channel said: 1 to 1,000 characters. The author reads it.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which submission to take back, and why.")
class WithdrawSubmissionInput:
    submission_id: strawberry.ID = ref("Submission", "submission", "Which submission.")
    reason: str = needed("Why: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which submission to try anew.")
class ResubmitSubmissionInput:
    submission_id: strawberry.ID = ref("Submission", "submission", "Which submission: one that ended.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The submission, shown by the channel.")
class ConfirmDeliveryPayload:
    submission: Submission = strawberry.field(description="The submission.")


@strawberry.type(description="The submission as the refusal leaves it.")
class RefuseDeliveryPayload:
    submission: Submission = strawberry.field(description="The submission.")


@strawberry.type(description="The submission, withdrawn.")
class WithdrawSubmissionPayload:
    submission: Submission = strawberry.field(description="The submission.")


@strawberry.type(description="The submission, on its way again.")
class ResubmitSubmissionPayload:
    submission: Submission = strawberry.field(description="The submission.")


ConfirmDeliveryResult = Annotated[
    ConfirmDeliveryPayload | Refused, result("ConfirmDeliveryResult", "The confirmed submission")
]
RefuseDeliveryResult = Annotated[
    RefuseDeliveryPayload | Refused, result("RefuseDeliveryResult", "The refused submission")
]
WithdrawSubmissionResult = Annotated[
    WithdrawSubmissionPayload | Refused, result("WithdrawSubmissionResult", "The withdrawn submission")
]
ResubmitSubmissionResult = Annotated[
    ResubmitSubmissionPayload | Refused, result("ResubmitSubmissionResult", "The submission tried anew")
]


def _which(sent: SubmissionChoice) -> UUID | deliveries.Place:
    if sent.at:
        content = uid_of(sent.at.content_id, "Content", "submission", "at", "content_id")
        return deliveries.Place(content, sent.at.channel)
    return uid_of(str(sent.id), "Submission", "submission", "id")


@strawberry.type
class SubmissionMutation:
    @strawberry.mutation(
        description="For integrations, with a key for the channel: say under which id and where the channel shows what was"
        " delivered. Saying the same again changes nothing.",
        extensions=[needs(Scope.DELIVERY_WRITE)],
    )
    async def confirm_delivery(
        self,
        info: Info,
        input: Sent[ConfirmDeliveryInput],
    ) -> ConfirmDeliveryResult:
        which = _which(input.submission)
        about = {
            "external_id": input.external_id,
            "external_url": None if input.external_url is strawberry.UNSET else input.external_url,
            "clock": info.context.clock,
        }
        done = await change(info, input, "submission", deliveries.confirm, which, **about)
        return ConfirmDeliveryPayload(**done)

    @strawberry.mutation(
        description="For integrations, with a key for the channel: say why the channel did not take what was delivered. Saying the"
        " same again changes nothing.",
        extensions=[needs(Scope.DELIVERY_WRITE)],
    )
    async def refuse_delivery(
        self,
        info: Info,
        input: Sent[RefuseDeliveryInput],
    ) -> RefuseDeliveryResult:
        reading = Reading()
        which = reading.take(_which, input.submission)
        message = reading.take(reason, input.message, "message")
        if which is None or message is None:
            raise together(reading.errors)
        refusal = deliveries.Refusal(input.kind, message)
        done = await change(info, input, "submission", deliveries.refuse, which, refusal, clock=info.context.clock)
        return RefuseDeliveryPayload(**done)

    @strawberry.mutation(
        description="Take a content back from one channel: its feed says so. A new version is submitted anew.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def withdraw_submission(
        self,
        info: Info,
        input: Sent[WithdrawSubmissionInput],
    ) -> WithdrawSubmissionResult:
        uid, why = subject(input.submission_id, "Submission", input.reason)
        about = {"reason": why, "clock": info.context.clock}
        done = await change(info, input, "submission", deliveries.withdraw, uid, **about)
        return WithdrawSubmissionPayload(**done)

    @strawberry.mutation(
        description="Submit a published content anew to a channel that rejected it, or from which it was withdrawn.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def resubmit_submission(
        self,
        info: Info,
        input: Sent[ResubmitSubmissionInput],
    ) -> ResubmitSubmissionResult:
        uid = uid_of(input.submission_id, "Submission", "submission_id")
        done = await change(info, input, "submission", deliveries.resubmit, uid, clock=info.context.clock)
        return ResubmitSubmissionPayload(**done)
