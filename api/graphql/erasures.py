"""Erasing people: asked for by operators, rehearsed before, and how far each came."""

from datetime import datetime
from typing import Annotated

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.fields import column, one, page
from api.graphql.ids import identity, uid_of
from api.graphql.inputs import Sent, idempotency, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.nodes import Node, findable
from api.graphql.permissions import OPERATORS
from api.graphql.problems import Refused
from api.graphql.rows import shows
from core.caller import Caller
from core.errors import Invalid
from services import accounts, creators, erasure

MOST_COUNTS = 30
MOST_ERASED = 100


class WhomToErase(Invalid):
    """Neither or both of an account and a creator were named."""

    code = "WHOM_TO_ERASE"


@strawberry.type(description="So many records of one kind hold something of the person.")
class ErasureCount:
    what: str = strawberry.field(description="The kind, such as comments or files.")
    count: int = strawberry.field(description="How many.")


@shows(models.Erasure)
@strawberry.type(
    description="The erasure of an account or a creator: nothing of theirs is shown from the moment it is asked for, and"
    " their words, pictures and names are gone when it is finished. For operators."
)
class Erasure(Node):
    row: strawberry.Private[models.Erasure]

    id: strawberry.ID = identity("Erasure")
    asked_at: datetime = column("asked_at", description="When it was asked for.")
    finished_at: datetime | None = column("finished_at", description="When the last words were gone; null until then.")
    creator: refs.CreatorRef | None = one(
        creators.by_ids, key="creator_id", description="The creator, without its names; null when it is of an account."
    )
    account: refs.AccountRef | None = one(
        accounts.by_ids, key="account_id", description="The account, without its names; null when it is of a creator."
    )

    @strawberry.field(description="What was removed so far, by the kind of records.", directives=[at_most(MOST_COUNTS)])
    def removed(self) -> list[ErasureCount]:
        return [ErasureCount(what=what, count=count) for what, count in sorted(self.row.counts.items())]


findable("Erasure", erasure.by_uids)
answers_with(models.Erasure, erasure.by_ids)


@strawberry.type(description="The erasure of a creator, which goes on by itself.")
class EraseCreatorPayload:
    erasure: Erasure = strawberry.field(description="The erasure.")


@strawberry.type(description="The erasures of an account and of the creators that nobody else acts as.")
class EraseAccountPayload:
    erasures: list[Erasure] = strawberry.field(
        description="The account's, then those of its creators: at most 100.", directives=[at_most(MOST_ERASED)]
    )


EraseCreatorResult = Annotated[EraseCreatorPayload | Refused, result("EraseCreatorResult", "The erasure")]
EraseAccountResult = Annotated[EraseAccountPayload | Refused, result("EraseAccountResult", "The erasures")]


@strawberry.input(description="Which creator to erase. There is no way back.")
class EraseCreatorInput:
    creator_id: strawberry.ID = ref("Creator", "creator", "Which creator.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which account to erase. There is no way back.")
class EraseAccountInput:
    account_id: strawberry.ID = ref("Account", "account", "Which account.")
    idempotency_key: str | None = idempotency()


@strawberry.type
class ErasureQuery:
    erasures: paging.Connection[Erasure] = page(
        erasure.listed,
        key=None,
        gate=OPERATORS,
        description="For operators: all erasures, the latest first.",
    )

    @strawberry.field(
        description="For operators: what erasing this creator or this account would remove. Nothing is done.",
        extensions=[OPERATORS],
        directives=[at_most(MOST_COUNTS)],
    )
    async def erasure_preview(
        self,
        info: Info,
        creator_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The creator; or an account.")
        ] = None,
        account_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="The account, with the creators that nobody else acts as; or a creator."),
        ] = None,
    ) -> list[ErasureCount]:
        caller: Caller = info.context.caller
        async with info.context.db.session() as session:
            match creator_id, account_id:
                case str(creator), None:
                    counts = await erasure.of_creator(session, caller, uid_of(creator, "Creator", "creator_id"))
                case None, str(account):
                    counts = await erasure.of_account(session, caller, uid_of(account, "Account", "account_id"))
                case _:
                    raise WhomToErase("Name either a creator or an account.")
        return [ErasureCount(what=one.what, count=one.rows) for one in counts]


@strawberry.type
class ErasureMutation:
    @strawberry.mutation(
        description="For operators: erase a creator for good. Nothing of theirs is shown from now on; texts, pictures and names"
        " are removed within moments, ids and codes stay. See `erasurePreview` first.",
        extensions=[OPERATORS],
    )
    async def erase_creator(
        self,
        info: Info,
        input: Sent[EraseCreatorInput],
    ) -> EraseCreatorResult:
        uid = uid_of(input.creator_id, "Creator", "creator_id")
        done = await change(info, input, "erasure", erasure.erase_creator, uid, clock=info.context.clock)
        return EraseCreatorPayload(**done)

    @strawberry.mutation(
        description="For operators: erase an account for good, and the creators that nobody else acts as. Its keys are refused"
        " from now on; name, address and words are removed within moments. See `erasurePreview` first.",
        extensions=[OPERATORS],
    )
    async def erase_account(
        self,
        info: Info,
        input: Sent[EraseAccountInput],
    ) -> EraseAccountResult:
        uid = uid_of(input.account_id, "Account", "account_id")
        done = await change(info, input, "erasures", erasure.erase_account, uid, clock=info.context.clock)
        return EraseAccountPayload(**done)
