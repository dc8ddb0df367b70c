"""Packs put in force and taken back by operators."""

from typing import Annotated

import strawberry

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.inputs import Sent, given, idempotency, needed
from api.graphql.mutations import answers_with, change, result
from api.graphql.permissions import OPERATORS
from api.graphql.problems import Refused
from services import packs
from services.channels import reading

answers_with(models.Channel, reading.by_ids)


TOML = "The pack as TOML, as its file has it."
JSON = "The pack as JSON: the same keys and values, such as `Pack.body` answers."
UNKNOWN = "Take a pack that names tags, fields, roles or pools which are not here (any more): such conditions hold for nobody until they are."
WHICH = "The version: its digest, or how it begins, 6 characters at least."
ONLY = "Without it: the only canary that the channel has."


@strawberry.input(description="A pack to put in force: either as TOML or as JSON. Its key says which channel it rules.")
class InstallPackInput:
    toml: str | None = given(TOML)
    json: str | None = given(JSON)
    allow_unknown_words: bool | None = given(UNKNOWN)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which earlier version of a channel's rules to put in force again.")
class RollbackPackInput:
    channel: str = needed("The channel's key, such as x.post.")
    digest: str | None = given(f"{WHICH} Without it: the one that ruled before.")
    idempotency_key: str | None = idempotency()


@strawberry.input(
    description="A version of a channel's rules and the share of its creators to try it on: either one that is kept here, by its digest,"
    " or one as TOML or as JSON."
)
class SetCanaryInput:
    channel: str = needed("The channel's key, such as x.post.")
    percent: int = needed(
        "The share of the channel's creators, in percent: 1 to 99, with all other canaries of the channel."
    )
    digest: str | None = given(f"{WHICH} It ruled before, was rehearsed, or is a canary whose share is to change.")
    toml: str | None = given(TOML)
    json: str | None = given(JSON)
    allow_unknown_words: bool | None = given(UNKNOWN)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which canary to stop.")
class StopCanaryInput:
    channel: str = needed("The channel's key, such as x.post.")
    digest: str | None = given(f"{WHICH} {ONLY}")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which canary to put in force.")
class PromoteCanaryInput:
    channel: str = needed("The channel's key, such as x.post.")
    digest: str | None = given(f"{WHICH} {ONLY}")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The pack is in force.")
class InstallPackPayload:
    channel: refs.ChannelRef = strawberry.field(description="The channel with its rules.")


@strawberry.type(description="The earlier version is in force.")
class RollbackPackPayload:
    channel: refs.ChannelRef = strawberry.field(description="The channel with its rules.")


@strawberry.type(description="The version is tried on this share.")
class SetCanaryPayload:
    channel: refs.ChannelRef = strawberry.field(description="The channel with its canaries.")


@strawberry.type(description="The canary is none any more.")
class StopCanaryPayload:
    channel: refs.ChannelRef = strawberry.field(description="The channel with its canaries.")


@strawberry.type(description="The version is in force.")
class PromoteCanaryPayload:
    channel: refs.ChannelRef = strawberry.field(description="The channel with its rules.")


InstallPackResult = Annotated[
    InstallPackPayload | Refused, result("InstallPackResult", "The channel whose rules were installed")
]
RollbackPackResult = Annotated[
    RollbackPackPayload | Refused, result("RollbackPackResult", "The channel whose rules were taken back")
]
SetCanaryResult = Annotated[SetCanaryPayload | Refused, result("SetCanaryResult", "The channel with the canary")]
StopCanaryResult = Annotated[
    StopCanaryPayload | Refused, result("StopCanaryResult", "The channel whose canary was stopped")
]
PromoteCanaryResult = Annotated[
    PromoteCanaryPayload | Refused, result("PromoteCanaryResult", "The channel whose canary came into force")
]


@strawberry.type
class PackMutation:
    @strawberry.mutation(
        extensions=[OPERATORS],
        description="For operators: put a pack in force for its channel. Every mistake is told at once, with its line, and then nothing "
        "changes. Submissions keep the version that they were decided by; canaries of other versions go on. `rehearsePack` tells before "
        "what it would change.",
    )
    async def install_pack(self, info: Info, input: Sent[InstallPackInput]) -> InstallPackResult:
        allows = bool(input.allow_unknown_words)
        pack = (input.toml or None, input.json or None)
        done = await change(info, input, "channel", packs.install, *pack, allows_unknown_words=allows)
        return InstallPackPayload(**done)

    @strawberry.mutation(
        extensions=[OPERATORS],
        description="For operators: put a version that ruled a channel before in force again. It adds to the history and takes nothing "
        "from it.",
    )
    async def rollback_pack(self, info: Info, input: Sent[RollbackPackInput]) -> RollbackPackResult:
        done = await change(info, input, "channel", packs.roll_back, input.channel, input.digest or None)
        return RollbackPackPayload(**done)

    @strawberry.mutation(
        extensions=[OPERATORS],
        description="For operators: try a version of a channel's rules on a share of its creators, beside the version in force; or change"
        " the share of one that is tried. Whoever it has stays with it while it grows, and no other canary's creators move. What was"
        " decided before stays.",
    )
    async def set_canary(self, info: Info, input: Sent[SetCanaryInput]) -> SetCanaryResult:
        done = await change(
            info,
            input,
            "channel",
            packs.set_canary,
            input.channel,
            input.percent,
            digest=input.digest or None,
            toml=input.toml or None,
            json=input.json or None,
            allows_unknown_words=bool(input.allow_unknown_words),
        )
        return SetCanaryPayload(**done)

    @strawberry.mutation(
        extensions=[OPERATORS],
        description="For operators: try a version no longer; its creators are under the version in force again. What was decided by it"
        " stays decided.",
    )
    async def stop_canary(self, info: Info, input: Sent[StopCanaryInput]) -> StopCanaryResult:
        done = await change(info, input, "channel", packs.stop_canary, input.channel, input.digest or None)
        return StopCanaryPayload(**done)

    @strawberry.mutation(
        extensions=[OPERATORS],
        description="For operators: put the version of a canary in force for all creators; other canaries of the channel go on.",
    )
    async def promote_canary(self, info: Info, input: Sent[PromoteCanaryInput]) -> PromoteCanaryResult:
        done = await change(info, input, "channel", packs.promote_canary, input.channel, input.digest or None)
        return PromoteCanaryPayload(**done)
