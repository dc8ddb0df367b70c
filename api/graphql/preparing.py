"""From the text of a document to what can be executed: parsed, measured, validated, and how its cost is reckoned."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, specified_rules, validate
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from api.graphql.cost import Bill
from api.graphql.limits import DocumentRefused, Limits, Size, measure
from api.graphql.tariff import Tariff
from core.errors import Unavailable

Made = TypeVar("Made")

LARGEST_KEPT = 20_000
"""Longer texts are prepared each time: they would push many short ones out of the memory."""

CHARACTERS = 500_000
"""Characters of all texts that are kept together: what they were parsed into has some fifty objects a line, and whoever
collects garbage walks over all of them.
"""

QUICK = 1_000
"""Characters of a text that is prepared at once: longer ones take some milliseconds, in which others are served."""

MOST_WAITING = 100

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


class TooBusy(Unavailable):
    """More documents and variables than can be read soon wait for it."""

    code = "TOO_BUSY"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that may be executed, with its bill; or the errors that say why not."""

    document: DocumentNode | None
    size: Size | None
    errors: tuple[GraphQLError, ...] = ()
    code: str = ""
    bill: Bill | None = None


class Documents:
    """The documents that a process has seen, each prepared once."""

    def __init__(
        self,
        core: GraphQLSchema,
        limits: Limits,
        *,
        kept: int = 512,
        largest: int = LARGEST_KEPT,
        characters: int = CHARACTERS,
        suggests: bool = True,
    ) -> None:
        self.core = core
        self.tariff = Tariff(core)
        self.limits = limits
        self.kept = kept
        self.largest = largest
        self.characters = characters
        self.suggests = suggests
        self._known: OrderedDict[str, Prepared] = OrderedDict()
        self._characters = 0
        # one thread: whoever sends documents that take long waits for the like, and nobody else does
        self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="graphql-documents")
        self._waiting = 0

    def known(self, text: str) -> Prepared | None:
        found = self._known.get(text)
        if found is not None:
            self._known.move_to_end(text)
        return found

    def prepare(self, text: str) -> Prepared:
        """Parsed, measured and validated; remembered, so that a repeated text costs a look-up."""
        return self.known(text) or self._keep(text, self._prepare(text))

    async def prepared(self, text: str) -> Prepared:
        """The same without keeping others waiting. Raises TooBusy."""
        found = self.known(text)
        if found is not None or not QUICK < len(text) <= self.limits.length:
            return found or self.prepare(text)
        return self._keep(text, await self.aside(lambda: self._prepare(text)))

    async def aside(self, work: Callable[[], Made]) -> Made:
        """What takes some milliseconds of a request, done beside the loop, in which others are served. Raises TooBusy."""
        if self._waiting >= MOST_WAITING:
            raise TooBusy("Too many long requests wait to be read: try again shortly.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._aside, work)
        finally:
            self._waiting -= 1

    def _keep(self, text: str, prepared: Prepared) -> Prepared:
        # what cannot be executed is not asked for again and again, unless somebody means harm
        if prepared.document is not None and len(text) <= self.largest and text not in self._known:
            self._known[text] = prepared
            self._characters += len(text)
            while len(self._known) > self.kept or self._characters > self.characters:
                forgotten, _ = self._known.popitem(last=False)
                self._characters -= len(forgotten)
        return prepared

    def _prepare(self, text: str) -> Prepared:
        if len(text) > self.limits.length:
            message = f"A document has at most {self.limits.length} characters: long texts go into variables."
            return Prepared(None, None, (GraphQLError(message),), "DOCUMENT_TOO_LONG")
        try:
            document = parse(text, max_tokens=self.limits.tokens)
        except GraphQLError as error:
            return Prepared(None, None, (error.with_traceback(None),), _parsing_code(error.message))
        _unlink(document)
        try:
            size = measure(document, self.limits)
        except DocumentRefused as error:
            # without its traceback, whose frames would hold the whole document
            said = GraphQLError(error.message, original_error=error.with_traceback(None))
            return Prepared(None, None, (said,), error.code)
        hidden = not self.suggests
        found = validate(self.core, document, RULES, max_errors=self.limits.errors, hide_suggestions=hidden)
        if found:
            return Prepared(None, size, tuple(found), "VALIDATION_FAILED")
        return Prepared(document, size, bill=Bill(self.tariff, document, self.limits.page))


def _unlink(document: DocumentNode) -> None:
    """Part the tokens of a document, each of which holds the one before and the one behind: nobody walks along them, and so
    a document goes when it is let go, instead of waiting for a look for garbage in which nobody is served.
    """
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following


def _parsing_code(message: str) -> str:
    """What stopped the parser; graphql-core tells its limits from other errors by their text alone."""
    if "tokens. Parsing aborted" in message:
        return "TOO_MANY_TOKENS"
    return "TOO_DEEP" if "nested too deeply" in message else "SYNTAX_ERROR"
