"""GraphQL documents that are known beforehand: registered by an application, or remembered by their hash.

Whether a text is a good document is for the door to say; here it is kept, found and counted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_uid
from core.reads import OneRead, Order, PageRead
from services import access, audit, names
from services.objections import Objections

KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
DOCUMENT_ID = re.compile(r"sha256:([0-9a-f]{64})")
MOST_APPLICATIONS = 100
"""Of one account; operators make as many as they want."""

LONGEST_NAME = 200
NOTED_AGAIN_AFTER = timedelta(minutes=1)
"""How exact the last use of a remembered document is: a write for each request would cost more than it tells."""

_LOCK = 4_715_208_331_946_021
"""The advisory lock of those who add to what is remembered, so that its number stays bounded."""


class MalformedDocumentId(Invalid):
    code = "MALFORMED_DOCUMENT_ID"

    def __init__(self, *path: str | int) -> None:
        said = "A document's id is sha256: and the SHA-256 of its text in 64 lower-case hexadecimal digits."
        super().__init__(said, path=path)


class NoSuchApplication(NotFound):
    code = "NO_SUCH_APPLICATION"


class ApplicationExists(Conflict):
    code = "APPLICATION_EXISTS"


class MalformedApplicationKey(Invalid):
    code = "MALFORMED_APPLICATION_KEY"


class TooManyApplications(Conflict):
    code = "TOO_MANY_APPLICATIONS"


class TooManyDocuments(Conflict):
    code = "TOO_MANY_DOCUMENTS"


class DocumentsTooLarge(Conflict):
    code = "DOCUMENTS_TOO_LARGE"


@dataclass(frozen=True, slots=True)
class NewDocument:
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most documents that one application may register, and their bytes together."""

    count: int
    byte_count: int


class Registered(NamedTuple):
    """`added` says how many of the documents were new."""

    application: models.Application
    added: int


class Removed(NamedTuple):
    application: models.Application
    removed: int


by_ids = OneRead(models.Application, models.Application.id, access.applications)
by_uids = OneRead(models.Application, models.Application.uid, access.applications)
by_keys = OneRead(models.Application, models.Application.key, access.applications)
tended = PageRead(
    "applications",
    models.Application,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.applications,
    orders=(Order("newest", (models.Application.id,)),),
)
"""All applications that the caller tends, under the key 0."""

of_applications = PageRead(
    "trusted_documents",
    models.TrustedDocument,
    match=lambda key: models.TrustedDocument.application_id == key,
    key_type=BigInteger(),
    visible=access.trusted_documents,
    orders=(Order("newest", (models.TrustedDocument.id,)),),
)


def digest(text: str) -> bytes:
    """The SHA-256 by which a document is known: of its text in UTF-8, to the last blank."""
    return hashlib.sha256(text.encode()).digest()


def document_id(sha256: bytes) -> str:
    """As clients send it."""
    return f"sha256:{sha256.hex()}"


def digest_of(given: object, *path: str | int) -> bytes:
    """The digest inside a document's id; MalformedDocumentId, at this path, when it is none."""
    form = DOCUMENT_ID.fullmatch(given) if isinstance(given, str) else None
    if form is None:
        raise MalformedDocumentId(*path)
    return bytes.fromhex(form[1])


async def create_application(session: AsyncSession, caller: Caller, key: str, name: str) -> models.Application:
    """An application that the caller's account tends."""
    access.require(caller, Scope.DOCUMENT_WRITE)
    against = Objections()
    if not KEY.fullmatch(key):
        said = "A key is 1 to 64 characters: a-z, 0-9 and -, and begins with a letter or digit."
        against.note(MalformedApplicationKey(said, path=("key",)))
    called = against.take(names.checked, name, "name")
    against.check()
    if not caller.is_operator:
        own = select(func.count()).select_from(models.Application).where(access.applications(caller))
        if (await session.scalar(own) or 0) >= MOST_APPLICATIONS:
            raise TooManyApplications(f"An account tends at most {MOST_APPLICATIONS} applications.")
    values = {"uid": new_uid(), "key": key, "name": called, "account_id": caller.account_id}
    made = insert(models.Application).values(values).on_conflict_do_nothing(index_elements=["key"])
    application = (await session.scalars(made.returning(models.Application))).one_or_none()
    if application is None:
        raise ApplicationExists(f"There is an application {key}; choose another key.", path=("key",))
    audit.record(session, caller, "application.created", application)
    return application


async def register(
    session: AsyncSession, caller: Caller, application_uid: UUID, documents: Sequence[NewDocument], *, bounds: Bounds
) -> Registered:
    """Add documents to those of an application; what it has already stays as it is. All of them, or none."""
    application = await _tended(session, caller, application_uid)
    wanted = {digest(each.text): each for each in documents}
    added = await _add(session, application, wanted) if wanted else 0
    if added:
        await _check_bounds(session, application, bounds)
        audit.record(session, caller, "documents.registered", application, count=added)
    return Registered(application, added)


async def remove(session: AsyncSession, caller: Caller, application_uid: UUID, digests: Iterable[bytes]) -> Removed:
    """Take documents from those of an application; what it does not have is no matter."""
    application = await _tended(session, caller, application_uid)
    table = models.TrustedDocument
    gone = delete(table).where(table.application_id == application.id, table.sha256.in_(list(digests)))
    count = len((await session.scalars(gone.returning(table.id))).all())
    if count:
        audit.record(session, caller, "documents.removed", application, count=count)
    return Removed(application, count)


async def trusted_text(session: AsyncSession, sha256: bytes) -> str | None:
    """The document that some application registered under this digest."""
    statement = select(models.TrustedDocument.text).where(models.TrustedDocument.sha256 == sha256).limit(1)
    return await session.scalar(statement)


async def known_text(session: AsyncSession, sha256: bytes, *, clock: Clock) -> str | None:
    """The document under this digest, registered or remembered; that a remembered one was used is noted."""
    trusted, remembered = models.TrustedDocument, models.PersistedQuery
    registered = select(trusted.text, literal(None)).where(trusted.sha256 == sha256).limit(1)
    sent = select(remembered.text, remembered.used_at).where(remembered.sha256 == sha256)
    # the first one is enough, and a registered one costs no note
    row = (await session.execute(registered.union_all(sent).limit(1))).one_or_none()
    if row is None:
        return None
    text, used_at = row
    if used_at is not None and used_at <= clock.now() - NOTED_AGAIN_AFTER:
        await session.execute(update(remembered).where(remembered.sha256 == sha256).values(used_at=clock.now()))
    return str(text)


async def remember(session: AsyncSession, text: str, *, most: int, clock: Clock) -> None:
    """Keep a document that a client sent with its hash, the longest unused making room where there are more than `most`."""
    table = models.PersistedQuery
    await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    kept = insert(table).values(sha256=digest(text), text=text, used_at=clock.now())
    await session.execute(
        kept.on_conflict_do_update(index_elements=["sha256"], set_={"used_at": kept.excluded.used_at})
    )
    last = select(table.sha256).order_by(table.used_at.desc(), table.sha256).offset(most)
    await session.execute(delete(table).where(table.sha256.in_(last)))


async def _add(session: AsyncSession, application: models.Application, wanted: dict[bytes, NewDocument]) -> int:
    """How many of these were not there yet, and are now."""
    table = models.TrustedDocument
    statement = insert(table).on_conflict_do_nothing(index_elements=["application_id", "sha256"])
    values = [
        {"uid": new_uid(), "application_id": application.id, "sha256": sha256, "text": each.text,
         "name": each.name[:LONGEST_NAME]}
        for sha256, each in wanted.items()
    ]  # fmt: skip
    return len((await session.scalars(statement.returning(table.id), values)).all())


async def _tended(session: AsyncSession, caller: Caller, uid: UUID) -> models.Application:
    """The application, locked: its documents are counted."""
    access.require(caller, Scope.DOCUMENT_WRITE)
    statement = select(models.Application).where(models.Application.uid == uid, access.applications(caller))
    application = (await session.scalars(statement.with_for_update())).one_or_none()
    if application is None:
        raise NoSuchApplication("There is no such application, or you do not tend it.", path=("application",))
    return application


async def _check_bounds(session: AsyncSession, application: models.Application, bounds: Bounds) -> None:
    table = models.TrustedDocument
    statement = select(func.count(), func.coalesce(func.sum(func.octet_length(table.text)), 0))
    count, byte_count = (await session.execute(statement.where(table.application_id == application.id))).one()
    if count > bounds.count:
        raise TooManyDocuments(
            f"An application registers at most {bounds.count} documents; this would make {count}."
            " Remove those that no client asks for any more."
        )
    if byte_count > bounds.byte_count:
        raise DocumentsTooLarge(
            f"The documents of an application hold at most {bounds.byte_count} bytes; this would make {byte_count}."
        )
