"""Sending mutations in tests: the payload's part, or why it was refused."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.ids import global_id
from tests import make
from tests.api.graphql.asking import Asking


async def do(asking: Asking, mutation: str, shows: str, **sent: Any) -> Any:
    """What of the payload `shows` names; a refusal as a list of (code, path)."""
    type_name = mutation[0].upper() + mutation[1:]
    document = (
        f"mutation ($input: {type_name}Input!) {{ {mutation}(input: $input) {{"
        f" ... on {type_name}Payload {{ {shows} }} ... on Refused {{ problems {{ code path }} }} }} }}"
    )
    answer = (await asking.data(document, input=sent))[mutation]
    if "problems" in answer:
        return [(problem["code"], ".".join(problem["path"][1:])) for problem in answer["problems"]]
    (part,) = answer.values()
    return part


def id_of(row: Any) -> str:
    return global_id(type(row).__name__, row.uid)


async def operator(session: AsyncSession) -> Caller:
    """An operator with an account of its own: what it does can be put on record, and be sent twice."""
    account = await make.account(session, name="Op")
    return Caller(name="op", account_id=account.id, scopes=frozenset({Scope.OPERATE}))


async def marked(session: AsyncSession, kind: models.DirtyKind) -> dict[int, set[str]]:
    """By object, who has to look at it again."""
    mark = models.DirtyMark
    found: dict[int, set[str]] = {}
    for consumer, id_ in await session.execute(select(mark.consumer, mark.object_id).where(mark.kind == kind)):
        found.setdefault(id_, set()).add(consumer.value)
    return found


async def recorded(session: AsyncSession) -> list[str]:
    """What was done, in its order."""
    return list(await session.scalars(select(models.AuditEntry.action).order_by(models.AuditEntry.id)))
