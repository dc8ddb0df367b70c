"""Human audit: the queue of what waits for a person, and what that person needs to know of each."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.graphql import paging, refs
from api.graphql.audit_filters import AuditFilter
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.distribution import Finding, Submission, findings_of
from api.graphql.fields import column, one, page
from api.graphql.labels import Language, spoken
from api.graphql.permissions import needs
from api.graphql.rows import shows
from core.caller import Scope
from services import accounts, auditing

MOST_GROUNDS = 200


@shows(auditing.Ground)
@strawberry.type(description="Why a person may reject a submission, or did.")
class RejectionReason:
    row: strawberry.Private[auditing.Ground]

    code: str = column(
        "code",
        description="What `rejectSubmission` takes: a code of the channel's own, or for a check that needs eyes its `place`,"
        " such as rules.3.",
    )

    @strawberry.field(
        description="The channel's words for it, in Chinese or English. Of one no longer known: the code."
    )
    def text(self, info: Info, language: Language = strawberry.UNSET) -> str:
        return self.row.words.get(spoken(info, language), self.row.code)


def reasons_of(grounds: Sequence[auditing.Ground]) -> list[RejectionReason]:
    return [RejectionReason(row=ground) for ground in grounds]


@strawberry.type(description="That somebody has a submission before them.")
class AuditClaim:
    row: strawberry.Private[auditing.Task]

    until: datetime = column("claimed_until", description="Until when nobody else is given it.")
    auditor: refs.AccountRef | None = one(
        accounts.by_ids, key="auditor_id", description="Whose claim it is; null for those who may not see that account."
    )

    @strawberry.field(description="Whether it is your claim.")
    def is_yours(self, info: Info) -> bool:
        return self.row.auditor_id == info.context.caller.account_id


@shows(auditing.Task)
@strawberry.type(
    description="What whoever judges a submission needs to know. What the machine found is in its `decision`."
)
class AuditTask:
    row: strawberry.Private[auditing.Task]

    stamp: str = column(
        "stamp",
        description="Names what there is to be seen: give it back as `seen` with the verdict. It is another one as soon as the"
        " content is submitted anew.",
    )
    checklist: list[Finding] = column(
        "checklist",
        convert=findings_of,
        description="What needs eyes. A check that failed goes into `reasons` of the rejection by its `place`.",
    )
    reasons: list[RejectionReason] = column(
        "grounds",
        convert=reasons_of,
        size=at_most(MOST_GROUNDS),
        description="What a rejection may name: the channel's reasons, then its checks that need eyes; at most 200.",
    )
    escalated_at: datetime | None = column(
        "escalated_at", description="When it was handed on to operators; null if it was not."
    )
    escalation: str | None = column("escalation", description="Why it was handed on.")

    @strawberry.field(description="Who has it before them; null while it is free.")
    def claim(self, info: Info) -> AuditClaim | None:
        until = self.row.claimed_until
        return None if until is None or until <= info.context.clock.now() else AuditClaim(row=self.row)


@strawberry.type
class AuditQuery:
    audit_queue: paging.Connection[Submission] = page(
        auditing.waiting,
        key=None,
        filters=AuditFilter,
        gate=needs(Scope.AUDIT_WRITE),
        description="What waits for a person whom you are, claimed or free: by the channel's order of formats, then who waits"
        " longest. Contents of creators that you may act as are not in it. Their `audit` says what there is to look at.",
    )
