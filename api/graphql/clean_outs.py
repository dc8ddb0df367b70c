"""Clean-outs of channels: looked at and begun by operators, who also let creators in and shut them out by hand."""

from datetime import datetime
from typing import Annotated

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.context import Info
from api.graphql.distribution import Finding, findings_of
from api.graphql.fields import column, one, page
from api.graphql.ids import identity, uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.nodes import Node, findable
from api.graphql.permissions import OPERATORS
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.reasons import reason
from api.graphql.rows import shows
from core.errors import together
from services import clean_outs, creators
from services.channels import reading


@shows(models.CleanOutVerdict)
@strawberry.type(description="A creator whom a clean-out warned or sent away.")
class CleanOutVerdict:
    row: strawberry.Private[models.CleanOutVerdict]

    creator: refs.CreatorRef | None = one(creators.by_ids, key="creator_id", description="The creator.")
    is_out: bool = column("is_out", description="Whether their right is ended; else they are warned.")
    findings: list[Finding] = column(
        "findings", convert=findings_of, description="Why: what was counted and asked for."
    )


@shows(models.CleanOut)
@strawberry.type(
    description="One look at all creators of a channel, by the rules of its pack about who has to leave. Of a period there is one that"
    " counts, and as many rehearsals as anybody wants. For operators."
)
class CleanOut(Node):
    row: strawberry.Private[models.CleanOut]

    id: strawberry.ID = identity("CleanOut")
    channel: refs.ChannelRef | None = one(reading.by_ids, key="channel_id", description="The channel.")
    pack: refs.PackRef | None = one(
        reading.packs_by_ids, key="pack_version_id", description="The version of the rules that it goes by."
    )
    period: str = column(
        "period",
        description="The month or week that it is about, such as 2026-11 or 2026-W48, in the channel's time zone.",
    )
    is_rehearsal: bool = column("is_rehearsal", description="Whether it only says what would become of whom.")
    started_at: datetime = column("started_at", description="As of when creators are looked at.")
    started_by: str = column("started_by", description="Who began it.")
    finished_at: datetime | None = column(
        "finished_at", description="When everybody was looked at; null until then: doing it again goes on."
    )
    seen_count: int = column("seen_count", description="How many creators were looked at.")
    warned_count: int = column("warned_count", description="How many of them are warned.")
    out_count: int = column("out_count", description="How many of them have to go.")
    verdicts: paging.Connection[CleanOutVerdict] = page(
        clean_outs.verdicts_of,
        key="id",
        description="Who is warned or has to go, and why. Whoever stays is not among them.",
    )


findable("CleanOut", clean_outs.by_uids)
answers_with(models.CleanOut, clean_outs.by_ids)


@strawberry.type(description="What the last clean-out of a channel said of a creator.")
class CleanOutNotice:
    row: strawberry.Private[clean_outs.Said]

    @strawberry.field(description="Whether their right was ended; else they are warned.")
    def is_out(self) -> bool:
        return self.row.verdict.is_out

    @strawberry.field(description="The month or week it was about, such as 2026-11 or 2026-W48.")
    def period(self) -> str:
        return self.row.run.period

    @strawberry.field(description="As of when they were looked at.")
    def at(self) -> datetime:
        return self.row.run.started_at

    @strawberry.field(description="Why: what was counted and asked for.")
    def findings(self) -> list[Finding]:
        return findings_of(self.row.verdict.findings)


@strawberry.input(description="Which channel to clean out.")
class CleanOutChannelInput:
    channel: str = needed("The channel's key, such as ifashion.home-card.")
    dry_run: bool = needed("Whether to rehearse it: then nobody's right is ended.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Whom to let into which channel.")
class AdmitToChannelInput:
    channel: str = needed("The channel's key, such as aiguangjie.daily.")
    creator_id: strawberry.ID = ref("Creator", "creator", "Which creator.")
    early: bool | None = given("Whether to let them in although they were sent away and may not come back yet.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Whom to shut out of which channel, and why.")
class RemoveFromChannelInput:
    channel: str = needed("The channel's key, such as aiguangjie.daily.")
    creator_id: strawberry.ID = ref("Creator", "creator", "Which creator.")
    cause: str | None = given("The code of a cause that the channel's pack names under `clean_out`.")
    reason: str = needed("Why: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The clean-out as far as it came.")
class CleanOutChannelPayload:
    clean_out: CleanOut = strawberry.field(
        description="The clean-out; null in `finishedAt` means: do it again to go on."
    )


@strawberry.type(description="The creator, let in.")
class AdmitToChannelPayload:
    creator: refs.CreatorRef = strawberry.field(description="The creator.")


@strawberry.type(description="The creator, shut out.")
class RemoveFromChannelPayload:
    creator: refs.CreatorRef = strawberry.field(description="The creator.")


CleanOutChannelResult = Annotated[CleanOutChannelPayload | Refused, result("CleanOutChannelResult", "The clean-out")]
AdmitToChannelResult = Annotated[
    AdmitToChannelPayload | Refused, result("AdmitToChannelResult", "The creator who was let in")
]
RemoveFromChannelResult = Annotated[
    RemoveFromChannelPayload | Refused, result("RemoveFromChannelResult", "The creator who was shut out")
]


@strawberry.type
class CleanOutQuery:
    clean_outs: paging.Connection[CleanOut] = page(
        clean_outs.listed,
        key=None,
        gate=OPERATORS,
        description="For operators: all clean-outs and rehearsals of them, the latest first.",
    )


@strawberry.type
class CleanOutMutation:
    @strawberry.mutation(
        extensions=[OPERATORS],
        description="For operators: look at all who come into a channel, by the rules of its pack about who has to leave: once in each of"
        " its periods, at most 5,000 creators at a time. Whoever has to go keeps what was accepted, and hands in nothing more until the"
        " day that the rules say. Done again in a period it goes on, or changes nothing.",
    )
    async def clean_out_channel(self, info: Info, input: Sent[CleanOutChannelInput]) -> CleanOutChannelResult:
        about = {"is_rehearsal": input.dry_run, "clock": info.context.clock}
        done = await change(info, input, "clean_out", clean_outs.clean_out, input.channel, **about)
        return CleanOutChannelPayload(**done)

    @strawberry.mutation(
        extensions=[OPERATORS],
        description="For operators: let a creator into a channel, as one whom it invited. Doing it again changes nothing.",
    )
    async def admit_to_channel(self, info: Info, input: Sent[AdmitToChannelInput]) -> AdmitToChannelResult:
        uid = uid_of(input.creator_id, "Creator", "creator_id")
        about = {"is_early": bool(input.early), "clock": info.context.clock}
        done = await change(info, input, "creator", clean_outs.admit, input.channel, uid, **about)
        return AdmitToChannelPayload(**done)

    @strawberry.mutation(
        extensions=[OPERATORS],
        description="For operators: end a creator's right at a channel, for a cause that no count can see. What was accepted stays.",
    )
    async def remove_from_channel(self, info: Info, input: Sent[RemoveFromChannelInput]) -> RemoveFromChannelResult:
        read = Reading()
        uid = read.take(uid_of, input.creator_id, "Creator", "creator_id")
        why = read.take(reason, input.reason)
        if uid is None or why is None:
            raise together(read.errors)
        about = {"cause": input.cause or None, "reason": why, "clock": info.context.clock}
        done = await change(info, input, "creator", clean_outs.remove, input.channel, uid, **about)
        return RemoveFromChannelPayload(**done)
