"""Writing contents: beginning them, saving drafts, bringing back old versions, translating."""

from typing import Annotated, Any

import strawberry

from api.graphql import refs
from api.graphql.context import Info
from api.graphql.drafts import read_draft, read_room
from api.graphql.ids import uid_of
from api.graphql.inputs import DraftInput, LiveRoomInput, Sent, given, idempotency, needed, ref
from api.graphql.mutations import change, result
from api.graphql.permissions import needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.revisions import Revision
from core.caller import Scope
from core.errors import together
from services import contents, names, revisions, translating


@strawberry.type(description="The content with its first draft.")
class CreateContentPayload:
    content: refs.ContentRef = strawberry.field(description="The new content.")


@strawberry.type(description="The content with the draft that was saved.")
class EditContentPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")
    revision: Revision = strawberry.field(description="The draft: give its `stamp` with the next save.")


@strawberry.type(description="The content, with the words of an old version as its draft.")
class RestoreRevisionPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")
    revision: Revision = strawberry.field(description="The draft: give its `stamp` with the next save.")


@strawberry.type(description="The content, without the draft.")
class DiscardDraftPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


@strawberry.type(description="The new content in another language, with a copy to translate as its draft.")
class TranslateContentPayload:
    content: refs.ContentRef = strawberry.field(description="The translation.")


@strawberry.type(description="The content, now a translation beside others.")
class LinkTranslationPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


@strawberry.type(description="The content, standing alone again.")
class UnlinkTranslationPayload:
    content: refs.ContentRef = strawberry.field(description="The content.")


CreateContentResult = Annotated[CreateContentPayload | Refused, result("CreateContentResult", "The new content")]
EditContentResult = Annotated[EditContentPayload | Refused, result("EditContentResult", "The saved draft")]
DiscardDraftResult = Annotated[
    DiscardDraftPayload | Refused, result("DiscardDraftResult", "The content without the draft")
]
RestoreRevisionResult = Annotated[
    RestoreRevisionPayload | Refused, result("RestoreRevisionResult", "The draft with the words of an old version")
]
TranslateContentResult = Annotated[
    TranslateContentPayload | Refused, result("TranslateContentResult", "The new translation")
]
LinkTranslationResult = Annotated[
    LinkTranslationPayload | Refused, result("LinkTranslationResult", "The content beside what it translates")
]
UnlinkTranslationResult = Annotated[
    UnlinkTranslationPayload | Refused, result("UnlinkTranslationResult", "The content that stands alone")
]

EXPECTED = "The `stamp` of the draft that the author saw; leave it out if there was none."


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
    expected_revision: str | None = given(EXPECTED)
    draft: DraftInput = needed("What it says now, whole.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which version to bring back.")
class RestoreRevisionInput:
    revision_id: strawberry.ID = ref("Revision", "revision", "The version whose words become the draft.")
    expected_revision: str | None = given(EXPECTED)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which draft to put away.")
class DiscardDraftInput:
    content_id: strawberry.ID = ref("Content", "content", "The content whose draft it is.")
    expected_revision: str = needed("The `stamp` of the draft that the author saw.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What to translate, into which language.")
class TranslateContentInput:
    content_id: strawberry.ID = ref("Content", "content", "The content to translate.")
    language: str = needed("The language to translate into, such as zh or en (BCP 47).")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which content is a translation of which.")
class LinkTranslationInput:
    content_id: strawberry.ID = ref("Content", "content", "The content that is a translation.")
    translation_of_id: strawberry.ID = ref(
        "Content", "translation_of", "A content of the group that it joins; of the same format."
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which content shall stand alone.")
class UnlinkTranslationInput:
    content_id: strawberry.ID = ref("Content", "content", "Which content.")
    idempotency_key: str | None = idempotency()


def told(value: Any) -> Any:
    """What was given, or None where it was left out."""
    return None if value is strawberry.UNSET else value


@strawberry.type
class WritingMutation:
    @strawberry.mutation(
        description="Begin a content: it is a draft until it is published.", extensions=[needs(Scope.CONTENT_WRITE)]
    )
    async def create_content(
        self,
        info: Info,
        input: Sent[CreateContentInput],
    ) -> CreateContentResult:
        context, caller = info.context, info.context.caller
        reading = Reading()
        creator = reading.take(uid_of, input.creator_id, "Creator", "creator_id")
        language = reading.take(names.language, input.language, "language")
        original = (
            reading.take(uid_of, input.translation_of_id, "Content", "translation_of_id")
            if input.translation_of_id
            else None
        )
        read = await read_draft(input.draft)
        reading.note_problems(read.problems)
        live = reading.take(read_room, input.live) if input.live else None
        if creator is None or language is None or read.draft is None or reading.errors:
            asked = contents.Beginning(creator, read.format, read.named, bool(input.live), language, original)
            raise await reading.refusal(context, lambda session: contents.against_beginning(session, caller, asked))
        named = {"language": language, "translation_of": original, "live": live, "clock": context.clock}
        done = await change(info, input, "content", contents.create, creator, read.draft, **named)
        return CreateContentPayload(**done)

    @strawberry.mutation(
        description="Save a draft: the one being written, else a new one beside what is live. Somebody else's newer save"
        " refuses it with STALE_REVISION, and both are kept.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def edit_content(
        self,
        info: Info,
        input: Sent[EditContentInput],
    ) -> EditContentResult:
        context, caller = info.context, info.context.caller
        reading = Reading()
        uid = reading.take(uid_of, input.content_id, "Content", "content_id")
        read = await read_draft(input.draft)
        reading.note_problems(read.problems)
        expected = told(input.expected_revision)
        if uid is None or read.draft is None:
            asked = contents.Saving(uid, read.format, read.named, expected)
            raise await reading.refusal(context, lambda session: contents.against_saving(session, caller, asked))
        names, named = ("content", "revision"), {"expected_revision": expected, "clock": context.clock}
        return EditContentPayload(**await change(info, input, names, contents.edit, uid, read.draft, **named))

    @strawberry.mutation(
        description="Make the words, pictures, products and tags of an old version the draft. Publish it to bring it back.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def restore_revision(
        self,
        info: Info,
        input: Sent[RestoreRevisionInput],
    ) -> RestoreRevisionResult:
        uid = uid_of(input.revision_id, "Revision", "revision_id")
        names = ("content", "revision")
        named = {"expected_revision": told(input.expected_revision), "clock": info.context.clock}
        return RestoreRevisionPayload(**await change(info, input, names, revisions.restore, uid, **named))

    @strawberry.mutation(
        description="Put the draft of a content away. It stays among the versions; a content that was never published is"
        " withdrawn with it, and can be taken up again.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def discard_draft(
        self,
        info: Info,
        input: Sent[DiscardDraftInput],
    ) -> DiscardDraftResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        named = {"expected_revision": input.expected_revision, "clock": info.context.clock}
        return DiscardDraftPayload(**await change(info, input, "content", revisions.discard, uid, **named))

    @strawberry.mutation(
        description="Begin a translation: a content in another language beside this one. Its draft is a copy of what is live"
        " (else of the draft), with pictures, products and tags, to be translated in place.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def translate_content(
        self,
        info: Info,
        input: Sent[TranslateContentInput],
    ) -> TranslateContentResult:
        reading = Reading()
        uid = reading.take(uid_of, input.content_id, "Content", "content_id")
        language = reading.take(names.language, input.language, "language")
        if uid is None or language is None:
            raise together(reading.errors)
        done = await change(info, input, "content", translating.translate, uid, language, clock=info.context.clock)
        return TranslateContentPayload(**done)

    @strawberry.mutation(
        description="Say that a content translates another: from now on they stand in one group.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def link_translation(
        self,
        info: Info,
        input: Sent[LinkTranslationInput],
    ) -> LinkTranslationResult:
        reading = Reading()
        uid = reading.take(uid_of, input.content_id, "Content", "content_id")
        original = reading.take(uid_of, input.translation_of_id, "Content", "translation_of_id")
        if uid is None or original is None:
            raise together(reading.errors)
        done = await change(info, input, "content", translating.link, uid, original, clock=info.context.clock)
        return LinkTranslationPayload(**done)

    @strawberry.mutation(
        description="Let a content stand alone: it leaves the group of its translations, which stay together.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def unlink_translation(
        self,
        info: Info,
        input: Sent[UnlinkTranslationInput],
    ) -> UnlinkTranslationResult:
        uid = uid_of(input.content_id, "Content", "content_id")
        done = await change(info, input, "content", translating.unlink, uid, clock=info.context.clock)
        return UnlinkTranslationPayload(**done)
