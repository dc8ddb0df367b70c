"""Applications and the documents that they registered: the types, the list of those one tends, and the mutations."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import fields, paging
from api.graphql.context import Info
from api.graphql.fields import column, page
from api.graphql.ids import identity, uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.limits import Limits
from api.graphql.mutations import MOST_AT_ONCE, TooManyItems, answers_with, change, result
from api.graphql.nodes import Node, findable
from api.graphql.permissions import needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.registration import checked, checker
from api.graphql.rows import shows
from core.caller import Caller, Scope
from core.errors import Invalid, together
from core.settings import Settings
from services import documents
from services.documents import NewDocument


@shows(models.TrustedDocument)
@strawberry.type(description="A document that an application registered: it can be asked for by its id alone.")
class TrustedDocument:
    row: strawberry.Private[models.TrustedDocument]

    document_id: str = column(
        "sha256", convert=documents.document_id, description="What clients send as `documentId`: sha256: and the hash."
    )
    name: str = column("name", description="What it is called: as it was registered, or after its first operation.")
    text: str = column("text", description="The document itself, to the last blank.")
    created_at: datetime = column("created_at", description="When it was registered.")


@shows(models.Application)
@strawberry.type(description="A frontend or integration with documents of its own.")
class Application(Node):
    row: strawberry.Private[models.Application]

    id: strawberry.ID = identity("Application")
    key: str = column("key", description="Its unique short name.")
    name: str = column("name", description="What it is called.")
    created_at: datetime = column("created_at", description="When it was created.")
    documents: paging.Connection[TrustedDocument] = page(
        documents.of_applications, key="id", description="What it registered, newest first."
    )


findable("Application", documents.by_uids)
answers_with(models.Application, documents.by_ids)


@strawberry.type
class DocumentQuery:
    @strawberry.field(
        description="The applications that you tend, newest first; for operators all of them.",
        extensions=[needs(Scope.DOCUMENT_WRITE)],
    )
    async def applications(
        self,
        info: Info,
        first: fields.First = strawberry.UNSET,
        after: fields.After = strawberry.UNSET,
        last: fields.Last = strawberry.UNSET,
        before: fields.Before = strawberry.UNSET,
    ) -> paging.Connection[Application]:
        window = paging.window(info.context.settings.page_limit, first, after, last, before)
        return await paging.connection(info, documents.tended, 0, window)  # type: ignore[no-any-return]  # a Connection


@strawberry.type(description="The application that was created.")
class CreateApplicationPayload:
    application: Application = strawberry.field(description="The new application.")


@strawberry.type(description="The application with what was registered.")
class RegisterDocumentsPayload:
    application: Application = strawberry.field(description="The application.")
    document_ids: list[str] = strawberry.field(description="What to send as `documentId`, in the order of the input.")
    added_count: int = strawberry.field(description="How many were new; the others were registered already.")


@strawberry.type(description="The application without what was removed.")
class RemoveDocumentsPayload:
    application: Application = strawberry.field(description="The application.")
    removed_count: int = strawberry.field(description="How many of them it had.")


CreateApplicationResult = Annotated[
    CreateApplicationPayload | Refused, result("CreateApplicationResult", "The new application")
]
RegisterDocumentsResult = Annotated[
    RegisterDocumentsPayload | Refused, result("RegisterDocumentsResult", "What was registered")
]
RemoveDocumentsResult = Annotated[RemoveDocumentsPayload | Refused, result("RemoveDocumentsResult", "What was removed")]


@strawberry.input(description="A new application.")
class CreateApplicationInput:
    key: str = needed("Its unique short name: 1 to 64 of a-z, 0-9 and -.")
    name: str = needed("What it is called.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="A document to be registered.")
class DocumentInput:
    text: str = needed("The document, exactly as the client would send it: its hash is over this text.")
    name: str | None = given("What it is called; without it, as its first operation.")


@strawberry.input(description="Documents for an application.")
class RegisterDocumentsInput:
    application_id: strawberry.ID = ref("Application", "application", "Which application.")
    documents: list[DocumentInput] = needed(
        "The documents: at most 100 at once, larger sets in several. All are registered, or none."
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Documents that an application needs no longer.")
class RemoveDocumentsInput:
    application_id: strawberry.ID = ref("Application", "application", "Which application.")
    document_ids: list[str] = needed("The documents: at most 100 at once.")
    idempotency_key: str | None = idempotency()


@strawberry.type
class DocumentMutation:
    @strawberry.mutation(
        description="Create an application, to be tended by your account.", extensions=[needs(Scope.DOCUMENT_WRITE)]
    )
    async def create_application(
        self,
        info: Info,
        input: Sent[CreateApplicationInput],
    ) -> CreateApplicationResult:
        done = await change(info, input, "application", documents.create_application, input.key, input.name)
        return CreateApplicationPayload(**done)

    @strawberry.mutation(
        description="Register documents, so that clients ask for them by their hash. What is there already stays.",
        extensions=[needs(Scope.DOCUMENT_WRITE)],
    )
    async def register_documents(
        self,
        info: Info,
        input: Sent[RegisterDocumentsInput],
    ) -> RegisterDocumentsResult:
        context = info.context
        uid, wanted = await _read(info, input)
        names = ("application", "document_ids", "added_count")
        done = await change(info, input, names, _register, uid, wanted, bounds=bounds(context.settings))
        return RegisterDocumentsPayload(**done)

    @strawberry.mutation(
        description="Remove documents: within seconds nobody can ask for them by their hash.",
        extensions=[needs(Scope.DOCUMENT_WRITE)],
    )
    async def remove_documents(
        self,
        info: Info,
        input: Sent[RemoveDocumentsInput],
    ) -> RemoveDocumentsResult:
        _check_number(input.document_ids, "document_ids")
        reading = Reading()
        uid = reading.take(uid_of, input.application_id, "Application", "application_id")
        digests = [
            reading.take(documents.digest_of, text, "document_ids", place)
            for place, text in enumerate(input.document_ids)
        ]
        if reading.errors:
            raise together(reading.errors)
        names = ("application", "removed_count")
        done = await change(info, input, names, documents.remove, uid, digests)
        return RemoveDocumentsPayload(**done)


def bounds(settings: Settings) -> documents.Bounds:
    """How much an application may register."""
    return documents.Bounds(settings.trusted_documents, settings.trusted_document_bytes)


async def _read(info: Info, input_: RegisterDocumentsInput) -> tuple[UUID, list[NewDocument]]:
    """Which application, and the documents if each is good; all that is wrong with either at once."""
    _check_number(input_.documents, "documents")
    reading = Reading()
    uid = reading.take(uid_of, input_.application_id, "Application", "application_id")
    sent = [NewDocument(one.text, one.name or "") for one in input_.documents]
    try:
        wanted = await checked(checker(info.schema, Limits.of(info.context.settings)), sent)
    except Invalid as error:
        reading.note(error)
    if uid is None or reading.errors:
        raise together(reading.errors)
    return uid, wanted


def _check_number(given_: list[Any], name: str) -> None:
    if len(given_) > MOST_AT_ONCE:
        raise TooManyItems(f"At most {MOST_AT_ONCE} at once; {len(given_)} were given.", path=(name,))


async def _register(
    session: AsyncSession, caller: Caller, uid: UUID, wanted: list[NewDocument], *, bounds: documents.Bounds
) -> tuple[models.Application, list[str], int]:
    """In the words of the payload; the order is that of the input, a text given twice stands twice."""
    done = await documents.register(session, caller, uid, wanted, bounds=bounds)
    return done.application, [documents.document_id(documents.digest(one.text)) for one in wanted], done.added
