"""Giving answers, accepting them and voting for them; and what operators do to them."""

from typing import Annotated

import strawberry

from api.graphql.answers import Answer
from api.graphql.context import Info
from api.graphql.drafts import read_words
from api.graphql.ids import uid_of
from api.graphql.inputs import BlockInput, Sent, given, idempotency, needed, ref
from api.graphql.mutations import change, result
from api.graphql.permissions import OPERATORS, needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.reasons import subject
from core.caller import Scope
from services import answers


@strawberry.type(description="The answer that was given.")
class AnswerQuestionPayload:
    answer: Answer = strawberry.field(description="The new answer.")


@strawberry.type(description="The answer as it reads now.")
class EditAnswerPayload:
    answer: Answer = strawberry.field(description="The answer.")


@strawberry.type(description="The answer, taken back.")
class WithdrawAnswerPayload:
    answer: Answer = strawberry.field(description="The answer.")


@strawberry.type(description="The answer, accepted.")
class AcceptAnswerPayload:
    answer: Answer = strawberry.field(description="The answer.")


@strawberry.type(description="The answer, no longer accepted.")
class UnacceptAnswerPayload:
    answer: Answer = strawberry.field(description="The answer.")


@strawberry.type(description="The answer, removed by an operator.")
class TakeDownAnswerPayload:
    answer: Answer = strawberry.field(description="The answer.")


@strawberry.type(description="The answer, brought back by an operator.")
class RestoreAnswerPayload:
    answer: Answer = strawberry.field(description="The answer.")


@strawberry.type(description="The answer, found helpful.")
class VoteForAnswerPayload:
    answer: Answer = strawberry.field(description="The answer.")


@strawberry.type(description="The answer, without your vote.")
class UnvoteForAnswerPayload:
    answer: Answer = strawberry.field(description="The answer.")


AnswerQuestionResult = Annotated[AnswerQuestionPayload | Refused, result("AnswerQuestionResult", "The new answer")]
EditAnswerResult = Annotated[EditAnswerPayload | Refused, result("EditAnswerResult", "The edited answer")]
WithdrawAnswerResult = Annotated[
    WithdrawAnswerPayload | Refused, result("WithdrawAnswerResult", "The withdrawn answer")
]
AcceptAnswerResult = Annotated[AcceptAnswerPayload | Refused, result("AcceptAnswerResult", "The accepted answer")]
UnacceptAnswerResult = Annotated[
    UnacceptAnswerPayload | Refused, result("UnacceptAnswerResult", "The answer that is no longer accepted")
]
TakeDownAnswerResult = Annotated[TakeDownAnswerPayload | Refused, result("TakeDownAnswerResult", "The removed answer")]
RestoreAnswerResult = Annotated[RestoreAnswerPayload | Refused, result("RestoreAnswerResult", "The restored answer")]
VoteForAnswerResult = Annotated[
    VoteForAnswerPayload | Refused, result("VoteForAnswerResult", "The answer with your vote")
]
UnvoteForAnswerResult = Annotated[
    UnvoteForAnswerPayload | Refused, result("UnvoteForAnswerResult", "The answer without your vote")
]


@strawberry.input(description="Which question to answer, as whom, and what to say.")
class AnswerQuestionInput:
    content_id: strawberry.ID = ref("Content", "content", "Which question: a content of the format QNA.")
    creator_id: strawberry.ID = ref("Creator", "creator", "As which creator.")
    body: list[BlockInput] | None = given("What to say as blocks, in order: 1 to 500.")
    markdown: str | None = given(
        "What to say as CommonMark with tables, in place of `body`: at most 100,000 characters, without pictures."
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which answer to edit, and what to say instead.")
class EditAnswerInput:
    answer_id: strawberry.ID = ref("Answer", "answer", "Which answer.")
    body: list[BlockInput] | None = given("What to say as blocks, in order: 1 to 500.")
    markdown: str | None = given(
        "What to say as CommonMark with tables, in place of `body`: at most 100,000 characters, without pictures."
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which answer to take back.")
class WithdrawAnswerInput:
    answer_id: strawberry.ID = ref("Answer", "answer", "Which answer.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which answer to accept.")
class AcceptAnswerInput:
    answer_id: strawberry.ID = ref("Answer", "answer", "Which answer.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which answer to accept no longer.")
class UnacceptAnswerInput:
    answer_id: strawberry.ID = ref("Answer", "answer", "Which answer.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which answer to remove.")
class TakeDownAnswerInput:
    answer_id: strawberry.ID = ref("Answer", "answer", "Which answer.")
    reason: str = needed("Why: 1 to 1,000 characters. Whoever gave it reads it.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which answer to bring back.")
class RestoreAnswerInput:
    answer_id: strawberry.ID = ref("Answer", "answer", "Which answer.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which answer to vote for.")
class VoteForAnswerInput:
    answer_id: strawberry.ID = ref("Answer", "answer", "Which answer.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which answer to vote for no longer.")
class UnvoteForAnswerInput:
    answer_id: strawberry.ID = ref("Answer", "answer", "Which answer.")
    idempotency_key: str | None = idempotency()


@strawberry.type
class AnswerMutation:
    @strawberry.mutation(
        description="Answer a published question as a creator. Readers see it at once.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def answer_question(
        self,
        info: Info,
        input: Sent[AnswerQuestionInput],
    ) -> AnswerQuestionResult:
        context, caller, reading = info.context, info.context.caller, Reading()
        question = reading.take(uid_of, input.content_id, "Content", "content_id")
        creator = reading.take(uid_of, input.creator_id, "Creator", "creator_id")
        words = await read_words(input)
        reading.note_problems(words.problems)
        if question is None or creator is None or reading.errors:
            raise await reading.refusal(
                context, lambda session: answers.against_giving(session, caller, question, creator, words.named)
            )
        done = await change(info, input, "answer", answers.give, question, creator, words.body, clock=context.clock)
        return AnswerQuestionPayload(**done)

    @strawberry.mutation(
        description="Say an answer anew, whole. Votes and acceptance stay; readers see when it was edited.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def edit_answer(
        self,
        info: Info,
        input: Sent[EditAnswerInput],
    ) -> EditAnswerResult:
        context, caller, reading = info.context, info.context.caller, Reading()
        uid = reading.take(uid_of, input.answer_id, "Answer", "answer_id")
        words = await read_words(input)
        reading.note_problems(words.problems)
        if uid is None or reading.errors:
            raise await reading.refusal(
                context, lambda session: answers.against_editing(session, caller, uid, words.named)
            )
        done = await change(info, input, "answer", answers.edit, uid, words.body, clock=context.clock)
        return EditAnswerPayload(**done)

    @strawberry.mutation(
        description="Take back an answer of your own; it is then no longer the accepted one.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def withdraw_answer(
        self,
        info: Info,
        input: Sent[WithdrawAnswerInput],
    ) -> WithdrawAnswerResult:
        uid = uid_of(input.answer_id, "Answer", "answer_id")
        done = await change(info, input, "answer", answers.withdraw, uid, clock=info.context.clock)
        return WithdrawAnswerPayload(**done)

    @strawberry.mutation(
        description="Take an answer to your own question as the one; another that was accepted before no longer is.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def accept_answer(
        self,
        info: Info,
        input: Sent[AcceptAnswerInput],
    ) -> AcceptAnswerResult:
        uid = uid_of(input.answer_id, "Answer", "answer_id")
        done = await change(info, input, "answer", answers.accept, uid, clock=info.context.clock)
        return AcceptAnswerPayload(**done)

    @strawberry.mutation(
        description="No longer take an answer as the one. Doing it again changes nothing.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def unaccept_answer(
        self,
        info: Info,
        input: Sent[UnacceptAnswerInput],
    ) -> UnacceptAnswerResult:
        uid = uid_of(input.answer_id, "Answer", "answer_id")
        done = await change(info, input, "answer", answers.unaccept, uid, clock=info.context.clock)
        return UnacceptAnswerPayload(**done)

    @strawberry.mutation(
        description="For operators: remove an answer from view.",
        extensions=[OPERATORS],
    )
    async def take_down_answer(
        self,
        info: Info,
        input: Sent[TakeDownAnswerInput],
    ) -> TakeDownAnswerResult:
        uid, why = subject(input.answer_id, "Answer", input.reason)
        done = await change(info, input, "answer", answers.take_down, uid, reason=why, clock=info.context.clock)
        return TakeDownAnswerPayload(**done)

    @strawberry.mutation(
        description="For operators: bring back an answer that was taken down.",
        extensions=[OPERATORS],
    )
    async def restore_answer(
        self,
        info: Info,
        input: Sent[RestoreAnswerInput],
    ) -> RestoreAnswerResult:
        uid = uid_of(input.answer_id, "Answer", "answer_id")
        done = await change(info, input, "answer", answers.restore, uid, clock=info.context.clock)
        return RestoreAnswerPayload(**done)

    @strawberry.mutation(
        description="Find an answer helpful. Doing it again changes nothing.",
        extensions=[needs(Scope.ENGAGEMENT_WRITE)],
    )
    async def vote_for_answer(
        self,
        info: Info,
        input: Sent[VoteForAnswerInput],
    ) -> VoteForAnswerResult:
        uid = uid_of(input.answer_id, "Answer", "answer_id")
        done = await change(info, input, "answer", answers.vote, uid, clock=info.context.clock)
        return VoteForAnswerPayload(**done)

    @strawberry.mutation(
        description="Take your vote for an answer back. Doing it again changes nothing.",
        extensions=[needs(Scope.ENGAGEMENT_WRITE)],
    )
    async def unvote_for_answer(
        self,
        info: Info,
        input: Sent[UnvoteForAnswerInput],
    ) -> UnvoteForAnswerResult:
        uid = uid_of(input.answer_id, "Answer", "answer_id")
        done = await change(info, input, "answer", answers.unvote, uid)
        return UnvoteForAnswerPayload(**done)
