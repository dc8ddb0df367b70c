"""What goes wrong, as the API tells it: refusals of mutations as data, errors with codes, and accidents without details."""

from collections.abc import Sequence
from typing import Any

import strawberry
import structlog
from graphql import GraphQLError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from strawberry.schema import ExceptionHandler
from strawberry.types.field import StrawberryField

from api import messages
from api.graphql import places
from api.graphql.context import Context, Info
from core import errors
from core.db import DatabaseAway, is_away

log = structlog.get_logger()

MOST = 10
"""The most errors in one answer; the last one says when there were more."""


@strawberry.type(description="One thing that is wrong with what was asked.")
class Problem:
    code: str = strawberry.field(description="A stable name of what is wrong, such as STALE_REVISION.")
    message: str = strawberry.field(
        description="What is wrong and what to do about it, for people: in English or Chinese, as Accept-Language says."
    )
    path: list[str] = strawberry.field(
        description="Where in the input it is wrong: names of fields and places in lists. Empty: the whole of it."
    )

    @classmethod
    def of(cls, problem: errors.Problem, languages: Sequence[str]) -> "Problem":
        message = messages.told(problem.code, problem.message, languages)
        return cls(code=problem.code, message=message, path=[str(step) for step in problem.path])


@strawberry.type(description="The mutation was refused and changed nothing. `problems` names everything wrong at once.")
class Refused:
    problems: list[Problem] = strawberry.field(description="Everything that is wrong, in the order of the input.")

    @classmethod
    def of(cls, problems: Sequence[errors.Problem], languages: Sequence[str]) -> "Refused":
        return cls(problems=[Problem.of(problem, languages) for problem in problems])


class RefuseExpected(ExceptionHandler[errors.DomainError, Refused]):
    """An expected failure of a mutation becomes its Refused arm, its places those of the input that was sent."""

    def handle(self, exception: errors.DomainError, *, field: StrawberryField, info: Info) -> Refused:
        told = places.in_input(exception.problems, field)
        return Refused.of(told, info.context.languages)


def formatted(found: Sequence[GraphQLError], fallback: str, context: Context, most: int = MOST) -> list[dict[str, Any]]:
    """Errors as an answer carries them. `fallback` is the code of those that graphql-core itself raised."""
    shown = [_formatted(error, fallback, context) for error in found[:most]]
    if len(found) > most:
        message = f"There are more errors than are shown here; the first {most - 1} are."
        shown[-1] = failure("TOO_MANY_ERRORS", message, context.request_id, context.languages)
    return shown


def failure(code: str, message: str, request_id: str, languages: Sequence[str]) -> dict[str, Any]:
    """An error that belongs to the request as a whole."""
    told = messages.told(code, message, languages)
    return {"message": told, "extensions": {"code": code, "requestId": request_id}}


def _formatted(error: GraphQLError, fallback: str, context: Context) -> dict[str, Any]:
    code, message, extra = _told(error, fallback, context.languages)
    answer: dict[str, Any] = {"message": messages.told(code, message, context.languages)}
    if error.locations:
        answer["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        answer["path"] = list(error.path)
    answer["extensions"] = {"code": code, "requestId": context.request_id, **extra}
    return answer


def _told(error: GraphQLError, fallback: str, languages: Sequence[str]) -> tuple[str, str, dict[str, Any]]:
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    expected = _expected(cause)
    if expected is not None:
        return expected.code, expected.message, _details(expected, languages)
    if error.extensions and "code" in error.extensions:
        return str(error.extensions["code"]), error.message, {}
    # before execution only the client's values can have failed, be it in a scalar of ours that raised
    is_clients = fallback != "INTERNAL" or cause is None or isinstance(cause, GraphQLError)
    if error.path is None and is_clients:
        return fallback, error.message, {}
    if error.message.startswith("Argument '"):
        return "BAD_ARGUMENT", error.message, {}
    log.error("graphql.accident", path=error.path, exc_info=cause or error)
    return "INTERNAL", "Something went wrong on our side. Tell the operator the request id.", {}


def _expected(cause: BaseException | None) -> errors.DomainError | None:
    """The domain's own failure behind an exception; what the database could not do in time is one too."""
    if isinstance(cause, errors.DomainError):
        return cause
    if isinstance(cause, PoolTimeout | OSError) or (isinstance(cause, DBAPIError) and is_away(cause)):
        return DatabaseAway("The database did not answer in time; try again shortly.")
    return None


def _details(error: errors.DomainError, languages: Sequence[str]) -> dict[str, Any]:
    problems = [
        {
            "code": one.code,
            "message": messages.told(one.code, one.message, languages),
            "path": [places.camel(step) for step in one.path],
        }
        for one in error.problems
    ]
    return {"problems": problems} if len(problems) > 1 or any(one["path"] for one in problems) else {}
