"""Distribution plans: what would become of a content, channel by channel, if it were submitted now."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Annotated

import strawberry

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.directives import Cost, at_most
from api.graphql.distribution import Finding, Rendition
from api.graphql.fields import column
from api.graphql.ids import uid_of
from api.graphql.rows import shape
from services import planning
from services.channels.findings import Finding as Found
from services.channels.findings import QuotaLeft

MOST_CHANNELS = 200


@strawberry.type(description="One limit on how much a channel takes, and how much of it is left.")
class Quota:
    row: strawberry.Private[QuotaLeft]

    name: str = column("name", description="The limit, such as perCreatorPerDay.")
    allowed: int = column("allowed", description="How many it allows in its period.")
    used: int = column("used", description="How many are used.")
    left: int = column("left", description="How many are left.")


def _findings(found: Sequence[Found]) -> list[Finding]:
    return [Finding(row={one.name: getattr(each, one.name) for one in fields(each)}) for each in found]


def quotas_of(limits: Sequence[QuotaLeft]) -> list[Quota]:
    return [Quota(row=limit) for limit in limits]


@strawberry.type(description="One channel's part of a plan.")
class ChannelPlan:
    row: strawberry.Private[planning.ChannelPlan]

    outcome: models.Outcome = column(
        "evaluation.outcome",
        convert=lambda outcome: models.Outcome(outcome.value),
        description="What it would come to.",
    )
    findings: list[Finding] = column(
        "evaluation.findings", convert=_findings, description="Everything there is to say, at once."
    )
    score: int = column("evaluation.score", description="From 0 to 100: lower with each finding that counts.")
    quota: list[Quota] = column(
        "evaluation.quota", convert=quotas_of, description="Its limits, and what is left of them."
    )
    next_state: models.SubmissionState = column(
        "evaluation.next_state",
        convert=lambda state: models.SubmissionState(state.value),
        description="Where a submission would go from the machine's audit.",
    )

    @strawberry.field(description="The channel.")
    def channel(self) -> refs.ChannelRef:
        return shape(self.row.channel)  # type: ignore[no-any-return]  # a Channel by registration

    @strawberry.field(description="The content as the channel would show it; null where the content is not for it.")
    def rendition(self) -> Rendition | None:
        return None if self.row.rendition is None else Rendition(row=self.row.rendition)


@strawberry.type(description="What would become of a content at its channels. It reserves nothing.")
class DistributionPlan:
    row: strawberry.Private[list[planning.ChannelPlan]]

    @strawberry.field(
        description="Each channel's part, the eligible first, then by key; at most 200.",
        directives=[at_most(MOST_CHANNELS)],
    )
    def channels(
        self,
        outcomes: Annotated[
            list[models.Outcome] | None, strawberry.argument(description="Only channels with these outcomes.")
        ] = None,
    ) -> list[ChannelPlan]:
        wanted = {outcome.value for outcome in outcomes or models.Outcome}
        return [ChannelPlan(row=one) for one in self.row if one.evaluation.outcome.value in wanted][:MOST_CHANNELS]

    @strawberry.field(description="How many channels would come to this outcome.")
    def count(
        self, outcome: Annotated[models.Outcome, strawberry.argument(description="The outcome to count.")]
    ) -> int:
        return sum(one.evaluation.outcome.value == outcome.value for one in self.row)


@strawberry.type
class PlanQuery:
    @strawberry.field(
        description="What would become of the draft of a content, else of what is live, at these channels now."
        " For those who may change the content.",
        directives=[Cost(weight=50)],
    )
    async def distribution_plan(
        self,
        info: Info,
        content_id: Annotated[strawberry.ID, strawberry.argument(description="The id of the content.")],
        channels: Annotated[
            list[str] | None, strawberry.argument(description="Keys of channel entries; all of them without it.")
        ] = None,
    ) -> DistributionPlan:
        context = info.context
        uid = uid_of(content_id, "Content", "contentId")
        async with context.db.session() as session:
            found = await planning.plan(
                session, context.caller, uid, channels, clock=context.clock, base_url=context.settings.base_url
            )
        return DistributionPlan(row=found)
