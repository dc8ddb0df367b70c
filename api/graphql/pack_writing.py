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


@strawberry.input(description="A pack to put in force.")
class InstallPackInput:
    toml: str = needed("The pack as TOML, as its file has it. Its key says which channel it rules.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which earlier version of a channel's rules to put in force again.")
class RollbackPackInput:
    channel: str = needed("The channel's key, such as x.post.")
    digest: str | None = given(
        "The version: its digest, or how it begins, 6 characters at least. Without it: the one that ruled before."
    )
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The pack is in force.")
class InstallPackPayload:
    channel: refs.ChannelRef = strawberry.field(description="The channel with its rules.")


@strawberry.type(description="The earlier version is in force.")
class RollbackPackPayload:
    channel: refs.ChannelRef = strawberry.field(description="The channel with its rules.")


InstallPackResult = Annotated[
    InstallPackPayload | Refused, result("InstallPackResult", "The channel whose rules were installed")
]
RollbackPackResult = Annotated[
    RollbackPackPayload | Refused, result("RollbackPackResult", "The channel whose rules were taken back")
]


@strawberry.type
class PackMutation:
    @strawberry.mutation(
        extensions=[OPERATORS],
        description="For operators: put a pack in force for its channel. Every mistake is told at once, with its line, and then nothing "
        "changes. Submissions keep the version that they were decided by.",
    )
    async def install_pack(self, info: Info, input: Sent[InstallPackInput]) -> InstallPackResult:
        done = await change(info, input, "channel", packs.install, input.toml)
        return InstallPackPayload(**done)

    @strawberry.mutation(
        extensions=[OPERATORS],
        description="For operators: put a version that ruled a channel before in force again. It adds to the history and takes nothing "
        "from it.",
    )
    async def rollback_pack(self, info: Info, input: Sent[RollbackPackInput]) -> RollbackPackResult:
        done = await change(info, input, "channel", packs.roll_back, input.channel, input.digest or None)
        return RollbackPackPayload(**done)
