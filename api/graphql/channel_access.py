"""Why not here? Channels as they are open to a creator, with every gate and how far it is."""

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from api.graphql import refs
from api.graphql.clean_outs import CleanOutNotice
from api.graphql.context import Info
from api.graphql.directives import Cost, at_most
from api.graphql.distribution import as_text
from api.graphql.fields import column
from api.graphql.ids import uid_of
from api.graphql.labels import Language, spoken
from api.graphql.permissions import needs
from api.graphql.planning import Quota, quotas_of
from api.graphql.rows import shape
from api.graphql.words import described
from services import access, channel_access, clean_outs
from services.channels.gate_tree import GateNode, GateStatus

MOST_CHANNELS = 200

described(
    channel_access.AccessState,
    "Whether a channel lets a creator in, whatever the content.",
    {
        "OPEN": "Its gates are passed, or it has none.",
        "CLOSED": "A gate is not passed.",
        "UNKNOWN": "It cannot be told: something is not known of the creator. Until it is, nothing enters.",
    },
    name="ChannelAccessState",
)
described(
    GateStatus,
    "Whether a condition holds for a creator.",
    {
        "MET": "It holds.",
        "MISSING": "It does not hold.",
        "UNKNOWN": "It cannot be told: a fact is missing.",
    },
)


@strawberry.type(
    description="One node of the tree of a channel's gates: a condition on the creator, or a joint of those that follow it one"
    " deeper (`gate.all`, `gate.any`, `gate.not`)."
)
class GateCheck:
    row: strawberry.Private[GateNode]
    depth: int = strawberry.field(description="How deep in the tree: 0 at its root.")

    place: str = column("place", description="Where it stands in the pack, such as gates.all.2; as in findings.")
    code: str = column("code", description="What is asked about, such as creator.level; as in findings.")
    status: GateStatus = column("status", description="Whether it holds.")
    blocks: bool = column(
        "blocks", description="Whether it stands in the way: what is missing beside something that is enough does not."
    )

    note: str | None = column("note", description="What the pack says about it, where it says something.")

    @strawberry.field(
        description="Where it comes from and how sure we are of it, as JSON; null where its pack's word holds for it."
    )
    def source(self) -> str | None:
        source = self.row.source
        return as_text(None if source is None else source.model_dump(mode="json", exclude_none=True))

    @strawberry.field(description="What is asked for and what is there, in Chinese or English.")
    def message(self, info: Info, language: Language = strawberry.UNSET) -> str:
        return str(getattr(self.row.words, spoken(info, language)))

    @strawberry.field(
        description="The creator's fact, as text; JSON where it is no plain text. Of a joint how many hold."
    )
    def actual(self) -> str | None:
        return as_text(self.row.actual)

    @strawberry.field(description="What is asked for, as text; JSON where it is no plain text.")
    def wanted(self) -> str | None:
        return as_text(self.row.wanted)

    @strawberry.field(
        description="By how much a number has to grow (below zero: to shrink); 0 where it is enough, null where nothing is"
        " counted or known. Of a joint how many more must hold."
    )
    def distance(self) -> int | None:
        return self.row.distance


def _gates(tree: GateNode | None) -> list[GateCheck]:
    return [] if tree is None else [GateCheck(row=node, depth=depth) for depth, node in tree.walk()]


def _notice(said: clean_outs.Said | None) -> CleanOutNotice | None:
    return None if said is None else CleanOutNotice(row=said)


@strawberry.type(description="One channel as it is open to a creator.")
class ChannelAccess:
    row: strawberry.Private[channel_access.ChannelAccess]

    state: channel_access.AccessState = column("state", description="Whether it lets the creator in.")
    is_member: bool = column("is_member", description="Whether the creator was invited or linked there.")
    gates: list[GateCheck] = column(
        "gates",
        convert=_gates,
        description="Its gates as a tree, each node before those below it: at most what its pack names. Empty: it has none.",
    )
    quota: list[Quota] = column("quota", convert=quotas_of, description="Its limits, and what is left of them now.")

    clean_out: CleanOutNotice | None = column(
        "clean_out",
        convert=_notice,
        description="What the last clean-out of the channel said of the creator; null where it left them alone.",
    )

    @strawberry.field(description="The channel.")
    def channel(self) -> refs.ChannelRef:
        return shape(self.row.channel)  # type: ignore[no-any-return]  # a Channel by registration


@strawberry.type(description="All channels as they are open to a creator.")
class CreatorChannelAccess:
    row: strawberry.Private[Sequence[channel_access.ChannelAccess]]

    @strawberry.field(
        description="The channels, the open ones first, then by key; at most 200.",
        directives=[at_most(MOST_CHANNELS)],
    )
    def channels(
        self,
        states: Annotated[
            list[channel_access.AccessState] | None, strawberry.argument(description="Only those that are so.")
        ] = None,
    ) -> list[ChannelAccess]:
        wanted = states or list(channel_access.AccessState)
        return [ChannelAccess(row=one) for one in self.row if one.state in wanted][:MOST_CHANNELS]

    @strawberry.field(description="How many channels are so.")
    def count(
        self, state: Annotated[channel_access.AccessState, strawberry.argument(description="The state to count.")]
    ) -> int:
        return sum(one.state is state for one in self.row)


@strawberry.type
class ChannelAccessQuery:
    @strawberry.field(
        description="Why not here: every channel with its gates as they stand for a creator now. For those who act as it.",
        directives=[Cost(weight=50)],
        extensions=[needs(*access.WRITING)],
    )
    async def channel_access(
        self,
        info: Info,
        creator_id: Annotated[strawberry.ID, strawberry.argument(description="The id of the creator.")],
        channels: Annotated[
            list[str] | None, strawberry.argument(description="Keys of channel entries; all of them without it.")
        ] = None,
    ) -> CreatorChannelAccess:
        context = info.context
        uid = uid_of(creator_id, "Creator", "creatorId")
        async with context.db.session() as session:
            found: Any = await channel_access.channel_access(
                session, context.caller, uid, channels, clock=context.clock
            )
        return CreatorChannelAccess(row=found)
