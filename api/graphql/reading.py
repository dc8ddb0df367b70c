"""Reading an input part by part, so that everything that is wrong with it can be told at once."""

from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.graphql.context import Context
from api.graphql.ids import uid_of
from core.errors import DomainError, Invalid, Problem, together
from services.objections import Objections

Against = Callable[[AsyncSession], Awaitable[list[DomainError]]]
"""What the domain has against those parts of an input that could be read."""

Given = ParamSpec("Given")


class Reading(Objections):
    """What stands against an input, found while it is read."""

    def note_problems(self, problems: list[Problem]) -> None:
        if problems:
            self.note(Invalid("The draft cannot be accepted.", problems=problems))

    async def refusal(self, context: Context, against: Against) -> DomainError:
        """What could not be read and what the domain has against the rest, as one."""
        try:
            async with context.db.session() as session:
                self.errors.extend(await against(session))
        except DomainError as error:
            self.errors.append(error)
        return together(self.errors)


def uid_beside(
    text: str, type_name: str, path: str, check: Callable[Given, Any], *given: Given.args, **named: Given.kwargs
) -> UUID:
    """The uid in an id. When it is none, that is told together with what `check` has against another part, which the domain
    would look at only once it knows the object.
    """
    reading = Reading()
    uid = reading.take(uid_of, text, type_name, path)
    if uid is None:
        reading.take(check, *given, **named)
        raise together(reading.errors)
    return uid
