"""Comments under contents, the replies to them, and the mutations."""

import enum
from datetime import datetime
from typing import Annotated, Any

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.context import Info
from api.graphql.fields import column, one, page
from api.graphql.ids import identity, uid_of
from api.graphql.inputs import Sent, idempotency, needed, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.nodes import Node, findable
from api.graphql.permissions import OPERATORS, needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.reasons import subject
from api.graphql.rows import shows
from api.graphql.words import BigInt, described
from core.caller import Caller, Scope
from core.errors import together
from services import access, comments, contents, creators, names


class CommentOrder(enum.StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"


class ReplyOrder(enum.StrEnum):
    OLDEST = "oldest"
    NEWEST = "newest"


_ORDERS = {"NEWEST": "The latest written first.", "OLDEST": "The earliest written first."}
described(CommentOrder, "The order of comments.", _ORDERS)
described(ReplyOrder, "The order of replies.", _ORDERS)
described(
    models.CommentState,
    "Whether a comment is shown.",
    {
        "VISIBLE": "Everybody who sees the content sees it, unless its author or what it replies to is hidden.",
        "WITHDRAWN": "Whoever wrote it took it back.",
        "HIDDEN": "The creator of the content took it from view.",
        "TAKEN_DOWN": "An operator removed it.",
        "ERASED": "Its words are gone for good.",
    },
)


@strawberry.type(description="Who speaks in a comment: a creator, or a reader under the name of their account.")
class CommentAuthor:
    row: strawberry.Private[models.Comment]

    creator: refs.CreatorRef | None = one(
        creators.by_ids, key="creator_id", description="The creator who speaks; null if it is a reader."
    )

    @strawberry.field(description="What they call themselves; null for a reader without a public name.")
    async def name(self, info: Info) -> str | None:
        if self.row.creator_id is None:
            return names.public(self.row.account.name)
        found = await info.context.load(creators.by_ids, self.row.creator_id)
        return None if found is None else found.name


@shows(models.Comment)
@strawberry.type(description="What somebody says under a content, or in reply to that. Replies are one level deep.")
class Comment(Node):
    row: strawberry.Private[models.Comment]

    id: strawberry.ID = identity("Comment")
    text: str = column("text", description="What is said: plain text, line breaks and all. Empty when it was erased.")
    state: models.CommentState = column("state", description="Whether it is shown; always VISIBLE for strangers.")
    state_reason: str | None = column(
        "state_because",
        description="Why it was taken down; null if it was not. Only its author and operators then see it at all.",
    )
    created_at: datetime = column("created_at", description="When it was written.")
    content: refs.ContentRef | None = one(
        contents.by_ids, key="content_id", description="Under which content it stands."
    )
    replies_count: BigInt = column("replies_count", description="How many replies to it are shown.")
    parent: "Comment | None" = one(
        comments.by_ids, key="parent_id", description="What it replies to; null if it is no reply."
    )
    replies: paging.Connection["Comment"] = page(
        comments.replies_of, key="id", orders=ReplyOrder, description="The replies to it; a reply has none."
    )

    @strawberry.field(description="Who says it.")
    def author(self) -> CommentAuthor:
        return CommentAuthor(row=self.row)

    @strawberry.field(description="Whether you wrote it, and so may withdraw it; null without a key.")
    def is_by_viewer(self, info: Info) -> bool | None:
        caller = info.context.caller
        return None if caller.account_id is None else comments.is_own(caller, self.row)


findable("Comment", comments.by_uids)
answers_with(models.Comment, comments.by_ids)


def _may_edit(content: Any, caller: Caller) -> bool:
    return access.may_look_into(caller, content.row.creator_id, access.TENDING)


@strawberry.type
class CommentedContent:
    """What a content has of comments."""

    hidden_comments: paging.Connection[Comment] | None = page(
        comments.hidden_of,
        key="id",
        only_if=_may_edit,
        description="The comments and replies that its creator hid, the latest first; null for those who may not change it.",
    )
    # last: from here on the name is that of the field
    comments: paging.Connection[Comment] = page(
        comments.of_contents,
        key="id",
        orders=CommentOrder,
        description="What is said about it, without the replies: those stand under what they reply to.",
    )


@strawberry.type(description="The comment that was made.")
class AddCommentPayload:
    comment: Comment = strawberry.field(description="The new comment.")


@strawberry.type(description="The comment, taken back.")
class WithdrawCommentPayload:
    comment: Comment = strawberry.field(description="The comment.")


@strawberry.type(description="The comment, hidden.")
class HideCommentPayload:
    comment: Comment = strawberry.field(description="The comment.")


@strawberry.type(description="The comment, shown again.")
class ShowCommentPayload:
    comment: Comment = strawberry.field(description="The comment.")


@strawberry.type(description="The comment, removed by an operator.")
class TakeDownCommentPayload:
    comment: Comment = strawberry.field(description="The comment.")


@strawberry.type(description="The comment, brought back by an operator.")
class RestoreCommentPayload:
    comment: Comment = strawberry.field(description="The comment.")


AddCommentResult = Annotated[AddCommentPayload | Refused, result("AddCommentResult", "The new comment")]
WithdrawCommentResult = Annotated[
    WithdrawCommentPayload | Refused, result("WithdrawCommentResult", "The withdrawn comment")
]
HideCommentResult = Annotated[HideCommentPayload | Refused, result("HideCommentResult", "The hidden comment")]
ShowCommentResult = Annotated[
    ShowCommentPayload | Refused, result("ShowCommentResult", "The comment that is shown again")
]
TakeDownCommentResult = Annotated[
    TakeDownCommentPayload | Refused, result("TakeDownCommentResult", "The removed comment")
]
RestoreCommentResult = Annotated[
    RestoreCommentPayload | Refused, result("RestoreCommentResult", "The restored comment")
]


@strawberry.input(description="What to say, and where.")
class AddCommentInput:
    content_id: strawberry.ID = ref("Content", "content", "Under which content.")
    text: str = needed("What to say: 1 to 2,000 characters.")
    parent_id: strawberry.ID | None = ref(
        "Comment", "parent", "The comment to reply to; it is no reply itself.", optional=True
    )
    as_creator_id: strawberry.ID | None = ref(
        "Creator", "creator", "As which creator; as yourself without it.", optional=True
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which comment to take back.")
class WithdrawCommentInput:
    comment_id: strawberry.ID = ref("Comment", "comment", "Which comment.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which comment to hide.")
class HideCommentInput:
    comment_id: strawberry.ID = ref("Comment", "comment", "Which comment.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which comment to show again.")
class ShowCommentInput:
    comment_id: strawberry.ID = ref("Comment", "comment", "Which comment.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which comment to remove.")
class TakeDownCommentInput:
    comment_id: strawberry.ID = ref("Comment", "comment", "Which comment.")
    reason: str = needed("Why: 1 to 1,000 characters. Whoever wrote it reads it.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which comment to bring back.")
class RestoreCommentInput:
    comment_id: strawberry.ID = ref("Comment", "comment", "Which comment.")
    idempotency_key: str | None = idempotency()


@strawberry.type
class CommentMutation:
    @strawberry.mutation(
        description="Say something under a published content, as yourself or as a creator; or reply to a comment there.",
        extensions=[needs(Scope.ENGAGEMENT_WRITE)],
    )
    async def add_comment(
        self,
        info: Info,
        input: Sent[AddCommentInput],
    ) -> AddCommentResult:
        reading = Reading()
        content = reading.take(uid_of, input.content_id, "Content", "content_id")
        parent = reading.take(uid_of, input.parent_id, "Comment", "parent_id") if input.parent_id else None
        creator = reading.take(uid_of, input.as_creator_id, "Creator", "as_creator_id") if input.as_creator_id else None
        said = reading.take(comments.checked, input.text)
        if content is None or said is None or reading.errors:
            raise together(reading.errors)
        named = {"parent": parent, "as_creator": creator}
        done = await change(info, input, "comment", comments.add, content, said, clock=info.context.clock, **named)
        return AddCommentPayload(**done)

    @strawberry.mutation(
        description="Take back a comment of your own: nobody sees it, or the replies to it, from now on.",
        extensions=[needs(Scope.ENGAGEMENT_WRITE)],
    )
    async def withdraw_comment(
        self,
        info: Info,
        input: Sent[WithdrawCommentInput],
    ) -> WithdrawCommentResult:
        uid = uid_of(input.comment_id, "Comment", "comment_id")
        done = await change(info, input, "comment", comments.withdraw, uid, clock=info.context.clock)
        return WithdrawCommentPayload(**done)

    @strawberry.mutation(
        description="Hide a comment under your own content, with the replies to it.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def hide_comment(
        self,
        info: Info,
        input: Sent[HideCommentInput],
    ) -> HideCommentResult:
        uid = uid_of(input.comment_id, "Comment", "comment_id")
        done = await change(info, input, "comment", comments.hide, uid, clock=info.context.clock)
        return HideCommentPayload(**done)

    @strawberry.mutation(
        description="Show a comment again that was hidden under your own content.",
        extensions=[needs(Scope.CONTENT_PUBLISH)],
    )
    async def show_comment(
        self,
        info: Info,
        input: Sent[ShowCommentInput],
    ) -> ShowCommentResult:
        uid = uid_of(input.comment_id, "Comment", "comment_id")
        done = await change(info, input, "comment", comments.show, uid, clock=info.context.clock)
        return ShowCommentPayload(**done)

    @strawberry.mutation(
        description="For operators: remove a comment from view, with the replies to it.",
        extensions=[OPERATORS],
    )
    async def take_down_comment(
        self,
        info: Info,
        input: Sent[TakeDownCommentInput],
    ) -> TakeDownCommentResult:
        uid, why = subject(input.comment_id, "Comment", input.reason)
        done = await change(info, input, "comment", comments.take_down, uid, reason=why, clock=info.context.clock)
        return TakeDownCommentPayload(**done)

    @strawberry.mutation(
        description="For operators: bring back a comment that was taken down, to what it was before.",
        extensions=[OPERATORS],
    )
    async def restore_comment(
        self,
        info: Info,
        input: Sent[RestoreCommentInput],
    ) -> RestoreCommentResult:
        uid = uid_of(input.comment_id, "Comment", "comment_id")
        done = await change(info, input, "comment", comments.restore, uid, clock=info.context.clock)
        return RestoreCommentPayload(**done)
