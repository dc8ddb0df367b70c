"""Running subscriptions: a log is followed page by page, and each event is executed when the client has taken the one before.

Nothing runs ahead of the client. No session is held while waiting, and what an event refers to is read when it is told, as
the caller may see it then.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson
from graphql import ExecutionResult, FragmentDefinitionNode, Node, OperationType, VariableNode, Visitor, visit
from graphql.execution import create_source_event_stream, execute_subscription_event
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from api.graphql import problems
from api.graphql.context import Context, OpenContext, Renew
from api.graphql.execution import Admitted, Answer, Executor
from api.graphql.requests import GraphQLRequest
from api.reading import away
from core.caller import Caller
from core.db import DatabaseAway
from core.errors import DomainError
from services.news import LogName

RENEWED_SECONDS = 2.0
"""So much later at most does a stream end whose key was revoked, once it has something to tell."""

LOOKED_AGAIN_SECONDS = 30.0
"""How long a stream rests without news before it looks whether it may go on."""

AWAY_SECONDS = 1.0
"""How long to wait before the database is asked again that did not answer."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a subscription yields: what its field shows, and the cursor behind it. Without a value it says where it begins."""

    cursor: str
    value: Any = None
    log: LogName | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What a log holds behind a cursor. `tail` goes on behind it, as does whoever waits beyond `position`."""

    told: Sequence[Told]
    position: int
    tail: str
    has_more: bool


Read = Callable[[AsyncSession, Caller, str | None], Awaitable[Page]]
"""Reads a log behind a cursor (None: from now on) as a caller may see it. Refuses with a code."""


@dataclass(frozen=True, slots=True)
class Event:
    """An answer of a stream, and the cursor behind it; without a body it only says from where the stream goes on."""

    cursor: str | None
    body: dict[str, Any] | None


Stream = AsyncGenerator[Event, None]


def renewing(open_context: OpenContext, client: HTTPConnection, request_id: str) -> Renew:
    """Reads the credentials of this client again."""

    async def renew() -> Caller:
        return (await open_context(client, request_id)).caller

    return renew


async def follow(context: Context, log: LogName, read: Read, after: str | None) -> AsyncGenerator[Told, None]:
    """The log from a cursor on, for as long as the caller may follow it. What is wrong with the cursor is said at once."""
    after = context.resumes or after
    async with context.db.session() as session:
        first = await read(session, context.caller, after)
    return _followed(context, log, read, first, after or first.tail)


async def _followed(context: Context, log: LogName, read: Read, page: Page, start: str) -> AsyncGenerator[Told, None]:
    assert context.news is not None, "whoever opens streams tells of news"
    renewed = time.monotonic()
    yield Told(start)
    with context.news.following(log) as followed:
        while True:
            for told in page.told:
                yield replace(told, log=log)
            # the first page was read before anybody watched: what came between is there already
            if not page.has_more:
                await followed.beyond(page.position, LOOKED_AGAIN_SECONDS)
            if time.monotonic() - renewed > RENEWED_SECONDS:
                await _patiently(_renew, context)
                renewed = time.monotonic()
            page = await _patiently(_read, context, log, read, page.tail, followed.head)


async def _renew(context: Context) -> None:
    if context.renew is not None:
        context.caller = await context.renew()


async def _read(context: Context, log: LogName, read: Read, after: str, head: int) -> Page:
    """The next page. Callers who are told the same, as all strangers are, read it once."""
    assert context.news is not None, "whoever opens streams tells of news"

    async def work() -> Page:
        async with context.db.session() as session:
            return await read(session, context.caller, after)

    # what is behind a cursor is not the same once the log went on
    return await context.news.shared.get(("page", log, context.caller, after, head), work)


async def _patiently(work: Callable[..., Awaitable[Any]], *given: Any) -> Any:
    """What work makes of it, when the database is there to ask: a stream outlives its absence."""
    while True:
        try:
            return await work(*given)
        except Exception as error:
            if away(error) is None:
                raise
            await asyncio.sleep(AWAY_SECONDS)


async def opened(
    executor: Executor, request: GraphQLRequest, context: Context, *, may_introspect: bool = True
) -> Answer | Stream:
    """The answer to a query or mutation, or why the request is refused; the stream of a subscription."""
    admitted = await executor.admit(request, context, may_introspect=may_introspect)
    if isinstance(admitted, Answer):
        return admitted
    if admitted.operation.operation is not OperationType.SUBSCRIPTION:
        return await executor.execute(admitted, request, context)
    per_event = admitted.execution
    source: Any = create_source_event_stream(per_event)
    if per_event.is_awaitable(source):
        source = await source
    if isinstance(source, ExecutionResult):
        return executor.answered(source, context, was_executed=False)
    return _executed(executor, per_event, source, context, _asked(admitted, request))


def _asked(admitted: Admitted, request: GraphQLRequest) -> Hashable:
    """What is asked of each event: the document, and the variables that it uses below the field that is followed."""
    document = admitted.prepared.document
    assert document is not None, "what was admitted has one"
    parts: list[Node | None] = [one for one in document.definitions if isinstance(one, FragmentDefinitionNode)]
    for followed in admitted.operation.selection_set.selections:
        parts += [*(followed.directives or ()), getattr(followed, "selection_set", None)]
    used: set[str] = set()
    for part in parts:
        if part is not None:
            visit(part, _Variables(used))
    values = {name: value for name, value in request.variables.items() if name in used}
    return request.query, request.operation_name, orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


class _Variables(Visitor):
    """Notes the names of variables."""

    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self.names = names

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.add(node.name.value)


async def _executed(executor: Executor, per_event: Any, source: Any, context: Context, asked: Hashable) -> Stream:
    assert context.news is not None, "whoever opens streams tells of news"
    shared = context.news.shared
    async with aclosing(source):
        try:
            async for told in source:
                if told.value is None:
                    yield Event(told.cursor, None)
                else:
                    key = ("answer", asked, told.log, told.cursor, context.caller, context.languages)
                    work = partial(_answer, executor, per_event, told.value, context)
                    yield Event(told.cursor, await shared.get(key, work))
        except DomainError as error:
            # it began, and may not go on: the last event says why
            yield _last(error.code, error.message, context)
        except TimeoutError:
            yield _last("TOO_SLOW", "An answer of this stream took too long; ask for less.", context)


def _last(code: str, message: str, context: Context) -> Event:
    return Event(None, {"errors": [problems.failure(code, message, context.request_id, context.languages)]})


async def _answer(executor: Executor, per_event: Any, value: Any, context: Context) -> dict[str, Any]:
    """The answer to one event, as things are now; tried again while the database is away, so that none is told in vain."""
    while True:
        context.forget()
        async with asyncio.timeout(context.settings.request_timeout_ms / 1_000):
            result = execute_subscription_event(per_event.build_per_event_executor(value))
            if not isinstance(result, ExecutionResult):
                result = await result
        body = executor.answered(result, context, was_executed=True).body
        if DatabaseAway.code not in {error["extensions"]["code"] for error in body.get("errors", ())}:
            return body
        await asyncio.sleep(AWAY_SECONDS)
