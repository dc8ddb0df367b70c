"""Answers to questions: given by creators, edited, withdrawn, taken down, accepted by the asker, voted for by readers.

Whatever changes what is shown of a question locks the question first, then the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, DomainError, Forbidden, Invalid, Problem, together
from core.reads import OneRead, any_of
from models import AnswerState, blocks
from services import access, asset_binding, audit, bodies, publishing, references
from services.comments import NotTakenDown
from services.following import OwnCreator

MOST_BLOCKS = 500
Body = tuple[blocks.Block, ...]


class Words(BaseModel):
    """What an answer says; assets and products by uid."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    body: Annotated[Body, Field(min_length=1, max_length=MOST_BLOCKS)]


by_ids = OneRead(models.Answer, models.Answer.id, access.answers)
by_uids = OneRead(models.Answer, models.Answer.uid, access.answers)
accepted_of = OneRead(
    models.Answer,
    models.Answer.content_id,
    lambda caller: and_(access.answers(caller), models.Answer.is_accepted, models.Answer.state == AnswerState.VISIBLE),
)


class NotAQuestion(Invalid):
    """Only contents of the format QNA are answered."""

    code = "NOT_A_QUESTION"


class AnswerNotShown(Conflict):
    """It was withdrawn or taken down already."""

    code = "ANSWER_NOT_SHOWN"


async def voted(session: AsyncSession, caller: Caller, answer_ids: Sequence[int]) -> dict[int, bool]:
    """Those of the answers that the caller found helpful."""
    vote = models.AnswerVote
    statement = select(vote.answer_id).where(vote.account_id == caller.account_id, vote.answer_id == any_of(answer_ids))
    return dict.fromkeys(await session.scalars(statement), True)


async def give(
    session: AsyncSession, caller: Caller, content_uid: UUID, creator_uid: UUID, body: Body, *, clock: Clock
) -> models.Answer:
    """Answer a published question as a creator. Refused with everything that stands against it at once."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    creator = await access.editable_creator(session, caller, creator_uid)
    question, errors = await _question(session, caller, content_uid, lock=True)
    errors.extend(await _against(session, creator.id, body))
    if question is None or errors:
        raise together(errors)
    answer = models.Answer(
        content_id=question.id,
        creator_id=creator.id,
        body=blocks.dump(body),
        published_at=clock.now(),
        created_at=clock.now(),
    )
    session.add(answer)
    await session.flush()
    await _recorded(session, caller, "answer.given", question, answer, clock)
    return answer


async def edit(session: AsyncSession, caller: Caller, answer_uid: UUID, body: Body, *, clock: Clock) -> models.Answer:
    """Say it anew; readers see that it was edited, and when. Votes and acceptance stay."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    question, answer = await _own(session, caller, answer_uid)
    errors = await _against(session, answer.creator_id, body, kept=asset_binding.in_answer(answer))
    if errors:
        raise together(errors)
    answer.body, answer.edited_at = blocks.dump(body), clock.now()
    await _recorded(session, caller, "answer.edited", question, answer, clock)
    return answer


async def withdraw(session: AsyncSession, caller: Caller, answer_uid: UUID, *, clock: Clock) -> models.Answer:
    """Whoever gave an answer takes it back; it is then no longer the accepted one."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    question, answer = await _own(session, caller, answer_uid)
    answer.state, answer.is_accepted = AnswerState.WITHDRAWN, False
    await _recorded(session, caller, "answer.withdrawn", question, answer, clock)
    return answer


async def take_down(
    session: AsyncSession, caller: Caller, answer_uid: UUID, *, reason: str, clock: Clock
) -> models.Answer:
    """An operator removes an answer from view; whoever gave it reads why."""
    access.require(caller, Scope.OPERATE)
    question, answer = await _held(session, caller, answer_uid)
    _must_be_shown(answer)
    answer.state, answer.state_because = AnswerState.TAKEN_DOWN, reason
    await _recorded(session, caller, "answer.taken_down", question, answer, clock, reason)
    return answer


async def restore(session: AsyncSession, caller: Caller, answer_uid: UUID, *, clock: Clock) -> models.Answer:
    """An operator lifts a takedown: the answer is shown again; also as the accepted one, if none was accepted since."""
    access.require(caller, Scope.OPERATE)
    question, answer = await _held(session, caller, answer_uid)
    if answer.state is not AnswerState.TAKEN_DOWN:
        raise NotTakenDown("This answer was not taken down.")
    answer.state, answer.state_because = AnswerState.VISIBLE, None
    await _recorded(session, caller, "answer.restored", question, answer, clock)
    return answer


async def accept(session: AsyncSession, caller: Caller, answer_uid: UUID, *, clock: Clock) -> models.Answer:
    """The asker takes an answer as the one; another that was accepted before no longer is."""
    question, answer = await _asked(session, caller, answer_uid)
    _must_be_shown(answer)
    if not answer.is_accepted:
        await _accept_none(session, question.id)
        answer.is_accepted = True
        await _recorded(session, caller, "answer.accepted", question, answer, clock)
    return answer


async def unaccept(session: AsyncSession, caller: Caller, answer_uid: UUID, *, clock: Clock) -> models.Answer:
    """The asker no longer takes this answer as the one. Doing it again changes nothing."""
    question, answer = await _asked(session, caller, answer_uid)
    if answer.is_accepted:
        answer.is_accepted = False
        await _recorded(session, caller, "answer.unaccepted", question, answer, clock)
    return answer


async def vote(session: AsyncSession, caller: Caller, answer_uid: UUID, *, clock: Clock) -> models.Answer:
    """Find an answer helpful, once. Voting again changes nothing."""
    account_id = access.engaging_account(caller)
    answer = await _seen(session, caller, answer_uid)
    _must_be_shown(answer)
    if answer.creator_id in access.own_creator_ids(caller):
        raise OwnCreator("This is an answer of your own: vote for those of others.")
    values = {"account_id": account_id, "answer_id": answer.id, "voted_at": clock.now()}
    made = insert(models.AnswerVote).values(**values).on_conflict_do_nothing().returning(models.AnswerVote.answer_id)
    if await session.scalar(made) is not None:
        await _counted(session, answer.id, 1)
    return answer


async def unvote(session: AsyncSession, caller: Caller, answer_uid: UUID) -> models.Answer:
    """Take a vote back. Doing it again changes nothing."""
    account_id = access.engaging_account(caller)
    answer = await _seen(session, caller, answer_uid)
    given = models.AnswerVote
    gone = delete(given).where(given.account_id == account_id, given.answer_id == answer.id).returning(given.answer_id)
    if await session.scalar(gone) is not None:
        await _counted(session, answer.id, -1)
    return answer


async def forget_votes(session: AsyncSession, account_ids: Sequence[int]) -> None:
    """Undo all votes of these accounts, for good: part of erasing a person."""
    given = models.AnswerVote
    gone = list(
        await session.scalars(delete(given).where(given.account_id == any_of(account_ids)).returning(given.answer_id))
    )
    # sorted, so that two of these cannot wait for each other
    for answer_id in sorted(set(gone)):
        await _counted(session, answer_id, -gone.count(answer_id))


async def against_giving(
    session: AsyncSession,
    caller: Caller,
    content_uid: UUID | None,
    creator_uid: UUID | None,
    named: references.Named,
) -> list[DomainError]:
    """What would stand against an answer besides what of it could not be read."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    creator_id, errors = None, []
    if creator_uid is not None:
        creator_id = (await access.editable_creator(session, caller, creator_uid)).id
    if content_uid is not None:
        errors.extend((await _question(session, caller, content_uid))[1])
    return [*errors, *(await references.find(session, creator_id, named)).errors]


async def against_editing(
    session: AsyncSession, caller: Caller, answer_uid: UUID | None, named: references.Named
) -> list[DomainError]:
    """What would stand against the new words of an answer besides what of them could not be read."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    if answer_uid is None:
        return list((await references.find(session, None, named)).errors)
    _, answer = await _own(session, caller, answer_uid)
    kept = asset_binding.in_answer(answer)
    return list((await references.find(session, answer.creator_id, named, kept=kept)).errors)


async def _question(
    session: AsyncSession, caller: Caller, uid: UUID, *, lock: bool = False
) -> tuple[models.Content | None, list[DomainError]]:
    """A published question that the caller may see, or why there is none to answer."""
    try:
        question = await access.live_content(session, caller, uid, lock=lock)
    except access.NoSuchContent as error:
        return None, [error]
    if question.format is not models.Format.QNA:
        return None, [NotAQuestion("Only a question can be answered, and this is none.", path=("content",))]
    return question, []


async def _against(
    session: AsyncSession, creator_id: int, body: Body, *, kept: Select[Any] | None = None
) -> list[DomainError]:
    """What stands against these words; places are those of `Words`. `kept` selects what the answer showed before."""
    if not bodies.text(body).strip() and not blocks.asset_uids(body) and not blocks.product_uids(body):
        return [Invalid("Nothing is said.", problems=[Problem("TOO_SHORT", "Write something here.", ("body",))])]
    return list((await references.find(session, creator_id, references.named({"body": body}), kept=kept)).errors)


async def _seen(session: AsyncSession, caller: Caller, uid: UUID) -> models.Answer:
    answer = (await by_uids(session, caller, [uid])).get(uid)
    if answer is None or answer.state is AnswerState.ERASED:
        raise access.NoSuchAnswer("There is no such answer, or you may not see it.")
    return answer


async def _held(session: AsyncSession, caller: Caller, uid: UUID) -> tuple[models.Content, models.Answer]:
    """An answer that the caller may see, with its question: both locked."""
    content_id = (await _seen(session, caller, uid)).content_id
    held = select(models.Content).where(models.Content.id == content_id).with_for_update()
    question = (await session.scalars(held.execution_options(populate_existing=True))).one()
    again = (
        select(models.Answer).where(models.Answer.uid == uid, access.answers(caller)).with_for_update(of=models.Answer)
    )
    answer = (await session.scalars(again.execution_options(populate_existing=True))).one_or_none()
    if answer is None or answer.state is AnswerState.ERASED:
        raise access.NoSuchAnswer("There is no such answer, or you may not see it.")
    return question, answer


async def _own(session: AsyncSession, caller: Caller, uid: UUID) -> tuple[models.Content, models.Answer]:
    """A shown answer of a creator that the caller may act as."""
    question, answer = await _held(session, caller, uid)
    if not access.may_edit(caller, answer.creator_id):
        raise Forbidden("Only whoever gave an answer, an organisation under contract, or an operator may change it.")
    _must_be_shown(answer)
    return question, answer


async def _asked(session: AsyncSession, caller: Caller, uid: UUID) -> tuple[models.Content, models.Answer]:
    """An answer to a question that the caller may change."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    question, answer = await _held(session, caller, uid)
    if not access.may_edit(caller, question.creator_id):
        raise Forbidden("Only whoever asked, an organisation under contract, or an operator may accept an answer.")
    return question, answer


def _must_be_shown(answer: models.Answer) -> None:
    if answer.state is not AnswerState.VISIBLE:
        raise AnswerNotShown("This answer is not shown: it was withdrawn or taken down.")


async def _accept_none(session: AsyncSession, content_id: int) -> None:
    answer = models.Answer
    statement = update(answer).where(answer.content_id == content_id, answer.is_accepted).values(is_accepted=False)
    await session.execute(statement)


async def _recorded(
    session: AsyncSession,
    caller: Caller,
    action: str,
    question: models.Content,
    answer: models.Answer,
    clock: Clock,
    reason: str | None = None,
) -> None:
    """Put on record what was done to an answer, and let the consumers look at the question, of which it is shown."""
    await session.flush()
    await publishing.changed(session, question, clock)
    audit.record(session, caller, action, answer, reason=reason)
    await session.flush()


async def _counted(session: AsyncSession, answer_id: int, step: int) -> None:
    answer = models.Answer
    # an import may have set the count anew in between
    statement = (
        update(answer).where(answer.id == answer_id).values(votes_count=func.greatest(answer.votes_count + step, 0))
    )
    await session.execute(statement.execution_options(synchronize_session=False))
