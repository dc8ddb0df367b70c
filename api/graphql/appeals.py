"""Appeals against takedowns: made by the author's side, decided by operators."""

from datetime import datetime
from typing import Annotated

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.context import Info
from api.graphql.fields import column, one, page
from api.graphql.filtering import part, values
from api.graphql.ids import identity, uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.nodes import Node, findable
from api.graphql.permissions import OPERATORS, needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.reasons import reason
from api.graphql.rows import shows
from api.graphql.words import described
from core.caller import Scope
from core.errors import together
from services import appeals, contents

described(
    models.AppealState,
    "Where an appeal stands.",
    {
        "WAITING": "No operator has decided yet.",
        "GRANTED": "The takedown was lifted.",
        "REFUSED": "The takedown stands.",
    },
)


@shows(models.Appeal)
@strawberry.type(description="An objection to a takedown. Seen by those who may change the content, and by operators.")
class Appeal(Node):
    row: strawberry.Private[models.Appeal]

    id: strawberry.ID = identity("Appeal")
    state: models.AppealState = column("state", description="Where it stands.")
    text: str = column("text", description="What the author's side says.")
    note: str | None = column("note", description="What the operator says to it.")
    made_at: datetime = column("created_at", description="When it was made.")
    decided_at: datetime | None = column("decided_at", description="When it was decided.")
    content: refs.ContentRef | None = one(contents.by_ids, key="content_id", description="The content taken down.")


findable("Appeal", appeals.by_uids)
answers_with(models.Appeal, appeals.by_ids)


@strawberry.input(description="Which appeals to list.")
class AppealFilter:
    states: list[models.AppealState] | None = part("Only in these states.")

    def wanted(self) -> appeals.AppealFilter:
        """What the domain understands."""
        return appeals.AppealFilter(values(self.states, "states"))


@strawberry.type
class AppealQuery:
    appeals: paging.Connection[Appeal] = page(
        appeals.listed,
        key=None,
        filters=AppealFilter,
        gate=OPERATORS,
        description="For operators: appeals against takedowns, the oldest first.",
    )


@strawberry.type(description="The appeal that was made.")
class AppealTakedownPayload:
    appeal: Appeal = strawberry.field(description="The new appeal.")


@strawberry.type(description="The appeal, decided.")
class DecideAppealPayload:
    appeal: Appeal = strawberry.field(description="The appeal.")


AppealTakedownResult = Annotated[AppealTakedownPayload | Refused, result("AppealTakedownResult", "The new appeal")]
DecideAppealResult = Annotated[DecideAppealPayload | Refused, result("DecideAppealResult", "The decided appeal")]


@strawberry.input(description="Which takedown to object to, and why.")
class AppealTakedownInput:
    content_id: strawberry.ID = ref("Content", "content", "The content that was taken down.")
    text: str = needed("Why it should come back: 1 to 1,000 characters. Operators read it.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which appeal to decide, and how.")
class DecideAppealInput:
    appeal_id: strawberry.ID = ref("Appeal", "appeal", "Which appeal.")
    grants: bool = needed("Whether the content comes back.")
    note: str | None = given("What to say to it: at most 1,000 characters. The author's side reads it.")
    idempotency_key: str | None = idempotency()


@strawberry.type
class AppealMutation:
    @strawberry.mutation(
        description="Object to the takedown of a content. One appeal at a time waits for an operator.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def appeal_takedown(
        self,
        info: Info,
        input: Sent[AppealTakedownInput],
    ) -> AppealTakedownResult:
        reading = Reading()
        uid = reading.take(uid_of, input.content_id, "Content", "content_id")
        text = reading.take(reason, input.text, "text")
        if uid is None or text is None:
            raise together(reading.errors)
        done = await change(info, input, "appeal", appeals.appeal, uid, text=text, clock=info.context.clock)
        return AppealTakedownPayload(**done)

    @strawberry.mutation(
        description="For operators: grant an appeal, which brings the content back, or refuse it.",
        extensions=[OPERATORS],
    )
    async def decide_appeal(
        self,
        info: Info,
        input: Sent[DecideAppealInput],
    ) -> DecideAppealResult:
        reading = Reading()
        uid = reading.take(uid_of, input.appeal_id, "Appeal", "appeal_id")
        note = reading.take(reason, input.note, "note") if input.note else None
        if uid is None or reading.errors:
            raise together(reading.errors)
        named = {"grants": input.grants, "note": note, "clock": info.context.clock}
        return DecideAppealPayload(**await change(info, input, "appeal", appeals.decide, uid, **named))
