"""Whether a document may be registered: parsed, measured and validated against the schema before it is kept."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache

import strawberry
from graphql import OperationDefinitionNode

from api.graphql.execution import Executor
from api.graphql.limits import Limits
from api.graphql.preparing import Prepared
from core.errors import Invalid, Problem
from services.documents import NewDocument


@lru_cache(maxsize=2)
def checker(schema: strawberry.Schema, limits: Limits) -> Executor:
    """What looks at documents as the endpoint will, and remembers none of them."""
    return Executor(schema, limits, largest=0, suggests=False)


async def checked(executor: Executor, given: Sequence[NewDocument]) -> list[NewDocument]:
    """The documents, those without a name under that of their first operation; Invalid with a problem for each bad one."""
    found: list[NewDocument] = []
    problems: list[Problem] = []
    for place, document in enumerate(given):
        # milliseconds each, and there may be hundreds: others are served in between
        prepared = await asyncio.to_thread(executor.prepare, document.text)
        problem = _problem(prepared, place)
        if problem is not None:
            problems.append(problem)
        found.append(document if document.name else NewDocument(document.text, _name(prepared)))
    if problems:
        raise Invalid("Some of the documents cannot be registered; none was.", problems=problems)
    return found


def _problem(prepared: Prepared, place: int) -> Problem | None:
    path = ("documents", place, "text")
    if not prepared.errors:
        return None if _operations(prepared) else Problem("UNKNOWN_OPERATION", "It holds no operation to run.", path)
    first = prepared.errors[0]
    where = f" (line {first.locations[0].line})" if first.locations else ""
    return Problem(prepared.code, f"{first.message}{where}", path)


def _operations(prepared: Prepared) -> list[OperationDefinitionNode]:
    definitions = prepared.document.definitions if prepared.document else ()
    return [one for one in definitions if isinstance(one, OperationDefinitionNode)]


def _name(prepared: Prepared) -> str:
    return next((one.name.value for one in _operations(prepared) if one.name), "")
