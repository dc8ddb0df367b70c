"""How every mutation goes: once per idempotency key, in one transaction, answered with what is true after the commit.

    done = await change(info, input, "content", publishing.withdraw, uid, reason=reason, clock=context.clock)
    return WithdrawContentPayload(**done)

The service returns the row that the payload shows, or a tuple of them for several names. They are kept by reference, so that
the same key gets the same answer later: the same objects, as the caller may see them then.
"""

import enum
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import orjson
import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql.context import Batch, Context, Info
from api.graphql.problems import Refused
from api.graphql.rows import shape
from core.errors import DomainError, Gone, Invalid, Problem
from services import contents, creators, idempotency

Service = Callable[..., Awaitable[Any]]
"""`(session, caller, the domain's own, *, collaborators)`."""

Item = TypeVar("Item")

MOST_AT_ONCE = 100
"""The most objects of a bulk mutation."""

READS: dict[str, Batch] = {
    models.Content.__name__: contents.by_ids,
    models.Creator.__name__: creators.by_ids,
    models.Revision.__name__: contents.revisions_by_ids,
}
"""By table, the read that finds the rows of an answer again. A domain adds its own with `answers_with`."""


def answers_with(model: type, by_ids: Batch) -> None:
    """Let mutations answer with rows of this table."""
    READS[model.__name__] = by_ids


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that is answered once, and never kept: the same key gets null for it."""

    text: str


class TooManyItems(Invalid):
    code = "TOO_MANY_ITEMS"


class NoLongerVisible(Gone):
    """It was done when the key was first sent; since then its result was erased, or is no longer the caller's to see."""

    code = "NO_LONGER_VISIBLE"


def result(name: str, what: str) -> Any:
    """The annotation of the union that a mutation answers with: its payload, or why it was refused."""
    return strawberry.union(name, description=f"{what}, or why it was refused.")


async def change(
    info: Info, sent: Any, shows: str | tuple[str, ...], service: Service, *given: Any, **collaborators: Any
) -> dict[str, Any]:
    """The parts of the payload by name, after the service did its work and it was committed: now, or when the key was
    first sent. What the service raises undoes everything, the memory of the key as well.
    """
    context = info.context
    names = (shows,) if isinstance(shows, str) else shows
    key = getattr(sent, "idempotency_key", strawberry.UNSET)
    secrets: dict[str, Any] = {}

    is_new = False

    async def work(session: AsyncSession) -> dict[str, Any]:
        nonlocal is_new
        is_new = True
        answer = await service(session, context.caller, *given, **collaborators)
        values = dict(zip(names, answer if len(names) > 1 else (answer,), strict=True))
        secrets.update({name: value.text for name, value in values.items() if isinstance(value, Secret)})
        return {name: _reference(value) for name, value in values.items()}

    async with context.db.session() as session:
        if key is strawberry.UNSET or key is None:
            kept = await work(session)
        else:
            kept = await _once(session, context, key, info.field_name, sent, work)
    context.forget()
    done = {name: await _shown(context, value) for name, value in kept.items()}
    if not is_new and any(done[name] is None and kept[name] is not None for name in done):
        raise NoLongerVisible("This was done, and what it answered with is no longer there for you to see.")
    return done | secrets


async def each(session: AsyncSession, items: Sequence[Item], work: Callable[[Item], Awaitable[Any]]) -> list[Any]:
    """For a bulk mutation: what `work` made of each item, or why it was refused; what one refuses does not undo another."""
    if len(items) > MOST_AT_ONCE:
        raise TooManyItems(f"At most {MOST_AT_ONCE} at once; {len(items)} were given.")
    found: list[Any] = []
    for item in items:
        try:
            async with session.begin_nested():
                found.append(await work(item))
        except DomainError as error:
            found.append(error)
    return found


async def _once(
    session: AsyncSession,
    context: Context,
    key: str,
    mutation: str,
    sent: Any,
    work: Callable[[AsyncSession], Awaitable[dict[str, Any]]],
) -> dict[str, Any]:
    caller = context.caller
    before = await idempotency.begin(session, caller, key, mutation, _digest(sent), clock=context.clock)
    if before is not None:
        return before
    kept = await work(session)
    await idempotency.finish(session, caller, key, kept)
    return kept


def _reference(value: Any) -> Any:
    """A value as it is kept: rows by table and id, refusals by their problems, lists of these, and plain values."""
    if isinstance(value, Secret):
        return None
    if isinstance(value, models.Base):
        return {"table": type(value).__name__, "id": value.id}  # type: ignore[attr-defined]  # all that are shown have one
    if isinstance(value, DomainError):
        return {"problems": [[one.code, one.message, list(one.path)] for one in value.problems]}
    if isinstance(value, list | tuple):
        return [_reference(one) for one in value]
    return value


async def _shown(context: Context, kept: Any) -> Any:
    """What was kept as the schema shows it: objects as they are now, null where the caller may no longer see one."""
    match kept:
        case list():
            return [await _shown(context, one) for one in kept]
        case {"table": table, "id": id_}:
            return shape(await context.load(READS[table], id_))
        case {"problems": problems}:
            told = [Problem(code, message, tuple(path)) for code, message, path in problems]
            return Refused.of(told, context.languages)
    return kept


def _digest(sent: Any) -> bytes:
    """The SHA-256 of an input, without its key. What was left out and what was sent as null are two things."""
    return hashlib.sha256(orjson.dumps(_plain(sent), option=orjson.OPT_SORT_KEYS)).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value):
        parts = {one.name: getattr(value, one.name) for one in fields(value) if one.name != "idempotency_key"}
        return {name: _plain(part) for name, part in parts.items() if part is not strawberry.UNSET}
    return value
