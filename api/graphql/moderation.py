"""What operators do to contents, creators and accounts: take down and bring back, suspend and reinstate."""

from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import refs
from api.graphql.bulk import ContentOutcome, in_bulk, outcomes, subjects
from api.graphql.context import Info
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, idempotency, needed, ref
from api.graphql.mutations import change, result
from api.graphql.permissions import OPERATORS
from api.graphql.problems import Refused
from api.graphql.reasons import subject
from core.caller import Caller
from services import accounts, publishing


@strawberry.type(description="The content, removed by an operator.")
class TakeDownContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


@strawberry.type(description="What became of each content that was to be removed.")
class TakeDownContentsPayload:
    results: list[ContentOutcome] = outcomes()


@strawberry.type(description="The content, brought back by an operator.")
class RestoreContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


@strawberry.type(description="The creator, hidden with all of theirs.")
class SuspendCreatorPayload:
    creator: refs.CreatorRef = strawberry.field(description="The creator.")


@strawberry.type(description="The creator, shown again.")
class ReinstateCreatorPayload:
    creator: refs.CreatorRef = strawberry.field(description="The creator.")


@strawberry.type(description="The account, whose keys are refused from now on.")
class SuspendAccountPayload:
    account: refs.AccountRef = strawberry.field(description="The account.")


@strawberry.type(description="The account, whose keys are taken again.")
class ReinstateAccountPayload:
    account: refs.AccountRef = strawberry.field(description="The account.")


TakeDownContentResult = Annotated[
    TakeDownContentPayload | Refused, result("TakeDownContentResult", "The removed content")
]
TakeDownContentsResult = Annotated[
    TakeDownContentsPayload | Refused, result("TakeDownContentsResult", "What became of each")
]
RestoreContentResult = Annotated[
    RestoreContentPayload | Refused, result("RestoreContentResult", "The restored content")
]
SuspendCreatorResult = Annotated[
    SuspendCreatorPayload | Refused, result("SuspendCreatorResult", "The suspended creator")
]
ReinstateCreatorResult = Annotated[
    ReinstateCreatorPayload | Refused, result("ReinstateCreatorResult", "The reinstated creator")
]
SuspendAccountResult = Annotated[
    SuspendAccountPayload | Refused, result("SuspendAccountResult", "The suspended account")
]
ReinstateAccountResult = Annotated[
    ReinstateAccountPayload | Refused, result("ReinstateAccountResult", "The reinstated account")
]


@strawberry.input(description="Which content to remove.")
class TakeDownContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    reason: str = needed("Why: 1 to 1,000 characters. Its author reads it.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which contents to remove.")
class TakeDownContentsInput:
    content_ids: list[strawberry.ID] = ref("Content", "contents", "Which contents: 1 to 100.")
    reason: str = needed("Why: 1 to 1,000 characters. Their authors read it.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which content to bring back.")
class RestoreContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which creator to hide.")
class SuspendCreatorInput:
    creator_id: strawberry.ID = ref("Creator", "creator", "Which creator.")
    reason: str = needed("Why: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which creator to show again.")
class ReinstateCreatorInput:
    creator_id: strawberry.ID = ref("Creator", "creator", "Which creator.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which account to shut out.")
class SuspendAccountInput:
    account_id: strawberry.ID = ref("Account", "account", "Which account.")
    reason: str = needed("Why: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which account to let in again.")
class ReinstateAccountInput:
    account_id: strawberry.ID = ref("Account", "account", "Which account.")
    idempotency_key: str | None = idempotency()


@strawberry.type
class ModerationMutation:
    @strawberry.mutation(
        description="For operators: remove a content from view; its author cannot publish it again, but may appeal.",
        extensions=[OPERATORS],
    )
    async def take_down_content(
        self,
        info: Info,
        input: Sent[TakeDownContentInput],
    ) -> TakeDownContentResult:
        uid, why = subject(input.content_id, "Content", input.reason)
        done = await change(info, input, "content", publishing.take_down, uid, reason=why, clock=info.context.clock)
        return TakeDownContentPayload(**done)

    @strawberry.mutation(
        description="For operators: remove many contents at once, as `takeDownContent` does one.",
        extensions=[OPERATORS],
    )
    async def take_down_contents(
        self,
        info: Info,
        input: Sent[TakeDownContentsInput],
    ) -> TakeDownContentsResult:
        uids, why = subjects(input.content_ids, input.reason)
        clock = info.context.clock

        async def work(session: AsyncSession, caller: Caller, uid: UUID) -> models.Content:
            return await publishing.take_down(session, caller, uid, reason=why, clock=clock)

        return TakeDownContentsPayload(results=await in_bulk(info, input, uids, work))

    @strawberry.mutation(description="For operators: bring back a content that was taken down.", extensions=[OPERATORS])
    async def restore_content(
        self,
        info: Info,
        input: Sent[RestoreContentInput],
    ) -> RestoreContentResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "content", publishing.restore, uid, clock=info.context.clock)
        return RestoreContentPayload(**done)

    @strawberry.mutation(
        description="For operators: hide a creator and all of theirs, at once and everywhere.", extensions=[OPERATORS]
    )
    async def suspend_creator(
        self,
        info: Info,
        input: Sent[SuspendCreatorInput],
    ) -> SuspendCreatorResult:
        uid, why = subject(input.creator_id, "Creator", input.reason)
        done = await change(info, input, "creator", publishing.suspend, uid, reason=why, clock=info.context.clock)
        return SuspendCreatorPayload(**done)

    @strawberry.mutation(
        description="For operators: show a suspended creator again, and what of theirs is published.",
        extensions=[OPERATORS],
    )
    async def reinstate_creator(
        self,
        info: Info,
        input: Sent[ReinstateCreatorInput],
    ) -> ReinstateCreatorResult:
        uid = uid_of(input.creator_id, "Creator", "creator_id")
        return ReinstateCreatorPayload(**await change(info, input, "creator", publishing.reinstate, uid))

    @strawberry.mutation(
        description="For operators: refuse all keys and tokens of an account from now on, and hide the creators that it acts as"
        " with all of theirs.",
        extensions=[OPERATORS],
    )
    async def suspend_account(
        self,
        info: Info,
        input: Sent[SuspendAccountInput],
    ) -> SuspendAccountResult:
        uid, why = subject(input.account_id, "Account", input.reason)
        done = await change(info, input, "account", accounts.suspend, uid, reason=why, clock=info.context.clock)
        return SuspendAccountPayload(**done)

    @strawberry.mutation(
        description="For operators: take a suspended account's keys and tokens again, and show those of its creators that were"
        " hidden together with it.",
        extensions=[OPERATORS],
    )
    async def reinstate_account(
        self,
        info: Info,
        input: Sent[ReinstateAccountInput],
    ) -> ReinstateAccountResult:
        uid = uid_of(input.account_id, "Account", "account_id")
        return ReinstateAccountPayload(**await change(info, input, "account", accounts.reinstate, uid))
