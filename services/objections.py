"""What speaks against a change, collected so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from core.errors import DomainError, together

Given = ParamSpec("Given")
Part = TypeVar("Part")


class Objections:
    """Expected failures found on the way; nothing is changed while there are any."""

    def __init__(self) -> None:
        self.errors: list[DomainError] = []

    def take(self, read: Callable[Given, Part], *given: Given.args, **named: Given.kwargs) -> Part | None:
        """What is read, or None: then it stands among the objections why."""
        try:
            return read(*given, **named)
        except DomainError as error:
            self.errors.append(error)
            return None

    async def take_from(self, reading: Awaitable[Part]) -> Part | None:
        """The same for what has to be waited for."""
        try:
            return await reading
        except DomainError as error:
            self.errors.append(error)
            return None

    def note(self, error: DomainError) -> None:
        self.errors.append(error)

    def check(self) -> None:
        """Raise all that was found, if anything."""
        if self.errors:
            raise together(self.errors)
