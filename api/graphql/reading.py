"""Reading an input part by part, so that everything that is wrong with it can be told at once."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from api.graphql.context import Context
from core.errors import DomainError, Invalid, Problem, together

Against = Callable[[AsyncSession], Awaitable[list[DomainError]]]
"""What the domain has against those parts of an input that could be read."""

Given = ParamSpec("Given")
Part = TypeVar("Part")


class Reading:
    """What of an input was read; what cannot be read is kept in `errors`."""

    def __init__(self) -> None:
        self.errors: list[DomainError] = []

    def take(self, read: Callable[Given, Part], *given: Given.args, **named: Given.kwargs) -> Part | None:
        """What is read, or None: then the error says why."""
        try:
            return read(*given, **named)
        except DomainError as error:
            self.errors.append(error)
            return None

    def note(self, problems: list[Problem]) -> None:
        if problems:
            self.errors.append(Invalid("The draft cannot be accepted.", problems=problems))

    async def refusal(self, context: Context, against: Against) -> DomainError:
        """What could not be read and what the domain has against the rest, as one."""
        try:
            async with context.db.session() as session:
                self.errors.extend(await against(session))
        except DomainError as error:
            self.errors.append(error)
        return together(self.errors)
