"""Writing, publishing and taking back contents; and what operators do to contents and creators."""

import re
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graphql import permissions, refs
from api.graphql.contents import Revision
from api.graphql.context import Info
from api.graphql.drafts import read_draft, read_room
from api.graphql.ids import uid_of
from api.graphql.inputs import DraftInput, LiveRoomInput, given, idempotency, needed, ref
from api.graphql.mutations import change
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from core.caller import Scope
from core.errors import Invalid, together
from services import contents, publishing

LONGEST_REASON = 1_000
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class MalformedLanguage(Invalid):
    code = "MALFORMED_LANGUAGE"


class ReasonOutOfRange(Invalid):
    code = "REASON_OUT_OF_RANGE"


@strawberry.type(description="The content with its first draft.")
class CreateContentPayload:
    content: refs.ContentRef = strawberry.field(description="The new content.")


@strawberry.type(description="The content with the draft that was saved.")
class EditContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")
    revision: Revision = strawberry.field(description="The draft: give its `edition` with the next save.")


@strawberry.type(description="The content, published. It reaches its channels within moments.")
class PublishContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


@strawberry.type(description="The content, taken back. Every feed that had it says so within moments.")
class WithdrawContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


@strawberry.type(description="The content, removed by an operator.")
class TakeDownContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


@strawberry.type(description="The content, brought back by an operator.")
class RestoreContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


@strawberry.type(description="The creator, hidden with all of theirs.")
class SuspendCreatorPayload:
    creator: refs.CreatorRef = strawberry.field(description="The creator.")


@strawberry.type(description="The creator, shown again.")
class ReinstateCreatorPayload:
    creator: refs.CreatorRef = strawberry.field(description="The creator.")


def _result(name: str, what: str) -> Any:
    return strawberry.union(name, description=f"{what}, or why it was refused.")


CreateContentResult = Annotated[CreateContentPayload | Refused, _result("CreateContentResult", "The new content")]
EditContentResult = Annotated[EditContentPayload | Refused, _result("EditContentResult", "The saved draft")]
PublishContentResult = Annotated[
    PublishContentPayload | Refused, _result("PublishContentResult", "The published content")
]
WithdrawContentResult = Annotated[
    WithdrawContentPayload | Refused, _result("WithdrawContentResult", "The withdrawn content")
]
TakeDownContentResult = Annotated[
    TakeDownContentPayload | Refused, _result("TakeDownContentResult", "The removed content")
]
RestoreContentResult = Annotated[
    RestoreContentPayload | Refused, _result("RestoreContentResult", "The restored content")
]
SuspendCreatorResult = Annotated[
    SuspendCreatorPayload | Refused, _result("SuspendCreatorResult", "The suspended creator")
]
ReinstateCreatorResult = Annotated[
    ReinstateCreatorPayload | Refused, _result("ReinstateCreatorResult", "The reinstated creator")
]


@strawberry.input(description="A new content and its first draft.")
class CreateContentInput:
    creator_id: strawberry.ID = ref("Creator", "creator", "Whose content it is.")
    language: str = needed("The language it is written in, such as zh or en (BCP 47).")
    draft: DraftInput = needed("What it says.")
    translation_of_id: strawberry.ID | None = ref(
        "Content", "translation_of", "The content that it translates, if it does.", optional=True
    )
    live: LiveRoomInput | None = given("For a live: when it starts.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="A save of a draft.")
class EditContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    expected_edition: int | None = given(
        "The edition of the draft that the author saw; leave it out if there was none."
    )
    draft: DraftInput = needed("What it says now, whole.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which content to publish, and where.")
class PublishContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    channels: list[str] | None = given(
        "Keys of the channel entries to submit it to. Without it: all that take such content from such a creator."
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which content to take back.")
class WithdrawContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    reason: str = needed("Why: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which content to remove.")
class TakeDownContentInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    reason: str = needed("Why: 1 to 1,000 characters. Its author reads it.")
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


def _language(text: str) -> str:
    if not LANGUAGE.fullmatch(text) or len(text) > 35:
        raise MalformedLanguage("Write a language as BCP 47 does, such as zh or en-GB.", path=("language",))
    return text


def _reason(text: str) -> str:
    if not 1 <= len(text.strip()) <= LONGEST_REASON:
        raise ReasonOutOfRange(f"Give a reason of 1 to {LONGEST_REASON} characters.", path=("reason",))
    return text.strip()


def _subject(id_: str, type_name: str, reason: str) -> tuple[UUID, str]:
    """What to take away, and why: both looked at before either is refused."""
    reading = Reading()
    uid = reading.take(uid_of, id_, type_name, f"{type_name.lower()}_id")
    told = reading.take(_reason, reason)
    if uid is None or told is None:
        raise together(reading.errors)
    return uid, told


_Input = "What to do."


@strawberry.type
class WritingMutation:
    @strawberry.mutation(description="Begin a content: it is a draft until it is published.")
    async def create_content(
        self,
        info: Info,
        input: Annotated[CreateContentInput, strawberry.argument(description=_Input)],  # noqa: A002  (the argument's name in the schema)
    ) -> CreateContentResult:
        context, caller = info.context, info.context.caller
        permissions.scope(caller, Scope.CONTENT_WRITE)
        reading = Reading()
        creator = reading.take(uid_of, input.creator_id, "Creator", "creator_id")
        language = reading.take(_language, input.language)
        original = (
            reading.take(uid_of, input.translation_of_id, "Content", "translation_of_id")
            if input.translation_of_id
            else None
        )
        read = await read_draft(input.draft)
        reading.note(read.problems)
        live = reading.take(read_room, input.live) if input.live else None
        if creator is None or language is None or read.draft is None or reading.errors:
            asked = contents.Beginning(creator, read.format, read.named, bool(input.live), language, original)
            raise await reading.refusal(context, lambda session: contents.against_beginning(session, caller, asked))
        draft = read.draft
        done = await change(
            info,
            input,
            "content",
            contents.create,
            creator,
            draft,
            language=language,
            clock=context.clock,
            translation_of=original,
            live=live,
        )
        return CreateContentPayload(**done)

    @strawberry.mutation(description="Save a draft: the one being written, else a new one beside what is live.")
    async def edit_content(
        self,
        info: Info,
        input: Annotated[EditContentInput, strawberry.argument(description=_Input)],  # noqa: A002
    ) -> EditContentResult:
        context, caller = info.context, info.context.caller
        permissions.scope(caller, Scope.CONTENT_WRITE)
        reading = Reading()
        uid = reading.take(uid_of, input.content_id, "Content", "content_id")
        read = await read_draft(input.draft)
        reading.note(read.problems)
        edition = input.expected_edition if input.expected_edition is not strawberry.UNSET else None
        if uid is None or read.draft is None:
            asked = contents.Saving(uid, read.format, read.named, edition)
            raise await reading.refusal(context, lambda session: contents.against_saving(session, caller, asked))
        draft = read.draft
        names = ("content", "revision")
        done = await change(
            info, input, names, contents.edit, uid, draft, expected_edition=edition, clock=context.clock
        )
        return EditContentPayload(**done)

    @strawberry.mutation(description="Publish the draft of a content, or a withdrawn content again.")
    async def publish_content(
        self,
        info: Info,
        input: Annotated[PublishContentInput, strawberry.argument(description=_Input)],  # noqa: A002
    ) -> PublishContentResult:
        context = info.context
        permissions.scope(context.caller, Scope.CONTENT_PUBLISH)
        uid = uid_of(input.content_id, "Content", "content_id")
        channels = input.channels if input.channels is not strawberry.UNSET else None
        done = await change(info, input, "content", publishing.publish, uid, channels=channels, clock=context.clock)
        return PublishContentPayload(**done)

    @strawberry.mutation(description="Take a published content back: from now on nobody sees it.")
    async def withdraw_content(
        self,
        info: Info,
        input: Annotated[WithdrawContentInput, strawberry.argument(description=_Input)],  # noqa: A002
    ) -> WithdrawContentResult:
        context = info.context
        permissions.scope(context.caller, Scope.CONTENT_PUBLISH)
        uid, reason = _subject(input.content_id, "Content", input.reason)
        done = await change(info, input, "content", publishing.withdraw, uid, reason=reason, clock=context.clock)
        return WithdrawContentPayload(**done)

    @strawberry.mutation(description="For operators: remove a content from view; its author cannot publish it again.")
    async def take_down_content(
        self,
        info: Info,
        input: Annotated[TakeDownContentInput, strawberry.argument(description=_Input)],  # noqa: A002
    ) -> TakeDownContentResult:
        context = info.context
        permissions.operator(context.caller)
        uid, reason = _subject(input.content_id, "Content", input.reason)
        done = await change(info, input, "content", publishing.take_down, uid, reason=reason, clock=context.clock)
        return TakeDownContentPayload(**done)

    @strawberry.mutation(description="For operators: bring back a content that was taken down.")
    async def restore_content(
        self,
        info: Info,
        input: Annotated[RestoreContentInput, strawberry.argument(description=_Input)],  # noqa: A002
    ) -> RestoreContentResult:
        context = info.context
        permissions.operator(context.caller)
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "content", publishing.restore, uid, clock=context.clock)
        return RestoreContentPayload(**done)

    @strawberry.mutation(description="For operators: hide a creator and all of theirs, at once and everywhere.")
    async def suspend_creator(
        self,
        info: Info,
        input: Annotated[SuspendCreatorInput, strawberry.argument(description=_Input)],  # noqa: A002
    ) -> SuspendCreatorResult:
        context = info.context
        permissions.operator(context.caller)
        uid, reason = _subject(input.creator_id, "Creator", input.reason)
        done = await change(info, input, "creator", publishing.suspend, uid, reason=reason, clock=context.clock)
        return SuspendCreatorPayload(**done)

    @strawberry.mutation(description="For operators: show a suspended creator again, and what of theirs is published.")
    async def reinstate_creator(
        self,
        info: Info,
        input: Annotated[ReinstateCreatorInput, strawberry.argument(description=_Input)],  # noqa: A002
    ) -> ReinstateCreatorResult:
        context = info.context
        permissions.operator(context.caller)
        uid = uid_of(input.creator_id, "Creator", "creator_id")
        done = await change(info, input, "creator", publishing.reinstate, uid)
        return ReinstateCreatorPayload(**done)
