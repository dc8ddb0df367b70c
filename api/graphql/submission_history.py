"""How a submission came to where it stands, and whether it stands there for too long."""

from datetime import datetime

import strawberry

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.fields import column
from api.graphql.labels import Language, spoken
from api.graphql.rows import shape, shows
from api.graphql.words import described
from services import stuck, submission_history

MOST_REASONS = 200

described(
    models.SubmissionActor,
    "Whose step it was.",
    {
        "ENGINE": "The engine's, which judges and distributes.",
        "AUDITOR": "Somebody's who audits for the channel.",
        "CHANNEL": "The channel's own, by its integration.",
        "AUTHOR": "The author's, or somebody's who may act for them.",
        "CLOCK": "The clock's: a deadline passed.",
        "OPERATOR": "An operator's.",
    },
)
described(
    stuck.StuckCause,
    "Why a submission stands where it should have left.",
    {
        "DISTRIBUTION_FAILED": "Distributing its content fails.",
        "NOT_DISTRIBUTED": "No distributor has come to it for a minute.",
        "OVERDUE": "Its deadline has passed.",
        "ESCALATED": "An auditor handed it on to operators.",
        "CLAIM_LAPSED": "Whoever took it to judge it did not in time.",
        "NOBODY_AUDITS": "Nobody has taken it to judge it for a day.",
        "REFUSED_FOR_NOW": "The channel refused it with something that may pass.",
        "NOT_CONFIRMED": "The channel did not confirm it by the deadline.",
    },
)


@shows(models.SubmissionEvent)
@strawberry.type(
    description="A step of a submission from one state to another. Never changed, but that an erasure takes words."
)
class SubmissionEvent:
    row: strawberry.Private[models.SubmissionEvent]

    before: models.SubmissionState | None = column(
        "from_state",
        description="Where it stood; null when this made it. Equal to `after` for news that moved it nowhere.",
    )
    after: models.SubmissionState = column("to_state", description="Where it stood from then on.")
    at: datetime = column("at", description="When.")
    attempt: int = column("attempt", description="At which attempt, from 1.")
    by: models.SubmissionActor = column("taken_by", description="Whose step it was.")

    @strawberry.field(description="Who that was, by name; null for all but operators.")
    def actor(self, info: Info) -> str | None:
        return self.row.actor if info.context.caller.is_operator else None

    @strawberry.field(description="Why, as somebody said it; what the engine and the clock say, in Chinese or English.")
    def reason(self, info: Info, language: Language = strawberry.UNSET) -> str | None:
        return submission_history.said(self.row.reason, spoken(info, language))

    @strawberry.field(
        description="Which of the channel's own reasons were named, at most 200.", directives=[at_most(MOST_REASONS)]
    )
    async def reasons(self, info: Info) -> list[refs.RejectionReasonRef]:
        found = await info.context.load(submission_history.grounds, self.row.id)
        return [shape(one) for one in found or ()]


@shows(stuck.Stuck)
@strawberry.type(description="That a submission stands where it should have left, and what to do about it.")
class StuckSubmission:
    row: strawberry.Private[stuck.Stuck]

    cause: stuck.StuckCause = column("cause", description="Why it stands there.")
    since: datetime = column("since", description="Since when it should not.")
    said: str | None = column(
        "said", description="What went wrong, where somebody said so. Of a failure of our own only operators are told."
    )

    @strawberry.field(description="What to do about it, in Chinese or English.")
    def advice(self, info: Info, language: Language = strawberry.UNSET) -> str:
        return str(getattr(self.row.advice, spoken(info, language)))
