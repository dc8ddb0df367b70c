"""Uploads: files announced, sent to an address that is answered, or fetched from one, until they are assets."""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

import models
from api import messages
from api.graphql import paging, refs
from api.graphql.context import Context, Info
from api.graphql.fields import column, one, page
from api.graphql.ids import identity, uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.nodes import Node, findable
from api.graphql.permissions import needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.rows import shape, shows
from api.graphql.words import BigInt, described
from core.caller import Caller, Scope
from core.errors import Invalid
from models import UploadState
from services import assets, creators
from services.assets import uploading
from services.assets.failures import NotTaken, failure
from services.assets.file_limits import FileLimits
from services.assets.labels import Labels
from services.assets.receiving import Receiver
from services.assets.uploading import Announcement
from services.references import UNREADABLE

PATIENCE_SECONDS = 5
WRITES = needs(Scope.CONTENT_WRITE)
HEXADECIMAL = re.compile(r"[0-9a-fA-F]{64}")

described(
    models.UploadState,
    "How far an upload is.",
    {
        "RECEIVING": "Its bytes are sent to its address.",
        "FETCHING": "We get its bytes from the address that was given.",
        "PROBING": "All bytes are there; nobody has looked at them yet.",
        "READY": "There is an asset.",
        "REFUSED": "There will be no asset: `failure` says why.",
        "EXPIRED": "Nobody finished it in time, or it was cancelled.",
    },
)


class MalformedSha256(Invalid):
    code = "MALFORMED_SHA256"


@strawberry.type(description="Why an upload did not become an asset.")
class AssetUploadFailure:
    code: str = strawberry.field(description="What a program looks at, such as BROKEN_FILE.")
    message: str = strawberry.field(description="What it means and what to do, in the language of who asks.")


@shows(models.AssetUpload)
@strawberry.type(description="A file on its way in. Whoever began it sees it, for some time after its end.")
class AssetUpload(Node):
    row: strawberry.Private[models.AssetUpload]

    id: strawberry.ID = identity("AssetUpload")
    state: models.UploadState = column("state", description="How far it is.")
    file_name: str = column("file_name", description="What the file is called, without folders. May be empty.")
    media_type: str | None = column(
        "media_type", description="What was announced, and from its first bytes on what it is; null while unknown."
    )
    byte_count: BigInt | None = column("byte_count", description="How many bytes it has; null while unknown.")
    received_count: BigInt = column("received_count", description="How many of them are there.")
    created_at: datetime = column("created_at", description="When it was begun.")
    expires_at: datetime = column("expires_at", description="Until when it can be continued; each byte moves that on.")
    creator: refs.CreatorRef | None = one(
        creators.by_ids, key="creator_id", description="Whose file it is; null for one of the house."
    )
    asset: refs.AssetRef | None = one(
        assets.by_uids, key="asset_uid", description="What became of it; null until it is READY."
    )

    @strawberry.field(
        description="Where the bytes are sent: whole by PUT, or piece by piece as tus 1.0 does. It needs no key: whoever has"
        " it may write into this upload, and do nothing else. Null when it takes none, and for others than who began it."
    )
    async def address(self, info: Info) -> str | None:
        context = info.context
        is_own = self.row.account_id is not None and self.row.account_id == context.caller.account_id
        if self.row.state is not UploadState.RECEIVING or not is_own:
            return None
        token = await context.load(uploading.tokens, self.row.uid)
        return uploading.address(context.settings.base_url, token)

    @strawberry.field(description="Why there will be no asset; null unless it is REFUSED.")
    def failure(self, info: Info) -> AssetUploadFailure | None:
        if self.row.failure is None:
            return None
        why = failure(self.row.failure)
        return AssetUploadFailure(code=why.code, message=messages.told(why.code, why.message, info.context.languages))


findable("AssetUpload", uploading.by_uids)
answers_with(models.AssetUpload, uploading.by_ids)


@strawberry.type
class UploadingViewer:
    caller: strawberry.Private[Caller]

    asset_uploads: paging.Connection[AssetUpload] = page(
        uploading.of_accounts,
        key="account_id",
        of="caller",
        gate=WRITES,
        description="The uploads that this account began, newest first; those that are over are kept for 30 days.",
    )


@strawberry.type
class AssetUploadQuery:
    @strawberry.field(description="An upload; null when there is none, or somebody else began it.", extensions=[WRITES])
    async def asset_upload(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its global id.")]
    ) -> AssetUpload | None:
        found = await info.context.load(uploading.by_uids, uid_of(id, "AssetUpload", "id"))
        return shape(found)  # type: ignore[no-any-return]  # an AssetUpload by registration


@strawberry.input
class FileParts:
    creator_id: strawberry.ID | None = ref(
        "Creator", "creator", "Whose file it is; left out by operators for one of the house.", optional=True
    )
    media_type: str | None = given("What it is, such as image/jpeg: compared with what its bytes say.")
    folder_id: strawberry.ID | None = ref("AssetFolder", "folder", "The folder to put it into.", optional=True)
    tags: list[str] | None = given("Its tags as taxonomy:code, in order: at most 20.")
    alternative_text: str | None = given("What it shows, for those who do not see it: at most 10,000 characters.")
    credit: str | None = given("Whom to name as its maker.")
    licence: str | None = given("Under which licence it may be used.")
    expires_at: datetime | None = given("Until when it may be shown; left out: without end.")


@strawberry.input(description="A file that is going to be sent. All that is said of it stands on the asset later on.")
class CreateAssetUploadInput(FileParts):
    file_name: str = needed("What it is called; folders and what cannot be seen are taken off.")
    byte_count: BigInt = needed("How many bytes it has, exactly.")
    sha256: str | None = given(
        "The SHA-256 of its bytes in hexadecimal: compared when they are there. If the creator has them already, the upload"
        " is READY at once."
    )
    source: str | None = given("Where it comes from: an address, or words.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="A file that we are to fetch. All that is said of it stands on the asset later on.")
class ImportAssetInput(FileParts):
    url: str = needed("Where it can be fetched: http or https, at an address of the public internet.")
    file_name: str | None = given("What it is called; left out: as at its address.")
    sha256: str | None = given("The SHA-256 of its bytes in hexadecimal: compared when they are there.")
    source: str | None = given("Where it comes from; left out: its address.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which upload has all its bytes.")
class CompleteAssetUploadInput:
    upload_id: strawberry.ID = ref("AssetUpload", "upload", "The upload.")
    wait_seconds: int | None = given("How long to wait until it was looked at: 0 to 5. Left out: 5.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which upload to give up.")
class CancelAssetUploadInput:
    upload_id: strawberry.ID = ref("AssetUpload", "upload", "The upload.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The upload, with the address to send the bytes to.")
class CreateAssetUploadPayload:
    upload: AssetUpload = strawberry.field(description="The upload.")


@strawberry.type(description="The upload as it is now: READY, REFUSED, or still PROBING.")
class CompleteAssetUploadPayload:
    upload: AssetUpload = strawberry.field(description="The upload.")


@strawberry.type(description="The upload, which takes no bytes any more.")
class CancelAssetUploadPayload:
    upload: AssetUpload = strawberry.field(description="The upload.")


@strawberry.type(description="The upload whose bytes we fetch.")
class ImportAssetPayload:
    upload: AssetUpload = strawberry.field(description="The upload.")


CreateAssetUploadResult = Annotated[
    CreateAssetUploadPayload | Refused, result("CreateAssetUploadResult", "The new upload")
]
CompleteAssetUploadResult = Annotated[
    CompleteAssetUploadPayload | Refused, result("CompleteAssetUploadResult", "The upload with all its bytes")
]
CancelAssetUploadResult = Annotated[
    CancelAssetUploadPayload | Refused, result("CancelAssetUploadResult", "The upload that was given up")
]
ImportAssetResult = Annotated[ImportAssetPayload | Refused, result("ImportAssetResult", "The new upload")]


@strawberry.type
class AssetUploadMutation:
    @strawberry.mutation(
        description="Announce a file: the answer has the address to send its bytes to, from a browser too.",
        extensions=[WRITES],
    )
    async def create_asset_upload(self, info: Info, input: Sent[CreateAssetUploadInput]) -> CreateAssetUploadResult:
        return CreateAssetUploadPayload(**await _begin(info, input))

    @strawberry.mutation(
        description="Have a file fetched from an address on the public internet. It is tried three times.",
        extensions=[WRITES],
    )
    async def import_asset(self, info: Info, input: Sent[ImportAssetInput]) -> ImportAssetResult:
        return ImportAssetPayload(**await _begin(info, input))

    @strawberry.mutation(
        description="Say that all bytes of an upload were sent, and wait a little until the file was looked at. Sending the"
        " last byte says so too: this is to learn what came of it.",
        extensions=[WRITES],
    )
    async def complete_asset_upload(
        self, info: Info, input: Sent[CompleteAssetUploadInput]
    ) -> CompleteAssetUploadResult:
        context, uid = info.context, uid_of(input.upload_id, "AssetUpload", "upload_id")
        async with context.db.session() as session:
            upload = await uploading.own(session, context.caller, uid)
        if upload.state is UploadState.RECEIVING:
            await _finish(context, uid)
        await uploading.waited(context.db, uid, seconds=_patience(input.wait_seconds))
        return CompleteAssetUploadPayload(**await change(info, input, "upload", uploading.own, uid))

    @strawberry.mutation(
        description="Give up an upload that is not all there; what had arrived is dropped.", extensions=[WRITES]
    )
    async def cancel_asset_upload(self, info: Info, input: Sent[CancelAssetUploadInput]) -> CancelAssetUploadResult:
        uid = uid_of(input.upload_id, "AssetUpload", "upload_id")
        held = {"store": info.context.store, "clock": info.context.clock}
        return CancelAssetUploadPayload(**await change(info, input, "upload", uploading.cancel, uid, **held))


async def _begin(info: Info, input: Any) -> dict[str, Any]:
    context, reading = info.context, Reading()
    creator_uid = _uid(reading, input.creator_id, "Creator", "creator_id")
    announcement = _announcement(reading, input)
    return await change(
        info,
        input,
        "upload",
        uploading.begin,
        creator_uid,
        announcement,
        store=context.store,
        limits=FileLimits.of(context.settings),
        hours=context.settings.upload_hours,
        clock=context.clock,
        against=reading,
    )


def _announcement(reading: Reading, input: Any) -> Announcement:
    folder_uid = _uid(reading, input.folder_id, "AssetFolder", "folder_id")
    url = getattr(input, "url", None)
    return Announcement(
        file_name=input.file_name or "",
        byte_count=getattr(input, "byte_count", None),
        media_type=input.media_type or None,
        sha256=reading.take(_hash, input.sha256) if input.sha256 else None,
        url=url,
        labels=Labels(
            alternative_text=input.alternative_text or "",
            credit=input.credit or "",
            licence=input.licence or "",
            origin=input.source or url or "",
            folder_uid=None if folder_uid == UNREADABLE else folder_uid,
            tags=tuple(input.tags or ()),
            expires_at=input.expires_at or None,
        ),
    )


def _uid(reading: Reading, text: Any, type_name: str, *path: str) -> UUID | None:
    """The uid of an id that may be left out; UNREADABLE when it is none, with why among what stands against the input."""
    if not text:
        return None
    return reading.take(uid_of, text, type_name, *path) or UNREADABLE


def _hash(text: str) -> bytes:
    if not HEXADECIMAL.fullmatch(text):
        raise MalformedSha256("Write a SHA-256 as 64 hexadecimal digits.", path=("sha256",))
    return bytes.fromhex(text)


def _patience(asked: Any) -> int:
    return PATIENCE_SECONDS if asked is strawberry.UNSET or asked is None else max(0, min(PATIENCE_SECONDS, asked))


async def _finish(context: Context, uid: UUID) -> None:
    assert context.store is not None, "there is a store where files are taken"
    receiver = Receiver.of(context.db, context.store, context.settings, context.clock)
    try:
        await receiver.finish(uid)
    except NotTaken:
        return  # the upload says so
