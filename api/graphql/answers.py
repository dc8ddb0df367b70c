"""Answers to questions, as they are read."""

from datetime import datetime

import strawberry

import models
from api.graphql import bodies, paging, refs
from api.graphql.content_filters import AnswerOrder
from api.graphql.context import Info
from api.graphql.fields import column, one, page
from api.graphql.ids import identity
from api.graphql.mutations import answers_with
from api.graphql.nodes import Node, findable
from api.graphql.rows import shows
from api.graphql.words import BigInt, described
from models import blocks
from services import answers, content_lists, contents, creators

described(
    models.AnswerState,
    "Whether an answer is shown.",
    {
        "VISIBLE": "Everybody who sees the question sees it, unless its creator is hidden.",
        "WITHDRAWN": "Whoever gave it took it back.",
        "TAKEN_DOWN": "An operator removed it.",
        "ERASED": "Its words are gone for good.",
    },
)


@shows(models.Answer)
@strawberry.type(description="An answer to a question.")
class Answer(Node):
    row: strawberry.Private[models.Answer]

    id: strawberry.ID = identity("Answer")
    state: models.AnswerState = column("state", description="Whether it is shown; always VISIBLE for strangers.")
    state_reason: str | None = column(
        "state_because",
        description="Why it was taken down; null if it was not. Only its creator and operators then see it at all.",
    )
    creator: refs.CreatorRef | None = one(creators.by_ids, key="creator_id", description="Who answers.")
    question: refs.ContentRef | None = one(
        contents.by_ids, key="content_id", description="The question that it answers."
    )
    votes_count: BigInt = column("votes_count", description="How many found it helpful.")
    is_accepted: bool = column("is_accepted", description="Whether the asker took it as the answer.")
    published_at: datetime = column("published_at", description="When it was given.")
    edited_at: datetime | None = column("edited_at", description="When it was last edited; null if it never was.")

    @strawberry.field(description="Its text.")
    def body(self) -> bodies.Body:
        return bodies.Body(body=blocks.load(self.row.body))

    @strawberry.field(description="Whether you found it helpful; null without a key.")
    async def is_voted_for_by_viewer(self, info: Info) -> bool | None:
        if info.context.caller.account_id is None:
            return None
        return bool(await info.context.load(answers.voted, self.row.id))


findable("Answer", answers.by_uids)
answers_with(models.Answer, answers.by_ids)


@strawberry.type
class AnsweredQuestion:
    """What a question has of answers."""

    accepted_answer: Answer | None = one(
        answers.accepted_of, key="id", description="The answer that the asker took; null if there is none yet."
    )
    # last: from here on the name is that of the field
    answers: paging.Connection[Answer] = page(
        content_lists.answers_of, key="id", orders=AnswerOrder, description="Its answers."
    )
