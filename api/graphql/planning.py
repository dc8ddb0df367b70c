"""Distribution plans: what would become of a content, channel by channel, if it were submitted now."""

from collections.abc import Awaitable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any

import strawberry

import models
from api.graphql import places, refs
from api.graphql.context import Info
from api.graphql.directives import Cost, at_most
from api.graphql.distribution import Finding, Rendition
from api.graphql.drafts import read_draft
from api.graphql.fields import FirstOnes, bounded, column
from api.graphql.ids import uid_of
from api.graphql.inputs import DraftInput, given, needed, ref
from api.graphql.reading import Reading
from api.graphql.rows import shape
from core.errors import DomainError, Invalid
from services import contents, names, planning
from services import unsaved as unsaved_drafts
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

    expected_hours: int | None = column(
        "expected_hours",
        description="By when its audits should be over, in hours from the submission: 0 where the machine decides alone, null"
        " where it does not say or the content is not for it.",
    )
    expected_at: datetime | None = column("expected_at", description="When that is, if it were submitted now.")

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
        directives=[at_most(MOST_CHANNELS, slicing="first")],
    )
    def channels(
        self,
        outcomes: Annotated[
            list[models.Outcome] | None, strawberry.argument(description="Only channels with these outcomes.")
        ] = None,
        first: FirstOnes = strawberry.UNSET,
    ) -> list[ChannelPlan]:
        wanted = {outcome.value for outcome in outcomes or models.Outcome}
        return [ChannelPlan(row=one) for one in self.row if one.evaluation.outcome.value in wanted][
            : bounded(first, MOST_CHANNELS)
        ]

    @strawberry.field(description="How many channels would come to this outcome.")
    def count(
        self, outcome: Annotated[models.Outcome, strawberry.argument(description="The outcome to count.")]
    ) -> int:
        return sum(one.evaluation.outcome.value == outcome.value for one in self.row)


@strawberry.input(description="A draft as it stands in an editor: of a content that there is, or of a new one.")
class UnsavedDraftInput:
    draft: DraftInput = needed("What it says, whole.")
    content_id: strawberry.ID | None = ref(
        "Content", "content", "The content that it would be saved to; without it, a new one.", optional=True
    )
    creator_id: strawberry.ID | None = ref("Creator", "creator", "For a new content: whose it is.", optional=True)
    language: str | None = given("For a new content: the language it is written in, such as zh or en (BCP 47).")


@strawberry.type
class PlanQuery:
    @strawberry.field(
        description="What would become of the draft of a content, else of what waits, else of what is live, at these channels now."
        " With `unsaved`, of words that nobody saved: nothing is kept of them, and where a new content has no address yet,"
        " one of the same length that ends in an id of zeros stands for it. For those who may change the content.",
        directives=[Cost(weight=50)],
    )
    async def distribution_plan(
        self,
        info: Info,
        content_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The id of the content; either this or `unsaved`.")
        ] = None,
        channels: Annotated[
            list[str] | None, strawberry.argument(description="Keys of channel entries; all of them without it.")
        ] = None,
        unsaved: Annotated[
            UnsavedDraftInput | None, strawberry.argument(description="A draft as it stands in an editor.")
        ] = None,
    ) -> DistributionPlan:
        context = info.context
        served: dict[str, Any] = {"clock": context.clock, "base_url": context.settings.base_url}
        if (content_id is None) == (unsaved is None):
            raise Invalid("Give either `contentId` or `unsaved`.", path=("contentId",))
        if unsaved is not None:
            draft, asked = await _read(info, unsaved)
            async with context.db.session() as session:
                found = await _placed(unsaved_drafts.plan(session, context.caller, draft, asked, channels, **served))
            return DistributionPlan(row=found)
        uid = uid_of(content_id or "", "Content", "contentId")
        async with context.db.session() as session:
            return DistributionPlan(row=await planning.plan(session, context.caller, uid, channels, **served))


async def _read(info: Info, sent: UnsavedDraftInput) -> tuple[contents.Draft, unsaved_drafts.Unsaved]:
    """The draft and whose it is, or everything that is wrong with it, as saving it would tell."""
    reading = Reading()
    content = reading.take(uid_of, sent.content_id, "Content", "content_id") if sent.content_id else None
    creator = reading.take(uid_of, sent.creator_id, "Creator", "creator_id") if sent.creator_id else None
    language = reading.take(names.language, sent.language, "language") if sent.language else None
    if bool(sent.content_id) == bool(sent.creator_id):
        reading.note(Invalid("Give either `contentId`, or `creatorId` and `language`.", path=("content_id",)))
    elif bool(sent.creator_id) != bool(sent.language):
        reading.note(
            Invalid("A new content has a `language`, and one that there is keeps its own.", path=("language",))
        )
    read = await read_draft(sent.draft)
    reading.note_problems(read.problems)
    asked = unsaved_drafts.Unsaved(read.format, read.named, content, creator, language)
    if read.draft is None or reading.errors:
        caller = info.context.caller
        refusal = await reading.refusal(info.context, lambda session: unsaved_drafts.against(session, caller, asked))
        raise places.in_argument(refusal, "unsaved", UnsavedDraftInput)
    return read.draft, asked


async def _placed(plan: Awaitable[list[planning.ChannelPlan]]) -> list[planning.ChannelPlan]:
    try:
        return await plan
    except planning.UnknownChannel:
        raise
    except DomainError as error:
        raise places.in_argument(error, "unsaved", UnsavedDraftInput) from error
