"""Documents asked for by their hash: trusted ones by `documentId`, remembered ones by Apollo's `persistedQuery`; and in
strict mode none but the trusted.

What was found is kept in memory for some seconds, so that a hot document costs no statement.
"""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from api.graphql.context import Context
from api.graphql.requests import GraphQLRequest
from core.errors import Forbidden, Invalid, NotFound
from services import documents

BELIEVED = timedelta(seconds=10)
"""How long a document is answered from memory: so much later at most is a removed one refused by every process."""

MOST = 1_000
MOST_CHARACTERS = 16_000_000
"""What is kept in memory of one process."""

LONGEST = 20_000
"""Characters of a document that is remembered because a client sent it: longer ones are sent each time."""

Where = Literal["trusted", "known"]


class UnknownDocument(NotFound):
    """No application registered a document under this id."""

    code = "UNKNOWN_DOCUMENT"


class DocumentNotTrusted(Forbidden):
    """Strict mode: the document is not one that an application registered."""

    code = "DOCUMENT_NOT_TRUSTED"


class HashMismatch(Invalid):
    """The text that was sent has another hash than the one beside it."""

    code = "PERSISTED_QUERY_HASH_MISMATCH"


class PersistedQueryNotFound(NotFound):
    """Apollo's clients know this message and code, and send the text with the hash next."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class PersistedQueryNotSupported(NotFound):
    """Apollo's clients know this message and code, and send texts from then on."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"


NOT_KNOWN = (UnknownDocument, DocumentNotTrusted, HashMismatch, PersistedQueryNotFound, PersistedQueryNotSupported)
"""Why a well-formed request has no document that may be executed."""

HANDSHAKE = (PersistedQueryNotFound, PersistedQueryNotSupported)
"""Answers that are part of a protocol whose clients, some of them, read nothing but a 200."""


@dataclass(slots=True)
class KnownDocuments:
    """What one endpoint knows, and what it lets be run."""

    is_strict: bool
    most_persisted: int
    _kept: OrderedDict[tuple[Where, bytes], tuple[str, datetime]] = field(default_factory=OrderedDict)
    _characters: int = 0

    async def filled(self, asked: GraphQLRequest, context: Context) -> GraphQLRequest:
        """The request with its document in it; one of the errors above when that is not known, or not allowed."""
        if asked.document_id is not None:
            text = await self._found("trusted", asked.document_id, context)
            if text is None:
                raise UnknownDocument("No document is registered under this id: register it before it is asked for.")
            return replace(asked, query=text)
        if asked.persisted is not None:
            return await self._persisted(asked, asked.persisted, context)
        await self._check_trusted(asked.query, context)
        return asked

    async def learn(self, asked: GraphQLRequest, context: Context) -> None:
        """Remember a document that came with its right hash, once it was executed and if it is no larger than others."""
        sha256, text = asked.persisted, asked.query
        if sha256 is None or not self.most_persisted or self._is_bound(context) or len(text) > LONGEST:
            return
        if self._recall("known", sha256, context) is None:
            async with context.db.session() as session:
                await documents.remember(session, text, most=self.most_persisted, clock=context.clock)
            self._keep("known", sha256, text, context)

    async def _persisted(self, asked: GraphQLRequest, sha256: bytes, context: Context) -> GraphQLRequest:
        is_bound = self._is_bound(context)
        if asked.query:
            if documents.digest(asked.query) != sha256:
                raise HashMismatch("The SHA-256 of the document in UTF-8 is another than `sha256Hash` says.")
            await self._check_trusted(asked.query, context)
            return asked
        text = await self._found("trusted" if is_bound else "known", sha256, context)
        if text is not None:
            return replace(asked, query=text)
        if is_bound:
            raise UnknownDocument("No document is registered under this hash, and no other is run here.")
        if self.most_persisted:
            raise PersistedQueryNotFound("PersistedQueryNotFound")
        raise PersistedQueryNotSupported("PersistedQueryNotSupported")

    async def _check_trusted(self, text: str, context: Context) -> None:
        if self._is_bound(context) and await self._found("trusted", documents.digest(text), context) is None:
            raise DocumentNotTrusted(
                "Only documents that an application registered are run here: register this one, or ask as an operator."
            )

    def _is_bound(self, context: Context) -> bool:
        """Whether this caller may only run trusted documents. Operators may do all by command in any case."""
        return self.is_strict and not context.caller.is_operator

    async def _found(self, where: Where, sha256: bytes, context: Context) -> str | None:
        text = self._recall(where, sha256, context)
        if text is not None:
            return text
        async with context.db.session() as session:
            if where == "trusted" or not self.most_persisted:
                text = await documents.trusted_text(session, sha256)
            else:
                text = await documents.known_text(session, sha256, clock=context.clock)
        if text is not None:
            self._keep(where, sha256, text, context)
        return text

    def _recall(self, where: Where, sha256: bytes, context: Context) -> str | None:
        found = self._kept.get((where, sha256))
        if found is None or context.clock.now() - found[1] >= BELIEVED:
            return None
        self._kept.move_to_end((where, sha256))
        return found[0]

    def _keep(self, where: Where, sha256: bytes, text: str, context: Context) -> None:
        self._forget((where, sha256))
        self._kept[where, sha256] = (text, context.clock.now())
        self._characters += len(text)
        while len(self._kept) > MOST or self._characters > MOST_CHARACTERS:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: tuple[Where, bytes]) -> None:
        found = self._kept.pop(key, None)
        self._characters -= len(found[0]) if found else 0
