"""Reviews: an author asks, the organisation approves or returns, the author may take it back; and the lists of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, DomainError, Forbidden, NotFound, together
from core.reads import OneRead, Order, PageRead
from models import OrganisationRole, ReviewState, RevisionState
from services import access, asset_binding, audit, completeness, consent, publishing, revisions, scheduling, stamps

DECIDING = (OrganisationRole.OWNER, OrganisationRole.MANAGER)
"""The roles that decide for an organisation what goes out."""

by_ids = OneRead(models.Review, models.Review.id, access.reviews)
by_uids = OneRead(models.Review, models.Review.uid, access.reviews)
of_revisions = OneRead(models.Review, models.Review.revision_id, access.reviews)
newest = Order("newest", (models.Review.id,))
of_organisations = PageRead(
    "reviews.of_organisations",
    models.Review,
    match=lambda key: models.Review.organisation_id == key,
    key_type=BigInteger(),
    visible=access.reviews,
    orders=(newest,),
)
of_contents = PageRead(
    "reviews.of_contents",
    models.Review,
    match=lambda key: models.Review.content_id == key,
    key_type=BigInteger(),
    visible=access.reviews,
    orders=(newest,),
)


class NoSuchReview(NotFound):
    code = "NO_SUCH_REVIEW"


class NotReviewed(Conflict):
    """No organisation demands to see what this creator publishes."""

    code = "NOT_REVIEWED"


class ReviewOver(Conflict):
    """Somebody decided it, or took it back, before."""

    code = "REVIEW_OVER"


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Only reviews in one of these states; empty means all."""

    states: tuple[ReviewState, ...] = ()

    @property
    def text(self) -> str:
        return ",".join(sorted(self.states))

    async def condition(self, _session: AsyncSession, _caller: Caller) -> ColumnElement[bool]:
        return models.Review.state.in_(self.states or tuple(ReviewState))


async def submit(
    session: AsyncSession,
    caller: Caller,
    content_uid: UUID,
    *,
    publishes: bool = False,
    channels: Sequence[str] | None = None,
    expected_revision: str | None = None,
    clock: Clock,
) -> models.Review:
    """Seal the draft of a content and ask the creator's organisation for its consent. A new draft can be written beside it.

    With `publishes` it goes out as soon as it is approved, to `channels` as in publishing.publish; else somebody publishes
    or schedules it then.
    """
    access.require(caller, Scope.CONTENT_PUBLISH if publishes else Scope.CONTENT_WRITE)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    named, errors = await publishing.named_channels(session, caller, channels)
    organisation = await consent.demanded_by(session, content.creator_id, clock.now().date())
    if organisation is None:
        errors.append(NotReviewed("No organisation reviews what this creator publishes: publish it."))
    draft = await _draft(session, content, expected_revision, errors)
    if draft is not None:
        errors.extend(completeness.missing(content, draft))
        errors.extend(await asset_binding.expired_in(session, draft))
    if errors or draft is None or organisation is None:
        raise together(errors)
    draft.state, draft.sealed_at = RevisionState.IN_REVIEW, clock.now()
    scheduling.wait_for(content, draft)
    review = models.Review(
        organisation_id=organisation.id,
        content_id=content.id,
        revision_id=draft.id,
        asked_by_id=caller.account_id,
        publishes=publishes,
        channel_ids=named if publishes else None,
        created_at=clock.now(),
    )
    session.add(review)
    await session.flush()
    audit.record(session, caller, "review.asked", review, number=draft.number)
    await session.flush()
    return review


async def approve(
    session: AsyncSession, caller: Caller, review_uid: UUID, *, note: str | None = None, clock: Clock
) -> models.Review:
    """Consent, for the organisation: the revision may go out, and does at once where the author asked for that."""
    review, content = await _deciding(session, caller, review_uid, clock)
    _decide(review, ReviewState.APPROVED, caller, note, clock)
    await session.flush()
    audit.record(session, caller, "review.approved", review)
    if review.publishes:
        publishing.refuse_hidden(content)
        revision = await session.get_one(models.Revision, review.revision_id)
        await publishing.show(session, caller, content, revision, review.channel_ids, clock)
        audit.record(session, caller, "content.published", content, review=str(review.uid))
    await session.flush()
    return review


async def send_back(
    session: AsyncSession, caller: Caller, review_uid: UUID, *, note: str, clock: Clock
) -> models.Review:
    """Return it to the author with a note. Its words become the draft again, unless there is a newer one."""
    review, content = await _deciding(session, caller, review_uid, clock)
    _decide(review, ReviewState.RETURNED, caller, note, clock)
    await revisions.drop(session, content, await session.get_one(models.Revision, review.revision_id), clock)
    audit.record(session, caller, "review.returned", review)
    await session.flush()
    return review


async def cancel(session: AsyncSession, caller: Caller, review_uid: UUID, *, clock: Clock) -> models.Review:
    """Take a request back, also one that was approved and has not gone out: its words become the draft again."""
    access.require(caller, Scope.CONTENT_WRITE)
    review, content = await _locked(session, caller, review_uid)
    if not access.may_edit(caller, content.creator_id):
        raise Forbidden("Only its creator, an organisation under contract, or an operator may take this back.")
    revision = await session.get_one(models.Revision, review.revision_id, populate_existing=True)
    if revision.state is not RevisionState.IN_REVIEW:
        raise _over(review)
    review.state, review.decided_at, review.decided_by_id = ReviewState.CANCELLED, clock.now(), caller.account_id
    await revisions.drop(session, content, revision, clock)
    audit.record(session, caller, "review.cancelled", review)
    await session.flush()
    return review


async def _draft(
    session: AsyncSession, content: models.Content, expected: str | None, errors: list[DomainError]
) -> models.Revision | None:
    """The draft to seal; what stands against that is added to the errors."""
    try:
        publishing.refuse_hidden(content)
        scheduling.refuse_second(await consent.waiting_revision(session, content), None)
    except DomainError as error:
        errors.append(error)
    if content.draft_revision_id is None:
        errors.append(publishing.NothingToPublish("This content has no draft to review: write one first."))
        return None
    draft = await session.get_one(models.Revision, content.draft_revision_id, populate_existing=True)
    if expected is not None and stamps.differs(draft, expected):
        errors.append(stamps.StaleRevision(draft))
    return draft


async def _deciding(
    session: AsyncSession, caller: Caller, uid: UUID, clock: Clock
) -> tuple[models.Review, models.Content]:
    """A review that waits, with its content, both locked, for a caller who decides for its organisation."""
    access.require(caller, Scope.ORGANISATION_WRITE)
    review, content = await _locked(session, caller, uid)
    if not caller.is_operator:
        await _require_decider(session, caller, review, content, clock)
    if review.state is not ReviewState.WAITING:
        raise _over(review)
    return review, content


async def _locked(session: AsyncSession, caller: Caller, uid: UUID) -> tuple[models.Review, models.Content]:
    """The content first, as everybody who changes one locks it: of two who decide at once the second sees the first."""
    found = (await by_uids(session, caller, [uid])).get(uid)
    if found is None:
        raise NoSuchReview("There is no such review, or you may not see it.")
    statement = select(models.Content).where(models.Content.id == found.content_id).with_for_update()
    content = (await session.scalars(statement.execution_options(populate_existing=True))).one()
    await session.refresh(found, with_for_update=True)
    return found, content


async def _require_decider(
    session: AsyncSession, caller: Caller, review: models.Review, content: models.Content, clock: Clock
) -> None:
    member, contract, today = models.OrganisationMember, models.Contract, clock.now().date()
    decides = select(member.id).where(
        member.account_id == caller.account_id,
        member.organisation_id == review.organisation_id,
        member.role.in_(DECIDING),
        member.period.op("@>")(today),
    )
    if review.organisation_id not in caller.organisation_ids or await session.scalar(decides) is None:
        raise Forbidden("Only an owner or a manager of the organisation may decide this.")
    under_contract = select(contract.id).where(
        contract.organisation_id == review.organisation_id,
        contract.creator_id == content.creator_id,
        contract.period.op("@>")(today),
    )
    if await session.scalar(under_contract) is None:
        raise Forbidden("The creator is no longer under contract with the organisation.")


def _decide(review: models.Review, state: ReviewState, caller: Caller, note: str | None, clock: Clock) -> None:
    review.state, review.note = state, note
    review.decided_by_id, review.decided_at = caller.account_id, clock.now()


def _over(review: models.Review) -> ReviewOver:
    return ReviewOver(f"This review is over: it was {review.state.value.lower()}.")
