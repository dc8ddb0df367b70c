"""Rehearsals of packs: asked for by operators, how far each came, and whom the version would hit."""

from datetime import datetime
from typing import Annotated

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.fields import column, one, page
from api.graphql.ids import identity, uid_of
from api.graphql.inputs import Sent, given, idempotency, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.nodes import Node, findable
from api.graphql.pack_writing import JSON, TOML, UNKNOWN, WHICH
from api.graphql.permissions import OPERATORS
from api.graphql.problems import Refused
from api.graphql.rows import shape, shows
from api.graphql.words import described
from services import contents, decisions, rehearsals
from services.channels import findings, reading
from services.channels.rehearsal import Change
from services.packs import NotOnePack

MOST_CODES = 100

described(
    models.RehearsalState,
    "How far a rehearsal is.",
    {
        "WAITING": "No worker has begun it.",
        "RUNNING": "It is worked off.",
        "DONE": "Everything was looked at.",
        "FAILED": "It could not go on: see `failure`.",
        "CANCELLED": "It was called off: the counts are of what was looked at by then.",
    },
)
described(
    Change,
    "What a version of a channel's rules would change for a content.",
    {
        "NEWLY_FAILING": "It passes by the rules in force, and would not by these.",
        "NEWLY_PASSING": "It would pass by these, and does not by the rules in force.",
        "RENDERED_DIFFERENTLY": "It passes by both, and the channel would be given something else.",
        "AUDITED_DIFFERENTLY": "It passes by both, and would go another way from the machine's audit.",
        "FINDINGS_CHANGED": "It passes by both or by neither, and would be told something else.",
        "NEWLY_MATCHING": "It was never submitted, and would come to the channel by itself.",
        "UNCHANGED": "Nothing would change for it.",
        "UNREADABLE": "This version of Headwater cannot read its body.",
    },
    name="RehearsalChange",
)


def _outcome(outcome: findings.Outcome | None) -> models.Outcome | None:
    return None if outcome is None else models.Outcome(outcome.value)


@strawberry.type(description="One content for which something would change.")
class RehearsalSample:
    row: strawberry.Private[rehearsals.Sample]

    content: refs.ContentRef | None = one(contents.by_ids, key="content_id", description="The content, as it is now.")
    submission: refs.SubmissionRef | None = one(
        decisions.by_ids, key="submission_id", description="Its submission; null where it was never submitted."
    )
    outcome_before: models.Outcome | None = column(
        "before", convert=_outcome, description="By the rules in force; null where it was never submitted."
    )
    outcome_after: models.Outcome = column("after", convert=_outcome, description="By the version that was rehearsed.")
    new_codes: list[str] = column(
        "new_codes", convert=list, description="Codes of findings that it would newly have, each once."
    )
    gone_codes: list[str] = column(
        "gone_codes", convert=list, description="Codes of findings that it would no longer have, each once."
    )


@strawberry.type(description="How many contents one kind of change would befall.")
class RehearsedChange:
    row: strawberry.Private[rehearsals.Changed]

    change: Change = column("change", description="The kind of change.")
    count: int = column("count", description="How many of those looked at so far.")

    @strawberry.field(
        description="The first of them, at most 20; none of what is unchanged or unreadable.",
        directives=[at_most(rehearsals.MOST_SAMPLES)],
    )
    def samples(self) -> list[RehearsalSample]:
        return [RehearsalSample(row=sample) for sample in self.row.samples]


@strawberry.type(description="How many contents would newly be told something by one kind of check.")
class RehearsedCode:
    code: str = strawberry.field(description="The kind of check, such as text.length.")
    count: int = strawberry.field(description="How many contents.")


@shows(models.Rehearsal)
@strawberry.type(
    description="What a version of a channel's rules would change for all that is live there, beside the version that was in force"
    " when it was asked for. Both judge the same facts, and as if no quota were used. Nothing is changed by it. For operators."
)
class Rehearsal(Node):
    row: strawberry.Private[models.Rehearsal]

    id: strawberry.ID = identity("Rehearsal")
    state: models.RehearsalState = column("state", description="How far it is.")
    channel: refs.ChannelRef | None = one(reading.by_ids, key="channel_id", description="The channel.")
    pack: refs.PackRef | None = one(
        reading.packs_by_ids, key="pack_version_id", description="The version that is rehearsed."
    )
    compared_with: refs.PackRef | None = one(
        reading.packs_by_ids, key="compared_id", description="The version it is compared with."
    )
    requested_at: datetime = column("requested_at", description="When it was asked for.")
    requested_by: str = column("requested_by", description="Who asked for it.")
    finished_at: datetime | None = column("finished_at", description="When it came to its end; null until then.")
    done_count: int = column("done_count", description="How many contents were looked at.")
    total_count: int = column(
        "total_count",
        description="How many there were to look at when it began; 0 until then. Since then some may have come.",
    )
    failure: str | None = column("failure", description="Why it could not go on; null unless it failed.")

    @strawberry.field(
        description="Every kind of change with its count so far. One content may count under several, but for what newly fails"
        " or passes.",
        directives=[at_most(len(Change))],
    )
    def changes(self) -> list[RehearsedChange]:
        return [RehearsedChange(row=one) for one in rehearsals.changed(self.row)]

    @strawberry.field(
        description="The checks that would newly say something, the most frequent first: at most 100.",
        directives=[at_most(MOST_CODES)],
    )
    def new_codes(self) -> list[RehearsedCode]:
        ordered = sorted(self.row.codes.items(), key=lambda one: (-one[1], one[0]))
        return [RehearsedCode(code=code, count=count) for code, count in ordered[:MOST_CODES]]


findable("Rehearsal", rehearsals.by_uids)
answers_with(models.Rehearsal, rehearsals.by_ids)


@strawberry.input(
    description="A version of a channel's rules to rehearse: as TOML or as JSON, whose key says for which channel, or one that is kept"
    " here, by channel and digest."
)
class RehearsePackInput:
    toml: str | None = given(TOML)
    json: str | None = given(JSON)
    allow_unknown_words: bool | None = given(UNKNOWN)
    channel: str | None = given("The channel's key, such as x.post, of a version that is kept here.")
    digest: str | None = given(f"{WHICH} It ruled before, was rehearsed, or is a canary.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which rehearsal to call off.")
class CancelRehearsalInput:
    rehearsal_id: strawberry.ID = ref("Rehearsal", "rehearsal", "Which rehearsal.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The rehearsal, which workers do from now on.")
class RehearsePackPayload:
    rehearsal: Rehearsal = strawberry.field(description="The rehearsal.")


@strawberry.type(description="The rehearsal, which goes no further.")
class CancelRehearsalPayload:
    rehearsal: Rehearsal = strawberry.field(description="The rehearsal.")


RehearsePackResult = Annotated[RehearsePackPayload | Refused, result("RehearsePackResult", "The rehearsal")]
CancelRehearsalResult = Annotated[CancelRehearsalPayload | Refused, result("CancelRehearsalResult", "The rehearsal")]


@strawberry.type
class RehearsalQuery:
    rehearsals: paging.Connection[Rehearsal] = page(
        rehearsals.listed,
        key=None,
        gate=OPERATORS,
        description="For operators: all rehearsals, the latest first.",
    )

    @strawberry.field(
        description="For operators: the rehearsal with this id; null if there is none.", extensions=[OPERATORS]
    )
    async def rehearsal(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Rehearsal | None:
        uid = uid_of(id, "Rehearsal", "id")
        return shape(await info.context.load(rehearsals.by_uids, uid))  # type: ignore[no-any-return]  # by registration


@strawberry.type
class RehearsalMutation:
    @strawberry.mutation(
        extensions=[OPERATORS],
        description="For operators: have workers find out what a version of a channel's rules would change for all that is live there,"
        " before it rules. Every mistake in it is told at once, as by `installPack`. Rehearsing what rules already is done at once.",
    )
    async def rehearse_pack(self, info: Info, input: Sent[RehearsePackInput]) -> RehearsePackResult:
        clock, stored = info.context.clock, (input.channel or None, input.digest or None)
        pack = (input.toml or None, input.json or None)
        if all(stored) and not any(pack):
            done = await change(info, input, "rehearsal", rehearsals.ask_again, *stored, clock=clock)
            return RehearsePackPayload(**done)
        if any(stored):
            raise NotOnePack("Give the version as `toml`, as `json`, or as `channel` with `digest`: one of these.")
        allows = bool(input.allow_unknown_words)
        done = await change(info, input, "rehearsal", rehearsals.ask, *pack, allows_unknown_words=allows, clock=clock)
        return RehearsePackPayload(**done)

    @strawberry.mutation(
        extensions=[OPERATORS],
        description="For operators: call a rehearsal off. What it counted so far stays.",
    )
    async def cancel_rehearsal(self, info: Info, input: Sent[CancelRehearsalInput]) -> CancelRehearsalResult:
        uid = uid_of(input.rehearsal_id, "Rehearsal", "rehearsal_id")
        done = await change(info, input, "rehearsal", rehearsals.cancel, uid, clock=info.context.clock)
        return CancelRehearsalPayload(**done)
