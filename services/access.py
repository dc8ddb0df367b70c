"""The one place that says what a caller may see or change: GraphQL, feeds, search and previews all pass here."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload

import models
from core.caller import Caller, Scope
from core.errors import Forbidden, NotFound


class NoSuchContent(NotFound):
    code = "NO_SUCH_CONTENT"


class NoSuchCreator(NotFound):
    code = "NO_SUCH_CREATOR"


class MissingScope(Forbidden):
    """The credentials are good, but not for this."""

    code = "MISSING_SCOPE"


def require(caller: Caller, scope: Scope) -> None:
    if not caller.has(scope):
        raise MissingScope(f"This needs a key with the scope {scope.value}; ask an operator for one.")


# what a key must allow, one of them, for its holder to see what is not published: a key without a scope sees what strangers do
WRITING = (Scope.CONTENT_WRITE, Scope.CONTENT_PUBLISH, Scope.CREATOR_WRITE)
TENDING = (*WRITING, Scope.ENGAGEMENT_WRITE)


def has_any(caller: Caller, scopes: tuple[Scope, ...]) -> bool:
    return any(caller.has(scope) for scope in scopes)


def tended_creators(caller: Caller, scopes: tuple[Scope, ...] = WRITING) -> frozenset[int]:
    """The creators of whom this caller may see more than everybody: those that it acts for, with a key that may do so."""
    return caller.creator_ids if has_any(caller, scopes) else frozenset()


def tended_organisations(caller: Caller) -> frozenset[int]:
    """The organisations that this caller may look into, with a key for organisations or for what they decide on."""
    return caller.organisation_ids if has_any(caller, (Scope.ORGANISATION_WRITE, *WRITING)) else frozenset()


def hidden_creators() -> ColumnElement[list[int]]:
    """The ids of creators who are suspended or erased: few, read once a statement by a partial index."""
    gone = or_(models.Creator.suspended_at.is_not(None), models.Creator.erased_at.is_not(None))
    return func.array(select(models.Creator.id).where(gone).scalar_subquery())


def public_contents() -> ColumnElement[bool]:
    """What everybody may see: live, and not of a hidden creator. The visibility predicate of the whole product."""
    return and_(models.Content.is_live, models.Content.creator_id != func.all(hidden_creators()))


def contents(caller: Caller) -> ColumnElement[bool]:
    """Contents that this caller may see: the public ones, and its own in any state but erased."""
    if caller.is_operator:
        return true()
    own_ids = tended_creators(caller)
    if not own_ids:
        return public_contents()
    own = models.Content.creator_id.in_(sorted(own_ids))
    return or_(public_contents(), and_(own, models.Content.state != models.ContentState.ERASED))


def drafts(caller: Caller) -> ColumnElement[bool]:
    """Contents of which this caller may see what is not published."""
    if caller.is_operator:
        return true()
    own_ids = tended_creators(caller)
    if not own_ids:
        return false()
    own = models.Content.creator_id.in_(sorted(own_ids))
    return and_(own, models.Content.state != models.ContentState.ERASED)


def accounts(caller: Caller) -> ColumnElement[bool]:
    """Accounts are seen by themselves and by operators."""
    if caller.is_operator:
        return true()
    return models.Account.id == caller.account_id if caller.account_id is not None else false()


def organisations(caller: Caller) -> ColumnElement[bool]:
    return true() if caller.is_operator else models.Organisation.suspended_at.is_(None)


def members(caller: Caller) -> ColumnElement[bool]:
    """Who belongs to an organisation is seen by those who do, and by operators."""
    if caller.is_operator:
        return true()
    return models.OrganisationMember.organisation_id.in_(sorted(tended_organisations(caller)))


def contracts(caller: Caller) -> ColumnElement[bool]:
    """Contracts are the business of both sides, and of operators."""
    if caller.is_operator:
        return true()
    own = sorted(tended_creators(caller, (*WRITING, Scope.ORGANISATION_WRITE)) - caller.contracted_ids)
    return or_(
        models.Contract.organisation_id.in_(sorted(tended_organisations(caller))), models.Contract.creator_id.in_(own)
    )


def api_keys(caller: Caller) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    is_known = caller.account_id is not None and caller.has(Scope.ACCOUNT_WRITE)
    return models.ApiKey.account_id == caller.account_id if is_known else false()


def revisions(caller: Caller) -> ColumnElement[bool]:
    """Versions of contents, of which this caller may see what is not published."""
    if caller.is_operator:
        return true()
    return models.Revision.content_id.in_(select(models.Content.id).where(drafts(caller)))


def may_edit(caller: Caller, creator_id: int) -> bool:
    return caller.is_operator or creator_id in caller.creator_ids


def may_look_into(caller: Caller, creator_id: int, scopes: tuple[Scope, ...] = WRITING) -> bool:
    """Whether it sees of this creator what is not published."""
    return caller.is_operator or creator_id in tended_creators(caller, scopes)


def creators(caller: Caller) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    own_ids = tended_creators(caller)
    shown = and_(models.Creator.suspended_at.is_(None), models.Creator.erased_at.is_(None))
    return or_(shown, models.Creator.id.in_(sorted(own_ids))) if own_ids else shown


def answers(caller: Caller) -> ColumnElement[bool]:
    """Answers to questions that this caller may see: the public ones, and its own in any state but erased."""
    if caller.is_operator:
        return true()
    answer, own_ids = models.Answer, tended_creators(caller, TENDING)
    public = and_(answer.state == models.AnswerState.VISIBLE, answer.creator_id != func.all(hidden_creators()))
    own = and_(answer.creator_id.in_(sorted(own_ids)), answer.state != models.AnswerState.ERASED)
    return and_(or_(public, own) if own_ids else public, _in_seen_content(caller, answer))


def submissions(caller: Caller) -> ColumnElement[bool]:
    """Submissions are their creator's business, the operators', and once delivered that of the channel's integration."""
    if caller.is_operator:
        return true()
    one = models.Submission
    seen: list[ColumnElement[bool]] = []
    if own_ids := tended_creators(caller):
        own = select(models.Content.id).where(models.Content.creator_id.in_(sorted(own_ids)))
        seen.append(one.content_id.in_(own))
    if caller.channel_ids and caller.has(Scope.DELIVERY_WRITE):
        delivered = or_(one.state.in_(models.DELIVERED), one.refusal.is_not(None))
        seen.append(and_(one.channel_id.in_(sorted(caller.channel_ids)), delivered))
    return or_(false(), *seen)


def channels(caller: Caller) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    return or_(models.Channel.is_private.is_(False), models.Channel.id.in_(sorted(caller.channel_ids)))


def feeds(caller: Caller) -> ColumnElement[bool]:
    """A private channel's feed needs a key with that channel in its scope; the others are public."""
    if caller.is_operator:
        return true()
    private = select(models.Channel.id).where(models.Channel.is_private.is_(True))
    granted = sorted(caller.channel_ids) if caller.has(Scope.FEED_READ) else []
    return or_(
        models.Feed.channel_id.is_(None), models.Feed.channel_id.not_in(private), models.Feed.channel_id.in_(granted)
    )


async def editable_content(session: AsyncSession, caller: Caller, uid: UUID, *, lock: bool = False) -> models.Content:
    """The content, for a caller who may change it. One that the caller may not even see does not exist for it."""
    statement = select(models.Content).where(models.Content.uid == uid, contents(caller))
    statement = statement.with_for_update() if lock else statement.options(joinedload(models.Content.live_revision))
    content = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    if content is None or content.state is models.ContentState.ERASED:
        raise NoSuchContent("There is no such content, or you may not see it.")
    if not may_edit(caller, content.creator_id):
        raise Forbidden("Only its creator, an organisation under contract, or an operator may change this content.")
    return content


async def editable_creator(session: AsyncSession, caller: Caller, uid: UUID) -> models.Creator:
    """The creator, for a caller who may act as it."""
    statement = select(models.Creator).where(models.Creator.uid == uid, creators(caller))
    creator = (await session.execute(statement)).scalar_one_or_none()
    if creator is None or creator.erased_at is not None:
        raise NoSuchCreator("There is no such creator, or you may not see it.")
    if not may_edit(caller, creator.id):
        raise Forbidden("Only the creator, an organisation under contract, or an operator may do this.")
    return creator


def applications(caller: Caller) -> ColumnElement[bool]:
    """Applications are the business of the account that tends them, with a key for that, and of operators."""
    if caller.is_operator:
        return true()
    is_known = caller.account_id is not None and caller.has(Scope.DOCUMENT_WRITE)
    return models.Application.account_id == caller.account_id if is_known else false()


def trusted_documents(caller: Caller) -> ColumnElement[bool]:
    """The documents of an application, for whoever may see it."""
    if caller.is_operator:
        return true()
    own = select(models.Application.id).where(applications(caller))
    return models.TrustedDocument.application_id.in_(own)


class NoSuchComment(NotFound):
    code = "NO_SUCH_COMMENT"


class NoSuchAnswer(NotFound):
    code = "NO_SUCH_ANSWER"


def engaging_account(caller: Caller) -> int:
    """The account that follows, likes, saves, comments and votes: whoever calls must be one, and may."""
    require(caller, Scope.ENGAGEMENT_WRITE)
    if caller.account_id is None:
        raise Forbidden("Only an account can do this.")
    return caller.account_id


def own_creator_ids(caller: Caller) -> frozenset[int]:
    """The creators that the caller is, without those that it only acts for by contract."""
    return caller.creator_ids - caller.contracted_ids


def shown_account(account_id: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """That what this account said may be shown: it is neither suspended nor erased."""
    account = models.Account
    hidden = or_(account.suspended_at.is_not(None), account.erased_at.is_not(None))
    # the erased grow more with the years: looked up one by one, in an index of the hidden only
    return ~select(account.id).where(account.id == account_id, hidden).correlate_except(account).exists()


def shown_by_itself(comment: type[models.Comment]) -> ColumnElement[bool]:
    return and_(
        comment.state == models.CommentState.VISIBLE,
        shown_account(comment.account_id),
        or_(comment.creator_id.is_(None), comment.creator_id != func.all(hidden_creators())),
    )


def shown_comments() -> ColumnElement[bool]:
    """What everybody may see under a content that they see: neither it nor what it replies to was taken away."""
    above = aliased(models.Comment)
    is_shown = (
        select(above.id).where(above.id == models.Comment.parent_id, shown_by_itself(above)).correlate(models.Comment)
    )
    return and_(shown_by_itself(models.Comment), or_(models.Comment.parent_id.is_(None), is_shown.exists()))


def comments(caller: Caller) -> ColumnElement[bool]:
    """Comments under contents that the caller may see: those that are shown, its own in any state but erased, and those
    that it hid under its own contents, or that others hid there.
    """
    if caller.is_operator:
        return true()
    seen = [shown_comments()]
    comment, content = models.Comment, models.Content
    if caller.account_id is not None and has_any(caller, TENDING):
        own = or_(comment.account_id == caller.account_id, comment.creator_id.in_(sorted(own_creator_ids(caller))))
        seen.append(and_(own, comment.state != models.CommentState.ERASED))
    if own_ids := tended_creators(caller, TENDING):
        theirs = select(content.id).where(content.creator_id.in_(sorted(own_ids)))
        seen.append(and_(comment.state == models.CommentState.HIDDEN, comment.content_id.in_(theirs)))
    return and_(or_(*seen), _in_seen_content(caller, comment))


def comments_in_seen_contents(caller: Caller) -> ColumnElement[bool]:
    """For lists that say themselves which comments stand in them."""
    return true() if caller.is_operator else _in_seen_content(caller, models.Comment)


def _in_seen_content(
    caller: Caller, row: type[models.Answer | models.Comment | models.LiveMessage | models.LivePush]
) -> ColumnElement[bool]:
    content = select(models.Content.id).where(models.Content.id == row.content_id, contents(caller))
    return content.correlate(row).exists()


def follows(caller: Caller) -> ColumnElement[bool]:
    """Who follows a creator is the business of the creator's side, and of operators."""
    if caller.is_operator:
        return true()
    own_ids = tended_creators(caller, TENDING)
    own = models.Follow.creator_id.in_(sorted(own_ids))
    return and_(own, shown_account(models.Follow.account_id)) if own_ids else false()


async def live_content(session: AsyncSession, caller: Caller, uid: UUID, *, lock: bool = False) -> models.Content:
    """A published content, for a caller who may see it: what is no longer, or not yet, shown takes no part in this."""
    statement = select(models.Content).where(models.Content.uid == uid, contents(caller), models.Content.is_live)
    statement = statement.with_for_update() if lock else statement
    content = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    if content is None:
        raise NoSuchContent("There is no such content, or it is not published.")
    return content


async def shown_creator(session: AsyncSession, caller: Caller, uid: UUID) -> models.Creator:
    """A creator who is neither suspended nor erased: the others are unknown, to operators too."""
    creator = models.Creator
    is_shown = and_(creator.suspended_at.is_(None), creator.erased_at.is_(None))
    found = (await session.scalars(select(creator).where(creator.uid == uid, creators(caller), is_shown))).one_or_none()
    if found is None:
        raise NoSuchCreator("There is no such creator, or you may not see it.")
    return found


def homepages(caller: Caller) -> ColumnElement[bool]:
    """Versions of homepages: the live ones of creators who are shown, and all of the pages that the caller tends."""
    if caller.is_operator:
        return true()
    version, page = models.HomepageVersion, models.Homepage
    shown = select(page.id).join(models.Creator, models.Creator.id == page.creator_id).where(creators(caller))
    live = and_(version.state == models.HomepageState.LIVE, version.homepage_id.in_(shown))
    own_ids = tended_creators(caller)
    if not own_ids:
        return live
    return or_(live, version.homepage_id.in_(select(page.id).where(page.creator_id.in_(sorted(own_ids)))))


class NoSuchMessage(NotFound):
    code = "NO_SUCH_MESSAGE"


def shown_messages() -> ColumnElement[bool]:
    """What everybody in a live room may read."""
    message = models.LiveMessage
    return and_(
        message.state == models.MessageState.VISIBLE,
        shown_account(message.account_id),
        or_(message.creator_id.is_(None), message.creator_id != func.all(hidden_creators())),
    )


def live_messages(caller: Caller) -> ColumnElement[bool]:
    """Messages in live rooms that the caller may see: those that are shown, its own in any state but erased, and those
    that were hidden in its own rooms.
    """
    if caller.is_operator:
        return true()
    message, content = models.LiveMessage, models.Content
    seen = [shown_messages()]
    if caller.account_id is not None and has_any(caller, TENDING):
        seen.append(and_(message.account_id == caller.account_id, message.state != models.MessageState.ERASED))
    if own_ids := tended_creators(caller, TENDING):
        theirs = select(content.id).where(content.creator_id.in_(sorted(own_ids)))
        seen.append(and_(message.state == models.MessageState.HIDDEN, message.content_id.in_(theirs)))
    return and_(or_(*seen), _in_seen_content(caller, message))


def live_pushes(caller: Caller) -> ColumnElement[bool]:
    """Whoever sees a live room sees what is pushed in it."""
    return true() if caller.is_operator else _in_seen_content(caller, models.LivePush)


def reviews(caller: Caller) -> ColumnElement[bool]:
    """Reviews are the business of both sides: the organisation's members, and whoever may change the content."""
    if caller.is_operator:
        return true()
    organisation_ids, own_ids = tended_organisations(caller), tended_creators(caller)
    mine = models.Review.organisation_id.in_(sorted(organisation_ids))
    if not own_ids:
        return mine if organisation_ids else false()
    return or_(mine, models.Review.content_id.in_(select(models.Content.id).where(drafts(caller))))


def appeals(caller: Caller) -> ColumnElement[bool]:
    """Appeals against takedowns are the business of the content's side, and of operators."""
    if caller.is_operator:
        return true()
    return models.Appeal.content_id.in_(select(models.Content.id).where(drafts(caller)))


def only_operators(caller: Caller) -> ColumnElement[bool]:
    """What nobody else may see."""
    return true() if caller.is_operator else false()
