"""What auditors do: take submissions from the queue and give them back, accept, reject, hand on, and end trials."""

from datetime import timedelta
from typing import Annotated, Any

import strawberry

import models
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.distribution import Submission
from api.graphql.ids import uid_of, uids_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import change, result
from api.graphql.permissions import needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.reasons import reason
from api.graphql.writing import told
from core.caller import Scope
from core.errors import together
from services import auditing

SEEN = "The `stamp` of its `audit` as you saw it: what was submitted anew since then is refused with STALE_AUDIT."
MINUTES = "How long: 1 to 240 minutes; without it the installation's usual time."
NOTE = "What to say to the author: 1 to 1,000 characters."
REASONS = "Why: codes of its `audit.reasons`, at least one where there are any."


@strawberry.input(description="How many to take, and which.")
class ClaimAuditsInput:
    count: int | None = given("How many at most: 1 to 50, 1 without it.")
    minutes: int | None = given(MINUTES)
    channels: list[str] | None = given(
        "Only of channels with these keys. Without it all that are yours to audit: for an operator those that operators audit,"
        " and what was escalated anywhere."
    )
    formats: list[models.Format] | None = given("Only contents of these formats.")
    only_escalated: bool | None = given("Whether to take only what was handed on to operators.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which claims to keep longer.")
class RenewAuditsInput:
    submission_ids: list[strawberry.ID] = ref("Submission", "submissions", "Which submissions: 1 to 50 of your claims.")
    minutes: int | None = given(MINUTES)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which claims to give back.")
class ReleaseAuditsInput:
    submission_ids: list[strawberry.ID] = ref("Submission", "submissions", "Which submissions: 1 to 50 of your claims.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which submission passes human audit.")
class AcceptSubmissionInput:
    submission_id: strawberry.ID = ref("Submission", "submission", "Which submission.")
    seen: str = needed(SEEN)
    note: str | None = given(NOTE)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which submission does not pass human audit, and why.")
class RejectSubmissionInput:
    submission_id: strawberry.ID = ref("Submission", "submission", "Which submission.")
    seen: str = needed(SEEN)
    reasons: list[str] = needed(REASONS)
    note: str | None = given(NOTE + " Required where the channel has no reasons of its own.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which submission operators should judge, and why.")
class EscalateSubmissionInput:
    submission_id: strawberry.ID = ref("Submission", "submission", "Which submission.")
    seen: str = needed(SEEN)
    why: str = needed("What makes it theirs: 1 to 1,000 characters. Only auditors and operators read it.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What came of a trial.")
class EndTrialInput:
    submission_id: strawberry.ID = ref("Submission", "submission", "Which submission.")
    seen: str = needed(SEEN)
    passed: bool = needed("Whether it is accepted.")
    reasons: list[str] | None = given("Where it did not pass. " + REASONS)
    note: str | None = given(NOTE)
    idempotency_key: str | None = idempotency()


MANY = "The submissions, in the order asked for, at most 50."


@strawberry.type(description="What you claimed: as many as there were.")
class ClaimAuditsPayload:
    submissions: list[Submission] = strawberry.field(
        description="The submissions, at most 50, the next one first. Empty when none is free.",
        directives=[at_most(auditing.MOST)],
    )


@strawberry.type(description="Your claims, with their new time.")
class RenewAuditsPayload:
    submissions: list[Submission] = strawberry.field(description=MANY, directives=[at_most(auditing.MOST)])


@strawberry.type(description="What you gave back.")
class ReleaseAuditsPayload:
    submissions: list[Submission] = strawberry.field(description=MANY, directives=[at_most(auditing.MOST)])


@strawberry.type(description="The submission, past human audit.")
class AcceptSubmissionPayload:
    submission: Submission = strawberry.field(description="The submission: on trial, or accepted.")


@strawberry.type(description="The submission, rejected.")
class RejectSubmissionPayload:
    submission: Submission = strawberry.field(description="The submission.")


@strawberry.type(description="The submission, before operators.")
class EscalateSubmissionPayload:
    submission: Submission = strawberry.field(
        description="The submission: it waits on, free to be claimed by operators."
    )


@strawberry.type(description="The submission after its trial.")
class EndTrialPayload:
    submission: Submission = strawberry.field(description="The submission: accepted, or rejected.")


ClaimAuditsResult = Annotated[ClaimAuditsPayload | Refused, result("ClaimAuditsResult", "The claimed submissions")]
RenewAuditsResult = Annotated[RenewAuditsPayload | Refused, result("RenewAuditsResult", "The claims kept")]
ReleaseAuditsResult = Annotated[ReleaseAuditsPayload | Refused, result("ReleaseAuditsResult", "The claims given back")]
AcceptSubmissionResult = Annotated[
    AcceptSubmissionPayload | Refused, result("AcceptSubmissionResult", "The accepted submission")
]
RejectSubmissionResult = Annotated[
    RejectSubmissionPayload | Refused, result("RejectSubmissionResult", "The rejected submission")
]
EscalateSubmissionResult = Annotated[
    EscalateSubmissionPayload | Refused, result("EscalateSubmissionResult", "The escalated submission")
]
EndTrialResult = Annotated[EndTrialPayload | Refused, result("EndTrialResult", "The submission after its trial")]


def _lease(info: Info, minutes: Any) -> timedelta:
    given_minutes = told(minutes)
    return timedelta(minutes=info.context.settings.audit_lease_minutes if given_minutes is None else given_minutes)


def _verdict(sent: Any, **texts: Any) -> tuple[Any, dict[str, Any]]:
    """The uid of the submission, and these texts without the blanks around them; everything malformed is told at once."""
    reading = Reading()
    uid = reading.take(uid_of, sent.submission_id, "Submission", "submission_id")
    read = {name: reading.take(reason, text, name) if text else None for name, text in texts.items()}
    reading.check()
    return uid, read


@strawberry.type
class AuditMutation:
    @strawberry.mutation(
        extensions=[needs(Scope.AUDIT_WRITE)],
        description="Take the next submissions of the queue that nobody has before them. Until your time is over nobody else is"
        " given them. Needs a key with the scope audit:write for channels whose own people audit, or an operator's.",
    )
    async def claim_audits(self, info: Info, input: Sent[ClaimAuditsInput]) -> ClaimAuditsResult:
        channels, count = told(input.channels), told(input.count)
        wanted = auditing.Wanted(
            channels=None if channels is None else tuple(dict.fromkeys(channels)),
            formats=tuple(told(input.formats) or ()),
            only_escalated=bool(told(input.only_escalated)),
        )
        named = {"count": 1 if count is None else count, "lease": _lease(info, input.minutes)}
        clock = info.context.clock
        return ClaimAuditsPayload(
            **await change(info, input, "submissions", auditing.claim, wanted, clock=clock, **named)
        )

    @strawberry.mutation(
        extensions=[needs(Scope.AUDIT_WRITE)],
        description="Keep what you claimed for longer, from now on. Also what ran out, where nobody else has taken it.",
    )
    async def renew_audits(self, info: Info, input: Sent[RenewAuditsInput]) -> RenewAuditsResult:
        uids = uids_of(input.submission_ids, "Submission", "submission_ids")
        named = {"lease": _lease(info, input.minutes), "clock": info.context.clock}
        return RenewAuditsPayload(**await change(info, input, "submissions", auditing.renew, uids, **named))

    @strawberry.mutation(
        extensions=[needs(Scope.AUDIT_WRITE)],
        description="Give back what you claimed, undecided: it is free at once, in the turn that it had.",
    )
    async def release_audits(self, info: Info, input: Sent[ReleaseAuditsInput]) -> ReleaseAuditsResult:
        uids = uids_of(input.submission_ids, "Submission", "submission_ids")
        return ReleaseAuditsPayload(**await change(info, input, "submissions", auditing.release, uids))

    @strawberry.mutation(
        extensions=[needs(Scope.AUDIT_WRITE)],
        description="Let a submission that you claimed pass human audit: on to its trial where the channel asks for one, else it"
        " is accepted and delivered. An operator needs no claim.",
    )
    async def accept_submission(self, info: Info, input: Sent[AcceptSubmissionInput]) -> AcceptSubmissionResult:
        uid, read = _verdict(input, note=told(input.note))
        named = {"seen": input.seen, "clock": info.context.clock, **read}
        return AcceptSubmissionPayload(**await change(info, input, "submission", auditing.accept, uid, **named))

    @strawberry.mutation(
        extensions=[needs(Scope.AUDIT_WRITE)],
        description="Reject a submission that you claimed. The author reads the channel's words for the reasons, and the note; who"
        " you are they are not told. An operator needs no claim.",
    )
    async def reject_submission(self, info: Info, input: Sent[RejectSubmissionInput]) -> RejectSubmissionResult:
        uid, read = _verdict(input, note=told(input.note))
        named = {"seen": input.seen, "reasons": input.reasons, "clock": info.context.clock, **read}
        return RejectSubmissionPayload(**await change(info, input, "submission", auditing.reject, uid, **named))

    @strawberry.mutation(
        extensions=[needs(Scope.AUDIT_WRITE)],
        description="Hand a submission that you claimed on to operators: it waits on, no longer claimed.",
    )
    async def escalate_submission(self, info: Info, input: Sent[EscalateSubmissionInput]) -> EscalateSubmissionResult:
        reading = Reading()
        uid = reading.take(uid_of, input.submission_id, "Submission", "submission_id")
        why = reading.take(reason, input.why, "why")
        if uid is None or why is None:
            raise together(reading.errors)
        named = {"seen": input.seen, "why": why, "clock": info.context.clock}
        return EscalateSubmissionPayload(**await change(info, input, "submission", auditing.escalate, uid, **named))

    @strawberry.mutation(
        extensions=[needs(Scope.AUDIT_WRITE)],
        description="Say what came of a trial. It needs no claim; one that nobody ends has passed when its time is over.",
    )
    async def end_trial(self, info: Info, input: Sent[EndTrialInput]) -> EndTrialResult:
        uid, read = _verdict(input, note=told(input.note))
        named = {"seen": input.seen, "passed": input.passed, "clock": info.context.clock, **read}
        reasons = told(input.reasons) or []
        return EndTrialPayload(
            **await change(info, input, "submission", auditing.end_trial, uid, reasons=reasons, **named)
        )
